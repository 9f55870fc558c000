"""XML fragments for the draft's source to include: elements as text, and prose turned into XML.

Rule: a fragment is one element, begins with a line that says what it is generated from, and holds
nothing that changes from run to run.  Text always goes through `escaped` or `prose`.
"""

from __future__ import annotations

import re
from typing import Final
from xml.sax.saxutils import escape, quoteattr

_REQUIREMENT_WORDS: Final = re.compile(
    r"\b(MUST NOT|MUST|SHALL NOT|SHALL|SHOULD NOT|SHOULD|NOT RECOMMENDED|RECOMMENDED|REQUIRED"
    r"|MAY|OPTIONAL)\b"
)
_SENTENCE_END: Final = re.compile(r"(?<=[.?!]) +(?=[A-Z0-9])")

MAX_DRAWN_COLUMNS: Final = 69
"""Widest line of artwork and source code: the text format has 72 columns and indents by 3."""


def header(source: str) -> str:
    """The comment every fragment begins with."""
    return f"<!-- Generated from {source} by make generate; do not edit. -->\n"


def escaped(text: str) -> str:
    """Text as XML character data."""
    return escape(text)


def attribute(text: str) -> str:
    """Text as an attribute value, quotation marks included."""
    return quoteattr(text)


def prose(text: str) -> str:
    """Sentences as XML, one a line, with the words of BCP 14 marked up."""
    sentences = _SENTENCE_END.split(text.strip())
    marked = (_REQUIREMENT_WORDS.sub(r"<bcp14>\1</bcp14>", escape(each)) for each in sentences)
    return "\n".join(marked)


def has_requirement(text: str) -> bool:
    """Whether the text holds a word of BCP 14."""
    return _REQUIREMENT_WORDS.search(text) is not None


def element(name: str, content: str, **attributes: str) -> str:
    """One element on lines of its own; `content` is XML; underscores in names become hyphens."""
    words = "".join(f" {key.replace('_', '-')}={quoteattr(v)}" for key, v in attributes.items())
    return f"<{name}{words}>\n{content.strip()}\n</{name}>\n"


def inline(name: str, content: str, **attributes: str) -> str:
    """One element without line breaks of its own."""
    words = "".join(f" {key.replace('_', '-')}={quoteattr(v)}" for key, v in attributes.items())
    return f"<{name}{words}>{content}</{name}>"
