"""ABNF and diagrams for the key pages: rules in which every name is a link to its page.

Rule: text and pictures are the compiler's; only the way to the folder of rule pages is added here.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Final

from abnf_compiler.emit.abnf_text import abnf_of
from abnf_compiler.emit.page_html import abnf_html, preformatted, text_html
from abnf_compiler.emit.railroad_svg import railroad_svg
from abnf_compiler.emit.railroad_text import railroad_text
from abnf_compiler.emit.rule_pages import CORE_PAGE
from abnf_compiler.tree import ResolvedGrammar

FOLDER: Final = "../grammar/"
"""The way from a page in a folder of its own to the rule pages."""


def _address(grammar: ResolvedGrammar) -> Callable[[str], str]:
    """The address of a rule by its lower-case name; empty for a name that is no rule."""

    def address(key: str) -> str:
        if key not in grammar.rules:
            return ""
        core = grammar.rules[key].origin == "core"
        return f"{FOLDER}{CORE_PAGE}.html#{key}" if core else f"{FOLDER}{key}.html"

    return address


def linked_abnf(grammar: ResolvedGrammar, *names: str) -> str:
    """The rules `names` as one block of HTML in which every rule name is a link."""
    text = "".join(abnf_of(grammar.rules[name.lower()]) for name in names)
    return preformatted(abnf_html(text.rstrip("\n"), _address(grammar)), "abnf")


def diagram(grammar: ResolvedGrammar, name: str) -> str:
    """The diagram of a rule in a box that scrolls, and its text form in a closed fold."""
    picture = railroad_svg(grammar, name, link=_address(grammar))
    text = text_html(railroad_text(grammar, name).rstrip("\n"))
    return (
        f'<div class="railroad-box" role="region" aria-label="Railroad diagram of {name}" '
        f'tabindex="0" data-search-exclude>{picture}</div>\n\n'
        '<details class="railroad-text" data-search-exclude>'
        "<summary>The diagram as text</summary>\n"
        f"{preformatted(text, 'railroad-text')}</details>"
    )
