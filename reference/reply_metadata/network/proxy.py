"""A proxy: takes SMTP or LMTP, speaks LMTP with the hosts behind it, and follows REFERRAL.

Draft: #referral-procedure, #referral-proxy.

It keeps nothing: a recipient is accepted when its host accepted it, the content is answered when
each host answered.

Rule 1: which referral is followed is decided in `policy.referral`, what goes on to the client in
`policy.hop`; here is only the walk.
Rule 2: a client of LMTP gets each recipient's own reply, so its recipients may be on any hosts.
Rule 3: a client of SMTP gets one reply for all, so a transaction has one host: that of its first
accepted recipient.  No referral is followed to another, and a recipient of another is told 4yz, to
come in a transaction of its own; so one recipient at a time always works.
"""

from __future__ import annotations

import asyncio
import logging
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import Final, NamedTuple

from reply_metadata.codec import build_reply
from reply_metadata.commands import MailFrom, RcptTo
from reply_metadata.errors import ReplyHint
from reply_metadata.keys import Referral
from reply_metadata.network.asyncio_client import PeerUnavailable
from reply_metadata.network.asyncio_server import HandlerFactory, Peers
from reply_metadata.network.backend import BackendTransaction, Dialer, HostUnfit
from reply_metadata.network.resolver import Resolver, SystemResolver
from reply_metadata.octets import escaped
from reply_metadata.paths import Path
from reply_metadata.policy.dovecot import dovecot_redirect
from reply_metadata.policy.hop import NOTHING_TRUSTED, HopPolicy, reply_for_next_hop
from reply_metadata.policy.one_reply import one_reply_for_all
from reply_metadata.policy.referral import (
    Candidate,
    Endpoint,
    Network,
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
    within_any,
)
from reply_metadata.server_session import ServerSession
from reply_metadata.transitions import DIALECTS, Answer, ResultCount, answer_class
from reply_metadata.values import Reply

_LOG: Final = logging.getLogger("reply_metadata.proxy")

_NO_ROUTE: Final = ReplyHint(550, "5.1.2", "No host is known for that address")
_NOT_RESOLVED: Final = ReplyHint(451, "4.4.3", "The host behind this one was not found")
_NOT_REACHED: Final = ReplyHint(451, "4.4.1", "The host behind this one was not reached")
_UNFIT: Final = ReplyHint(451, "4.3.5", "The host behind this one cannot take this message")
_ANOTHER_HOST: Final = ReplyHint(452, "4.5.3", "Send to that recipient in another transaction")
_NOT_TO_BE_FOLLOWED: Final = frozenset({NotFollowed.OFF, NotFollowed.PEER_NOT_TRUSTED})


class Backend(NamedTuple):
    """A host behind the proxy."""

    host: str
    port: int


@dataclass(frozen=True, slots=True)
class ProxySettings:
    """What a proxy is told.

    Args:
        routes: mailbox, "@domain" or "*" (all others), in lower case -> its host.
        dialer: how the hosts are called.
        referral: which referrals are followed.
        hop: what goes on from `referral.trusted_peers` to `trusted_clients`; between any others no
            trusted-hop key does.
        trusted_clients: who sees trusted-hop metadata.
        resolver: what finds addresses.
    """

    routes: Mapping[str, Backend]
    dialer: Dialer
    referral: ReferralPolicy = field(default_factory=ReferralPolicy)
    hop: HopPolicy = field(default_factory=HopPolicy)
    trusted_clients: tuple[Network, ...] = ()
    resolver: Resolver = field(default_factory=SystemResolver)

    def backend_for(self, recipient: Path) -> Backend | None:
        """The host a recipient is sent to first."""
        mailbox = recipient.mailbox.lower()
        for name in (mailbox, f"@{recipient.domain.lower()}", "*"):
            if name in self.routes:
                return self.routes[name]
        return None


class _Asked(NamedTuple):
    """What a recipient's host said, and the transaction it said it in."""

    reply: Reply
    transaction: BackendTransaction | None


