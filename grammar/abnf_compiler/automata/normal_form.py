"""ABNF rule -> regular expression: references inlined, case folded, tail recursion removed.

Rules: quoted strings fold ASCII letters only (RFC 5234, Section 2.3); `%s` and numbers are exact
(RFC 7405).  A rule that refers to itself is regular here when every such reference stands at the
right end of its alternative, or every one at the left end (Arden's rule: A = a A / b is a* b).
Anything else raises `NotRegularError`, which names the cycle.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Final

from abnf_compiler.automata.charset import CharSet, letter
from abnf_compiler.automata.expression import (
    EMPTY,
    EPSILON,
    Captured,
    Chars,
    Regex,
    alt,
    nesting,
    position_count,
    repeat,
    seq,
)
from abnf_compiler.automata.graph import loops, shortest_word
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

MAX_POSITIONS: Final = 20_000
"""Positions a rule may have; the largest top rule of 32 RFC grammars that is worth a pattern
has 12,000, and subset construction slows down well before this."""

MAX_NESTING: Final = 150
"""Levels of parts within parts; Python, and `re` in it, read them by recursion."""

_Terms = tuple[dict[str, Regex], Regex]
"""A linear form: what stands beside each recursive rule, and what stands alone."""


class AutomataError(Exception):
    """A rule cannot be turned into an automaton or a pattern; `rule` is the one asked for."""

    def __init__(self, rule: str, message: str) -> None:
        super().__init__(message)
        self.rule = rule


class NotRegularError(AutomataError):
    """The rule is recursive in a way that no regular expression describes; `cycle` says how."""

    def __init__(self, rule: str, cycle: tuple[str, ...]) -> None:
        path = " -> ".join((*cycle, cycle[0]))
        super().__init__(rule, f"rule {rule} is not regular: recursion in the middle: {path}")
        self.cycle = cycle


class TooLargeError(AutomataError):
    """The rule needs more positions, states or steps than the cap of one construction."""

    def __init__(self, rule: str, what: str, cap: int) -> None:
        super().__init__(rule, f"rule {rule} needs more than {cap} {what}")
        self.what = what
        self.cap = cap


class CaptureError(AutomataError):
    """The captures of a rule cannot be returned by a generated function; the text says why."""


class NoAutomatonError(AutomataError):
    """The rule holds a prose value, which describes no characters."""


def to_regex(grammar: ResolvedGrammar, rule: str, *, captures: bool = False) -> Regex:
    """The regular expression of `rule` (any case).

    With `captures`, what `@capture` names stands in `Captured` parts, nested as the
    annotations nest.

    Raises:
        KeyError: no such rule.
        NotRegularError, TooLargeError, NoAutomatonError: see there.
    """
    try:
        return _Inliner(grammar, rule.lower(), captures).top()
    except RecursionError as error:
        raise TooLargeError(rule, "levels of brackets", MAX_NESTING) from error


def rule_cycles(grammar: ResolvedGrammar, rule: str) -> tuple[tuple[str, ...], ...]:
    """The groups of rules that `rule` reaches and that all refer to each other."""
    groups = _recursive_groups(reference_graph(grammar, rule.lower()))
    return tuple(dict.fromkeys(groups.values()))


def references(node: Node) -> list[str]:
    """The rules a definition refers to, lower case, in order, each once."""
    found: dict[str, None] = {}
    stack = [node]
    while stack:
        part = stack.pop()
        match part:
            case Reference():
                found[part.key] = None
            case Alternation(items) | Concatenation(items):
                stack.extend(reversed(items))
            case Repetition(_, _, item) | Option(item):
                stack.append(item)
            case _:
                pass
    return list(found)


def reference_graph(grammar: ResolvedGrammar, rule: str) -> dict[str, list[str]]:
    """The rules that `rule` (lower case) reaches, itself first, each with those it refers to."""
    graph: dict[str, list[str]] = {}
    stack = [rule]
    while stack:
        name = stack.pop()
        if name not in graph:
            graph[name] = references(grammar.rules[name].definition)
            stack.extend(graph[name])
    return graph


def _recursive_groups(graph: Mapping[str, list[str]]) -> dict[str, tuple[str, ...]]:
    """For each rule that refers to itself, at once or by others: the rules of its group."""
    return {name: tuple(group) for group in loops(graph) for name in group}


def _shortest_cycle(graph: Mapping[str, list[str]], start: str) -> tuple[str, ...]:
    """The rules on a shortest way from `start` back to it."""
    names = list(graph)
    numbers = {name: number for number, name in enumerate(names)}
    found: tuple[int, ...] | None = None
    for first in graph[start]:
        way = shortest_word(
            first,
            lambda name: ((numbers[target], target) for target in graph[name]),
            start.__eq__,
        )
        if way is not None and (found is None or len(way) < len(found) - 1):
            found = (numbers[first], *way)
    assert found is not None
    return (start, *(names[number] for number in found[:-1]))


class _Inliner:
    def __init__(self, grammar: ResolvedGrammar, top: str, captures: bool) -> None:
        self._grammar = grammar
        self._top = top
        self._captures = (
            {
                name: {item.rule: item.repeated for item in items}
                for name, items in grammar.annotations.captures
            }
            if captures
            else {}
        )
        self._graph = reference_graph(grammar, top)
        self._groups = _recursive_groups(self._graph)
        self._known: dict[tuple[str, str], Regex] = {}

    def top(self) -> Regex:
        """The expression of the rule asked for, those it refers to made first, one by one."""
        stack = [(self._top, self._top)]
        entered: set[tuple[str, str]] = set()
        while stack:
            name, scope = stack[-1]
            if (name, scope) in entered:
                self._rule(*stack.pop())
                continue
            entered.add((name, scope))
            for reference in references(self._grammar.rules[name].definition):
                inner = reference if reference in self._captures.get(scope, {}) else scope
                if (reference, inner) not in entered and reference not in self._groups.get(
                    name, ()
                ):
                    stack.append((reference, inner))
        return self._rule(self._top, self._top)

    def _rule(self, name: str, scope: str) -> Regex:
        """The expression of a rule; `scope` is the rule whose captures apply inside it."""
        if (name, scope) not in self._known:
            if name in self._groups:
                regex = self._recursive(name, scope)
            else:
                regex = self._node(self._grammar.rules[name].definition, scope)
            if position_count(regex) > MAX_POSITIONS:
                raise TooLargeError(self._top, "positions", MAX_POSITIONS)
            if nesting(regex) > MAX_NESTING:
                raise TooLargeError(self._top, "levels of brackets", MAX_NESTING)
            self._known[name, scope] = regex
        return self._known[name, scope]

    def _reference(self, name: str, scope: str) -> Regex:
        repeated = self._captures.get(scope, {}).get(name)
        if repeated is None:
            return self._rule(name, scope)
        return Captured(name, repeated, self._rule(name, name))

    def _node(self, node: Node, scope: str) -> Regex:
        match node:
            case Alternation(items):
                return alt(self._node(item, scope) for item in items)
            case Concatenation(items):
                return seq(self._node(item, scope) for item in items)
            case Repetition(minimum, maximum, item):
                return repeat(self._node(item, scope), minimum, maximum)
            case Option(item):
                return repeat(self._node(item, scope), 0, 1)
            case Reference():
                return self._reference(node.key, scope)
            case CharVal(text, case_sensitive):
                return seq(Chars(letter(char, case_sensitive)) for char in text)
            case NumSeries(values):
                return seq(Chars(CharSet.single(value)) for value in values)
            case NumRange(first, last):
                return Chars(CharSet.of([(first, last)]))
            case ProseVal(text):
                raise NoAutomatonError(self._top, f"rule {self._top} needs <{text}>")

    def _recursive(self, name: str, scope: str) -> Regex:
        """Solve the linear system of the rules that call each other."""
        cycle = self._groups[name]
        for captured in self._captures.get(scope, {}):
            if any(captured in references(self._grammar.rules[rule].definition) for rule in cycle):
                raise CaptureError(self._top, f"rule {captured} is captured inside a recursion")
        for from_left in (False, True):
            try:
                system = {
                    rule: self._linear(
                        self._grammar.rules[rule].definition, scope, cycle, from_left
                    )
                    for rule in cycle
                }
            except _NotLinearError:
                continue
            return _solve(system, name, from_left)
        raise NotRegularError(self._top, _shortest_cycle(self._graph, name))

    def _linear(self, node: Node, scope: str, cycle: tuple[str, ...], from_left: bool) -> _Terms:
        if not _mentions(node, cycle):
            return {}, self._node(node, scope)
        match node:
            case Reference():
                return {node.key: EPSILON}, EMPTY
            case Alternation(items):
                return _sum([self._linear(item, scope, cycle, from_left) for item in items])
            case Option(item) | Repetition(0, 1, item):
                return _sum([self._linear(item, scope, cycle, from_left), ({}, EPSILON)])
            case Repetition(1, 1, item):
                return self._linear(item, scope, cycle, from_left)
            case Concatenation(items):
                rest = items[1:] if from_left else items[:-1]
                if any(_mentions(item, cycle) for item in rest):
                    raise _NotLinearError
                ends, alone = self._linear(
                    items[0] if from_left else items[-1], scope, cycle, from_left
                )
                beside = seq(self._node(item, scope) for item in rest)
                return (
                    {rule: _beside(beside, part, from_left) for rule, part in ends.items()},
                    _beside(beside, alone, from_left),
                )
            case _:
                raise _NotLinearError


class _NotLinearError(Exception):
    pass


def _mentions(node: Node, cycle: tuple[str, ...]) -> bool:
    return any(name in cycle for name in references(node))


def _beside(outer: Regex, inner: Regex, from_left: bool) -> Regex:
    return seq((inner, outer)) if from_left else seq((outer, inner))


def _sum(terms: list[_Terms]) -> _Terms:
    beside: dict[str, list[Regex]] = {}
    for parts, _ in terms:
        for rule, part in parts.items():
            beside.setdefault(rule, []).append(part)
    return {rule: alt(parts) for rule, parts in beside.items()}, alt(alone for _, alone in terms)


def _solve(system: dict[str, _Terms], wanted: str, from_left: bool) -> Regex:
    """Eliminate the other rules one by one, then the wanted one's own loop."""
    for name in [*(other for other in system if other != wanted), wanted]:
        parts, alone = system.pop(name)
        loop = repeat(parts.pop(name, EMPTY), 0, None)
        parts = {rule: _beside(loop, part, from_left) for rule, part in parts.items()}
        alone = _beside(loop, alone, from_left)
        if name == wanted:
            return alone
        for other, (beside, other_alone) in list(system.items()):
            outer = beside.pop(name, None)
            if outer is None:
                continue
            extra = {rule: _beside(outer, part, from_left) for rule, part in parts.items()}
            system[other] = _sum([(beside, other_alone), (extra, _beside(outer, alone, from_left))])
    raise AssertionError("the wanted rule is part of its own system")
