"""The Python function of a rule with `@capture`: from the plan to its lines.

Rules: the result is a tuple in the order of the annotation; a part that is absent is None; a list
holds one tuple for each item, or the octets of items that have no captures of their own.  The
function is plain calls of two bound `re` methods, so it costs what hand-written code costs.
"""

from __future__ import annotations

import textwrap
from collections.abc import Iterator
from dataclasses import dataclass
from typing import Final

from abnf_compiler.emit.python_captures import CapturePlan, Cut, ItemPlan, LevelPlan
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
    documentation = f'"""ABNF: {rule}. In order: {names}.'
    text = textwrap.wrap(documentation, MAX_COLUMNS - 3, break_on_hyphens=False)
    closing = ['"""'] if len(text) > 1 else []
    if not closing:
        text[-1] += '"""'
    return [*lines, *text, *closing, ""]


class FunctionWriter:
    """Writes the function of one plan."""

    def __init__(self, plan: CapturePlan, captures: Captures) -> None:
        self._cut = plan.cut
        self._captures = captures
        self._names = _Numbers()

    def lines(self) -> list[str]:
        """The function, from `def` to its last line."""
        cut = self._cut
        groups = self._group_names(cut)
        body = [
            f'"""The captures of `{cut.rule}` in `octets`; None when the rule refuses them.',
            "",
            f"ABNF: {cut.rule}.",
        ]
        if any(name in cut.can_be_empty for name in cut.groups if name):
            body.append("A part that is there and empty is b'', one that is absent is None.")
        body += [
            '"""',
            f"found = {constant_name(cut.rule)}(octets)",
            "if found is None:",
            f"{INDENT}return None",
            *_unpacking(groups, "found"),
            *self._all_items(cut, groups, constant_name(cut.rule)),
            *_returning([self._field(cut, groups, capture) for capture in cut.captures]),
        ]
        head = f"def {function_name(cut.rule)}(octets: bytes) -> {type_name(cut.rule)} | None:"
        return [head, *_indented(body)]

    def _group_names(self, cut: Cut) -> list[str]:
        return [
            self._names.next("stretch" if name is None else function_name(name))
            for name in cut.groups
        ]

    def _field(self, cut: Cut, groups: list[str], capture: Capture) -> str:
        """What stands for one capture of the rule in its tuple."""
        if capture.repeated:
            return _list_name(capture.rule)
        names = [
            variable
            for variable, name in zip(groups, cut.groups, strict=True)
            if name == capture.rule
        ]
        if not names:
            return "None"
        if capture.rule not in cut.can_be_empty:
            return " or ".join(names)
        *early, last = names
        for name in reversed(early):
            last = f"{last} if {name} is None else {name}"
        return last

    def _list_start(self, rule: str) -> str:
        return f"{_list_name(rule)}: list[{self._captures.item_type(rule)}] = []"

    def _all_items(self, cut: Cut, groups: list[str], finder: str) -> list[str]:
        lines: list[str] = []
        for items in cut.items:
            stretches = [groups[number] for number in items.stretches]
            first = stretches[0]
            lines += [self._list_start(rule) for rule in items.rules]
            for other in stretches[1:]:
                lines.append(f"if {other}:")
                lines.append(f"{INDENT}{first} = {first} + {other} if {first} else {other}")
            inner = f"{finder}{constant_name(items.rules[0])}"
            if isinstance(items, ItemPlan):
                loop = self._tokens(items, first, inner)
            else:
                loop = self._level(items, first, inner)
            lines += [f"if {first}:", *_indented(loop)]
        missing = [c.rule for c in cut.captures if c.repeated and not _found(cut, c.rule)]
        return [*[self._list_start(rule) for rule in missing], *lines]

    def _level(self, items: LevelPlan, stretch: str, finder: str) -> list[str]:
        """One loop over whole items, with loops over their own lists inside."""
        cut = items.cut
        groups = self._group_names(cut)
        fields = [self._field(cut, groups, capture) for capture in cut.captures]
        variable = self._names.next("item")
        body = [
            *_unpacking(groups, variable),
            *self._all_items(cut, groups, finder),
            f"{_list_name(cut.rule)}.append({_tuple(fields)})",
        ]
        return [f"for {variable} in {finder}({stretch}):", *_indented(body)]

    def _tokens(self, items: ItemPlan, stretch: str, finder: str) -> list[str]:
        """One loop over the tokens of all levels."""
        inner = dict.fromkeys(
            rule for token in items.tokens for name in token.begins for rule in self._lists(name)
        )
        names = [
            self._names.next(function_name(name).rsplit("_", 1)[-1])
            for token in items.tokens
            for name in token.groups
        ]
        lines = [self._list_start(rule) for rule in inner]
        lines.append(f"for {', '.join(names)} in {finder}({stretch}):")
        at = 0
        for number, token in enumerate(items.tokens):
            own = names[at : at + len(token.groups)]
            at += len(token.groups)
            inside = _indented(self._token(token, own))
            if len(items.tokens) == 1:
                lines += inside
                continue
            test = " or ".join(own[group] for group in token.sure)
            last = number == len(items.tokens) - 1
            opening = "else:" if last else f"{'el' if number else ''}if {test}:"
            lines += _indented([opening, *inside])
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
                value = _tuple(fields)
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


