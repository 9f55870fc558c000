"""What happens in a session, as frozen events; client and server share them.

Rule 1: commands (`commands`) go from client to server; the replies below go the other way.  What
one side gives to `send`, the other side gets from `next_event`.
Rule 2: a reply names what it answers; a session never leaves the pairing to its caller.
Rule 3: `NEED_DATA` is no event: the session waits for octets.
"""

from __future__ import annotations

from dataclasses import dataclass
from enum import Enum
from typing import Final

from reply_metadata.commands import Command, RcptTo
from reply_metadata.values import Reply


class NeedData(Enum):
    """The type of `NEED_DATA`."""

    NEED_DATA = "need data"


NEED_DATA: Final = NeedData.NEED_DATA
"""Nothing has happened: give the session more octets."""


@dataclass(frozen=True, slots=True)
class Content:
    """The content of a message, dots not stuffed, lines ended by CRLF."""

    octets: bytes


@dataclass(frozen=True, slots=True)
class Greeting:
    """The reply that opens a connection (RFC 5321, Section 3.1)."""

    reply: Reply


@dataclass(frozen=True, slots=True)
class CommandAnswer:
    """The reply to a command."""

    command: Command
    reply: Reply


@dataclass(frozen=True, slots=True)
class Result:
    """A reply to the content.

    Args:
        recipient: LMTP: the accepted recipient it is about, in the order of the RCPT commands (RFC
            2033, Section 4.2); SMTP: None, it is about all of them.
        reply: the reply.
    """

    recipient: RcptTo | None
    reply: Reply


@dataclass(frozen=True, slots=True)
class ClosingNotice:
    """A 421 that answers nothing: the server goes (RFC 5321, Section 3.8)."""

    reply: Reply


@dataclass(frozen=True, slots=True)
class ConnectionEnded:
    """The peer closed the connection.

    Args:
        clean: whether QUIT was answered or 421 was sent before.
    """

    clean: bool


@dataclass(frozen=True, slots=True)
class TimedOut:
    """Client only: the deadline passed; the session cannot be used any more.

    Args:
        waiting_for: what was not answered, in words.
    """

    waiting_for: str


@dataclass(frozen=True, slots=True)
class RefusalAnswer:
    """What a server answers to a line that is no command, or may not stand where it stands.

    Args:
        reply: the reply.
        close: whether nothing more is read from the client.
        times: how often it is sent: LMTP owes a reply for each accepted recipient.
    """

    reply: Reply
    close: bool = False
    times: int = 1


@dataclass(frozen=True, slots=True)
class Refused:
    """Server only: the session itself refuses what came, or waited too long.

    Args:
        answer: the event to give to `send`.
        reason: why, in words, for a log.
    """

    answer: RefusalAnswer
    reason: str


ClientEvent = Greeting | CommandAnswer | Result | ClosingNotice | ConnectionEnded | TimedOut
"""What a client session gives."""

ServerEvent = Command | Content | Refused | ConnectionEnded
"""What a server session gives."""

ServerReply = Greeting | CommandAnswer | Result | ClosingNotice | RefusalAnswer
"""What a server session takes."""
