"""How far a long job has come, on standard error.

Rule 1: nothing is written to what is no terminal, and nothing before two seconds have passed.
Rule 2: one line, written over; it is gone at the end.
"""

from __future__ import annotations

import time
from collections.abc import Callable
from types import TracebackType
from typing import Final, Self, TextIO

QUIET_S: Final = 2.0
STEP_S: Final = 0.1
"""Between two writes: a terminal shows no more."""


class Progress:
    """Counts finished items; to be used as `with Progress(...) as progress`.

    Args:
        what: what is counted, in the plural.
        total: how many there are.
        stream: where it shows.
        clock: gives the time in seconds.
    """

    def __init__(
        self, what: str, total: int, stream: TextIO, clock: Callable[[], float] = time.monotonic
    ) -> None:
        self._what = what
        self._total = total
        self._stream = stream
        self._clock = clock
        self._done = 0
        self._next = clock() + QUIET_S
        self._shown = False

    def step(self) -> None:
        """One more is done."""
        self._done += 1
        now = self._clock()
        if now < self._next or not self._stream.isatty():
            return
        self._next = now + STEP_S
        self._shown = True
        self._stream.write(f"\r{self._done} of {self._total} {self._what}")
        self._stream.flush()

    def clear(self) -> None:
        """Take the line away, so that another one can stand there."""
        if self._shown:
            self._shown = False
            self._stream.write("\r\x1b[K")
            self._stream.flush()

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self,
        _kind: type[BaseException] | None,
        _error: BaseException | None,
        _trace: TracebackType | None,
    ) -> None:
        self.clear()
