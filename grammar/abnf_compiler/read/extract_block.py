"""A block of ABNF taken out of a document, and the way from it back into the document.

Rules: a block is put together from pieces, each a run of characters that stand one after another
in the document; what lies between two pieces (markup, margins, page breaks) is left out. Blocks
lose their common margin, blanks at line ends and empty lines at either end, nothing else. Lines
end in a line feed.
"""

from __future__ import annotations

import re
from bisect import bisect_right
from collections.abc import Iterable
from dataclasses import dataclass, field
from typing import Final

from abnf_compiler.read.split import split_rules
from abnf_compiler.source import Position, Source, Span

_DEFINED: Final = re.compile(r"[A-Za-z][A-Za-z0-9-]*[ \t]*=")


class ExtractionError(Exception):
    """A document that cannot be read; printed as `file:line:column: sentence`."""

    def __init__(self, path: str, position: Position, message: str) -> None:
        self.path = path
        self.line = position.line
        self.column = position.column
        self.message = message
        super().__init__(f"{path}:{self.line}:{self.column}: {message}")


@dataclass(frozen=True, slots=True)
class Piece:
    """Characters of a block that stand together at `offset` of the document; "\\n" ends a line."""

    text: str
    offset: int


@dataclass(frozen=True, slots=True)
class RulePlace:
    """The name of a rule as a block writes it, and where in the document it stands."""

    name: str
    position: Position


@dataclass(frozen=True, slots=True)
class Block:
    """ABNF as it stands in one place of a document.

    section: anchor or number of the innermost section, "" outside of any. name: the file name the
    document gives the block, or "". runs: offsets in `text`, ascending, with those they have in
    the document; each holds up to the next.
    """

    source: Source = field(repr=False)
    text: str
    section: str
    name: str
    runs: tuple[tuple[int, int], ...] = field(repr=False)

    def offset(self, offset: int) -> int:
        """Where in the document the character at `offset` of the text stands."""
        at, original = self.runs[
            max(bisect_right(self.runs, (offset, len(self.source.text))), 1) - 1
        ]
        return min(original + offset - at, len(self.source.text))

    def position(self, offset: int) -> Position:
        """Line and column in the document of the character at `offset` of the text."""
        return self.source.position(self.offset(offset))

    def span(self, start: int, end: int) -> Span:
        """The place in the document of the characters `start` to `end` of the text."""
        first = self.offset(start)
        last = self.offset(end - 1) + 1 if end > start else first
        return Span(self.source, first, max(first, last))

    @property
    def rules(self) -> tuple[RulePlace, ...]:
        """The rules of the block, in its order; also those whose elements cannot be read."""
        blocks, _ = split_rules(Source(self.source.name, self.text))
        return tuple(
            RulePlace(block.name, self.position(block.start))
            for block in blocks
            if _DEFINED.match(self.text, block.start)
        )


def make_block(source: Source, pieces: Iterable[Piece], section: str, name: str) -> Block | None:
    """The block that the pieces make; None when they hold nothing but blanks."""
    lines = [_without_end(line) for line in _lines(pieces)]
    while lines and not _joined(lines[-1]).strip():
        lines.pop()
    first = next((number for number, line in enumerate(lines) if _joined(line).strip()), 0)
    lines = lines[first:]
    if not lines:
        return None
    margin = _common([_margin(line) for line in map(_joined, lines) if line])
    text: list[str] = []
    runs: list[tuple[int, int]] = []
    length = 0
    for line in lines:
        skipped = margin
        for piece in line:
            kept = piece.text[skipped:]
            if kept:
                runs.append((length, piece.offset + len(piece.text) - len(kept)))
                text.append(kept)
                length += len(kept)
            skipped = max(0, skipped - len(piece.text))
        end = line[-1].offset + len(line[-1].text)
        runs.append((length, end))
        text.append("\n")
        length += 1
    return Block(source, "".join(text), section, name, tuple(runs))


def _lines(pieces: Iterable[Piece]) -> list[list[Piece]]:
    """The pieces line by line; each line has at least one piece, perhaps an empty one."""
    lines: list[list[Piece]] = []
    line: list[Piece] = []
    for piece in pieces:
        start = 0
        while (end := piece.text.find("\n", start)) >= 0:
            line.append(Piece(piece.text[start:end], piece.offset + start))
            lines.append(line)
            line = []
            start = end + 1
        if start < len(piece.text):
            line.append(Piece(piece.text[start:], piece.offset + start))
    return [*lines, line] if line else lines


def _without_end(line: list[Piece]) -> list[Piece]:
    """The line without the blanks at its end."""
    kept = list(line)
    while kept:
        last = kept.pop()
        text = last.text.rstrip(" \t\r")
        if text or not kept:
            return [*kept, Piece(text, last.offset)]
    return kept


def _margin(line: str) -> str:
    return line[: len(line) - len(line.lstrip(" \t"))]


def _common(margins: list[str]) -> int:
    """How many characters all margins begin with."""
    low, high = min(margins), max(margins)
    differing = (at for at, char in enumerate(low) if char != high[at])
    return next(differing, len(low))


def _joined(line: list[Piece]) -> str:
    return "".join(piece.text for piece in line)
