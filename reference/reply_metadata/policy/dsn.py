"""A received reply as a delivery status notification shows it (RFC 3464, Section 2.3.6).

Draft: #hop-by-hop, #req-hop-dsn.

Rule 1: a notification goes to strangers: groups of trusted-hop keys, private groups and groups of
keys that are not known here are taken out.
Rule 2: the text is one line; it is folded only in front of a word, so that taking out each CRLF
gives it back octet by octet (RFC 5322, Section 2.2.3), and no folded line is empty.
Rule 3: text that was no metadata does not become any: it gets a word in front, as in a reply.
"""

from __future__ import annotations

import re
from typing import Final

from reply_metadata.policy.hop import groups_for_next_hop, human_words
from reply_metadata.values import Reply

FIELD_NAME: Final = "Diagnostic-Code"
MAX_FOLDED_COLUMNS: Final = 78
"""RFC 5322, Section 2.1.1, without CRLF; a longer word stands on a line of its own, up to 998."""

_LIKE_METADATA: Final = re.compile(r" *(?:\[|<.*\[)")
_WORD_WITH_SPACE: Final = re.compile(r" *[^ ]+| +$")


def diagnostic_code(reply: Reply) -> str:
    """The value of the field, in one line: `smtp; 550 5.1.1 No such user here`."""
    parts = [f"{reply.code}", reply.enhanced_code or ""]
    parts += [group.sent().decode("ascii") for group in groups_for_next_hop(reply.metadata)]
    if any(line.text.strip() for line in reply.lines):
        words = " ".join(human_words(reply))
        parts.append(f"Note: {words}" if _LIKE_METADATA.match(words) else words)
    return "smtp; " + " ".join(part for part in parts if part).rstrip(" ")


def diagnostic_code_field(reply: Reply) -> bytes:
    """The whole field as it stands in a notification, folded, with its CRLF."""
    lines: list[str] = []
    line = f"{FIELD_NAME}:"
    for word in _WORD_WITH_SPACE.findall(f" {diagnostic_code(reply)}"):
        if len(line) + len(word) > MAX_FOLDED_COLUMNS and line != f"{FIELD_NAME}:":
            lines.append(line)
            line = ""
        line += word
    return "\r\n".join([*lines, line]).encode("ascii") + b"\r\n"
