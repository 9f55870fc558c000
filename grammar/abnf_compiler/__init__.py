"""A compiler for grammars in ABNF (RFC 5234, RFC 7405).

    from abnf_compiler import Grammar

    grammar = Grammar.from_text('greeting = "hello" *( SP name )\\nname = 1*ALPHA')
    assert grammar.rule("greeting").match("Hello world")

Rule: importing the package loads no parser; `Grammar` and its kin are loaded on first use.
"""

from __future__ import annotations

from importlib import import_module
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from abnf_compiler.analysis import Analysis
    from abnf_compiler.automata.ambiguity import Growth, GrowthReport, Pump
    from abnf_compiler.automata.normal_form import AutomataError
    from abnf_compiler.diagnostics import Diagnostic, GrammarError, Severity, render
    from abnf_compiler.engines.earley import ParseNode, RefusedError
    from abnf_compiler.engines.refusal import Match
    from abnf_compiler.fmt import format_grammar
    from abnf_compiler.grammar import Grammar, LarkResult, Rule, UnknownRuleError
    from abnf_compiler.pattern import PatternProof
    from abnf_compiler.source import Position, Source, Span

__all__ = [
    "Analysis",
    "AutomataError",
    "Diagnostic",
    "Grammar",
    "GrammarError",
    "Growth",
    "GrowthReport",
    "LarkResult",
    "Match",
    "ParseNode",
    "PatternProof",
    "Position",
    "Pump",
    "RefusedError",
    "Rule",
    "Severity",
    "Source",
    "Span",
    "UnknownRuleError",
    "format_grammar",
    "render",
]

_HOMES = {
    "Analysis": "analysis",
    "AutomataError": "automata.normal_form",
    "Match": "engines.refusal",
    "PatternProof": "pattern",
    "format_grammar": "fmt",
    **dict.fromkeys(("Growth", "GrowthReport", "Pump"), "automata.ambiguity"),
    **dict.fromkeys(("Position", "Source", "Span"), "source"),
    "ParseNode": "engines.earley",
    "RefusedError": "engines.earley",
    **dict.fromkeys(("Diagnostic", "GrammarError", "Severity", "render"), "diagnostics"),
}


def __getattr__(name: str) -> object:
    if name not in __all__:
        raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
    home = _HOMES.get(name, "grammar")
    return getattr(import_module(f"{__name__}.{home}"), name)
