"""When to try again after a RETRY-AFTER.

Draft: #key-retry-after.

Rule 1: the server's number is a wish: it is capped, and it never shortens the queue lifetime, since
the attempt it asks for is made by then at the latest.
Rule 2: jitter is added, never taken off: a thousand clients told "300" do not come back together,
and none comes early.
Rule 3: the random source is an argument.
Rule 4: a value is about what was refused: a recipient, a message or a server (`retry_scope`).
Rule 5: a client without a queue waits once, and only when the whole wait fits (`RetryOnce`): an
attempt before the time the server named would be answered as the first one was.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from enum import Enum
from typing import Final

from reply_metadata.keys import RetryAfter
from reply_metadata.values import Reply

SUGGESTED_CAP_S: Final = 86_400
DEFAULT_JITTER: Final = 0.1
_CLOSING: Final = 421


class RetryScope(Enum):
    """What may not be tried again before the time is over."""

    RECIPIENT = "this recipient at this server"
    MESSAGE = "this message at this server"
    SERVER = "anything at this server"


def retry_scope(command: str, code: int, *, per_recipient: bool = False) -> RetryScope:
    """What a RETRY-AFTER in a reply is about; Draft: #key-retry-after.

    Args:
        command: the command that was answered.
        code: the reply code.
        per_recipient: whether the reply to the content is one of several, as LMTP has them; each
            is then about its recipient (RFC 2033, Section 4.2).
    """
    if code == _CLOSING:
        return RetryScope.SERVER
    if command == "RCPT" or (per_recipient and command in {"DATA", "BDAT"}):
        return RetryScope.RECIPIENT
    return RetryScope.MESSAGE


def asked_to_wait(reply: Reply) -> RetryAfter | None:
    """The RETRY-AFTER of a reply, or None: without one, nothing is known of when."""
    return reply.metadata.get(RetryAfter)


@dataclass(frozen=True, slots=True)
class RetryPolicy:
    """How a client treats RETRY-AFTER.

    Args:
        cap_s: the longest wait a server can ask for.
        jitter: the largest part of the wait that is added, 0.1 for a tenth.
    """

    cap_s: float = SUGGESTED_CAP_S
    jitter: float = DEFAULT_JITTER

    def __post_init__(self) -> None:
        if not self.cap_s > 0 or not self.jitter >= 0:
            raise ValueError("cap_s is positive, jitter is not negative")


@dataclass(frozen=True, slots=True)
class RetryOnce:
    """How a client without a queue treats RETRY-AFTER: one more attempt, if the wait is short.

    Args:
        longest_wait_s: no longer wait is made; the recipient has then failed for now.
        jitter: the largest part of the wait that is added.
    """

    longest_wait_s: float
    jitter: float = DEFAULT_JITTER

    def __post_init__(self) -> None:
        RetryPolicy(self.longest_wait_s, self.jitter)

    def wait(self, asked: RetryAfter, random_part: Callable[[], float]) -> float | None:
        """Seconds to wait before the one other attempt, or None when there is none."""
        if asked.seconds > self.longest_wait_s:
            return None
        return retry_delay(asked, RetryPolicy(self.longest_wait_s, self.jitter), random_part)


def retry_delay(asked: RetryAfter, policy: RetryPolicy, random_part: Callable[[], float]) -> float:
    """Seconds to wait, cap and jitter applied.

    Args:
        asked: what the server asked for.
        policy: cap and jitter.
        random_part: gives a number from 0 to 1, `random.random` for instance.
    """
    wait = min(float(asked.seconds), policy.cap_s)
    return wait * (1 + policy.jitter * random_part())


def next_attempt(
    now: float, queued_until: float, own_delay: float, asked_delay: float | None
) -> float:
    """The time of the next attempt.

    Args:
        now: the time.
        queued_until: the end of the message's queue lifetime.
        own_delay: what the client's own schedule says.
        asked_delay: the result of `retry_delay`, or None.
    """
    delay = own_delay if asked_delay is None else asked_delay
    return min(now + delay, max(now, queued_until))
