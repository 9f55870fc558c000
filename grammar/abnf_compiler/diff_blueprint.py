"""What a rule is made of when it is too large, or too recursive, to be one finite automaton.

Rules: a small rule is inlined whole.  In a large one the larger rules become automata of their own
that the others call; so do recursive rules where recursion in the middle allows nothing else.  What
is taken as a whole (prose, a recursive rule that two grammars have alike) is a character of its
own, below zero.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, replace
from typing import Final

from abnf_compiler.automata.charset import CharSet
from abnf_compiler.automata.graph import loops
from abnf_compiler.automata.normal_form import (
    NotRegularError,
    TooLargeError,
    references,
    to_regex,
)
from abnf_compiler.automata.positions import Positions
from abnf_compiler.resolve.walk import folded, subnodes
from abnf_compiler.tree import (
    Alternation,
    Annotations,
    CharVal,
    Concatenation,
    Node,
    NumSeries,
    Option,
    ProseVal,
    Reference,
    Repetition,
    ResolvedGrammar,
    Rule,
)

MAX_CALLED: Final = 50
"""Recursive rules with an automaton of their own; few RFC grammars need more than one."""

SMALL: Final = 2_000
"""Characters a rule may have, written out, to be one automaton."""

SMALL_PART: Final = 30
"""Characters a rule may have to be inlined in a large one."""

_FIRST_CALL: Final = -1_000_000


class Symbols:
    """Characters below zero for what is taken as a whole; one table serves both grammars."""

    def __init__(self) -> None:
        self._numbers: dict[tuple[bool, str], int] = {}

    def prose(self, text: str) -> int:
        """The character that stands for a prose value."""
        return self._number(True, text)

    def rule(self, key: str) -> int:
        """The character that stands for a rule."""
        return self._number(False, key)

    def _number(self, is_prose: bool, name: str) -> int:
        """Two apart, so that no two make an interval."""
        return self._numbers.setdefault((is_prose, name), -2 * (len(self._numbers) + 1))

    def prose_among(self, symbols: set[int]) -> tuple[str, ...]:
        """The prose that some of `symbols` stand for."""
        return tuple(
            name
            for (is_prose, name), number in self._numbers.items()
            if is_prose and number in symbols
        )


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
        return CharSet(tuple(each for each in charset.intervals if each[0] not in self.called))

    def charsets(self) -> list[CharSet]:
        """What the positions of all automata read."""
        return [self.read(charset) for each in self.automata for charset in each.charsets]

    def symbols(self) -> set[int]:
        """The characters below zero that are no calls."""
        return {first for charset in self.charsets() for first, _ in charset.intervals if first < 0}


def blueprint(
    rules: Mapping[str, Rule], rule: str, symbols: Symbols, whole: frozenset[str] = frozenset()
) -> Blueprint:
    """Take a rule (lower case) apart; the rules in `whole` are taken as a whole.

    Raises:
        AutomataError: the rule is too large.
    """
    characters = {key: symbols.rule(key) for key in whole}
    called = {key: _FIRST_CALL - 2 * n for n, key in enumerate(_large_parts(rules, rule, whole))}
    recursive: dict[str, int] = {}
    while True:
        view = _view(rules, (rule, *called), {**characters, **called}, symbols)
        try:
            regexes = {name: to_regex(view, name) for name in (rule, *called)}
            break
        except NotRegularError as error:
            if len(recursive) == MAX_CALLED:
                raise TooLargeError(rule, "recursive rules", MAX_CALLED) from error
            recursive[error.cycle[0]] = called[error.cycle[0]] = _FIRST_CALL - 2 * len(called)
    names = list(regexes)
    return Blueprint(
        tuple(Positions(regex) for regex in regexes.values()),
        {symbol: names.index(name) for name, symbol in called.items()},
        frozenset(recursive.values()),
    )


def _large_parts(rules: Mapping[str, Rule], rule: str, whole: frozenset[str]) -> list[str]:
    """The rules that are called because `rule` is large; none of them is recursive."""
    graph: dict[str, list[str]] = {}
    pending = [rule]
    while pending:
        key = pending.pop()
        if key not in graph:
            graph[key] = [] if key in whole else references(rules[key].definition)
            pending += graph[key]
    looped = {key for group in loops(graph) for key in group}
    known = {**dict.fromkeys(looped, SMALL_PART), **dict.fromkeys(whole, 1)}
    if _sized(rules, rule, graph, dict(known), None) <= SMALL:
        return []
    sizes = dict(known)
    _sized(rules, rule, graph, sizes, SMALL_PART)
    return [key for key, size in sizes.items() if size > SMALL_PART and key != rule]


def _sized(
    rules: Mapping[str, Rule],
    rule: str,
    graph: Mapping[str, list[str]],
    sizes: dict[str, int],
    inlined: int | None,
) -> int:
    """The characters of `rule` written out; fills `sizes`.  Rules above `inlined` count as one."""

    def size(node: Node, parts: list[int]) -> int:
        match node:
            case Reference():
                known = sizes[node.key]
                return known if inlined is None or known <= inlined else 1
            case CharVal(text):
                return len(text)
            case NumSeries(values):
                return len(values)
            case Alternation():
                return max(parts) if max(parts) == 1 else sum(parts)
            case Concatenation():
                return sum(parts)
            case Repetition(minimum, maximum):
                return parts[0] * (max(minimum, 1) if maximum is None else maximum)
            case Option():
                return parts[0]
            case _:
                return 1

    stack = [rule]
    while stack:
        key = stack[-1]
        missing = [each for each in graph[key] if each not in sizes]
        stack += missing
        if not missing:
            stack.pop()
            if key not in sizes:
                sizes[key] = folded(rules[key].definition, size)
    return sizes[rule]


def _view(
    rules: Mapping[str, Rule],
    starts: tuple[str, ...],
    characters: Mapping[str, int],
    symbols: Symbols,
) -> ResolvedGrammar:
    """The rules that `starts` reach, with single characters for the rules in `characters`."""
    view: dict[str, Rule] = {}
    pending = list(starts)
    while pending:
        key = pending.pop()
        if key in view:
            continue
        node = _with_characters(rules[key].definition, characters, symbols)
        view[key] = replace(rules[key], definition=node)
        pending += references(node)
    return ResolvedGrammar("", "", view, Annotations())


def _with_characters(node: Node, characters: Mapping[str, int], symbols: Symbols) -> Node:
    """`node` with what is taken as a whole replaced; recursion is safe, the reader bounds depth."""
    if not any(_is_whole(each, characters) for each in subnodes(node)):
        return node
    match node:
        case ProseVal(text):
            return NumSeries((symbols.prose(text),), "x", node.span)
        case Reference():
            return NumSeries((characters[node.key],), "x", node.span)
        case Alternation(items) | Concatenation(items):
            parts = tuple(_with_characters(item, characters, symbols) for item in items)
            return replace(node, items=parts)
        case Repetition() | Option():
            return replace(node, item=_with_characters(node.item, characters, symbols))
        case _:
            return node


def _is_whole(node: Node, characters: Mapping[str, int]) -> bool:
    return isinstance(node, ProseVal) or (isinstance(node, Reference) and node.key in characters)
