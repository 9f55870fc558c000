"""Strings that just miss a rule: each one decision away from a sentence, each proven refused.

Rules: the same grammar, rule and seed give the same strings; none comes twice; every one has been
refused by an engine before it is given out.  Its label names the rule whose text it breaks, the
place in the string, and what is wrong there.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import dataclass
from itertools import islice, zip_longest
from random import Random
from typing import Final

from abnf_compiler.sentences.changes import changes
from abnf_compiler.sentences.derivation import Derived
from abnf_compiler.sentences.derive import Deriver
from abnf_compiler.sentences.judge import judge
from abnf_compiler.tree import ResolvedGrammar

DEFAULT_MAX_OCTETS: Final = 256
SURPLUS_OCTETS: Final = (b"\x00", b"\n", b" ")
"""What is added at the end of a whole sentence."""


@dataclass(frozen=True, slots=True)
class NearMiss:
    """A string the start rule refuses.

    rule: the rule whose text it breaks.  reason: what is wrong, in words.  offset: where the
    change begins, in octets from 0 (the engine may notice it later).
    """

    octets: bytes
    rule: str
    reason: str
    offset: int


def _changed(derivation: Derived) -> Iterator[NearMiss]:
    """Every change of every piece of a derivation, in the order of the sentence."""
    sentence = derivation.sentence()
    offset = 0
    for piece in derivation.walk():
        length = len(piece.sentence())
        for change in changes(piece):
            octets = sentence[:offset] + change.octets + sentence[offset + length :]
            yield NearMiss(octets, piece.rule, change.reason, offset + change.offset)
        offset += len(piece.octets)
    for surplus in SURPLUS_OCTETS:
        reason = f"%x{surplus.hex().upper()} after the end"
        yield NearMiss(sentence + surplus, derivation.rule, reason, len(sentence))


def _in_turn(streams: list[Iterator[NearMiss]]) -> Iterator[NearMiss]:
    """One near miss of each derivation, then the next of each, and so on."""
    for row in zip_longest(*streams):
        yield from (miss for miss in row if miss is not None)


def near_misses(
    grammar: ResolvedGrammar,
    rule: str,
    *,
    seed: int = 0,
    count: int | None = None,
    max_octets: int = DEFAULT_MAX_OCTETS,
    refused: Callable[[bytes], bool] | None = None,
) -> Iterator[NearMiss]:
    """Near misses of `rule`, at most `count`; every decision gets its first before any a second.

    Args:
        grammar: the rules.
        rule: the start, in any case.
        seed: what random choices start from.
        count: how many at most; None for all there are.
        max_octets: no sentence they are made from is longer.
        refused: the judge; the engine that decides the rule when None.

    Raises:
        KeyError: no such rule.
        GrammarError: the rule needs prose, and no judge is given.
    """
    if refused is None:
        match = judge(grammar, rule)
        return near_misses(
            grammar,
            rule,
            seed=seed,
            count=count,
            max_octets=max_octets,
            refused=lambda octets: not match(octets),
        )
    deriver = Deriver(grammar, rule, seed=seed, max_octets=max_octets)
    streams = [_changed(derivation) for _, derivation in deriver.covering()]
    Random(f"near misses/{rule.lower()}/{seed}").shuffle(streams)
    return islice(_proven(_in_turn(streams), refused), count)


def _proven(misses: Iterator[NearMiss], refused: Callable[[bytes], bool]) -> Iterator[NearMiss]:
    """The strings that are refused, each once; each rule and reason once before any a second."""
    seen: set[bytes] = set()
    said: set[tuple[str, str]] = set()
    later: list[NearMiss] = []
    for miss in misses:
        if miss.octets in seen:
            continue
        if (miss.rule, miss.reason) in said:
            later.append(miss)
            continue
        if refused(miss.octets):
            seen.add(miss.octets)
            said.add((miss.rule, miss.reason))
            yield miss
    for miss in later:
        if miss.octets not in seen and refused(miss.octets):
            seen.add(miss.octets)
            yield miss
