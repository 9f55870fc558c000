"""ABNF for an Internet-Draft: `<sourcecode>` elements, one file each, to be included.

Rules: every rule stands exactly as in the grammar file, with its comments and without the comments
that are for tools.  A line longer than 69 columns is an error, for in the text form of an RFC it
would not fit.  The collected grammar is whole: what the file imports stands in it as prose that
names the document (the way of RFC 9110, Appendix A).  Escaping is that of `xml.sax.saxutils`.
"""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from typing import Final
from xml.sax.saxutils import escape, quoteattr

from abnf_compiler.checks.columns import DRAFT_COLUMNS, long_lines
from abnf_compiler.diagnostics import GrammarError
from abnf_compiler.emit.abnf_text import abnf_of, without_annotations
from abnf_compiler.emit.generated_line import DEFAULT_COMMAND, generated_line
from abnf_compiler.emit.sections import sections
from abnf_compiler.resolve.walk import references
from abnf_compiler.source import Source
from abnf_compiler.tree import ResolvedGrammar, Rule

COLLECTED: Final = "collected"
RFC_AND_SECTION: Final = re.compile(r"RFC (\d+)(?:, (Section|Appendix) ([A-Z0-9.]*[A-Z0-9]))?")
DOCUMENT_NUMBER: Final = re.compile(r"rfc0*(\d+)", re.IGNORECASE)


def _sourcecode(abnf: str, name: str, first_line: str, *, markers: bool = False) -> str:
    """One `<sourcecode>` element as a file; the text begins and ends at a line of its own.

    With `markers` it prints between CODE BEGINS and CODE ENDS: the one block to take the code from.
    """
    marked = ' markers="true"' if markers else ""
    start = f'<sourcecode type="abnf" name={quoteattr(name)}{marked}>'
    return f"<!-- {escape(first_line)} -->\n{start}\n{escape(abnf)}</sourcecode>\n"


def _check_columns(grammar: ResolvedGrammar) -> None:
    """Refuse a grammar that does not fit between the margins of an RFC."""
    found = tuple(long_lines(Source(grammar.name, grammar.text)))
    if found:
        raise GrammarError(found)


def origin_reference(rule: Rule) -> str:
    """Where an imported rule is defined: `RFC 3986, Section 3.2.2`.

    Taken from the comment that opens the document it came from; else from the document's name.
    """
    text = rule.definitions[0].name_span.source.text.lstrip()
    comment = text.splitlines()[0] if text.startswith(";") else ""
    match = RFC_AND_SECTION.search(comment)
    if match:
        return match[0]
    number = DOCUMENT_NUMBER.fullmatch(rule.origin)
    return f"RFC {number[1]}" if number else rule.origin


def prose_stub(rule: Rule, column: int) -> str:
    """A line that stands for an imported rule; `=` in `column` (from 1) where the line fits."""
    prose = f"= <{rule.name}, see {origin_reference(rule)}>"
    line = f"{rule.name.ljust(column - 2)} {prose}"
    return line if len(line) <= DRAFT_COLUMNS else f"{rule.name} {prose}"


def _defining_column(grammar: ResolvedGrammar) -> int:
    """The column most rules of the file have their `=` in, from 1."""
    columns = [
        definition.name_span.source.line(definition.name_span.position.line).find("=") + 1
        for rule in grammar.own_rules()
        for definition in rule.definitions
    ]
    return max(columns, key=columns.count, default=0)


def _without_opening_comment(text: str) -> str:
    """The grammar without the paragraph that speaks of the file; headings of sections stay."""
    paragraph, _, rest = text.partition("\n\n")
    lines = paragraph.splitlines()
    following = rest.lstrip("\n")
    if lines and all(line.startswith(";") for line in lines) and following.startswith(";"):
        return following
    return text


def collected_abnf(grammar: ResolvedGrammar) -> str:
    """The whole grammar for one appendix: rules as written, imported rules as prose.

    Only what the file itself refers to is listed; core rules are not (RFC 5234, Appendix B.1).
    """
    used = {each.key for rule in grammar.own_rules() for each in references(rule.definition)}
    imported = [
        rule
        for rule in grammar.rules.values()
        if rule.origin not in ("", "core") and rule.key in used
    ]
    column = _defining_column(grammar)
    text = _without_opening_comment(without_annotations(grammar))
    if not imported:
        return text
    stubs = "".join(prose_stub(rule, column) + "\n" for rule in imported)
    return f"{text}\n; Rules of other documents\n\n{stubs}"


def _group(grammar: ResolvedGrammar, names: Sequence[str]) -> str:
    """The rules of one fragment, in the order asked for."""
    return "".join(abnf_of(grammar.rules[name.lower()]) for name in names)


def emit_rfcxml(
    grammar: ResolvedGrammar,
    *,
    groups: Mapping[str, Sequence[str]] | None = None,
    source_sha256: str | None = None,
    command: str = DEFAULT_COMMAND,
) -> dict[str, str]:
    """The fragments by file name: one for each section, each group, and the collected grammar.

    Args:
        grammar: the rules; every line of theirs has at most 69 columns.
        groups: fragments of their own: a name, and the rules in the order they shall stand.
        source_sha256: see `generated_line`.
        command: see `generated_line`.

    Raises:
        GrammarError: a line is too long.
        KeyError: a group names an unknown rule.
        ValueError: a group has the name of a section.
    """
    _check_columns(grammar)
    first_line = generated_line(grammar, source_sha256=source_sha256, command=command)
    texts = {section.name: section.text for section in sections(grammar)}
    texts[COLLECTED] = collected_abnf(grammar)
    for name, rules in (groups or {}).items():
        if name in texts:
            raise ValueError(f"the fragment {name!r} exists already")
        texts[name] = _group(grammar, rules)
    return {
        f"abnf-{name}.xml": _sourcecode(
            text, f"{_stem(grammar)}-{name}.abnf", first_line, markers=name == COLLECTED
        )
        for name, text in sorted(texts.items())
    }


def _stem(grammar: ResolvedGrammar) -> str:
    return grammar.name.replace("\\", "/").rsplit("/", 1)[-1].removesuffix(".abnf")
