"""What is known about one rule: regular or not, how it can be matched, and in how many ways.

Rule: a fact is proved or None; None means that a test stopped at its cap, and `note` says which.
"""

from __future__ import annotations

from dataclasses import dataclass, replace

from abnf_compiler.automata.ambiguity import BOUNDED, GrowthReport, ambiguous_word, growth
from abnf_compiler.automata.determinism import conflicts
from abnf_compiler.automata.dfa import minimal_dfa, position_nfa
from abnf_compiler.automata.expression import Regex, factored
from abnf_compiler.automata.nested_ambiguity import nested_readings
from abnf_compiler.automata.normal_form import (
    AutomataError,
    NotRegularError,
    TooLargeError,
    rule_cycles,
    to_regex,
)
from abnf_compiler.automata.positions import Positions
from abnf_compiler.checks.use import reached
from abnf_compiler.pattern import PatternProof, linear_pattern
from abnf_compiler.resolve.walk import subnodes
from abnf_compiler.tree import ProseVal, ResolvedGrammar


@dataclass(frozen=True, slots=True)
class Analysis:
    """The facts about a rule.

    regular: a finite automaton describes it.  cycles: groups of rules it reaches that call each
    other (tail recursion is regular all the same).  deterministic: the next character decides
    every choice of the rule as written.  ambiguous: some string has two readings; `witness` is
    one, and `shortest` says whether it is proved that none is shorter.  searched: of a rule that
    is not regular, no string up to this length has two readings.  backtracking: how the ways a
    matcher tries grow on the rule as written, with a string that shows it.  positions: characters
    of the rule written out.  states: size of its minimal automaton.  proof: why its pattern is
    linear.  prose: it needs what no tool can match.  note: why a fact is missing.
    """

    rule: str
    regular: bool
    cycles: tuple[tuple[str, ...], ...] = ()
    deterministic: bool | None = None
    ambiguous: bool | None = None
    witness: tuple[int, ...] | None = None
    shortest: bool = False
    searched: int | None = None
    backtracking: GrowthReport | None = None
    positions: int | None = None
    states: int | None = None
    proof: PatternProof | None = None
    prose: bool = False
    note: str = ""

    @property
    def recursive(self) -> bool:
        """Whether the rule, or one it reaches, refers to itself."""
        return bool(self.cycles)

    @property
    def engine(self) -> str:
        """What decides the rule: "compiled", "earley", or "" where it needs prose."""
        if self.prose:
            return ""
        return "compiled" if self.proof is not None else "earley"


def analyse(grammar: ResolvedGrammar, rule: str) -> Analysis:
    """The facts about a rule (any case).

    Raises:
        KeyError: no such rule.
    """
    name = grammar.rules[rule.lower()].name
    cycles = rule_cycles(grammar, rule)
    prose = _needs_prose(grammar, rule.lower())
    try:
        regex = to_regex(grammar, rule)
    except NotRegularError as error:
        return _nested(grammar, Analysis(name, False, cycles, prose=prose, note=str(error)))
    except AutomataError as error:
        return Analysis(name, not cycles, cycles, prose=prose, note=str(error))
    positions = Positions(regex)
    deterministic = next(conflicts(positions), None) is None
    notes: list[str] = []
    ambiguous: bool | None = None
    witness: tuple[int, ...] | None = None
    try:
        witness = ambiguous_word(position_nfa(positions), rule=name)
        ambiguous = witness is not None
    except TooLargeError as error:
        notes.append(str(error))
    return Analysis(
        rule=name,
        regular=True,
        cycles=cycles,
        deterministic=deterministic,
        ambiguous=ambiguous,
        witness=witness,
        shortest=witness is not None,
        backtracking=BOUNDED if deterministic else _growth(positions, name, notes),
        positions=len(positions.charsets),
        states=_states(regex, name, notes),
        proof=_proof(regex, name, notes),
        note="; ".join(notes),
    )


def _nested(grammar: ResolvedGrammar, facts: Analysis) -> Analysis:
    """The facts with what is known about the readings of a rule that is not regular."""
    if facts.prose:
        return facts
    found = nested_readings(grammar, facts.rule)
    return replace(
        facts,
        deterministic=found.deterministic,
        ambiguous=found.ambiguous,
        witness=found.witness,
        shortest=found.shortest,
        searched=None if found.ambiguous is False else found.searched,
    )


def _needs_prose(grammar: ResolvedGrammar, rule: str) -> bool:
    return any(
        isinstance(part, ProseVal)
        for name in reached(grammar, [rule])
        for part in subnodes(grammar.rules[name].definition)
    )


def _growth(positions: Positions, rule: str, notes: list[str]) -> GrowthReport | None:
    try:
        return growth(position_nfa(positions), rule=rule)
    except TooLargeError as error:
        if str(error) not in notes:
            notes.append(str(error))
        return None


def _states(regex: Regex, rule: str, notes: list[str]) -> int | None:
    try:
        return len(minimal_dfa(regex, rule=rule))
    except TooLargeError as error:
        notes.append(str(error))
        return None


def _proof(regex: Regex, rule: str, notes: list[str]) -> PatternProof | None:
    try:
        return linear_pattern(factored(regex), rule=rule).proof
    except AutomataError as error:
        notes.append(str(error))
        return None
