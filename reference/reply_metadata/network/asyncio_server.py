"""A server on asyncio: listens, and has an `asyncio_connection` carry out each `ServerDialogue`.

Rule: no rule of the protocol lives here, nor what happens on a connection: see `server_dialogue`.
"""

from __future__ import annotations

import asyncio
import ssl
from types import TracebackType
from typing import Self

from reply_metadata.network.asyncio_connection import Connection
from reply_metadata.network.reception import (
    DEFAULT_SERVICE_LIMITS,
    Reception,
    ServiceLimits,
    Visit,
)
from reply_metadata.network.recording import Record, unrecorded
from reply_metadata.network.server_dialogue import HandlerFactory, Peers, Verifier
from reply_metadata.policy.referral import Endpoint, endpoint
from reply_metadata.server_rules import ServerSettings
from reply_metadata.transitions import Protocol


class MailServer:
    """Listens on one address and serves SMTP or LMTP there; see `Reception` for the arguments.

    Args:
        protocol: SMTP or LMTP.
        settings: of every session.
        make_handler: makes the handler of each connection.
        tls: offers STARTTLS with this context (RFC 3207).
        verify: offers AUTH PLAIN inside TLS, and is asked.
        record: is told all octets.
        limits: how many connections and commands there may be.
    """

    def __init__(
        self,
        protocol: Protocol,
        settings: ServerSettings,
        make_handler: HandlerFactory,
        *,
        tls: ssl.SSLContext | None = None,
        verify: Verifier | None = None,
        record: Record = unrecorded,
        limits: ServiceLimits = DEFAULT_SERVICE_LIMITS,
    ) -> None:
        self._reception = Reception(
            protocol,
            settings,
            make_handler,
            offer_tls=tls is not None,
            verify=verify,
            record=record,
            limits=limits,
        )
        self._tls = tls
        self._server: asyncio.Server | None = None
        self._connections: set[Connection] = set()
        self._stops = False
        self._all_gone = asyncio.Event()

    async def start(self, host: str, port: int) -> Endpoint:
        """Listen; the endpoint that was bound, whose port matters when `port` is 0."""
        loop = asyncio.get_running_loop()
        self._server = await loop.create_server(self._accept, host, port)
        address, bound = self._server.sockets[0].getsockname()[:2]
        return endpoint(address, bound)

    async def stop(self, grace_s: float = 0) -> None:
        """Stop listening, send the clients away, and wait until they are gone.

        Args:
            grace_s: how long a client may take to end the transaction it is in.
        """
        if self._server is None:
            return
        self._stops = True
        self._server.close()
        grace_ends = asyncio.get_running_loop().time() + grace_s
        for connection in tuple(self._connections):
            connection.stop(grace_ends)
        if self._connections:
            self._all_gone.clear()
            await self._all_gone.wait()
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

    def _accept(self) -> Connection:
        return Connection(self._enter, self._leave, self._tls)

    def _enter(self, connection: Connection, peers: Peers) -> Visit | None:
        """What a connection is to do; None: it was accepted while the server stops."""
        if self._stops:
            return None
        visit = self._reception.receive(peers)
        self._connections.add(connection)
        return visit

    def _leave(self, connection: Connection) -> None:
        """A connection is over."""
        self._connections.discard(connection)
        if not self._connections:
            self._all_gone.set()
