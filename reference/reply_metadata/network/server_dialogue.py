"""What happens on one connection of a server, without the socket: see `steps`.

Rule 1: no rule of the protocol lives here; a `Handler` decides about senders, recipients and
content, the session about everything else.
Rule 2: one reply is one `Write`, yielded when it is made: pipelined commands get their answers in
order.
Rule 3: a refused connection is closed only after the client had a moment to read why.
Rule 4: whatever happens, the handler is told to forget.
"""

from __future__ import annotations

import contextlib
from collections.abc import Awaitable, Callable, Sequence
from dataclasses import dataclass
from typing import Final, NamedTuple, Protocol, TypeAlias, TypeVar, cast

from reply_metadata.codec import build_reply
from reply_metadata.commands import (
    Authenticate,
    AuthResponse,
    Command,
    Hello,
    MailFrom,
    Quit,
    RcptTo,
    Reset,
)
from reply_metadata.commands import StartTls as StartTlsCommand
from reply_metadata.credentials import PlainCredentials
from reply_metadata.events import (
    NEED_DATA,
    ClosingNotice,
    CommandAnswer,
    ConnectionEnded,
    Content,
    Refused,
    Result,
    ServerReply,
)
from reply_metadata.keys import RetryAfter
from reply_metadata.network.recording import Record, Side
from reply_metadata.network.steps import (
    Blocking,
    Dialogue,
    Interruption,
    Linger,
    Read,
    StartTls,
    Work,
    Write,
)
from reply_metadata.policy.referral import Endpoint
from reply_metadata.server_session import ServerSession
from reply_metadata.transitions import State
from reply_metadata.values import Reply

_Value = TypeVar("_Value")
Answer: TypeAlias = _Value | Awaitable[_Value] | Blocking[_Value]
"""What a handler gives: the value itself, or something to wait for."""

_ENDED: Final = frozenset({State.CLOSED, State.BROKEN})
_IN_TRANSACTION: Final = frozenset(
    {State.HAS_SENDER, State.HAS_RECIPIENTS, State.CONTENT, State.CHUNKS, State.RESULTS}
)


class Handler(Protocol):
    """What decides for one connection; a method may be `async`, for an asyncio server only."""

    def sender(self, mail: MailFrom) -> Answer[Reply]:
        """The reply to MAIL."""
        ...

    def recipient(self, mail: MailFrom, recipient: RcptTo) -> Answer[Reply]:
        """The reply to RCPT."""
        ...

    def content(
        self, mail: MailFrom, recipients: Sequence[RcptTo], content: bytes
    ) -> Answer[Sequence[Reply]]:
        """The replies to the content: LMTP one for each accepted recipient, SMTP one."""
        ...

    def forget(self) -> Answer[None]:
        """The transaction is over, however it ended; also called when none was open."""
        ...


class Peers(NamedTuple):
    """The two ends of a connection."""

    client: Endpoint
    server: Endpoint


HandlerFactory = Callable[[ServerSession, Peers], Handler]
"""Makes the handler of a new connection."""

Verifier = Callable[[PlainCredentials], Answer[bool]]
"""Says whether credentials are right; an OSError means that it cannot say now."""


@dataclass(frozen=True, slots=True)
class Service:
    """What all connections of a server share.

    See `reception.Reception` and `ServiceLimits`.
    """

    make_handler: HandlerFactory
    verify: Verifier | None
    record: Record
    max_commands: int
    retry_after_s: int
    clock: Callable[[], float]


