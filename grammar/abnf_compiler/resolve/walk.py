"""Ways through a syntax tree, without recursion."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import replace
from typing import TypeVar

from abnf_compiler.tree import (
    Alternation,
    Concatenation,
    Node,
    Option,
    Reference,
    Repetition,
)

T = TypeVar("T")


def children(node: Node) -> tuple[Node, ...]:
    """The nodes right below `node`."""
    if isinstance(node, Alternation | Concatenation):
        return node.items
    if isinstance(node, Repetition | Option):
        return (node.item,)
    return ()


def subnodes(node: Node) -> Iterator[Node]:
    """`node` and every node below it, in the order written."""
    pending = [node]
    while pending:
        each = pending.pop()
        yield each
        pending += reversed(children(each))


def references(node: Node) -> Iterator[Reference]:
    """Every reference in `node`, in the order written."""
    return (each for each in subnodes(node) if isinstance(each, Reference))


def leaves_replaced(node: Node, replacement: Callable[[Node], Node]) -> Node:
    """`node` with every node that has no parts replaced; `node` itself where nothing changes.

    Recursion is safe here: the reader bounds the depth of a rule.
    """
    if isinstance(node, Alternation | Concatenation):
        items = tuple(leaves_replaced(item, replacement) for item in node.items)
        if all(new is old for new, old in zip(items, node.items, strict=True)):
            return node
        return replace(node, items=items)
    if isinstance(node, Repetition | Option):
        item = leaves_replaced(node.item, replacement)
        return node if item is node.item else replace(node, item=item)
    return replacement(node)


def folded(node: Node, combine: Callable[[Node, list[T]], T]) -> T:
    """A value for `node` from the values of its children, bottom up."""
    values: list[T] = []
    for each in reversed(list(subnodes(node))):
        values.append(combine(each, [values.pop() for _ in children(each)]))
    return values[0]
