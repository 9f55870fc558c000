"""What became of a transcript, in words that are the same for every side that played it."""

from __future__ import annotations

from dataclasses import dataclass, field

from reply_metadata.errors import ReplySyntaxError
from reply_metadata.octets import escaped
from reply_metadata.programs.transcript_text import PLAIN, server_lines
from reply_metadata.values import Reply


class Gone(Exception):
    """The session is over for its caller.

    Args:
        end: how, in the word of a transcript.
        fault: what was wrong with a reply, when that was it.
        shown: what a person would be told.
    """

    def __init__(self, end: str, fault: str | None = None, shown: str = "") -> None:
        self.end = end
        self.fault = fault
        self.shown = shown
        super().__init__(end, fault, shown)


class Stalled(AssertionError):
    """Both sides wait: the transcript, or the side under test, is wrong."""


@dataclass
class ClientOutcome:
    """What a client under test told its caller, and wrote."""

    told: list[list[Reply | None]] = field(default_factory=list)
    end: str = "open"
    fault: str | None = None
    shown: list[str] = field(default_factory=list)
    written: bytes = b""
    closed: bool = False
    whole_actions: bool = False
    """Whether replies to an action that failed are lost with it (adapters)."""


@dataclass
class ServerOutcome:
    """What a server under test wrote, handed on and did."""

    written: bytes = b""
    end: str = ""
    delivered: list[dict] = field(default_factory=list)
    reasons: list[str] = field(default_factory=list)


def gone_by(error: BaseException) -> tuple[str | None, str]:
    """The fault and the text of a protocol error."""
    fault = error.fault.value if isinstance(error, ReplySyntaxError) else None
    return fault, str(error)


def reply_as_told(reply: Reply | None) -> dict | None:
    """A reply in the words of a transcript."""
    if reply is None:
        return None
    told: dict = {"code": reply.code}
    groups = [[group.key, group.status.value] for group in reply.metadata]
    ignored = [item.reason.value for item in reply.ignored]
    if groups:
        told["groups"] = groups
    if groups and ignored:
        told["ignored"] = ignored
    return told


def lines_shown(octets: bytes) -> list[str]:
    """What `replymeta send` shows of octets of a server, a line each."""
    shown = []
    for line in octets.decode("latin-1").split("\r\n"):
        shown += server_lines(line, PLAIN, negotiated=True)
    return shown


def is_printable(text: str) -> bool:
    """Whether a text may go to a terminal or a log: printable ASCII, one line."""
    return text.isascii() and text.isprintable()


def split_replies(written: bytes) -> list[list[bytes]]:
    """What a server wrote, as replies of lines; written apart from the code under test."""
    replies: list[list[bytes]] = [[]]
    for line in written.split(b"\r\n")[:-1]:
        replies[-1].append(line)
        if line[3:4] != b"-":
            replies.append([])
    return replies[:-1]


__all__ = [
    "ClientOutcome",
    "Gone",
    "ServerOutcome",
    "Stalled",
    "escaped",
    "gone_by",
    "is_printable",
    "lines_shown",
    "reply_as_told",
    "split_replies",
]
