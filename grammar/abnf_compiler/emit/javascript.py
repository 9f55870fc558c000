"""A grammar as one JavaScript file: no dependency, strict, typed in JSDoc, linear time.

The file has `SOURCE_SHA256`, `RULES` (start rule -> `RegExp` source), `match(rule, octets)`,
`refusal(rule, octets)` and, for each start rule with an `@capture`, one function that returns what
the annotation names.  Verdicts and refusals come from minimal automata, captures from the walks of
javascript_reading.py; no `RegExp` runs.  An ES module and a classic script hold the same text.
Where a rule has characters above 255, strings are code points and not octets.
"""

from __future__ import annotations

import json
from collections.abc import Iterable
from hashlib import sha256
from typing import Final, Literal, TypeAlias

from abnf_compiler.automata.charset import OCTET_LIMIT, CharSet
from abnf_compiler.automata.dfa import Dfa, minimal_dfa
from abnf_compiler.automata.expression import factored
from abnf_compiler.automata.normal_form import to_regex
from abnf_compiler.emit import javascript_capture_runtime as capture_runtime
from abnf_compiler.emit import javascript_runtime as runtime
from abnf_compiler.emit.generated_line import DEFAULT_COMMAND, generated_line
from abnf_compiler.emit.javascript_captures import CaptureText
from abnf_compiler.emit.javascript_names import assigned_text, global_name, list_literal
from abnf_compiler.emit.javascript_numbers import (
    dfa_numbers,
    numbers_text,
    row_numbers,
    run_numbers,
)
from abnf_compiler.emit.javascript_pattern import highest_character, javascript_pattern
from abnf_compiler.emit.javascript_reading import reading_of
from abnf_compiler.engines.refusal import END_OF_INPUT, expected_words
from abnf_compiler.tree import ResolvedGrammar

ModuleKind: TypeAlias = Literal["esm", "script"]

_DOCUMENTATION: Final = """\
/**
 * The start rules of {name}, for {characters}.
 *
 * Made by `{command}`.  Do not edit.
 * `octets` is a Uint8Array or {string};
 * captured parts are copies of the same kind, offsets count from 0.  Every call takes time linear
 * in the length of its input.
 * @module
 */
"""

_KINDS: Final = """\
/** @typedef {Uint8Array | string} Octets */

/**
 * Where a string left the language of a rule, and what could have stood there, in words.
 * @typedef {{offset: number, expected: string[]}} Refusal
 */
"""


def emit_javascript(
    grammar: ResolvedGrammar,
    *,
    source_sha256: str | None = None,
    command: str = DEFAULT_COMMAND,
    module: ModuleKind = "esm",
    rules: Iterable[str] | None = None,
    patterns: bool = True,
    script_global: str | None = None,
) -> str:
    """The JavaScript file for some rules of a grammar.

    Args:
        grammar: the rules.
        source_sha256: the digest of the source file; computed from the text when None.
        command: what a person types to make the file anew.
        module: "esm" exports names; "script" assigns one frozen object to a global variable, for
            pages that are opened from a file.
        rules: which of them (any case); the `@start` rules when None.
        patterns: whether the file has `RULES`; nothing else in it needs them.
        script_global: the name of that variable; made from the name of the grammar when None.

    Raises:
        KeyError: no such rule.
        AutomataError: a rule is not regular or too large, has no pattern proved linear, or has
            captures with two readings and no `@prefer`.
    """
    wanted = grammar.annotations.starts if rules is None else rules
    names = list(dict.fromkeys(grammar.rules[name.lower()].key for name in wanted))
    digest = source_sha256 or sha256(grammar.text.encode("utf-8")).hexdigest()
    captured = dict(grammar.annotations.captures)
    captures = CaptureText(
        grammar, [reading_of(grammar, name) for name in names if name in captured]
    )
    machines = _Machines()
    highest = 0
    for name in names:
        regex = factored(to_regex(grammar, name))
        highest = max(highest, highest_character(regex))
        machines.add(name, minimal_dfa(regex, rule=name))
    octets = highest <= OCTET_LIMIT
    exports = ["SOURCE_SHA256", *(["RULES"] if patterns else []), "match", "refusal"]
    exports += captures.functions
    body = [
        _KINDS,
        *captures.types,
        f'/** SHA-256 of the grammar file. */\nconst SOURCE_SHA256 = "{digest}";\n',
        *([_rules(grammar, names)] if patterns else []),
        *machines.tables(),
        *captures.tables,
        runtime.NUMBERS,
        runtime.MOVES,
        runtime.OCTET_INPUT if octets else runtime.TEXT_INPUT,
        runtime.VERDICTS,
    ]
    if captures.functions:
        part = capture_runtime.OCTET_PART if octets else capture_runtime.TEXT_PART
        body += [part, capture_runtime.READINGS, *captures.definitions]
    line = generated_line(grammar, source_sha256=digest, command=command)
    head = [
        f"// {line}\n// SPDX-License-Identifier: BSD-3-Clause\n",
        _documentation(grammar, command, octets),
    ]
    variable = script_global or global_name(grammar.name)
    return "\n".join([*head, *_closed(body, exports, module, variable)])


