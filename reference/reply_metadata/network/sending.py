"""Give a message to a server, and learn what became of it for each recipient.

    settings = SendSettings(Backend("mx.example.org", 25), Dialer("client.example.org", SMTP))
    results = await send_message(content, sender, recipients, settings)

Draft: #referral-procedure, #key-retry-after.

Rule 1: each recipient has one result, in the order given, whatever happens on the way.
Rule 2: a recipient that was accepted, or of which that is not known, is never tried again.
Rule 3: referrals are followed as `settings.referral` allows, a RETRY-AFTER is obeyed as
`settings.retry` says; without them, neither.
Rule 4: nothing learned from one message is kept for the next.
"""

from __future__ import annotations

import asyncio
import random
from collections.abc import Awaitable, Callable, Iterable, Sequence
from dataclasses import dataclass, field, replace
from typing import Final, NamedTuple

from reply_metadata.commands import MailFrom, Parameter, RcptTo
from reply_metadata.credentials import PlainCredentials
from reply_metadata.keys import RetryAfter
from reply_metadata.message_content import content_as_sent
from reply_metadata.network.asyncio_client import PeerUnavailable
from reply_metadata.network.backend import BackendTransaction, Dialer
from reply_metadata.network.referral_walk import DEFAULT_WALK_S, Asked, Backend, ReferralWalk
from reply_metadata.network.resolver import Resolver, SystemResolver
from reply_metadata.paths import Path
from reply_metadata.policy.referral import Endpoint, NotFollowed, ReferralPolicy
from reply_metadata.policy.retry import RetryOnce, RetryScope, asked_to_wait, retry_scope
from reply_metadata.transitions import Answer, Protocol, answer_class
from reply_metadata.values import Reply

_UNKNOWN: Final = "no reply to the content: whether the message was taken is not known"


@dataclass(frozen=True, slots=True)
class RecipientResult:
    """What became of the message for one recipient.

    Args:
        recipient: the recipient.
        reply: the reply that decided; None when no host gave one.
        hosts: the hosts that were asked, in order; the last one decided.
        reasons: why a referral, or a host of one, was not used.
        problem: why no host decided, in words; "" when one did.
        attempts: how often it was tried.
        wait_for: what a RETRY-AFTER in `reply` is about; None when there is none.
        unknown: whether the content was sent and no reply came: it may have been delivered.
    """

    recipient: Path
    reply: Reply | None
    hosts: tuple[Endpoint, ...] = ()
    reasons: tuple[NotFollowed, ...] = ()
    problem: str = ""
    attempts: int = 1
    wait_for: RetryScope | None = None
    unknown: bool = False

    @property
    def delivered(self) -> bool:
        """Whether a host took the message for this recipient."""
        return self.reply is not None and answer_class(self.reply.code) is Answer.SUCCESS

    @property
    def retry_after_s(self) -> int | None:
        """The seconds the server asked to wait, if it did."""
        asked = None if self.reply is None else asked_to_wait(self.reply)
        return None if asked is None else asked.seconds


@dataclass(frozen=True, slots=True)
class SendSettings:
    """Where and how messages are sent.

    Args:
        server: the host that is asked first.
        dialer: how hosts are called.
        credentials: for `server` only, inside TLS only (RFC 4954); never for a referred host.
        referral: which referrals are followed.
        retry: whether a RETRY-AFTER is waited for.
        resolver: what finds addresses.
        recipient_timeout_s: how long one recipient may take, all referrals included.
        sleep: waits that many seconds.
        random_part: gives a number from 0 to 1.
    """

    server: Backend
    dialer: Dialer
    credentials: PlainCredentials | None = None
    referral: ReferralPolicy = field(default_factory=ReferralPolicy)
    retry: RetryOnce | None = None
    resolver: Resolver = field(default_factory=SystemResolver)
    recipient_timeout_s: float = DEFAULT_WALK_S
    sleep: Callable[[float], Awaitable[None]] = asyncio.sleep
    random_part: Callable[[], float] = random.random


