"""Left recursion: a rule that can begin with itself, directly or behind what may be empty.

ABNF allows it, and the Earley engine reads it; a parser by recursive descent never returns.
"""

from __future__ import annotations

from collections import deque
from collections.abc import Container, Iterator
from typing import TypeAlias

from abnf_compiler.checks.fixpoint import rules_with
from abnf_compiler.diagnostics import Diagnostic, finding
from abnf_compiler.resolve.walk import folded
from abnf_compiler.tree import (
    Alternation,
    CharVal,
    Concatenation,
    Node,
    Option,
    Reference,
    Repetition,
    ResolvedGrammar,
)

_LeftEdges: TypeAlias = dict[str, tuple[Reference, ...]]


def check_recursion(grammar: ResolvedGrammar) -> Iterator[Diagnostic]:
    """ABNF401: each circle once, at the first rule of it in the file."""
    nullable = rules_with(grammar, is_nullable)
    edges: _LeftEdges = {
        key: _left_ends(rule.definition, nullable) for key, rule in grammar.rules.items()
    }
    _drop_ends(edges)
    covered: set[str] = set()
    for key in edges:
        circle = () if key in covered else _shortest_circle(key, edges)
        if circle:
            covered.update(reference.key for reference in circle)
            names = [grammar.rules[key].name, *(grammar.rules[each.key].name for each in circle)]
            yield finding(
                "ABNF401",
                f'rule "{names[0]}" can begin with itself: {" -> ".join(names)}',
                circle[0].span,
                hint="write a repetition, such as *( ... ), in place of the recursion",
            )


def is_nullable(node: Node, parts: list[bool], nullable: Container[str]) -> bool:
    """Whether `node` accepts the empty string, given the answers of its children."""
    match node:
        case Reference():
            return node.key in nullable
        case CharVal():
            return not node.text
        case Option():
            return True
        case Repetition():
            return node.minimum == 0 or parts[0]
        case Alternation():
            return any(parts)
        case Concatenation():
            return all(parts)
        case _:
            return False


def _left_ends(node: Node, nullable: frozenset[str]) -> tuple[Reference, ...]:
    """The references that a match of `node` can begin with."""

    def combine(
        each: Node, parts: list[tuple[bool, tuple[Reference, ...]]]
    ) -> tuple[bool, tuple[Reference, ...]]:
        empty = is_nullable(each, [part[0] for part in parts], nullable)
        if isinstance(each, Reference):
            return empty, (each,)
        if isinstance(each, Repetition) and each.maximum == 0:
            return True, ()
        ends: list[Reference] = []
        for part_empty, part_ends in parts:
            ends += part_ends
            if isinstance(each, Concatenation) and not part_empty:
                break
        return empty, tuple(ends)

    return folded(node, combine)[1]


def _drop_ends(edges: _LeftEdges) -> None:
    """Take out the rules that lead to no circle or come from none, so that few are searched."""
    _drop_leaves(edges, {key: [each.key for each in ends] for key, ends in edges.items()})
    users: dict[str, list[str]] = {key: [] for key in edges}
    for key, ends in edges.items():
        for reference in ends:
            users[reference.key].append(key)
    _drop_leaves(edges, users)


def _drop_leaves(edges: _LeftEdges, ways: dict[str, list[str]]) -> None:
    """Take out the rules from which `ways` lead nowhere, again and again."""
    sources: dict[str, list[str]] = {key: [] for key in ways}
    count = {key: len(targets) for key, targets in ways.items()}
    for key, targets in ways.items():
        for target in targets:
            sources[target].append(key)
    pending = [key for key, number in count.items() if number == 0]
    while pending:
        key = pending.pop()
        del edges[key]
        for source in sources[key]:
            count[source] -= 1
            if count[source] == 0:
                pending.append(source)
    for key, ends in edges.items():
        edges[key] = tuple(each for each in ends if each.key in edges)


def _shortest_circle(start: str, edges: _LeftEdges) -> tuple[Reference, ...]:
    """The references of a shortest way from `start` back to it; empty when there is none."""
    before: dict[str, tuple[str, Reference]] = {}
    pending = deque([start])
    while pending:
        key = pending.popleft()
        for reference in edges[key]:
            if reference.key not in before:
                before[reference.key] = (key, reference)
                if reference.key == start:
                    return _way_back(start, before)
                pending.append(reference.key)
    return ()


def _way_back(start: str, before: dict[str, tuple[str, Reference]]) -> tuple[Reference, ...]:
    way: list[Reference] = []
    key = start
    while not way or key != start:
        key, reference = before[key]
        way.append(reference)
    return tuple(reversed(way))
