"""A flood over a real socket: a thread writes it until the connection breaks."""

from __future__ import annotations

import asyncio
import contextlib
import socket
from collections.abc import Iterator
from threading import Thread

from hostile_peers.floods import GREETING, KEYWORDS, LIMITS, OPENING, Flood
from hostile_peers.socket_peer import HOST
from reply_metadata.commands import MailFrom, Noop
from reply_metadata.network.asyncio_client import ClientConnection, PeerUnavailable
from reply_metadata.network.asyncio_server import MailServer
from reply_metadata.network.blocking_client import BlockingClientConnection
from reply_metadata.network.blocking_server import BlockingMailServer
from reply_metadata.paths import NULL_PATH
from reply_metadata.policy.referral import endpoint
from reply_metadata.server_rules import ServerSettings
from reply_metadata.timeouts import ClientTimeouts, ServerTimeouts
from reply_metadata.transitions import Protocol

SECONDS = 10.0


def pour(connection: socket.socket, flood: Flood, total: int, segment: bytes) -> int:
    """Write the flood; how many octets the other side let us write."""
    written = 0
    with contextlib.suppress(OSError):
        connection.settimeout(SECONDS)
        if flood.first:
            connection.sendall(flood.first)
        while written < total:
            connection.sendall(segment)
            written += len(segment)
    return written


@contextlib.contextmanager
def flooding_server(flood: Flood, total: int, segment: bytes) -> Iterator[tuple[int, list[int]]]:
    """A server for one connection: its port, and what it could write."""
    listener = socket.create_server((HOST, 0))
    written: list[int] = []

    def serve() -> None:
        connection, _ = listener.accept()
        with connection:
            if flood.stage != "greeting":
                connection.sendall(GREETING)
                connection.recv(1000)
            if flood.stage == "reply":
                connection.sendall(KEYWORDS)
                connection.recv(1000)
            written.append(pour(connection, flood, total, segment))

    thread = Thread(target=serve, daemon=True)
    thread.start()
    yield listener.getsockname()[1], written
    thread.join(2 * SECONDS)
    listener.close()


def flood_client(kind: str, flood: Flood, total: int, segment: bytes) -> tuple[str, int]:
    """The reason its caller is told, and what the peer could write."""
    with flooding_server(flood, total, segment) as (port, written):
        timeouts = ClientTimeouts(SECONDS, SECONDS, SECONDS, SECONDS, SECONDS)
        opening = (endpoint(HOST, port), Protocol.SMTP, "client.example.org")
        options = {"timeouts": timeouts, "limits": LIMITS}
        try:
            if kind == "asyncio":
                asyncio.run(_ask_asyncio(opening, options))
            else:
                with BlockingClientConnection.open(*opening, **options) as client:
                    client.ask(MailFrom(NULL_PATH))
                    client.ask(Noop())
            reason = ""
        except PeerUnavailable as error:
            reason = error.reason
    return reason, written[0]


async def _ask_asyncio(opening: tuple, options: dict) -> None:
    async with await ClientConnection.open(*opening, **options) as client:
        await client.ask(MailFrom(NULL_PATH))
        await client.ask(Noop())


def flood_server(kind: str, handler, flood: Flood, total: int, segment: bytes) -> tuple[bytes, int]:
    """The last octets the server wrote, and what the peer could write."""
    settings = ServerSettings(
        "mx.example.org", limits=LIMITS, timeouts=ServerTimeouts(SECONDS, SECONDS)
    )
    if kind == "blocking":
        with BlockingMailServer(Protocol.SMTP, settings, handler) as server:
            return _pour_into(server.start(HOST, 0).port, flood, total, segment)

    async def serve() -> tuple[bytes, int]:
        async with MailServer(Protocol.SMTP, settings, handler) as server:
            port = (await server.start(HOST, 0)).port
            return await asyncio.to_thread(_pour_into, port, flood, total, segment)

    return asyncio.run(serve())


def _pour_into(port: int, flood: Flood, total: int, segment: bytes) -> tuple[bytes, int]:
    before = {"transaction": OPENING, "content": OPENING + b"DATA\r\n"}.get(
        flood.stage, OPENING[:25]
    )
    said = [b""]
    with socket.create_connection((HOST, port), SECONDS) as connection:

        def read() -> None:
            with contextlib.suppress(OSError):
                while octets := connection.recv(65_536):
                    said[0] = (said[0] + octets)[-200:]

        reader = Thread(target=read, daemon=True)
        connection.sendall(before)
        reader.start()
        written = pour(connection, flood, total, segment)
        with contextlib.suppress(OSError):
            connection.shutdown(socket.SHUT_WR)
        reader.join(SECONDS)
    return said[0], written
