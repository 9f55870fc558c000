"""The Python function of a rule with `@capture`: from the plan to its lines.

Rules: the result is a tuple in the order of the annotation; a part that is absent is None; a list
holds one tuple for each item, or the octets of items that have no captures of their own.  The
function is plain calls of two bound `re` methods, so it costs what hand-written code costs.
"""

from __future__ import annotations

import textwrap
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from typing import Final

from abnf_compiler.emit.python_captures import CapturePlan, ItemPlan
from abnf_compiler.emit.python_names import (
    MAX_COLUMNS,
    constant_name,
    function_name,
    type_name,
)
from abnf_compiler.emit.python_tokens import Token
from abnf_compiler.tree import Capture

INDENT: Final = "    "


@dataclass(frozen=True, slots=True)
class Captures:
    """The `@capture` annotations of a grammar, by rule."""

    by_rule: dict[str, tuple[Capture, ...]]

    def __contains__(self, rule: str) -> bool:
        return rule in self.by_rule

    def __getitem__(self, rule: str) -> tuple[Capture, ...]:
        return self.by_rule[rule]

    def item_type(self, rule: str) -> str:
        """The type of one item of a list of `rule`."""
        return type_name(rule) if rule in self else "bytes"

    def reached(self, rule: str) -> Iterator[str]:
        """The rules with captures inside `rule`, innermost first, then `rule`."""
        for capture in self[rule]:
            if capture.repeated and capture.rule in self:
                yield from self.reached(capture.rule)
        yield rule


def type_lines(captures: Captures, rule: str, sure: frozenset[str]) -> list[str]:
    """The alias for the tuple of a rule; `sure` are the parts that are always there."""
    fields = [
        f"list[{captures.item_type(capture.rule)}]"
        if capture.repeated
        else ("bytes" if capture.rule in sure else "bytes | None")
        for capture in captures[rule]
    ]
    inside = ", ".join(fields)
    lines = [f"{type_name(rule)}: TypeAlias = tuple[{inside}]"]
    if len(lines[0]) > MAX_COLUMNS:
        lines = [f"{type_name(rule)}: TypeAlias = tuple[", f"{INDENT}{inside}", "]"]
    names = ", ".join(("*" if c.repeated else "") + c.rule for c in captures[rule])
    text = textwrap.wrap(f'"""ABNF: {rule}. In order: {names}.', MAX_COLUMNS - 3, break_on_hyphens=False)
    closing = ['"""'] if len(text) > 1 else []
    if not closing:
        text[-1] += '"""'
    return [*lines, *text, *closing, ""]


