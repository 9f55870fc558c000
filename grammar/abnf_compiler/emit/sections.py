"""The sections of a grammar file: comment headings and the rules that follow each.

Rule: a heading is a paragraph of comments that stands alone, blank lines around it, with rules
after it and no annotation in it.  So the paragraph that opens a file, with annotations after it,
is none.  A file without headings is one section.
"""

from __future__ import annotations

import re
from dataclasses import dataclass
from itertools import pairwise
from typing import Final

from abnf_compiler.emit.abnf_text import definition_text
from abnf_compiler.tree import ResolvedGrammar, RuleDefinition

WORD_BREAK: Final = re.compile(r"[^a-z0-9]+")
COMMENT: Final = re.compile(r"^;[ \t]?(.*)$")


@dataclass(frozen=True, slots=True)
class Section:
    """Rules under one heading: `name` for files and anchors, `title` and `note` for people.

    The title is the heading up to its first full stop, the note is the rest; both are empty in a
    file without headings.  `definitions` are in file order.
    """

    name: str
    title: str
    note: str
    definitions: tuple[RuleDefinition, ...]

    @property
    def text(self) -> str:
        """The section as ABNF: its rules exactly as written, without the heading."""
        return "".join(map(definition_text, self.definitions))

    @property
    def rule_keys(self) -> tuple[str, ...]:
        """The names of the rules defined here, in lower case, each once."""
        return tuple(dict.fromkeys(definition.name.lower() for definition in self.definitions))


def _slug(title: str) -> str:
    """`Layer 1, sent: what ...` is `layer-1-sent`: what stands before the first colon."""
    return WORD_BREAK.sub("-", title.split(":")[0].lower()).strip("-")


def _paragraphs(lines: list[str]) -> list[tuple[int, list[str]]]:
    """The paragraphs of a text: number of the first line (from 1) and the lines."""
    found: list[tuple[int, list[str]]] = []
    open_paragraph = False
    for number, line in enumerate(lines, 1):
        if not line.strip():
            open_paragraph = False
            continue
        if not open_paragraph:
            found.append((number, []))
            open_paragraph = True
        found[-1][1].append(line)
    return found


def _headings(text: str) -> list[tuple[int, str]]:
    """Line number and text of every comment paragraph that has a rule as the next thing."""
    paragraphs = _paragraphs(text.splitlines())
    found = []
    for (number, lines), (_, following) in pairwise(paragraphs):
        comments = [COMMENT.match(line) for line in lines]
        words = [match[1].strip() for match in comments if match]
        for_tools = any(each.startswith("@") for each in words)
        if all(comments) and not for_tools and not following[0].startswith(";"):
            found.append((number, re.sub(r"\s+", " ", " ".join(words))))
    return found


def _section(heading: str, definitions: list[RuleDefinition], taken: set[str]) -> Section:
    title, _, note = heading.partition(". ")
    base = _slug(title) or "rules"
    name = next(
        name
        for name in (base, *(f"{base}-{count}" for count in range(2, len(taken) + 3)))
        if name not in taken
    )
    taken.add(name)
    return Section(name, title.rstrip("."), note, tuple(definitions))


def sections(grammar: ResolvedGrammar) -> tuple[Section, ...]:
    """The rules of the file itself by heading, in file order; headings without rules left out."""
    headings = [(0, ""), *_headings(grammar.text)]
    own = sorted(
        (
            definition
            for rule in grammar.own_rules()
            for definition in rule.definitions
            if definition.name_span.source.text == grammar.text
        ),
        key=lambda definition: definition.name_span.start,
    )
    groups: dict[tuple[int, str], list[RuleDefinition]] = {heading: [] for heading in headings}
    for definition in own:
        line = definition.name_span.position.line
        groups[max(heading for heading in headings if heading[0] < line)].append(definition)
    taken: set[str] = set()
    return tuple(
        _section(heading, members, taken) for (_, heading), members in groups.items() if members
    )
