"""Streams without end for clients and servers: what is sent before, what is repeated, how it ends.

Draft: #req-limits-while-reading, #security-resources.  A flood is fed in segments of constant size,
made before anything is measured; `feed` goes on after the error, since a peer would.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

from reply_metadata.client_session import ClientSession
from reply_metadata.codec import build_reply
from reply_metadata.commands import Hello, HelloVerb, MailFrom, RcptTo, StartTls
from reply_metadata.errors import RemoteProtocolError
from reply_metadata.events import (
    NEED_DATA,
    CommandAnswer,
    ConnectionEnded,
    Content,
    Refused,
    Result,
)
from reply_metadata.limits import Limits
from reply_metadata.paths import NULL_PATH
from reply_metadata.server_rules import ServerSettings
from reply_metadata.server_session import ServerSession
from reply_metadata.transitions import Protocol, State

MEBI = 1024 * 1024
SEGMENT = 65_536
LIMITS = Limits(max_message_octets=100_000)
OK = build_reply(250, "2.0.0", "OK")
GREETING = b"220 mx.example.org ready\r\n"
KEYWORDS = b"250-mx.example.org\r\n250-PIPELINING\r\n250-ENHANCEDSTATUSCODES\r\n250 REPLYMETA\r\n"
OPENING = b"EHLO client.example.org\r\nMAIL FROM:<s@example.org>\r\nRCPT TO:<u@example.com>\r\n"
_ENDED = frozenset({State.CLOSED, State.BROKEN})


@dataclass(frozen=True)
class Flood:
    """One stream.

    Args:
        role: the side that is fed.
        name: what it is fed, in words.
        unit: what is repeated.
        ends: whether the session must end it; otherwise it goes on within its bounds.
        first: what comes once, before.
        stage: for a client what it waits for, for a server what was said before.
        within: how many octets may be taken in before the end.
        most: how many octets of it are fed at most: what is answered takes its time.
    """

    role: str
    name: str
    unit: bytes
    ends: bool = True
    first: bytes = b""
    stage: str = "reply"
    within: int = 0
    most: int = 64 * MEBI

    def segments(self, segment: int = SEGMENT) -> bytes:
        """One segment; the stream is `first` and then this, again and again."""
        return self.unit * max(1, segment // len(self.unit))


_LINE, _REPLY = LIMITS.max_received_line_octets, LIMITS.max_received_reply_octets
_COMMAND, _MESSAGE = LIMITS.max_command_octets, LIMITS.max_message_octets
FLOODS = (
    Flood("client", "continuation lines", b"250-2.1.0 more and more\r\n", within=_REPLY),
    Flood("client", "one line", b"x", first=b"250 ", within=_LINE),
    Flood("client", "one line of groups", b"[A] ", first=b"250 2.1.0 ", within=_LINE),
    Flood("client", "lines of groups", b"250-2.1.0 " + b"[A] " * 100 + b"x\r\n", within=_REPLY),
    Flood("client", "a group of arguments", b"a=b ", first=b"250 2.1.0 [A ", within=_LINE),
    Flood("client", "keyword lines", b"250-LIMITS A=1\r\n", stage="keywords", within=_REPLY),
    Flood("client", "greeting lines", b"220-welcome\r\n", stage="greeting", within=_REPLY),
    Flood("client", "replies nobody asked for", b"250 2.0.0 OK\r\n", within=64),
    Flood("client", "line feeds", b"\n", within=64),
    Flood("client", "carriage returns", b"\r", within=_LINE),
    Flood("client", "NULs", b"\0", within=_LINE),
    Flood("client", "replies after 220 to STARTTLS", b"250 OK\r\n", stage="starttls", within=64),
    Flood("server", "one command line", b"x", first=b"NOOP ", within=_COMMAND),
    Flood("server", "one MAIL of parameters", b"A=B ", first=b"MAIL FROM:<s@example.org> ", within=_COMMAND),
    Flood("server", "one path", b"a@", first=b"MAIL FROM:<", within=_COMMAND),
    Flood("server", "carriage returns", b"\r", within=_COMMAND),
    Flood("server", "NULs", b"\0", within=_COMMAND),
    Flood("server", "unknown commands", b"JUNK\r\n", within=6 * 30),
    Flood("server", "empty lines", b"\r\n", within=2 * 30),
    Flood("server", "NOOPs", b"NOOP " + b"x" * 90 + b"\r\n", ends=False, most=8 * MEBI),
    Flood("server", "EHLOs", b"EHLO client.example.org\r\n", ends=False, most=MEBI // 2),
    Flood("server", "recipients", b"RCPT TO:<u@example.com>\r\n", ends=False, stage="transaction", most=25_000_000),
    Flood("server", "senders", b"MAIL FROM:<>\r\n", stage="transaction", within=14 * 30),
    Flood("server", "one line of content", b"x", stage="content", within=LIMITS.max_message_line_octets),
    Flood("server", "content lines", b"x" * 70 + b"\r\n", stage="content", within=_MESSAGE + 100),
    Flood("server", "dots", b"..\r\n", stage="content", within=2 * _MESSAGE),
    Flood("server", "carriage returns in content", b"\r", stage="content", within=LIMITS.max_message_line_octets),
    Flood("server", "a chunk larger than allowed", b"x", ends=False, first=b"BDAT 99999999999 LAST\r\n", stage="transaction"),
    Flood("server", "chunks of nothing", b"BDAT 0\r\n", ends=False, stage="transaction", most=MEBI),
    Flood("server", "chunks", b"BDAT 500\r\n" + b"x" * 500, stage="transaction", within=2 * _MESSAGE),
    Flood("server", "chunk sizes that are none", b"BDAT x\r\n", stage="transaction", within=64),
    Flood("server", "messages", b"MAIL FROM:<>\r\nRCPT TO:<u@example.com>\r\nBDAT 2 LAST\r\n\r\n", ends=False, stage="hello", most=MEBI),
)  # fmt: skip


@dataclass
class Fed:
    """What came of a flood: octets taken in until the session ended, and how it ended."""

    octets: int | None = None
    error: str = ""
    answers: int = 0


def prepared(flood: Flood, limits: Limits = LIMITS) -> tuple[object, Callable[[Fed], None]]:
    """A session at the stage of the flood, and what takes its events after each segment."""
    if flood.role == "client":
        return _client(flood.stage, limits)
    server = ServerSession(Protocol.SMTP, ServerSettings("mx.example.org", limits=limits))
    server.send(server.greeting())
    drain = _drain_server(server)
    fed = Fed()
    before = {"hello": OPENING[:25], "transaction": OPENING, "content": OPENING + b"DATA\r\n"}
    server.receive_octets(before.get(flood.stage, OPENING[:25]))
    drain(fed)
    return server, drain


def feed(flood: Flood, total: int, segment: bytes, limits: Limits = LIMITS) -> Fed:
    """Feed so many octets, whatever happens; the segment is made by the caller."""
    session, drain = prepared(flood, limits)
    fed = Fed()
    given = 0
    if flood.first:
        session.receive_octets(flood.first)  # type: ignore[attr-defined]  # both kinds have it
        given += len(flood.first)
        drain(fed)
    while given < total:
        session.receive_octets(segment)  # type: ignore[attr-defined]  # both kinds have it
        given += len(segment)
        drain(fed)
        if fed.error and fed.octets is None:
            fed.octets = given
    return fed


def _client(stage: str, limits: Limits) -> tuple[object, Callable[[Fed], None]]:
    session = ClientSession(Protocol.SMTP, limits=limits)
    if stage != "greeting":
        session.receive_octets(GREETING)
        session.send(Hello(HelloVerb.EHLO, "client.example.org"))
    if stage in {"reply", "starttls"}:
        starts = stage == "starttls"
        session.receive_octets(KEYWORDS.replace(b"PIPELINING", b"STARTTLS") if starts else KEYWORDS)
        if starts:
            session.send(StartTls())
            session.receive_octets(b"220 2.0.0 go\r\n")
        else:
            session.send(MailFrom(NULL_PATH))
    while session.next_event() is not NEED_DATA:
        pass

    def drain(fed: Fed) -> None:
        try:
            while session.next_event() is not NEED_DATA:
                fed.answers += 1
        except RemoteProtocolError as error:
            fed.error = fed.error or type(error).__name__

    return session, drain


def _drain_server(session: ServerSession) -> Callable[[Fed], None]:
    def drain(fed: Fed) -> None:
        while (event := session.next_event()) is not NEED_DATA:
            match event:
                case Refused(answer=answer):
                    answers: list = [answer]
                case ConnectionEnded():
                    answers = []
                case Content():
                    answers = [Result(about, OK) for about in session.results_owed]
                case MailFrom() | RcptTo():
                    answers = [CommandAnswer(event, OK)]
                case _:
                    answers = [CommandAnswer(event, session.usual_answer(event))]
            for answer in answers:
                session.send(answer)
                fed.answers += 1
            if isinstance(event, Refused) and session.state in _ENDED:
                fed.error = fed.error or f"{event.answer.reply.code}"

    return drain
