"""Deterministic automata: subset construction, minimisation, and what a refused string expected.

Rules: states are numbers, 0 is the start; a missing move is -1, and every state of a `Dfa` leads
to acceptance (dead states are cut off), so the characters with a move are exactly the characters
that may come next.  Moves go by the classes of an `Alphabet`.
"""

from __future__ import annotations

from collections import deque
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from typing import Final

from abnf_compiler.automata.charset import Alphabet, CharSet, bits
from abnf_compiler.automata.expression import Regex
from abnf_compiler.automata.normal_form import TooLargeError
from abnf_compiler.automata.positions import Positions

MAX_STATES: Final = 20_000
"""States a subset construction may make; the largest of 32 RFC grammars needed 6,000."""

NO_STATE: Final = -1


@dataclass(frozen=True, slots=True)
class Nfa:
    """An automaton that may have several ways: `moves[state]` lists (classes, target) pairs.

    State 0 is the start and has no move into it.
    """

    alphabet: Alphabet
    moves: tuple[tuple[tuple[int, int], ...], ...]
    accepting: frozenset[int]


def position_nfa(positions: Positions, alphabet: Alphabet | None = None) -> Nfa:
    """The position automaton as an `Nfa`: position p is state p + 1."""
    masks = positions.masks
    if alphabet is not None:
        masks = [alphabet.mask(charset) for charset in positions.charsets]
    rows = [positions.initial, *positions.follow]
    accepting = {position + 1 for position in positions.last}
    if positions.accepts_nothing:
        accepting.add(0)
    return Nfa(
        positions.alphabet if alphabet is None else alphabet,
        tuple(tuple((masks[edge.target], edge.target + 1) for edge in row) for row in rows),
        frozenset(accepting),
    )


@dataclass(frozen=True, slots=True)
class Refusal:
    """Where a string left a language: the offset, what was expected there, whether it may end."""

    position: int
    expected: CharSet
    may_end: bool


class Dfa:
    """A deterministic automaton: `moves[state][class]` is a state or -1."""

    __slots__ = ("accepting", "alphabet", "moves")

    def __init__(
        self, alphabet: Alphabet, moves: Sequence[Sequence[int]], accepting: Iterable[int]
    ) -> None:
        self.alphabet = alphabet
        self.moves: tuple[tuple[int, ...], ...] = tuple(tuple(row) for row in moves)
        self.accepting = frozenset(accepting)

    def __len__(self) -> int:
        return len(self.moves)

    @property
    def is_empty(self) -> bool:
        """Whether the automaton accepts nothing at all."""
        return not self.accepting

    def run(self, codes: Iterable[int], state: int = 0) -> int:
        """The state after reading `codes`, or -1."""
        for code in codes:
            number = self.alphabet.class_of(code)
            state = self.moves[state][number] if number >= 0 else NO_STATE
            if state < 0:
                return NO_STATE
        return state

    def accepts(self, codes: Iterable[int]) -> bool:
        """Whether the whole of `codes` is in the language."""
        return not self.is_empty and self.run(codes) in self.accepting

    def expected(self, state: int) -> CharSet:
        """The characters that may come next in `state`."""
        row = self.moves[state]
        return self.alphabet.charset(
            sum(1 << number for number, target in enumerate(row) if target >= 0)
        )

    def expected_after(self, prefix: Iterable[int]) -> CharSet | None:
        """The characters that may follow `prefix`; None when no string begins so."""
        state = self.run(prefix)
        return None if self.is_empty or state < 0 else self.expected(state)

    def refusal(self, codes: Sequence[int]) -> Refusal | None:
        """Where and why `codes` is refused; None when it is accepted.

        The position is that of the first character that cannot stand there, or the length of
        the string when it ends too early.
        """
        if self.is_empty:
            return Refusal(0, CharSet(), False)
        state = 0
        for position, code in enumerate(codes):
            number = self.alphabet.class_of(code)
            target = self.moves[state][number] if number >= 0 else NO_STATE
            if target < 0:
                return Refusal(position, self.expected(state), state in self.accepting)
            state = target
        if state in self.accepting:
            return None
        return Refusal(len(codes), self.expected(state), False)

    def shortest(self) -> tuple[int, ...] | None:
        """A shortest accepted string, made of readable characters where possible."""
        return None if self.is_empty else self.shortest_from(0)

    def shortest_from(self, state: int) -> tuple[int, ...]:
        """A shortest string that leads from `state` to acceptance."""
        words: dict[int, tuple[int, ...]] = {state: ()}
        queue = deque([state])
        while queue:
            here = queue.popleft()
            if here in self.accepting:
                return words[here]
            for number, target in enumerate(self.moves[here]):
                if target >= 0 and target not in words:
                    words[target] = (*words[here], self.alphabet.classes[number].sample())
                    queue.append(target)
        raise AssertionError("every state of a Dfa leads to acceptance")


def refusal_of(nfa: Nfa, codes: Sequence[int]) -> Refusal | None:
    """Where and why `codes` is refused, read state by state; for automata too large for a `Dfa`.

    Every state of `nfa` has to lead to acceptance, as those of a position automaton do.
    """
    states = {0}
    for position, code in enumerate(codes):
        bit = 1 << nfa.alphabet.class_of(code) if nfa.alphabet.class_of(code) >= 0 else 0
        after = {target for state in states for mask, target in nfa.moves[state] if mask & bit}
        if not after:
            return Refusal(position, _expected(nfa, states), bool(states & nfa.accepting))
        states = after
    if states & nfa.accepting:
        return None
    return Refusal(len(codes), _expected(nfa, states), False)


