"""Every reading of a string: which decisions of a rule some derivation of the string takes.

Rules: first the ends of each node at each offset are found from the left, then the readings of the
whole string are followed from the top, so that only decisions of complete readings count.  Each
pair of node and stretch is followed once, however many readings go through it.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass

from abnf_compiler.sentences.derivation import Lengths
from abnf_compiler.tree import (
    Alternation,
    CharVal,
    Concatenation,
    Node,
    NumRange,
    NumSeries,
    Option,
    ProseVal,
    Reference,
    Repetition,
    ResolvedGrammar,
)

Ends = frozenset[int]
NO_END: Ends = frozenset()
REACHED = -1
"""The decision of a node that leaves nothing open."""


class LeftRecursionError(Exception):
    """A rule that begins with itself; `rule` is its name."""

    def __init__(self, rule: str) -> None:
        super().__init__(f"rule {rule} begins with itself")
        self.rule = rule


@dataclass(frozen=True, slots=True)
class Readings:
    """Whether a string has a reading, and whether it has several."""

    accepted: bool
    ambiguous: bool


class Reader:
    """Reads strings with one rule; `decisions` grows by node (by identity).

    Alternatives count from 0, options are 0 or 1, repetitions their number, ranges the octet.
    """

    def __init__(self, grammar: ResolvedGrammar, rule: str) -> None:
        self._grammar = grammar
        self._lengths = Lengths(grammar)
        self._top = grammar.rules[rule.lower()].definition
        self.decisions: dict[int, set[int]] = {}
        self._octets = b""
        self._known: dict[tuple[int, int], Ends | None] = {}

    def read(self, octets: bytes) -> Readings:
        """Follow every reading of one string.

        Raises:
            LeftRecursionError: see there.
        """
        self._octets, self._known = octets, {}
        if len(octets) not in self._ends(self._top, 0):
            return Readings(False, False)
        ambiguous = False
        first = (self._top, 0, len(octets))
        done = {(id(self._top), 0, len(octets))}
        stack = [first]
        while stack:
            node, start, end = stack.pop()
            choices, parts, several = self._follow(node, start, end)
            self.decisions.setdefault(id(node), set()).update(choices)
            ambiguous = ambiguous or several
            for part in parts:
                key = (id(part[0]), part[1], part[2])
                if key not in done:
                    done.add(key)
                    stack.append(part)
        return Readings(True, ambiguous)

    def _ends(self, node: Node, start: int) -> Ends:
        """Where `node` may end when it begins at `start`."""
        key = (id(node), start)
        if key in self._known:
            ends = self._known[key]
            if ends is None:
                raise LeftRecursionError(
                    node.name if isinstance(node, Reference) else "of the file"
                )
            return ends
        self._known[key] = None
        ends = frozenset(self._find(node, start))
        self._known[key] = ends
        return ends

    def _find(self, node: Node, start: int) -> Iterator[int]:
        match node:
            case Alternation(items):
                for item in items:
                    yield from self._ends(item, start)
            case Concatenation(items):
                yield from self._row(items, start)[-1]
            case Option(item):
                yield start
                yield from self._ends(item, start)
            case Repetition(_, maximum, item):
                least = self._least(node)
                for count, layer in enumerate(self._layers(item, start, maximum)):
                    if count >= least:
                        yield from layer
            case Reference():
                target = self._grammar.rules.get(node.key)
                if target is not None:
                    yield from self._ends(target.definition, start)
            case CharVal(text, case_sensitive):
                piece = self._octets[start : start + len(text)].decode("latin-1")
                if piece == text or (not case_sensitive and _folded(piece) == _folded(text)):
                    yield start + len(text)
            case NumSeries(values):
                if tuple(self._octets[start : start + len(values)]) == values:
                    yield start + len(values)
            case NumRange(first, last):
                if start < len(self._octets) and first <= self._octets[start] <= last:
                    yield start + 1
            case ProseVal():
                return

    def _row(self, items: tuple[Node, ...], start: int) -> list[set[int]]:
        """The places that may lie before each item of a row, and after the last."""
        places = [{start}]
        for item in items:
            places.append({end for place in places[-1] for end in self._ends(item, place)})
        return places

    def _least(self, node: Repetition) -> int:
        """The least number of items that are not empty."""
        return 0 if self._lengths.of(node.item)[0] == 0 else node.minimum

    def _layers(self, item: Node, start: int, maximum: int | None) -> list[set[int]]:
        """Where 0, 1, 2, ... items that are not empty may end."""
        layers = [{start}]
        while layers[-1] and (maximum is None or len(layers) <= maximum):
            layer = {end for place in layers[-1] for end in self._ends(item, place) if end > place}
            layers.append(layer)
        return layers

    def _follow(
        self, node: Node, start: int, end: int
    ) -> tuple[set[int], list[tuple[Node, int, int]], bool]:
        """The decisions of `node` on a stretch, what it is made of there, and whether in several
        ways."""
        match node:
            case Alternation(items):
                taken = {n for n, item in enumerate(items) if end in self._ends(item, start)}
                return taken, [(items[number], start, end) for number in taken], len(taken) > 1
            case Concatenation(items):
                steps = list(self._back(items, self._row(items, start), end))
                return {REACHED}, steps, len(steps) > len(items)
            case Option(item):
                filled = end in self._ends(item, start)
                taken = ({0} if end == start else set()) | ({1} if filled else set())
                return taken, [(item, start, end)] if filled else [], len(taken) > 1
            case Repetition():
                return self._followed_repetition(node, start, end)
            case Reference():
                return {REACHED}, [(self._grammar.rules[node.key].definition, start, end)], False
            case NumRange():
                return {self._octets[start]}, [], False
            case _:
                return {REACHED}, [], False

    def _followed_repetition(
        self, node: Repetition, start: int, end: int
    ) -> tuple[set[int], list[tuple[Node, int, int]], bool]:
        layers = self._layers(node.item, start, node.maximum)
        least = self._least(node)
        counts = [n for n, layer in enumerate(layers) if n >= least and end in layer]
        steps: dict[tuple[int, int], None] = {}
        several = len(counts) > 1
        for count in counts:
            row = list(self._back((node.item,) * count, layers[: count + 1], end, filled=True))
            several = several or len(row) > count
            steps |= dict.fromkeys((low, high) for _, low, high in row)
        if any(count < node.minimum for count in counts):
            steps[start, start] = None
        taken = {max(count, node.minimum) for count in counts}
        return taken, [(node.item, low, high) for low, high in steps], several

    def _back(
        self, items: tuple[Node, ...], places: list[set[int]], end: int, *, filled: bool = False
    ) -> Iterator[tuple[Node, int, int]]:
        """The stretches of the items that lie on a way to `end`, from the last item on."""
        after = {end}
        for number in range(len(items) - 1, -1, -1):
            item = items[number]
            before: set[int] = set()
            for place in places[number]:
                for high in self._ends(item, place) & after:
                    if high > place or not filled:
                        before.add(place)
                        yield item, place, high
            after = before


def _folded(text: str) -> bytes:
    """ASCII letters in one case; other octets as they are (RFC 5234, Section 2.3)."""
    return text.encode("latin-1").lower()
