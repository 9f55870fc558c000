"""A client connection on asyncio: carries octets between a socket and a `ClientSession`.

Rule 1: no rule of the protocol lives here, only waiting, writing and closing.
Rule 2: every way a server can fail to answer is one error, `PeerUnavailable`; the connection is
closed by then.
"""

from __future__ import annotations

import asyncio
import contextlib
from collections.abc import Iterable, Sequence
from types import TracebackType
from typing import Final, Self

from reply_metadata.client_session import ClientSession
from reply_metadata.commands import (
    Authenticate,
    AuthResponse,
    Chunk,
    Command,
    Hello,
    HelloVerb,
    Quit,
    StartTls,
)
from reply_metadata.credentials import PlainCredentials
from reply_metadata.errors import RemoteProtocolError, ReplyMetadataError
from reply_metadata.events import (
    NEED_DATA,
    ClientEvent,
    ClosingNotice,
    CommandAnswer,
    ConnectionEnded,
    Content,
    Greeting,
    Result,
    TimedOut,
)
from reply_metadata.limits import DEFAULT_LIMITS, Limits
from reply_metadata.network.client_tls import ClientTls
from reply_metadata.network.recording import Record, Side, unrecorded
from reply_metadata.policy.referral import Endpoint, TlsLevel
from reply_metadata.timeouts import DEFAULT_CLIENT_TIMEOUTS, ClientTimeouts
from reply_metadata.transitions import (
    DIALECTS,
    Answer,
    Protocol,
    ResultCount,
    State,
    Step,
    answer_class,
    state_if_it_succeeds,
)
from reply_metadata.values import Reply

READ_OCTETS: Final = 65_536
_HIDDEN: Final = b"(credentials)\r\n"
_ENDED: Final = frozenset({State.CLOSED, State.BROKEN})


class PeerUnavailable(ReplyMetadataError):
    """The server cannot be reached, refused to serve, went away or broke the protocol.

    Args:
        endpoint: the server.
        reason: what happened, in words.
        reply: the reply it refused with, if it sent one.
    """

    def __init__(self, endpoint: Endpoint, reason: str, reply: Reply | None = None) -> None:
        self.endpoint = endpoint
        self.reason = reason
        self.reply = reply
        super().__init__(f"{endpoint}: {reason}")


