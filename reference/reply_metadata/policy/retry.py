"""When to try again after a RETRY-AFTER.

Draft: #key-retry-after.

Rule 1: the server's number is a wish: it is capped, and it never shortens the queue lifetime, since
the attempt it asks for is made by then at the latest.
Rule 2: jitter is added, never taken off: a thousand clients told "300" do not come back together,
and none comes early.
Rule 3: the random source is an argument.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import Final

from reply_metadata.keys import RetryAfter

SUGGESTED_CAP_S: Final = 86_400


@dataclass(frozen=True, slots=True)
class RetryPolicy:
    """How a client treats RETRY-AFTER.

    Args:
        cap_s: the longest wait a server can ask for.
        jitter: the largest part of the wait that is added, 0.1 for a tenth.
    """

    cap_s: float = SUGGESTED_CAP_S
    jitter: float = 0.1

    def __post_init__(self) -> None:
        if self.cap_s <= 0 or self.jitter < 0:
            raise ValueError("cap_s is positive, jitter is not negative")


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
