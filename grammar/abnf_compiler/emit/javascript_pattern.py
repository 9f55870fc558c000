"""A rule as a JavaScript `RegExp` of linear time, with the proof that it is one.

Rules: JavaScript has neither atomic groups nor possessive repetitions, so nothing here may rest on
them.  The expression of the rule is taken as it stands where the ways through it are bounded
(ambiguity.py); else it is made anew from the minimal automaton, with one way for each string
(eliminate.py).  A pattern reads the whole of a string.
"""

from __future__ import annotations

import re
from dataclasses import dataclass
from typing import Final

from abnf_compiler.automata.ambiguity import Growth
from abnf_compiler.automata.charset import OCTET_LIMIT
from abnf_compiler.automata.dfa import minimal_dfa
from abnf_compiler.automata.eliminate import eliminate
from abnf_compiler.automata.expression import Chars, Regex, factored, walk
from abnf_compiler.pattern import ProofLabel, rule_pattern
from abnf_compiler.pattern_text import pattern_text
from abnf_compiler.tree import ResolvedGrammar

_LONG_ESCAPE: Final = re.compile(r"(\\\\)|\\U([0-9a-f]{8})")


@dataclass(frozen=True, slots=True)
class JavaScriptPattern:
    """The source of a `RegExp`, the flags it needs, and why it takes linear time."""

    source: str
    flags: str
    label: ProofLabel


def highest_character(regex: Regex) -> int:
    """The highest character an expression reads."""
    sets = (part.charset for part in walk(regex) if isinstance(part, Chars))
    return max((charset.intervals[-1][1] for charset in sets), default=0)


def javascript_pattern(grammar: ResolvedGrammar, rule: str) -> JavaScriptPattern:
    """The `RegExp` of a rule (any case), for binary strings; with the flag "u" for code points.

    Raises:
        KeyError: no such rule.
        AutomataError: not regular, too large, or not provably linear.
    """
    pattern = rule_pattern(grammar, rule)
    regex, label = pattern.regex, pattern.proof.label
    bounded = pattern.proof.plain.growth is Growth.BOUNDED
    if not bounded and label is not ProofLabel.ELIMINATED:
        regex = factored(eliminate(minimal_dfa(regex, rule=rule), rule=rule))
        label = ProofLabel.ELIMINATED
    text = _LONG_ESCAPE.sub(
        lambda found: found[1] or f"\\u{{{int(found[2], 16):x}}}", pattern_text(regex)
    )
    flags = "u" if highest_character(regex) > OCTET_LIMIT else ""
    return JavaScriptPattern(f"^(?:{text})$", flags, label)
