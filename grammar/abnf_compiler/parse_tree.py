"""The tree of a parse as a caller gets it: rules by the names the grammar gives them.

Rule: a tree may be as deep as its string is long, so nothing here calls itself.
"""

from __future__ import annotations

from collections.abc import Container, Mapping
from dataclasses import replace
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from abnf_compiler.engines.earley import ParseNode


def named_tree(tree: ParseNode, names: Mapping[str, str], kept: Container[str] | None) -> ParseNode:
    """`tree` with the names of `names` (by lower case) and, below its root, only `kept` rules.

    A rule that is left out gives its place to the rules in it.  kept: lower case; None is all.
    """
    done: list[list[ParseNode]] = [[]]
    stack: list[tuple[ParseNode, bool]] = [(tree, False)]
    while stack:
        node, complete = stack.pop()
        if not complete:
            done.append([])
            stack.append((node, True))
            stack.extend((child, False) for child in reversed(node.children))
            continue
        inner = done.pop()
        if not stack or kept is None or node.rule in kept:
            name = names.get(node.rule, node.rule)
            done[-1].append(replace(node, rule=name, children=tuple(inner)))
        else:
            done[-1].extend(inner)
    return done[0][0]
