"""Complete test suites of a regular rule, from its minimal automaton.

The W-method (T. S. Chow, 1978) and its smaller form, the Wp-method (S. Fujiwara and others, 1991):
every state is visited and its kind checked, then every move is made and the state it leads to is
checked.  An implementation that is a finite automaton with no more states than the rule, and that
gives the right verdict on every string of the suite, accepts exactly the rule.

Rules: the automaton is complete, so what no string may begin with is a state of its own and
counts.  The suite moves by characters that stand for others: the octets no decision of the rule
tells apart are taken to be alike (`Symbols.CLASSES`), or the ends of each interval of them are
tried as well (`Symbols.ENDS`), or nothing is taken and every octet is tried (`Symbols.OCTETS`).
The same rule, symbols and seed give the same strings in the same order.
"""

from __future__ import annotations

from collections import deque
from collections.abc import Iterator
from dataclasses import dataclass
from enum import Enum
from random import Random
from typing import Final

from abnf_compiler.automata.charset import OCTET_LIMIT, CharSet
from abnf_compiler.automata.dfa import NO_STATE, Dfa, minimal_dfa, minimise, trimmed
from abnf_compiler.automata.normal_form import TooLargeError, to_regex
from abnf_compiler.tree import ResolvedGrammar

MAX_STATES: Final = 1_000
"""States of an automaton a suite is made for; pairs of states are told apart one by one."""

MAX_STRINGS: Final = 500_000
"""Strings of a suite."""

OCTETS: Final = CharSet(((0, OCTET_LIMIT),))
Word = bytes


class Symbols(Enum):
    """Which octets stand for the alphabet."""

    CLASSES = "classes"
    ENDS = "ends"
    OCTETS = "octets"


@dataclass(frozen=True, slots=True)
class Probe:
    """One string of a suite and the verdict of the rule on it."""

    octets: bytes
    accepted: bool


@dataclass(frozen=True, slots=True)
class Suite:
    """A complete suite of one rule.

    states: of the complete minimal automaton.  symbols: octets the suite moves by.
    telling: strings that together tell every two states apart (the set W).
    """

    rule: str
    states: int
    symbols: int
    telling: tuple[Word, ...]
    probes: tuple[Probe, ...]

    @property
    def octets(self) -> int:
        """The length of all strings together."""
        return sum(len(probe.octets) for probe in self.probes)


def w_method(
    grammar: ResolvedGrammar,
    rule: str,
    *,
    symbols: Symbols = Symbols.CLASSES,
    partial: bool = True,
    seed: int = 0,
) -> Suite:
    """The suite of a regular rule (any case), over octets.

    Args:
        grammar: the rules.
        rule: the start.
        symbols: which octets are tried.
        partial: the Wp-method, which asks of a state only what tells it from the others; False
            asks all of W after every move (the W-method as Chow gave it).
        seed: the order of the strings.

    Raises:
        KeyError: no such rule.
        NotRegularError, NoAutomatonError: no automaton describes the rule.
        TooLargeError: more than `MAX_STATES` states or `MAX_STRINGS` strings.
    """
    name = grammar.rules[rule.lower()].name
    return suite(
        minimal_dfa(to_regex(grammar, rule), rule=name),
        rule=name,
        symbols=symbols,
        partial=partial,
        seed=seed,
    )


def suite(
    dfa: Dfa,
    *,
    rule: str = "",
    symbols: Symbols = Symbols.CLASSES,
    partial: bool = True,
    seed: int = 0,
) -> Suite:
    """The suite of an automaton; see `w_method`."""
    machine = _Machine(_of_octets(dfa), symbols)
    if len(machine.moves) > MAX_STATES:
        raise TooLargeError(rule, "states for a complete suite", MAX_STATES)
    telling = _telling(machine)
    needed = _needed(machine, telling) if partial else [telling] * len(machine.moves)
    strings: dict[Word, None] = {}
    for string in _strings(machine, telling, needed):
        strings[string] = None
        if len(strings) > MAX_STRINGS:
            raise TooLargeError(rule, "strings for a complete suite", MAX_STRINGS)
    ordered = sorted(strings, key=lambda string: (len(string), string))
    Random(f"W-method/{rule.lower()}/{seed}").shuffle(ordered)
    probes = tuple(Probe(string, machine.accepts(string)) for string in ordered)
    return Suite(rule, len(machine.moves), len(machine.alphabet), tuple(telling), probes)


def _of_octets(dfa: Dfa) -> Dfa:
    """The minimal automaton of the strings of a language that are made of octets."""
    classes = dfa.alphabet.classes
    if all(members.intervals[-1][1] <= OCTET_LIMIT for members in classes):
        return dfa
    rows = [
        [
            target if members & OCTETS else NO_STATE
            for members, target in zip(classes, row, strict=True)
        ]
        for row in dfa.moves
    ]
    return minimise(trimmed(dfa.alphabet, rows, set(dfa.accepting)))