class ProxyHandler:
    """One connection of a client; see `Handler`."""

    def __init__(self, settings: ProxySettings, session: ServerSession, peers: Peers) -> None:
        self._settings = settings
        self._session = session
        self._own = peers.server
        self._client_trusted = within_any(peers.client.address, settings.trusted_clients)
        self._one_reply = DIALECTS[session.protocol].result_count is ResultCount.ONE
        self._transactions: dict[Endpoint, BackendTransaction] = {}
        self._accepted: list[BackendTransaction] = []  # of each accepted recipient, in order

    async def sender(self, mail: MailFrom) -> Reply:
        """Every sender is taken; the hosts judge it when their first recipient comes."""
        return build_reply(250, "2.1.0", "OK")

    async def recipient(self, mail: MailFrom, recipient: RcptTo) -> Reply:
        """What the recipient's host says, after all referrals."""
        asked = await self._route(mail, recipient)
        accepted = answer_class(asked.reply.code) is Answer.SUCCESS
        if accepted and asked.transaction is not None:
            if self._bound not in {None, asked.transaction}:
                # That host has the recipient, but never gets DATA.
                return _reply(_ANOTHER_HOST)
            self._accepted.append(asked.transaction)
        return self._passed_on(asked)

    async def content(
        self, mail: MailFrom, recipients: Sequence[RcptTo], content: bytes
    ) -> Sequence[Reply]:
        """Give the content to every host that has a recipient, all at once."""
        hosts = tuple(dict.fromkeys(self._accepted))
        results = await asyncio.gather(*(host.deliver(content) for host in hosts))
        of_host = {host: iter(replies) for host, replies in zip(hosts, results, strict=True)}
        replies = [self._passed_on(_Asked(next(of_host[host]), host)) for host in self._accepted]
        return (one_reply_for_all(replies),) if self._one_reply else replies

    async def forget(self) -> None:
        """Close the connections of the transaction."""
        open_ones = tuple(self._transactions.values())
        self._transactions.clear()
        self._accepted.clear()
        await asyncio.gather(*(transaction.close() for transaction in open_ones))

    @property
    def _bound(self) -> BackendTransaction | None:
        """The one host this transaction can have, when its client gets one reply for all."""
        return self._accepted[0] if self._one_reply and self._accepted else None

    def _passed_on(self, asked: _Asked) -> Reply:
        """The reply as it goes on: trusted-hop metadata only from and to trusted peers."""
        host, policy = asked.transaction, NOTHING_TRUSTED
        peers = self._settings.referral.trusted_peers
        if self._client_trusted and host and within_any(host.endpoint.address, peers):
            policy = self._settings.hop
        return reply_for_next_hop(asked.reply, policy, negotiated=self._session.negotiated)

    # The walk of one recipient

    async def _route(self, mail: MailFrom, recipient: RcptTo) -> _Asked:
        """Ask the recipient's host, and those it is referred to."""
        mailbox = escaped(recipient.recipient.mailbox)
        asked, trail = await self._ask_backend(mail, recipient)
        while asked.transaction is not None:
            came_from, referral = asked.transaction, self._referral_in(asked.reply)
            refused = may_follow(self._settings.referral, trail, came_from.endpoint)
            if referral is None or refused in _NOT_TO_BE_FOLLOWED:
                break
            reasons = [] if refused is None else [refused]
            followed = None
            if refused is None:
                followed = await self._follow(mail, recipient, referral, came_from, trail, reasons)
            if followed is None:
                why = "; ".join(reason.value for reason in reasons)
                _LOG.info("%s not followed from %s: %s", mailbox, came_from.endpoint, why)
                hint = ending(asked.reply.code, reasons)
                return asked if hint is None else _Asked(_reply(hint), None)
            _LOG.info("%s referred by %s", mailbox, came_from.endpoint)
            asked, trail = followed
        return asked

    def _referral_in(self, reply: Reply) -> Referral | None:
        if answer_class(reply.code) is Answer.SUCCESS:
            return None
        referral = reply.metadata.get(Referral)
        if referral is None and self._settings.referral.dovecot_redirects:
            return dovecot_redirect(reply)
        return referral

    async def _ask_backend(self, mail: MailFrom, recipient: RcptTo) -> tuple[_Asked, Trail]:
        """Ask the host the tables name."""
        trail = Trail(frozenset({self._own}))
        backend = self._settings.backend_for(recipient.recipient)
        if backend is None:
            return _Asked(_reply(_NO_ROUTE), None), trail
        hint = _NOT_RESOLVED
        for address in await self._settings.resolver.addresses(backend.host):
            target = endpoint(address, backend.port)
            try:
                return await self._ask(target, mail, recipient), trail.asked(target)
            except PeerUnavailable as error:
                _LOG.warning("backend %s", escaped(str(error)))
                hint = _NOT_REACHED
            except HostUnfit as error:
                _LOG.warning("backend %s", error)
                hint = _UNFIT
        return _Asked(_reply(hint), None), trail

    async def _follow(
        self,
        mail: MailFrom,
        recipient: RcptTo,
        referral: Referral,
        came_from: BackendTransaction,
        trail: Trail,
        reasons: list[NotFollowed],
    ) -> tuple[_Asked, Trail] | None:
        """Ask the first usable host of a referral; None, and why in `reasons`, if there is none."""
        protocol = self._settings.dialer.protocol
        for named in candidates(referral, protocol, came_from.endpoint.port):
            if isinstance(named, Skipped):
                reasons.append(named.reason)
                continue
            for target in await self._resolved(named, reasons):
                refused = refusal_of_endpoint(self._settings.referral, trail, target)
                if self._bound is not None and self._bound.endpoint != target:
                    refused = refused or NotFollowed.OTHER_HOST
                if refused is not None:
                    reasons.append(refused)
                    continue
                try:
                    asked = await self._ask(target, mail, recipient, came_from.tls)
                    return asked, trail.after(target)
                except PeerUnavailable as error:
                    _LOG.info("referred host %s", escaped(str(error)))
                    reasons.append(NotFollowed.UNREACHABLE)
                except HostUnfit as error:
                    reasons.append(error.reason)
        return None

    async def _resolved(self, named: Candidate, reasons: list[NotFollowed]) -> list[Endpoint]:
        addresses = await self._settings.resolver.addresses(named.host)
        if not addresses:
            reasons.append(NotFollowed.NOT_RESOLVED)
        return [endpoint(address, named.port) for address in addresses]

    async def _ask(
        self,
        target: Endpoint,
        mail: MailFrom,
        recipient: RcptTo,
        tls_before: TlsLevel = TlsLevel.NONE,
    ) -> _Asked:
        """Ask one host, in the transaction that is open with it or in a new one."""
        transaction = self._transactions.get(target)
        if transaction is None:
            dialer = self._settings.dialer
            transaction = await BackendTransaction.open(dialer, target, mail, tls_before)
            self._transactions[target] = transaction
        return _Asked(await transaction.ask(recipient), transaction)


def proxy_handlers(settings: ProxySettings) -> HandlerFactory:
    """What `MailServer` needs to be a proxy."""

    def make(session: ServerSession, peers: Peers) -> ProxyHandler:
        return ProxyHandler(settings, session, peers)

    return make


def _reply(hint: ReplyHint) -> Reply:
    return build_reply(hint.code, hint.enhanced_code, hint.text)
