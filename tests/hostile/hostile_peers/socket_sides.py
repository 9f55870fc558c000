"""The clients and servers under test that use sockets: asyncio and blocking."""

from __future__ import annotations

import asyncio
import re
from collections.abc import Sequence
from typing import Any

from hostile_peers.client_play import play_told, run_now
from hostile_peers.outcome import ClientOutcome, Gone, ServerOutcome, gone_by
from hostile_peers.server_play import Decisions
from hostile_peers.socket_peer import (
    HOST,
    NAME,
    ListeningPeer,
    client_context,
    server_context,
    talk_to,
)
from hostile_peers.transcript import Transcript
from reply_metadata.commands import Command
from reply_metadata.credentials import PlainCredentials
from reply_metadata.errors import RemoteProtocolError
from reply_metadata.network.asyncio_client import ClientConnection, PeerUnavailable
from reply_metadata.network.asyncio_server import MailServer
from reply_metadata.network.blocking_client import BlockingClientConnection
from reply_metadata.network.blocking_server import BlockingMailServer
from reply_metadata.network.client_tls import ClientTls
from reply_metadata.network.server_dialogue import Verifier
from reply_metadata.policy.referral import endpoint

_TLS_ALERT = re.compile(rb"\x15\x03.\x00\x02..\Z", re.DOTALL)
"""What a TLS library says to what is no TLS; it is no reply."""
_ENDS = {
    "protocol error": "protocol-error",
    "no TLS": "protocol-error",
    "no reply in time": "timed-out",
    "the connection ended": "ended",
    "the server closes the connection": "closing",
    "the server refused": "refused-to-serve",
    "the server does not start TLS": "tls-refused",
}


def _gone(error: PeerUnavailable) -> Gone:
    end = next(end for start, end in _ENDS.items() if error.reason.startswith(start))
    fault, _ = gone_by(error.__cause__ or error)
    broken = error.reason.startswith("protocol error")
    assert broken == isinstance(error.__cause__, RemoteProtocolError)
    return Gone(end, fault, str(error))


class _SocketClient:
    """What an asyncio and a blocking client have in common: the calls."""

    def __init__(self, transcript: Transcript, port: int) -> None:
        self._transcript = transcript
        self._port = port
        self._connection: Any = None

    def _opening(self, kind: Any) -> Any:
        tls = self._transcript.tls
        return kind.open(
            endpoint(HOST, self._port),
            self._transcript.protocol,
            "client.example.org",
            timeouts=self._transcript.client_timeouts(),
            limits=self._transcript.limits(),
            tls=None if tls == "no" else ClientTls(client_context(), NAME, tls == "must"),
        )

    async def _call(self, name: str, *arguments: object) -> Any:
        raise NotImplementedError

    async def ask(self, commands: Sequence[Command]) -> Sequence:
        return await self._call("ask_all", commands)

    async def content(self, octets: bytes) -> Sequence:
        return await self._call("send_content", octets)

    async def chunks(self, chunks: Sequence[bytes]) -> Sequence:
        return await self._call("send_chunks", chunks)

    async def auth(self, user: str, password: str) -> Sequence:
        return [await self._call("authenticate", PlainCredentials(user, password))]

    async def close(self) -> None:
        if self._connection is not None:
            await self._call("close")


class AsyncioClient(_SocketClient):
    """`asyncio_client.ClientConnection`."""

    async def open(self) -> None:
        try:
            self._connection = await self._opening(ClientConnection)
        except PeerUnavailable as error:
            raise _gone(error) from error

    async def _call(self, name: str, *arguments: object) -> Any:
        try:
            return await getattr(self._connection, name)(*arguments)
        except PeerUnavailable as error:
            raise _gone(error) from error


class BlockingClient(_SocketClient):
    """`blocking_client.BlockingClientConnection`."""

    async def open(self) -> None:
        try:
            self._connection = self._opening(BlockingClientConnection)
        except PeerUnavailable as error:
            raise _gone(error) from error

    async def _call(self, name: str, *arguments: object) -> Any:
        try:
            return getattr(self._connection, name)(*arguments)
        except PeerUnavailable as error:
            raise _gone(error) from error


def play_client(kind: type[_SocketClient], transcript: Transcript) -> ClientOutcome:
    """Play a transcript against a client over a socket."""
    outcome = ClientOutcome(whole_actions=True)
    with ListeningPeer(transcript) as listening:
        work = play_told(kind(transcript, listening.port), transcript, outcome)
        if kind is AsyncioClient:
            asyncio.run(work)
        else:
            run_now(work)
    assert listening.peer is not None
    outcome.written = listening.peer.read
    outcome.closed = listening.peer.closed
    return outcome


class _Handler:
    """Hands everything to the decisions."""

    def __init__(self, decisions: Decisions) -> None:
        self._decisions = decisions

    def sender(self, mail):
        return self._decisions.sender(mail)

    def recipient(self, _mail, recipient):
        return self._decisions.recipient(recipient)

    def content(self, _mail, recipients, content):
        return self._decisions.content(recipients, content)

    def forget(self):
        return None


def _server(kind: Any, transcript: Transcript, decisions: Decisions) -> Any:
    offers = transcript.json.get("offers", [])
    verify: Verifier | None = decisions.credentials if "AUTH" in offers else None
    return kind(
        transcript.protocol,
        transcript.server_settings(),
        lambda _session, _peers: _Handler(decisions),
        tls=server_context() if "STARTTLS" in offers else None,
        verify=verify,
    )


def _outcome(transcript: Transcript, decisions: Decisions, peer) -> ServerOutcome:
    outcome = ServerOutcome(_TLS_ALERT.sub(b"", peer.read), delivered=decisions.delivered)
    if b"\r\n221 " in peer.read:
        outcome.end = "quit"
    elif transcript.expected["end"] == "client":
        outcome.end = "closed" if peer.closed_first or peer.reset else "client"
    else:
        outcome.end = "closed" if peer.closed else "open"
    return outcome


def play_asyncio_server(transcript: Transcript) -> ServerOutcome:
    """Play a transcript against `asyncio_server.MailServer`."""
    decisions = Decisions(transcript)

    async def serve():
        async with _server(MailServer, transcript, decisions) as server:
            port = (await server.start(HOST, 0)).port
            return await asyncio.to_thread(talk_to, transcript, port)

    return _outcome(transcript, decisions, asyncio.run(serve()))


def play_blocking_server(transcript: Transcript) -> ServerOutcome:
    """Play a transcript against `blocking_server.BlockingMailServer`."""
    decisions = Decisions(transcript)
    with _server(BlockingMailServer, transcript, decisions) as server:
        peer = talk_to(transcript, server.start(HOST, 0).port)
    return _outcome(transcript, decisions, peer)
