"""A linear-time stdlib `re` pattern for an expression, with the proof that it is one.

Rules.  Acceptance is that of the ABNF rule, character for character.  The time a match takes is
bounded by a constant times the length of the input, for every input: nothing is emitted that is
not proved so.  The ways tried, in this order:

- deterministic: the next character decides everywhere; every group is atomic.
- unambiguous, finitely ambiguous: the ways through the expression are bounded (ambiguity.py).
- commit: they are not, but repetitions that lose nothing by keeping what they took (commit.py)
  bound them.
- eliminated: the expression is made anew from the minimal automaton (eliminate.py); only without
  captures, since it has other parts.

With captures the reading must be fixed: by the rule being unambiguous, or by `@prefer`, which
takes earlier alternatives and longer repetitions first, as backtracking does.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from enum import Enum

from abnf_compiler.automata.ambiguity import BOUNDED, Growth, GrowthReport, ambiguous_word, growth
from abnf_compiler.automata.commit import commit_check, committed_nfa
from abnf_compiler.automata.determinism import (
    conflicts,
    forced_parts,
    ordered_choices,
)
from abnf_compiler.automata.dfa import minimal_dfa, position_nfa
from abnf_compiler.automata.eliminate import eliminate
from abnf_compiler.automata.expression import (
    Captured,
    Chars,
    Regex,
    Repeat,
    factored,
    has_captures,
    walk,
)
from abnf_compiler.automata.normal_form import AutomataError, TooLargeError, to_regex
from abnf_compiler.automata.positions import Positions
from abnf_compiler.pattern_text import Marks, grouped_text, pattern_text
from abnf_compiler.tree import ResolvedGrammar


class ProofLabel(Enum):
    """Why a pattern takes linear time; see the text at the head of the module."""

    DETERMINISTIC = "deterministic"
    UNAMBIGUOUS = "unambiguous"
    FINITELY_AMBIGUOUS = "finitely ambiguous"
    COMMIT = "commit"
    ELIMINATED = "eliminated"

    @property
    def statement(self) -> str:
        """The proof in one sentence."""
        return _STATEMENTS[self]


_STATEMENTS = {
    ProofLabel.DETERMINISTIC: "The next character decides every choice.",
    ProofLabel.UNAMBIGUOUS: "Every string matches in at most one way.",
    ProofLabel.FINITELY_AMBIGUOUS: "The number of ways to match a string is bounded.",
    ProofLabel.COMMIT: "Repetitions keep what they took, which loses no match.",
    ProofLabel.ELIMINATED: "Made from the minimal automaton, one way for each string.",
}


@dataclass(frozen=True, slots=True)
class PatternProof:
    """What was proved about a pattern.

    positions: size of its expression.  ambiguous: a shortest string with two readings, None when
    there is none or the test is not needed.  committed: the repeated words that are kept, as
    patterns.  pump: what would slow a plain translation, for "commit" and "eliminated".
    """

    label: ProofLabel
    positions: int
    ambiguous: tuple[int, ...] | None = None
    committed: tuple[str, ...] = ()
    plain: GrowthReport = BOUNDED

    @property
    def statement(self) -> str:
        """The proof in one sentence."""
        return self.label.statement


@dataclass(frozen=True, slots=True)
class LinearPattern:
    """A pattern to be used with `fullmatch`, and the captured parts of its groups in order."""

    text: str
    groups: tuple[Captured, ...]
    proof: PatternProof
    regex: Regex
    marks: Marks


class NotLinearError(AutomataError):
    """No pattern could be proved linear; `report` has the pump that slows the plain one."""

    def __init__(self, rule: str, report: GrowthReport | None, why: str) -> None:
        super().__init__(rule, f"rule {rule}: {why}{_pump_words(report)}")
        self.report = report


class AmbiguousCaptureError(AutomataError):
    """The captures of a rule have two readings and no `@prefer`; `witness` has both."""

    def __init__(self, rule: str, witness: tuple[int, ...]) -> None:
        shown = ascii("".join(map(chr, witness)))
        super().__init__(
            rule, f"rule {rule} has captures, but {shown} has two readings; say `@prefer {rule}`"
        )
        self.witness = witness


def _pump_words(report: GrowthReport | None) -> str:
    if report is None or report.pump is None:
        return ""
    prefix, pump = ("".join(map(chr, part)) for part in (report.pump.prefix, report.pump.pump))
    return f"; {report.growth.value} time on {prefix!a} and then {pump!a} repeated"


def rule_pattern(grammar: ResolvedGrammar, rule: str) -> LinearPattern:
    """The pattern of a rule, without captures.

    Raises:
        AutomataError: not regular, too large, or not provably linear.
    """
    return linear_pattern(factored(to_regex(grammar, rule)), rule=rule)


def linear_pattern(regex: Regex, *, rule: str, preferred: bool = False) -> LinearPattern:
    """The pattern of an expression, one group for each `Captured` part.

    Raises:
        NotLinearError, AmbiguousCaptureError, TooLargeError: see there.
    """
    positions = Positions(regex)
    captured = has_captures(regex)
    size = len(positions.charsets)
    if next(conflicts(positions), None) is None:
        marks = Marks(forced=frozenset(part.site for part in positions.parts))
        return _written(regex, marks, PatternProof(ProofLabel.DETERMINISTIC, size))
    marks = local_marks(positions)
    report: GrowthReport | None = None
    try:
        nfa = position_nfa(positions)
        report = growth(nfa, rule=rule)
        witness = ambiguous_word(nfa, rule=rule)
    except TooLargeError:
        if captured:
            raise
        return _eliminated(regex, rule, report)
    if captured and witness is not None and not preferred:
        raise AmbiguousCaptureError(rule, witness)
    for committed in _commit_choices(positions, marks, rule):
        bounded = report.growth is Growth.BOUNDED or _bounded_by(regex, committed, rule)
        if bounded:
            label = _label(report, witness)
            proof = PatternProof(label, size, witness, _words(regex, committed), report)
            kept = Marks(marks.forced, committed, marks.ordered)
            if not captured and _gives_back(positions, kept):
                lean = _lean(regex, rule, report)
                if lean is not None:
                    return lean
            return _written(regex, kept, proof)
    if captured:
        raise NotLinearError(rule, report, "no repetition can be committed without loss")
    return _eliminated(regex, rule, report)


def local_marks(positions: Positions) -> Marks:
    """The parts of an expression the next character or an order of trying decides."""
    forced = forced_parts(positions, ordered_choices(positions))
    return Marks(forced.sites, ordered=forced.ordered)


def _label(report: GrowthReport, witness: tuple[int, ...] | None) -> ProofLabel:
    if report.growth is not Growth.BOUNDED:
        return ProofLabel.COMMIT
    return ProofLabel.UNAMBIGUOUS if witness is None else ProofLabel.FINITELY_AMBIGUOUS


def _written(regex: Regex, marks: Marks, proof: PatternProof) -> LinearPattern:
    text, groups = grouped_text(regex, marks)
    return LinearPattern(text, groups, proof, regex, marks)


def _words(regex: Regex, committed: frozenset[int]) -> tuple[str, ...]:
    return tuple(
        pattern_text(part.item)
        for site, part in enumerate(walk(regex))
        if site in committed and isinstance(part, Repeat)
    )


def _bounded_by(regex: Regex, committed: frozenset[int], rule: str) -> bool:
    """Whether the committed repetitions bound the ways of a matcher."""
    if not committed:
        return False
    try:
        nfa = committed_nfa(regex, committed, rule=rule)
        return growth(nfa, rule=rule).growth is Growth.BOUNDED
    except TooLargeError:
        return False


def _commit_choices(positions: Positions, marks: Marks, rule: str) -> Iterator[frozenset[int]]:
    """Sets of repetitions that lose nothing by keeping what they took, none inside another.

    Outer loops first, then inner ones, then options too; each set once.
    """
    tried: set[frozenset[int]] = set()
    safe: dict[int, bool] = {}
    for options in (False, True):
        sites = _safe_sites(positions, marks, rule, safe, options=options)
        for chosen in (_apart(positions, sites), _apart(positions, sites[::-1])):
            if chosen not in tried:
                tried.add(chosen)
                yield chosen


def _safe_sites(
    positions: Positions, marks: Marks, rule: str, safe: dict[int, bool], *, options: bool
) -> list[int]:
    """The repetitions that may be committed; verdicts for loops are kept in `safe`."""
    known = frozenset(safe)
    for part in positions.parts:
        loop = part.regex
        if not isinstance(loop, Repeat) or part.site in marks.forced or part.site in known:
            continue
        unbounded = loop.maximum is None and loop.minimum <= 1
        if not unbounded and not (options and loop.maximum == 1):
            continue
        if safe.get(part.site, True):
            try:
                safe[part.site] = commit_check(positions, part, rule=rule).safe
            except TooLargeError:
                safe[part.site] = False
    return sorted(site for site, verdict in safe.items() if verdict)


def _apart(positions: Positions, sites: list[int]) -> frozenset[int]:
    """The sites, without those that lie inside or around an earlier one."""
    around: dict[int, set[int]] = {site: set() for site in sites}
    for part in positions.parts:
        if part.site in around:
            around[part.site].update(outer.site for outer in part.chain())
    kept: list[int] = []
    for site in sites:
        if not any(site in around[other] or other in around[site] for other in kept):
            kept.append(site)
    return frozenset(kept)


def _gives_back(positions: Positions, marks: Marks) -> bool:
    """Whether some loop over more than one character keeps a way back for each of its turns.

    `re` holds about 40 octets for each character of such a loop until the match ends.
    """
    kept = marks.forced | marks.committed
    return any(
        isinstance(part.regex, Repeat)
        and part.regex.maximum is None
        and not isinstance(part.regex.item, Chars)
        and part.site not in kept
        for part in positions.parts
    )


def _lean(regex: Regex, rule: str, report: GrowthReport | None) -> LinearPattern | None:
    """The pattern made from the minimal automaton, where no loop of it gives anything back."""
    try:
        made = _eliminated(regex, rule, report)
    except AutomataError:
        return None
    return None if _gives_back(Positions(made.regex), made.marks) else made


def _eliminated(regex: Regex, rule: str, report: GrowthReport | None) -> LinearPattern:
    try:
        made = factored(eliminate(minimal_dfa(regex, rule=rule), rule=rule))
    except TooLargeError as error:
        raise NotLinearError(rule, report, str(error)) from error
    positions = Positions(made)
    plain = BOUNDED if report is None else report
    proof = PatternProof(ProofLabel.ELIMINATED, len(positions.charsets), plain=plain)
    return _written(made, local_marks(positions), proof)