class ClientConnection(asyncio.Protocol):
    """One connection to a server; `open` makes it and greets.

    Octets go to the session the moment they arrive, so that a reply nobody asked for is seen before
    the next command is sent, not taken for its answer.

    Args:
        endpoint: the server.
        session: its session.
        record: is told all octets.
    """

    def __init__(
        self, endpoint: Endpoint, session: ClientSession, record: Record = unrecorded
    ) -> None:
        self.endpoint: Final = endpoint
        self.session: Final = session
        self.tls = TlsLevel.NONE
        """How the connection is protected."""
        self._record = record
        self._transport: asyncio.Transport | None = None
        self._arrived = asyncio.Event()
        self._writable = asyncio.Event()
        self._lost = asyncio.Event()

    @classmethod
    async def open(
        cls,
        endpoint: Endpoint,
        protocol: Protocol,
        client_name: str,
        *,
        timeouts: ClientTimeouts = DEFAULT_CLIENT_TIMEOUTS,
        limits: Limits = DEFAULT_LIMITS,
        tls: ClientTls | None = None,
        record: Record = unrecorded,
    ) -> Self:
        """Connect, wait for the greeting, and say EHLO (then HELO, if need be) or LHLO.

        With `tls`, start TLS and say it again.

        Raises:
            PeerUnavailable: the server is not there, or does not want to serve or to start TLS.
        """
        required = tls is not None and tls.required
        session = ClientSession(protocol, timeouts=timeouts, limits=limits, require_tls=required)
        connection = cls(endpoint, session, record)
        loop = asyncio.get_running_loop()
        try:
            async with asyncio.timeout(timeouts.connect_s):
                await loop.create_connection(
                    lambda: connection, f"{endpoint.address}", endpoint.port
                )
        except OSError as error:  # TimeoutError is one
            reason = f"no connection: {str(error) or 'timed out'}"
            raise PeerUnavailable(endpoint, reason) from error
        try:
            await connection._greet(client_name)
            if tls is not None:
                await connection._secure(tls, client_name)
        except BaseException:
            await connection._close_socket()
            raise
        return connection

    # asyncio.Protocol

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        """Keep the transport; the time for the greeting begins."""
        self.session.time_passed(_now())
        assert isinstance(transport, asyncio.Transport)  # create_connection makes one
        self._transport = transport
        self._writable.set()

    def data_received(self, data: bytes) -> None:
        """Give octets to the session."""
        self._record(Side.SERVER, data)
        self.session.time_passed(_now())
        self.session.receive_octets(data)
        self._arrived.set()

    def connection_lost(self, _error: Exception | None) -> None:
        """Tell the session and whoever waits."""
        self.session.receive_octets(b"")
        for event in (self._arrived, self._writable, self._lost):
            event.set()

    def pause_writing(self) -> None:
        """The server does not read as fast as we write."""
        self._writable.clear()

    def resume_writing(self) -> None:
        """It has read."""
        self._writable.set()

    async def _greet(self, client_name: str) -> None:
        greeting = await self._event()
        if not isinstance(greeting, Greeting) or self.session.state is not State.GREETED:
            reply = greeting.reply if isinstance(greeting, Greeting) else None
            await self.close()
            raise PeerUnavailable(self.endpoint, "the server refused the connection", reply)
        await self._say_hello(client_name)

    async def _say_hello(self, client_name: str) -> None:
        reply = None
        for verb in DIALECTS[self.session.protocol].hello_verbs:
            reply = await self.ask(Hello(HelloVerb(verb), client_name))
            if answer_class(reply.code) is Answer.SUCCESS:
                return
        await self.close()
        raise PeerUnavailable(self.endpoint, "the server refused the greeting", reply)

    async def _secure(self, tls: ClientTls, client_name: str) -> None:
        reply = None
        if "STARTTLS" in self.session.extensions:
            reply = await self.ask(StartTls())
            if answer_class(reply.code) is Answer.SUCCESS:
                await self._start_tls(tls)
            if self.session.tls or not tls.required:
                await self._say_hello(client_name)  # what the server listed was dropped
        if tls.required and not self.session.tls:
            await self.close()
            raise PeerUnavailable(self.endpoint, "the server does not start TLS", reply)

    async def _start_tls(self, tls: ClientTls) -> None:
        await self._refuse_if_ended()  # octets came in the clear behind the 220
        assert self._transport is not None  # `open` has connected
        try:
            transport = await asyncio.get_running_loop().start_tls(
                self._transport,
                self,
                tls.context,
                server_hostname=tls.server_name,
                ssl_handshake_timeout=self.session.timeouts.command_s,
            )
        except OSError as error:  # ssl.SSLError is one
            self.connection_lost(None)  # asyncio does not say it during a handshake
            raise PeerUnavailable(self.endpoint, f"no TLS: {error}") from error
        assert transport is not None  # only a transport that was closed gives none
        self._transport = transport
        await self._refuse_if_ended()
        self.session.tls_started()
        self.tls = tls.level

    async def ask(self, command: Command) -> Reply:
        """Send one command; its reply.

        Raises:
            PeerUnavailable: no reply came.
            LocalProtocolError: the command may not be sent now.
        """
        (reply,) = await self.ask_all((command,))
        return reply

    async def ask_all(self, commands: Iterable[Command]) -> tuple[Reply, ...]:
        """Send several commands at once (PIPELINING); their replies in order.

        Raises:
            PeerUnavailable: a reply is missing.
            LocalProtocolError: a command may not be sent now; those before it were not written.
        """
        await self._refuse_if_ended()
        octets, shown = [], b""
        for command in commands:
            octets.append(self.session.send(command))
            secret = isinstance(command, Authenticate | AuthResponse)
            shown += _HIDDEN if secret else octets[-1]
        await self._write(b"".join(octets), shown)
        replies = []
        for _ in octets:
            event = await self._event()
            assert isinstance(event, CommandAnswer)  # the session pairs by count
            replies.append(event.reply)
        return tuple(replies)

    async def authenticate(self, credentials: PlainCredentials) -> Reply:
        """Say AUTH PLAIN with an initial response; the final reply.

        Raises:
            PeerUnavailable: no reply came.
            LocalProtocolError: TLS is not on, or the server did not list AUTH PLAIN.
        """
        reply = await self.ask(Authenticate(credentials))
        if self.session.state is State.AUTHENTICATING:  # the server did not take it at once
            reply = await self.ask(AuthResponse(credentials))
        return reply

    async def send_content(self, content: bytes) -> tuple[Reply | None, ...]:
        """Send the content after a 354; the one reply (SMTP) or one a recipient (LMTP), in order.

        None stands for a reply that did not come: whether the server took the message for that
        recipient is not known.  Replies that came before count.

        Raises:
            PeerUnavailable: the connection ended before anything was sent.
            LocalProtocolError: no content may be sent now.
        """
        return await self._results(Content(content))

    async def send_chunks(self, chunks: Sequence[bytes]) -> tuple[Reply | None, ...]:
        """Send the content by BDAT, after RCPT; the replies as `send_content` gives them.

        When a chunk fails its reply stands for all of them, and the transaction is to be reset.

        Raises:
            PeerUnavailable: the connection ended before the last chunk was sent.
            LocalProtocolError: the server did not list CHUNKING, or it is not the time.
        """
        *others, last = chunks
        for octets in others:
            reply = await self.ask(Chunk(octets))
            if answer_class(reply.code) is not Answer.SUCCESS:
                one = DIALECTS[self.session.protocol].result_count is ResultCount.ONE
                return (reply,) * (1 if one else len(self.session.accepted))
        return await self._results(Chunk(last, last=True))

    async def _results(self, content: Content | Chunk) -> tuple[Reply | None, ...]:
        await self._refuse_if_ended()
        octets = self.session.send(content)
        replies: list[Reply | None] = [None] * len(self.session.unanswered)
        try:
            await self._write(octets, octets)
            for number in range(len(replies)):
                event = await self._event()
                assert isinstance(event, Result)  # the session pairs by count
                replies[number] = event.reply
        except PeerUnavailable:
            pass  # what is missing stays None
        return tuple(replies)

    async def close(self) -> None:
        """Say QUIT if that is possible, and close the connection."""
        may_quit = state_if_it_succeeds(self.session.protocol, self.session.state, Step.QUIT)
        try:
            if may_quit is not None and not self.session.unanswered:
                await self.ask(Quit())
        except PeerUnavailable:
            pass  # it is gone already
        finally:
            await self._close_socket()

    async def __aenter__(self) -> Self:
        return self

    async def __aexit__(
        self,
        _kind: type[BaseException] | None,
        _error: BaseException | None,
        _trace: TracebackType | None,
    ) -> None:
        await self.close()

    async def _refuse_if_ended(self) -> None:
        """Raise PeerUnavailable when the server closed, or broke the protocol, in the meantime."""
        self.session.time_passed(_now())
        if self.session.state in _ENDED:
            await self._event()

    async def _event(self) -> ClientEvent:
        """The next event that is a reply to something."""
        try:
            while (event := self.session.next_event()) is NEED_DATA:
                if self.session.state in _ENDED:
                    event = ConnectionEnded(clean=True)  # after a 421 nothing is waited for
                    break
                await self._wait()
        except RemoteProtocolError as error:
            await self._close_socket()
            raise PeerUnavailable(self.endpoint, f"protocol error: {error}") from error
        match event:
            case TimedOut(waiting_for=what):
                await self._close_socket()
                raise PeerUnavailable(self.endpoint, f"no reply in time to {what}")
            case ConnectionEnded():
                await self._close_socket()
                raise PeerUnavailable(self.endpoint, "the connection ended")
            case ClosingNotice(reply=reply):
                await self._close_socket()
                raise PeerUnavailable(self.endpoint, "the server closes the connection", reply)
            case _:
                return event

    async def _wait(self) -> None:
        """Wait for octets, until the session's deadline."""
        self._arrived.clear()
        try:
            async with asyncio.timeout_at(self.session.next_deadline):
                await self._arrived.wait()
        except TimeoutError:
            self.session.time_passed(_now())

    async def _write(self, octets: bytes, shown: bytes) -> None:
        """Write, and record what may be shown.

        A failure shows when the reply is read, which may be there in spite of it.
        """
        assert self._transport is not None  # `open` has connected
        self._record(Side.CLIENT, shown)
        self._transport.write(octets)
        with contextlib.suppress(TimeoutError):  # the session sees the same deadline
            async with asyncio.timeout_at(self.session.next_deadline):
                await self._writable.wait()

    async def _close_socket(self) -> None:
        if self._transport is not None:
            self._transport.abort()
            await self._lost.wait()


def _now() -> float:
    return asyncio.get_running_loop().time()
