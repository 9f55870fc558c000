"""The automaton of one rule, with a stack for calls; its states come up as they are asked for.

Rules: a state is a set of places; a place is a position and, as one number with it, the stack of
positions to go on at.  Recursive calls nest up to a number of levels: a state that lost a way
because of that is `cut`, and so is every state after it; all others are exact.  Work is metered, so
that no grammar takes for ever.
"""

from __future__ import annotations

from collections.abc import Iterable
from typing import Final

from abnf_compiler.automata.charset import Alphabet, CharSet, bits
from abnf_compiler.diff_blueprint import Blueprint

DEAD: Final = 0
"""The state that accepts nothing any more."""

LOST: Final = 1
"""The state of which nothing is known any more."""


class SpentError(Exception):
    """The work allowed is done; the text says what there was too much of."""


class Meter:
    """Counts steps and stops at a limit."""

    def __init__(self, limit: int) -> None:
        self._limit = self._left = limit

    def refill(self) -> None:
        """Begin anew."""
        self._left = self._limit

    def spend(self, steps: int) -> None:
        """Note `steps` more.

        Raises:
            SpentError: there were too many.
        """
        self._left -= steps
        if self._left < 0:
            raise SpentError(f"more than {self._limit} steps")


class _Stacks:
    """Stacks of positions as numbers; 0 is the empty one."""

    def __init__(self) -> None:
        self.tops: list[int] = [-1]
        self.below: list[int] = [0]
        self.depths: list[int] = [0]
        self._numbers: dict[tuple[int, int], int] = {}

    def push(self, stack: int, position: int, deeper: bool) -> int:
        """The stack with one position more."""
        number = self._numbers.setdefault((stack, position), len(self.tops))
        if number == len(self.tops):
            self.tops.append(position)
            self.below.append(stack)
            self.depths.append(self.depths[stack] + deeper)
        return number


