"""The JavaScript for rules with `@capture`: tables of their readings, types and functions.

Rule: a function returns an array in the order of the annotation; a part that is absent is null, a
list holds an array for each item, or the octets of items that have no captures of their own.
"""

from __future__ import annotations

import json
import textwrap
from collections.abc import Iterator
from typing import Final

from abnf_compiler.automata.normal_form import TooLargeError
from abnf_compiler.emit.javascript_names import (
    MAX_COLUMNS,
    assigned_text,
    function_name,
    list_literal,
    type_name,
)
from abnf_compiler.emit.javascript_numbers import (
    dfa_numbers,
    numbers_text,
    row_numbers,
    run_numbers,
)
from abnf_compiler.emit.javascript_reading import NOTES, Note, Reading
from abnf_compiler.tree import Capture, ResolvedGrammar

_MOST_NOTES: Final = 0xFFFF
"""What a Uint16Array of the emitted program can number."""

_PART: Final = """\
/**
 * @template {Octets} T
 * @typedef {T extends string ? string : Uint8Array} Part
 */
"""

_FUNCTION: Final = """\
/**
 * The captures of `{rule}` in `octets`; null when the rule refuses them.
 *
 * ABNF: {rule}.
 * A part that is there and empty has length 0, one that is absent is null.
 * @template {{Octets}} T
 * @param {{T}} octets
 * @returns {{{type}<T> | null}}
 */
function {function}(octets) {{
  return _captures({name}, octets);
}}
"""


class CaptureText:
    """The parts of an emitted file that concern captures; all empty when no rule has any.

    types, tables, definitions: declarations.  functions: the names to export.
    """

    def __init__(self, grammar: ResolvedGrammar, readings: list[Reading]) -> None:
        self._captures = dict(grammar.annotations.captures)
        self.types = [_PART, *self._types(readings)] if readings else []
        self.tables = [self._table(readings)] if readings else []
        self.functions = [function_name(reading.rule) for reading in readings]
        self.definitions = [
            _FUNCTION.format(
                rule=reading.rule,
                name=json.dumps(reading.rule),
                type=type_name(reading.rule),
                function=function_name(reading.rule),
            )
            for reading in readings
        ]

    def _types(self, readings: list[Reading]) -> Iterator[str]:
        """One type for each rule whose captures are returned, those inside first."""
        sure: dict[str, frozenset[str]] = {}
        for reading in readings:
            for rule in reversed(reading.rules):
                sure[rule] = sure.get(rule, reading.sure[rule]) & reading.sure[rule]
        for rule, always in sure.items():
            fields = ", ".join(self._field(capture, always) for capture in self._captures[rule])
            names = ", ".join(
                ("*" if each.repeated else "") + each.rule for each in self._captures[rule]
            )
            text = [f"ABNF: {rule}. In order: {names}."]
            text += ["@template {Octets} T", f"@typedef {{[{fields}]}} {type_name(rule)}"]
            lines = [
                line
                for each in text
                for line in textwrap.wrap(each, MAX_COLUMNS - 3, break_on_hyphens=False)
            ]
            yield "/**\n" + "".join(f" * {line}\n" for line in lines) + " */\n"

    def _field(self, capture: Capture, always: frozenset[str]) -> str:
        if capture.repeated:
            item = type_name(capture.rule) if capture.rule in self._captures else "Part"
            return f"{item}<T>[]"
        return "Part<T>" if capture.rule in always else "Part<T> | null"

    def _table(self, readings: list[Reading]) -> str:
        lines = [
            "/**",
            " * What finds captures.  Notes: 4 times a field or a rule, and 0 where a part begins,",
            " * 1 where it ends, 2 where an item with fields of its own begins, 3 where it ends.",
            " * Shapes: the fields of each rule, 1 for a list.",
            " * @type {Record<string, {table: string, notes: number[][], shapes: number[][]}>}",
            " */",
            "const _READINGS = {",
        ]
        for reading in readings:
            lines += self._reading(reading)
        return "\n".join([*lines, "};"]) + "\n"

    def _reading(self, reading: Reading) -> Iterator[str]:
        notes: dict[tuple[Note, ...], int] = {(): 0}
        rows: dict[tuple[int, ...], int] = {}
        row_of: list[int] = []
        for steps in reading.steps:
            row: list[int] = []
            for target, noted in steps:
                row += (target, notes.setdefault(noted, len(notes)))
            row_of.append(rows.setdefault(tuple(row), len(rows)))
        if len(notes) > _MOST_NOTES:
            raise TooLargeError(reading.rule, "kinds of steps in its reading", _MOST_NOTES)
        table = numbers_text(
            [
                *dfa_numbers(reading.dfa),
                *row_numbers(reading.lists),
                *row_numbers(rows),
                len(row_of),
                *run_numbers(row_of),
            ]
        )
        numbers = [
            json.dumps([4 * about + NOTES.index(kind) for kind, about in noted]) for noted in notes
        ]
        shapes = [
            json.dumps([int(capture.repeated) for capture in self._captures[rule]])
            for rule in reading.rules
        ]
        yield f"  {json.dumps(reading.rule)}: {{"
        yield assigned_text("    table: ", table, " " * 6) + ","
        yield f"    notes: [{list_literal(numbers, ' ' * 6, 12)}],"
        yield f"    shapes: [{list_literal(shapes, ' ' * 6, 13)}],"
        yield "  },"
