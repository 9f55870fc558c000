"""The words of the annotation dialect, the form of each and what it says.

Rule: this table is the dialect. The reader knows no other word and shows these forms in its hints;
the page of the site that defines the dialect is checked against it.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Final


@dataclass(frozen=True, slots=True)
class AnnotationForm:
    """One kind of annotation: how it is written, and what it says in a few words."""

    form: str
    says: str


FORMS: Final[Mapping[str, AnnotationForm]] = {
    "import": AnnotationForm(
        "; @import document: name here=there",
        "these rules are those of another document, here under other names if need be",
    ),
    "start": AnnotationForm("; @start name name", "these rules are entry points"),
    "prose": AnnotationForm("; @prose rule: text", "the prose value <text> means this rule"),
    "prefer": AnnotationForm(
        "; @prefer name", "this rule is ambiguous on purpose, and read from the left"
    ),
    "capture": AnnotationForm(
        "; @capture rule: name *name", "the parser of the rule returns these rules"
    ),
    "example": AnnotationForm("; @example rule: text", "the rule accepts this text"),
}
