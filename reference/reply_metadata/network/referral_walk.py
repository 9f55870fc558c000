"""The walk of one recipient: its host is asked, then those that REFERRAL groups name.

Draft: #referral-procedure.

A proxy walks at RCPT, a client that sends a message walks for each of its recipients; both then
give the content to the transactions that accepted one.

Rule 1: what may be followed is decided in `policy.referral`; here is only the walk.
Rule 2: a name is resolved once, and what was resolved is what is judged and connected to.
Rule 3: a walk is bounded: in referrals, in hosts that are tried, and in time.
Rule 4: a transaction belongs to the name its host was called by, because its certificate was
checked against that name; another name of the same host gets a transaction of its own.
"""

from __future__ import annotations

import asyncio
import logging
from collections.abc import Iterable
from dataclasses import dataclass, replace
from typing import Final, NamedTuple

from reply_metadata.codec import build_reply
from reply_metadata.commands import MailFrom, RcptTo
from reply_metadata.credentials import PlainCredentials
from reply_metadata.errors import ReplyHint
from reply_metadata.keys import Referral
from reply_metadata.network.asyncio_client import PeerUnavailable
from reply_metadata.network.backend import BackendTransaction, Dialer, HostUnfit
from reply_metadata.network.resolver import Resolver
from reply_metadata.octets import escaped
from reply_metadata.policy.dovecot import DOVECOT_HOP_LIMIT, dovecot_redirect
from reply_metadata.policy.referral import (
    Candidate,
    Endpoint,
    NotFollowed,
    ReferralPolicy,
    Skipped,
    TlsLevel,
    Trail,
    candidates,
    ending,
    endpoint,
    may_follow,
    refusal_of_endpoint,
)
from reply_metadata.transitions import Answer, Protocol, answer_class
from reply_metadata.values import Reply

_LOG: Final = logging.getLogger("reply_metadata.referral")

DEFAULT_WALK_S: Final = 240.0
"""A client waits five minutes for the reply to RCPT (RFC 5321, Section 4.5.3.2.3)."""

_NOT_RESOLVED: Final = ReplyHint(451, "4.4.3", "The host behind this one was not found")
_NOT_REACHED: Final = ReplyHint(451, "4.4.1", "The host behind this one was not reached")
_UNFIT: Final = ReplyHint(451, "4.3.5", "The host behind this one cannot take this message")
_TOO_SLOW: Final = ReplyHint(451, "4.4.7", "The host behind this one did not answer in time")
_NOT_TO_BE_FOLLOWED: Final = frozenset({NotFollowed.OFF, NotFollowed.PEER_NOT_TRUSTED})


class Backend(NamedTuple):
    """A host by name or address literal, and its port."""

    host: str
    port: int


@dataclass(frozen=True, slots=True)
class Asked:
    """How the walk of one recipient ended.

    Args:
        reply: what counts: the reply of the last host, or what was made here in its place.
        transaction: where it was said; None when it was made here.
        hosts: everybody who was asked, in order.
        reasons: why a referral, or a host of one, was not used.
        problem: why no host gave the reply, in words; "" when one did.
        refusal: what stands in place of a host's reply to the recipient, if anything does: the
            reply with which it turned us away, or the end of a referral by its rules.
    """

    reply: Reply
    transaction: BackendTransaction | None = None
    hosts: tuple[Endpoint, ...] = ()
    reasons: tuple[NotFollowed, ...] = ()
    problem: str = ""
    refusal: Reply | None = None


class _Place(NamedTuple):
    """Where a transaction is: the address and the name it was called by."""

    endpoint: Endpoint
    name: str