def _closed(body: list[str], exports: list[str], module: ModuleKind, variable: str) -> list[str]:
    """The body as a module that exports names, or as a script that assigns one variable."""
    names = list_literal(exports, "  ", 0)
    if module == "esm":
        return [*body, f"export {{{names}}};\n"]
    return [
        f'var {variable} = (() => {{\n"use strict";\n',
        *body,
        f"return Object.freeze({{{names}}});\n}})();\n",
    ]


def _documentation(grammar: ResolvedGrammar, command: str, octets: bool) -> str:
    return _DOCUMENTATION.format(
        name=grammar.name.replace("\\", "/").rsplit("/", 1)[-1],
        command=command,
        characters="octets" if octets else "octets or code points",
        string="a binary string, one char code for each octet"
        if octets
        else "a string of code points",
    )


def _rules(grammar: ResolvedGrammar, names: list[str]) -> str:
    found = {name: javascript_pattern(grammar, name) for name in names}
    flags = '"u"' if any(pattern.flags for pattern in found.values()) else "no flag"
    lines = [
        "/**",
        f" * Start rule -> source of a `RegExp` ({flags}), proved to take linear time; the comment",
        " * above each says how.",
        " * @type {Readonly<Record<string, string>>}",
        " */",
        "const RULES = Object.freeze(/** @type {any} */ ({",
        "  __proto__: null,",
    ]
    for name, pattern in found.items():
        lines.append(f"  // {pattern.label.value}")
        lines.append(assigned_text(f"  {json.dumps(name)}: ", pattern.source, " " * 4) + ",")
    return "\n".join([*lines, "}));"]) + "\n"


class _Machines:
    """The automata of the rules as tables, those that are alike once."""

    def __init__(self) -> None:
        self._words: dict[str, int] = {}
        self._known: dict[CharSet, int] = {}
        self._expected: dict[tuple[int, ...], int] = {}
        self._tables: dict[str, int] = {}
        self._table_of: dict[str, int] = {}

    def add(self, rule: str, dfa: Dfa) -> None:
        """Take up the automaton of a rule."""
        states = range(len(dfa))
        expected = [self._expectation(dfa.expected(state)) for state in states]
        table = numbers_text(
            [
                *dfa_numbers(dfa),
                *run_numbers(int(state in dfa.accepting) for state in states),
                *run_numbers(expected),
            ]
        )
        self._table_of[rule] = self._tables.setdefault(table, len(self._tables))

    def _expectation(self, charset: CharSet) -> int:
        if charset not in self._known:
            words = tuple(
                self._words.setdefault(word, len(self._words)) for word in expected_words(charset)
            )
            self._known[charset] = self._expected.setdefault(words, len(self._expected))
        return self._known[charset]

    def tables(self) -> list[str]:
        """The declarations of all tables."""
        pairs = [f"[{json.dumps(rule)}, {table}]" for rule, table in self._table_of.items()]
        words = list_literal([json.dumps(word) for word in self._words], "  ", 20)
        return [
            "/** What may stand in the words of a refusal. */\n"
            f"const _WORDS = [{words}];\n"
            f"const _END = {json.dumps(END_OF_INPUT)};\n",
            "/** Lists of numbers of words. */\n"
            + assigned_text("const _EXPECTED = ", numbers_text(row_numbers(self._expected)), "  ")
            + ";\n",
            "/** Automata: classes of characters, moves, states that may end, expectations. */\n"
            "const _TABLES = [\n"
            + "".join(assigned_text("  ", table, "  ") + ",\n" for table in self._tables)
            + "];\n",
            "/**\n * Start rule -> number of its table.\n * @type {Map<string, number>}\n */\n"
            f"const _TABLE_OF_RULE = new Map([{list_literal(pairs, '  ', 34)}]);\n",
        ]
