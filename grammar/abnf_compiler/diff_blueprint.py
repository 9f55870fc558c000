"""What a rule is made of when it is too large, or too recursive, to be one finite automaton.

Rules: a small rule is inlined whole.  In a large one the larger rules become automata of their own
that the others call; so do recursive rules where recursion in the middle allows nothing else.  What
is taken as a whole (prose, a recursive rule that two grammars have alike) is a character of its
own, below zero; for a loose reading prose is any text.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, replace
from typing import Final

from abnf_compiler.automata.charset import CODE_POINT_LIMIT, CharSet
from abnf_compiler.automata.normal_form import TooLargeError, references, to_regex
from abnf_compiler.automata.positions import Positions
from abnf_compiler.diff_calls import SMALL_PARTS, called_rules
from abnf_compiler.resolve.walk import subnodes
from abnf_compiler.tree import (
    Alternation,
    Annotations,
    Concatenation,
    Node,
    NumRange,
    NumSeries,
    Option,
    ProseVal,
    Reference,
    Repetition,
    ResolvedGrammar,
    Rule,
)

_FIRST_CALL: Final = -1_000_000


class Symbols:
    """Characters below zero for what is taken as a whole; one table serves both grammars.

    Automata of called rules are kept here as well: many rules call the same ones.
    """

    def __init__(self) -> None:
        self._numbers: dict[tuple[bool, str], int] = {}
        self._calls: dict[str, int] = {}
        self._automata: dict[tuple[object, ...], Positions] = {}
        self._reach: dict[tuple[int, str], frozenset[str]] = {}

    def prose(self, text: str) -> int:
        """The character that stands for a prose value."""
        return self._number(True, text)

    def rule(self, key: str) -> int:
        """The character that stands for a rule."""
        return self._number(False, key)

    def call(self, key: str) -> int:
        """The character that stands for a call of a rule."""
        return self._calls.setdefault(key, _FIRST_CALL - 2 * len(self._calls))

    def automaton(self, rules: Mapping[str, Rule], name: str, whole: _Whole) -> Positions:
        """The automaton of a rule, with what is taken as a whole replaced."""
        reach = self._reached(rules, name)
        replaced = frozenset(each for each in whole.characters.items() if each[0] in reach)
        key = (id(rules), name, replaced, whole.loose)
        if key not in self._automata:
            view = _view(rules, (name,), whole)
            self._automata[key] = Positions(to_regex(view, name))
        return self._automata[key]

    def _reached(self, rules: Mapping[str, Rule], name: str) -> frozenset[str]:
        known = self._reach.get((id(rules), name))
        if known is None:
            found, pending = set[str](), [name]
            while pending:
                key = pending.pop()
                if key not in found and key in rules:
                    found.add(key)
                    pending += references(rules[key].definition)
            known = self._reach[id(rules), name] = frozenset(found)
        return known

    def _number(self, is_prose: bool, name: str) -> int:
        """Two apart, so that no two make an interval."""
        return self._numbers.setdefault((is_prose, name), -2 * (len(self._numbers) + 1))

    def name(self, symbol: int) -> str:
        """What a character below zero stands for."""
        return next(name for (_, name), number in self._numbers.items() if number == symbol)


@dataclass(frozen=True, slots=True)
class Blueprint:
    """One position automaton for the rule, the first, and one for each rule that is called.

    called: the character that stands for a call -> the automaton.  recursive: those characters
    whose calls may nest without end.
    """

    automata: tuple[Positions, ...]
    called: Mapping[int, int]
    recursive: frozenset[int]

    def read(self, charset: CharSet) -> CharSet:
        """What a position reads, calls apart."""
        if not charset.intervals or charset.lowest >= 0:
            return charset
        return CharSet(tuple(each for each in charset.intervals if each[0] not in self.called))

    def charsets(self) -> list[CharSet]:
        """What the positions of all automata read."""
        return [self.read(charset) for each in self.automata for charset in each.charsets]

    def symbols(self) -> set[int]:
        """The characters below zero that are no calls."""
        return {first for charset in self.charsets() for first, _ in charset.intervals if first < 0}


def blueprint(
    rules: Mapping[str, Rule],
    rule: str,
    symbols: Symbols,
    *,
    whole: frozenset[str] = frozenset(),
    loose: bool = False,
) -> Blueprint:
    """Take a rule (lower case) apart; the rules in `whole` are taken as a whole.

    loose: prose matches any text.

    Raises:
        AutomataError: the rule is too large.
    """
    for small_part in SMALL_PARTS[:-1]:
        try:
            return _blueprint(rules, rule, symbols, whole, loose, small_part)
        except TooLargeError:
            pass
    return _blueprint(rules, rule, symbols, whole, loose, SMALL_PARTS[-1])


def _blueprint(
    rules: Mapping[str, Rule],
    rule: str,
    symbols: Symbols,
    whole: frozenset[str],
    loose: bool,
    small_part: int,
) -> Blueprint:
    characters = {key: symbols.rule(key) for key in whole}
    recursive, large = called_rules(rules, rule, whole, small_part)
    called = {key: symbols.call(key) for key in (*recursive, *large)}
    names = tuple(dict.fromkeys((rule, *called)))
    taken = _Whole({**characters, **called}, symbols, loose)
    return Blueprint(
        tuple(symbols.automaton(rules, name, taken) for name in names),
        {symbol: names.index(name) for name, symbol in called.items()},
        frozenset(called[key] for key in recursive),
    )


@dataclass(frozen=True, slots=True)
class _Whole:
    """What is taken as a whole, and how."""

    characters: Mapping[str, int]
    symbols: Symbols
    loose: bool

    def replaces(self, node: Node) -> bool:
        """Whether a node is taken as a whole."""
        if isinstance(node, Reference):
            return node.key in self.characters
        return isinstance(node, ProseVal)

    def applied(self, node: Node) -> Node:
        """`node` with what is taken as a whole replaced; the reader bounds the recursion."""
        if not any(map(self.replaces, subnodes(node))):
            return node
        match node:
            case ProseVal() if self.loose:
                any_character = NumRange(0, CODE_POINT_LIMIT, "x", node.span)
                return Repetition(0, None, any_character, node.span)
            case ProseVal(text):
                return NumSeries((self.symbols.prose(text),), "x", node.span)
            case Reference():
                return NumSeries((self.characters[node.key],), "x", node.span)
            case Alternation(items) | Concatenation(items):
                return replace(node, items=tuple(map(self.applied, items)))
            case Repetition() | Option():
                return replace(node, item=self.applied(node.item))
            case _:
                return node


def _view(rules: Mapping[str, Rule], starts: tuple[str, ...], whole: _Whole) -> ResolvedGrammar:
    """The rules that `starts` reach, with what is taken as a whole replaced."""
    view: dict[str, Rule] = {}
    pending = list(starts)
    while pending:
        key = pending.pop()
        if key not in view:
            node = whole.applied(rules[key].definition)
            view[key] = replace(rules[key], definition=node)
            pending += references(node)
    return ResolvedGrammar("", "", view, Annotations())
