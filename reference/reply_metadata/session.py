"""What both sides of a connection share: the walk through the table of states, and the clock.

Rule 1: a step the table does not have is an error of whoever took it: the peer's when it was read,
the caller's when it was to be sent; the state stays.
Rule 2: the session reads no clock.  A deadline belongs to what is waited for, not to the octet:
dripping octets does not move it.
"""

from __future__ import annotations

from abc import ABC, abstractmethod
from typing import Final

from reply_metadata import transitions
from reply_metadata.commands import RcptTo
from reply_metadata.errors import LocalProtocolError, RemoteProtocolError
from reply_metadata.transitions import Answer, Protocol, ResultCount, State, Step

ENDED: Final = frozenset({State.CLOSED, State.BROKEN})


class Session(ABC):
    """One connection.

    Args:
        protocol: SMTP or LMTP.
    """

    def __init__(self, protocol: Protocol) -> None:
        self.protocol: Final = protocol
        self.state = State.CONNECTED
        self.negotiated = False
        """Whether replies carry metadata now."""
        self.tls = False
        """Whether TLS is on."""
        self.accepted: tuple[RcptTo, ...] = ()
        """The recipients of the open transaction that got a 2yz, in the order they were sent."""
        self._dialect = transitions.DIALECTS[protocol]
        self._now: float | None = None
        self._waiting_since: float | None = None

    def tls_started(self) -> None:
        """Tell the session that the TLS handshake after the 220 to STARTTLS is complete.

        RFC 3207, Section 4.2: what was said before counts no more; the client begins with EHLO.

        Raises:
            LocalProtocolError: no handshake was due.
        """
        self.state = self._state_after(Step.TLS, Answer.NONE)
        self.tls = True
        self._waiting_since = self._now

    @property
    def next_deadline(self) -> float | None:
        """The time by which what is waited for must be complete, on the clock of `time_passed`.

        RFC 5321, Section 4.5.3.2.  None: nothing is waited for, or no time was ever given.
        """
        seconds = self._patience()
        if seconds is None or self._waiting_since is None or self.state in ENDED:
            return None
        return self._waiting_since + seconds

    def time_passed(self, now: float) -> None:
        """Tell the session what time it is; a deadline that passed becomes an event."""
        self._now = now
        if self._waiting_since is None:
            self._waiting_since = now
        deadline = self.next_deadline
        if deadline is not None and now >= deadline:
            self._deadline_passed()

    def _about_content(self) -> tuple[RcptTo | None, ...]:
        """What each reply to the content is about, in order; None: all recipients at once."""
        return (None,) if self._dialect.result_count is ResultCount.ONE else self.accepted

    @abstractmethod
    def _patience(self) -> float | None:
        """How many seconds what is waited for may take; None: nothing is."""

    @abstractmethod
    def _deadline_passed(self) -> None:
        """Make the event of it."""

    def _state_after(self, step: Step, answer: Answer, *, reading: bool = False) -> State:
        after = transitions.next_state(self.protocol, self.state, step, answer, reading=reading)
        if after is None:
            error = RemoteProtocolError if reading else LocalProtocolError
            raise error(f"{answer.value} cannot answer {step.value} in state {self.state.value!r}")
        return after
