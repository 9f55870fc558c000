"""Strongly connected components and shortest ways in a directed graph of numbered nodes."""

from __future__ import annotations

from collections import deque
from collections.abc import Callable, Hashable, Iterable, Mapping
from typing import TypeVar

Node = TypeVar("Node", bound=Hashable)


def components(successors: Mapping[Node, Iterable[Node]]) -> dict[Node, int]:
    """The number of the strongly connected component of each node (Tarjan, without recursion).

    Every successor is itself a key.  Components are numbered in reverse topological order.
    """
    index: dict[Node, int] = {}
    low: dict[Node, int] = {}
    found: dict[Node, int] = {}
    stack: list[Node] = []
    count = 0
    for root in successors:
        if root in index:
            continue
        index[root] = low[root] = len(index)
        stack.append(root)
        work = [(root, iter(successors[root]))]
        while work:
            node, rest = work[-1]
            for target in rest:
                if target not in index:
                    index[target] = low[target] = len(index)
                    stack.append(target)
                    work.append((target, iter(successors[target])))
                    break
                if target not in found:
                    low[node] = min(low[node], index[target])
            else:
                work.pop()
                if work:
                    low[work[-1][0]] = min(low[work[-1][0]], low[node])
                if low[node] == index[node]:
                    while True:
                        member = stack.pop()
                        found[member] = count
                        if member == node:
                            break
                    count += 1
    return found


def loops(successors: Mapping[Node, Iterable[Node]]) -> list[list[Node]]:
    """The components that hold a cycle, each with its nodes in the order of the mapping."""
    numbers = components(successors)
    members: dict[int, list[Node]] = {}
    for node in successors:
        members.setdefault(numbers[node], []).append(node)
    return [
        nodes
        for nodes in members.values()
        if len(nodes) > 1 or nodes[0] in set(successors[nodes[0]])
    ]


def shortest_word(
    start: Node,
    steps: Callable[[Node], Iterable[tuple[int, Node]]],
    accepted: Callable[[Node], bool],
    *,
    visit: Callable[[], None] = lambda: None,
) -> tuple[int, ...] | None:
    """The labels of a shortest way from `start` to an accepted node; None when there is none.

    `visit` is called once for each node taken up, so that a caller can stop the search.
    """
    before: dict[Node, tuple[Node, int] | None] = {start: None}
    queue = deque([start])
    while queue:
        node = queue.popleft()
        visit()
        if accepted(node):
            return _labels(before, node)
        for label, target in steps(node):
            if target not in before:
                before[target] = (node, label)
                queue.append(target)
    return None


def _labels(before: Mapping[Node, tuple[Node, int] | None], node: Node) -> tuple[int, ...]:
    labels: list[int] = []
    step = before[node]
    while step is not None:
        labels.append(step[1])
        step = before[step[0]]
    return tuple(reversed(labels))
