"""Two languages side by side: equal, included, and the shortest string that tells them apart."""

from __future__ import annotations

from collections import deque
from dataclasses import dataclass

from abnf_compiler.automata.charset import Alphabet
from abnf_compiler.automata.dfa import NO_STATE, Dfa, minimal_dfa
from abnf_compiler.automata.normal_form import to_regex
from abnf_compiler.tree import ResolvedGrammar


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


def compare_rules(
    left: ResolvedGrammar, left_rule: str, right: ResolvedGrammar, right_rule: str
) -> Comparison:
    """Compare a rule of one grammar with a rule of another, or of the same."""
    ours = minimal_dfa(to_regex(left, left_rule), rule=left_rule)
    theirs = minimal_dfa(to_regex(right, right_rule), rule=right_rule)
    return Comparison(difference(ours, theirs), difference(theirs, ours))
