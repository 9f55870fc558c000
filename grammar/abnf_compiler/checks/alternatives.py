"""Alternatives that add nothing: written twice, or all of their characters in the others.

Rules: two alternatives are the same when they match the same by their form alone: strings without
case, `%x61` and `%s"a"`, `[x]` and `*1x`, names in any case.  Whether two rules of different form
match the same is for the automata (`abnfc check --analysis`), not for this check.
"""

from __future__ import annotations

from collections.abc import Hashable, Iterator
from typing import Final

from abnf_compiler.automata.charset import CharSet
from abnf_compiler.checks.literals import Literal, character_sets, literal
from abnf_compiler.diagnostics import Diagnostic, finding
from abnf_compiler.resolve.walk import folded, subnodes
from abnf_compiler.tree import (
    Alternation,
    CharVal,
    Concatenation,
    Node,
    NumRange,
    Option,
    ProseVal,
    Reference,
    Repetition,
    ResolvedGrammar,
)

_CASE: Final = "strings without %s match letters of either case (RFC 5234, Section 2.3)"


def check_alternatives(grammar: ResolvedGrammar) -> Iterator[Diagnostic]:
    """ABNF303 and ABNF308, in the rules of the file; what `=/` adds is compared, too."""
    known = character_sets(grammar)
    for rule in grammar.own_rules():
        for node in subnodes(rule.definition):
            if isinstance(node, Alternation):
                for found in _in_one(node, known):
                    if found.span.source.name == grammar.name:
                        yield found


def _in_one(node: Alternation, known: dict[str, CharSet]) -> Iterator[Diagnostic]:
    first: dict[Hashable, Node] = {}
    distinct: list[Node] = []
    for item in node.items:
        form = folded(item, _form)
        if form not in first:
            first[form] = item
            distinct.append(item)
            continue
        other = first[form].span.text
        if item.span.text.lower() == other.lower():
            message = "this alternative stands here twice"
        else:
            message = f"this alternative matches the same as {_short(other)}"
        cased = isinstance(item, CharVal) and item.span.text != other
        hint = _CASE if cased else "take one of them out"
        yield finding("ABNF303", message, item.span, hint=hint)
    yield from _surplus(distinct, [literal(item, known) for item in distinct])


def _surplus(items: list[Node], literals: list[Literal]) -> Iterator[Diagnostic]:
    """ABNF308: strings and characters that other alternatives match, too."""
    for number, mine in enumerate(literals):
        others = [each for place, each in enumerate(literals) if place != number]
        twin = mine in literals[number + 1 :]  # of two equal ones the later is surplus
        if mine and all(mine) and not twin and _is_held(mine, others):
            yield finding(
                "ABNF308",
                "this alternative adds nothing: the others match all it matches",
                items[number].span,
                hint="take it out, or look for a wrong character in it or in the others",
            )


def _is_held(mine: tuple[CharSet, ...], others: list[Literal]) -> bool:
    """Whether one string of `others`, or all its single characters together, match `mine`."""
    alike = [each for each in others if each is not None and len(each) == len(mine)]
    if len(mine) == 1:
        return not mine[0] - CharSet.of(pair for each in alike for pair in each[0].intervals)
    return any(
        all(not one - other for one, other in zip(mine, each, strict=True)) for each in alike
    )


def _short(text: str) -> str:
    return text if len(text) <= 40 and "\n" not in text else "an earlier one"


def _form(node: Node, parts: list[Hashable]) -> Hashable:
    """A value that two nodes share when they match the same by their form."""
    match node:
        case Reference():
            return "rule", node.key
        case ProseVal(text):
            return "prose", text
        case NumRange(first, last) if first != last:
            return "range", first, last
        case Option():
            return "repeat", 0, 1, parts[0]
        case Repetition(minimum, maximum, _):
            same = minimum == maximum == 1
            return parts[0] if same else ("repeat", minimum, maximum, parts[0])
        case Alternation():
            return "alternatives", tuple(parts)
        case Concatenation():
            return _row(parts)
        case _:
            return "characters", literal(node, {})


def _row(parts: list[Hashable]) -> Hashable:
    """The parts in a row, strings beside each other as one."""
    row: list[Hashable] = []
    for part in parts:
        is_text = isinstance(part, tuple) and part[0] == "characters"
        if is_text and row and isinstance(row[-1], tuple) and row[-1][0] == "characters":
            assert isinstance(part, tuple)
            row[-1] = ("characters", row[-1][1] + part[1])
        else:
            row.append(part)
    return row[0] if len(row) == 1 else ("row", tuple(row))
