"""Two machines side by side: strings that only one of them accepts, shortest first.

Rules: pairs of states are visited in the order of the length of the strings that lead to them, each
once; the string that led to a pair stands for all that do.  Where both machines are exact the
search is a proof; otherwise it says up to which length every string was compared.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, field
from enum import Enum
from typing import Final, TypeAlias

from abnf_compiler.automata.charset import CharSet
from abnf_compiler.diff_machine import DEAD, LOST, Machine, Meter, SpentError

Word: TypeAlias = tuple[int, ...]


class Verdict(Enum):
    """What a word is worth that one machine accepts and the other does not."""

    WITNESS = "it tells the two apart"
    DOUBT = "it may not; another word may"
    HOPELESS = "it may not, and no word can"


Judge: TypeAlias = Callable[[bool, Word, bool], Verdict]
"""Decides on a word: whether the new side refuses it, the word, whether its state is exact."""

_OLD: Final = 0
_NEW: Final = 1


@dataclass(slots=True)
class Direction:
    """What is known of the strings that one side accepts and the other refuses.

    word: one of them.  shortest: whether it is known to be.  proved: there is none.  supposed: one
    of them if prose stood for itself.  hopeless: no string can tell.
    """

    word: Word | None = None
    shortest: bool = False
    proved: bool = False
    supposed: Word | None = None
    hopeless: bool = False

    @property
    def settled(self) -> bool:
        """Whether there is nothing more to look for."""
        return self.proved or self.hopeless or self.word is not None


@dataclass(slots=True)
class Directions:
    """Both directions, and how far they were searched.

    complete: every string of at most this length was compared; -1 is none.  strings: how many
    strings were compared, for themselves or for all that lead to the same states.  stopped: why
    the last search ended early; "" when it did not.
    """

    only_old: Direction = field(default_factory=Direction)
    only_new: Direction = field(default_factory=Direction)
    complete: int = -1
    strings: int = 0
    stopped: str = ""

    @property
    def settled(self) -> bool:
        """Whether there is nothing more to look for."""
        return self.only_old.settled and self.only_new.settled


def search(
    old: Machine,
    new: Machine,
    found: Directions,
    *,
    meter: Meter,
    max_pairs: int,
    judge: Judge,
) -> int:
    """Look for what is not settled in `found`; the number of pairs visited.

    The machines share their alphabet.
    """
    return _Search(old, new, found, max_pairs, judge).run(meter)


class _Search:
    def __init__(
        self,
        old: Machine,
        new: Machine,
        found: Directions,
        max_pairs: int,
        judge: Judge,
    ) -> None:
        self._sides = (old, new)
        self._found = found
        self._max_pairs = max_pairs
        self._judge = judge
        self._readable = [_readable(members) for members in old.alphabet.classes]
        self._order = sorted(range(len(self._readable)), key=lambda n: _rank(self._readable[n]))
        self._pairs: list[tuple[int, int]] = []
        self._before: list[tuple[int, int]] = []  # the pair before, and the class read
        self._doubtful = [False, False]

    def run(self, meter: Meter) -> int:
        """Visit pairs, one length of strings after the other; how many there were."""
        found = self._found
        found.stopped = ""
        seen = {(self._sides[_OLD].start, self._sides[_NEW].start)}
        self._pairs = list(seen)
        self._before = [(-1, -1)]
        begin, length, exact = 0, 0, True
        cut = [False, False]
        try:
            while begin < len(self._pairs) and not found.settled:
                end = len(self._pairs)
                for index in range(begin, end):
                    self._compare(index, exact)
                for side in (_OLD, _NEW):
                    cut[side] = cut[side] or any(
                        self._sides[side].cut[pair[side]] for pair in self._pairs[begin:end]
                    )
                exact = exact and not any(cut) and not any(self._doubtful)
                if exact:
                    found.complete = max(found.complete, length)
                for index in range(begin, end):
                    meter.spend(1)
                    self._extend(index, seen)
                    if len(seen) > self._max_pairs:
                        raise SpentError(f"more than {self._max_pairs} pairs of states")
                begin, length = end, length + 1
        except SpentError as limit:
            found.stopped = str(limit)
        else:
            for side, direction in ((_OLD, found.only_old), (_NEW, found.only_new)):
                if not (direction.settled or cut[side] or self._doubtful[side]):
                    direction.proved = True
        found.strings = max(found.strings, len(self._pairs))
        return len(self._pairs)

    def _compare(self, index: int, exact: bool) -> None:
        """Note when the string of this pair is accepted on one side only."""
        pair = self._pairs[index]
        accepted = [self._sides[side].accepting[pair[side]] for side in (_OLD, _NEW)]
        for side, direction in ((_OLD, self._found.only_old), (_NEW, self._found.only_new)):
            other = 1 - side
            if direction.settled or not accepted[side] or accepted[other]:
                continue
            word = self._word(index)
            certain = not self._sides[other].cut[pair[other]]
            verdict = self._judge(other == _NEW, word, certain)
            if verdict is Verdict.WITNESS:
                direction.word, direction.shortest = word, exact
            else:
                self._doubtful[side] = True
                direction.hopeless = verdict is Verdict.HOPELESS

    def _extend(self, index: int, seen: set[tuple[int, int]]) -> None:
        """Add the pairs one character further on that may still matter."""
        pair = self._pairs[index]
        moves = [self._sides[side].moves(pair[side]) for side in (_OLD, _NEW)]
        ends = [LOST if self._sides[side].cut[pair[side]] else DEAD for side in (_OLD, _NEW)]
        for number in self._order:
            if number not in moves[_OLD] and number not in moves[_NEW]:
                continue
            target = (
                moves[_OLD].get(number, ends[_OLD]),
                moves[_NEW].get(number, ends[_NEW]),
            )
            if target not in seen and self._matters(target):
                seen.add(target)
                self._pairs.append(target)
                self._before.append((index, number))

    def _matters(self, pair: tuple[int, int]) -> bool:
        """Whether a string that goes on from here can settle something."""
        if pair[_NEW] == DEAD:
            return not self._found.only_old.settled
        if pair[_OLD] == DEAD:
            return not self._found.only_new.settled
        return True

    def _word(self, index: int) -> Word:
        """The string that led to a pair."""
        codes: list[int] = []
        while index:
            index, number = self._before[index]
            codes.append(self._readable[number])
        return tuple(reversed(codes))


def _readable(members: CharSet) -> int:
    """A character that stands for a class: one that reads well, a symbol at worst."""
    real = CharSet(tuple(each for each in members.intervals if each[0] >= 0))
    return real.sample() if real else members.lowest


def _rank(code: int) -> tuple[int, int]:
    """Readable characters come first where strings are equally long."""
    char = chr(code) if code >= 0 else ""
    if not char:
        return 5, -code
    if char.isascii() and char.isalnum():
        return 0 if char.islower() else 1 if char.isupper() else 2, code
    return 3 if "!" <= char <= "~" else 4, code
