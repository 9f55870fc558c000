"""One connection of an asyncio server: carries out the steps of its dialogue.

Rule 1: what needs no waiting is done in the callback that brought the octets.  A task is made only
for work that waits; on streams, with a task for each connection, a message takes 1.1 to 1.3 times
the processor time (`tests/bench/bench_server.py --streams`).
Rule 2: nothing is read while a handler works or the client does not take its replies: what it
sends meanwhile stays with the system, so that memory is bounded.
Rule 3: octets arrive in room of our own.  To a plain `asyncio.Protocol` each segment comes in 256
KiB taken for it and given back; where malloc asks the system for them, as that of glibc does until
it learns better, a message of four segments took 50 us more of 150.
"""

from __future__ import annotations

import asyncio
import logging
import ssl
from collections.abc import Awaitable, Callable
from functools import lru_cache
from ipaddress import ip_address
from typing import Final

from reply_metadata.network.reception import Visit
from reply_metadata.network.server_dialogue import Peers
from reply_metadata.network.steps import (
    LINGER_S,
    Blocking,
    Interruption,
    Linger,
    Pause,
    Read,
    StartTls,
    Step,
    Work,
    Write,
)
from reply_metadata.policy.referral import endpoint

_LOG: Final = logging.getLogger("reply_metadata.server")
_ROOM_OCTETS: Final = 16_384  # for what one call reads; an inner TLS record is no longer
_address = lru_cache(maxsize=256)(ip_address)  # the same few hosts come over and over


