"""A reply as a table of its parts: what `replymeta parse` finds, for the eye.

Rule: parts, verdicts and values are the parser's; the table adds names and links.
"""

from __future__ import annotations

from collections.abc import Iterator
from html import escape
from typing import Final

from reply_metadata import MetadataGroup, parse_reply
from site_assembly.reply_figures import Part, ReplyContext, line_parts, parse_lines, part_html
from site_assembly.tables import KeyEntry

_PARTS: Final = {
    "code": ("reply code", "received-code"),
    "enhanced": ("enhanced status code", "enhanced-status-code"),
    "path": ("path", "reply-path"),
    "key": ("key", "metadata-key"),
    "name": ("argument name", "argument-name"),
    "value": ("argument", "argument-value"),
    "text": ("text for people", "remaining-text"),
}
"""Kind of part: what it is called, and the rule it matches."""


def _finding(part: Part, group: MetadataGroup | None, keys: dict[str, KeyEntry], to: str) -> str:
    """What the parser found out about a part, as HTML."""
    if part.kind == "code":
        outcome = {"2": "success", "4": "transient failure", "5": "permanent failure"}
        return f"{outcome[part.text[0]]}: this decides"
    if part.kind == "key" and group is not None:
        page = f"{to}keys/{keys[group.key].page.removesuffix('.md')}.html"
        return f'<a href="{page}">{escape(group.key)}</a>, {group.status.value}'
    if part.kind == "value" and group is not None and keys[group.key].value is not None:
        rule = keys[group.key].value
        return f'decodes to a <a href="{to}grammar/{rule}.html">{rule}</a>'
    return {"enhanced": "RFC 3463", "text": "shown and logged"}.get(part.kind, "")


def _rows(line: str, context: ReplyContext, keys: dict[str, KeyEntry], to: str) -> Iterator[str]:
    data = f"{line}\r\n".encode("ascii")
    groups = iter(parse_reply(data, negotiated=True, command=context.command).metadata)
    group: MetadataGroup | None = None
    (used,) = parse_lines([line], context)
    for part in line_parts(line, used, negotiated=True):
        if part.kind == "key":
            group = next(groups)
        if part.kind in _PARTS:
            called, rule = _PARTS[part.kind]
            yield (
                f"<tr><td><code>{part_html(part)}</code></td>"
                f'<td><a href="{to}grammar/{rule}.html">{called}</a></td>'
                f"<td>{_finding(part, group, keys, to)}</td></tr>"
            )


def parsed_reply(line: str, context: ReplyContext, keys: tuple[KeyEntry, ...], to: str) -> str:
    """The table of one reply line; `to` is the way from the page to the top of the site."""
    rows = "\n".join(_rows(line, context, {key.name: key for key in keys}, to))
    head = "<tr><th>octets</th><th>part</th><th>found</th></tr>"
    return f"<table>\n<thead>{head}</thead>\n<tbody>\n{rows}\n</tbody>\n</table>"
