"""What a server under test decides, the same on every side, and the server in memory."""

from __future__ import annotations

from dataclasses import dataclass, field

from hostile_peers.outcome import ServerOutcome, split_replies
from hostile_peers.transcript import Transcript, octets_of
from reply_metadata.codec import build_reply
from reply_metadata.commands import Authenticate, AuthResponse, MailFrom, RcptTo
from reply_metadata.credentials import PlainCredentials
from reply_metadata.errors import ReplyMetadataError
from reply_metadata.events import (
    NEED_DATA,
    CommandAnswer,
    ConnectionEnded,
    Content,
    Refused,
    Result,
)
from reply_metadata.groups import Argument, MetadataGroup
from reply_metadata.policy.recipient import Refer, reply_to_recipient
from reply_metadata.server_session import ServerSession
from reply_metadata.transitions import State
from reply_metadata.values import Reply

_ENDED = frozenset({State.CLOSED, State.BROKEN})
OK = build_reply(250, "2.0.0", "OK")
CANNOT_SAY = build_reply(451, "4.3.0", "Local error")


@dataclass
class Decisions:
    """Answers by the transcript; all content that is handed on is kept."""

    transcript: Transcript
    delivered: list[dict] = field(default_factory=list)

    def sender(self, _mail: MailFrom) -> Reply:
        return self._told("MAIL") or OK

    def recipient(self, recipient: RcptTo) -> Reply:
        """By the first word of the local part: no-, later-, moved-; anybody else is here."""
        told = self._told("RCPT")
        if told is not None:
            return told
        local = recipient.recipient.to_octets().decode("utf-8").strip("<>").partition("@")[0]
        if local.startswith("no-"):
            return build_reply(550, "5.1.1", "No such user here")
        if local.startswith("later-"):
            return build_reply(450, "4.2.1", "Try again later")
        if local.startswith("moved-"):
            trusted = self.transcript.json.get("trusted", False)
            return reply_to_recipient(Refer(("smtp://backend2/",)), trusted=trusted)
        return OK

    def content(self, recipients, octets: bytes) -> list[Reply]:
        names = [one.recipient.to_octets().decode("utf-8").strip("<>") for one in recipients]
        self.delivered.append({"recipients": names, "content": octets.decode("latin-1")})
        told = self._told("content") or OK
        return [told] * (1 if self.transcript.json["protocol"] == "smtp" else len(names))

    def credentials(self, credentials: PlainCredentials) -> bool:
        return credentials.password == "secret"  # of a test

    def _told(self, what: str) -> Reply | None:
        told = self.transcript.json.get("answers", {}).get(what)
        if told is None:
            return None
        try:
            groups = [
                MetadataGroup(
                    key,
                    (Argument(None, value.encode("latin-1").decode("utf-8", "surrogateescape")),),
                )
                for key, value in told.get("metadata", [])
            ]
            return build_reply(told["code"], told["enhanced_code"], told["text"], groups)
        except ReplyMetadataError:
            return CANNOT_SAY


class _CoreServer:
    def __init__(self, transcript: Transcript) -> None:
        self.session = ServerSession(transcript.protocol, transcript.server_settings())
        self.decisions = Decisions(transcript)
        self.outcome = ServerOutcome(delivered=self.decisions.delivered)
        self.ended = False

    def write(self, event) -> None:
        self.outcome.written += self.session.send(event)

    def drain(self) -> None:
        while (event := self.session.next_event()) is not NEED_DATA:
            if isinstance(event, ConnectionEnded):
                self.ended = True
                continue
            for answer in self._answers(event):
                self.write(answer)

    def _answers(self, event):
        decide, session = self.decisions, self.session
        match event:
            case Refused(answer=answer, reason=reason):
                self.outcome.reasons.append(reason)
                return [answer]
            case Content(octets=octets):
                replies = decide.content(session.accepted, octets)
                owed = session.results_owed
                return [Result(one, reply) for one, reply in zip(owed, replies, strict=True)]
            case MailFrom():
                return [CommandAnswer(event, decide.sender(event))]
            case RcptTo():
                return [CommandAnswer(event, decide.recipient(event))]
            case (
                Authenticate(credentials=PlainCredentials() as who)
                | AuthResponse(credentials=PlainCredentials() as who)
            ):
                right = decide.credentials(who)
                reply = build_reply(*((235, "2.7.0", "Yes") if right else (535, "5.7.8", "No")))
                return [CommandAnswer(event, reply)]
            case _:
                return [CommandAnswer(event, session.usual_answer(event))]


def play(transcript: Transcript) -> ServerOutcome:
    """Play it against the session, in memory."""
    server = _CoreServer(transcript)
    session, outcome, now = server.session, server.outcome, 0.0
    session.time_passed(now)
    server.write(session.greeting())
    session.time_passed(now)
    server.drain()
    awaited = 0
    for step in transcript.steps:
        if "send" in step:
            for segment in step["send"]:
                session.receive_octets(octets_of(segment))
                server.drain()
        elif "await_replies" in step:
            awaited += step["await_replies"]
            had = len(split_replies(outcome.written))
            assert had >= awaited, (
                f"{transcript.id}: {had} replies of {awaited}: {outcome.written!r}"
            )
        elif "pass_s" in step:
            now += step["pass_s"]
            session.time_passed(now)
            server.drain()
        elif "start_tls" in step:
            session.tls_started()
        else:
            session.receive_octets(b"")
            server.drain()
        if session.state not in _ENDED:
            session.time_passed(now)
    outcome.end = "client"
    if session.state is State.CLOSED and not server.ended:
        outcome.end = "quit" if outcome.written.rpartition(b"\r\n221")[1] else "closed"
    elif session.state is State.BROKEN:
        outcome.end = "closed"
    return outcome
