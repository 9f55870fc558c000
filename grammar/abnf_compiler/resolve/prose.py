"""What `@prose` says: a prose value that stands for a rule.

Rule: prose compares without case, and any run of blanks in it is one blank, for authors break and
capitalise prose as they like.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import replace

from abnf_compiler.resolve.walk import leaves_replaced
from abnf_compiler.tree import Node, ProseVal, Reference, Rule


def prose_key(text: str) -> str:
    """The text as it is compared."""
    return " ".join(text.lower().split())


def prose_bound(rules: Mapping[str, Rule], bindings: Mapping[str, str]) -> dict[str, Rule]:
    """The rules with every bound prose value made a reference.

    bindings: rules by the `prose_key` of what they are bound to; a rule that does not exist, or
    that the prose itself defines, is left alone.
    """

    def bound(rule: Rule) -> Rule:
        def known(leaf: Node) -> Node:
            if not isinstance(leaf, ProseVal):
                return leaf
            name = bindings.get(prose_key(leaf.text), "")
            return Reference(name, leaf.span) if name.lower() in others else leaf

        others = rules.keys() - {rule.key}
        definition = leaves_replaced(rule.definition, known)
        return rule if definition is rule.definition else replace(rule, definition=definition)

    return {key: bound(rule) for key, rule in rules.items()} if bindings else dict(rules)
