"""The ABNF of a rule exactly as the file has it, comments of the rule included.

Rule: text is cut out of the source, never rendered anew; what the reader of a draft or page sees
is what the compiler read.
"""

from __future__ import annotations

import re
from typing import Final

from abnf_compiler.source import Span
from abnf_compiler.tree import ResolvedGrammar, Rule, RuleDefinition

ANNOTATION_LINE: Final = re.compile(r"(?m)^[ \t]*;[ \t]*@[^\r\n]*(?:\r?\n|\Z)")


def _indent(line: str) -> int:
    return len(line) - len(line.lstrip(" \t"))


def definition_span(definition: RuleDefinition) -> Span:
    """The whole lines of one definition, up to the last comment that belongs to it.

    A comment alone on a line belongs to the rule above when it stands to the right of its name.
    """
    source = definition.name_span.source
    column = definition.name_span.position.column
    last = source.position(definition.span.start + len(definition.span.text.rstrip()) - 1).line
    while last < len(source.line_starts):
        following = source.line(last + 1)
        if _indent(following) < column or not following.lstrip(" \t").startswith(";"):
            break
        last += 1
    start = source.line_starts[definition.name_span.position.line - 1]
    return Span(source, start, source.line_starts[last - 1] + len(source.line(last)))


def definition_text(definition: RuleDefinition) -> str:
    """The lines of one definition, moved to the first column (RFC 5234, Section 2.2)."""
    column = definition.name_span.position.column
    lines = definition_span(definition).text.splitlines()
    return "\n".join(line[min(column - 1, _indent(line)) :].rstrip() for line in lines) + "\n"


def abnf_of(rule: Rule) -> str:
    """The source text of `rule`: all its definitions in order, each line ending in a line feed."""
    return "".join(definition_text(definition) for definition in rule.definitions)


def without_annotations(grammar: ResolvedGrammar) -> str:
    """The text of the file without the comments that are for tools, blank lines closed up."""
    text = ANNOTATION_LINE.sub("", grammar.text.replace("\r\n", "\n"))
    return re.sub(r"\n{3,}", "\n\n", text).strip("\n") + "\n"