class Machine:
    """The states of a rule, numbered; `start` is where every string begins."""

    def __init__(self, plan: Blueprint, alphabet: Alphabet, *, levels: int, meter: Meter) -> None:
        self.alphabet = alphabet
        self._levels = levels
        self._meter = meter
        self._steps: list[list[tuple[tuple[int, ...], int]]] = []
        self._calls: list[list[tuple[int, int, bool]]] = []
        self._final: list[bool] = []
        self._assemble(plan)
        self._width = len(self._final)
        self._plain = [
            bool(steps) and not calls and not final
            for steps, calls, final in zip(self._steps, self._calls, self._final, strict=True)
        ]
        self._stacks = _Stacks()
        self._numbers: dict[tuple[frozenset[int], bool], int] = {}
        self._known: dict[tuple[frozenset[int], bool], int] = {}
        self._places: list[frozenset[int]] = []
        self._moves: list[dict[int, int] | None] = []
        self.accepting: list[bool] = []
        self.cut: list[bool] = []
        for cut in (False, True):
            self._number(frozenset(), cut)
        self.start = self._state({0}, False)

    def _assemble(self, plan: Blueprint) -> None:
        """Number the positions of all automata: the start of each, then its own."""
        known: dict[CharSet, tuple[int, ...]] = {}
        starts = [0]
        for automaton in plan.automata:
            starts.append(starts[-1] + 1 + len(automaton.charsets))
        for automaton, start in zip(plan.automata, starts, strict=False):
            for charset in automaton.charsets:
                if charset not in known:
                    known[charset] = tuple(bits(self.alphabet.mask(plan.read(charset))))
            reads = [known[charset] for charset in automaton.charsets]
            callees = [
                [
                    (starts[plan.called[low]], low in plan.recursive)
                    for low, _ in charset.intervals
                    if low in plan.called
                ]
                for charset in automaton.charsets
            ]
            for row in (automaton.initial, *automaton.follow):
                targets = dict.fromkeys(edge.target for edge in row)
                self._steps.append([(reads[p], start + 1 + p) for p in targets if reads[p]])
                self._calls.append(
                    [(start + 1 + p, callee, deep) for p in targets for callee, deep in callees[p]]
                )
            self._final.append(automaton.accepts_nothing)
            self._final += [p in automaton.last for p in range(len(automaton.charsets))]

    def moves(self, state: int) -> dict[int, int]:
        """The state after each class of characters that leads on."""
        known = self._moves[state]
        if known is None:
            reached: dict[tuple[int, ...], set[int]] = {}
            width, all_steps, spent = self._width, self._steps, 0
            for place in self._places[state]:
                at = place % width
                steps, base = all_steps[at], place - at
                spent += len(steps) + 1
                for numbers, target in steps:
                    if numbers in reached:
                        reached[numbers].add(base + target)
                    else:
                        reached[numbers] = {base + target}
            self._meter.spend(spent)
            known = self._by_class(reached, self.cut[state])
            self._moves[state] = known
        return known

    def _by_class(self, reached: dict[tuple[int, ...], set[int]], cut: bool) -> dict[int, int]:
        """The states after each class, from the places reached by sets of classes."""
        sets_of: dict[int, list[tuple[int, ...]]] = {}
        for numbers in reached:
            for number in numbers:
                sets_of.setdefault(number, []).append(numbers)
        alike: dict[tuple[int, ...], list[int]] = {}
        for number, sets in sets_of.items():
            alike.setdefault(tuple(map(id, sets)), []).append(number)
        moves: dict[int, int] = {}
        for members in alike.values():
            places = set[int]().union(*(reached[numbers] for numbers in sets_of[members[0]]))
            moves.update(dict.fromkeys(members, self._state(places, cut)))
        return moves

    def accepts(self, word: Iterable[int]) -> bool | None:
        """Whether a string is in the language; None when it cannot be told.

        Raises:
            SpentError: the work allowed is done.
        """
        self._meter.refill()
        state = self.start
        for code in word:
            number = self.alphabet.class_of(code)
            places = {
                place - place % self._width + target
                for place in self._places[state]
                for numbers, target in self._steps[place % self._width]
                if number in numbers
            }
            state = self._state(places, self.cut[state])
        return True if self.accepting[state] else None if self.cut[state] else False

    def _state(self, places: set[int], cut: bool) -> int:
        """The number of the state that begins with `places`."""
        key = (frozenset(places), cut)
        if key not in self._known:
            self._meter.spend(len(places))
            self._known[key] = self._number(*self._with_calls(places, cut))
        return self._known[key]

    def _number(self, places: frozenset[int], cut: bool) -> int:
        key = (places, cut)
        if key not in self._numbers:
            self._numbers[key] = len(self._places)
            self._places.append(places)
            self._moves.append(None)
            self.cut.append(cut)
            at_ends = (self._final[place] for place in places if place < self._width)
            self.accepting.append(any(at_ends))
        return self._numbers[key]

    def _with_calls(self, places: set[int], cut: bool) -> tuple[frozenset[int], bool]:
        """The places reached without reading: into the rules called, and back at their ends."""
        width, stacks, plain = self._width, self._stacks, self._plain
        steps, calls, final = self._steps, self._calls, self._final
        kept = {place for place in places if plain[place % width]}
        pending = [place for place in places if place not in kept]
        reached = set(pending)
        spent = 0
        while pending:
            place = pending.pop()
            stack, at = divmod(place, width)
            after: list[int] = []
            for target, callee, deeper in calls[at]:
                if not (steps[target] or calls[target]):
                    after.append(stack * width + callee)  # nothing follows: no need to come back
                elif deeper and stacks.depths[stack] >= self._levels:
                    cut = True
                else:
                    after.append(stacks.push(stack, target, deeper) * width + callee)
            if stack and final[at]:
                after.append(stacks.below[stack] * width + stacks.tops[stack])
            spent += len(after)
            for each in after:
                if plain[each % width]:
                    kept.add(each)
                elif each not in reached:
                    reached.add(each)
                    pending.append(each)
            if steps[at] or (not stack and final[at]):
                kept.add(place)
        self._meter.spend(spent)
        return frozenset(kept), cut
