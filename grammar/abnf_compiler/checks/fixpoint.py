"""Which rules have a property that rests on the same property of other rules.

Rule: the least answer; a rule that could only have the property because of itself has it not.
"""

from __future__ import annotations

from collections import deque
from collections.abc import Callable, Container

from abnf_compiler.resolve.walk import folded, references
from abnf_compiler.tree import Node, ResolvedGrammar


def rules_with(
    grammar: ResolvedGrammar, has: Callable[[Node, list[bool], Container[str]], bool]
) -> frozenset[str]:
    """The rules (lower case) with a property.

    has: whether a node has it, given the answers of its children and the rules known to have it.
    """
    found: set[str] = set()
    users: dict[str, list[str]] = {}
    for key, rule in grammar.rules.items():
        for reference in references(rule.definition):
            users.setdefault(reference.key, []).append(key)
    pending = deque(grammar.rules)
    while pending:
        key = pending.popleft()
        if key not in found and folded(
            grammar.rules[key].definition, lambda node, parts: has(node, parts, found)
        ):
            found.add(key)
            pending += users.get(key, ())
    return frozenset(found)
