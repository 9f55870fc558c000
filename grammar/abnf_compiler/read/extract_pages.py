"""The lines of an RFC or Internet-Draft in text form, as they read without pages.

Rules: a page ends at a form feed or at a line with "[Page N]". The line before it goes when it is
such a footer, the first one or two after it when they are a running header: known by their form,
or because they stand at this place on many pages. The empty lines around a page break go, too; the
line after it remembers that a page was turned, for an empty line may have stood there.
"""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from typing import Final

from abnf_compiler.source import Source

_FOOTER: Final = re.compile(
    r"[ \t]*\[Page[ \t]+[0-9ivxl]+\].*|.*[ \t]\[Page[ \t]+[0-9ivxl]+\][ \t]*"
)
_HEADER: Final = re.compile(
    r"(?:RFC[ \t]*#?[0-9]|Internet[- ]Draft\b).*(?:19|20)[0-9]{2}[ \t]*", re.I
)
_COUNTED: Final = re.compile(r"\b(?:[0-9]+|[ivxl]+)\b")
_REACH: Final = 5  # lines between a page break and the header or footer that belongs to it
_SHARE: Final = 4  # a line that stands on one page of four, and on two at least, is furniture


@dataclass(frozen=True, slots=True)
class Line:
    """One line of a text; `turned`: a page break stood before it."""

    text: str
    offset: int
    turned: bool = False


def lines_without_pages(source: Source) -> list[Line]:
    """The lines of a text without page breaks, running headers and footers."""
    raw = [source.line(number) for number in range(1, len(source.line_starts) + 1)]
    lines = [_line(text, start) for text, start in zip(raw, source.line_starts, strict=True)]
    tops = _page_tops(raw, lines)
    footers = [_last_above(lines, top) for top in tops]
    headers = [_first_below(lines, top) for top in tops]
    seconds = [_first_below(lines, first + 1) if first >= 0 else -1 for first in headers]
    often_below = _often(lines, footers)
    often_above = _often(lines, headers) | _often(lines, seconds)
    gaps: list[tuple[int, int]] = []
    for top, footer, header, second in zip(tops, footers, headers, seconds, strict=True):
        start = end = top
        if footer >= 0 and (_is_footer(lines[footer]) or footer in often_below):
            start = footer
        if header >= 0 and (_HEADER.fullmatch(lines[header].text) or header in often_above):
            end = header + 1
            if second in often_above:
                end = second + 1
        gaps.append((start, end))
    return _without(lines, gaps)


def _line(raw: str, start: int) -> Line:
    """One line; form feeds count as blanks, those at its start are left out."""
    text = raw.lstrip("\f")
    return Line(text.replace("\f", " ").rstrip(), start + len(raw) - len(text))


def _is_footer(line: Line) -> bool:
    return "[Page" in line.text and _FOOTER.fullmatch(line.text) is not None


def _page_tops(raw: Sequence[str], lines: Sequence[Line]) -> list[int]:
    """The lines that begin a page; a footer and the form feed after it may each give one."""
    tops: list[int] = []
    for number, line in enumerate(lines):
        if "\f" in raw[number]:
            tops.append(number)
        elif _is_footer(line):
            tops.append(number + 1)
    return tops


def _last_above(lines: Sequence[Line], top: int) -> int:
    """The last line with text above a page break, or -1."""
    reach = range(top - 1, max(top - 1 - _REACH, -1), -1)
    return next((number for number in reach if lines[number].text), -1)


def _first_below(lines: Sequence[Line], top: int) -> int:
    """The first line with text below a page break, or -1."""
    reach = range(top, min(top + _REACH, len(lines)))
    return next((number for number in reach if lines[number].text), -1)


def _often(lines: Sequence[Line], numbers: Iterable[int]) -> set[int]:
    """Those of the lines that say the same on many pages, page numbers aside."""
    keys = {number: _key(lines[number].text) for number in numbers if number >= 0}
    counts = Counter(keys.values())
    least = max(2, -(-len(keys) // _SHARE))
    return {number for number, key in keys.items() if counts[key] >= least}


def _key(text: str) -> str:
    return _COUNTED.sub("#", " ".join(text.split()))


def _without(lines: Sequence[Line], gaps: Iterable[tuple[int, int]]) -> list[Line]:
    """The lines outside the gaps; the empty lines beside a gap go with it."""
    kept: list[Line] = []
    at = 0
    turned = False
    for start, end in [*gaps, (len(lines), len(lines))]:
        for line in lines[at:start]:
            if turned and line.text:
                kept.append(Line(line.text, line.offset, turned=True))
                turned = False
            elif not turned:
                kept.append(line)
        if end < len(lines):
            while kept and not kept[-1].text:
                kept.pop()
            turned = True
        at = max(at, end)
    return kept
