"""A railroad diagram for an Internet-Draft: `<artset>` with the SVG and its twin in characters.

Rules: the SVG keeps to RFC 7996, the twin to ASCII and 69 columns, so that every form of the RFC
shows the rule (RFC 7991, Section 2.6).
"""

from __future__ import annotations

from xml.sax.saxutils import escape, quoteattr

from abnf_compiler.emit.railroad_svg import Link, railroad_svg
from abnf_compiler.emit.railroad_text import railroad_text
from abnf_compiler.tree import ResolvedGrammar


def railroad_artset(grammar: ResolvedGrammar, rule: str, *, link: Link) -> str:
    """The element for `rule` (a name in any case), to be put into a section of a draft.

    link: where rule names lead in the SVG; empty addresses give no links.

    Raises:
        KeyError: no such rule.
    """
    name = grammar.rules[rule.lower()].name
    picture = railroad_svg(grammar, rule, link=link, profile="rfc")
    twin = railroad_text(grammar, rule, ascii_only=True)
    alt = f"Railroad diagram of {name}"
    return (
        f'<artset>\n<artwork type="svg" name={quoteattr(f"{name}.svg")} alt={quoteattr(alt)}>'
        f"{picture}</artwork>\n"
        f'<artwork type="ascii-art" name={quoteattr(f"{name}.txt")}>\n{escape(twin)}</artwork>\n'
        "</artset>\n"
    )
