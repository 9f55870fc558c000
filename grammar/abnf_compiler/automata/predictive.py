"""Whether the next character decides every choice of a recursive rule, and so its reading is one.

Rules (P. Lewis, R. Stearns, "Syntax-directed transduction", 1968; the strong form of LL(1), with
characters as tokens): of two alternatives at most one may be empty, and no character begins two of
them; what may be left out, or repeated, begins with no character that may follow it.  A rule that
holds to this is unambiguous, for a reader from the left never has two ways to go.  Where a rule
does not, nothing is said: it may still be unambiguous.
Alternatives that are both one character are one choice, as everywhere in the compiler.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass

from abnf_compiler.automata.charset import CharSet, letter
from abnf_compiler.automata.normal_form import reference_graph
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

_NOTHING = CharSet()


@dataclass(frozen=True, slots=True)
class _Begin:
    """What a node begins with, and whether it may be empty."""

    first: CharSet = _NOTHING
    empty: bool = False


def is_predictive(grammar: ResolvedGrammar, rule: str) -> bool:
    """Whether the next character decides every choice in `rule` (any case) and all it reaches.

    Raises:
        KeyError: no such rule.
    """
    return _Prediction(grammar, rule.lower()).holds()


class _Prediction:
    def __init__(self, grammar: ResolvedGrammar, top: str) -> None:
        self._rules = {
            name: grammar.rules[name].definition for name in reference_graph(grammar, top)
        }
        self._begins = dict.fromkeys(self._rules, _Begin())
        self._follows = dict.fromkeys(self._rules, _NOTHING)

    def holds(self) -> bool:
        """Grow both tables to their least fixed point, then look for a choice left open."""
        while sum(self._grow_begin(name) for name in self._rules):
            pass
        while sum(self._grow_follows(name) for name in self._rules):
            pass
        return not any(
            self._is_open(node, follow)
            for name, definition in self._rules.items()
            for node, follow in self._places(definition, self._follows[name])
        )

    def _grow_begin(self, name: str) -> bool:
        found = self._begin(self._rules[name])
        grown = found != self._begins[name]
        self._begins[name] = found
        return grown

    def _grow_follows(self, name: str) -> bool:
        grown = False
        for node, follow in self._places(self._rules[name], self._follows[name]):
            if isinstance(node, Reference) and follow - self._follows[node.key]:
                self._follows[node.key] = self._follows[node.key] | follow
                grown = True
        return grown

    def _begin(self, node: Node) -> _Begin:
        match node:
            case Reference():
                return self._begins[node.key]
            case CharVal(text, case_sensitive):
                return _Begin(letter(text[0], case_sensitive)) if text else _Begin(empty=True)
            case NumSeries(values):
                return _Begin(CharSet.single(values[0]))
            case NumRange(first, last):
                return _Begin(CharSet.of([(first, last)]))
            case Alternation(items):
                parts = [self._begin(item) for item in items]
                return _Begin(_union(parts), any(part.empty for part in parts))
            case Concatenation(items):
                return self._row(items)
            case Option(item):
                return _Begin(self._begin(item).first, True)
            case Repetition(minimum, maximum, item):
                part = self._begin(item) if maximum != 0 else _Begin(empty=True)
                return _Begin(part.first, part.empty or minimum == 0)
            case ProseVal():
                return _Begin()

    def _row(self, items: tuple[Node, ...]) -> _Begin:
        first = _NOTHING
        for item in items:
            part = self._begin(item)
            first = first | part.first
            if not part.empty:
                return _Begin(first)
        return _Begin(first, True)

    def _places(self, node: Node, follow: CharSet) -> Iterator[tuple[Node, CharSet]]:
        """Every node below `node`, each with the characters that may come right after it."""
        yield node, follow
        match node:
            case Alternation(items):
                for item in items:
                    yield from self._places(item, follow)
            case Concatenation(items):
                for number, item in enumerate(items):
                    rest = self._row(items[number + 1 :])
                    yield from self._places(item, rest.first | follow if rest.empty else rest.first)
            case Option(item):
                yield from self._places(item, follow)
            case Repetition(_, maximum, item) if maximum != 0:
                again = self._begin(item).first if maximum != 1 else _NOTHING
                yield from self._places(item, again | follow)

    def _is_open(self, node: Node, follow: CharSet) -> bool:
        """Whether the next character leaves the choice of this node open."""
        match node:
            case Alternation(items):
                characters = [item for item in items if self._is_character(item)]
                parts = [self._begin(item) for item in items if item not in characters]
                parts += [_Begin(_union(map(self._begin, characters)))] if characters else []
                sets = [part.first | follow if part.empty else part.first for part in parts]
                return sum(part.empty for part in parts) > 1 or _overlap(sets)
            case Option(item):
                part = self._begin(item)
                return part.empty or bool(part.first & follow)
            case Repetition(minimum, maximum, item) if maximum != 0:
                part = self._begin(item)
                return part.empty or (minimum != maximum and bool(part.first & follow))
            case _:
                return False

    def _is_character(self, node: Node) -> bool:
        """Whether the node is one character by its form, names followed."""
        seen: set[str] = set()
        while isinstance(node, Reference) and node.key not in seen:
            seen.add(node.key)
            node = self._rules[node.key]
        match node:
            case CharVal(text):
                return len(text) == 1
            case NumSeries(values):
                return len(values) == 1
            case Alternation(items):
                return not seen & _names(items) and all(map(self._is_character, items))
            case _:
                return isinstance(node, NumRange)


def _names(items: tuple[Node, ...]) -> set[str]:
    return {item.key for item in items if isinstance(item, Reference)}


def _union(parts: Iterator[_Begin] | list[_Begin] | map[_Begin]) -> CharSet:
    return CharSet.of(pair for part in parts for pair in part.first.intervals)


def _overlap(sets: list[CharSet]) -> bool:
    seen = _NOTHING
    for each in sets:
        if seen & each:
            return True
        seen = seen | each
    return False
