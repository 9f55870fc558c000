"""What `abnfc check --analysis` says about a rule: the facts of `Analysis`, as a line or as JSON.

Rule: a fact that is not known is left out of the line, and null in JSON.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from abnf_compiler.commands.shown_text import shown

if TYPE_CHECKING:
    from collections.abc import Iterator

    from abnf_compiler.analysis import Analysis
    from abnf_compiler.automata.ambiguity import GrowthReport


def facts_line(facts: Analysis, reachable: bool | None) -> str:
    """The facts in words; `reachable` is None where the grammar names no start rule."""
    return f"{facts.rule}: {', '.join(_words(facts, reachable))}"


def _words(facts: Analysis, reachable: bool | None) -> Iterator[str]:
    if reachable is not None:
        yield "reachable" if reachable else "not reachable"
    if facts.recursive:
        yield f"recursive ({'; '.join(' -> '.join((*each, each[0])) for each in facts.cycles)})"
    if not facts.prose:
        yield "regular" if facts.regular else "not regular"
    if facts.deterministic is not None:
        yield "deterministic" if facts.deterministic else "not deterministic"
    if facts.witness is not None:
        longer = "" if facts.shortest else " (perhaps on a shorter string, too)"
        yield f'ambiguous on "{_text(facts.witness)}"{longer}'
    elif facts.ambiguous is False:
        yield "unambiguous"
    elif facts.searched is not None:
        yield f"unambiguous up to {facts.searched} character{'' if facts.searched == 1 else 's'}"
    if facts.backtracking is not None:
        yield _backtracking_words(facts.backtracking)
    if facts.states is not None:
        yield f"{facts.states} state{'' if facts.states == 1 else 's'}"
    yield f"engine {facts.engine}" if facts.engine else "no engine: it needs prose"
    if facts.proof is not None:
        yield f"pattern {facts.proof.label.value}"
    if facts.note and facts.regular and not facts.prose:
        yield f"not known: {facts.note}"


def _backtracking_words(report: GrowthReport) -> str:
    if report.pump is None:
        return "backtracking linear"
    prefix, pump = _text(report.pump.prefix), _text(report.pump.pump)
    return f'backtracking {report.growth.value} on "{prefix}" and "{pump}" repeated'


def _text(codes: tuple[int, ...]) -> str:
    return shown("".join(map(chr, codes)))


def facts_as_json(facts: Analysis, reachable: bool | None) -> dict[str, object]:
    """The facts as JSON values; strings are lists of code points, which need not be characters."""
    report = facts.backtracking
    growth = "linear" if report is not None and report.pump is None else None
    return {
        "rule": facts.rule,
        "reachable": reachable,
        "recursive": facts.recursive,
        "cycles": [list(cycle) for cycle in facts.cycles],
        "regular": None if facts.prose else facts.regular,
        "deterministic": facts.deterministic,
        "ambiguous": facts.ambiguous,
        "ambiguous_string": None if facts.witness is None else list(facts.witness),
        "ambiguous_string_is_shortest": None if facts.witness is None else facts.shortest,
        "unambiguous_up_to": facts.searched,
        "backtracking": report.growth.value if report and report.pump else growth,
        "backtracking_prefix": list(report.pump.prefix) if report and report.pump else None,
        "backtracking_pump": list(report.pump.pump) if report and report.pump else None,
        "positions": facts.positions,
        "states": facts.states,
        "engine": facts.engine or None,
        "proof": facts.proof.label.value if facts.proof else None,
        "note": facts.note or None,
    }
