"""A socket whose every call has a deadline: for the blocking adapters.

Rule 1: the socket never blocks; waiting is `poll`, for no longer than until the deadline.  So a
peer that drips octets, or takes none, holds nobody past it.
Rule 2: a connection that the peer reset has ended: b"".
"""

from __future__ import annotations

import contextlib
import select
import socket
import ssl
import time
from collections.abc import Callable
from functools import partial
from math import ceil
from typing import Final, TypeVar

_Value = TypeVar("_Value")

READ_OCTETS: Final = 65_536
_TLS_WRITE_OCTETS: Final = 16_384  # a TLS record: what is begun is repeated as it was


class Woken(Exception):
    """What was to wake the waiting became readable."""


class DeadlineSocket:
    """A connected socket.

    Args:
        connected: the socket; it belongs to this from now on.
    """

    def __init__(self, connected: socket.socket) -> None:
        self._socket = connected
        self._arrived = bytearray()
        connected.setblocking(False)
        if connected.family in {socket.AF_INET, socket.AF_INET6}:
            connected.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)

    def receive(self, deadline: float | None, wake: int | None = None) -> bytes:
        """Octets, at least one; b"" when the peer has closed.

        Args:
            deadline: until when, on `time.monotonic`; None: for ever.
            wake: a file descriptor that ends the waiting when it becomes readable.

        Raises:
            TimeoutError: none came.
            Woken: `wake` became readable, and none were there.
        """
        if self._arrived:
            octets = bytes(self._arrived)
            self._arrived.clear()
            return octets
        try:
            return self._until(deadline, self._read, select.POLLIN, wake)
        except TimeoutError:
            raise
        except OSError:
            return b""

    def send(self, octets: bytes, deadline: float | None, *, read_on: bool = False) -> None:
        """Write all of it.

        Args:
            octets: what to write.
            deadline: until when.
            read_on: take in what arrives meanwhile, as far as there is room, for a peer that must
                get rid of its replies before it reads on (RFC 2920, Section 3.1).

        Raises:
            OSError: not all was written; TimeoutError, because the peer does not read.
        """
        tls = isinstance(self._socket, ssl.SSLSocket)
        view = memoryview(octets)
        while view:
            piece = view[:_TLS_WRITE_OCTETS] if tls else view
            send = partial(self._socket.send, piece)
            view = view[self._until(deadline, send, select.POLLOUT, read_on=read_on) :]

    def start_tls(
        self,
        context: ssl.SSLContext,
        deadline: float | None,
        *,
        server_side: bool = False,
        server_name: str | None = None,
    ) -> None:
        """Make the handshake.

        Raises:
            OSError: it failed (ssl.SSLError is one), or took too long.
        """
        wrapped = context.wrap_socket(
            self._socket,
            server_side=server_side,
            server_hostname=server_name,
            do_handshake_on_connect=False,
        )
        self._socket = wrapped
        self._until(deadline, wrapped.do_handshake, select.POLLIN)

    def end_writing(self) -> None:
        """Say that nothing more comes; in TLS that is said when the connection is closed."""
        if not isinstance(self._socket, ssl.SSLSocket):
            self._socket.shutdown(socket.SHUT_WR)

    def abort(self) -> None:
        """End the connection while another thread waits for it: its call fails, or gives b""."""
        with contextlib.suppress(OSError):  # it has ended already
            self._socket.shutdown(socket.SHUT_RDWR)

    def close(self) -> None:
        """Close the connection."""
        self._socket.close()

    def _read(self) -> bytes:
        return self._socket.recv(READ_OCTETS)

    def _until(
        self,
        deadline: float | None,
        call: Callable[[], _Value],
        events: int,
        wake: int | None = None,
        *,
        read_on: bool = False,
    ) -> _Value:
        """What a call gives, made again whenever the socket is ready for it."""
        while True:
            try:
                return call()
            except ssl.SSLWantReadError:
                wanted = select.POLLIN
            except ssl.SSLWantWriteError:
                wanted = select.POLLOUT
            except BlockingIOError:
                wanted = events
            read_on = read_on and len(self._arrived) < READ_OCTETS
            ready = self._wait(wanted | (select.POLLIN if read_on else 0), deadline, wake)
            if read_on and ready & select.POLLIN:
                octets = self._until(deadline, self._read, select.POLLIN)
                self._arrived += octets
                read_on = bool(octets)

    def _wait(self, events: int, deadline: float | None, wake: int | None) -> int:
        """What the socket is ready for."""
        waiting = select.poll()
        waiting.register(self._socket, events)
        if wake is not None:
            waiting.register(wake, select.POLLIN)
        rest = None if deadline is None else max(0.0, deadline - time.monotonic()) * 1000
        ready = dict(waiting.poll(None if rest is None else ceil(rest)))
        if not ready:
            raise TimeoutError("timed out")
        if self._socket.fileno() not in ready:
            raise Woken
        return ready[self._socket.fileno()]
