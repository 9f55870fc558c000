"""Which parts of an expression the next character decides, and so may be matched atomically.

Rules.  A conflict is two edges out of one place that read a common character.  A part is
*forced* when no conflict concerns a choice inside it, on the way into it or between going on
inside it and leaving it: on the way to any match of the whole expression, what the part takes is
then decided one character at a time, so the greedy match of the part alone is the right one and
`(?>...)` around it loses nothing.  With every part forced the expression is deterministic
(one-unambiguous).

A choice of alternatives that begin alike may still be decided by trying them in a certain order:
`ordered_choices` proves that an alternative tried earlier never matches a prefix of a string that
belongs to a later one, followed by what may follow.  Such choices excuse their own conflicts.

All this holds inside a committed repetition (commit.py) too, which tries its body on strings that
go on in any way: an alternative or a part that read past the end of a word there would make that
word the beginning of a longer one, and the words of such a body are a prefix code.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Final

from abnf_compiler.automata.expression import Alt
from abnf_compiler.automata.graph import loops
from abnf_compiler.automata.positions import Edge, Part, Positions

MAX_CONFLICTS: Final = 200_000
"""Conflicts looked at before no part is called forced (about two seconds)."""


@dataclass(frozen=True, slots=True)
class Conflict:
    """Two edges out of `source` (-1 is the start) that share a character."""

    source: int
    left: Edge
    right: Edge


def conflicts(positions: Positions) -> Iterator[Conflict]:
    """Every conflict of the automaton; two ways to one position conflict as well."""
    masks = positions.masks
    for source, edges in enumerate([positions.initial, *positions.follow], start=-1):
        together = 0
        clash = False
        for edge in edges:
            clash = clash or bool(together & masks[edge.target])
            together |= masks[edge.target]
        if not clash:
            continue
        for index, left in enumerate(edges):
            for right in edges[index + 1 :]:
                if masks[left.target] & masks[right.target]:
                    yield Conflict(source, left, right)


@dataclass(frozen=True, slots=True)
class Forced:
    """The sites no conflict concerns, and the choices (with their order) that is due to."""

    sites: frozenset[int]
    ordered: Mapping[int, tuple[int, ...]]


def forced_parts(positions: Positions, ordered: Mapping[int, tuple[int, ...]]) -> Forced:
    """The forced parts, conflicts between the alternatives of `ordered` choices excused.

    With more than `MAX_CONFLICTS` conflicts no site is given, which is always safe.
    """
    every = frozenset(part.site for part in positions.parts)
    excused: set[int] = set()
    found: set[int] = set()
    for count, conflict in enumerate(conflicts(positions)):
        if count >= MAX_CONFLICTS:
            return Forced(frozenset(), {})
        if conflict.left.entered == conflict.right.entered:
            joint = _lowest_joint(positions, conflict.left.target, conflict.right.target)
            if joint.site in ordered:
                excused.add(joint.site)
                continue
        for edge, other in (
            (conflict.left, conflict.right),
            (conflict.right, conflict.left),
        ):
            for part in positions.leaves[edge.target].chain():
                goes_on_inside = part.holds(edge.entered)
                both_enter = part.covers(other.target) and not part.holds(other.entered)
                if goes_on_inside or both_enter or part.nullable is not None:
                    found.add(part.site)
    return Forced(every - found, {site: ordered[site] for site in sorted(excused)})


def _lowest_joint(positions: Positions, left: int, right: int) -> Part:
    """The smallest copy that holds both positions."""
    for part in positions.leaves[left].chain():
        if part.covers(right):
            return part
    raise AssertionError("the whole expression holds every position")


def ordered_choices(positions: Positions) -> dict[int, tuple[int, ...]]:
    """For each choice that an order decides: the numbers of its alternatives in that order.

    The order written is kept as far as it can be.
    """
    orders: dict[int, tuple[int, ...]] = {}
    rejected: set[int] = set()
    for part in positions.parts:
        if not isinstance(part.regex, Alt) or part.site in rejected:
            continue
        order = _order(positions, part)
        if order is None or orders.get(part.site, order) != order:
            rejected.add(part.site)
            orders.pop(part.site, None)
        else:
            orders[part.site] = order
    return orders


def _order(positions: Positions, choice: Part) -> tuple[int, ...] | None:
    count = len(choice.parts)
    hides = {
        (early, late)
        for early in range(count)
        for late in range(count)
        if early != late and _hides(positions, choice, early, late)
    }
    left = list(range(count))
    order: list[int] = []
    while left:
        for candidate in left:
            if not any((candidate, other) in hides for other in left if other != candidate):
                order.append(candidate)
                left.remove(candidate)
                break
        else:
            return None
    return tuple(order)


def _hides(positions: Positions, choice: Part, early: int, late: int) -> bool:
    """Whether alternative `early` matches a prefix of some string that `late` begins."""
    second = choice.parts[late]
    entries = [position for position, _ in second.first]
    if second.nullable is not None:
        entries += [edge.target for edge in positions.exits(choice)[0]]
    return matches_prefix(positions, choice.parts[early], entries)


def matches_prefix(positions: Positions, part: Part, entries: Sequence[int]) -> bool:
    """Whether `part` matches a prefix of some string that is read from one of `entries` on.

    The string goes on to the end of the whole expression.
    """
    if part.nullable is not None:
        return True
    masks = positions.masks
    own = {position for position, _ in part.last}
    stack = [(mine, theirs) for mine, _ in part.first for theirs in entries]
    seen: set[tuple[int, int]] = set()
    while stack:
        pair = stack.pop()
        mine, theirs = pair
        if pair in seen or not masks[mine] & masks[theirs]:
            continue
        seen.add(pair)
        if mine in own:
            return True
        stack += _steps(positions, part, pair)
    return False


def _steps(positions: Positions, part: Part, pair: tuple[int, int]) -> list[tuple[int, int]]:
    """Where reading on inside `part` and on in the string leads."""
    return [
        (step.target, edge.target)
        for step in positions.follow[pair[0]]
        if part.holds(step.entered)
        for edge in positions.follow[pair[1]]
    ]


def reads_without_end(positions: Positions, part: Part, entries: Sequence[int]) -> bool:
    """Whether `part` may read on without bound in a string that is read from one of `entries` on.

    A search that tries `part` there again and again then takes more than linear time, even
    where it never matches.
    """
    masks = positions.masks
    stack = [(mine, theirs) for mine, _ in part.first for theirs in entries]
    graph: dict[tuple[int, int], list[tuple[int, int]]] = {}
    while stack:
        pair = stack.pop()
        if pair in graph:
            continue
        overlap = masks[pair[0]] & masks[pair[1]]
        graph[pair] = _steps(positions, part, pair) if overlap else []
        stack += graph[pair]
    return bool(loops(graph))