class _Machine:
    """A complete automaton over octets: `moves[state][n]` is the state after `alphabet[n]`."""

    def __init__(self, dfa: Dfa, symbols: Symbols) -> None:
        chosen: dict[int, int] = {}
        unused = OCTETS
        for number, members in enumerate(dfa.alphabet.classes):
            unused = unused - members
            chosen |= dict.fromkeys(_representatives(members & OCTETS, symbols), number)
        chosen |= dict.fromkeys(_representatives(unused, symbols), -1)
        self.alphabet = sorted(chosen)
        rows = [
            [row[chosen[octet]] if chosen[octet] >= 0 else NO_STATE for octet in self.alphabet]
            for row in (dfa.moves if not dfa.is_empty else ())
        ]
        sink = len(rows)
        if not rows or any(NO_STATE in row for row in rows):
            rows.append([sink] * len(self.alphabet))
        self.moves = [[target if target >= 0 else sink for target in row] for row in rows]
        self.accepting = dfa.accepting
        self._numbers = {octet: number for number, octet in enumerate(self.alphabet)}

    def after(self, state: int, word: Word) -> int:
        """The state that `word` leads to from `state`."""
        for octet in word:
            state = self.moves[state][self._numbers[octet]]
        return state

    def accepts(self, word: Word) -> bool:
        """The verdict on a string of the alphabet."""
        return self.after(0, word) in self.accepting

    def access(self) -> list[Word]:
        """A shortest word to each state."""
        words: dict[int, Word] = {0: b""}
        queue = deque([0])
        while queue:
            state = queue.popleft()
            for octet, target in zip(self.alphabet, self.moves[state], strict=True):
                if target not in words:
                    words[target] = words[state] + bytes((octet,))
                    queue.append(target)
        return [words[state] for state in range(len(self.moves))]


def _representatives(members: CharSet, symbols: Symbols) -> Iterator[int]:
    if not members:
        return
    yield members.sample()
    if symbols is Symbols.OCTETS:
        yield from members
    elif symbols is Symbols.ENDS:
        for first, last in members.intervals:
            yield first
            yield last


def _telling(machine: _Machine) -> list[Word]:
    """The set W: words so that any two states differ on one of them, shortest first.

    States are kept in groups that the words so far do not tell apart.  A word is taken for two
    members of a group from the table of steps that part them, and splits every group.
    """
    steps = _parting_steps(machine)
    groups = [list(range(len(machine.moves)))]
    words: list[Word] = []
    while group := next((group for group in groups if len(group) > 1), None):
        word = min(
            (_parting_word(machine, steps, group[0], other) for other in group[1:]),
            key=lambda word: (len(word), word),
        )
        words.append(word)
        groups = [part for group in groups for part in _split(machine, group, word)]
    return sorted(words, key=lambda word: (len(word), word))


def _split(machine: _Machine, group: list[int], word: Word) -> list[list[int]]:
    parts: dict[bool, list[int]] = {}
    for state in group:
        parts.setdefault(machine.after(state, word) in machine.accepting, []).append(state)
    return list(parts.values())


def _parting_steps(machine: _Machine) -> dict[tuple[int, int], int]:
    """For each two states (lower first) the number of the first symbol of a shortest word that
    tells them apart; -1 where the empty word does."""
    count, width = len(machine.moves), len(machine.alphabet)
    back: list[list[list[int]]] = [[[] for _ in range(width)] for _ in range(count)]
    for state, row in enumerate(machine.moves):
        for number, target in enumerate(row):
            back[target][number].append(state)
    steps = {
        (left, right): -1
        for left in range(count)
        for right in range(left + 1, count)
        if (left in machine.accepting) != (right in machine.accepting)
    }
    queue = deque(steps)
    while queue:
        left, right = queue.popleft()
        for number in range(width):
            for one in back[left][number]:
                for other in back[right][number]:
                    pair = (one, other) if one < other else (other, one)
                    if pair not in steps:
                        steps[pair] = number
                        queue.append(pair)
    return steps


def _parting_word(
    machine: _Machine, steps: dict[tuple[int, int], int], left: int, right: int
) -> Word:
    word = bytearray()
    while (number := steps[min(left, right), max(left, right)]) >= 0:
        word.append(machine.alphabet[number])
        left, right = machine.moves[left][number], machine.moves[right][number]
    return bytes(word)


def _needed(machine: _Machine, telling: list[Word]) -> list[list[Word]]:
    """For each state words of W that tell it from every other state, chosen greedily."""
    verdicts = [
        [machine.after(state, word) in machine.accepting for word in telling]
        for state in range(len(machine.moves))
    ]
    patterns = [sum(bit << number for number, bit in enumerate(row)) for row in verdicts]
    needed: list[list[Word]] = []
    for state, pattern in enumerate(patterns):
        others = [pattern ^ other for number, other in enumerate(patterns) if number != state]
        chosen: list[Word] = []
        while others:
            best = max(range(len(telling)), key=lambda number: sum(o >> number & 1 for o in others))
            chosen.append(telling[best])
            others = [other for other in others if not other >> best & 1]
        needed.append(chosen)
    return needed


def _strings(machine: _Machine, telling: list[Word], needed: list[list[Word]]) -> Iterator[Word]:
    """Each state and all of W, then each move and what the state it leads to needs."""
    access = machine.access()
    for word in access:
        yield word
        yield from (word + tail for tail in telling)
    reached = set(access)
    for state, word in enumerate(access):
        for octet, target in zip(machine.alphabet, machine.moves[state], strict=True):
            longer = word + bytes((octet,))
            if longer not in reached:
                yield longer
                yield from (longer + tail for tail in needed[target])