class FunctionWriter:
    """Writes the function of one plan."""

    def __init__(self, plan: CapturePlan, captures: Captures) -> None:
        self._plan = plan
        self._captures = captures
        self._groups = _numbered(
            "stretch" if name is None else function_name(name) for name in plan.groups
        )

    def lines(self) -> list[str]:
        """The function, from `def` to its last line."""
        plan = self._plan
        body = [
            f'"""The captures of `{plan.rule}` in `octets`; None when the rule refuses them.',
            "",
            *self._order_text(),
            '"""',
            f"found = {constant_name(plan.rule)}(octets)",
            "if found is None:",
            f"{INDENT}return None",
            *self._unpacking(),
        ]
        for items in plan.items:
            body += self._items(items)
        body += self._returning([self._field(capture) for capture in plan.captures])
        head = f"def {function_name(plan.rule)}(octets: bytes) -> {type_name(plan.rule)} | None:"
        return [head, *[f"{INDENT}{line}" if line else "" for line in body]]

    def _order_text(self) -> list[str]:
        lines = [f"ABNF: {self._plan.rule}."]
        if any(name in self._plan.can_be_empty for name in self._plan.groups if name):
            lines.append("A part that is there and empty is b'', one that is absent is None.")
        return lines

    def _unpacking(self) -> list[str]:
        if len(self._groups) == 1:
            return [f"{self._groups[0]} = found.group(1)"]
        one_line = f"{', '.join(self._groups)} = found.groups()"
        if len(one_line) <= MAX_COLUMNS - len(INDENT):
            return [one_line]
        return ["(", *[f"{INDENT}{name}," for name in self._groups], ") = found.groups()"]

    def _returning(self, fields: list[str]) -> list[str]:
        one_line = f"return {', '.join(fields)}" if len(fields) > 1 else f"return ({fields[0]},)"
        if len(one_line) <= MAX_COLUMNS - len(INDENT):
            return [one_line]
        return ["return (", *[f"{INDENT}{field}," for field in fields], ")"]

    def _field(self, capture: Capture) -> str:
        """What stands for one capture of the rule in its tuple."""
        if capture.repeated:
            return _list_name(capture.rule)
        names = [
            variable
            for variable, name in zip(self._groups, self._plan.groups, strict=True)
            if name == capture.rule
        ]
        if capture.rule not in self._plan.can_be_empty:
            return " or ".join(names)
        *early, last = names
        for name in reversed(early):
            last = f"{last} if {name} is None else {name}"
        return last

    def _items(self, items: ItemPlan) -> list[str]:
        stretches = [self._groups[number] for number in items.stretches]
        lines = [
            f"{_list_name(rule)}: list[{self._captures.item_type(rule)}] = []"
            for rule in items.rules
        ]
        first = stretches[0]
        for other in stretches[1:]:
            lines += [
                f"if {other}:",
                f"{INDENT}{first} = {first} + {other} if {first} else {other}",
            ]
        return [*lines, f"if {first}:", *[f"{INDENT}{line}" for line in self._loop(items, first)]]

    def _loop(self, items: ItemPlan, stretch: str) -> list[str]:
        inner = dict.fromkeys(
            rule for token in items.tokens for name in token.begins for rule in self._lists(name)
        )
        lines = [f"{_list_name(r)}: list[{self._captures.item_type(r)}] = []" for r in inner]
        names = _numbered(
            function_name(name).rsplit("_", 1)[-1]
            for token in items.tokens
            for name in token.groups
        )
        finder = f"{constant_name(self._plan.rule)}_{constant_name(items.rules[0])[1:]}"
        lines.append(f"for {', '.join(names)} in {finder}({stretch}):")
        at = 0
        for number, token in enumerate(items.tokens):
            own = names[at : at + len(token.groups)]
            at += len(token.groups)
            inside = self._token(token, own)
            if len(items.tokens) == 1:
                lines += [f"{INDENT}{line}" for line in inside]
                continue
            test = " or ".join(own[group] for group in token.sure)
            last = number == len(items.tokens) - 1
            lines.append(f"{INDENT}" + ("else:" if last else f"{'el' if number else ''}if {test}:"))
            lines += [f"{INDENT * 2}{line}" for line in inside]
        return lines

    def _lists(self, rule: str) -> list[str]:
        if rule not in self._captures:
            return []
        return [capture.rule for capture in self._captures[rule] if capture.repeated]

    def _token(self, token: Token, names: list[str]) -> list[str]:
        """The statements that open the items which begin with a token."""
        lines: list[str] = []
        for depth, rule in enumerate(token.begins):
            innermost = depth == len(token.begins) - 1
            lines += [f"{_list_name(inner)} = []" for inner in self._lists(rule)]
            if rule not in self._captures:
                value = names[0]
            else:
                fields = [
                    self._token_field(capture, token, names if innermost else [])
                    for capture in self._captures[rule]
                ]
                value = f"({', '.join(fields)}{',' if len(fields) == 1 else ''})"
            lines.append(f"{_list_name(rule)}.append({value})")
        return lines

    def _token_field(self, capture: Capture, token: Token, names: list[str]) -> str:
        if capture.repeated:
            return _list_name(capture.rule)
        found = [
            (number, name)
            for number, (name, rule) in enumerate(zip(names, token.groups, strict=False))
            if rule == capture.rule
        ]
        if not found:
            return "None"
        if [number for number, _ in found] == list(token.sure):
            return " or ".join(name for _, name in found)
        return " or ".join([*(name for _, name in found), "None"])


def sure_parts(plan: CapturePlan, captures: Captures, rule: str) -> frozenset[str]:
    """The captures of `rule` that every match has, as the plan shows them."""
    if rule == plan.rule:
        return plan.always
    found: set[str] | None = None
    for items in plan.items:
        for token in items.tokens:
            if rule not in token.begins:
                continue
            sure = {
                capture.rule
                for capture in captures[rule]
                if token.begins[-1] == rule
                and [n for n, name in enumerate(token.groups) if name == capture.rule]
                == list(token.sure)
            }
            found = sure if found is None else found & sure
    return frozenset(found or ())


def _list_name(rule: str) -> str:
    return f"{function_name(rule)}_list"


def _numbered(names: Iterable[str]) -> list[str]:
    """The names, from the second of a kind on with a number."""
    counts: dict[str, int] = {}
    found: list[str] = []
    for name in names:
        counts[name] = counts.get(name, 0) + 1
        found.append(name if counts[name] == 1 else f"{name}_{counts[name]}")
    return found
