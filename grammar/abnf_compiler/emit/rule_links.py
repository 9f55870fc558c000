"""Which rule refers to which: "uses", "used by" and what a rule reaches in the end.

Rule: names are in lower case, each once; uses in the order written, users in grammar order.
"""

from __future__ import annotations

from abnf_compiler.resolve.walk import references
from abnf_compiler.tree import ResolvedGrammar, Rule


def uses(rule: Rule) -> tuple[str, ...]:
    """The rules the definition of `rule` refers to."""
    return tuple(dict.fromkeys(reference.key for reference in references(rule.definition)))


def used_by(grammar: ResolvedGrammar) -> dict[str, tuple[str, ...]]:
    """For every rule the rules whose definitions refer to it."""
    found: dict[str, list[str]] = {key: [] for key in grammar.rules}
    for key, rule in grammar.rules.items():
        for name in uses(rule):
            if name in found:
                found[name].append(key)
    return {key: tuple(users) for key, users in found.items()}


def reached(grammar: ResolvedGrammar, start: str) -> tuple[Rule, ...]:
    """`start` (any case) and every rule it reaches, in grammar order; missing rules left out.

    Raises:
        KeyError: no rule `start`.
    """
    found = {grammar.rules[start.lower()].key}
    pending = [start.lower()]
    while pending:
        for key in uses(grammar.rules[pending.pop()]):
            if key in grammar.rules and key not in found:
                found.add(key)
                pending.append(key)
    return tuple(rule for key, rule in grammar.rules.items() if key in found)
