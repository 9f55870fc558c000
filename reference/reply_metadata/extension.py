"""The extension itself: its EHLO keyword, and in which replies metadata may stand.

Rule 1: the keyword has no parameters; readers ignore any (Draft: #keyword).
Rule 2: "where" is data: two sets of commands and the class of the reply (Draft: #where).
"""

from __future__ import annotations

from collections.abc import Iterable
from typing import Final

from reply_metadata._generated import reply_grammar

KEYWORD: Final = "REPLYMETA"
"""The EHLO and LHLO keyword of the extension."""

REQUIRED_KEYWORD: Final = "ENHANCEDSTATUSCODES"
"""The keyword a server lists together with `KEYWORD` (RFC 2034)."""

LAST_CHUNK: Final = "BDAT LAST"
"""The name of a BDAT command with LAST wherever a command is named; without it, "BDAT"."""

COMMANDS_WITHOUT_METADATA: Final = frozenset(
    {"EHLO", "HELO", "LHLO", "STARTTLS", "HELP", "VRFY", "EXPN"}
)


def offered(ehlo_lines: Iterable[bytes]) -> bool:
    """Whether a 250 reply to EHLO or LHLO offers the extension.

    Draft: #keyword.  ABNF: ehlo-line-metadata.

    Args:
        ehlo_lines: the octets after code and separator of every line of the reply.  The first
            line is the server's domain and greeting (RFC 5321, Section 4.1.1.1), never a keyword.
    """
    lines = iter(ehlo_lines)
    next(lines, None)
    return any(reply_grammar.match("ehlo-line-metadata", line.rstrip(b" ")) for line in lines)


def allowed_in(code: int, command: str | None) -> bool:
    """Whether metadata may stand in a reply with this code to this command.

    Draft: #where.

    Args:
        code: the reply code.
        command: what the reply answers: a verb in upper case, "BDAT LAST" for the last chunk; None
            when not known or when nothing was asked (an unsolicited 421).
    """
    if 300 <= code < 400:
        return False
    if command is None:
        return True
    return command not in COMMANDS_WITHOUT_METADATA and not (command == "BDAT" and code < 300)
