"""Hostile strings of an expression: a prefix, one turn of a loop again and again, and a bad end.

Rules: every unbounded repetition gives a family for each way to begin its turn, so each loop a
matcher can run in is run in.  The end is chosen by the minimal automaton so that the whole string
is refused however often the turn is taken; where no end does that (the loop and what follows take
everything), the string is accepted and `refused` says so.
"""

from __future__ import annotations

from collections import deque
from collections.abc import Iterator
from dataclasses import dataclass
from typing import Final

from abnf_compiler.automata.dfa import NO_STATE, Dfa
from abnf_compiler.automata.expression import Regex, Repeat
from abnf_compiler.automata.graph import shortest_word
from abnf_compiler.automata.positions import Part, Positions

MAX_TUPLES: Final = 20_000
"""Tuples of states looked at for one end; a longer search means there is none worth having."""

Word = tuple[int, ...]


@dataclass(frozen=True, slots=True)
class PumpedFamily:
    """The strings `prefix pump* suffix`, as code points; whether each of them is refused."""

    prefix: Word
    pump: Word
    suffix: Word
    refused: bool

    def turns(self, length: int) -> int:
        """How many turns make the member nearest to a length from below; one at least."""
        return max(1, (length - len(self.prefix) - len(self.suffix)) // len(self.pump))

    def string(self, length: int) -> Word:
        """The member nearest to a length from below, with one turn at least."""
        return self.prefix + self.pump * self.turns(length) + self.suffix


def pumped_families(regex: Regex, dfa: Dfa) -> list[PumpedFamily]:
    """The hostile families of an expression, each once; `dfa` is the automaton of its language."""
    found: dict[PumpedFamily, None] = {}
    for prefix, pump in turns(regex):
        suffix = refusing_end(dfa, prefix, pump)
        if suffix is None:
            found[PumpedFamily(prefix, pump, accepting_end(dfa, prefix, pump), False)] = None
        else:
            found[PumpedFamily(prefix, pump, suffix, True)] = None
    return list(found)


def turns(regex: Regex) -> Iterator[tuple[Word, Word]]:
    """For each loop without a bound and each way to begin its turn: a way there, and the turn."""
    positions = Positions(regex)
    seen: set[tuple[Word, Word]] = set()
    for part in positions.parts:
        if not isinstance(part.regex, Repeat) or part.regex.maximum is not None or not part.parts:
            continue
        item = part.parts[-1]
        for first in dict.fromkeys(position for position, _ in item.first):
            turn = _turn(positions, item, first)
            prefix = _prefix(positions, first)
            if prefix is not None and (prefix, turn) not in seen:
                seen.add((prefix, turn))
                yield prefix, turn


def _sample(positions: Positions, place: int) -> int:
    return positions.charsets[place].sample()


def _turn(positions: Positions, item: Part, first: int) -> Word:
    """The characters of a shortest way through `item` that begins at `first`."""
    ends = {position for position, _ in item.last}

    def steps(place: int) -> Iterator[tuple[int, int]]:
        for edge in positions.follow[place]:
            if item.covers(edge.target):
                yield _sample(positions, edge.target), edge.target

    rest = shortest_word(first, steps, ends.__contains__)
    assert rest is not None, "every position of a part leads to its end"
    return (_sample(positions, first), *rest)


def _prefix(positions: Positions, goal: int) -> Word | None:
    """The characters of a shortest way to stand before the position `goal`."""

    def steps(place: int) -> Iterator[tuple[int, int]]:
        for edge in positions.initial if place < 0 else positions.follow[place]:
            yield _sample(positions, edge.target), edge.target

    word = shortest_word(-1, steps, goal.__eq__)
    return None if word is None else word[:-1]


def _pumped_states(dfa: Dfa, prefix: Word, pump: Word) -> tuple[int, ...]:
    """The states the automaton goes through for ever as the pump is repeated."""
    state = dfa.run(prefix + pump)
    order: dict[int, int] = {}
    while state not in order:
        order[state] = len(order)
        state = dfa.run(pump, state) if state >= 0 else NO_STATE
    return tuple(each for each, number in order.items() if number >= order[state])


def refusing_end(dfa: Dfa, prefix: Word, pump: Word) -> Word | None:
    """A shortest end with which the pumped string is refused after any number of turns.

    A wrong character is preferred to ending too early; None when nothing is refused.
    """
    start = _pumped_states(dfa, prefix, pump)
    outside = next((code for code in (0, 0x21, 0xFF) if dfa.alphabet.class_of(code) < 0), None)
    if outside is not None:
        return (outside,)
    words: dict[tuple[int, ...], Word] = {start: ()}
    queue = deque([start])
    while queue and len(words) < MAX_TUPLES:
        states = queue.popleft()
        for number, charset in enumerate(dfa.alphabet.classes):
            after = tuple(dfa.moves[state][number] if state >= 0 else NO_STATE for state in states)
            if after in words:
                continue
            words[after] = (*words[states], charset.sample())
            if all(state < 0 for state in after):
                return words[after]
            queue.append(after)
    ends = [word for states, word in words.items() if not dfa.accepting.intersection(states)]
    return min(ends, key=len, default=None)


def accepting_end(dfa: Dfa, prefix: Word, pump: Word) -> Word:
    """A shortest end with which the string of one turn is accepted."""
    return dfa.shortest_from(dfa.run(prefix + pump))
