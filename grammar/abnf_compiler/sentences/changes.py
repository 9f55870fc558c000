"""Small changes of a derivation that break one decision of the grammar each.

Rule: a change knows the rule whose text it breaks and says in words what is wrong.  Whether the
changed string is refused is for an engine to decide: in an ambiguous place it may well fit.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass, replace
from typing import Final

from abnf_compiler.emit.terminal_label import (
    has_letters,
    hexadecimal,
    node_label,
    range_label,
    terminal_label,
)
from abnf_compiler.sentences.derivation import OCTET_LIMIT, Derived
from abnf_compiler.tree import (
    Alternation,
    CharVal,
    Concatenation,
    Node,
    NumRange,
    NumSeries,
    Option,
    Repetition,
)

MAX_COPIES: Final = 512


@dataclass(frozen=True, slots=True)
class Change:
    """What a piece of a derivation is replaced by, and what is wrong with it then.

    `offset` is the first octet that differs, counted from the beginning of the piece.  `part` is
    the number of the part of a row that is broken.  `meant` is a node that derives the change as
    well as what the grammar says, where there is a simple one.
    """

    octets: bytes
    reason: str
    offset: int = 0
    part: int = 0
    meant: Node | None = None


def changes(piece: Derived) -> Iterator[Change]:
    """The ways to break `piece`, each once, simplest first."""
    match piece.node:
        case NumRange(first, last):
            label = range_label(first, last)
            if first > 0:
                yield _instead(piece.node, first - 1, f"one below {label}")
            if last < OCTET_LIMIT:
                yield _instead(piece.node, last + 1, f"one above {label}")
        case CharVal() | NumSeries():
            yield from _literal_changes(piece.node, piece.octets)
        case Repetition(minimum, maximum, item):
            yield from _count_changes(piece, minimum, maximum, node_label(item))
        case Concatenation():
            yield from _row_changes(piece)
        case _:
            return


def _instead(node: Node, value: int, reason: str) -> Change:
    octets = bytes((value,))
    return Change(octets, f"%x{hexadecimal(value)} is {reason}", meant=_or(node, octets))


def _or(node: Node, octets: bytes) -> Node:
    return Alternation((node, NumSeries(tuple(octets), "x", node.span)), node.span)


def _literal_changes(node: CharVal | NumSeries, octets: bytes) -> Iterator[Change]:
    """A literal left out, cut short, with a neighbour of one octet, or in another case."""
    label = terminal_label(node)
    if not octets:
        return
    yield Change(b"", f"{label} is missing", meant=Option(node, node.span))
    if len(octets) > 1:
        cut = octets[:-1]
        reason = f"the last octet of {label} is missing"
        yield Change(cut, reason, len(cut), meant=_or(node, cut))
    for index, octet in enumerate(octets):
        place = f"in place of {label}" if len(octets) == 1 else f"as octet {index + 1} of {label}"
        for other in (octet - 1, octet + 1):
            if 0 <= other <= OCTET_LIMIT:
                changed = octets[:index] + bytes((other,)) + octets[index + 1 :]
                reason = f"%x{hexadecimal(other)} {place}"
                yield Change(changed, reason, index, meant=_or(node, changed))
    exact = isinstance(node, NumSeries) or node.case_sensitive
    if exact and has_letters(octets.decode("latin-1")):
        yield Change(octets.swapcase(), f"{label} in the other case")


def _count_changes(
    piece: Derived, minimum: int, maximum: int | None, label: str
) -> Iterator[Change]:
    """One repetition too few, one too many."""
    copies = [part.sentence() for part in piece.parts]
    if minimum:
        few = b"".join(copies[: minimum - 1])
        yield Change(few, f"{minimum - 1} of at least {minimum} {label}", len(few))
    if maximum is not None and maximum < MAX_COPIES and copies:
        whole = b"".join(copies)
        surplus = copies[-1] * (maximum + 1 - len(copies))
        yield Change(whole + surplus, f"{maximum + 1} of at most {maximum} {label}", len(whole))


def _row_changes(piece: Derived) -> Iterator[Change]:
    """One part of a row left out or written twice; literals see to themselves."""
    assert isinstance(piece.node, Concatenation)
    texts = [part.sentence() for part in piece.parts]
    for index, part in enumerate(piece.parts):
        if isinstance(part.node, CharVal | NumSeries) or not texts[index]:
            continue
        label = node_label(part.node)
        before, after = b"".join(texts[:index]), b"".join(texts[index + 1 :])
        items = list(piece.node.items)
        items[index] = Option(part.node, part.node.span)
        meant = replace(piece.node, items=tuple(items))
        yield Change(before + after, f"{label} is missing", len(before), index, meant)
        twice = before + texts[index] + texts[index] + after
        again: Node | None = None
        if isinstance(part.node, Option):
            items[index] = Repetition(0, 2, part.node.item, part.node.span)
            again = replace(piece.node, items=tuple(items))
        yield Change(twice, f"{label} stands twice", len(before + texts[index]), index, again)
