"""A dialogue as text for people: 80 columns, in colour on a terminal, in plain ASCII elsewhere.

Rule 1: every octet of a peer is shown escaped.
Rule 2: colour never carries meaning alone: plain text marks metadata by a line of carets below it.
"""

from __future__ import annotations

import os
import textwrap
from collections.abc import Callable, Iterable
from dataclasses import dataclass
from typing import Final, TextIO

from reply_metadata.codec import parse_reply
from reply_metadata.errors import ReplySyntaxError
from reply_metadata.octets import escaped

WIDTH: Final = 80
_INDENT: Final = "   "
_COLOURS: Final = {
    "heading": "1",
    "note": "2",
    "client": "36",
    "2": "32",
    "3": "34",
    "4": "33",
    "5": "31",
    "metadata": "1;35",
    "good": "1;32",
    "bad": "1;31",
}
Paint = Callable[[str, str], str]


@dataclass(frozen=True, slots=True)
class Style:
    """How things look.

    Args:
        colour: whether escape sequences are written.
        rule: the character of a horizontal line.
        arrow: what stands between a recipient and its host.
    """

    colour: bool = False
    rule: str = "-"
    arrow: str = "->"

    def paint(self, kind: str, text: str) -> str:
        """The text in the colour of its kind."""
        return f"\x1b[{_COLOURS[kind]}m{text}\x1b[0m" if self.colour and text else text


PLAIN: Final = Style()


def style_for(stream: TextIO) -> Style:
    """The style a stream can show: colour on a terminal only, unless NO_COLOR is set."""
    shows = stream.isatty() and not os.environ.get("NO_COLOR") and os.environ.get("TERM") != "dumb"
    if not shows:
        return PLAIN
    unicode = (stream.encoding or "").lower().replace("-", "") == "utf8"
    return Style(True, "\u2500", "\u2192") if unicode else Style(True)


def heading(title: str, style: Style) -> str:
    """A heading as wide as the page."""
    line = f"{style.rule * 2} {title} "
    return style.paint("heading", line + style.rule * (WIDTH - len(line)))


def note(text: str, style: Style) -> list[str]:
    """A remark, folded."""
    folded = textwrap.wrap(text, WIDTH - 2 * len(_INDENT))
    return [_INDENT + style.paint("note", line) for line in folded]


def client_line(text: str, style: Style) -> str:
    """A line the client wrote."""
    return _INDENT + style.paint("client", f"C: {escaped(text)}".rstrip(" "))


def server_lines(text: str, style: Style, *, negotiated: bool) -> list[str]:
    """A line the server wrote, its metadata marked; the mark is a second line in plain text.

    Args:
        text: the line, one character an octet.
        style: how it looks.
        negotiated: whether metadata was negotiated when it was written.
    """
    shown, kind = escaped(text), text[:1]
    if kind not in _COLOURS:
        return [f"{_INDENT}S: {shown}"]
    spans = _metadata_spans(text) if negotiated else []
    if not style.colour:
        lines = [f"{_INDENT}S: {shown}"]
        if spans:
            marks = "".join(_mark(number, spans) for number in range(spans[-1][1]))
            lines.append(f"{_INDENT}   {marks} metadata")
        return lines
    painted, done = [style.paint(kind, "S: ")], 0
    for begin, end in spans:
        painted += [style.paint(kind, escaped(text[done:begin]))]
        painted += [style.paint("metadata", escaped(text[begin:end]))]
        done = end
    painted.append(style.paint(kind, escaped(text[done:])))
    return [_INDENT + "".join(painted)]


def _metadata_spans(text: str) -> list[tuple[int, int]]:
    """Where the groups of a line stand; escaping changes nothing in front of or inside them."""
    octets = text.encode("latin-1")
    one_line = octets[:3] + b" " + octets[4:] + b"\r\n"
    try:
        reply = parse_reply(one_line, negotiated=True)
    except ReplySyntaxError:
        return []
    groups = [group for group in reply.metadata if group.used]
    return [(group.offset, octets.index(b"]", group.offset) + 1) for group in groups]


def _mark(number: int, spans: Iterable[tuple[int, int]]) -> str:
    return "^" if any(begin <= number < end for begin, end in spans) else " "
