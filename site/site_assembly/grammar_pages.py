"""The pages of the grammar: those the compiler emits, and from each the way into the draft.

Rule: the pages are the compiler's; what is added here is one link.
"""

from __future__ import annotations

from abnf_compiler.emit.rule_pages import emit_rule_pages
from abnf_compiler.tree import ResolvedGrammar
from site_assembly.draft_files import Draft, section_link


def grammar_pages(grammar: ResolvedGrammar, draft: Draft) -> dict[str, str]:
    """The grammar's pages by path."""
    pages = emit_rule_pages(grammar)
    for rule in grammar.own_rules():
        anchor = draft.rule_sections.get(rule.key)
        path = f"grammar/{rule.key}.md"
        if anchor is not None and path in pages:
            link = section_link(draft, anchor, "../")
            pages[path] += f"\n## In the draft {{#draft}}\n\nDefined in the section {link}.\n"
    return pages