def _expected(nfa: Nfa, states: set[int]) -> CharSet:
    classes = 0
    for state in states:
        for mask, _ in nfa.moves[state]:
            classes |= mask
    return nfa.alphabet.charset(classes)


def determinise(nfa: Nfa, *, rule: str = "", cap: int = MAX_STATES) -> Dfa:
    """The subset construction over character classes, dead states cut off.

    Raises:
        TooLargeError: more than `cap` states.
    """
    steps = [[(tuple(bits(mask)), target) for mask, target in row if mask] for row in nfa.moves]
    width = len(nfa.alphabet.classes)
    numbers: dict[frozenset[int], int] = {frozenset({0}): 0}
    queue = [frozenset({0})]
    moves: list[list[int]] = []
    for subset in queue:
        reached: list[set[int]] = [set() for _ in range(width)]
        for state in subset:
            for classes, target in steps[state]:
                for number in classes:
                    reached[number].add(target)
        row = []
        for targets in reached:
            if not targets:
                row.append(NO_STATE)
                continue
            key = frozenset(targets)
            if key not in numbers:
                if len(numbers) >= cap:
                    raise TooLargeError(rule, "states", cap)
                numbers[key] = len(numbers)
                queue.append(key)
            row.append(numbers[key])
        moves.append(row)
    accepting = {number for subset, number in numbers.items() if subset & nfa.accepting}
    return trimmed(nfa.alphabet, moves, accepting)


def trimmed(alphabet: Alphabet, moves: Sequence[Sequence[int]], accepting: set[int]) -> Dfa:
    """The part that lies between the start and acceptance, renumbered from 0 breadth first."""
    back: list[list[int]] = [[] for _ in moves]
    for state, row in enumerate(moves):
        for target in set(row):
            if target >= 0:
                back[target].append(state)
    live = set(accepting)
    stack = list(accepting)
    while stack:
        for source in back[stack.pop()]:
            if source not in live:
                live.add(source)
                stack.append(source)
    if 0 not in live:
        return Dfa(alphabet, [[NO_STATE] * len(alphabet.classes)], ())
    numbers = {0: 0}
    queue = [0]
    for state in queue:
        for target in moves[state]:
            if target in live and target not in numbers:
                numbers[target] = len(numbers)
                queue.append(target)
    return Dfa(
        alphabet,
        [[numbers.get(target, NO_STATE) for target in moves[state]] for state in queue],
        {numbers[state] for state in accepting if state in numbers},
    )


def minimise(dfa: Dfa) -> Dfa:
    """The smallest automaton of the same language (J. Hopcroft's partition refinement).

    A missing move needs no state of its own, since every state leads to acceptance: all blocks
    are used to split once, then the smaller part of each block split (A. Valmari, 2012).
    """
    back: list[list[tuple[int, int]]] = [[] for _ in dfa.moves]
    for state, row in enumerate(dfa.moves):
        for number, target in enumerate(row):
            if target >= 0:
                back[target].append((number, state))
    halves = [set(dfa.accepting), set(range(len(dfa))) - dfa.accepting]
    blocks = [half for half in halves if half]
    block_of = [0] * len(dfa)
    for number, block in enumerate(blocks):
        for state in block:
            block_of[state] = number
    waiting = set(range(len(blocks)))
    while waiting:
        into: dict[int, list[int]] = {}
        for target in blocks[waiting.pop()]:
            for number, state in back[target]:
                into.setdefault(number, []).append(state)
        for states in into.values():
            touched: dict[int, set[int]] = {}
            for state in states:
                touched.setdefault(block_of[state], set()).add(state)
            for number, part in touched.items():
                if len(part) == len(blocks[number]):
                    continue
                rest = blocks[number] - part
                small, large = (part, rest) if len(part) <= len(rest) else (rest, part)
                blocks[number] = large
                blocks.append(small)
                for state in small:
                    block_of[state] = len(blocks) - 1
                waiting.add(len(blocks) - 1)
    return _merged(dfa, block_of)


def _merged(dfa: Dfa, block_of: list[int]) -> Dfa:
    """The automaton whose states are the blocks, the block of the start numbered 0."""
    order = list(dict.fromkeys(block_of))
    numbers = {block: number for number, block in enumerate(order)}
    moves: list[list[int]] = [[] for _ in order]
    for state, row in enumerate(dfa.moves):
        if not moves[numbers[block_of[state]]]:
            moves[numbers[block_of[state]]] = [
                numbers[block_of[target]] if target >= 0 else NO_STATE for target in row
            ]
    return trimmed(dfa.alphabet, moves, {numbers[block_of[state]] for state in dfa.accepting})


def minimal_dfa(regex: Regex, *, rule: str = "", cap: int = MAX_STATES) -> Dfa:
    """The minimal automaton of an expression."""
    return minimise(determinise(position_nfa(Positions(regex)), rule=rule, cap=cap))
