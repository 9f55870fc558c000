"""Small changes of a derivation that break one decision of the grammar each.

Rule: a change knows the rule whose text it breaks and says in words what is wrong.  Whether the
changed string is refused is for an engine to decide: in an ambiguous place it may well fit.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
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
    CharVal,
    Concatenation,
    NumRange,
    NumSeries,
    Repetition,
)

MAX_COPIES: Final = 512


@dataclass(frozen=True, slots=True)
class Change:
    """What a piece of a derivation is replaced by, and what is wrong with it then.

    `offset` is the first octet that differs, counted from the beginning of the piece.
    """

    octets: bytes
    reason: str
    offset: int = 0


def changes(piece: Derived) -> Iterator[Change]:
    """The ways to break `piece`, each once, simplest first."""
    match piece.node:
        case NumRange(first, last):
            label = range_label(first, last)
            if first > 0:
                yield _instead(first - 1, f"one below {label}")
            if last < OCTET_LIMIT:
                yield _instead(last + 1, f"one above {label}")
        case CharVal() | NumSeries():
            yield from _literal_changes(piece.node, piece.octets)
        case Repetition(minimum, maximum, item):
            yield from _count_changes(piece, minimum, maximum, node_label(item))
        case Concatenation():
            yield from _row_changes(piece)
        case _:
            return


def _instead(value: int, reason: str) -> Change:
    return Change(bytes((value,)), f"%x{hexadecimal(value)} is {reason}")


def _literal_changes(node: CharVal | NumSeries, octets: bytes) -> Iterator[Change]:
    """A literal left out, cut short, with another last octet, or in another case."""
    label = terminal_label(node)
    if not octets:
        return
    yield Change(b"", f"{label} is missing")
    if len(octets) > 1:
        yield Change(octets[:-1], f"the last octet of {label} is missing", len(octets) - 1)
    other = octets[-1] - 1 if octets[-1] else 1
    reason = f"%x{hexadecimal(other)} at the end of {label}"
    yield Change(octets[:-1] + bytes((other,)), reason, len(octets) - 1)
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
    """One part of a row left out or written twice."""
    texts = [part.sentence() for part in piece.parts]
    for index, part in enumerate(piece.parts):
        if isinstance(part.node, CharVal | NumSeries | NumRange) or not texts[index]:
            continue
        label = node_label(part.node)
        before, after = b"".join(texts[:index]), b"".join(texts[index + 1 :])
        yield Change(before + after, f"{label} is missing", len(before))
        twice = before + texts[index] + texts[index] + after
        yield Change(twice, f"{label} stands twice", len(before + texts[index]))
