"""A server over blocking sockets: a thread for each connection carries out a `ServerDialogue`.

Rule 1: as many threads as connections, and those have a limit.
Rule 2: what a handler gives is an answer or `Blocking` work, which its thread does itself.
"""

from __future__ import annotations

import contextlib
import logging
import os
import select
import socket
import ssl
import time
from threading import Thread, current_thread
from types import TracebackType
from typing import Final, Self

from reply_metadata.network.blocking_socket import DeadlineSocket, Woken
from reply_metadata.network.reception import DEFAULT_SERVICE_LIMITS, Reception, ServiceLimits
from reply_metadata.network.recording import Record, unrecorded
from reply_metadata.network.server_dialogue import HandlerFactory, Peers, Verifier
from reply_metadata.network.steps import (
    Blocking,
    Dialogue,
    Interruption,
    Linger,
    Pause,
    Read,
    StartTls,
    Step,
    Work,
    Write,
)
from reply_metadata.policy.referral import Endpoint, endpoint
from reply_metadata.server_rules import ServerSettings
from reply_metadata.transitions import Protocol

_LOG: Final = logging.getLogger("reply_metadata.server")
_BACKLOG: Final = 100
_AFTER_GRACE_S: Final = 0.5  # for a 421 to be written
_PAUSE_S: Final = 0.1  # when no connection can be accepted: out of file descriptors, for example


class BlockingMailServer:
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
        self._threads: dict[Thread, DeadlineSocket] = {}
        self._listener: socket.socket | None = None
        self._woken = self._waker = -1  # a pipe, once it listens
        self._grace_ends: float | None = None

    def start(self, host: str, port: int) -> Endpoint:
        """Listen; the endpoint that was bound, whose port matters when `port` is 0."""
        family = socket.AF_INET6 if ":" in host else socket.AF_INET
        self._listener = socket.create_server((host, port), family=family, backlog=_BACKLOG)
        self._woken, self._waker = os.pipe()
        address, bound = self._listener.getsockname()[:2]
        self._acceptor = Thread(target=self._accept_all, args=(self._listener,), daemon=True)
        self._acceptor.start()
        return endpoint(address, bound)

    def stop(self, grace_s: float = 0) -> None:
        """Stop listening, send the clients away, and wait for the threads.

        Args:
            grace_s: how long a client may take to end the transaction it is in.
        """
        if self._listener is None or self._grace_ends is not None:
            return
        self._grace_ends = time.monotonic() + grace_s
        os.close(self._waker)  # everybody who waits finds the other end readable
        self._acceptor.join()
        threads = dict(self._threads)
        for thread in threads:
            thread.join(max(0.0, self._grace_ends + _AFTER_GRACE_S - time.monotonic()))
        for thread, ours in threads.items():
            ours.abort()  # a client that does not even take the 421
            thread.join()
        os.close(self._woken)

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self,
        _kind: type[BaseException] | None,
        _error: BaseException | None,
        _trace: TracebackType | None,
    ) -> None:
        self.stop()

    def _accept_all(self, listener: socket.socket) -> None:
        listener.setblocking(False)
        waiting = select.poll()
        waiting.register(listener, select.POLLIN)
        waiting.register(self._woken, select.POLLIN)
        with listener:
            while self._grace_ends is None:
                waiting.poll()
                try:
                    connected, _ = listener.accept()
                except BlockingIOError:
                    continue
                except OSError as error:
                    _LOG.error("no connection accepted: %s", error)
                    time.sleep(_PAUSE_S)
                    continue
                ours = DeadlineSocket(connected)
                thread = Thread(target=self._serve, args=(connected, ours), daemon=True)
                self._threads[thread] = ours
                thread.start()

    def _serve(self, connected: socket.socket, ours: DeadlineSocket) -> None:
        """One connection, in its thread."""
        try:
            with contextlib.closing(ours):
                ends = connected.getpeername()[:2], connected.getsockname()[:2]
                visit = self._reception.receive(Peers(*(endpoint(*end) for end in ends)))
                try:
                    self._carry_out(visit.dialogue, ours)
                finally:
                    visit.ended()
        except OSError:
            pass  # the client is gone, or TLS did not start
        except Exception:  # noqa: BLE001  a bug of the handler costs its connection only
            _LOG.exception("a handler failed")
        finally:
            self._threads.pop(current_thread(), None)

    def _carry_out(self, dialogue: Dialogue[None], ours: DeadlineSocket) -> None:
        with contextlib.suppress(StopIteration):
            step = next(dialogue)
            while True:
                try:
                    given = self._do(step, ours)
                except Exception as error:  # noqa: BLE001  the dialogue decides what it means
                    step = dialogue.throw(error)
                else:
                    step = dialogue.send(given)

    def _do(self, step: Step, ours: DeadlineSocket) -> object:
        """Carry out one step."""
        match step:
            case Read():
                return self._read(step, ours)
            case Write(octets=octets, deadline=deadline):
                ours.send(octets, deadline)
            case Work(task=Blocking(call=call)):
                return call()
            case StartTls(deadline=deadline):
                assert self._tls is not None  # STARTTLS is refused otherwise
                ours.start_tls(self._tls, deadline, server_side=True)
            case Pause():
                pass  # the threads take turns by themselves
            case Linger(seconds=seconds):
                _linger(ours, seconds)
            case _:
                raise TypeError(f"a blocking server cannot wait for {step}")
        return None

    def _read(self, step: Read, ours: DeadlineSocket) -> object:
        """Octets; a server that stops goes on for as long as its grace lasts."""
        deadline, wake = step.deadline, self._woken
        if self._grace_ends is not None:
            if step.may_stop:
                return Interruption.STOP
            deadline = min(deadline or self._grace_ends, self._grace_ends)
        try:
            return ours.receive(deadline, None if self._grace_ends else wake)
        except Woken:
            return self._read(step, ours)
        except TimeoutError:
            stops = deadline == self._grace_ends
            return Interruption.STOP if stops else Interruption.TIMEOUT


def _linger(ours: DeadlineSocket, seconds: float) -> None:
    deadline = time.monotonic() + seconds
    ours.end_writing()
    with contextlib.suppress(TimeoutError):  # it had its moment
        while time.monotonic() < deadline and ours.receive(deadline):
            pass
