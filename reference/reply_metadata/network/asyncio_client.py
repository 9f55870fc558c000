"""A client connection on asyncio: carries out the steps of a `ClientDialogue`.

The calls are those of `blocking_client.BlockingClientConnection`, with `await`.

Rule: what arrives is taken in at once, up to a bound, so that a server is never kept from reading
because we do not (RFC 2920, Section 3.1).
"""

from __future__ import annotations

import asyncio
from collections.abc import Iterable, Sequence
from types import TracebackType
from typing import Final, Self, TypeVar

from reply_metadata.client_session import ClientSession
from reply_metadata.commands import Command
from reply_metadata.credentials import PlainCredentials
from reply_metadata.limits import DEFAULT_LIMITS, Limits
from reply_metadata.network.client_dialogue import ClientDialogue
from reply_metadata.network.client_dialogue import PeerUnavailable as PeerUnavailable
from reply_metadata.network.client_tls import ClientTls
from reply_metadata.network.recording import Record, unrecorded
from reply_metadata.network.steps import (
    Close,
    Dialogue,
    Interruption,
    Poll,
    Read,
    StartTls,
    Step,
    Write,
)
from reply_metadata.policy.referral import Endpoint, TlsLevel
from reply_metadata.timeouts import DEFAULT_CLIENT_TIMEOUTS, ClientTimeouts
from reply_metadata.transitions import Protocol
from reply_metadata.values import Reply

_Value = TypeVar("_Value")

MAX_WAITING_OCTETS: Final = 65_536
"""What may have arrived and not been taken before no more is read."""


class ClientConnection(asyncio.Protocol):
    """One connection to a server; `open` makes it and greets.

    Args:
        dialogue: what is done on it.
    """

    def __init__(self, dialogue: ClientDialogue) -> None:
        self.endpoint: Final = dialogue.endpoint
        self.session: Final = dialogue.session
        self._dialogue = dialogue
        self._transport: asyncio.Transport | None = None
        self._waiting = bytearray()
        self._end_arrived = False
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
        loop = asyncio.get_running_loop()
        connection = cls(ClientDialogue(endpoint, session, record, loop.time))
        try:
            async with asyncio.timeout(timeouts.connect_s):
                await loop.create_connection(
                    lambda: connection, f"{endpoint.address}", endpoint.port
                )
        except OSError as error:  # TimeoutError is one
            raise PeerUnavailable.not_connected(endpoint, error) from error
        try:
            await connection._carry_out(connection._dialogue.open(client_name, tls))
        except BaseException:
            await connection._close()
            raise
        return connection

    @property
    def tls(self) -> TlsLevel:
        """How the connection is protected."""
        return self._dialogue.tls

    async def ask(self, command: Command) -> Reply:
        """See `ClientDialogue.ask`."""
        return await self._carry_out(self._dialogue.ask(command))

    async def ask_all(self, commands: Iterable[Command]) -> tuple[Reply, ...]:
        """See `ClientDialogue.ask_all`."""
        return await self._carry_out(self._dialogue.ask_all(commands))

    async def authenticate(self, credentials: PlainCredentials) -> Reply:
        """See `ClientDialogue.authenticate`."""
        return await self._carry_out(self._dialogue.authenticate(credentials))

    async def send_content(self, content: bytes) -> tuple[Reply | None, ...]:
        """See `ClientDialogue.send_content`."""
        return await self._carry_out(self._dialogue.send_content(content))

    async def send_chunks(self, chunks: Sequence[bytes]) -> tuple[Reply | None, ...]:
        """See `ClientDialogue.send_chunks`."""
        return await self._carry_out(self._dialogue.send_chunks(chunks))

    async def close(self) -> None:
        """Say QUIT if that is possible, and close the connection."""
        await self._carry_out(self._dialogue.close())

    async def __aenter__(self) -> Self:
        return self

    async def __aexit__(
        self,
        _kind: type[BaseException] | None,
        _error: BaseException | None,
        _trace: TracebackType | None,
    ) -> None:
        await self.close()

    # asyncio.Protocol

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        """Keep the transport."""
        assert isinstance(transport, asyncio.Transport)  # create_connection makes one
        self._transport = transport
        self._writable.set()

    def data_received(self, data: bytes) -> None:
        """Keep octets until the dialogue reads."""
        self._waiting += data
        self._arrived.set()
        if len(self._waiting) > MAX_WAITING_OCTETS and self._transport is not None:
            self._transport.pause_reading()

    def eof_received(self) -> None:
        """The server sends nothing more."""
        self._end_arrived = True
        self._arrived.set()

    def connection_lost(self, _error: Exception | None) -> None:
        """Tell whoever waits."""
        self._end_arrived = True
        for event in (self._arrived, self._writable, self._lost):
            event.set()

    def pause_writing(self) -> None:
        """The server does not read as fast as we write."""
        self._writable.clear()

    def resume_writing(self) -> None:
        """It has read."""
        self._writable.set()

    # The steps

    async def _carry_out(self, dialogue: Dialogue[_Value]) -> _Value:
        try:
            step = next(dialogue)
            while True:
                try:
                    given = await self._do(step)
                except (OSError, asyncio.CancelledError) as error:
                    step = dialogue.throw(error)
                else:
                    step = dialogue.send(given)
        except StopIteration as end:
            value: _Value = end.value
            return value

    async def _do(self, step: Step) -> object:
        """Carry out one step."""
        assert self._transport is not None  # `open` has connected
        match step:
            case Read(deadline=deadline):
                return await self._read(deadline)
            case Poll():
                for _ in range(2):  # the loop looks at the socket, then gives us what it read
                    await asyncio.sleep(0)
                return self._taken() if self._arrived.is_set() else Interruption.TIMEOUT
            case Write(octets=octets, deadline=deadline):
                self._transport.write(octets)
                async with asyncio.timeout_at(deadline):
                    await self._writable.wait()
            case StartTls():
                await self._start_tls(step)
            case Close():
                await self._close()
            case _:
                raise AssertionError(step)
        return None

    async def _read(self, deadline: float | None) -> bytes | Interruption:
        try:
            async with asyncio.timeout_at(deadline):
                await self._arrived.wait()
        except TimeoutError:
            return Interruption.TIMEOUT
        return self._taken()

    def _taken(self) -> bytes:
        """What has arrived; b"" is the end."""
        octets = bytes(self._waiting)
        self._waiting.clear()
        if not self._end_arrived:
            self._arrived.clear()
            if self._transport is not None:
                self._transport.resume_reading()
        return octets

    async def _start_tls(self, step: StartTls) -> None:
        loop = asyncio.get_running_loop()
        assert self._transport is not None  # `open` has connected
        assert step.context is not None  # a client has its own
        assert step.deadline is not None
        transport = await loop.start_tls(
            self._transport,
            self,
            step.context,
            server_hostname=step.server_name,
            ssl_handshake_timeout=step.deadline - loop.time(),
        )
        if transport is None or self._waiting:  # closed, or octets in the clear before it
            raise ConnectionResetError
        self._transport = transport

    async def _close(self) -> None:
        if self._transport is not None:
            self._transport.abort()
            await self._lost.wait()
