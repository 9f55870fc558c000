"""How many ways an automaton has: ambiguous at all, and how fast a backtracking matcher may slow.

Rules (A. Weber, H. Seidl, "On the degree of ambiguity of finite automata", 1991; N. Weideman and
others, "Analyzing matching time behavior of backtracking regular expression matchers by using
ambiguity of NFA", 2016), for an automaton all of whose states are reachable:

- EDA: some state has two ways back to itself on one word.  The ways double with each repetition
  of the word: exponential time.
- IDA: some word leads from p to p, from p to q and from q to q, with p and q apart.  The ways
  grow with each repetition: polynomial time, at least quadratic.
- Neither: the number of ways on every word is below a constant: linear time.

Whether a state leads to acceptance does not matter here: a matcher walks all ways of a prefix.
Two edges between the same states on one character count as two ways.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from enum import Enum
from typing import Final

from abnf_compiler.automata.dfa import Nfa
from abnf_compiler.automata.graph import loops, shortest_word
from abnf_compiler.automata.normal_form import TooLargeError

MAX_STEPS: Final = 400_000
"""Pairs and triples of states one question may look at (about a second)."""


class Growth(Enum):
    """How the number of ways grows with the length of the input."""

    BOUNDED = "bounded"
    POLYNOMIAL = "polynomial"
    EXPONENTIAL = "exponential"


@dataclass(frozen=True, slots=True)
class Pump:
    """A witness of growth: `prefix`, then `pump` as often as one likes, slows the matcher."""

    prefix: tuple[int, ...]
    pump: tuple[int, ...]


@dataclass(frozen=True, slots=True)
class GrowthReport:
    """How the ways grow; with a pump unless they are bounded."""

    growth: Growth
    pump: Pump | None = None


BOUNDED: Final = GrowthReport(Growth.BOUNDED)
"""The report of an automaton with a bounded number of ways."""


class _Budget:
    def __init__(self, rule: str, cap: int) -> None:
        self._rule = rule
        self._cap = cap
        self._left = cap

    def spend(self) -> None:
        self._left -= 1
        if self._left < 0:
            raise TooLargeError(self._rule, "steps of the ambiguity test", self._cap)


def ambiguous_word(nfa: Nfa, *, rule: str = "", cap: int = MAX_STEPS) -> tuple[int, ...] | None:
    """A shortest string the automaton accepts in two ways; None when it is unambiguous.

    Raises:
        TooLargeError: the automaton has too many pairs of states for the test.
    """
    budget = _Budget(rule, cap)
    rows = nfa.moves

    def steps(node: tuple[int, int, bool]) -> Iterator[tuple[int, tuple[int, int, bool]]]:
        left, right, apart = node
        for number, (mask, target) in enumerate(rows[left]):
            for other_number, (other_mask, other) in enumerate(rows[right]):
                common = mask & other_mask
                if not common or (not apart and other_number < number):
                    continue
                parted = apart or other_number != number
                pair = (target, other) if target <= other else (other, target)
                yield low_bit(common), (*pair, parted)

    word = shortest_word(
        (0, 0, False),
        steps,
        lambda node: node[2] and node[0] in nfa.accepting and node[1] in nfa.accepting,
        visit=budget.spend,
    )
    return None if word is None else _characters(nfa, word)


def growth(nfa: Nfa, *, rule: str = "", cap: int = MAX_STEPS) -> GrowthReport:
    """How the number of ways grows, with a pump that shows it.

    Raises:
        TooLargeError: the automaton has too many pairs or triples of states for the test.
    """
    budget = _Budget(rule, cap)
    found = _exponential(nfa, budget)
    if found is not None:
        return GrowthReport(Growth.EXPONENTIAL, found)
    found = _polynomial(nfa, budget)
    if found is not None:
        return GrowthReport(Growth.POLYNOMIAL, found)
    return BOUNDED


def low_bit(mask: int) -> int:
    """The number of the lowest bit set."""
    return (mask & -mask).bit_length() - 1


def _characters(nfa: Nfa, labels: tuple[int, ...]) -> tuple[int, ...]:
    return tuple(nfa.alphabet.classes[label].sample() for label in labels)


def _state_loops(nfa: Nfa) -> list[frozenset[int]]:
    graph = {state: [target for _, target in row] for state, row in enumerate(nfa.moves)}
    return [frozenset(nodes) for nodes in loops(graph)]


def _inside(nfa: Nfa, loop: frozenset[int]) -> dict[int, list[tuple[int, int]]]:
    return {s: [move for move in nfa.moves[s] if move[1] in loop] for s in sorted(loop)}


def _exponential(nfa: Nfa, budget: _Budget) -> Pump | None:
    for loop in _state_loops(nfa):
        rows = _inside(nfa, loop)
        twins = _twin_moves(rows)
        if twins is not None:
            source, label, target = twins
            back = _way(rows, target, source)
            return _pump(nfa, source, (label, *back))
        parting = _parting_loop(rows, budget)
        if parting is None:
            continue
        state, pair, cycle = parting

        return _pump(nfa, state, _round_trip(rows, (state, state), pair, cycle))
    return None


def _twin_moves(rows: dict[int, list[tuple[int, int]]]) -> tuple[int, int, int] | None:
    """Two moves of a loop from one state to one state on a common character."""
    for source, row in rows.items():
        taken: dict[int, int] = {}
        for mask, target in row:
            common = taken.get(target, 0) & mask
            if common:
                return source, low_bit(common), target
            taken[target] = taken.get(target, 0) | mask
    return None


def _pair_steps(
    left_rows: dict[int, list[tuple[int, int]]],
    right_rows: dict[int, list[tuple[int, int]]],
    pair: tuple[int, int],
) -> Iterator[tuple[int, tuple[int, int]]]:
    for mask, target in left_rows[pair[0]]:
        for other_mask, other in right_rows[pair[1]]:
            if mask & other_mask:
                yield low_bit(mask & other_mask), (target, other)


def _parting_loop(
    rows: dict[int, list[tuple[int, int]]], budget: _Budget
) -> tuple[int, tuple[int, int], frozenset[tuple[int, int]]] | None:
    """A cycle of pairs through (q, q) and through a pair of two states."""
    graph: dict[tuple[int, int], list[tuple[int, int]]] = {}
    stack = [(state, state) for state in rows]
    while stack:
        pair = stack.pop()
        if pair not in graph:
            budget.spend()
            graph[pair] = [target for _, target in _pair_steps(rows, rows, pair)]
            stack.extend(graph[pair])
    for nodes in loops(graph):
        same = min((node for node in nodes if node[0] == node[1]), default=None)
        apart = min((node for node in nodes if node[0] != node[1]), default=None)
        if same is not None and apart is not None:
            return same[0], apart, frozenset(nodes)
    return None


def _round_trip(
    rows: dict[int, list[tuple[int, int]]],
    start: tuple[int, int],
    turn: tuple[int, int],
    cycle: frozenset[tuple[int, int]],
) -> tuple[int, ...]:
    """The labels of a way from `start` to `turn` and back, inside one cycle of pairs."""

    def steps(node: tuple[int, int]) -> Iterator[tuple[int, tuple[int, int]]]:
        return (step for step in _pair_steps(rows, rows, node) if step[1] in cycle)

    out = shortest_word(start, steps, lambda node: node == turn)
    back = shortest_word(turn, steps, lambda node: node == start)
    assert out is not None
    assert back is not None
    return out + back


def _polynomial(nfa: Nfa, budget: _Budget) -> Pump | None:
    turning = _state_loops(nfa)
    for first in turning:
        ahead = _reachable(nfa, first)
        for second in turning:
            if second is first or not second <= ahead:
                continue
            found = _between(nfa, first, second, ahead, budget)
            if found is not None:
                return found
    return None


def _reachable(nfa: Nfa, states: frozenset[int]) -> frozenset[int]:
    found = set(states)
    stack = list(states)
    while stack:
        for _, target in nfa.moves[stack.pop()]:
            if target not in found:
                found.add(target)
                stack.append(target)
    return frozenset(found)


def _between(
    nfa: Nfa, first: frozenset[int], second: frozenset[int], ahead: frozenset[int], budget: _Budget
) -> Pump | None:
    """A word that turns in both loops and leads from the first to the second."""
    first_rows, second_rows = _inside(nfa, first), _inside(nfa, second)
    graph: dict[tuple[int, int], list[tuple[int, int]]] = {}
    for pair in ((p, q) for p in first_rows for q in second_rows):
        budget.spend()
        graph[pair] = [target for _, target in _pair_steps(first_rows, second_rows, pair)]
    for nodes in loops(graph):
        cycle = frozenset(nodes)

        def steps(
            node: tuple[int, int, int], cycle: frozenset[tuple[int, int]] = cycle
        ) -> Iterator[tuple[int, tuple[int, int, int]]]:
            for mask, outer in first_rows[node[0]]:
                for other_mask, inner in second_rows[node[2]]:
                    common = mask & other_mask
                    if not common or (outer, inner) not in cycle:
                        continue
                    for way_mask, way in nfa.moves[node[1]]:
                        if common & way_mask and way in ahead:
                            yield low_bit(common & way_mask), (outer, way, inner)

        for p, q in nodes:
            word = shortest_word((p, p, q), steps, (p, q, q).__eq__, visit=budget.spend)
            if word:
                return _pump(nfa, p, word)
    return None


def _way(rows: dict[int, list[tuple[int, int]]], source: int, target: int) -> tuple[int, ...]:
    def steps(state: int) -> Iterator[tuple[int, int]]:
        return ((low_bit(mask), end) for mask, end in rows[state])

    return shortest_word(source, steps, lambda state: state == target) or ()


def _pump(nfa: Nfa, state: int, word: tuple[int, ...]) -> Pump:
    def steps(source: int) -> Iterator[tuple[int, int]]:
        return ((low_bit(mask), end) for mask, end in nfa.moves[source])

    prefix = shortest_word(0, steps, lambda node: node == state) or ()
    return Pump(_characters(nfa, prefix), _characters(nfa, word))
