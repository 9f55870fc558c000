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
import logging
from collections.abc import Awaitable, Callable, Generator, Sequence
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
from reply_metadata.network.event_log import log_event
from reply_metadata.network.recording import Record, Side
from reply_metadata.network.steps import (
    Blocking,
    Dialogue,
    Interruption,
    Linger,
    Pause,
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

_LOG: Final = logging.getLogger("reply_metadata.server")
_TURNS: Final = 50  # pipelined commands answered in one go: some 2 ms
_FOLLOWED: Final = frozenset({Hello, Reset, StartTlsCommand, Quit})  # see `_follow`
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
        self._client = peers.client
        self._too_many = too_many
        self._handler = service.make_handler(session, peers)
        self._record = service.record
        self._patience_s = session.settings.timeouts.command_s
        self._now = service.clock()
        self._commands = 0
        self._quits = False

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
        self._take_time()
        yield self._reply(session.greeting())
        clock = self._service.clock
        turns = 0
        while True:
            event = session.next_event()
            turns += 1
            if turns > _TURNS:
                yield Pause()
                self._take_time()
                turns = 0
            if event is NEED_DATA:
                state = session.state
                if state in _ENDED:
                    return
                # A client in a transaction would lose what it has begun.
                arrived = yield Read(session.next_deadline, state not in _IN_TRANSACTION)
                turns = 0
                self._now = now = clock()
                session.time_passed(now)
                if isinstance(arrived, bytes):
                    self._take(arrived)
                elif arrived is Interruption.STOP:
                    yield self._reply(self._closing("4.3.2", "Service is shutting down"))
            elif isinstance(event, Content):
                yield from self._answer_content(event)
            elif isinstance(event, Refused):
                log_event(_LOG, "refused", client=f"{self._client}", reason=event.reason)
                yield self._reply(event.answer)
            elif isinstance(event, ConnectionEnded):
                self._quits = True  # nobody reads any more
                return
            else:
                reply = self._closing_for(event)
                if reply is None:
                    answer = self._asked(event)
                    if not isinstance(answer, Reply):
                        if not isinstance(answer, Generator):
                            answer = self._waited(cast("Answer[Reply]", answer))
                        answer = yield from answer
                    reply = CommandAnswer(event, answer)
                yield self._reply(reply)
                if type(event) in _FOLLOWED:
                    yield from self._follow(event)

    def _take_time(self) -> None:
        self._now = self._service.clock()
        self._session.time_passed(self._now)

    def _take(self, arrived: bytes) -> None:
        """Give the session what arrived."""
        session = self._session
        if not (session.tls and session.settings.offer_auth) or session.user_name is not None:
            self._record(Side.CLIENT, arrived)
        session.receive_octets(arrived)

    def _closing_for(self, command: Command) -> ServerReply | None:
        """What to say to a client that is sent away."""
        self._commands += 1
        if self._commands > self._service.max_commands:
            return self._closing("4.7.0", "Too many commands")
        if self._too_many and isinstance(command, MailFrom):
            return self._closing("4.3.2", "Too many connections")
        return None

    def _asked(self, command: Command) -> Answer[Reply] | Dialogue[Reply]:
        """The reply, or what it takes to get it."""
        match command:
            case RcptTo():
                mail = self._session.mail
                assert mail is not None  # the session refuses RCPT before MAIL
                return self._handler.recipient(mail, command)
            case MailFrom():
                return self._handler.sender(command)
            case (
                Authenticate(credentials=PlainCredentials() as credentials)
                | AuthResponse(credentials=PlainCredentials() as credentials)
            ):
                return self._judged(credentials)
            case _:
                return self._session.usual_answer(command)

    def _follow(self, command: Command) -> Dialogue[None]:
        """What comes after the reply to a command that is not part of a transaction."""
        if self._session.state is State.STARTING_TLS:
            yield StartTls(self._now + self._patience_s)
            self._take_time()
            self._session.tls_started()
        self._quits = isinstance(command, Quit)
        if not self._quits:
            yield from self._forget()

    def _judged(self, credentials: PlainCredentials) -> Dialogue[Reply]:
        """The reply to AUTH (RFC 4954, Section 6)."""
        assert self._service.verify is not None  # AUTH is refused otherwise
        try:
            right = yield from self._waited(self._service.verify(credentials))
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
        replies = self._handler.content(mail, recipients, content.octets)
        if not isinstance(replies, list | tuple):
            replies = yield from self._waited(replies)
        for recipient, reply in zip(session.results_owed, replies, strict=True):
            yield self._reply(Result(recipient, reply))
        yield from self._forget()

    def _waited(self, answer: Answer[_Value], *, may_stop: bool = True) -> Dialogue[_Value]:
        """The value of an answer, waited for if need be."""
        if not isinstance(answer, Awaitable | Blocking):
            return answer
        work = cast("Awaitable[object] | Blocking[object]", answer)
        value = yield Work(work, may_stop)
        self._take_time()
        return cast("_Value", value)

    def _forget(self) -> Dialogue[None]:
        waits = self._handler.forget()
        if waits is not None:
            yield from self._waited(cast("Answer[None]", waits), may_stop=False)

    def _reply(self, event: ServerReply) -> Write:
        octets = self._session.send(event)
        self._record(Side.SERVER, octets)
        return Write(octets, self._now + self._patience_s)

    def _closing(self, enhanced_code: str, text: str) -> ClosingNotice:
        """RFC 5321, Section 3.8; Draft: #key-retry-after."""
        session = self._session
        when = RetryAfter(self._service.retry_after_s)
        text = f"{session.settings.host_name} {text}"
        return ClosingNotice(
            build_reply(421, enhanced_code, text, (when,), negotiated=session.negotiated)
        )

    def _give_up(self) -> Dialogue[None]:
        """Tell the client that the service fails; it comes back later."""
        text = f"{self._session.settings.host_name} Local error"
        if self._session.state not in _ENDED:
            with contextlib.suppress(OSError):
                yield self._reply(ClosingNotice(build_reply(421, "4.3.0", text)))