async def send_message(
    content: bytes,
    sender: Path,
    recipients: Sequence[Path],
    settings: SendSettings,
    *,
    parameters: Sequence[Parameter] = (),
) -> tuple[RecipientResult, ...]:
    """Send one message; a result for each recipient, in their order.

    Args:
        content: the message, its lines ended by CRLF.
        sender: the reverse-path.
        recipients: at least one.
        settings: where and how.
        parameters: of MAIL; SMTPUTF8 is added when an address needs it.

    Raises:
        LocalProtocolError: the content has a bare CR or LF, or the sender cannot be one.
    """
    content_as_sent(content)  # refuses what could not be sent later, before anybody is asked
    utf8 = any(path.needs_smtputf8 for path in (sender, *recipients))
    has_it = any(one.keyword == "SMTPUTF8" for one in parameters)
    extra = (Parameter("SMTPUTF8"),) if utf8 and not has_it else ()
    mail = MailFrom(sender, (*parameters, *extra))
    results = list(await _attempt(content, mail, recipients, settings))
    clock = asyncio.get_running_loop().time
    begin = clock()
    for wait, numbers in _waits(results, settings):
        await settings.sleep(max(0.0, begin + wait - clock()))
        again = await _attempt(content, mail, [recipients[number] for number in numbers], settings)
        for number, result in zip(numbers, again, strict=True):
            results[number] = replace(result, attempts=2)
    return tuple(results)


def _waits(
    results: Sequence[RecipientResult], settings: SendSettings
) -> list[tuple[float, list[int]]]:
    """When which recipients are tried once more, earliest first."""
    if settings.retry is None:
        return []
    servers = [one.retry_after_s or 0 for one in results if one.wait_for is RetryScope.SERVER]
    at_least = max(servers, default=None)
    of_seconds: dict[int, list[int]] = {}
    for number, result in enumerate(results):
        own = result.retry_after_s
        if result.unknown or not _transient(result) or (own is None and at_least is None):
            continue
        of_seconds.setdefault(max(own or 0, at_least or 0), []).append(number)
    planned = []
    for seconds, numbers in sorted(of_seconds.items()):
        wait = settings.retry.wait(RetryAfter(seconds), settings.random_part)
        if wait is not None:
            planned.append((wait, numbers))
    return planned


def _transient(result: RecipientResult) -> bool:
    return result.reply is None or result.reply.code // 100 == 4


async def _attempt(
    content: bytes, mail: MailFrom, recipients: Iterable[Path], settings: SendSettings
) -> tuple[RecipientResult, ...]:
    """Ask for every recipient, then give the content to every host that took one."""
    walk = ReferralWalk(
        settings.dialer, settings.referral, settings.resolver, limit_s=settings.recipient_timeout_s
    )
    results: list[RecipientResult] = []
    accepted: dict[BackendTransaction, list[int]] = {}
    try:
        for number, recipient in enumerate(recipients):
            asked = await walk.ask(
                mail, RcptTo(recipient), settings.server, credentials=settings.credentials
            )
            results.append(_refused(recipient, asked))
            if asked.transaction is not None and results[-1].delivered:
                accepted.setdefault(asked.transaction, []).append(number)
        outcomes = await asyncio.gather(
            *(_deliver(host, content, len(numbers)) for host, numbers in accepted.items())
        )
        lmtp = settings.dialer.protocol is Protocol.LMTP
        for numbers, outcome in zip(accepted.values(), outcomes, strict=True):
            for number, reply in zip(numbers, outcome.replies, strict=True):
                unknown = outcome.sent and reply is None
                results[number] = replace(
                    results[number],
                    reply=reply,
                    problem=_UNKNOWN if unknown else outcome.problem,
                    unknown=unknown,
                    wait_for=_wait_for(reply, "DATA", per_recipient=lmtp),
                )
    finally:
        await walk.close()
    return tuple(results)


def _refused(recipient: Path, asked: Asked) -> RecipientResult:
    """The result as it stands after RCPT; one that was accepted is replaced later."""
    host = asked.transaction
    reply = asked.refusal if host is None else asked.reply
    command = "MAIL" if host is not None and host.mail_refused else "RCPT"
    wait_for = _wait_for(reply, command)
    return RecipientResult(
        recipient, reply, asked.hosts, asked.reasons, asked.problem, wait_for=wait_for
    )


def _wait_for(
    reply: Reply | None, command: str, *, per_recipient: bool = False
) -> RetryScope | None:
    if reply is None or asked_to_wait(reply) is None:
        return None
    return retry_scope(command, reply.code, per_recipient=per_recipient)


class _Outcome(NamedTuple):
    """What a host made of the content: a reply for each of its recipients.

    Args:
        replies: None where none came.
        sent: whether the content was sent.
        problem: why it was not.
    """

    replies: tuple[Reply | None, ...]
    sent: bool = True
    problem: str = ""


async def _deliver(host: BackendTransaction, content: bytes, count: int) -> _Outcome:
    try:
        return _Outcome(await host.deliver(content))
    except PeerUnavailable as error:
        return _Outcome((error.reply,) * count, sent=False, problem=str(error))
