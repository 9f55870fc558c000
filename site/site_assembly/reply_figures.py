"""Replies drawn as HTML: each part of a line in its colour, as the real parser splits it.

Rule: the split is that of the generated parser and the verdict on a group that of `parse_reply`;
nothing here decides what a part is.  The parts of a line joined are the line, and that is checked.
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import dataclass
from html import escape
from typing import Final

from reply_metadata import GroupStatus, parse_reply
from reply_metadata._generated.reply_grammar import received_line

_ENCODED: Final = re.compile(r"\+[0-9A-F]{2}")


@dataclass(frozen=True, slots=True)
class Part:
    """One part of a reply line; `kind` is its class in the style sheet, "" for what joins parts."""

    kind: str
    text: str
    used: bool = True


@dataclass(frozen=True, slots=True)
class ReplyContext:
    """What a client knows when it reads a reply."""

    negotiated: bool = True
    command: str | None = None
    recipient: bytes | None = None
    lmtp: bool = False


def parse_lines(lines: list[str], context: ReplyContext) -> tuple[tuple[bool, ...], ...]:
    """For each line of one reply, whether each of its groups is used, by `parse_reply`."""
    data = "".join(f"{line}\r\n" for line in lines).encode("ascii")
    reply = parse_reply(
        data,
        negotiated=context.negotiated,
        command=context.command,
        recipient=context.recipient,
        lmtp=context.lmtp,
    )
    verdicts: list[list[bool]] = [[] for _ in lines]
    for group in reply.metadata:
        verdicts[group.line - 1].append(group.status is GroupStatus.USED)
    return tuple(tuple(line) for line in verdicts)


def line_parts(line: str, used: tuple[bool, ...], *, negotiated: bool) -> tuple[Part, ...]:
    """The parts of one line (ABNF: received-line); `used` has a verdict for each group read."""
    fields = received_line(line.encode("ascii"))
    if fields is None:
        raise ValueError(f"not a reply line: {line!r}")
    code, separator, enhanced, path, groups, text = fields
    parts = [Part("code", code.decode())]
    if separator is not None:
        parts.append(Part("", separator.decode()))
    if enhanced is not None:
        parts.append(Part("enhanced", enhanced.decode()))
    if negotiated and len(groups) == len(used):
        if path is not None:
            parts += [Part("", " "), Part("path", path.decode())]
        for (key, arguments), is_used in zip(groups, used, strict=True):
            parts += [Part("", " "), *_group_parts(key, arguments, is_used)]
    rest = line[sum(len(part.text) for part in parts) :]
    if rest.startswith(" ") and enhanced is not None:
        parts.append(Part("", " "))
        rest = rest[1:]
    if rest:
        parts.append(Part("text", rest))
    joined = "".join(part.text for part in parts)
    if joined != line or (negotiated and text is not None and not rest.endswith(text.decode())):
        raise AssertionError(f"the parts of {line!r} do not join to it: {joined!r}")
    return tuple(parts)


def _group_parts(
    key: bytes, arguments: list[tuple[bytes | None, bytes | None]], used: bool
) -> Iterator[Part]:
    """The parts of one group (ABNF: metadata-group)."""
    yield Part("bracket", "[", used)
    yield Part("key", key.decode(), used)
    for name, value in arguments:
        yield Part("", " ", used)
        if name is not None:
            yield Part("name", name.decode(), used)
            yield Part("bracket", "=", used)
        if value is not None:
            yield Part("value", value.decode(), used)
    yield Part("bracket", "]", used)


def part_html(part: Part) -> str:
    """One part as HTML."""
    text = escape(part.text, quote=False)
    if part.kind == "value":
        text = _ENCODED.sub(lambda m: f'<span class="rm-octet">{m.group()}</span>', text)
    if not part.kind:
        return text
    ignored = "" if part.used else " rm-ignored"
    return f'<span class="rm-{part.kind}{ignored}">{text}</span>'


def line_html(parts: tuple[Part, ...]) -> str:
    """One coloured line as HTML."""
    return "".join(map(part_html, parts))


def reply_html(line: str, context: ReplyContext) -> str:
    """A reply of one line, coloured, as an inline element."""
    (used,) = parse_lines([line], context)
    parts = line_parts(line, used, negotiated=context.negotiated)
    return f'<code class="reply">{line_html(parts)}</code>'


_LABELS: Final = {
    "code": "reply code",
    "enhanced": "enhanced status code",
    "path": "path",
    "key": "key",
    "name": "argument with a name",
    "value": "argument",
    "text": "text for people",
}


@dataclass(slots=True)
class _Cell:
    """One labelled part of the figure: what stands in it, and its label once it has one."""

    html: str = ""
    label: str = ""


def _cells(parts: tuple[Part, ...]) -> list[_Cell]:
    """The parts in labelled cells: brackets go with what they hold, a value with its name."""
    cells = [_Cell()]
    for part in parts:
        if not part.kind:
            cells.append(_Cell())
            continue
        cells[-1].html += part_html(part)
        cells[-1].label = cells[-1].label or _LABELS.get(part.kind, "")
    return cells


def labelled_reply(line: str, context: ReplyContext) -> str:
    """A figure of one reply line in which each part carries its label."""
    (used,) = parse_lines([line], context)
    cells = _cells(line_parts(line, used, negotiated=context.negotiated))
    shown = (
        f'<span class="part"><code>{cell.html}</code><span class="label">{cell.label}</span></span>'
        for cell in cells
    )
    return '<figure class="labelled-reply">' + " ".join(shown) + "</figure>"
