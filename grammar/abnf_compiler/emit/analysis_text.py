"""What decides a rule, and why that is right, in a few sentences for people.

Rule: every sentence restates one fact of `analysis.Analysis`; nothing is inferred here.
"""

from __future__ import annotations

from abnf_compiler.analysis import Analysis, analyse
from abnf_compiler.emit.page_html import code_html, octets_text
from abnf_compiler.tree import ResolvedGrammar


def _string(codes: tuple[int, ...]) -> str:
    """A string of the alphabet as code within a line."""
    text = "".join(map(chr, codes))
    if not text:
        return "the empty string"
    return code_html(octets_text(text.encode("latin-1")) if max(codes) <= 0xFF else ascii(text))


def _decided_by(found: Analysis) -> str:
    """Which engine gives the verdict."""
    if found.proof is None:
        why = "it is too large for a pattern" if found.regular else "no automaton describes it"
        return f"Decided by Lark's Earley parser, character by character: {why}."
    return (
        "Decided by one pattern of Python's `re` in linear time "
        f"({found.proof.label.value}): {found.proof.statement}"
    )


def _form(found: Analysis) -> str:
    """Regular or not, and how large."""
    if not found.regular:
        cycles = "; ".join(" → ".join((*cycle, cycle[0])) for cycle in found.cycles)
        return f"Not regular: {cycles}."
    states = f"{found.states} state{'' if found.states == 1 else 's'}"
    size = f"; its smallest automaton has {states}" if found.states else ""
    return f"Regular{' (recursion at one end only)' if found.recursive else ''}{size}."


def _readings(found: Analysis) -> str:
    """Whether some string has two readings."""
    if found.witness is not None:
        shorter = "" if found.shortest else ", perhaps a shorter string too"
        return (
            f"Ambiguous: {_string(found.witness)} has two readings{shorter}; "
            "the verdict does not depend on which is taken."
        )
    if found.ambiguous is False:
        return "Unambiguous: every string has one reading."
    if found.searched is not None:
        return f"No string of up to {found.searched} characters has two readings."
    return ""


def _choices(found: Analysis) -> str:
    """What the rule as written costs a reader that tries one way after the other."""
    if found.deterministic:
        return "The next character decides every choice of the rule as written."
    report = found.backtracking
    if report is None or report.pump is None:
        return ""
    return (
        "A matcher that backtracks over the rule as written takes "
        f"{report.growth.value} time on {_string(report.pump.prefix)} and then "
        f"{_string(report.pump.pump)} again and again; the pattern does not."
    )


def analysis_text(grammar: ResolvedGrammar, rule: str) -> str:
    """The facts about a rule (any case) as a list in Markdown.

    Raises:
        KeyError: no such rule.
    """
    found = analyse(grammar, rule)
    note = f"Not known: {found.note}." if found.note and found.regular else ""
    facts = (_decided_by(found), _form(found), _choices(found), _readings(found), note)
    return "".join(f"- {fact}\n" for fact in facts if fact)
