"""Ambiguity of rules that no automaton describes: proved, refuted, or searched up to a length.

Rules: a rule whose next character decides every choice is unambiguous (predictive.py).  Otherwise
the rule is written out to one level after the other (unroll.py), and the automaton of each is asked
for a shortest string with two readings: what it finds is one of the rule.  It is a shortest one
where no shorter string can have a reading that goes deeper; whether that is so is said, too.
Whether a grammar is ambiguous is undecidable in general, so "not known" is an honest answer.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Final

from abnf_compiler.automata.ambiguity import ambiguous_word
from abnf_compiler.automata.determinism import conflicts
from abnf_compiler.automata.dfa import position_nfa
from abnf_compiler.automata.normal_form import AutomataError, to_regex
from abnf_compiler.automata.positions import Positions
from abnf_compiler.automata.predictive import is_predictive
from abnf_compiler.automata.unroll import Unrolling, written_size
from abnf_compiler.tree import ResolvedGrammar

MAX_LEVELS: Final = 12
"""Levels written out at most."""

MAX_POSITIONS: Final = 1_500
"""Positions of a rule written out at most; the search looks at pairs of them."""

MAX_STEPS: Final = 100_000
"""Pairs of positions looked at for one level (a quarter of a second)."""


@dataclass(frozen=True, slots=True)
class Readings:
    """What is known about the readings of a rule that is not regular.

    deterministic: whether the next character decides every choice.  ambiguous: whether some string
    has two readings; None when not known.  witness: such a string; shortest: whether it is proved
    that none is shorter.  searched: no string up to this length has two readings.
    """

    deterministic: bool | None
    ambiguous: bool | None
    witness: tuple[int, ...] | None = None
    shortest: bool = False
    searched: int = 0


def nested_readings(grammar: ResolvedGrammar, rule: str) -> Readings:
    """The readings of a rule (any case) that holds no prose.

    Raises:
        KeyError: no such rule.
    """
    key = rule.lower()
    if is_predictive(grammar, key):
        return Readings(True, False)
    unrolling = Unrolling(grammar, key)
    deterministic: bool | None = None
    witness: tuple[int, ...] | None = None
    searched = unrolling.least_lengths[key] - 1  # there is no shorter string at all
    for depth in range(MAX_LEVELS + 1):
        copy = unrolling.written_out(depth)
        if copy is None:
            continue
        try:
            if written_size(*copy) > MAX_POSITIONS:
                break
            positions = Positions(to_regex(*copy))
            if deterministic is None and next(conflicts(positions), None) is not None:
                deterministic = False
            found = ambiguous_word(position_nfa(positions), rule=rule, cap=MAX_STEPS)
        except (AutomataError, RecursionError):
            break
        if found is not None and (witness is None or len(found) < len(witness)):
            witness = found
        covered = unrolling.covered(depth)
        limit = covered if found is None else min(covered, len(found) - 1)
        searched = max(searched, limit)
        if witness is not None and searched >= len(witness) - 1:
            return Readings(deterministic, True, witness, True, len(witness) - 1)
    ambiguous = None if witness is None else True
    return Readings(deterministic, ambiguous, witness, False, max(searched, 0))
