"""The errors of the package: one class for each decision a caller can take.

Rule 1: an error carries data; its text is made from that data.
Rule 2: every octet that came from a peer is shown escaped in the text of an error.
Rule 3: metadata that breaks a rule of the draft is no error: see `GroupStatus` and `Ignored`.
"""

from __future__ import annotations

from enum import Enum
from typing import Final, NamedTuple

_SHOWN_OCTETS: Final = 60


class ReplyMetadataError(Exception):
    """The base of every error this package raises on purpose."""


class MetadataSyntaxError(ReplyMetadataError, ValueError):
    """Octets or a value that a rule of the draft's grammar refuses.

    Args:
        data: the refused octets.
        position: offset of the first octet that cannot stand there.
        rule: the ABNF rule that refused.
        expected: what the rule would have taken, in words.
    """

    def __init__(
        self, data: bytes, position: int, rule: str, expected: tuple[str, ...] = ()
    ) -> None:
        self.data = data
        self.position = position
        self.rule = rule
        self.expected = expected
        super().__init__(data, position, rule, expected)

    def __str__(self) -> str:
        wanted = f", expected {' or '.join(self.expected)}" if self.expected else ""
        return f"{shown(self.data)} is no {self.rule}: octet {self.position}{wanted}"


class LocalProtocolError(ReplyMetadataError):
    """Our caller asked for something the protocol forbids; nothing was changed or sent."""


class ReplyHint(NamedTuple):
    """What a server may answer to what the peer did (code, enhanced code, text)."""

    code: int
    enhanced_code: str
    text: str


SYNTAX_HINT: Final = ReplyHint(500, "5.5.2", "Syntax error")


class RemoteProtocolError(ReplyMetadataError):
    """The peer sent what the protocol forbids; `reply_hint` is for servers that answer it."""

    def __init__(self, message: str, *, reply_hint: ReplyHint = SYNTAX_HINT) -> None:
        self.message = message
        self.reply_hint = reply_hint
        super().__init__(message)


class CommandRefused(RemoteProtocolError):
    """A command that a server refuses and goes on; other errors of a client end the connection."""


class ReplyFault(Enum):
    """Why octets are not one reply (RFC 5321, Sections 4.2 and 4.5.3.1.5), and `text`: in words."""

    INCOMPLETE = "incomplete", "the reply ends before its last line does"
    TRAILING_OCTETS = "trailing-octets", "octets follow the last line of the reply"
    BAD_LINE_END = "bad-line-end", "only CR LF ends a line; a bare CR or LF may not stand in one"
    NUL = "nul", "a NUL may not stand in a reply"
    BAD_CODE = "bad-code", "a reply line begins with three digits from 200 to 559"
    BAD_SEPARATOR = "bad-separator", "a space or a hyphen follows the reply code"
    CODE_MISMATCH = "code-mismatch", "all lines of a reply carry the same reply code"
    LINE_TOO_LONG = "line-too-long", "the line is longer than this reader takes"
    REPLY_TOO_LONG = "reply-too-long", "the reply is longer than this reader takes"
    TOO_MANY_LINES = "too-many-lines", "the reply has more lines than this reader takes"

    def __new__(cls, value: str, text: str) -> ReplyFault:
        """A member that has a text besides its value."""
        member = object.__new__(cls)
        member._value_, member.text = value, text
        return member

    text: str


FAULT_TEXTS: Final = {fault: fault.text for fault in ReplyFault}


class ReplySyntaxError(RemoteProtocolError):
    """A malformed, incomplete or over-long reply: the same verdict with and without metadata.

    Args:
        fault: what is wrong.
        data: the octets of the line at fault, without its CRLF, as far as they were read.
        line: its number, from 1.
        offset: the octet in `data` where the fault shows, from 0.
    """

    def __init__(self, fault: ReplyFault, data: bytes, line: int, offset: int) -> None:
        self.fault = fault
        self.data = data
        self.line = line
        self.offset = offset
        super().__init__(
            f"line {line}, column {offset + 1}: {fault.text}: {shown(data)}",
            reply_hint=ReplyHint(421, "4.5.0", "The next server sent a malformed reply"),
        )

    def __reduce__(self) -> tuple[object, ...]:
        return (type(self), (self.fault, self.data, self.line, self.offset))


def shown(octets: bytes) -> str:
    """Octets of a peer for an error text: printable ASCII, cut, in quotes."""
    head = octets[:_SHOWN_OCTETS]
    more = "" if len(octets) <= _SHOWN_OCTETS else f" and {len(octets) - _SHOWN_OCTETS} more octets"
    return repr(head)[1:] + more
