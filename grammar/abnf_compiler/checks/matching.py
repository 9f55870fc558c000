"""What a rule can match: nothing at all, or what no tool can tell.

Rule: a rule that every finite text fails is an error, wherever it stands: a range that ends before
it begins, a repetition with its bounds exchanged, a rule that always needs itself.
"""

from __future__ import annotations

import re
from collections.abc import Container, Iterator

from abnf_compiler.checks.fixpoint import rules_with
from abnf_compiler.diagnostics import Diagnostic, finding
from abnf_compiler.resolve.walk import references, subnodes
from abnf_compiler.tree import (
    Alternation,
    Concatenation,
    Node,
    NumRange,
    Option,
    ProseVal,
    Reference,
    Repetition,
    ResolvedGrammar,
    Rule,
)


def check_matching(grammar: ResolvedGrammar) -> Iterator[Diagnostic]:
    """ABNF402, ABNF403, ABNF404 and ABNF405."""
    for rule in grammar.rules.values():
        if rule.definitions:
            for node in subnodes(rule.definition):
                yield from _unmatchable(node, rule)
    matching = rules_with(grammar, _can_match)
    for key, rule in grammar.rules.items():
        if key not in matching:
            needed = next(name for name in references(rule.definition) if name.key not in matching)
            needs = "itself" if needed.key == key else f'"{needed.name}", which needs itself'
            yield finding(
                "ABNF402",
                f'rule "{rule.name}" matches no text at all: it always needs {needs}',
                rule.definitions[0].name_span,
                hint="add an alternative that ends",
            )


def _unmatchable(node: Node, rule: Rule) -> Iterator[Diagnostic]:
    if isinstance(node, NumRange) and node.first > node.last:
        yield finding(
            "ABNF403",
            f'range "{node.span.text}" ends before it begins: it holds no character',
            node.span,
            hint="exchange the two values",
        )
    elif isinstance(node, Repetition) and node.maximum is not None and node.minimum > node.maximum:
        yield finding(
            "ABNF404",
            f"the most, {node.maximum}, is less than the least, {node.minimum}",
            node.span,
            hint=f"write {node.maximum}*{node.minimum}element",
        )
    elif isinstance(node, ProseVal):
        yield finding(
            "ABNF405",
            f"<{node.text}> is prose: no tool can match it",
            node.span,
            hint=_source_of(node, rule),
        )


def _source_of(prose: ProseVal, rule: Rule) -> str:
    """Where a rule might come from that is prose here: often the prose names an RFC."""
    number = re.search(r"\bRFC[ ]?0*([0-9]{1,5})\b", prose.text)
    if number is None or rule.definition is not prose:
        return f"define a rule for it and add: ; @prose rule: {prose.text}"
    return f"add: ; @import rfc{number.group(1).rjust(4, '0')}: {rule.name}"


def _can_match(node: Node, parts: list[bool], matching: Container[str]) -> bool:
    """Whether some text matches `node`; what has a finding of its own counts as matching."""
    match node:
        case Reference():
            return node.key in matching
        case Option():
            return True
        case Repetition():
            return node.minimum == 0 or parts[0]
        case Alternation():
            return any(parts)
        case Concatenation():
            return all(parts)
        case _:
            return True