class Connection(asyncio.BufferedProtocol):
    """One connection: `_go_on` carries out steps until one has to wait.

    Args:
        enter: gives what it is to do; None: nothing, the server stops.
        leave: is told when it is over.
        tls: the context of STARTTLS.
    """

    def __init__(
        self,
        enter: Callable[[Connection, Peers], Visit | None],
        leave: Callable[[Connection], None],
        tls: ssl.SSLContext | None,
    ) -> None:
        self._enter = enter
        self._leave = leave
        self._tls = tls
        self._loop = asyncio.get_running_loop()
        self._transport: asyncio.Transport
        self._visit: Visit
        self._waits_for: Step | None = None
        self._deadline: float | None = None  # of what it waits for
        self._timer: asyncio.TimerHandle | None = None
        self._task: asyncio.Future[object] | None = None
        self._room = memoryview(bytearray(_ROOM_OCTETS))
        self._arrived = b""  # while nobody read
        self._end_arrived = self._lost = False
        self._reads = self._writable = True
        self._grace_ends: float | None = None

    # asyncio.BufferedProtocol

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        """Begin to serve."""
        assert isinstance(transport, asyncio.Transport)  # create_server makes one
        self._transport = transport
        ends = [transport.get_extra_info(name) for name in ("peername", "sockname")]
        visit = None
        if None not in ends:  # the client is still there
            try:
                client, server = (endpoint(_address(end[0]), end[1]) for end in ends)
                visit = self._enter(self, Peers(client, server))
            except Exception:
                transport.abort()  # nobody else would
                raise
        if visit is None:
            transport.abort()
            return
        self._visit = visit
        self._go_on(None)

    def get_buffer(self, _size_hint: int) -> memoryview:
        """Where the next octets are to be put."""
        return self._room

    def buffer_updated(self, count: int) -> None:
        """Give octets to the dialogue, if it waits for them."""
        data = bytes(self._room[:count])
        if isinstance(self._waits_for, Read):
            self._go_on(data)
        elif not isinstance(self._waits_for, Linger):
            self._arrived += data
            if self._reads:
                self._reads = False
                self._transport.pause_reading()

    def eof_received(self) -> bool:
        """The client sends nothing more; in the clear it may still read."""
        self._end_arrived = True
        if isinstance(self._waits_for, Read | Linger):
            self._go_on(b"")
        return self._transport.get_extra_info("ssl_object") is None

    def connection_lost(self, _error: Exception | None) -> None:
        """Tell the dialogue, unless it waits for work to end."""
        self._end_arrived = self._lost = True
        if isinstance(self._waits_for, Write):
            self._go_on(None, ConnectionResetError())
        elif isinstance(self._waits_for, Read | Linger):
            self._go_on(b"")

    def pause_writing(self) -> None:
        """The client does not read as fast as we write."""
        self._writable = False

    def resume_writing(self) -> None:
        """It has read."""
        self._writable = True
        if isinstance(self._waits_for, Write):
            self._go_on(None)

    # The dialogue

    def stop(self, grace_ends: float) -> None:
        """The server stops: see `MailServer.stop`."""
        self._grace_ends = grace_ends
        step = self._waits_for
        if isinstance(step, Read) and step.may_stop:
            self._go_on(Interruption.STOP)
        else:
            self._wait_until(self._deadline)

    def _go_on(self, given: object, error: BaseException | None = None) -> None:
        """Carry out steps from here on; `given` or `error` is what the last one came to."""
        dialogue = self._visit.dialogue
        self._waits_for = self._deadline = None
        try:
            while True:
                step = dialogue.send(given) if error is None else dialogue.throw(error)
                given = error = None
                if isinstance(step, Write):
                    if self._lost:
                        error = ConnectionResetError()
                    else:
                        self._transport.write(step.octets)
                        if not self._writable:
                            return self._wait(step, step.deadline)
                elif isinstance(step, Read):
                    if self._arrived:
                        given, self._arrived = self._arrived, b""
                    elif self._end_arrived:
                        given = b""
                    elif self._grace_ends is not None and step.may_stop:
                        given = Interruption.STOP
                    else:
                        return self._wait(step, step.deadline, reads=True)
                elif isinstance(step, Linger):
                    return self._linger(step)
                elif isinstance(step, Pause):
                    self._wait(step, None)
                    self._loop.call_soon(self._go_on, None)
                    return None
                else:
                    return self._work(step)
        except StopIteration:
            pass
        except OSError:
            pass  # the client is gone, or TLS did not start
        except Exception:  # noqa: BLE001  a bug of the handler costs its connection only
            _LOG.exception("a handler failed")
        self._end()

    def _wait(self, step: Step, deadline: float | None, *, reads: bool = False) -> None:
        if reads is not self._reads:
            self._reads = reads
            (self._transport.resume_reading if reads else self._transport.pause_reading)()
        self._waits_for = step
        self._wait_until(deadline)

    def _wait_until(self, deadline: float | None) -> None:
        """Have `_time_is_up` called then; a timer that would ring before does, and goes on."""
        if self._grace_ends is not None:
            deadline = self._grace_ends if deadline is None else min(deadline, self._grace_ends)
        self._deadline = deadline
        if deadline is None or (self._timer is not None and self._timer.when() <= deadline):
            return
        if self._timer is not None:
            self._timer.cancel()
        self._timer = self._loop.call_at(deadline, self._time_is_up)

    def _time_is_up(self) -> None:
        self._timer = None
        if self._deadline is None or self._loop.time() < self._deadline:
            self._wait_until(self._deadline)
        elif isinstance(self._waits_for, Read):
            stops = self._deadline == self._grace_ends
            self._go_on(Interruption.STOP if stops else Interruption.TIMEOUT)
        elif isinstance(self._waits_for, Write):
            self._transport.abort()
            self._go_on(None, TimeoutError())
        elif isinstance(self._waits_for, Linger):
            self._go_on(None)
        elif self._task is not None and not (
            isinstance(self._waits_for, Work) and not self._waits_for.may_stop
        ):
            self._task.cancel()

    def _linger(self, step: Linger) -> None:
        """Let the client read the last reply: closing with octets unread would take it away."""
        if self._transport.can_write_eof() and not self._lost:
            self._transport.write_eof()
        self._arrived = b""
        self._wait(step, self._loop.time() + (0 if self._end_arrived else step.seconds), reads=True)

    def _work(self, step: Step) -> None:
        """Carry out a step that takes a task."""
        match step:
            case Work(task=Blocking(call=call)):
                work: Awaitable[object] = asyncio.to_thread(call)
            case Work(task=Awaitable() as work):
                pass
            case StartTls(deadline=deadline):
                work = self._start_tls(deadline)
            case _:
                raise AssertionError(step)
        self._wait(step, None)
        self._task = asyncio.ensure_future(work)
        self._task.add_done_callback(self._worked)

    def _worked(self, task: asyncio.Future[object]) -> None:
        self._task = None
        if task.cancelled():
            self._go_on(None, ConnectionAbortedError())
        elif (error := task.exception()) is not None:
            self._go_on(None, error)
        else:
            self._go_on(task.result())

    async def _start_tls(self, deadline: float | None) -> None:
        """Make the handshake; what comes in the clear from here on makes it fail."""
        assert self._tls is not None  # STARTTLS is refused otherwise
        assert deadline is not None  # a server always has one
        transport = await self._loop.start_tls(
            self._transport,
            self,
            self._tls,
            server_side=True,
            ssl_handshake_timeout=deadline - self._loop.time(),
        )
        if transport is None:
            raise ConnectionResetError
        self._transport = transport
        self._reads = True

    def _end(self) -> None:
        """Close; what the client does not take soon is dropped."""
        if self._timer is not None:
            self._timer.cancel()
        self._visit.ended()
        self._transport.close()
        if self._transport.get_write_buffer_size():
            self._loop.call_later(LINGER_S, self._transport.abort)
        self._leave(self)
