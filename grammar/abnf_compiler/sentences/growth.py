"""Grows one derivation: towards a decision where one is asked for, else at random.

Rule: `room` is what a node may use above its shortest sentence; with none left every choice takes
the shortest way out, so that growth always ends.
"""

from __future__ import annotations

from collections.abc import Callable
from random import Random
from typing import Final

from abnf_compiler.sentences.derivation import NEVER, OCTET_LIMIT, Derived, Lengths
from abnf_compiler.sentences.goals import OTHER_CASE
from abnf_compiler.tree import (
    Alternation,
    CharVal,
    Concatenation,
    Node,
    NumRange,
    NumSeries,
    Option,
    Reference,
    Repetition,
    ResolvedGrammar,
)

USUAL_SURPLUS: Final = 3
"""A repetition without need for more stands at most this many times above its minimum."""

READABLE: Final = tuple(b"0123456789abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ")
OFTEN: Final = 0.8

MAX_LEVELS: Final = 40
"""From so many levels of rules on, every choice takes the shortest way out."""


class ImpossibleError(Exception):
    """What was asked for needs prose, a value above 255, or more octets than there may be."""


class Growth:
    """One derivation under way.

    Args:
        grammar: where rule names lead.
        lengths: the shortest sentences.
        random: the source of every choice that is left open.
        number: the number of a node's place.
        way: for places on the way to a goal the child to go through; used once each.
        forced: the decision at a place; used once.
        max_octets: above it a forced number of repetitions is refused at once.
    """

    def __init__(
        self,
        grammar: ResolvedGrammar,
        lengths: Lengths,
        random: Random,
        *,
        number: Callable[[Node], int],
        way: dict[int, int],
        forced: dict[int, int],
        max_octets: int,
    ) -> None:
        self._grammar = grammar
        self._lengths = lengths
        self._random = random
        self._number = number
        self._way = way
        self._forced = forced
        self._max_octets = max_octets

    def grow(self, node: Node, rule: str, room: int, level: int = 0) -> Derived:
        """A derivation of `node`, which is written in `rule`.

        Raises:
            ImpossibleError: see there.
        """
        place = self._number(node)
        forced, branch = self._forced.pop(place, None), self._way.pop(place, None)
        if level >= MAX_LEVELS:
            room = 0
        match node:
            case Alternation(items):
                choice = self._alternative(items, room) if branch is None else branch
                choice = choice if forced is None else forced
                surplus = self._octets(items[choice]) - self._octets(node)
                part = self.grow(items[choice], rule, max(0, room - surplus), level)
                return Derived(node, rule, choice, parts=(part,))
            case Concatenation(items):
                return Derived(node, rule, parts=self._row(items, rule, room, level))
            case Option(item):
                count = self._count(0, 1, item, room) if forced is None else forced
                count = count if branch is None else 1
                return Derived(node, rule, parts=self._row((item,) * count, rule, room, level))
            case Repetition(minimum, maximum, item):
                count = self._count(minimum, maximum, item, room) if forced is None else forced
                count = count if branch is None else max(count, 1)
                if count * max(self._octets(item), 1) > self._max_octets:
                    raise ImpossibleError
                return Derived(node, rule, parts=self._row((item,) * count, rule, room, level))
            case Reference():
                return self._referred(node, rule, room, level)
            case _:
                return Derived(node, rule, octets=self._terminal(node, forced))

    def _octets(self, node: Node) -> int:
        octets, _ = self._lengths.of(node)
        if octets >= NEVER[0]:
            raise ImpossibleError
        return octets

    def _alternative(self, items: tuple[Node, ...], room: int) -> int:
        """The number of an alternative that fits, any of them where there is room."""
        costs = [self._lengths.of(item) for item in items]
        least = min(costs)
        if not room:
            return costs.index(least)
        fitting = [number for number, cost in enumerate(costs) if cost[0] <= least[0] + room]
        return self._random.choice(fitting)

    def _count(self, minimum: int, maximum: int | None, item: Node, room: int) -> int:
        """How often a repetition stands when nothing says so."""
        octets, _ = self._lengths.of(item)
        if not room or octets > room:
            return minimum
        most = minimum + min(USUAL_SURPLUS, room // max(octets, 1))
        return self._random.randint(minimum, most if maximum is None else min(most, maximum))

    def _row(
        self, items: tuple[Node, ...], rule: str, room: int, level: int
    ) -> tuple[Derived, ...]:
        """Each item in order; every one may use a part of the room that is left."""
        parts = []
        for left, item in zip(range(len(items), 0, -1), items, strict=True):
            share = self._random.randint(0, room) if left > 1 and room else room
            part = self.grow(item, rule, share, level)
            room -= max(0, len(part.sentence()) - self._octets(item)) if room else 0
            room = max(0, room)
            parts.append(part)
        return tuple(parts)

    def _referred(self, node: Reference, rule: str, room: int, level: int) -> Derived:
        target = self._grammar.rules.get(node.key)
        if target is None:
            raise ImpossibleError
        part = self.grow(target.definition, target.name, room, level + 1)
        return Derived(node, rule, parts=(part,))

    def _terminal(self, node: Node, forced: int | None) -> bytes:
        """The octets of a terminal value."""
        match node:
            case CharVal(text):
                return (text.swapcase() if forced == OTHER_CASE else text).encode("latin-1")
            case NumSeries(values) if max(values) <= OCTET_LIMIT:
                return bytes(values)
            case NumRange(first, last) if first <= min(last, OCTET_LIMIT):
                value = self._value(first, min(last, OCTET_LIMIT)) if forced is None else forced
                if value <= OCTET_LIMIT:
                    return bytes((value,))
        raise ImpossibleError

    def _value(self, first: int, last: int) -> int:
        """A value of a range, a letter or digit most of the time where there is one."""
        readable = [value for value in READABLE if first <= value <= last]
        if readable and self._random.random() < OFTEN:
            return self._random.choice(readable)
        return self._random.randint(first, last)
