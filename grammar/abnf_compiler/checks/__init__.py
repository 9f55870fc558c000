"""What a grammar may hold but should not: one module for each kind of finding.

Rules: a check reads a resolved grammar and returns findings; it changes nothing and needs no other
check. Undefined and doubly defined names are found while resolving (resolve/resolver.py).
"""

from __future__ import annotations

from abnf_compiler.checks.alternatives import check_alternatives
from abnf_compiler.checks.matching import check_matching
from abnf_compiler.checks.recursion import check_recursion
from abnf_compiler.checks.repetition import check_repetition
from abnf_compiler.checks.style import check_style
from abnf_compiler.checks.use import check_use
from abnf_compiler.diagnostics import Diagnostic, in_order
from abnf_compiler.read.syntax_tree import SyntaxTree
from abnf_compiler.tree import ResolvedGrammar

__all__ = ["check"]


def check(grammar: ResolvedGrammar, tree: SyntaxTree | None = None) -> tuple[Diagnostic, ...]:
    """All findings about a grammar, by place.

    tree: what the grammar was resolved from; without it, findings about the places of annotations
    are left out.
    """
    return in_order(
        [
            *check_use(grammar, tree),
            *check_style(grammar),
            *check_alternatives(grammar),
            *check_repetition(grammar),
            *check_recursion(grammar),
            *check_matching(grammar),
        ]
    )