class ReferralWalk:
    """The transactions for one message, and the walk of each of its recipients.

    Args:
        dialer: how hosts are called.
        policy: which referrals are followed.
        resolver: what finds addresses.
        own: the endpoint we serve ourselves, if we do: a referral to it is a loop.
        limit_s: how long one recipient may take.
    """

    def __init__(
        self,
        dialer: Dialer,
        policy: ReferralPolicy,
        resolver: Resolver,
        *,
        own: Endpoint | None = None,
        limit_s: float = DEFAULT_WALK_S,
    ) -> None:
        self._dialer = dialer
        self._policy = policy
        self._resolver = resolver
        self._own = frozenset() if own is None else frozenset({own})
        self._limit_s = limit_s
        self._transactions: dict[_Place, BackendTransaction] = {}

    async def ask(
        self,
        mail: MailFrom,
        recipient: RcptTo,
        first: Backend,
        *,
        only: BackendTransaction | None = None,
        credentials: PlainCredentials | None = None,
    ) -> Asked:
        """Ask a recipient's host, and those it is referred to.

        Args:
            mail: the MAIL command.
            recipient: the RCPT command.
            first: the host that is asked first.
            only: no referral is followed out of this transaction, when it is given.
            credentials: said to the first host.
        """
        walk = _Walk(mail, recipient, Trail(self._own), only)
        try:
            async with asyncio.timeout(self._limit_s):
                return await self._walk(walk, first, credentials)
        except TimeoutError:
            problem = f"no answer within {self._limit_s:g} seconds"
            _LOG.warning("%s: %s", walk.mailbox, problem)
            return walk.ended(_reply(_TOO_SLOW), problem=problem)

    async def close(self) -> None:
        """Close the connections of the message."""
        open_ones = tuple(self._transactions.values())
        self._transactions.clear()
        await asyncio.gather(*(transaction.close() for transaction in open_ones))

    async def _walk(
        self, walk: _Walk, first: Backend, credentials: PlainCredentials | None
    ) -> Asked:
        asked = await self._ask_first(walk, first, credentials)
        while asked.transaction is not None:
            came_from = asked.transaction
            referral, policy = self._referral_in(asked.reply, came_from)
            if referral is None:
                return walk.ended(asked.reply, came_from)
            secured = came_from.secured
            refused = may_follow(policy, walk.trail, came_from.endpoint, secured=secured)
            if refused in _NOT_TO_BE_FOLLOWED:
                walk.reasons.append(refused)
                return walk.ended(asked.reply, came_from)
            reasons = [] if refused is None else [refused]
            followed = None
            if refused is None:
                followed = await self._follow(walk, referral, came_from, reasons)
            walk.reasons += reasons
            if followed is None:
                why = "; ".join(dict.fromkeys(reason.value for reason in reasons))
                _LOG.info("%s not followed from %s: %s", walk.mailbox, came_from.endpoint, why)
                hint = ending(asked.reply.code, reasons)
                if hint is None:
                    return walk.ended(asked.reply, came_from)
                made = _reply(hint)
                return walk.ended(made, problem=why, refusal=made)
            _LOG.info("%s referred by %s", walk.mailbox, came_from.endpoint)
            asked = followed
        return asked

    def _referral_in(
        self, reply: Reply, transaction: BackendTransaction
    ) -> tuple[Referral | None, ReferralPolicy]:
        """The referral a reply holds, and the policy it comes under."""
        policy = self._policy
        if answer_class(reply.code) is Answer.SUCCESS:
            return None, policy
        referral = reply.metadata.get(Referral)
        lmtp = self._dialer.protocol is Protocol.LMTP
        if referral is None and policy.dovecot_redirects and lmtp and not transaction.mail_refused:
            return dovecot_redirect(reply), replace(policy, hop_limit=DOVECOT_HOP_LIMIT)
        return referral, policy

    async def _ask_first(
        self, walk: _Walk, first: Backend, credentials: PlainCredentials | None
    ) -> Asked:
        """Ask the host that is known before any referral."""
        hint, problem, refusal = _NOT_RESOLVED, f"{first.host} was not found", None
        for address in await self._resolver.addresses(first.host):
            target = endpoint(address, first.port)
            try:
                asked = await self._ask(walk, target, first.host, credentials=credentials)
            except PeerUnavailable as error:
                hint, problem, refusal = _NOT_REACHED, escaped(str(error)), error.reply
            except HostUnfit as error:
                hint, problem, refusal = _UNFIT, str(error), None
            else:
                walk.trail = walk.trail.asked(target)
                return asked
            _LOG.warning("backend %s", problem)
        return walk.ended(_reply(hint), problem=problem, refusal=refusal)

    async def _follow(
        self,
        walk: _Walk,
        referral: Referral,
        came_from: BackendTransaction,
        reasons: list[NotFollowed],
    ) -> Asked | None:
        """Ask the first usable host of a referral; None, and why in `reasons`, if there is none."""
        for named in candidates(referral, self._dialer.protocol, came_from.endpoint.port):
            if isinstance(named, Skipped):
                reasons.append(named.reason)
                continue
            for target in await self._resolved(named, reasons):
                refused = refusal_of_endpoint(self._policy, walk.trail, target)
                if refused is None and not self._is_open_to(walk.only, target, named.host):
                    refused = NotFollowed.OTHER_HOST
                if refused is None and walk.targets >= self._policy.target_limit:
                    refused = NotFollowed.TOO_MANY_TARGETS
                if refused is not None:
                    reasons.append(refused)
                    continue
                walk.targets += 1
                try:
                    asked = await self._ask(walk, target, named.host, came_from.tls)
                except PeerUnavailable as error:
                    _LOG.info("referred host %s", escaped(str(error)))
                    reasons.append(NotFollowed.UNREACHABLE)
                except HostUnfit as error:
                    reasons.append(error.reason)
                else:
                    walk.trail = walk.trail.after(target)
                    return asked
        return None

    async def _resolved(self, named: Candidate, reasons: list[NotFollowed]) -> Iterable[Endpoint]:
        addresses = await self._resolver.addresses(named.host)
        if not addresses:
            reasons.append(NotFollowed.NOT_RESOLVED)
        return [endpoint(address, named.port) for address in addresses]

    def _is_open_to(self, only: BackendTransaction | None, target: Endpoint, name: str) -> bool:
        return only is None or self._transactions.get(self._place(target, name)) is only

    def _place(self, target: Endpoint, name: str) -> _Place:
        return _Place(target, "" if self._dialer.tls is None else name.lower())

    async def _ask(
        self,
        walk: _Walk,
        target: Endpoint,
        name: str,
        tls_before: TlsLevel = TlsLevel.NONE,
        credentials: PlainCredentials | None = None,
    ) -> Asked:
        """Ask one host, in the transaction that is open with it or in a new one."""
        place = self._place(target, name)
        transaction = self._transactions.get(place)
        if transaction is None:
            transaction = await BackendTransaction.open(
                self._dialer, target, name, walk.mail, tls_before, credentials
            )
            self._transactions[place] = transaction
        elif transaction.tls < tls_before:
            raise HostUnfit(target, NotFollowed.LESS_TLS)
        reply = await transaction.ask(walk.recipient)
        walk.hosts.append(target)
        return walk.ended(reply, transaction)


class _Walk:
    """What is known of one recipient while it walks."""

    def __init__(
        self, mail: MailFrom, recipient: RcptTo, trail: Trail, only: BackendTransaction | None
    ) -> None:
        self.mail: Final = mail
        self.recipient: Final = recipient
        self.only: Final = only
        self.mailbox: Final = escaped(recipient.recipient.mailbox)
        self.trail = trail
        self.targets = 0
        self.hosts: list[Endpoint] = []
        self.reasons: list[NotFollowed] = []

    def ended(
        self,
        reply: Reply,
        transaction: BackendTransaction | None = None,
        *,
        problem: str = "",
        refusal: Reply | None = None,
    ) -> Asked:
        """The walk as far as it came."""
        hosts, reasons = tuple(self.hosts), tuple(self.reasons)
        return Asked(reply, transaction, hosts, reasons, problem, refusal)


def _reply(hint: ReplyHint) -> Reply:
    return build_reply(hint.code, hint.enhanced_code, hint.text)
