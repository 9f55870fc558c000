"""A client connection over a blocking socket: carries out the steps of a `ClientDialogue`.

The calls are those of `asyncio_client.ClientConnection`, without `await`.
"""

from __future__ import annotations

import socket
import time
from collections.abc import Iterable, Sequence
from types import TracebackType
from typing import Final, Self, TypeVar

from reply_metadata.client_session import ClientSession
from reply_metadata.commands import Command
from reply_metadata.credentials import PlainCredentials
from reply_metadata.limits import DEFAULT_LIMITS, Limits
from reply_metadata.network.blocking_socket import DeadlineSocket
from reply_metadata.network.client_dialogue import ClientDialogue, PeerUnavailable
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


class BlockingClientConnection:
    """One connection to a server; `open` makes it and greets.

    Args:
        dialogue: what is done on it.
        connected: the socket.
    """

    def __init__(self, dialogue: ClientDialogue, connected: DeadlineSocket) -> None:
        self.endpoint: Final = dialogue.endpoint
        self.session: Final = dialogue.session
        self._dialogue = dialogue
        self._socket = connected

    @classmethod
    def open(
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
        try:
            where = (f"{endpoint.address}", endpoint.port)
            connected = DeadlineSocket(socket.create_connection(where, timeouts.connect_s))
        except OSError as error:  # TimeoutError is one
            raise PeerUnavailable.not_connected(endpoint, error) from error
        connection = cls(ClientDialogue(endpoint, session, record), connected)
        try:
            connection._carry_out(connection._dialogue.open(client_name, tls))
        except BaseException:
            connected.close()
            raise
        return connection

    @property
    def tls(self) -> TlsLevel:
        """How the connection is protected."""
        return self._dialogue.tls

    def ask(self, command: Command) -> Reply:
        """See `ClientDialogue.ask`."""
        return self._carry_out(self._dialogue.ask(command))

    def ask_all(self, commands: Iterable[Command]) -> tuple[Reply, ...]:
        """See `ClientDialogue.ask_all`."""
        return self._carry_out(self._dialogue.ask_all(commands))

    def authenticate(self, credentials: PlainCredentials) -> Reply:
        """See `ClientDialogue.authenticate`."""
        return self._carry_out(self._dialogue.authenticate(credentials))

    def send_content(self, content: bytes) -> tuple[Reply | None, ...]:
        """See `ClientDialogue.send_content`."""
        return self._carry_out(self._dialogue.send_content(content))

    def send_chunks(self, chunks: Sequence[bytes]) -> tuple[Reply | None, ...]:
        """See `ClientDialogue.send_chunks`."""
        return self._carry_out(self._dialogue.send_chunks(chunks))

    def close(self) -> None:
        """Say QUIT if that is possible, and close the connection."""
        self._carry_out(self._dialogue.close())

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self,
        _kind: type[BaseException] | None,
        _error: BaseException | None,
        _trace: TracebackType | None,
    ) -> None:
        self.close()

    def _carry_out(self, dialogue: Dialogue[_Value]) -> _Value:
        try:
            step = next(dialogue)
            while True:
                try:
                    given = self._do(step)
                except OSError as error:
                    step = dialogue.throw(error)
                else:
                    step = dialogue.send(given)
        except StopIteration as end:
            value: _Value = end.value
            return value

    def _do(self, step: Step) -> object:
        """Carry out one step."""
        match step:
            case Read() | Poll():
                deadline = step.deadline if isinstance(step, Read) else time.monotonic()
                try:
                    return self._socket.receive(deadline)
                except TimeoutError:
                    return Interruption.TIMEOUT
            case Write(octets=octets, deadline=deadline):
                self._socket.send(octets, deadline, read_on=True)
            case StartTls(deadline=deadline, context=context, server_name=name):
                assert context is not None  # a client has its own
                self._socket.start_tls(context, deadline, server_name=name)
            case Close():
                self._socket.close()
            case _:
                raise AssertionError(step)
        return None
