"""What a set of strings shows of a rule: rules, alternatives, options, repetition counts, ends.

Rules: a string counts for every decision that some reading of it takes; a string that the rule
refuses counts for nothing.  An unambiguous rule has one reading of each string, so that the result
is exact; a string with several readings is counted in `Coverage.ambiguous`.  What is to be shown
are the bounds that abnfgen's full coverage names (the least and the most of a repetition, both ends
of a range), and besides no repetition at all and several.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from enum import Enum

from abnf_compiler.emit.terminal_label import hexadecimal, node_label, range_label
from abnf_compiler.resolve.walk import subnodes
from abnf_compiler.sentences.edits import reached
from abnf_compiler.sentences.readings import Reader
from abnf_compiler.source import Span
from abnf_compiler.tree import Alternation, Node, NumRange, Option, Repetition, ResolvedGrammar


class Aspect(Enum):
    """The kinds of things to show."""

    RULE = "rules"
    ALTERNATIVE = "alternatives"
    OPTION = "options"
    REPETITION = "repetitions"
    RANGE_END = "range ends"


@dataclass(frozen=True, slots=True)
class Item:
    """One thing to show: in words, where the grammar has it, and whether a string showed it."""

    aspect: Aspect
    rule: str
    what: str
    place: Span
    shown: bool

    def __str__(self) -> str:
        position = self.place.position
        where = f"{self.place.source.name}:{position.line}:{position.column}"
        return f"{where}: {self.rule}: {self.what}"


@dataclass(frozen=True, slots=True)
class Coverage:
    """The items of the rule, and how many strings were accepted, refused, ambiguous."""

    rule: str
    items: tuple[Item, ...]
    accepted: int
    refused: int
    ambiguous: int

    @property
    def missed(self) -> tuple[Item, ...]:
        """What no string showed, in the order of the grammar."""
        return tuple(item for item in self.items if not item.shown)

    @property
    def percent(self) -> float:
        """How much of the items was shown, 0 to 100."""
        return 100.0 * (len(self.items) - len(self.missed)) / len(self.items)

    def figures(self) -> dict[Aspect, tuple[int, int]]:
        """For each aspect how many items were shown, and how many there are."""
        figures = {}
        for aspect in Aspect:
            shown = [item.shown for item in self.items if item.aspect is aspect]
            figures[aspect] = (sum(shown), len(shown))
        return figures


def measure(grammar: ResolvedGrammar, rule: str, strings: Iterable[bytes]) -> Coverage:
    """What `strings` show of `rule` (any case); a string that comes twice counts once.

    Raises:
        KeyError: no such rule.
        LeftRecursionError: the rule begins with itself, and no reading from the left ends.
    """
    start = grammar.rules[rule.lower()]
    reader = Reader(grammar, start.key)
    accepted = refused = ambiguous = 0
    for octets in dict.fromkeys(strings):
        readings = reader.read(octets)
        accepted += readings.accepted
        refused += not readings.accepted
        ambiguous += readings.ambiguous
    items = tuple(_items(grammar, start.key, reader.decisions))
    return Coverage(start.name, items, accepted, refused, ambiguous)


def _items(grammar: ResolvedGrammar, start: str, decisions: dict[int, set[int]]) -> Iterator[Item]:
    wanted = reached(grammar, start)
    for key, rule in grammar.rules.items():
        if key not in wanted:
            continue
        seen = bool(decisions.get(id(rule.definition)))
        place = rule.definitions[0].name_span if rule.definitions else rule.definition.span
        yield Item(Aspect.RULE, rule.name, "the rule", place, seen)
        for node in subnodes(rule.definition):
            taken = decisions.get(id(node), set())
            for aspect, what, span, shown in _of_node(node, taken):
                yield Item(aspect, rule.name, what, span, shown)


def _of_node(node: Node, taken: set[int]) -> Iterator[tuple[Aspect, str, Span, bool]]:
    """The items of one node; `taken` are its decisions, as `Reader` numbers them."""
    match node:
        case Alternation(items):
            for number, item in enumerate(items):
                what = f"the alternative {node_label(item)}"
                yield Aspect.ALTERNATIVE, what, item.span, number in taken
        case Option(item):
            yield Aspect.OPTION, f"without {node_label(item)}", node.span, 0 in taken
            yield Aspect.OPTION, f"with {node_label(item)}", node.span, 1 in taken
        case Repetition():
            for what, shown in _counts(node, taken):
                label = f"{what} {node_label(node.item)}"
                yield Aspect.REPETITION, label, node.span, shown
        case NumRange(first, last) if first < last:
            for end in (first, last):
                what = f"%x{hexadecimal(end)}, an end of {range_label(first, last)}"
                yield Aspect.RANGE_END, what, node.span, end in taken
        case _:
            return


def _counts(node: Repetition, taken: set[int]) -> Iterator[tuple[str, bool]]:
    """None, the least, the most, and several of a repetition; what is the same comes once."""
    low, high = node.minimum, node.maximum
    if low == 0:
        yield "no", 0 in taken
    else:
        yield f"the least, {low} x", low in taken
    if high is not None and high != low:
        yield f"the most, {high} x", high in taken
    if (high is None or high > 2) and low != high and low < 2:
        yield "several", any(count > 1 for count in taken)
    elif high is None:
        yield f"more than {low} x", any(count > low for count in taken)
