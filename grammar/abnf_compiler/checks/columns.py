"""Lines too long to be printed in a draft; asked for by `abnfc check --max-columns` and emitters.

Rule: every line of the file counts, comments too; annotations do not, for no draft prints them.
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from typing import Final

from abnf_compiler.diagnostics import Diagnostic, finding
from abnf_compiler.source import Source, Span

DRAFT_COLUMNS: Final = 69
"""What fits between the margins of an RFC (RFC 7994, Section 4.3)."""

_ANNOTATION: Final = re.compile(r"[ \t]*;[ \t]*@")


def long_lines(source: Source, columns: int = DRAFT_COLUMNS) -> Iterator[Diagnostic]:
    """ABNF501, once for each line of more than `columns` characters."""
    for number, start in enumerate(source.line_starts, 1):
        line = source.line(number).rstrip()
        if len(line) > columns and not _ANNOTATION.match(line):
            yield finding(
                "ABNF501",
                f"the line has {len(line)} columns, at most {columns} are allowed",
                Span(source, start + columns, start + len(line)),
                hint=f"abnfc fmt --width {columns} breaks rules; comments are yours to break",
            )
