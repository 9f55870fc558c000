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
from typing import Final

from reply_metadata.codec import build_reply
from reply_metadata.commands import MailFrom, RcptTo
from reply_metadata.errors import ReplyHint
from reply_metadata.keys import Forward
from reply_metadata.network.asyncio_client import PeerUnavailable
from reply_metadata.network.backend import BackendTransaction, Dialer
from reply_metadata.network.referral_walk import DEFAULT_WALK_S, Asked, Backend, ReferralWalk
from reply_metadata.network.resolver import Resolver, SystemResolver
from reply_metadata.network.server_dialogue import HandlerFactory, Peers
from reply_metadata.octets import escaped
from reply_metadata.paths import Path
from reply_metadata.policy.hop import NOTHING_TRUSTED, HopPolicy, reply_for_next_hop
from reply_metadata.policy.one_reply import one_reply_for_all
from reply_metadata.policy.referral import Network, ReferralPolicy, within_any
from reply_metadata.server_session import ServerSession
from reply_metadata.transitions import DIALECTS, Answer, ResultCount, answer_class
from reply_metadata.values import Reply

__all__ = ["Backend", "ProxyHandler", "ProxySettings", "proxy_handlers"]

_LOG: Final = logging.getLogger("reply_metadata.proxy")

_NO_ROUTE: Final = ReplyHint(550, "5.1.2", "No host is known for that address")
_ANOTHER_HOST: Final = ReplyHint(452, "4.5.3", "Send to that recipient in another transaction")
_NO_REPLY: Final = ReplyHint(451, "4.4.2", "The host behind this one gave no reply")


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
        logged_fields: names of FORWARD fields of `referral.trusted_peers` that go into the log.
        recipient_timeout_s: how long one recipient may take, all referrals included.
    """

    routes: Mapping[str, Backend]
    dialer: Dialer
    referral: ReferralPolicy = field(default_factory=ReferralPolicy)
    hop: HopPolicy = field(default_factory=HopPolicy)
    trusted_clients: tuple[Network, ...] = ()
    resolver: Resolver = field(default_factory=SystemResolver)
    logged_fields: frozenset[str] = frozenset()
    recipient_timeout_s: float = DEFAULT_WALK_S

    def backend_for(self, recipient: Path) -> Backend | None:
        """The host a recipient is sent to first."""
        mailbox = recipient.mailbox.lower()
        for name in (mailbox, f"@{recipient.domain.lower()}", "*"):
            if name in self.routes:
                return self.routes[name]
        return None


class ProxyHandler:
    """One connection of a client; see `Handler`."""

    def __init__(self, settings: ProxySettings, session: ServerSession, peers: Peers) -> None:
        self._settings = settings
        self._session = session
        self._client_trusted = within_any(peers.client.address, settings.trusted_clients)
        self._one_reply = DIALECTS[session.protocol].result_count is ResultCount.ONE
        self._walk = ReferralWalk(
            settings.dialer,
            settings.referral,
            settings.resolver,
            own=peers.server,
            limit_s=settings.recipient_timeout_s,
        )
        self._accepted: list[BackendTransaction] = []  # of each accepted recipient, in order

    async def sender(self, mail: MailFrom) -> Reply:
        """Every sender is taken; the hosts judge it when their first recipient comes."""
        return build_reply(250, "2.1.0", "OK")

    async def recipient(self, mail: MailFrom, recipient: RcptTo) -> Reply:
        """What the recipient's host says, after all referrals."""
        backend = self._settings.backend_for(recipient.recipient)
        if backend is None:
            return _reply(_NO_ROUTE)
        bound = self._bound
        asked = await self._walk.ask(mail, recipient, backend, only=bound)
        self._log_fields(recipient, asked)
        accepted = answer_class(asked.reply.code) is Answer.SUCCESS
        if accepted and asked.transaction is not None:
            if bound not in {None, asked.transaction}:
                # That host has the recipient, but never gets DATA.
                return _reply(_ANOTHER_HOST)
            self._accepted.append(asked.transaction)
        return self._passed_on(asked.reply, asked.transaction, "RCPT")

    async def content(
        self, mail: MailFrom, recipients: Sequence[RcptTo], content: bytes
    ) -> Sequence[Reply]:
        """Give the content to every host that has a recipient, all at once."""
        hosts = tuple(dict.fromkeys(self._accepted))
        results = await asyncio.gather(*(self._deliver(host, content) for host in hosts))
        of_host = {host: iter(replies) for host, replies in zip(hosts, results, strict=True)}
        replies = [self._passed_on(next(of_host[host]), host, "DATA") for host in self._accepted]
        return (one_reply_for_all(replies),) if self._one_reply else replies

    async def forget(self) -> None:
        """Close the connections of the transaction."""
        self._accepted.clear()
        await self._walk.close()

    @property
    def _bound(self) -> BackendTransaction | None:
        """The one host this transaction can have, when its client gets one reply for all."""
        return self._accepted[0] if self._one_reply and self._accepted else None

    async def _deliver(self, host: BackendTransaction, content: bytes) -> Sequence[Reply]:
        """A reply for each recipient of a host: where none came it is a 4yz."""
        count = self._accepted.count(host)
        try:
            replies = await host.deliver(content)
        except PeerUnavailable as error:
            _LOG.warning("backend %s", escaped(str(error)))
            return (_reply(_NO_REPLY),) * count
        assert len(replies) == count  # what a host accepted was accepted here
        return tuple(_reply(_NO_REPLY) if one is None else one for one in replies)

    def _trusts(self, host: BackendTransaction | None) -> bool:
        peers = self._settings.referral.trusted_peers
        return host is not None and within_any(host.endpoint.address, peers)

    def _passed_on(self, reply: Reply, host: BackendTransaction | None, command: str) -> Reply:
        """The reply as it goes on: trusted-hop metadata only from and to trusted peers."""
        trusted = self._client_trusted and self._trusts(host)
        policy = self._settings.hop if trusted else NOTHING_TRUSTED
        return reply_for_next_hop(
            reply,
            policy,
            negotiated=self._session.negotiated,
            command=command,
            lmtp=not self._one_reply,
        )

    def _log_fields(self, recipient: RcptTo, asked: Asked) -> None:
        """Log the FORWARD fields that the operator asked for."""
        forward = asked.reply.metadata.get(Forward)
        if forward is None or asked.transaction is None or not self._trusts(asked.transaction):
            return
        wanted = self._settings.logged_fields
        fields = " ".join(
            f"{name}={escaped(value)}" for name, value in forward.fields if name in wanted
        )
        if fields:
            mailbox, host = escaped(recipient.recipient.mailbox), asked.transaction.endpoint
            _LOG.info("%s at %s: %s", mailbox, host, fields)


def proxy_handlers(settings: ProxySettings) -> HandlerFactory:
    """What `MailServer` needs to be a proxy."""

    def make(session: ServerSession, peers: Peers) -> ProxyHandler:
        return ProxyHandler(settings, session, peers)

    return make


def _reply(hint: ReplyHint) -> Reply:
    return build_reply(hint.code, hint.enhanced_code, hint.text)
