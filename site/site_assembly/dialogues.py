"""Dialogues between client and server, drawn as HTML with every reply read by the real parser.

A page writes a fenced block of language `dialogue`; its lines begin with `C: `, `S: ` or `# `.
Whether replies carry metadata is decided as on the wire: by a REPLYMETA line in the reply to EHLO
or LHLO.  A block without such a reply says `negotiated` or `plain` after the word `dialogue`.

Rule: a server line that no client could read stops the build, and so does a group that is not used
unless the block says `ignored`.
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import dataclass, field, replace
from html import escape
from typing import Final

from reply_metadata import ReplySyntaxError
from site_assembly.fences import Fence
from site_assembly.reply_figures import ReplyContext, line_html, line_parts, parse_lines

_RECIPIENT: Final = re.compile(r"RCPT TO:(<.*>)", re.IGNORECASE)
_WORDS: Final = frozenset({"negotiated", "plain", "lmtp", "ignored"})


class DialogueError(ValueError):
    """A dialogue that could not happen; the text says where and why."""


@dataclass(slots=True)
class _Reader:
    """What the client of a dialogue knows while it is read line by line."""

    fence: Fence
    context: ReplyContext
    waiting: list[str] = field(default_factory=list)

    def client_line(self, text: str) -> str:
        """A line the client sends; remembers the command when it is one."""
        verb = text.split(" ", 1)[0].split(":", 1)[0].upper()
        if verb in {"EHLO", "LHLO", "HELO", "STARTTLS"}:
            self.context = replace(self.context, negotiated=False, lmtp=verb == "LHLO")
        if verb.isalpha() or text == ".":
            found = _RECIPIENT.match(text)
            self.context = replace(
                self.context,
                command="DATA" if text == "." else verb,
                recipient=found.group(1)[1:-1].encode() if found else None,
            )
        return f'<span class="rm-side">C:</span> <span class="rm-command">{escape(text)}</span>'

    def server_line(self, text: str) -> Iterator[str]:
        """A line the server sends; yields the lines of the reply when it is complete."""
        self.waiting.append(text)
        if text[3:4] == "-":
            return
        lines, self.waiting = self.waiting, []
        try:
            verdicts = parse_lines(lines, self.context)
        except ReplySyntaxError as error:
            raise DialogueError(f"line {self.fence.first}: {error}") from error
        if "ignored" not in self.fence.info and not all(map(all, verdicts)):
            raise DialogueError(f"line {self.fence.first}: a group of {lines!r} is not used")
        for line, used in zip(lines, verdicts, strict=True):
            shown = line_html(line_parts(line, used, negotiated=self.context.negotiated))
            yield f'<span class="rm-side">S:</span> {shown}'
        if self.context.command in {"EHLO", "LHLO"} and lines[0].startswith("250"):
            offered = any(line[4:].split(" ")[0].upper() == "REPLYMETA" for line in lines)
            self.context = replace(self.context, negotiated=offered)


def dialogue_html(fence: Fence) -> str:
    """The block as coloured HTML."""
    words = set(fence.info.split())
    if words - _WORDS:
        raise DialogueError(f"line {fence.first}: unknown words {sorted(words - _WORDS)}")
    greeted = re.search(r"^C: (EHLO|LHLO|HELO) ", fence.body, re.MULTILINE)
    if not greeted and not words & {"negotiated", "plain"}:
        raise DialogueError(f"line {fence.first}: say `negotiated` or `plain`, or show the EHLO")
    reader = _Reader(fence, ReplyContext(negotiated="negotiated" in words, lmtp="lmtp" in words))
    shown: list[str] = []
    for line in fence.lines():
        if line.startswith("C: "):
            shown.append(reader.client_line(line[3:]))
        elif line.startswith("S: "):
            shown += reader.server_line(line[3:])
        elif line.startswith("# "):
            shown.append(f'<span class="rm-comment">{escape(line)}</span>')
        else:
            raise DialogueError(f"line {fence.first}: {line!r} begins with no side")
    if reader.waiting:
        raise DialogueError(f"line {fence.first}: the last reply has no last line")
    return '<pre class="dialogue"><code>' + "\n".join(shown) + "\n</code></pre>"
