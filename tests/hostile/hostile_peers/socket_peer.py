"""The hostile peer over a real socket: plays the steps of a transcript, and keeps what it read.

It knows nothing of the code under test, blocks, and gives up after a bounded time.
"""

from __future__ import annotations

import contextlib
import socket
import ssl
import time
from functools import lru_cache
from threading import Thread

import trustme

from hostile_peers.outcome import split_replies
from hostile_peers.transcript import Transcript, octets_of

HOST = "127.0.0.1"
NAME = "mx.example.org"
PATIENCE_S = 20.0
PAUSE_S = 0.002
"""Between segments: they may still arrive as one, and nothing may depend on it."""
MOMENT_S = 0.03
"""How long a server that closes too early has to show it."""


@lru_cache
def _authority() -> trustme.CA:
    return trustme.CA()


@lru_cache
def server_context() -> ssl.SSLContext:
    """A certificate for the server, whichever side is under test."""
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    _authority().issue_cert(NAME).configure_cert(context)
    return context


@lru_cache
def client_context() -> ssl.SSLContext:
    """Trusts that certificate."""
    context = ssl.create_default_context()
    _authority().configure_trust(context)
    return context


class SocketPeer:
    """One connection of a hostile peer.

    Args:
        transcript: what it does.
        connection: its socket.
    """

    def __init__(self, transcript: Transcript, connection: socket.socket) -> None:
        self._transcript = transcript
        self._socket = connection
        self._socket.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
        self._socket.settimeout(PATIENCE_S)
        self.read = b""
        """All octets of the side under test."""
        self._taken = 0  # how much of them an `await` step has used
        self._awaited = 0  # replies
        self.closed = False
        """Whether the side under test closed the connection."""
        self.reset = False
        self.closed_first = False
        """Whether it did before we said that we write no more."""

    def play(self) -> None:
        """Play all steps; stop early when the other side is gone."""
        for step in self._transcript.steps:
            try:
                if not self._play(step):
                    break
            except (ConnectionError, ssl.SSLError):
                self.closed = self.reset = True
                break

    def wait_for_end(self) -> None:
        """Read until the other side closes."""
        try:
            while self._receive():
                pass
        except TimeoutError:
            pass
        except OSError:
            self.closed = self.reset = True

    def say_no_more(self) -> None:
        """Close our direction; note whether the other side was first."""
        self._socket.settimeout(MOMENT_S)
        with contextlib.suppress(OSError):
            while self._receive():
                pass
            self.closed_first = True
        self._socket.settimeout(PATIENCE_S)
        with contextlib.suppress(OSError):
            self._socket.shutdown(socket.SHUT_WR)

    def close(self) -> None:
        """Close the connection."""
        self._socket.close()

    def _play(self, step: dict) -> bool:
        if "send" in step:
            for number, segment in enumerate(step["send"]):
                if number:
                    time.sleep(PAUSE_S)
                self._socket.sendall(octets_of(segment))
        elif "pass_s" in step:
            time.sleep(step["pass_s"] * self._transcript.scale)
        elif "end" in step:
            self.say_no_more()
        elif "start_tls" in step:
            self._handshake()
        else:
            return self._await(step)
        return True

    def _await(self, step: dict) -> bool:
        """Read until there is what the step waits for; false when the other side closed."""
        if "await_replies" in step:
            self._awaited += step["await_replies"]
        while (taken := self._there(step)) is None:
            if not self._receive():
                return False
        self._taken = taken
        return True

    def _there(self, step: dict) -> int | None:
        """Where what is waited for ends, if it is there."""
        rest = self.read[self._taken :]
        if "await_lines" in step:
            parts = rest.split(b"\n", step["await_lines"])
            there = len(parts) > step["await_lines"]
            return len(self.read) - len(parts[-1]) if there else None
        if "await_octets" in step:
            end = self._taken + step["await_octets"]
            return end if len(self.read) >= end else None
        if "await_content" in step:
            found = (b"\r\n" + rest).find(b"\r\n.\r\n")
            return None if found < 0 else self._taken + found + 3
        return self._taken if len(split_replies(self.read)) >= self._awaited else None

    def _receive(self) -> bytes:
        octets = self._socket.recv(65_536)
        self.read += octets
        self.closed = self.closed or not octets
        return octets

    def _handshake(self) -> None:
        if self._transcript.role == "server":
            context = client_context()
            self._socket = context.wrap_socket(self._socket, server_hostname=NAME)
        else:
            self._socket = server_context().wrap_socket(self._socket, server_side=True)


class ListeningPeer:
    """A hostile server in a thread, for one connection."""

    def __init__(self, transcript: Transcript) -> None:
        self._transcript = transcript
        self._listener = socket.create_server((HOST, 0))
        self._listener.settimeout(PATIENCE_S)
        self.port: int = self._listener.getsockname()[1]
        self.peer: SocketPeer | None = None
        self._thread = Thread(target=self._serve, daemon=True)

    def __enter__(self) -> ListeningPeer:
        self._thread.start()
        return self

    def __exit__(self, *_details: object) -> None:
        self._thread.join(PATIENCE_S)
        assert not self._thread.is_alive(), "the peer did not end"
        self._listener.close()

    def _serve(self) -> None:
        connection, _ = self._listener.accept()
        with connection:
            self.peer = SocketPeer(self._transcript, connection)
            self.peer.play()
            self.peer.wait_for_end()
            self.peer.close()


def talk_to(transcript: Transcript, port: int) -> SocketPeer:
    """A hostile client: the whole dialogue, to the end."""
    peer = SocketPeer(transcript, socket.create_connection((HOST, port), PATIENCE_S))
    try:
        peer.play()
        ended = any("end" in step for step in transcript.steps)
        if transcript.expected["end"] == "client" and not ended:
            peer.say_no_more()
        peer.wait_for_end()
    finally:
        peer.close()
    return peer
