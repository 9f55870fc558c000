"""What a set of sentences should show of a rule, and the way to each such thing.

Rules: a goal is one decision at one place of the grammar: an alternative, an option taken or not,
a number of repetitions (the least, one more, the most), an end of a range, the other case of a
literal.  The places of a rule are those its definition reaches through rule names.
"""

from __future__ import annotations

from collections import deque
from collections.abc import Iterator
from dataclasses import dataclass
from typing import Final

from abnf_compiler.emit.terminal_label import has_letters, hexadecimal, node_label, range_label
from abnf_compiler.resolve.walk import children
from abnf_compiler.sentences.derivation import Derived
from abnf_compiler.tree import (
    Alternation,
    CharVal,
    Node,
    NumRange,
    Option,
    Reference,
    Repetition,
    ResolvedGrammar,
)

AS_WRITTEN: Final = 0
OTHER_CASE: Final = 1


@dataclass(frozen=True, slots=True)
class Goal:
    """One decision (`choice`) at the place with this number."""

    place: int
    choice: int


@dataclass(frozen=True, slots=True)
class Place:
    """A node of the grammar as reached from the start rule.

    `above` is the place one step nearer to the start (-1 for the start itself), `branch` the
    number of this node among the children of that place.
    """

    node: Node
    rule: str
    above: int
    branch: int


def choices(node: Node) -> tuple[int, ...]:
    """The decisions worth showing at a node; none where the node leaves nothing open.

    Alternatives by number, options as 0 and 1, repetitions by count, ranges by value.
    """
    match node:
        case Alternation(items):
            return tuple(range(len(items)))
        case Option():
            return (0, 1)
        case Repetition(minimum, maximum):
            most = minimum + 2 if maximum is None else maximum
            return tuple(sorted({minimum, min(minimum + 1, most), most}))
        case NumRange(first, last):
            return (first, last) if first < last else ()
        case CharVal(text, case_sensitive) if not case_sensitive and has_letters(text):
            return (AS_WRITTEN, OTHER_CASE)
        case _:
            return ()


class Map:
    """The places of a rule in order of distance from it, and where each node is among them."""

    def __init__(self, grammar: ResolvedGrammar, rule: str) -> None:
        self.places: list[Place] = []
        self._numbers: dict[int, int] = {}
        start = grammar.rules[rule.lower()]
        queue = deque([Place(start.definition, start.name, -1, 0)])
        while queue:
            place = queue.popleft()
            if id(place.node) in self._numbers:
                continue
            number = len(self.places)
            self._numbers[id(place.node)] = number
            self.places.append(place)
            for branch, child in enumerate(children(place.node)):
                queue.append(Place(child, place.rule, number, branch))
            if isinstance(place.node, Reference) and place.node.key in grammar.rules:
                target = grammar.rules[place.node.key]
                queue.append(Place(target.definition, target.name, number, 0))

    def goals(self) -> Iterator[Goal]:
        """Every goal, nearest places first."""
        for number, place in enumerate(self.places):
            for choice in choices(place.node):
                yield Goal(number, choice)

    def number(self, node: Node) -> int:
        """The number of the place of a node (by identity: equal nodes are different places)."""
        return self._numbers[id(node)]

    def way(self, number: int) -> dict[int, int]:
        """For each place on the way to place `number` the child the way goes through."""
        way: dict[int, int] = {}
        while (above := self.places[number].above) >= 0:
            way[above] = self.places[number].branch
            number = above
        return way

    def met(self, derivation: Derived) -> Iterator[Goal]:
        """The goals a derivation meets, some perhaps more than once."""
        for piece in derivation.walk():
            open_choices = choices(piece.node)
            if open_choices:
                choice = decision(piece)
                if choice in open_choices:
                    yield Goal(self.number(piece.node), choice)


def goal_label(place: Place, choice: int) -> str:
    """A goal in words, such as `line-text: reply-path ...` or `ALPHA: %x41, an end of "A"-"Z"`."""
    match place.node:
        case Alternation(items):
            said = f"the alternative {node_label(items[choice])}"
        case Option(item):
            said = f"{'with' if choice else 'without'} {node_label(item)}"
        case Repetition(_, _, item):
            said = f"{choice} x {node_label(item)}"
        case NumRange(first, last):
            said = f"%x{hexadecimal(choice)}, an end of {range_label(first, last)}"
        case _:
            case_name = "the case written" if choice == AS_WRITTEN else "the other case"
            said = f"{node_label(place.node)} in {case_name}"
    return f"{place.rule}: {said}"


def decision(piece: Derived) -> int:
    """The decision a derived piece stands for, in the numbers of `choices`."""
    match piece.node:
        case Option() | Repetition():
            return len(piece.parts)
        case NumRange():
            return piece.octets[0]
        case CharVal(text):
            return AS_WRITTEN if piece.octets == text.encode("latin-1") else OTHER_CASE
        case _:
            return piece.choice
