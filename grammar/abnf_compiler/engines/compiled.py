"""The fast engine: a stdlib `re` pattern proved linear; positions and expectations from the DFA.

Rules: only regular rules; `bytes` are octets, `str` are code points, both matched whole.  The
pattern alone decides acceptance; the automaton is built at the first refusal and only explains.
"""

from __future__ import annotations

import re
from collections.abc import Callable
from functools import cached_property, lru_cache
from typing import Final

from abnf_compiler.automata.charset import OCTET_LIMIT, CharSet
from abnf_compiler.automata.dfa import Dfa, Refusal, minimal_dfa, position_nfa, refusal_of
from abnf_compiler.automata.expression import (
    Alt,
    Chars,
    Regex,
    Repeat,
    Seq,
    alt,
    chars,
    factored,
    repeat,
    seq,
    walk,
)
from abnf_compiler.automata.normal_form import TooLargeError, to_regex
from abnf_compiler.automata.positions import Positions
from abnf_compiler.engines.refusal import Match, expected_words
from abnf_compiler.pattern import LinearPattern, linear_pattern
from abnf_compiler.tree import ResolvedGrammar

ENGINE: Final = "compiled"


class CompiledRule:
    """One regular rule, ready to match; make it with `compile_rule`."""

    def __init__(self, rule: str, regex: Regex, pattern: LinearPattern) -> None:
        self.rule = rule
        self.pattern = pattern
        self._regex = regex

    def match(self, data: bytes | str) -> Match:
        """Whether the rule accepts the whole of `data`: octets, or the code points of a string."""
        if isinstance(data, str):
            accepted = self._text_pattern(data) is not None
        else:
            accepted = self._octet_pattern(data) is not None
        if accepted:
            return _accepted(len(data))
        refusal = self._refusal(data)
        words = expected_words(refusal.expected, may_end=refusal.may_end)
        return Match(False, ENGINE, refusal.position, words)

    @cached_property
    def dfa(self) -> Dfa | None:
        """The minimal automaton of the rule; None when it is too large to build."""
        try:
            return minimal_dfa(self._regex, rule=self.rule)
        except TooLargeError:
            return None

    @cached_property
    def _text_pattern(self) -> Callable[[str], re.Match[str] | None]:
        return re.compile(self.pattern.text).fullmatch

    @cached_property
    def _octet_pattern(self) -> Callable[[bytes], re.Match[bytes] | None]:
        pattern = self.pattern
        if _highest(self._regex) > OCTET_LIMIT:
            pattern = linear_pattern(_octets_only(self._regex), rule=self.rule)
        return re.compile(pattern.text.encode("ascii")).fullmatch

    def _refusal(self, data: bytes | str) -> Refusal:
        codes = list(map(ord, data)) if isinstance(data, str) else data
        if self.dfa is not None:
            refusal = self.dfa.refusal(codes)
        else:
            refusal = refusal_of(position_nfa(Positions(self._regex)), codes)
        if refusal is None:
            raise AssertionError(f"pattern and automaton of rule {self.rule} disagree")
        return refusal


@lru_cache(maxsize=1024)
def _accepted(length: int) -> Match:
    """The answer to an accepted string; made once for a length, as making it outlasts matching."""
    return Match(True, ENGINE, length)


def compile_rule(grammar: ResolvedGrammar, rule: str) -> CompiledRule:
    """The matcher of a rule (any case).

    Raises:
        KeyError: no such rule.
        AutomataError: not regular, too large, or not provably linear.
    """
    regex = factored(to_regex(grammar, rule))
    return CompiledRule(rule, regex, linear_pattern(regex, rule=rule))


def _highest(regex: Regex) -> int:
    sets = (part.charset for part in walk(regex) if isinstance(part, Chars))
    return max((charset.intervals[-1][1] for charset in sets), default=0)


def _octets_only(regex: Regex) -> Regex:
    """The strings of an expression that are made of octets."""
    match regex:
        case Chars(charset):
            return chars(charset & CharSet(((0, OCTET_LIMIT),)))
        case Seq(items):
            return seq(_octets_only(item) for item in items)
        case Alt(items):
            return alt(_octets_only(item) for item in items)
        case Repeat(item, minimum, maximum):
            return repeat(_octets_only(item), minimum, maximum)
        case _:
            return regex
