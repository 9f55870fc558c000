"""A server on asyncio: carries octets between sockets and a `ServerSession` each.

Rule 1: no rule of the protocol lives here; a `Handler` decides about senders, recipients and
content, the session about everything else.
Rule 2: one reply is one write, and a reply is written when it is made: pipelined commands get
their answers in order.
Rule 3: a refused connection is closed only after the client had a moment to read why.
"""

from __future__ import annotations

import asyncio
import contextlib
import logging
import ssl
from collections.abc import Awaitable, Callable, Sequence
from dataclasses import replace
from types import TracebackType
from typing import Final, NamedTuple, Protocol, Self

from reply_metadata import transitions
from reply_metadata.codec import build_reply
from reply_metadata.commands import (
    Authenticate,
    AuthResponse,
    Command,
    Hello,
    MailFrom,
    RcptTo,
    Reset,
    StartTls,
)
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
from reply_metadata.network.recording import Record, Side, unrecorded
from reply_metadata.policy.referral import Endpoint, endpoint
from reply_metadata.server_rules import ServerSettings
from reply_metadata.server_session import ServerSession
from reply_metadata.transitions import State
from reply_metadata.values import Reply

_LOG: Final = logging.getLogger("reply_metadata.server")
LINGER_S: Final = 2.0
"""How long a client that broke the protocol has to read the reply to it."""
_ENDED: Final = frozenset({State.CLOSED, State.BROKEN})


class Handler(Protocol):
    """What decides for one connection."""

    async def sender(self, mail: MailFrom) -> Reply:
        """The reply to MAIL."""
        ...

    async def recipient(self, mail: MailFrom, recipient: RcptTo) -> Reply:
        """The reply to RCPT."""
        ...

    async def content(
        self, mail: MailFrom, recipients: Sequence[RcptTo], content: bytes
    ) -> Sequence[Reply]:
        """The replies to the content: LMTP one for each accepted recipient, SMTP one."""
        ...

    async def forget(self) -> None:
        """The transaction is over, however it ended; also called when none was open."""
        ...


class Peers(NamedTuple):
    """The two ends of a connection."""

    client: Endpoint
    server: Endpoint


HandlerFactory = Callable[[ServerSession, Peers], Handler]
"""Makes the handler of a new connection."""


Verifier = Callable[[PlainCredentials], Awaitable[bool]]
"""Says whether credentials are right; an OSError means that it cannot say now."""


class MailServer:
    """Listens on one address and serves SMTP or LMTP there.

    Args:
        protocol: SMTP or LMTP.
        settings: of every session.
        make_handler: makes the handler of each connection.
        tls: offers STARTTLS with this context (RFC 3207).
        verify: offers AUTH PLAIN inside TLS, and is asked.
        record: is told all octets of all connections, but not what a client sends that may still
            authenticate.
    """

    def __init__(
        self,
        protocol: transitions.Protocol,
        settings: ServerSettings,
        make_handler: HandlerFactory,
        *,
        tls: ssl.SSLContext | None = None,
        verify: Verifier | None = None,
        record: Record = unrecorded,
    ) -> None:
        self._protocol = protocol
        self._settings = settings
        self._make_handler = make_handler
        self._tls = tls
        self._verify = verify
        self._record = record
        self._server: asyncio.Server | None = None
        self._connections: set[asyncio.Task[None]] = set()

    async def start(self, host: str, port: int) -> Endpoint:
        """Listen; the endpoint that was bound, whose port matters when `port` is 0."""
        loop = asyncio.get_running_loop()
        self._server = await loop.create_server(self._accept, host, port)
        address, bound = self._server.sockets[0].getsockname()[:2]
        return endpoint(address, bound)

    async def stop(self) -> None:
        """Stop listening and end all connections."""
        if self._server is None:
            return
        self._server.close()
        for task in self._connections:
            task.cancel()
        await asyncio.gather(*self._connections, return_exceptions=True)
        await self._server.wait_closed()

    async def __aenter__(self) -> Self:
        return self

    async def __aexit__(
        self,
        _kind: type[BaseException] | None,
        _error: BaseException | None,
        _trace: TracebackType | None,
    ) -> None:
        await self.stop()

    def _accept(self) -> _Connection:
        settings = replace(
            self._settings,
            offer_starttls=self._tls is not None,
            offer_auth=self._verify is not None,
        )
        session = ServerSession(self._protocol, settings)
        return _Connection(
            session, self._make_handler, self._tls, self._verify, self._record, self._connections
        )


