"""What reads badly in the rules of the file itself."""

from __future__ import annotations

import re
from collections.abc import Iterator
from typing import Final

from abnf_compiler.diagnostics import Diagnostic, finding
from abnf_compiler.resolve.walk import references
from abnf_compiler.source import Span
from abnf_compiler.tree import ResolvedGrammar, Rule

_NOT_ASCII: Final = re.compile("[^\x00-\x7f\ufeff]")


def check_style(grammar: ResolvedGrammar) -> Iterator[Diagnostic]:
    """ABNF302 and ABNF304."""
    seen: set[str] = set()
    for rule in grammar.own_rules():
        yield from _case_variants(rule, grammar, seen)
    yield from _not_ascii(grammar)


def _case_variants(rule: Rule, grammar: ResolvedGrammar, seen: set[str]) -> Iterator[Diagnostic]:
    """Each other spelling once: names compare without case (RFC 5234, Section 2.1)."""
    spellings = [(each.name, each.name_span) for each in rule.definitions[1:]]
    spellings += [(each.name, each.span) for each in references(rule.definition)]
    for name, span in spellings:
        target = grammar.rules[name.lower()]
        if target.definitions and name != target.name and name not in seen:
            seen.add(name)
            yield finding(
                "ABNF302",
                f'"{name}" is written "{target.name}" where it is defined',
                span,
                hint="names compare without case; write each in one way",
            )


def _not_ascii(grammar: ResolvedGrammar) -> Iterator[Diagnostic]:
    match = _NOT_ASCII.search(grammar.text)
    own = grammar.own_rules()
    if match is not None and own:
        source = own[0].definitions[-1].span.source
        yield finding(
            "ABNF304",
            "a comment holds a character outside ASCII",
            Span(source, match.start(), match.end()),
            hint="comments are WSP and VCHAR (RFC 5234, Section 4)",
        )
