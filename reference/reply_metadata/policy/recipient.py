"""What a server decides about a recipient, and the reply that says so.

Rule: the reply code alone says what to do; metadata adds where, when and why.
"""

from __future__ import annotations

from dataclasses import dataclass

from reply_metadata.codec import build_reply
from reply_metadata.keys import Reason, Referral, RetryAfter
from reply_metadata.values import Reply


@dataclass(frozen=True, slots=True)
class Deliver:
    """The recipient is here."""


@dataclass(frozen=True, slots=True)
class Refer:
    """Another host has the recipient; Draft: #key-referral.

    Args:
        uris: where, preferred first.
        permanent: 5yz in place of 4yz.  An old client then returns the message instead of queueing
            it, so this is for peers known to follow.
    """

    uris: tuple[str, ...]
    permanent: bool = False


@dataclass(frozen=True, slots=True)
class Defer:
    """Not now; `retry_after_s` says when, if that is known."""

    retry_after_s: int | None = None


@dataclass(frozen=True, slots=True)
class Reject:
    """Never; `reason` is the operator's own token for it, if there is one."""

    reason: str | None = None


Decision = Deliver | Refer | Defer | Reject


def reply_to_recipient(decision: Decision, *, trusted: bool = True) -> Reply:
    """The reply to RCPT that says a decision.

    Args:
        decision: what was decided.
        trusted: whether the client may see trusted-hop metadata; to any other client a referral
            is a failure without a reason.
    """
    match decision:
        case Deliver():
            return build_reply(250, "2.1.5", "OK")
        case Refer(uris=uris, permanent=permanent):
            where = (Referral(uris),) if trusted else ()
            if permanent:
                return build_reply(550, "5.1.6", "User moved", where)
            return build_reply(450, "4.4.4", "Redirected", where)
        case Defer(retry_after_s=seconds):
            when = () if seconds is None else (RetryAfter(seconds),)
            return build_reply(450, "4.2.1", "Try again later", when)
        case Reject(reason=token):
            why = () if token is None else (Reason(token),)
            return build_reply(550, "5.1.1", "No such user here", why)
