"""Sentences of a rule: first a small set that shows every decision, then random ones.

Rules: the same grammar, rule and seed give the same sentences; none is longer than `max_octets`;
none comes twice.  A decision that no sentence of that length can show is left out (`Deriver.met`
tells which were shown).  Values above 255 and prose are avoided; a rule that cannot do without
them has no sentence.
"""

from __future__ import annotations

from collections.abc import Iterator
from random import Random
from typing import Final

from abnf_compiler.sentences.derivation import NEVER, Derived, Lengths
from abnf_compiler.sentences.goals import Goal, Map, goal_label
from abnf_compiler.sentences.growth import Growth, ImpossibleError
from abnf_compiler.tree import ResolvedGrammar

DEFAULT_MAX_OCTETS: Final = 512
THE_WHOLE: Final = Goal(0, -1)
"""Stands for a rule without decisions."""

READABLE_ROOM: Final = 12
"""Octets a sentence made for one goal may have above the least, so that it reads naturally."""

KNOWN_TO_END: Final = 300
"""So many known sentences in a row end a stream: the rule has no more, or hardly any."""


class Deriver:
    """Derives sentences of one rule; holds what is worth computing once.

    Args:
        grammar: the rules.
        rule: the start, in any case.
        seed: what random choices start from.
        max_octets: no sentence is longer.
    """

    def __init__(
        self,
        grammar: ResolvedGrammar,
        rule: str,
        *,
        seed: int = 0,
        max_octets: int = DEFAULT_MAX_OCTETS,
    ) -> None:
        self.map = Map(grammar, rule)
        self.max_octets = max_octets
        self.met: set[Goal] = set()
        self._grammar = grammar
        self._lengths = Lengths(grammar)
        self._random = Random(f"{rule.lower()}/{seed}")

    def covering(self) -> Iterator[tuple[Goal, Derived]]:
        """Derivations that together meet every goal that can be met, each with its goal.

        A rule that leaves nothing open has one sentence, which stands for all of it.
        """
        for goal in self.map.goals():
            if goal in self.met:
                continue
            derivation = self.towards(goal)
            if derivation is not None:
                self.met.update(self.map.met(derivation))
                yield goal, derivation
        if not self.met:
            derivation = self._derivation({}, {}, 0)
            if derivation is not None:
                yield THE_WHOLE, derivation

    def shows(self, goal: Goal) -> str:
        """What a sentence made for `goal` shows, in words."""
        place = self.map.places[goal.place]
        return f"{place.rule}: all of it" if goal == THE_WHOLE else goal_label(place, goal.choice)

    def towards(self, goal: Goal) -> Derived | None:
        """A derivation that meets `goal`; None when none of this length does."""
        for room in (READABLE_ROOM, 0):
            derivation = self._derivation(
                self.map.way(goal.place), {goal.place: goal.choice}, min(room, self.max_octets)
            )
            if derivation is not None:
                return derivation
        return None

    def at_random(self) -> Derived | None:
        """A derivation with every choice left to chance; None when it came out too long."""
        size = self._random.randint(1, max(1, self.max_octets.bit_length()))
        room = self._random.randint(0, min(self.max_octets, 1 << size))
        return self._derivation({}, {}, room)

    def _derivation(self, way: dict[int, int], forced: dict[int, int], room: int) -> Derived | None:
        top = self.map.places[0]
        if self._lengths.of(top.node) >= NEVER:
            return None
        growth = Growth(
            self._grammar,
            self._lengths,
            self._random,
            number=self.map.number,
            way=way,
            forced=forced,
            max_octets=self.max_octets,
        )
        try:
            derivation = growth.grow(top.node, top.rule, room)
        except ImpossibleError:
            return None
        return derivation if len(derivation.sentence()) <= self.max_octets else None


def covering_set(
    grammar: ResolvedGrammar, rule: str, *, seed: int = 0, max_octets: int = DEFAULT_MAX_OCTETS
) -> tuple[bytes, ...]:
    """A small set of sentences that shows every decision of the rule, each sentence once."""
    deriver = Deriver(grammar, rule, seed=seed, max_octets=max_octets)
    return tuple(dict.fromkeys(derivation.sentence() for _, derivation in deriver.covering()))


def derive(
    grammar: ResolvedGrammar, rule: str, *, seed: int = 0, max_octets: int = DEFAULT_MAX_OCTETS
) -> Iterator[bytes]:
    """Sentences of `rule`: the covering set, then random ones, each once.

    Endless for most rules: take as many as are wanted.

    Raises:
        KeyError: no such rule.
    """
    deriver = Deriver(grammar, rule, seed=seed, max_octets=max_octets)
    known: set[bytes] = set()
    for _, derivation in deriver.covering():
        sentence = derivation.sentence()
        if sentence not in known:
            known.add(sentence)
            yield sentence
    idle = 0
    while idle < KNOWN_TO_END:
        drawn = deriver.at_random()
        if drawn is None or (sentence := drawn.sentence()) in known:
            idle += 1
            continue
        idle = 0
        known.add(sentence)
        yield sentence
