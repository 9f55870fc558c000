"""Numbers as short texts: the tables of an emitted JavaScript module.

Rules: a number is written with five bits to a digit of base 64, the lowest bits first, and 32 is
added to each digit that is not the last.  Runs of one number are written once with their length,
and moves as distances, so that states which differ in their place only are alike.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from itertools import groupby
from typing import Final

from abnf_compiler.automata.dfa import Dfa

DIGITS: Final = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/"


def numbers_text(numbers: Iterable[int]) -> str:
    """The digits of numbers that are not negative."""
    return "".join(_digits(number) for number in numbers)


def _digits(number: int) -> str:
    if number < 0:
        raise ValueError(f"{number} is negative")
    digits = ""
    while number >= 32:
        digits += DIGITS[32 + number % 32]
        number //= 32
    return digits + DIGITS[number]


def distance(number: int) -> int:
    """A signed number as one that is not negative, small when it was near 0."""
    return 2 * number if number >= 0 else -2 * number - 1


def run_numbers(values: Iterable[int]) -> Iterator[int]:
    """For each run of equal values: the value, and the length of the run less one."""
    for value, run in groupby(values):
        yield value
        yield sum(1 for _ in run) - 1


def row_numbers(rows: Iterable[tuple[int, ...]]) -> Iterator[int]:
    """How many rows there are, then the length and the numbers of each."""
    kept = list(rows)
    yield len(kept)
    for row in kept:
        yield len(row)
        yield from row


def dfa_numbers(dfa: Dfa) -> Iterator[int]:
    """The classes of characters and the moves of an automaton.

    First the intervals of characters, each with its distance from the one before, its length and
    its class; then the count of states and of classes, the distinct rows of moves, and for each
    state its row.  A move is 0 when there is none, else 1 and the distance to its target.
    """
    spans = sorted(
        (first, last, number)
        for number, members in enumerate(dfa.alphabet.classes)
        for first, last in members.intervals
    )
    yield len(spans)
    end = 0
    for first, last, number in spans:
        yield from (first - end, last - first, number)
        end = last + 1
    yield from (len(dfa), len(dfa.alphabet.classes))
    rows = [
        tuple(0 if target < 0 else 1 + distance(target - state) for target in moves)
        for state, moves in enumerate(dfa.moves)
    ]
    distinct = {row: number for number, row in enumerate(dict.fromkeys(rows))}
    yield len(distinct)
    for row in distinct:
        yield from run_numbers(row)
    yield from run_numbers(distinct[row] for row in rows)
