"""When a repetition may keep what it took: `(?>(?:X)*)` before what follows, without loss.

Let F be the strings that may follow the repetition.  Taking as many X as there are and never
giving one back loses no match, and takes what greedy backtracking takes, when

1. no word of X is the beginning of another (X is a prefix code), so that the words of X at the
   front of a string are fixed, and
2. whatever remains of a word of F after a word of X is in F too (X^-1 F is within F), so that
   taking one X more never spoils the rest.

The same holds for an option `[X]`.  Both are decided on deterministic automata.

`committed_nfa` is the automaton of a matcher that keeps what it took: having left a committed
repetition it goes on only while what it reads does not begin with a word of X.  Its ways are at
least those such a matcher walks, so bounded growth there (ambiguity.py) proves linear time.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Final, TypeAlias

from abnf_compiler.automata.charset import Alphabet, bits
from abnf_compiler.automata.dfa import (
    MAX_STATES,
    Dfa,
    Nfa,
    determinise,
    minimal_dfa,
    minimise,
    position_nfa,
)
from abnf_compiler.automata.expression import Regex, Repeat, walk
from abnf_compiler.automata.graph import shortest_word
from abnf_compiler.automata.normal_form import TooLargeError
from abnf_compiler.automata.positions import Edge, Part, Positions

_BEFORE: Final = -2
_AFTER: Final = -1

_Watch: TypeAlias = frozenset[tuple[int, int]]
"""What a committed automaton still has to refuse: (site, state of the automaton of X) pairs."""


@dataclass(frozen=True, slots=True)
class CommitCheck:
    """Whether a repetition may be committed; when not, the reason and a string that shows it.

    `witness` is a word of X that begins a longer one, or the part of a string of F that would
    be lost.
    """

    safe: bool
    reason: str = ""
    witness: tuple[int, ...] = ()


def is_prefix_code(dfa: Dfa) -> bool:
    """Whether no accepted string is the beginning of another; `dfa` holds no dead state."""
    return all(target < 0 for state in dfa.accepting for target in dfa.moves[state])


def continuation(positions: Positions, part: Part) -> Nfa:
    """What may follow a copy of a part, up to the end of the whole expression."""
    masks = positions.masks
    edges, may_end = positions.exits(part)
    rows = [edges, *positions.follow]
    accepting = {position + 1 for position in positions.last}
    return Nfa(
        positions.alphabet,
        tuple(tuple((masks[edge.target], edge.target + 1) for edge in row) for row in rows),
        frozenset(accepting | {0} if may_end else accepting),
    )


def commit_check(positions: Positions, part: Part, *, rule: str = "") -> CommitCheck:
    """Whether the repetition `part` (an option or an unbounded loop) may be committed."""
    if not isinstance(part.regex, Repeat):
        raise TypeError("only a repetition can be committed")
    body = minimal_dfa(part.regex.item, rule=rule)
    if not is_prefix_code(body):
        return CommitCheck(
            False, "a word of the loop begins a longer one", _word_that_goes_on(body)
        )
    follow = minimise(determinise(continuation(positions, part), rule=rule))
    lost = _lost(body, follow)
    if lost is not None:
        return CommitCheck(False, "taking one more would lose the rest", lost)
    return CommitCheck(True)


def _word_that_goes_on(dfa: Dfa) -> tuple[int, ...]:
    word = shortest_word(
        0,
        lambda state: ((n, t) for n, t in enumerate(dfa.moves[state]) if t >= 0),
        lambda state: state in dfa.accepting and any(t >= 0 for t in dfa.moves[state]),
    )
    assert word is not None
    return tuple(dfa.alphabet.classes[number].sample() for number in word)


def _lost(body: Dfa, follow: Dfa) -> tuple[int, ...] | None:
    """A string x r of F with x in X and r not in F; None when there is none.

    The classes of `follow` refine those of `body`, which was made of some of its sets.
    A node is the state in X, in F from the start, and in F from the end of the word of X.
    """
    inner = [body.alphabet.class_of(members.lowest) for members in follow.alphabet.classes]

    def steps(node: tuple[int, int, int]) -> list[tuple[int, tuple[int, int, int]]]:
        in_body, whole, rest = node
        found = []
        for number, target in enumerate(follow.moves[whole]):
            if target < 0:
                continue
            if in_body == _AFTER:
                beside = follow.moves[rest][number] if rest >= 0 else _AFTER
                found.append((number, (_AFTER, target, beside)))
                continue
            state = body.moves[in_body][inner[number]] if inner[number] >= 0 else _AFTER
            if state in body.accepting:
                found.append((number, (_AFTER, target, 0)))
            elif state >= 0:
                found.append((number, (state, target, _BEFORE)))
        return found

    def spoiled(node: tuple[int, int, int]) -> bool:
        in_body, whole, rest = node
        return in_body == _AFTER and whole in follow.accepting and rest not in follow.accepting

    if follow.is_empty:
        return None
    word = shortest_word((0, 0, _BEFORE), steps, spoiled)
    if word is None:
        return None
    return tuple(follow.alphabet.classes[number].sample() for number in word)


def committed_nfa(regex: Regex, committed: frozenset[int], *, rule: str = "") -> Nfa:
    """The automaton of a matcher that keeps what the repetitions at the sites took.

    Raises:
        TooLargeError: more than `MAX_STATES` states.
    """
    positions = Positions(regex, committed=committed)
    alphabet = positions.alphabet
    words = {
        site: _body_dfa(part, alphabet, rule)
        for site, part in enumerate(walk(regex))
        if site in committed
    }
    start: tuple[int, _Watch] = (-1, frozenset())
    numbers = {start: 0}
    queue = [start]
    moves: list[tuple[tuple[int, int], ...]] = []
    for position, watch in queue:
        row: list[tuple[int, int]] = []
        edges = positions.initial if position < 0 else positions.follow[position]
        for edge in edges:
            mask = positions.masks[edge.target]
            for after, classes in _watched(edge, watch, mask, words).items():
                state = (edge.target, after)
                if state not in numbers:
                    if len(numbers) >= MAX_STATES:
                        raise TooLargeError(rule, "states with committed loops", MAX_STATES)
                    numbers[state] = len(numbers)
                    queue.append(state)
                row.append((classes, numbers[state]))
        moves.append(tuple(row))
    accepting = {number for (p, _), number in numbers.items() if p in positions.last}
    if positions.accepts_nothing:
        accepting.add(0)
    return Nfa(alphabet, tuple(moves), frozenset(accepting))


def _body_dfa(part: Regex, alphabet: Alphabet, rule: str) -> Dfa:
    if not isinstance(part, Repeat):
        raise TypeError("only a repetition can be committed")
    return minimise(determinise(position_nfa(Positions(part.item), alphabet), rule=rule))


def _watched(edge: Edge, watch: _Watch, mask: int, words: dict[int, Dfa]) -> dict[_Watch, int]:
    """For each watch that can hold after an edge: the classes of characters that lead to it."""
    begun = watch | {(site, 0) for site in edge.passed}
    found: dict[_Watch, int] = {}
    for number in bits(mask):
        after: set[tuple[int, int]] = set()
        for site, state in begun:
            target = words[site].moves[state][number]
            if target in words[site].accepting:
                break
            if target >= 0:
                after.add((site, target))
        else:
            key = frozenset(after)
            found[key] = found.get(key, 0) | 1 << number
    return found
