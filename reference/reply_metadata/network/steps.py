"""What a dialogue asks of the world, one step at a time; the adapters carry the steps out.

A dialogue is a generator that holds everything about serving or using a connection that is not
socket work.  It yields a step, and is sent what the step gave; what failed is thrown into it.  So
the asyncio adapter, the blocking adapter and a test run the same dialogue.

Rule 1: a dialogue never waits and never touches a socket; it yields.
Rule 2: only `Read` gives something: octets, b"" when the peer closed, or an `Interruption`.
"""

from __future__ import annotations

import ssl
from collections.abc import Awaitable, Callable, Generator
from enum import Enum
from typing import Final, Generic, NamedTuple, TypeVar

_Value = TypeVar("_Value")

LINGER_S: Final = 2.0
"""How long a peer that was cut short has to read why."""


class Interruption(Enum):
    """What a `Read` gives in place of octets."""

    TIMEOUT = "the deadline passed"
    STOP = "the server stops"


class Read(NamedTuple):
    """Wait for octets.

    Args:
        deadline: until when, on the clock of the dialogue; None: for ever.
        may_stop: whether a server that stops interrupts this at once; otherwise it gives the
            peer its time of grace.
    """

    deadline: float | None
    may_stop: bool = False


class Poll(NamedTuple):
    """Give the octets that are there, or TIMEOUT at once."""


class Write(NamedTuple):
    """Write the octets in one go, and wait until the peer takes them.

    Args:
        octets: what to write.
        deadline: until when they may wait.
    """

    octets: bytes
    deadline: float | None


class StartTls(NamedTuple):
    """Make the TLS handshake; nothing in the clear is read before it.

    Args:
        deadline: until when it may take.
        context: the context of a client; a server has its own.
        server_name: what a client checks the certificate against.
    """

    deadline: float | None
    context: ssl.SSLContext | None = None
    server_name: str | None = None


class Linger(NamedTuple):
    """Say that nothing more comes, and drop what arrives until the peer closes or time is up."""

    seconds: float = LINGER_S


class Pause(NamedTuple):
    """Let other connections have their turn; a peer has sent much at once."""


class Close(NamedTuple):
    """Close the connection at once."""


class Blocking(Generic[_Value]):
    """Work that waits, for a disk for example: called in place, or in a thread by asyncio."""

    __slots__ = ("call",)

    def __init__(self, call: Callable[[], _Value]) -> None:
        self.call: Final = call


class Work(NamedTuple):
    """Wait for what a handler gave in place of an answer; the answer is sent back.

    Args:
        task: what is waited for.
        may_stop: whether it is broken off when a server stops and the time of grace is over.
    """

    task: Awaitable[object] | Blocking[object]
    may_stop: bool = True


Step = Read | Poll | Write | StartTls | Linger | Pause | Close | Work
Dialogue = Generator[Step, object, _Value]
