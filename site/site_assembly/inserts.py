"""What a hand-written page asks for by a comment of its own line, `<!-- insert: name argument -->`.

Rule: an insert is made from the project's tables, grammar and parser, so that a page repeats no
fact by hand; an unknown name is an error.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from importlib import import_module
from typing import Final

from abnf_compiler.read.annotation_forms import FORMS
from abnf_compiler.tree import ResolvedGrammar
from site_assembly.api_pages import names_reference
from site_assembly.dialogues import dialogue_html
from site_assembly.draft_files import Draft, draft_files, draft_link, section_link
from site_assembly.fences import find_fences, replace_fence
from site_assembly.key_pages import key_table
from site_assembly.limit_tables import limit_reasons, limit_table
from site_assembly.parsed_reply import parsed_reply
from site_assembly.reply_figures import ReplyContext, labelled_reply
from site_assembly.session_states import session_states
from site_assembly.tables import KeyEntry, KeyExamples, Limit

_INSERT: Final = re.compile(
    r"^<!-- insert: (?P<name>[a-z-]+)(?: (?P<argument>.+?))? -->$", re.MULTILINE
)


class InsertError(ValueError):
    """An insert nobody makes; the text says which."""


@dataclass(frozen=True, slots=True)
class ProjectFacts:
    """Everything the inserts are made from."""

    grammar: ResolvedGrammar
    keys: tuple[KeyEntry, ...]
    key_examples: Mapping[str, KeyExamples]
    limits: tuple[Limit, ...]
    draft: Draft


def _reply_argument(argument: str) -> tuple[str, ReplyContext]:
    """`RCPT | 450 ...` as a reply line and what the client knows."""
    command, bar, line = argument.partition(" | ")
    if not bar:
        raise InsertError(f"say which command is answered, `RCPT | 450 ...`: {argument!r}")
    return line, ReplyContext(command=command)


def status_list(facts: ProjectFacts, to: str) -> str:
    """What exists, counted."""
    own = facts.grammar.own_rules()
    notes = facts.grammar.annotations
    return (
        f"- Draft: [{facts.draft.name}]({to}draft.md), not submitted;"
        " keyword and registry are not registered.\n"
        f"- Grammar: [{len(own)} rules]({to}grammar/index.md) in one file, {len(notes.starts)} of"
        f" them entry points; its {len(notes.examples)} examples are checked by every build.\n"
        f"- Keys: [{len(facts.keys)}]({to}keys/index.md), each with typed values in Python.\n"
        f"- [What works today]({to}reference/changelog.md), part by part."
    )


def annotation_table() -> str:
    """Every annotation the reader knows; its section has the word as its id."""
    rows = "".join(
        f"| [`@{word}`](#{word}) | `{each.form}` | {each.says.replace('<', '&lt;')} |\n"
        for word, each in FORMS.items()
    )
    return f"| word | form | what it says |\n|---|---|---|\n{rows}"


def _makers(facts: ProjectFacts, to: str) -> dict[str, Callable[[str], str]]:
    """The insert names and what makes them."""
    draft = facts.draft
    return {
        "labelled-reply": lambda argument: labelled_reply(*_reply_argument(argument)),
        "parsed-reply": lambda argument: parsed_reply(*_reply_argument(argument), facts.keys, to),
        "key-table": lambda _: key_table(facts.keys, facts.key_examples, f"{to}keys/"),
        "limit-table": lambda _: limit_table(facts.limits),
        "annotation-table": lambda _: annotation_table(),
        "python-names": lambda package: names_reference(
            import_module(package), lambda anchor: draft_link(draft, anchor, to)
        ),
        "limit-reasons": lambda _: limit_reasons(facts.limits),
        "draft-title": lambda _: f"**{draft.title}**, `{draft.name}`.",
        "draft-files": lambda _: draft_files(draft, to),
        "draft-section": lambda anchor: f"In the draft: {section_link(draft, anchor, to)}.",
        "draft-abstract": lambda _: "\n\n".join(draft.abstract),
        "session-states": lambda _: session_states(draft),
        "status": lambda _: status_list(facts, to),
    }


def complete_page(text: str, path: str, facts: ProjectFacts) -> str:
    """A hand-written page with its inserts made and its dialogues drawn."""
    makers = _makers(facts, "../" * path.count("/"))

    def insert(found: re.Match[str]) -> str:
        maker = makers.get(found["name"])
        if maker is None:
            raise InsertError(f"{path}: no insert is called {found['name']!r}")
        return maker(found["argument"] or "")

    text = _INSERT.sub(insert, text)
    for fence in reversed(find_fences(text)):
        if fence.language == "dialogue":
            text = replace_fence(text, fence, dialogue_html(fence))
    return text