class _Numbers:
    """Gives a name a number from its second use on."""

    def __init__(self) -> None:
        self._counts: dict[str, int] = {}

    def next(self, name: str) -> str:
        self._counts[name] = self._counts.get(name, 0) + 1
        return name if self._counts[name] == 1 else f"{name}_{self._counts[name]}"


def sure_parts(cut: Cut, captures: Captures, rule: str) -> frozenset[str]:
    """The captures of `rule`, reached in `cut`, that are never None."""
    if rule == cut.rule:
        return cut.always
    found: list[frozenset[str]] = []
    for items in cut.items:
        if isinstance(items, LevelPlan):
            found.append(sure_parts(items.cut, captures, rule))
            continue
        for token in items.tokens:
            if rule in token.begins:
                sure = frozenset(token.groups[number] for number in token.sure)
                one = len(sure) == 1 and token.begins[-1] == rule
                found.append(sure if one and _all_sure(token, sure) else frozenset())
    return frozenset.intersection(*found) if found else frozenset()


def _all_sure(token: Token, names: frozenset[str]) -> bool:
    """Whether every group of these names is among those one of which always takes something."""
    groups = [number for number, name in enumerate(token.groups) if name in names]
    return groups == list(token.sure)


def _found(cut: Cut, rule: str) -> bool:
    return any(rule in items.rules for items in cut.items)


def _list_name(rule: str) -> str:
    return f"{function_name(rule)}_list"


def _tuple(fields: list[str]) -> str:
    return f"({', '.join(fields)}{',' if len(fields) == 1 else ''})"


def _indented(lines: list[str]) -> list[str]:
    return [f"{INDENT}{line}" if line else "" for line in lines]


def _unpacking(groups: list[str], found: str) -> list[str]:
    if not groups:
        return []
    if len(groups) == 1:
        return [f"{groups[0]} = {found}.group(1)"]
    one_line = f"{', '.join(groups)} = {found}.groups()"
    if len(one_line) <= MAX_COLUMNS - len(INDENT):
        return [one_line]
    return ["(", *[f"{INDENT}{name}," for name in groups], f") = {found}.groups()"]


def _returning(fields: list[str]) -> list[str]:
    one_line = f"return {', '.join(fields)}" if len(fields) > 1 else f"return ({fields[0]},)"
    if len(one_line) <= MAX_COLUMNS - len(INDENT):
        return [one_line]
    return ["return (", *[f"{INDENT}{field}," for field in fields], ")"]
