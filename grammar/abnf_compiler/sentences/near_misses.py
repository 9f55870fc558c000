"""Strings that just miss a rule: each one decision away from a sentence, each proven refused.

Rules: the same grammar, rule and seed give the same strings; none comes twice; every one has been
refused by an engine before it is given out.  Its label names the rule whose text it breaks, the
place in the string, and what is wrong there.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator
from dataclasses import dataclass, field, replace
from itertools import chain, islice, zip_longest
from random import Random
from typing import Final, TypeAlias

from abnf_compiler.automata.charset import OCTET_LIMIT
from abnf_compiler.automata.compare import shortest_surplus
from abnf_compiler.automata.dfa import position_nfa, refusal_of
from abnf_compiler.automata.normal_form import AutomataError, to_regex
from abnf_compiler.automata.positions import Positions
from abnf_compiler.sentences.changes import Change, changes
from abnf_compiler.sentences.derivation import Derived
from abnf_compiler.sentences.derive import Deriver
from abnf_compiler.sentences.edits import edited
from abnf_compiler.sentences.judge import judge
from abnf_compiler.tree import Node, ResolvedGrammar

DEFAULT_MAX_OCTETS: Final = 256
SURPLUS_OCTETS: Final = (b"\x00", b"\n", b" ")
"""What is added at the end of a whole sentence."""

MAX_PAIRS: Final = 5_000
"""Pairs of states looked at to find out where a change breaks a rule."""

Fault: TypeAlias = tuple[int, int, str]
"""A node, by identity, the number of its part, and what is wrong there."""


@dataclass(frozen=True, slots=True)
class NearMiss:
    """A string the start rule refuses.

    rule: the rule whose text it breaks.  reason: what is wrong, in words.  offset: where the
    change begins, in octets from 0 (the engine may notice it later), or where the rule stops when
    the string was found by comparing languages.  node: the node of the grammar
    that is broken; two nodes of a rule may read the same.  change: what was done to it.
    """

    octets: bytes
    rule: str
    reason: str
    offset: int
    node: Node = field(repr=False, compare=False)
    change: Change = field(repr=False, compare=False)

    @property
    def fault(self) -> Fault:
        """What is wrong and at which node, as a key: equal nodes are different places."""
        return id(self.node), self.change.part, self.reason


def _changed(derivation: Derived) -> Iterator[NearMiss]:
    """Every change of every piece of a derivation, in the order of the sentence."""
    sentence = derivation.sentence()
    offset = 0
    for piece in derivation.walk():
        length = len(piece.sentence())
        for change in changes(piece):
            octets = sentence[:offset] + change.octets + sentence[offset + length :]
            place = offset + change.offset
            yield NearMiss(octets, piece.rule, change.reason, place, piece.node, change)
        offset += len(piece.octets)
    for surplus in SURPLUS_OCTETS:
        reason = f"%x{surplus.hex().upper()} after the end"
        end = len(sentence)
        change = Change(surplus, reason)
        yield NearMiss(sentence + surplus, derivation.rule, reason, end, derivation.node, change)


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
    return islice(_proven(_in_turn(streams), grammar, rule, refused), count)


def _proven(
    misses: Iterator[NearMiss],
    grammar: ResolvedGrammar,
    rule: str,
    refused: Callable[[bytes], bool],
) -> Iterator[NearMiss]:
    """The strings that are refused, each once; every fault once before any a second time."""
    seen: set[bytes] = set()
    said: set[Fault] = set()
    accepted: dict[Fault, NearMiss] = {}
    later: list[NearMiss] = []
    for miss in misses:
        if miss.octets in seen:
            continue
        if miss.fault in said:
            later.append(miss)
        elif refused(miss.octets):
            seen.add(miss.octets)
            said.add(miss.fault)
            yield miss
        else:
            accepted[miss.fault] = miss
    fitting = [miss for fault, miss in accepted.items() if fault not in said]
    for miss in chain(_elsewhere(grammar, rule, fitting), later):
        if miss.octets not in seen and refused(miss.octets):
            seen.add(miss.octets)
            yield miss


def _elsewhere(
    grammar: ResolvedGrammar, rule: str, fitting: Iterable[NearMiss]
) -> Iterator[NearMiss]:
    """For changes that fitted wherever they were tried: a shortest string they break.

    The grammar is compared with one that allows the change; where the languages are equal,
    nothing is wrong.  Regular rules only.
    """
    try:
        right = Positions(to_regex(grammar, rule))
    except AutomataError:
        return
    for miss in fitting:
        if miss.change.meant is None:
            continue
        wider = edited(grammar, miss.rule, miss.node, miss.change.meant)
        try:
            word = shortest_surplus(
                Positions(to_regex(wider, rule)), right, rule=rule, cap=MAX_PAIRS
            )
        except AutomataError:
            continue
        if word is not None and max(word, default=0) <= OCTET_LIMIT:
            refusal = refusal_of(position_nfa(right), word)
            assert refusal is not None
            yield replace(miss, octets=bytes(word), offset=refusal.position)
