"""Position (Glushkov) automaton of an expression, with every link that joins two positions.

Rules: each `Chars` of the written-out expression is one position; a bounded repetition
X{2,4} is written out as X X (X (X)?)?.  An edge from one position to the next is kept once per
way through the expression, so a backtracking matcher has exactly as many ways as this automaton.
`site` numbers the parts of the expression as written, in `walk` order: all copies of a part that
was written out share its site, and a mark on a site must hold for every copy.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass, field
from functools import cached_property
from typing import TypeAlias

from abnf_compiler.automata.charset import Alphabet, CharSet
from abnf_compiler.automata.expression import (
    Alt,
    Captured,
    Chars,
    Empty,
    Epsilon,
    Regex,
    Repeat,
    Seq,
    children,
)

Passed: TypeAlias = frozenset[int]
"""The committed sites that an edge leaves behind (commit.py)."""

Entry: TypeAlias = tuple[int, Passed]
"""A position, and the committed sites passed on the way to or from it."""

NOTHING_PASSED: Passed = frozenset()


@dataclass(slots=True)
class Part:
    """One copy of one part of the expression: its positions are `low` to `high` (exclusive).

    `number` counts the copies, parents first; those inside have numbers up to `after`.
    """

    number: int
    site: int
    regex: Regex
    low: int
    up: Part | None = None
    high: int = 0
    after: int = 0
    parts: list[Part] = field(default_factory=list)
    first: list[Entry] = field(default_factory=list)
    last: list[Entry] = field(default_factory=list)
    nullable: Passed | None = None

    def holds(self, number: int) -> bool:
        """Whether the copy `number` lies strictly inside this one."""
        return self.number < number < self.after

    def covers(self, position: int) -> bool:
        """Whether the position belongs to this copy."""
        return self.low <= position < self.high

    def chain(self) -> Iterator[Part]:
        """This copy and those around it, inside out."""
        part: Part | None = self
        while part is not None:
            yield part
            part = part.up


@dataclass(frozen=True, slots=True)
class Edge:
    """A step to `target`; `entered` is the number of the part the step goes into."""

    target: int
    entered: int
    passed: Passed


class Positions:
    """The position automaton of `regex`.

    `charsets[p]` is what position p reads, `follow[p]` the edges out of it, `initial` the edges
    from the start, `last` the positions where a match may end.
    """

    def __init__(self, regex: Regex, *, committed: frozenset[int] = NOTHING_PASSED) -> None:
        self.regex = regex
        self.committed = committed
        self.charsets: list[CharSet] = []
        self.follow: list[list[Edge]] = []
        self.parts: list[Part] = []
        self.leaves: list[Part] = []
        self._sizes: dict[int, int] = {}
        self.root = self._build(regex, 0)
        self.initial = [Edge(p, self.root.number, passed) for p, passed in self.root.first]
        self.last = frozenset(p for p, _ in self.root.last)
        self.accepts_nothing = self.root.nullable is not None

    @cached_property
    def alphabet(self) -> Alphabet:
        """The classes of characters this automaton tells apart."""
        return Alphabet(self.charsets)

    @cached_property
    def masks(self) -> list[int]:
        """What each position reads, as classes of the alphabet."""
        return [self.alphabet.mask(charset) for charset in self.charsets]

    def exits(self, part: Part) -> tuple[list[Edge], bool]:
        """The edges out of a copy that is not empty, and whether the match may end after it."""
        end = part.last[0][0]
        edges = [edge for edge in self.follow[end] if not part.holds(edge.entered)]
        return edges, end in self.last

    def _size(self, regex: Regex) -> int:
        """How many sites a part takes (its own and those inside)."""
        known = self._sizes.get(id(regex))
        if known is None:
            known = 1 + sum(self._size(part) for part in children(regex))
            self._sizes[id(regex)] = known
        return known

    def _build(self, regex: Regex, site: int) -> Part:
        part = Part(len(self.parts), site, regex, len(self.charsets))
        self.parts.append(part)
        match regex:
            case Empty():
                pass
            case Epsilon():
                part.nullable = NOTHING_PASSED
            case Chars(charset):
                position = len(self.charsets)
                self.charsets.append(charset)
                self.follow.append([])
                part.first = part.last = [(position, NOTHING_PASSED)]
                self.leaves.append(part)
            case Captured(_, _, item):
                inner = self._build(item, site + 1)
                part.parts = [inner]
                part.first, part.last, part.nullable = inner.first, inner.last, inner.nullable
            case Alt(items):
                self._alternatives(part, items, site)
            case Seq(items):
                self._sequence(part, items, site)
            case Repeat():
                self._repetition(part, regex, site)
        part.high = len(self.charsets)
        part.after = len(self.parts)
        for inner in part.parts:
            inner.up = part
        if site in self.committed:
            own = frozenset({site})
            if isinstance(regex, Repeat) and regex.maximum is None:
                part.last = [(p, passed | own) for p, passed in part.last]
            if part.nullable is not None:
                part.nullable |= own
        return part

    def _alternatives(self, part: Part, items: tuple[Regex, ...], site: int) -> None:
        at = site + 1
        for item in items:
            inner = self._build(item, at)
            at += self._size(item)
            part.parts.append(inner)
            part.first = part.first + inner.first
            part.last = part.last + inner.last
            if inner.nullable is not None:
                part.nullable = inner.nullable

    def _sequence(self, part: Part, items: tuple[Regex, ...], site: int) -> None:
        at = site + 1
        for item in items:
            inner = self._build(item, at)
            at += self._size(item)
            part.parts.append(inner)
        self._join(part, part.parts)

    def _join(self, part: Part, parts: list[Part]) -> None:
        """Link parts that stand in a row, and set what the row begins and ends with."""
        ends: list[Entry] = []
        starts: list[Entry] = []
        skipped: Passed | None = NOTHING_PASSED
        for inner in parts:
            self._link(ends, inner)
            if skipped is not None:
                starts += [(p, passed | skipped) for p, passed in inner.first]
                skipped = None if inner.nullable is None else skipped | inner.nullable
            if inner.nullable is None:
                ends = list(inner.last)
            else:
                ends = [(p, passed | inner.nullable) for p, passed in ends] + inner.last
        part.first, part.last, part.nullable = starts, ends, skipped

    def _link(self, ends: list[Entry], target: Part) -> None:
        for source, left in ends:
            self.follow[source] += [
                Edge(position, target.number, left | passed) for position, passed in target.first
            ]

    def _repetition(self, part: Part, regex: Repeat, site: int) -> None:
        copies = max(regex.minimum, 1) if regex.maximum is None else regex.maximum
        part.parts = [self._build(regex.item, site + 1) for _ in range(copies)]
        for before, after in zip(part.parts, part.parts[1:], strict=False):
            self._link(before.last, after)
        if regex.maximum is None:
            self._link(part.parts[-1].last, part.parts[-1])
        part.first = list(part.parts[0].first)
        part.last = [
            entry for inner in part.parts[max(regex.minimum, 1) - 1 :] for entry in inner.last
        ]
        if regex.minimum == 0:
            part.nullable = NOTHING_PASSED
