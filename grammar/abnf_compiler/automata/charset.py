"""Sets of characters as sorted, disjoint, inclusive intervals of code points.

Rule: a `CharSet` is canonical, so equal sets are equal values; intervals never touch.
The alphabet has no size of its own: octet grammars use 0-255, text grammars 0-10FFFF.
"""

from __future__ import annotations

from bisect import bisect_right
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from typing import Final

OCTET_LIMIT: Final = 0xFF
"""The highest value of an octet grammar."""

CODE_POINT_LIMIT: Final = 0x10FFFF
"""The highest value of a text grammar (Unicode)."""

Interval = tuple[int, int]


@dataclass(frozen=True, slots=True)
class CharSet:
    """A set of characters; build it with `of`, `single` or the set operators."""

    intervals: tuple[Interval, ...] = ()

    @classmethod
    def of(cls, intervals: Iterable[Interval]) -> CharSet:
        """The set of all characters of `intervals`, which may overlap and come in any order."""
        merged: list[Interval] = []
        for first, last in sorted(intervals):
            if first > last:
                continue
            if merged and first <= merged[-1][1] + 1:
                merged[-1] = (merged[-1][0], max(merged[-1][1], last))
            else:
                merged.append((first, last))
        return cls(tuple(merged))

    @classmethod
    def single(cls, code: int) -> CharSet:
        """The set of one character."""
        return cls(((code, code),))

    def __bool__(self) -> bool:
        return bool(self.intervals)

    def __len__(self) -> int:
        return sum(last - first + 1 for first, last in self.intervals)

    def __iter__(self) -> Iterator[int]:
        for first, last in self.intervals:
            yield from range(first, last + 1)

    def __contains__(self, code: int) -> bool:
        index = bisect_right(self.intervals, (code, CODE_POINT_LIMIT + 1)) - 1
        return index >= 0 and code <= self.intervals[index][1]

    def __or__(self, other: CharSet) -> CharSet:
        return CharSet.of(self.intervals + other.intervals)

    def __and__(self, other: CharSet) -> CharSet:
        found: list[Interval] = []
        mine, theirs = 0, 0
        while mine < len(self.intervals) and theirs < len(other.intervals):
            first = max(self.intervals[mine][0], other.intervals[theirs][0])
            last = min(self.intervals[mine][1], other.intervals[theirs][1])
            if first <= last:
                found.append((first, last))
            if self.intervals[mine][1] < other.intervals[theirs][1]:
                mine += 1
            else:
                theirs += 1
        return CharSet(tuple(found))

    def __sub__(self, other: CharSet) -> CharSet:
        if not self.intervals:
            return self
        return self & other.complement(self.intervals[-1][1])

    def complement(self, limit: int) -> CharSet:
        """All characters from 0 to `limit` that are not in this set."""
        gaps: list[Interval] = []
        start = 0
        for first, last in self.intervals:
            if first > start:
                gaps.append((start, min(first - 1, limit)))
            start = last + 1
        gaps.append((start, limit))
        return CharSet.of(gaps)

    @property
    def lowest(self) -> int:
        """The lowest character of a set that is not empty."""
        return self.intervals[0][0]

    def sample(self) -> int:
        """A character of the set that reads well: a letter or digit where there is one."""
        for first, last in ((0x61, 0x7A), (0x41, 0x5A), (0x30, 0x39), (0x21, 0x7E)):
            found = self & CharSet(((first, last),))
            if found:
                return found.lowest
        return self.lowest


def letter(char: str, case_sensitive: bool) -> CharSet:
    """What a character of a quoted string matches: ASCII letters fold (RFC 5234, Section 2.3)."""
    code = ord(char)
    if not case_sensitive and char.isascii() and char.isalpha():
        return CharSet.of([(code & ~0x20, code & ~0x20), (code | 0x20, code | 0x20)])
    return CharSet.single(code)


class Alphabet:
    """The coarsest partition of the characters that keeps apart what some sets tell apart.

    Characters of one class behave alike everywhere, so automata move by class, and a set of
    characters becomes a bit mask of classes: overlap is one `&`.
    """

    def __init__(self, charsets: Iterable[CharSet]) -> None:
        sets = list(dict.fromkeys(charsets))
        cuts: set[int] = set()
        for charset in sets:
            for first, last in charset.intervals:
                cuts.add(first)
                cuts.add(last + 1)
        borders = sorted(cuts)
        grouped: dict[tuple[int, ...], list[Interval]] = {}
        for index, first in enumerate(borders[:-1]):
            members = tuple(number for number, charset in enumerate(sets) if first in charset)
            if members:
                grouped.setdefault(members, []).append((first, borders[index + 1] - 1))
        self.classes: tuple[CharSet, ...] = tuple(
            CharSet.of(intervals) for intervals in grouped.values()
        )
        self._masks: dict[CharSet, int] = dict.fromkeys(sets, 0)
        for number, members in enumerate(grouped):
            for member in members:
                self._masks[sets[member]] |= 1 << number
        spans = sorted(
            (first, last, number)
            for number, charset in enumerate(self.classes)
            for first, last in charset.intervals
        )
        self._starts = [first for first, _, _ in spans]
        self._spans = spans

    def mask(self, charset: CharSet) -> int:
        """The classes of `charset` as bits; `charset` must be a union of classes."""
        known = self._masks.get(charset)
        if known is None:
            known = 0
            for number, members in enumerate(self.classes):
                if members & charset:
                    known |= 1 << number
            self._masks[charset] = known
        return known

    def class_of(self, code: int) -> int:
        """The number of the class that holds `code`, or -1 when no set holds it."""
        index = bisect_right(self._starts, code) - 1
        if index < 0 or code > self._spans[index][1]:
            return -1
        return self._spans[index][2]

    def charset(self, mask: int) -> CharSet:
        """The characters of the classes in `mask`."""
        intervals: list[Interval] = []
        for number in bits(mask):
            intervals.extend(self.classes[number].intervals)
        return CharSet.of(intervals)


def bits(mask: int) -> Iterator[int]:
    """The numbers of the bits set in `mask`, from low to high."""
    while mask:
        low = mask & -mask
        yield low.bit_length() - 1
        mask ^= low
