"""How the parts that `@capture` names are found by two walks over a string, in linear time.

Rules.  The reading wanted is the first that a backtracking matcher comes to: earlier alternatives
and longer repetitions first (`@prefer`), or the only one there is.  Call a place the start or a
character of the written-out expression.  A way is the row of choices taken at its places, and ways
of one length compare choice by choice, as backtracking tries them.

1. Forwards: a state of the automaton holds the places that the string read so far can end at, each
   once, in the order of the best way to it.
2. Backwards: the last place is the first one in the last state that may end the string, and the
   place before is the first one in its state with a step to the place after.

Of two ways to a place the better one comes from the place whose own best way is better, so step 2
follows the best way of all: the reading wanted.  No proof about the grammar is needed for that
(A. Frisch, L. Cardelli, "Greedy regular expression matching", 2004; N. Grathwohl and others,
"Two-pass greedy regular expression parsing", 2013).
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from typing import Final, TypeAlias

from abnf_compiler.automata.ambiguity import ambiguous_word
from abnf_compiler.automata.charset import Alphabet, CharSet, bits
from abnf_compiler.automata.dfa import MAX_STATES, NO_STATE, Dfa, position_nfa
from abnf_compiler.automata.expression import (
    Alt,
    Captured,
    Chars,
    Empty,
    Epsilon,
    Regex,
    Repeat,
    Seq,
    factored,
)
from abnf_compiler.automata.normal_form import CaptureError, TooLargeError, to_regex
from abnf_compiler.automata.positions import Positions
from abnf_compiler.pattern import AmbiguousCaptureError
from abnf_compiler.tree import Capture, ResolvedGrammar

MAX_LISTED: Final = 200_000
"""Places that all states together may hold (about a second and 200 kB of table)."""

START: Final = 0
"""The place before the first character; as the target of a step it is the end of the string."""

Note: TypeAlias = tuple[str, int]
"""What happens where two characters meet: a kind of `NOTES`, and the field or rule it is about."""

NOTES: Final = ("begin", "end", "open", "close")
"""begin, end: of a part that is returned as octets, for a field.  open: an item with fields of its
own, for a rule.  close: that item, for the field of the list it goes to."""

Step: TypeAlias = tuple[int, tuple[Note, ...]]
"""A place, and what is noted on the way to it."""


@dataclass(frozen=True, slots=True)
class Reading:
    """The automaton and the steps that give the captures of `rule`.

    rules: the rules whose captures are returned, `rule` first.  lists: the places of each state of
    `dfa`, best first.  steps: the steps from each place, preferred first.
    """

    rule: str
    rules: tuple[str, ...]
    dfa: Dfa
    lists: tuple[tuple[int, ...], ...]
    steps: tuple[tuple[Step, ...], ...]
    sure: dict[str, frozenset[str]]


def reading_of(grammar: ResolvedGrammar, rule: str) -> Reading:
    """How the captures of a rule (lower case) are found.

    Raises:
        CaptureError: a part of a loop is captured as if it were one.
        AmbiguousCaptureError: two readings, and no `@prefer`.
        AutomataError: not regular, or too large.
    """
    captures = dict(grammar.annotations.captures)
    regex = to_regex(grammar, rule, captures=True)
    if rule not in grammar.annotations.preferred:
        regex = factored(regex)
        witness = ambiguous_word(position_nfa(Positions(regex)), rule=rule)
        if witness is not None:
            raise AmbiguousCaptureError(rule, witness)
    program = _Program(rule, captures)
    charsets, steps = program.steps(regex)
    dfa, lists = _ordered_dfa(charsets, steps, rule)
    sure = {name: frozenset.intersection(*found) for name, found in program.present.items()}
    return Reading(rule, tuple(program.rules), dfa, lists, steps, sure)


def _present(regex: Regex) -> frozenset[str]:
    """The parts, not lists, that are there in every reading of an expression."""
    match regex:
        case Captured(name, repeated, _):
            return frozenset(() if repeated else (name,))
        case Seq(items):
            return frozenset[str]().union(*map(_present, items))
        case Alt(items):
            first, *rest = map(_present, items)
            return first.intersection(*rest)
        case Repeat(item, minimum, _):
            return _present(item) if minimum else frozenset()
        case _:
            return frozenset()


@dataclass(frozen=True, slots=True)
class _Reads:
    charset: CharSet
    then: int


@dataclass(frozen=True, slots=True)
class _Tries:
    ways: tuple[int, ...]


@dataclass(frozen=True, slots=True)
class _Writes:
    note: Note
    then: int


class _Program:
    """The expression as a backtracking matcher runs it; node 0 is the end."""

    def __init__(self, rule: str, captures: dict[str, tuple[Capture, ...]]) -> None:
        self._captures = captures
        self._nodes: list[_Reads | _Tries | _Writes] = [_Tries(())]
        self.rules = [rule]
        self.present: dict[str, list[frozenset[str]]] = {}

    def steps(self, regex: Regex) -> tuple[list[CharSet], tuple[tuple[Step, ...], ...]]:
        """What each place but the start reads, and the steps from each place."""
        self.present[self.rules[0]] = [_present(regex)]
        start = self._add(regex, 0, self.rules[0], False)
        reads = [
            (number, node) for number, node in enumerate(self._nodes) if isinstance(node, _Reads)
        ]
        places = {number: place for place, (number, _) in enumerate(reads, start=1)}
        places[0] = START
        entries = [start, *(node.then for _, node in reads)]
        return (
            [node.charset for _, node in reads],
            tuple(tuple(self._way_on(entry, places)) for entry in entries),
        )

    def _way_on(self, entry: int, places: dict[int, int]) -> Iterator[Step]:
        """The steps from a node, as tried; of two steps to one place only the first counts."""
        stack: list[tuple[int, tuple[Note, ...]]] = [(entry, ())]
        seen: set[int] = set()
        while stack:
            number, notes = stack.pop()
            if number in seen:
                continue
            seen.add(number)
            node = self._nodes[number]
            if number in places:
                yield places[number], notes
            elif isinstance(node, _Writes):
                stack.append((node.then, (*notes, node.note)))
            elif isinstance(node, _Tries):
                stack += [(way, notes) for way in reversed(node.ways)]

    def _new(self, node: _Reads | _Tries | _Writes) -> int:
        self._nodes.append(node)
        return len(self._nodes) - 1

    def _add(self, regex: Regex, then: int, scope: str | None, looping: bool) -> int:
        """The node that reads `regex` and goes on at `then`.

        `scope` is the rule whose captures apply, None inside a part that is returned as octets;
        `looping` says whether a loop goes around inside that rule.
        """
        match regex:
            case Empty():
                return self._new(_Tries(()))
            case Epsilon():
                return then
            case Chars(charset):
                return self._new(_Reads(charset, then))
            case Seq(items):
                for item in reversed(items):
                    then = self._add(item, then, scope, looping)
                return then
            case Alt(items):
                ways = tuple(self._add(item, then, scope, looping) for item in items)
                return self._new(_Tries(ways))
            case Captured():
                return self._captured(regex, then, scope, looping)
            case Repeat():
                return self._repeated(regex, then, scope, looping)

    def _captured(self, part: Captured, then: int, scope: str | None, looping: bool) -> int:
        if scope is None:
            return self._add(part.item, then, None, looping)
        if looping and not part.repeated:
            raise CaptureError(
                self.rules[0], f"rule {scope} captures a part of a loop; write `*{part.name}`"
            )
        field = next(
            number for number, each in enumerate(self._captures[scope]) if each.rule == part.name
        )
        if not part.repeated or part.name not in self._captures:
            last = self._new(_Writes(("end", field), then))
            inside = self._add(part.item, last, None, False)
            return self._new(_Writes(("begin", field), inside))
        if part.name not in self.rules:
            self.rules.append(part.name)
        self.present.setdefault(part.name, []).append(_present(part.item))
        last = self._new(_Writes(("close", field), then))
        inside = self._add(part.item, last, part.name, False)
        return self._new(_Writes(("open", self.rules.index(part.name)), inside))

    def _repeated(self, loop: Repeat, then: int, scope: str | None, looping: bool) -> int:
        looping = looping or loop.maximum != 1
        copies = loop.minimum
        if loop.maximum is None:
            turn = self._new(_Tries(()))
            body = self._add(loop.item, turn, scope, looping)
            self._nodes[turn] = _Tries((body, then))
            then = turn if copies == 0 else body
            copies -= 1
        else:
            end = then
            for _ in range(loop.maximum - loop.minimum):
                then = self._new(_Tries((self._add(loop.item, then, scope, looping), end)))
        for _ in range(copies):
            then = self._add(loop.item, then, scope, looping)
        return then


def _ordered_dfa(
    charsets: list[CharSet], steps: tuple[tuple[Step, ...], ...], rule: str
) -> tuple[Dfa, tuple[tuple[int, ...], ...]]:
    """The subset construction with the places of each state kept in the order of their ways."""
    alphabet = Alphabet(charsets)
    classes = [(), *(tuple(bits(alphabet.mask(charset))) for charset in charsets)]
    targets = [tuple(place for place, _ in row) for row in steps]
    numbers: dict[tuple[int, ...], int] = {(START,): 0}
    queue: list[tuple[int, ...]] = [(START,)]
    moves: list[list[int]] = []
    listed = 1
    for places in queue:
        reached: list[dict[int, None]] = [{} for _ in alphabet.classes]
        for place in places:
            for target in targets[place]:
                for number in classes[target]:
                    reached[number][target] = None
        row = []
        for found in reached:
            key = tuple(found)
            if key and key not in numbers:
                listed += len(key)
                if len(numbers) >= MAX_STATES:
                    raise TooLargeError(rule, "states of its reading", MAX_STATES)
                if listed > MAX_LISTED:
                    raise TooLargeError(rule, "places in the states of its reading", MAX_LISTED)
                numbers[key] = len(numbers)
                queue.append(key)
            row.append(numbers[key] if key else NO_STATE)
        moves.append(row)
    accepting = {
        number for places, number in numbers.items() if any(START in targets[p] for p in places)
    }
    return Dfa(alphabet, moves, accepting), tuple(queue)
