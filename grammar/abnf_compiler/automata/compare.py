"""Two languages side by side: equal, included, and the shortest string that tells them apart."""

from __future__ import annotations

from collections import deque
from collections.abc import Callable
from dataclasses import dataclass
from typing import TypeAlias

from abnf_compiler.automata.charset import Alphabet, bits
from abnf_compiler.automata.dfa import MAX_STATES, NO_STATE, Dfa, Nfa, minimal_dfa, position_nfa
from abnf_compiler.automata.normal_form import TooLargeError, to_regex
from abnf_compiler.automata.positions import Positions
from abnf_compiler.tree import ResolvedGrammar

_Subset: TypeAlias = frozenset[int]
_Pair: TypeAlias = tuple[_Subset, _Subset]


@dataclass(frozen=True, slots=True)
class Comparison:
    """A shortest string only the left language has, and one only the right has; None is none."""

    only_left: tuple[int, ...] | None
    only_right: tuple[int, ...] | None

    @property
    def equal(self) -> bool:
        """Whether the languages are the same."""
        return self.only_left is None and self.only_right is None


def difference(left: Dfa, right: Dfa) -> tuple[int, ...] | None:
    """A shortest string of `left` that `right` refuses; None when `left` is within `right`."""
    if left.is_empty:
        return None
    alphabet = Alphabet([*left.alphabet.classes, *right.alphabet.classes])
    ours = [left.alphabet.class_of(members.lowest) for members in alphabet.classes]
    theirs = [right.alphabet.class_of(members.lowest) for members in alphabet.classes]
    start = (0, NO_STATE if right.is_empty else 0)
    words: dict[tuple[int, int], tuple[int, ...]] = {start: ()}
    queue = deque([start])
    while queue:
        pair = queue.popleft()
        mine, other = pair
        if mine in left.accepting and other not in right.accepting:
            return words[pair]
        for number, members in enumerate(alphabet.classes):
            target = left.moves[mine][ours[number]] if ours[number] >= 0 else NO_STATE
            if target < 0:
                continue
            beside = NO_STATE
            if other >= 0 and theirs[number] >= 0:
                beside = right.moves[other][theirs[number]]
            if (target, beside) not in words:
                words[target, beside] = (*words[pair], members.sample())
                queue.append((target, beside))
    return None


def included(left: Dfa, right: Dfa) -> bool:
    """Whether every string of `left` is one of `right`."""
    return difference(left, right) is None


def equal(left: Dfa, right: Dfa) -> bool:
    """Whether the two languages are the same."""
    return included(left, right) and included(right, left)


def shortest_surplus(
    left: Positions, right: Positions, *, rule: str = "", cap: int = MAX_STATES
) -> tuple[int, ...] | None:
    """A shortest string of `left` that `right` refuses; None when `left` is within `right`.

    The subsets of states are made while the search goes on, so that a string that is found early
    is found however large the automata would be.

    Raises:
        TooLargeError: `cap` pairs of subsets did not decide it.
    """
    alphabet = Alphabet([*left.charsets, *right.charsets])
    ours, theirs = position_nfa(left, alphabet), position_nfa(right, alphabet)
    steps = (_subset_steps(ours), _subset_steps(theirs))
    start = (frozenset({0}), frozenset({0}))
    before: dict[_Pair, tuple[_Pair, int] | None] = {start: None}
    queue = deque([start])
    while queue:
        pair = queue.popleft()
        if pair[0] & ours.accepting and not pair[1] & theirs.accepting:
            return _word(before, pair, alphabet)
        mine, other = (step(subset) for step, subset in zip(steps, pair, strict=True))
        for number, target in mine.items():
            beside = (target, other.get(number, frozenset()))
            if beside not in before:
                if len(before) >= cap:
                    raise TooLargeError(rule, "pairs of states", cap)
                before[beside] = (pair, number)
                queue.append(beside)
    return None


def _subset_steps(nfa: Nfa) -> Callable[[_Subset], dict[int, _Subset]]:
    """The subsets that the moves of a subset lead to, by class."""
    rows = [[(tuple(bits(mask)), target) for mask, target in row if mask] for row in nfa.moves]
    known: dict[_Subset, dict[int, _Subset]] = {}

    def steps(subset: _Subset) -> dict[int, _Subset]:
        if subset not in known:
            reached: dict[int, set[int]] = {}
            for state in subset:
                for classes, target in rows[state]:
                    for number in classes:
                        reached.setdefault(number, set()).add(target)
            known[subset] = {number: frozenset(reached[number]) for number in sorted(reached)}
        return known[subset]

    return steps


def _word(
    before: dict[_Pair, tuple[_Pair, int] | None], pair: _Pair, alphabet: Alphabet
) -> tuple[int, ...]:
    word: list[int] = []
    while (step := before[pair]) is not None:
        pair = step[0]
        word.append(alphabet.classes[step[1]].sample())
    return tuple(reversed(word))


def compare_rules(
    left: ResolvedGrammar, left_rule: str, right: ResolvedGrammar, right_rule: str
) -> Comparison:
    """Compare a rule of one grammar with a rule of another, or of the same."""
    ours = minimal_dfa(to_regex(left, left_rule), rule=left_rule)
    theirs = minimal_dfa(to_regex(right, right_rule), rule=right_rule)
    return Comparison(difference(ours, theirs), difference(theirs, ours))
