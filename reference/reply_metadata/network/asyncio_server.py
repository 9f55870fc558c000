"""A server on asyncio: carries octets between sockets and a `ServerSession` each.

Rule 1: no rule of the protocol lives here; a `Handler` decides about senders, recipients and
content, the session about everything else.
Rule 2: one reply is one write, and a reply is written when it is made: pipelined commands get
their answers in order.
Rule 3: a refused connection is closed only after the client had a moment to read why.
"""

from __future__ import annotations

import asyncio
from collections.abc import Callable, Sequence
from types import TracebackType
from typing import Final, NamedTuple, Protocol, Self

from reply_metadata import transitions
from reply_metadata.codec import build_reply
from reply_metadata.commands import Command, Hello, MailFrom, RcptTo, Reset
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

READ_OCTETS: Final = 65_536
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


class MailServer:
    """Listens on one address and serves SMTP or LMTP there.

    Args:
        protocol: SMTP or LMTP.
        settings: of every session.
        make_handler: makes the handler of each connection.
        record: is told all octets of all connections.
    """

    def __init__(
        self,
        protocol: transitions.Protocol,
        settings: ServerSettings,
        make_handler: HandlerFactory,
        *,
        record: Record = unrecorded,
    ) -> None:
        self._protocol = protocol
        self._settings = settings
        self._make_handler = make_handler
        self._record = record
        self._server: asyncio.Server | None = None
        self._connections: set[asyncio.Task[None]] = set()

    async def start(self, host: str, port: int) -> Endpoint:
        """Listen; the endpoint that was bound, whose port matters when `port` is 0."""
        self._server = await asyncio.start_server(self._accept, host, port)
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

    async def _accept(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        task = asyncio.current_task()
        assert task is not None  # asyncio runs this as a task
        self._connections.add(task)
        session = ServerSession(self._protocol, self._settings)
        peers = Peers(
            endpoint(*writer.get_extra_info("peername")[:2]),
            endpoint(*writer.get_extra_info("sockname")[:2]),
        )
        handler = self._make_handler(session, peers)
        connection = _Connection(session, handler, reader, writer, self._record)
        try:
            await connection.serve()
        except (OSError, asyncio.CancelledError):
            pass  # the client is gone, or the server stops
        except Exception:
            await connection.give_up()
            raise
        finally:
            self._connections.discard(task)
            writer.close()
            await handler.forget()


class _Connection:
    """One connection while it is served."""

    def __init__(
        self,
        session: ServerSession,
        handler: Handler,
        reader: asyncio.StreamReader,
        writer: asyncio.StreamWriter,
        record: Record,
    ) -> None:
        self._session = session
        self._handler = handler
        self._reader = reader
        self._writer = writer
        self._record = record

    async def serve(self) -> None:
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

    async def give_up(self) -> None:
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
            case _:
                reply = self._session.usual_answer(command)
        await self._send(CommandAnswer(command, reply))
        if isinstance(command, Hello | Reset):
            await self._handler.forget()

    async def _answer_content(self, content: Content) -> None:
        session = self._session
        mail, recipients = session.mail, session.accepted
        assert mail is not None  # the session refuses DATA before MAIL
        replies = await self._handler.content(mail, recipients, content.octets)
        for recipient, reply in zip(session.results_owed, replies, strict=True):
            await self._send(Result(recipient, reply))
        await self._handler.forget()

    async def _receive(self) -> None:
        """Give the session what arrives, or the time when nothing does by its deadline."""
        self._session.time_passed(_now())
        try:
            async with asyncio.timeout_at(self._session.next_deadline):
                octets = await self._reader.read(READ_OCTETS)
        except TimeoutError:
            self._session.time_passed(_now())
            return
        if octets:
            self._record(Side.CLIENT, octets)
        self._session.receive_octets(octets)

    async def _send(self, event: ServerReply) -> None:
        self._session.time_passed(_now())
        octets = self._session.send(event)
        self._record(Side.SERVER, octets)
        self._writer.write(octets)
        async with asyncio.timeout(self._session.settings.timeouts.command_s):
            await self._writer.drain()

    async def _linger(self) -> None:
        """Let the client read the last reply: closing with octets unread would take it away."""
        if self._writer.can_write_eof():
            self._writer.write_eof()
        try:
            async with asyncio.timeout(LINGER_S):
                while await self._reader.read(READ_OCTETS):
                    pass
        except TimeoutError:
            pass  # it had its moment


def _now() -> float:
    return asyncio.get_running_loop().time()
