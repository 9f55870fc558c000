"""A grammar as one Python module: stdlib `re` only, typed, linear time, the same on every run.

The module has `SOURCE_SHA256`, `RULES` (start rule -> pattern), `match(rule, octets)` and, for each
start rule with an `@capture`, one function that returns what the annotation names.
"""

from __future__ import annotations

from hashlib import sha256
from typing import Final

from abnf_compiler.automata.charset import OCTET_LIMIT
from abnf_compiler.automata.expression import Chars, factored, walk
from abnf_compiler.automata.normal_form import AutomataError, to_regex
from abnf_compiler.emit.generated_line import DEFAULT_COMMAND, generated_line
from abnf_compiler.emit.python_captures import (
    CapturePlan,
    ItemPlan,
    LevelPlan,
    capture_plan,
)
from abnf_compiler.emit.python_function import Captures, FunctionWriter, sure_parts, type_lines
from abnf_compiler.emit.python_names import constant_name, octets_literal
from abnf_compiler.pattern import LinearPattern, linear_pattern
from abnf_compiler.tree import ResolvedGrammar

_DOCUMENTATION: Final = '''\
"""Patterns of the start rules of {name}, for octets.

{line}.
Every pattern is proved to take time linear in the length of its input; the comment beside each
says how.  Do not edit.
"""
'''

_MATCH: Final = '''\
@cache
def _pattern(rule: str) -> re.Pattern[bytes]:
    return re.compile(RULES[rule])


def match(rule: str, octets: bytes) -> bool:
    """Whether the start rule `rule`, in lower case, accepts the whole of `octets`.

    Raises:
        KeyError: no such start rule.
    """
    return _pattern(rule).fullmatch(octets) is not None
'''


class NotOctetsError(AutomataError):
    """A start rule needs characters above 255, which octets cannot hold."""


def emit_python(
    grammar: ResolvedGrammar,
    *,
    source_sha256: str | None = None,
    command: str = DEFAULT_COMMAND,
) -> str:
    """The module for the start rules of a grammar of octets.

    Args:
        grammar: its `@start` rules become patterns.
        source_sha256: the digest of the source file; computed from the text when None.
        command: what a person types to make the file anew.

    Raises:
        AutomataError: a start rule is not regular, not provably linear, not of octets, or its
            captures cannot be found in a way that is proved right.
    """
    digest = source_sha256 or sha256(grammar.text.encode("utf-8")).hexdigest()
    captures = Captures(dict(grammar.annotations.captures))
    plans = {
        rule: capture_plan(grammar, rule) for rule in grammar.annotations.starts if rule in captures
    }
    patterns = {
        rule: plans[rule].pattern if rule in plans else _octet_pattern(grammar, rule)
        for rule in grammar.annotations.starts
    }
    line = generated_line(grammar, source_sha256=digest, command=command)
    parts = [
        f"# {line}\n# SPDX-License-Identifier: BSD-3-Clause\n" + _documentation(grammar, command),
        _imports(bool(plans)),
        f'SOURCE_SHA256: Final = "{digest}"\n"""SHA-256 of the grammar file."""\n',
        *(["\n".join(_aliases(plans, captures))] if plans else []),
        _rules(patterns),
        *[_finders(plan) for plan in plans.values()],
    ]
    functions = [
        _MATCH,
        *["\n".join(FunctionWriter(plan, captures).lines()) + "\n" for plan in plans.values()],
    ]
    return "\n".join(parts) + "\n\n" + "\n\n".join(functions)


def _octet_pattern(grammar: ResolvedGrammar, rule: str) -> LinearPattern:
    regex = factored(to_regex(grammar, rule))
    for part in walk(regex):
        if isinstance(part, Chars) and part.charset.intervals[-1][1] > OCTET_LIMIT:
            raise NotOctetsError(rule, f"rule {rule} has characters above %xFF")
    return linear_pattern(regex, rule=rule)


def _documentation(grammar: ResolvedGrammar, command: str) -> str:
    name = grammar.name.replace("\\", "/").rsplit("/", 1)[-1]
    return _DOCUMENTATION.format(name=name, line=f"Made by `{command}`")


def _imports(with_types: bool) -> str:
    names = "Final, TypeAlias" if with_types else "Final"
    return (
        "from __future__ import annotations\n\n"
        "import re\n"
        "from collections.abc import Mapping\n"
        "from functools import cache\n"
        "from types import MappingProxyType\n"
        f"from typing import {names}\n"
    )


def _aliases(plans: dict[str, CapturePlan], captures: Captures) -> list[str]:
    lines: list[str] = []
    done: set[str] = set()
    for plan in plans.values():
        for rule in captures.reached(plan.cut.rule):
            if rule not in done:
                done.add(rule)
                sure = sure_parts(plan.cut, captures, rule)
                lines += type_lines(captures, rule, sure)
    return lines


def _rules(patterns: dict[str, LinearPattern]) -> str:
    lines = ["RULES: Final[Mapping[str, bytes]] = MappingProxyType(", "    {"]
    for rule, pattern in patterns.items():
        literal = octets_literal(pattern.text, " " * 12)
        lines.append(f"        # {pattern.proof.label.value}")
        if len(literal) == 1 and len(rule) + len(literal[0].strip()) + 13 <= 100:
            lines.append(f'        "{rule}": {literal[0].strip()},')
        else:
            lines += [f'        "{rule}": (', *literal, "        ),"]
    lines += ["    }", ")", '"""Start rule -> pattern for `fullmatch`."""']
    return "\n".join(lines) + "\n"


def _finders(plan: CapturePlan) -> str:
    name = constant_name(plan.cut.rule)
    lines = [f'{name}: Final = re.compile(RULES["{plan.cut.rule}"]).fullmatch']
    for items in plan.cut.items:
        lines += _item_finders(items, name)
    return "\n".join(lines) + "\n"


def _item_finders(items: ItemPlan | LevelPlan, outer: str) -> list[str]:
    name = f"{outer}{constant_name(items.rules[0])}"
    method = "findall" if isinstance(items, ItemPlan) else "finditer"
    literal = octets_literal(items.text, " " * 4)
    lines = [f"{name}: Final = re.compile(", *literal, f").{method}"]
    if isinstance(items, LevelPlan):
        for inner in items.cut.items:
            lines += _item_finders(inner, name)
    return lines
