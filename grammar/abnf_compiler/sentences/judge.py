"""The engine that decides a rule: the compiled one for regular rules, else the oracle.

Rule: whatever sentences are used for, the verdict comes from here, so that vectors, pages and near
misses never disagree.
"""

from __future__ import annotations

from collections.abc import Callable

from abnf_compiler.engines.refusal import Match
from abnf_compiler.tree import ResolvedGrammar

Judge = Callable[[bytes], Match]
"""The verdict of one rule on a string of octets."""


def judge(grammar: ResolvedGrammar, rule: str) -> Judge:
    """The engine that decides `rule` (any case).

    Raises:
        KeyError: no such rule.
        GrammarError: the rule needs prose, which no engine can match.
    """
    from abnf_compiler.automata.normal_form import AutomataError
    from abnf_compiler.engines import compiled

    try:
        return compiled.compile_rule(grammar, rule).match
    except AutomataError:
        from abnf_compiler.engines import earley

        return earley.compile_rule(grammar, rule).match