class ServerDialogue:
    """One connection.

    Args:
        service: what the server is.
        session: the session of the connection.
        peers: its ends.
        too_many: serve no transaction, but say 421 with RETRY-AFTER as soon as that can be read.
    """

    def __init__(
        self, service: Service, session: ServerSession, peers: Peers, *, too_many: bool = False
    ) -> None:
        self._service = service
        self._session = session
        self._too_many = too_many
        self._handler = service.make_handler(session, peers)
        self._commands = 0
        self._quits = False

    @property
    def in_transaction(self) -> bool:
        """Whether a client that is sent away now loses what it has begun."""
        return self._session.state in _IN_TRANSACTION

    def run(self) -> Dialogue[None]:
        """Greet, and answer until the end.

        Raises:
            OSError: the connection is gone.
            Exception: what the handler raised; the client was told 421.
        """
        try:
            yield from self._answer_all()
            if not self._quits:
                yield Linger()
        except Exception as error:
            if not isinstance(error, OSError):
                yield from self._give_up()
            yield from self._forget()
            raise
        yield from self._forget()

    def _answer_all(self) -> Dialogue[None]:
        session = self._session
        yield from self._send(session.greeting())
        while True:
            event = session.next_event()
            if event is NEED_DATA:
                if session.state in _ENDED:
                    return
                yield from self._receive()
            elif isinstance(event, ConnectionEnded):
                self._quits = True  # nobody reads any more
                return
            elif isinstance(event, Refused):
                yield from self._send(event.answer)
            elif isinstance(event, Content):
                yield from self._answer_content(event)
            else:
                yield from self._answer(event)

    def _receive(self) -> Dialogue[None]:
        """Give the session what arrives, or the time when nothing does by its deadline."""
        session, service = self._session, self._service
        session.time_passed(service.clock())
        arrived = yield Read(session.next_deadline, not self.in_transaction)
        if arrived is Interruption.STOP:
            yield from self._say_closing("4.3.2", "Service is shutting down")
        elif arrived is Interruption.TIMEOUT:
            session.time_passed(service.clock())
        else:
            octets = cast("bytes", arrived)  # Rule 2 of `steps`
            if not (session.tls and session.settings.offer_auth) or session.user_name is not None:
                service.record(Side.CLIENT, octets)
            session.receive_octets(octets)

    def _answer(self, command: Command) -> Dialogue[None]:
        self._commands += 1
        if self._commands > self._service.max_commands:
            yield from self._say_closing("4.7.0", "Too many commands")
            return
        if self._too_many and isinstance(command, MailFrom):
            yield from self._say_closing("4.3.2", "Too many connections")
            return
        handler = self._handler
        match command:
            case MailFrom():
                reply = yield from self._answered(handler.sender(command))
            case RcptTo():
                mail = self._session.mail
                assert mail is not None  # the session refuses RCPT before MAIL
                reply = yield from self._answered(handler.recipient(mail, command))
            case (
                Authenticate(credentials=PlainCredentials() as credentials)
                | AuthResponse(credentials=PlainCredentials() as credentials)
            ):
                reply = yield from self._judged(credentials)
            case _:
                reply = self._session.usual_answer(command)
        yield from self._send(CommandAnswer(command, reply))
        if self._session.state is State.STARTING_TLS:
            yield StartTls(self._write_deadline())
            self._session.time_passed(self._service.clock())
            self._session.tls_started()
        if isinstance(command, Hello | Reset | StartTlsCommand):
            yield from self._forget()
        self._quits = isinstance(command, Quit)

    def _judged(self, credentials: PlainCredentials) -> Dialogue[Reply]:
        """The reply to AUTH (RFC 4954, Section 6)."""
        assert self._service.verify is not None  # AUTH is refused otherwise
        try:
            right = yield from self._answered(self._service.verify(credentials))
        except OSError:
            return build_reply(454, "4.7.0", "Cannot check the credentials now")
        if right:
            return build_reply(235, "2.7.0", "Authentication succeeded")
        return build_reply(535, "5.7.8", "Authentication credentials invalid")

    def _answer_content(self, content: Content) -> Dialogue[None]:
        session = self._session
        mail, recipients = session.mail, session.accepted
        assert mail is not None  # the session refuses DATA before MAIL
        self._commands = 0
        replies = yield from self._answered(self._handler.content(mail, recipients, content.octets))
        for recipient, reply in zip(session.results_owed, replies, strict=True):
            yield from self._send(Result(recipient, reply))
        yield from self._forget()

    def _answered(self, answer: Answer[_Value], *, may_stop: bool = True) -> Dialogue[_Value]:
        """The value of an answer, waited for if need be."""
        if isinstance(answer, Awaitable | Blocking):
            work = cast("Awaitable[object] | Blocking[object]", answer)
            return cast("_Value", (yield Work(work, may_stop)))
        return answer

    def _forget(self) -> Dialogue[None]:
        yield from self._answered(self._handler.forget(), may_stop=False)

    def _send(self, event: ServerReply) -> Dialogue[None]:
        self._session.time_passed(self._service.clock())
        octets = self._session.send(event)
        self._service.record(Side.SERVER, octets)
        yield Write(octets, self._write_deadline())

    def _write_deadline(self) -> float:
        return self._service.clock() + self._session.settings.timeouts.command_s

    def _say_closing(self, enhanced_code: str, text: str) -> Dialogue[None]:
        """RFC 5321, Section 3.8; Draft: #key-retry-after."""
        session = self._session
        when = RetryAfter(self._service.retry_after_s)
        text = f"{session.settings.host_name} {text}"
        notice = build_reply(421, enhanced_code, text, (when,), negotiated=session.negotiated)
        yield from self._send(ClosingNotice(notice))

    def _give_up(self) -> Dialogue[None]:
        """Tell the client that the service fails; it comes back later."""
        text = f"{self._session.settings.host_name} Local error"
        if self._session.state not in _ENDED:
            with contextlib.suppress(OSError):
                yield from self._send(ClosingNotice(build_reply(421, "4.3.0", text)))
