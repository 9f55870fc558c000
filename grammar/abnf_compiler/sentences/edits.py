"""The single edits of a grammar: one decision of one rule changed by the least there is.

Rule: an edit keeps everything else, so the edited grammar differs from the first in one place, the
one `place` names.  Whether its language differs is another question: `automata.compare` decides
it.  A set of strings that tells a grammar from all its edits has looked at every decision of it.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass, replace
from enum import Enum
from typing import Final

from abnf_compiler.automata.charset import OCTET_LIMIT
from abnf_compiler.resolve.walk import children, references, subnodes
from abnf_compiler.source import Span
from abnf_compiler.tree import (
    Alternation,
    CharVal,
    Concatenation,
    Node,
    NumRange,
    NumSeries,
    Option,
    Repetition,
    ResolvedGrammar,
)

HIGHEST: Final = OCTET_LIMIT


class EditKind(Enum):
    """What an edit changes."""

    RANGE_END = "range end"
    LITERAL = "literal"
    BOUND = "repetition bound"
    ALTERNATIVE = "alternative dropped"
    OPTION = "option"
    ELEMENT = "element optional"


@dataclass(frozen=True, slots=True)
class Edit:
    """One change of one node of a rule; `rule` is its name, `place` where the node is written."""

    kind: EditKind
    rule: str
    reason: str
    place: Span
    node: Node
    replacement: Node

    def __str__(self) -> str:
        position = self.place.position
        where = f"{self.place.source.name}:{position.line}:{position.column}"
        return f"{where}: {self.rule}: {self.reason}"

    def apply(self, grammar: ResolvedGrammar) -> ResolvedGrammar:
        """The edited grammar; `grammar` has to be the one the edit was made from."""
        return edited(grammar, self.rule, self.node, self.replacement)


def edited(grammar: ResolvedGrammar, rule: str, old: Node, new: Node) -> ResolvedGrammar:
    """The grammar with one node of one rule, `old` itself, replaced."""
    before = grammar.rules[rule.lower()]
    after = replace(before, definition=_replaced(before.definition, old, new))
    return replace(grammar, rules={**grammar.rules, before.key: after})


def edits(grammar: ResolvedGrammar, rules: frozenset[str] | None = None) -> Iterator[Edit]:
    """Every single edit of the given rules (lower case; all when None), in the order written."""
    for key, rule in grammar.rules.items():
        if rules is not None and key not in rules:
            continue
        for node in subnodes(rule.definition):
            for kind, reason, replacement in _changes(node):
                yield Edit(kind, rule.name, reason, node.span, node, replacement)


def reached(grammar: ResolvedGrammar, rule: str) -> frozenset[str]:
    """The rules that `rule` needs, itself among them, in lower case."""
    found: set[str] = set()
    stack = [rule.lower()]
    while stack:
        key = stack.pop()
        if key not in found and key in grammar.rules:
            found.add(key)
            stack.extend(item.key for item in references(grammar.rules[key].definition))
    return frozenset(found)


_Change = tuple[EditKind, str, Node]


def _changes(node: Node) -> Iterator[_Change]:
    match node:
        case NumRange():
            yield from _range_changes(node)
        case NumSeries(values):
            pieces: list[Node] = [NumSeries((value,), node.base, node.span) for value in values]
            yield from _literal_changes(node, pieces, list(values))
        case CharVal(text):
            pieces = [CharVal(char, node.case_sensitive, node.span) for char in text]
            yield from _literal_changes(node, pieces, [ord(char) for char in text])
        case Repetition():
            yield from _bound_changes(node)
        case Alternation(items):
            for number, item in enumerate(items):
                rest = (*items[:number], *items[number + 1 :])
                kept = rest[0] if len(rest) == 1 else replace(node, items=rest)
                reason = f"without the alternative {_shown(item)}"
                yield EditKind.ALTERNATIVE, reason, kept
        case Option(item):
            yield EditKind.OPTION, f"{_shown(item)} mandatory", item
            yield EditKind.OPTION, f"without [ {_shown(item)} ]", _nothing(node.span)
            twice = Repetition(0, 2, item, node.span)
            yield EditKind.OPTION, f"[ {_shown(item)} ] up to twice", twice
        case Concatenation(items):
            for number, item in enumerate(items):
                row = (*items[:number], Option(item, item.span), *items[number + 1 :])
                yield EditKind.ELEMENT, f"{_shown(item)} optional", replace(node, items=row)
        case _:
            return


def _range_changes(node: NumRange) -> Iterator[_Change]:
    for first, last, what in (
        (node.first - 1, node.last, "from one lower"),
        (node.first + 1, node.last, "from one higher"),
        (node.first, node.last - 1, "to one lower"),
        (node.first, node.last + 1, "to one higher"),
    ):
        if 0 <= first <= last <= HIGHEST:
            edited = replace(node, first=first, last=last)
            yield EditKind.RANGE_END, f"{_shown(node)} {what}", edited


def _literal_changes(node: Node, pieces: list[Node], values: list[int]) -> Iterator[_Change]:
    """Each character may also be its neighbour on either side, as the end of a range of one."""
    for number, value in enumerate(values):
        for other in (value - 1, value + 1):
            if not 0 <= other <= HIGHEST:
                continue
            either = Alternation(
                (pieces[number], NumSeries((other,), "x", node.span)), span=node.span
            )
            row = (*pieces[:number], either, *pieces[number + 1 :])
            edited = either if len(row) == 1 else Concatenation(row, node.span)
            yield EditKind.LITERAL, f"{_shown(node)} with %x{other:02X} at {number}", edited


def _bound_changes(node: Repetition) -> Iterator[_Change]:
    low, high = node.minimum, node.maximum
    bounds: list[tuple[int, int | None]] = [(low - 1, high), (low + 1, high)]
    if high is None:
        bounds.append((low, low + 1))
    else:
        bounds += [(low, high - 1), (low, high + 1)]
        if low == high:
            bounds += [(low - 1, high - 1), (low + 1, high + 1)]
    for minimum, maximum in bounds:
        if minimum >= 0 and (maximum is None or maximum >= max(minimum, 1)):
            most = "" if maximum is None else str(maximum)
            reason = f"{_shown(node)} as {minimum}*{most}"
            yield EditKind.BOUND, reason, replace(node, minimum=minimum, maximum=maximum)


def _nothing(span: Span) -> Node:
    """The empty string, as ABNF writes it."""
    return CharVal("", False, span)


def _shown(node: Node) -> str:
    return " ".join(node.span.text.split())


def _replaced(node: Node, old: Node, new: Node) -> Node:
    """`node` with the one part that is `old` itself replaced."""
    if node is old:
        return new
    if not children(node):
        return node
    if isinstance(node, Alternation | Concatenation):
        return replace(node, items=tuple(_replaced(item, old, new) for item in node.items))
    assert isinstance(node, Repetition | Option)
    return replace(node, item=_replaced(node.item, old, new))
