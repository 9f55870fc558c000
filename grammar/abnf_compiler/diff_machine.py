"""The automaton of one rule, with a stack for calls; its states come up as they are asked for.

Rules: a state is a set of places to be at, each with the places to return to.  Calls nest up to a
number of levels: a state that lost a way because of that is `cut`, and so is every state after it;
all others are exact.  Work is metered, so that no grammar takes for ever.
"""

from __future__ import annotations

from collections.abc import Iterable
from typing import Final, TypeAlias

from abnf_compiler.automata.charset import Alphabet, bits
from abnf_compiler.diff_blueprint import Blueprint

DEAD: Final = 0
"""The state that accepts nothing any more."""

LOST: Final = 1
"""The state of which nothing is known any more."""

_Place: TypeAlias = tuple[int, tuple[int, ...]]
"""Where to be in the automata, and where to go on when this one and those around it end."""


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


class Machine:
    """The states of a rule, numbered; `START` is where every string begins."""

    def __init__(self, plan: Blueprint, alphabet: Alphabet, *, levels: int, meter: Meter) -> None:
        self.alphabet = alphabet
        self._levels = levels
        self._meter = meter
        self._steps: list[list[tuple[tuple[int, ...], int]]] = []
        self._calls: list[list[tuple[int, int]]] = []
        self._final: list[bool] = []
        self._assemble(plan)
        self._numbers: dict[tuple[frozenset[_Place], bool], int] = {}
        self._known: dict[tuple[frozenset[_Place], bool], int] = {}
        self._places: list[frozenset[_Place]] = []
        self.accepting: list[bool] = []
        self.cut: list[bool] = []
        self._moves: list[dict[int, int] | None] = []
        for cut in (False, True):
            self._number(frozenset(), cut)
        self.start = self._state({(0, ())}, False)

    def _assemble(self, plan: Blueprint) -> None:
        """Number the places of all automata: the start of each, then its positions."""
        starts = [0]
        for automaton in plan.automata:
            starts.append(starts[-1] + 1 + len(automaton.charsets))
        for automaton, start in zip(plan.automata, starts, strict=False):
            reads = [
                tuple(bits(self.alphabet.mask(plan.read(charset)))) for charset in automaton.charsets
            ]
            callees = [
                [starts[plan.called[low]] for low, _ in charset.intervals if low in plan.called]
                for charset in automaton.charsets
            ]
            for row in (automaton.initial, *automaton.follow):
                targets = dict.fromkeys(edge.target for edge in row)
                self._steps.append([(reads[p], start + 1 + p) for p in targets if reads[p]])
                self._calls.append(
                    [(start + 1 + p, callee) for p in targets for callee in callees[p]]
                )
            self._final.append(automaton.accepts_nothing)
            self._final += [p in automaton.last for p in range(len(automaton.charsets))]

    def moves(self, state: int) -> dict[int, int]:
        """The state after each class of characters that leads on."""
        known = self._moves[state]
        if known is None:
            reached: dict[int, set[_Place]] = {}
            for place, back in self._places[state]:
                steps = self._steps[place]
                self._meter.spend(len(steps) + 1)
                for numbers, target in steps:
                    for number in numbers:
                        reached.setdefault(number, set()).add((target, back))
            cut = self.cut[state]
            known = {number: self._state(places, cut) for number, places in reached.items()}
            self._moves[state] = known
        return known

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
                (target, back)
                for place, back in self._places[state]
                for numbers, target in self._steps[place]
                if number in numbers
            }
            state = self._state(places, self.cut[state])
        return True if self.accepting[state] else None if self.cut[state] else False

    def _state(self, places: set[_Place], cut: bool) -> int:
        """The number of the state that begins with `places`."""
        key = (frozenset(places), cut)
        if key not in self._known:
            self._meter.spend(len(places))
            self._known[key] = self._number(*self._with_calls(places, cut))
        return self._known[key]

    def _number(self, places: frozenset[_Place], cut: bool) -> int:
        key = (places, cut)
        if key not in self._numbers:
            self._numbers[key] = len(self._places)
            self._places.append(places)
            self._moves.append(None)
            self.cut.append(cut)
            self.accepting.append(any(self._final[at] and not back for at, back in places))
        return self._numbers[key]

    def _with_calls(self, places: set[_Place], cut: bool) -> tuple[frozenset[_Place], bool]:
        """The places reached without reading: into the rules called, and back at their ends."""
        pending = list(places)
        reached = set(places)
        while pending:
            at, back = pending.pop()
            after: list[_Place] = []
            for target, callee in self._calls[at]:
                if not (self._steps[target] or self._calls[target]):
                    after.append((callee, back))  # nothing follows here: no need to come back
                elif len(back) < self._levels:
                    after.append((callee, (target, *back)))
                else:
                    cut = True
            if back and self._final[at]:
                after.append((back[0], back[1:]))
            self._meter.spend(len(after))
            for place in after:
                if place not in reached:
                    reached.add(place)
                    pending.append(place)
        kept = (
            (at, back) for at, back in reached if self._steps[at] or (self._final[at] and not back)
        )
        return frozenset(kept), cut
