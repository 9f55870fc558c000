"""What one rule accepts in two grammars: proofs by automata where it is regular, else by search.

Rules: prose is a character of its own, so what is proved holds whatever the prose means; a string
tells two rules apart only where one side refuses it even with prose that matches any text.  A
recursive rule that both grammars have alike is first taken as a whole: that leaves many rules
regular, and what is proved of them so is true.  What stays open is searched with a stack, and by
sentences of both sides.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import dataclass
from itertools import islice
from random import Random
from typing import Final

from abnf_compiler.automata.charset import OCTET_LIMIT, Alphabet
from abnf_compiler.automata.normal_form import AutomataError
from abnf_compiler.diagnostics import GrammarError
from abnf_compiler.diff_blueprint import Blueprint, Symbols, blueprint
from abnf_compiler.diff_machine import Machine, Meter, SpentError
from abnf_compiler.diff_search import Direction, Directions, Judge, Verdict, Word, search
from abnf_compiler.sentences.derivation import Lengths
from abnf_compiler.tree import ResolvedGrammar

READING_LEVELS: Final = 40
"""Calls within calls when one string is read."""

READING_STEPS: Final = 100_000
LONGEST_SENTENCE: Final = 512

QUICK: Final = 60
LONG: Final = 20
"""The parts of the work allowed that quick and long searches with a stack may take."""

DEEPER: Final = 20
"""A search that visits this part of the pairs allowed is not done again with more levels."""

LONGEST_PARSED: Final = 100
MOST_PARSED: Final = 20
"""Strings that a machine leaves open and that the Earley parser decides, for one rule."""

MOST_PROSAIC: Final = 100
"""Strings that prose leaves open before there is no hope of others, for one rule."""


@dataclass(frozen=True, slots=True)
class Bounds:
    """How much work one rule may take.

    pairs: pairs of states.  steps: moves of automata (a million is about a second).
    levels: how deep calls of recursive rules nest; the deeper ones only where the search of the
    others was short.  sentences: of each grammar, where the search ends without a result.
    """

    pairs: int = 50_000
    steps: int = 3_000_000
    levels: tuple[int, ...] = (4, 8, 16, 32)
    sentences: int = 200


class _Side:
    """The rule in one of the grammars: taken apart, and ready to read single strings."""

    def __init__(self, grammar: ResolvedGrammar, key: str, symbols: Symbols) -> None:
        self.grammar = grammar
        self._key = key
        self._symbols = symbols
        self.plan = self.plan_with(frozenset())
        self.has_prose = bool(self.plan.symbols())
        self.highest = max(
            (each.intervals[-1][1] for each in self.plan.charsets() if each), default=0
        )
        self._reader: Machine | None = None
        self._parser: Callable[[str], object] | None = None
        self._parsed = 0

    def plan_with(self, whole: frozenset[str]) -> Blueprint:
        """The rule taken apart, with the rules of `whole` as characters."""
        return blueprint(self.grammar.rules, self._key, self._symbols, whole=whole)

    def refuses(self, word: Word) -> bool:
        """Whether a word without symbols is sure to be refused, whatever prose means."""
        try:
            if self._reader is None:
                plan = self.plan
                if self.has_prose:
                    plan = blueprint(self.grammar.rules, self._key, self._symbols, loose=True)
                alphabet, meter = Alphabet(plan.charsets()), Meter(READING_STEPS)
                self._reader = Machine(plan, alphabet, levels=READING_LEVELS, meter=meter)
            accepted = self._reader.accepts(word)
        except SpentError:
            accepted = None
        return self._parser_refuses(word) if accepted is None else not accepted

    def _parser_refuses(self, word: Word) -> bool:
        if len(word) > LONGEST_PARSED or self._parsed == MOST_PARSED:
            return False
        self._parsed += 1
        from abnf_compiler.engines.earley import compile_rule

        try:
            if self._parser is None:
                self._parser = compile_rule(self.grammar, self._key).match
            return not self._parser("".join(map(chr, word)))
        except (GrammarError, RecursionError):
            return False


class Languages:
    """One rule (lower case) in two grammars, and what is found out about it.

    found: the result.  regular: no stack is needed.  octets: no character is above 255.  reason:
    why automata were given up; "" when they were not.
    """

    def __init__(
        self,
        old: ResolvedGrammar,
        new: ResolvedGrammar,
        key: str,
        *,
        symbols: Symbols,
        bounds: Bounds,
        found: Directions,
        lengths: Callable[[ResolvedGrammar], Lengths],
    ) -> None:
        self.found = found
        self._lengths = lengths
        self.regular = False
        self.octets = True
        self.reason = ""
        self._grammars = (old, new)
        self._key = key
        self._symbols = symbols
        self._bounds = bounds
        self._sides: tuple[_Side, ...] = ()
        self._plans: list[Blueprint] = []
        self._prosaic = 0

    def compare(self, alike: frozenset[str], edited: frozenset[str]) -> None:
        """Settle what can be settled.

        alike: rules that both grammars have alike and that no automaton describes.  edited: rules
        that were written anew; sentences show these first.
        """
        try:
            self._take_apart()
            if self.regular:
                self._search(self._plans, self.found, self._judge, levels=0)
                self._try_sentences(edited)
            else:
                levels = self._bounds.levels[0]
                self._search(self._plans, self.found, self._judge, levels, QUICK)
                self._try_sentences(edited)
                self._search_whole(alike)
                self._search_deeper()
        except AutomataError as error:
            self.reason = str(error)
        except RecursionError:
            self.reason = f"rule {self._key} nests too deep"
        if self.regular and self.found.stopped and not self.found.settled:
            self.reason = f"rule {self._key} needs {self.found.stopped}"
        self._sides, self._plans = (), []  # large, and done with

    def _take_apart(self) -> None:
        self._sides = tuple(_Side(each, self._key, self._symbols) for each in self._grammars)
        old, new = self._sides
        self._plans = [old.plan, new.plan]
        self.regular = not (old.plan.recursive or new.plan.recursive)
        self.octets = max(old.highest, new.highest) <= OCTET_LIMIT

    def _search_deeper(self) -> None:
        """Search with more and more levels of calls, as long as that is quick."""
        for levels in self._bounds.levels:
            pairs = self._search(self._plans, self.found, self._judge, levels, LONG)
            if self.found.stopped or pairs * DEEPER > self._bounds.pairs:
                break

    def _search_whole(self, alike: frozenset[str]) -> None:
        """Search with equal recursive rules as characters; keep what is true of the rules."""
        mine = self.found
        if mine.settled:
            return
        plans = [side.plan_with(alike) for side in self._sides]
        taken = [plan.symbols() for plan in plans]
        if taken == [plan.symbols() for plan in self._plans]:
            return
        part = Directions(
            Direction(proved=mine.only_old.proved, word=mine.only_old.word),
            Direction(proved=mine.only_new.proved, word=mine.only_new.word),
        )
        levels = self._bounds.levels[0]
        self._search(plans, part, lambda new, word, certain: Verdict.WITNESS, levels, LONG)
        for new_refuses, direction, whole in (
            (True, mine.only_old, part.only_old),
            (False, mine.only_new, part.only_new),
        ):
            direction.proved |= whole.proved
            word = whole.word
            if direction.settled or word is None or any(code < 0 for code in word):
                continue
            if self._judge(new_refuses, word, False) is Verdict.WITNESS:
                direction.word = word

    def _search(
        self,
        plans: list[Blueprint],
        found: Directions,
        judge: Judge,
        levels: int,
        share: int = 1,
    ) -> int:
        """Search once, with one part of the work allowed; the number of pairs visited."""
        if found.settled:
            return 0
        alphabet = Alphabet([charset for plan in plans for charset in plan.charsets()])
        meter = Meter(self._bounds.steps // share)
        try:
            old, new = (Machine(each, alphabet, levels=levels, meter=meter) for each in plans)
        except SpentError as limit:
            found.stopped = str(limit)
            return 0
        pairs = self._bounds.pairs // share
        return search(old, new, found, meter=meter, max_pairs=pairs, judge=judge)

    def _judge(self, new_refuses: bool, word: Word, certain: bool) -> Verdict:
        """What a word is worth that one side accepts and the machine of the other does not."""
        refusing = self._sides[new_refuses]
        prosaic = any(code < 0 for code in word)
        if not prosaic and ((certain and not refusing.has_prose) or refusing.refuses(word)):
            return Verdict.WITNESS
        if not (prosaic or refusing.has_prose):
            return Verdict.DOUBT
        direction = self.found.only_old if new_refuses else self.found.only_new
        if direction.supposed is None:
            direction.supposed = word
        self._prosaic += 1
        return Verdict.DOUBT if self._prosaic < MOST_PROSAIC else Verdict.HOPELESS

    def _try_sentences(self, edited: frozenset[str]) -> None:
        """Read sentences of each side on the other."""
        for new_refuses, direction in ((True, self.found.only_old), (False, self.found.only_new)):
            refusing, accepting = self._sides[new_refuses], self._sides[not new_refuses]
            if direction.settled:
                continue
            lengths = self._lengths(accepting.grammar)
            drawn = sentences(accepting.grammar, self._key, edited, lengths)
            for sentence in islice(drawn, self._bounds.sentences):
                self.found.strings += 1
                if refusing.refuses(tuple(sentence)):
                    direction.word = tuple(sentence)
                    break


def sentences(
    grammar: ResolvedGrammar, key: str, first: frozenset[str], lengths: Lengths
) -> Iterator[bytes]:
    """The shortest sentence for each decision of a rule, those of the rules in `first` first."""
    from abnf_compiler.sentences.goals import Map
    from abnf_compiler.sentences.growth import Growth, ImpossibleError

    places, random = Map(grammar, key), Random(key)
    top = places.places[0]
    goals = list(places.goals())
    goals.sort(key=lambda goal: places.places[goal.place].rule.lower() not in first)
    known: set[bytes] = set()
    for goal in goals:
        growth = Growth(
            grammar,
            lengths,
            random,
            number=places.number,
            way=places.way(goal.place),
            forced={goal.place: goal.choice},
            max_octets=LONGEST_SENTENCE,
        )
        try:
            sentence = growth.grow(top.node, top.rule, 0).sentence()
        except ImpossibleError:
            continue
        if sentence not in known:
            known.add(sentence)
            yield sentence