class _Connection(asyncio.Protocol):
    """One connection while it is served.

    It reads only while the session waits: what a client sends meanwhile stays with the system, so
    that memory is bounded and nothing in the clear is read between STARTTLS and the handshake.
    """

    def __init__(
        self,
        session: ServerSession,
        make_handler: HandlerFactory,
        tls: ssl.SSLContext | None,
        verify: Verifier | None,
        record: Record,
        connections: set[asyncio.Task[None]],
    ) -> None:
        self._session = session
        self._make_handler = make_handler
        self._tls = tls
        self._verify = verify
        self._record = record
        self._connections = connections
        self._transport: asyncio.Transport
        self._handler: Handler
        self._in_handshake = False
        self._arrived = asyncio.Event()
        self._writable = asyncio.Event()
        self._ended = asyncio.Event()
        self._lost = False

    # asyncio.Protocol

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        """Begin to serve."""
        assert isinstance(transport, asyncio.Transport)  # create_server makes one
        self._transport = transport
        transport.pause_reading()
        self._writable.set()
        task = asyncio.get_running_loop().create_task(self._serve())
        self._connections.add(task)
        task.add_done_callback(self._served)

    def data_received(self, data: bytes) -> None:
        """Give octets to the session, and read no more until it wants more."""
        if self._session.state in _ENDED:
            return  # the client is reading why
        if self._in_handshake:  # these came through TLS, before `_start_tls` goes on
            self._tls_started()
        else:
            self._transport.pause_reading()
        session = self._session
        if not (session.tls and session.settings.offer_auth) or session.user_name is not None:
            self._record(Side.CLIENT, data)
        self._session.receive_octets(data)
        self._arrived.set()

    def eof_received(self) -> bool:
        """The client sends nothing more; in the clear it may still read."""
        self._session.receive_octets(b"")
        self._arrived.set()
        self._ended.set()
        return not self._session.tls

    def connection_lost(self, _error: Exception | None) -> None:
        """Tell the session and whoever waits."""
        self._lost = True
        self._session.receive_octets(b"")
        for event in (self._arrived, self._writable, self._ended):
            event.set()

    def pause_writing(self) -> None:
        """The client does not read as fast as we write."""
        self._writable.clear()

    def resume_writing(self) -> None:
        """It has read."""
        self._writable.set()

    # The dialogue

    def _served(self, task: asyncio.Task[None]) -> None:
        self._connections.discard(task)
        if not task.cancelled() and (error := task.exception()) is not None:
            _LOG.error("a handler failed", exc_info=error)

    async def _serve(self) -> None:
        ends = [self._transport.get_extra_info(name) for name in ("peername", "sockname")]
        if None in ends:  # the client is gone already
            self._transport.close()
            return
        peers = Peers(*(endpoint(*end[:2]) for end in ends))
        self._handler = self._make_handler(self._session, peers)
        try:
            await self._answer_all()
        except (OSError, asyncio.CancelledError):
            pass  # the client is gone, TLS did not start, or the server stops
        except Exception:
            with contextlib.suppress(OSError):
                await self._give_up()
            raise
        finally:
            self._transport.close()
            await self._handler.forget()

    async def _answer_all(self) -> None:
        """Greet, and answer until the end."""
        session = self._session
        await self._send(session.greeting())
        while True:
            event = session.next_event()
            if event is NEED_DATA:
                if session.state in _ENDED:
                    break
                await self._receive()
            elif isinstance(event, ConnectionEnded):
                return
            elif isinstance(event, Refused):
                await self._send(event.answer)
            elif isinstance(event, Content):
                await self._answer_content(event)
            else:
                await self._answer(event)
        await self._linger()

    async def _give_up(self) -> None:
        """Tell the client that the service fails; it comes back later."""
        text = f"{self._session.settings.host_name} Local error"
        if self._session.state not in _ENDED:
            await self._send(ClosingNotice(build_reply(421, "4.3.0", text)))

    async def _answer(self, command: Command) -> None:
        match command:
            case MailFrom():
                reply = await self._handler.sender(command)
            case RcptTo():
                mail = self._session.mail
                assert mail is not None  # the session refuses RCPT before MAIL
                reply = await self._handler.recipient(mail, command)
            case (
                Authenticate(credentials=PlainCredentials() as credentials)
                | AuthResponse(credentials=PlainCredentials() as credentials)
            ):
                reply = await self._judged(credentials)
            case _:
                reply = self._session.usual_answer(command)
        await self._send(CommandAnswer(command, reply))
        if self._session.state is State.STARTING_TLS:
            await self._start_tls()
        if isinstance(command, Hello | Reset | StartTls):
            await self._handler.forget()

    async def _judged(self, credentials: PlainCredentials) -> Reply:
        """The reply to AUTH (RFC 4954, Section 6)."""
        assert self._verify is not None  # AUTH is refused otherwise
        try:
            right = await self._verify(credentials)
        except OSError:
            return build_reply(454, "4.7.0", "Cannot check the credentials now")
        if right:
            return build_reply(235, "2.7.0", "Authentication succeeded")
        return build_reply(535, "5.7.8", "Authentication credentials invalid")

    async def _answer_content(self, content: Content) -> None:
        session = self._session
        mail, recipients = session.mail, session.accepted
        assert mail is not None  # the session refuses DATA before MAIL
        replies = await self._handler.content(mail, recipients, content.octets)
        for recipient, reply in zip(session.results_owed, replies, strict=True):
            await self._send(Result(recipient, reply))
        await self._handler.forget()

    async def _start_tls(self) -> None:
        """Make the handshake; what comes in the clear from here on makes it fail."""
        assert self._tls is not None  # STARTTLS is refused otherwise
        self._in_handshake = True
        transport = await asyncio.get_running_loop().start_tls(
            self._transport,
            self,
            self._tls,
            server_side=True,
            ssl_handshake_timeout=self._session.settings.timeouts.command_s,
        )
        if transport is None:
            raise ConnectionResetError
        self._transport = transport
        if self._in_handshake:
            self._tls_started()

    def _tls_started(self) -> None:
        self._in_handshake = False
        self._session.tls_started()

    async def _receive(self) -> None:
        """Give the session what arrives, or the time when nothing does by its deadline."""
        self._session.time_passed(_now())
        self._arrived.clear()
        self._transport.resume_reading()
        try:
            async with asyncio.timeout_at(self._session.next_deadline):
                await self._arrived.wait()
        except TimeoutError:
            self._session.time_passed(_now())

    async def _send(self, event: ServerReply) -> None:
        self._session.time_passed(_now())
        octets = self._session.send(event)
        self._record(Side.SERVER, octets)
        self._transport.write(octets)
        async with asyncio.timeout(self._session.settings.timeouts.command_s):
            await self._writable.wait()
        if self._lost:
            raise ConnectionResetError

    async def _linger(self) -> None:
        """Let the client read the last reply: closing with octets unread would take it away."""
        if self._transport.can_write_eof():
            self._transport.write_eof()
        elif self._session.state is State.CLOSED:
            return  # TLS says by itself that nothing more comes
        self._transport.resume_reading()
        with contextlib.suppress(TimeoutError):  # it had its moment
            async with asyncio.timeout(LINGER_S):
                await self._ended.wait()


def _now() -> float:
    return asyncio.get_running_loop().time()
