"""Minimal DFA -> unambiguous expression, by state elimination.

Rule: a deterministic automaton has one path for each string, and elimination keeps paths apart,
so the expression matches each string in one way only.  A backtracking matcher then holds at most
one live way per position of the expression: linear time for every regular language.
States go in the order of least growth (R. Delgado, J. Morais, "Approximation to the smallest
regular expression for a given regular language", 2004); the result does not depend on chance.
"""

from __future__ import annotations

from typing import Final

from abnf_compiler.automata.dfa import Dfa
from abnf_compiler.automata.expression import (
    EMPTY,
    EPSILON,
    Regex,
    Repeat,
    Seq,
    alt,
    chars,
    nesting,
    nullable,
    position_count,
    repeat,
    seq,
)
from abnf_compiler.automata.normal_form import MAX_NESTING, TooLargeError

MAX_ELIMINATED_POSITIONS: Final = 50_000
"""Positions an eliminated expression may have; the largest of 62 RFC rules was 129,000
characters of pattern, which `re` compiles in 0.9 s."""


def eliminate(dfa: Dfa, *, rule: str = "", cap: int = MAX_ELIMINATED_POSITIONS) -> Regex:
    """An unambiguous expression of the language of `dfa`.

    Raises:
        TooLargeError: more than `cap` positions.
    """
    if dfa.is_empty:
        return EMPTY
    start, end = -1, -2
    edges: dict[int, dict[int, Regex]] = {start: {0: EPSILON}, end: {}}
    for state, row in enumerate(dfa.moves):
        masks: dict[int, int] = {}
        for number, target in enumerate(row):
            if target >= 0:
                masks[target] = masks.get(target, 0) | 1 << number
        edges[state] = {t: chars(dfa.alphabet.charset(mask)) for t, mask in masks.items()}
        if state in dfa.accepting:
            edges[state][end] = EPSILON
    sources: dict[int, set[int]] = {state: set() for state in edges}
    for state, targets in edges.items():
        for target in targets:
            sources[target].add(state)
    sizes: dict[tuple[int, int], int] = {
        (state, target): position_count(regex)
        for state, targets in edges.items()
        for target, regex in targets.items()
    }
    left = set(range(len(dfa)))
    while left:
        state = min(left, key=lambda s: (_growth(s, edges, sources, sizes), -s))
        left.remove(state)
        _remove(state, edges, sources, sizes)
        if sum(sizes.values()) > cap:
            raise TooLargeError(rule, "positions after state elimination", cap)
        if any(nesting(regex) > MAX_NESTING for regex in edges[start].values()):
            raise TooLargeError(rule, "levels after state elimination", MAX_NESTING)
    return edges[start][end]


def _row(*items: Regex) -> Regex:
    """The items in a row, `X X{a,b}` joined to `X{a+1,b+1}`, which keeps ways apart as well."""
    row = seq(items)
    if not isinstance(row, Seq):
        return row
    joined: list[Regex] = []
    for item in reversed(row.items):
        last = joined[-1] if joined else None
        if isinstance(last, Repeat) and last.item == item:
            maximum = None if last.maximum is None else last.maximum + 1
            joined[-1] = repeat(item, last.minimum + 1, maximum)
        else:
            joined.append(item)
    return seq(reversed(joined))


def _growth(
    state: int,
    edges: dict[int, dict[int, Regex]],
    sources: dict[int, set[int]],
    sizes: dict[tuple[int, int], int],
) -> int:
    """How many positions the expression gains when `state` goes."""
    before = [source for source in sources[state] if source != state]
    after = [target for target in edges[state] if target != state]
    coming = sum(sizes[source, state] for source in before)
    going = sum(sizes[state, target] for target in after)
    loop = sizes.get((state, state), 0)
    return (
        coming * (len(after) - 1)
        + going * (len(before) - 1)
        + loop * (len(before) * len(after) - 1)
    )


def _remove(
    state: int,
    edges: dict[int, dict[int, Regex]],
    sources: dict[int, set[int]],
    sizes: dict[tuple[int, int], int],
) -> None:
    loop = repeat(edges[state].pop(state, EMPTY), 0, None)
    sizes.pop((state, state), None)
    sources[state].discard(state)
    targets = edges.pop(state)
    for target in targets:
        sources[target].discard(state)
        del sizes[state, target]
    for source in sorted(sources.pop(state)):
        into = edges[source].pop(state)
        del sizes[source, state]
        for target, out in targets.items():
            way = _row(into, loop, out)
            known = edges[source].get(target)
            if known is not None:
                way = alt((way, known)) if nullable(known) else alt((known, way))
            edges[source][target] = way
            sizes[source, target] = position_count(edges[source][target])
            sources[target].add(source)
