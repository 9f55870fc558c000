"""Which rules an automaton calls instead of holding them: the recursive ones, and large parts.

Rules: a group of rules that refer to each other at one end of their alternatives only is regular
and stays; of any other group so many rules are called that no such group is left.  Of a rule that
is small when written out nothing else is called.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Final

from abnf_compiler.automata.graph import loops
from abnf_compiler.automata.normal_form import references
from abnf_compiler.resolve.walk import folded
from abnf_compiler.tree import (
    Alternation,
    CharVal,
    Concatenation,
    Node,
    NumSeries,
    Option,
    Reference,
    Repetition,
    Rule,
)

SMALL: Final = 2_000
"""Characters a rule may have, written out, to be one automaton."""

SMALL_PARTS: Final = (12, 2)
"""Characters a rule may have to stay in a large one; the second where the first is not enough."""


def called_rules(
    rules: Mapping[str, Rule], rule: str, whole: frozenset[str], small_part: int
) -> tuple[list[str], list[str]]:
    """The rules to call for `rule`: first those that may nest without end, then large parts.

    whole: rules that are not looked into.  small_part: one of `SMALL_PARTS`.
    """
    graph: dict[str, list[str]] = {}
    pending = [rule]
    while pending:
        key = pending.pop()
        if key not in graph:
            graph[key] = [] if key in whole else references(rules[key].definition)
            pending += graph[key]
    recursive: list[str] = []
    while True:
        rest = {key: [to for to in graph[key] if to not in recursive] for key in graph}
        groups = loops(rest)
        nesting = [group for group in groups if not _is_one_sided(rules, group)]
        if not nesting:
            break
        recursive += [_most_needed(group, rest) for group in nesting]
    sizes = {key: small_part for group in groups for key in group}
    sizes |= dict.fromkeys((*recursive, *whole), 1)
    starts = (rule, *recursive)
    if max(_Sizes(rules, graph, sizes, None).of(key) for key in starts) <= SMALL:
        return recursive, []
    parts = _Sizes(rules, graph, sizes, small_part)
    for key in starts:
        parts.of(key)
    large = [key for key, size in parts.known.items() if size > small_part]
    return recursive, [key for key in large if key not in starts]


def _most_needed(group: list[str], graph: Mapping[str, list[str]]) -> str:
    """The rule that most rules of its group refer to."""
    return max(group, key=lambda key: sum(key in graph[each] for each in group))


def _is_one_sided(rules: Mapping[str, Rule], group: list[str]) -> bool:
    """Whether all rules of a group refer to it at their right ends, or all at their left ends."""
    return any(
        all(_is_linear(rules[key].definition, group, from_left) for key in group)
        for from_left in (False, True)
    )


def _is_linear(node: Node, group: list[str], from_left: bool) -> bool:
    if not any(key in group for key in references(node)):
        return True
    match node:
        case Reference():
            return True
        case Alternation(items):
            return all(_is_linear(item, group, from_left) for item in items)
        case Option(item) | Repetition(0 | 1, 1, item):
            return _is_linear(item, group, from_left)
        case Concatenation(items):
            end, rest = (items[0], items[1:]) if from_left else (items[-1], items[:-1])
            inside = any(key in group for item in rest for key in references(item))
            return not inside and _is_linear(end, group, from_left)
        case _:
            return False


class _Sizes:
    """How many characters rules have, written out; parts above `inlined` count as one."""

    def __init__(
        self,
        rules: Mapping[str, Rule],
        graph: Mapping[str, list[str]],
        fixed: Mapping[str, int],
        inlined: int | None,
    ) -> None:
        self.known: dict[str, int] = {}
        self._rules = rules
        self._graph = graph
        self._fixed = fixed
        self._inlined = inlined

    def of(self, start: str) -> int:
        """The size of a rule; `known` then has those of its parts."""
        stack = [start]
        while stack:
            key = stack[-1]
            missing = [
                each
                for each in self._graph[key]
                if each not in self.known and each not in self._fixed
            ]
            stack += missing
            if not missing:
                stack.pop()
                if key not in self.known:
                    self.known[key] = folded(self._rules[key].definition, self._size)
        return self.known[start]

    def _size(self, node: Node, parts: list[int]) -> int:
        match node:
            case Reference():
                known = self._fixed if node.key in self._fixed else self.known
                size = known[node.key]
                return size if self._inlined is None or size <= self._inlined else 1
            case CharVal(text):
                return len(text)
            case NumSeries(values):
                return len(values)
            case Alternation():
                return 1 if max(parts) == 1 else sum(parts)
            case Concatenation():
                return sum(parts)
            case Repetition(minimum, maximum):
                return parts[0] * (max(minimum, 1) if maximum is None else maximum)
            case Option():
                return parts[0]
            case _:
                return 1
