"""Whether, where and how far a REFERRAL is followed.

Draft: #referral, #referral-procedure, #security-referral.

Rule 1: off by default.  What is on is listed: whose referrals count, which networks and ports they
may lead to.  A list is empty until somebody fills it.
Rule 2: a host is judged by the address that is connected to, after the one resolution, never by its
name: a name can mean something else a moment later.
Rule 3: loopback and link-local addresses need a list entry made of such addresses; 0.0.0.0/0 does
not let a referral into the machine itself.
Rule 4: the reply code decides what is left when nothing could be followed (`ending`).
"""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from enum import Enum, IntEnum
from ipaddress import IPv4Address, IPv4Network, IPv6Address, IPv6Network, ip_address
from typing import Final, NamedTuple

from reply_metadata.errors import ReplyHint
from reply_metadata.keys import Referral
from reply_metadata.transitions import Protocol

Address = IPv4Address | IPv6Address
Network = IPv4Network | IPv6Network

DEFAULT_HOP_LIMIT: Final = 3
DEFAULT_TARGET_LIMIT: Final = 8
"""As many as one REFERRAL can name; three of them with four addresses each would be 96."""
LMTP_FORBIDDEN_PORT: Final = 25
"""RFC 2033, Section 5: LMTP must not be used on port 25."""

LOOP_4YZ: Final = ReplyHint(451, "4.4.6", "Referral loop")
LOOP_5YZ: Final = ReplyHint(554, "5.4.6", "Referral loop")
NO_HOST_USABLE: Final = ReplyHint(451, "4.4.4", "The host it was referred to cannot be used")


class NotFollowed(Enum):
    """Why a referral, or one URI of it, is not followed; the values are words for a log."""

    OFF = "referrals are not followed here"
    PEER_NOT_TRUSTED = "the peer is not trusted to refer"
    NO_PORT = "the URI has no port and there is none to inherit"
    LMTP_ON_PORT_25 = "LMTP must not be used on port 25"
    NOT_RESOLVED = "the name was not resolved"
    NETWORK_NOT_ALLOWED = "the address is in no allowed network"
    LOOPBACK = "loopback addresses are not allowed"
    LINK_LOCAL = "link-local addresses are not allowed"
    NO_HOST_ADDRESS = "the address is no address of a host"
    PORT_NOT_ALLOWED = "the port is not allowed"
    VISITED = "that host and port were asked before"
    TOO_MANY_HOPS = "too many referrals"
    TOO_MANY_TARGETS = "too many hosts were tried"
    UNREACHABLE = "the host was not reached"
    LACKS_EXTENSION = "the host lacks an extension the transaction needs"
    LESS_TLS = "the connection would be protected less than before"
    OTHER_HOST = "the transaction has a recipient on another host"


LOOPS: Final = frozenset({NotFollowed.VISITED, NotFollowed.TOO_MANY_HOPS})


class TlsLevel(IntEnum):
    """How a connection is protected; more is greater."""

    NONE = 0
    ENCRYPTED = 1
    VERIFIED = 2


class Endpoint(NamedTuple):
    """What is connected to: one address and one port."""

    address: Address
    port: int

    def __str__(self) -> str:
        literal = f"[{self.address}]" if self.address.version == 6 else f"{self.address}"
        return f"{literal}:{self.port}"


def endpoint(address: str | Address, port: int) -> Endpoint:
    """An endpoint in its one form: an IPv4-mapped IPv6 address is the IPv4 address it means."""
    parsed = ip_address(address) if isinstance(address, str) else address
    if isinstance(parsed, IPv6Address) and parsed.ipv4_mapped is not None:
        parsed = parsed.ipv4_mapped
    return Endpoint(parsed, port)


@dataclass(frozen=True, slots=True)
class ReferralPolicy:
    """What the operator of a proxy allows; as built without arguments, nothing.

    Never for a host that relays to the MX of other domains: their referrals are of strangers.

    Args:
        follow: whether referrals are followed at all.
        trusted_peers: networks of the servers whose referrals count.
        trust_secured_sessions: whether they also count on a session that is authenticated and
            encrypted.
        allowed_networks: where a referral may lead.
        allowed_ports: to which ports.
        hop_limit: how many referrals one recipient may take.
        target_limit: how many referred hosts are tried for one recipient, over all its referrals.
        dovecot_redirects: whether Dovecot's `550 5.2.900 ... Referral` counts as a referral, too.
    """

    follow: bool = False
    trusted_peers: tuple[Network, ...] = ()
    trust_secured_sessions: bool = False
    allowed_networks: tuple[Network, ...] = ()
    allowed_ports: tuple[range, ...] = ()
    hop_limit: int = DEFAULT_HOP_LIMIT
    target_limit: int = DEFAULT_TARGET_LIMIT
    dovecot_redirects: bool = False

    def __post_init__(self) -> None:
        for name in ("hop_limit", "target_limit"):
            if getattr(self, name) < 1:
                raise ValueError(f"{name} must be at least 1")


@dataclass(frozen=True, slots=True)
class Trail:
    """Where one recipient has been: part of the loop rule.

    Args:
        visited: every endpoint asked so far, our own included.
        hops: how many referrals were followed.
    """

    visited: frozenset[Endpoint]
    hops: int = 0

    def asked(self, host: Endpoint) -> Trail:
        """The trail once a host was asked without a referral."""
        return Trail(self.visited | {host}, self.hops)

    def after(self, next_hop: Endpoint) -> Trail:
        """The trail once a referral to `next_hop` is followed."""
        return Trail(self.visited | {next_hop}, self.hops + 1)


class Candidate(NamedTuple):
    """A host a referral names, before its name is resolved.

    Args:
        uri: the URI as sent; its host is what a certificate is checked against.
        host: domain name or address literal without brackets.
        port: the port of the URI, or the one inherited.
    """

    uri: str
    host: str
    port: int


class Skipped(NamedTuple):
    """A URI that is not used, and why."""

    uri: str
    reason: NotFollowed


def may_follow(
    policy: ReferralPolicy, trail: Trail, peer: Endpoint, *, secured: bool = False
) -> NotFollowed | None:
    """Why a referral of this peer is not followed, or None when it may be.

    Args:
        policy: what the operator allows.
        trail: where the recipient has been.
        peer: the server that sent the referral.
        secured: whether the session with it is authenticated and encrypted.
    """
    if not policy.follow:
        return NotFollowed.OFF
    trusted = within_any(peer.address, policy.trusted_peers)
    if not trusted and not (policy.trust_secured_sessions and secured):
        return NotFollowed.PEER_NOT_TRUSTED
    return NotFollowed.TOO_MANY_HOPS if trail.hops >= policy.hop_limit else None


def candidates(
    referral: Referral, protocol: Protocol, inherited_port: int | None
) -> tuple[Candidate | Skipped, ...]:
    """The hosts of a referral, preferred first, with the port each one means.

    Args:
        referral: the referral.
        protocol: the protocol of the connection it came on, which stays the same.
        inherited_port: the port of that connection; None when it has none.
    """
    found: list[Candidate | Skipped] = []
    for uri, target in zip(referral.uris, referral.targets, strict=True):
        port = inherited_port if target.port is None else target.port
        if port is None:
            found.append(Skipped(uri, NotFollowed.NO_PORT))
        elif protocol is Protocol.LMTP and port == LMTP_FORBIDDEN_PORT:
            found.append(Skipped(uri, NotFollowed.LMTP_ON_PORT_25))
        else:
            found.append(Candidate(uri, target.host, port))
    return tuple(found)


def refusal_of_endpoint(
    policy: ReferralPolicy, trail: Trail, next_hop: Endpoint
) -> NotFollowed | None:
    """Why no referral may lead to this endpoint, or None when it may."""
    address = next_hop.address
    if address.is_unspecified or address.is_multicast:
        return NotFollowed.NO_HOST_ADDRESS
    networks = [network for network in policy.allowed_networks if _within(address, network)]
    if address.is_loopback and not any(network.is_loopback for network in networks):
        return NotFollowed.LOOPBACK
    if address.is_link_local and not any(network.is_link_local for network in networks):
        return NotFollowed.LINK_LOCAL
    if not networks:
        return NotFollowed.NETWORK_NOT_ALLOWED
    if not any(next_hop.port in ports for ports in policy.allowed_ports):
        return NotFollowed.PORT_NOT_ALLOWED
    return NotFollowed.VISITED if next_hop in trail.visited else None


def refusal_of_session(
    needed: Iterable[str], offered: Iterable[str], tls_before: TlsLevel, tls_now: TlsLevel
) -> NotFollowed | None:
    """Why the session with a referred host is not used, or None when it is.

    Args:
        needed: the keywords of the extensions the transaction uses.
        offered: the keywords the host listed.
        tls_before: how the connection was protected that the referral came on.
        tls_now: how the new one is.
    """
    if tls_now < tls_before:
        return NotFollowed.LESS_TLS
    return None if set(needed) <= set(offered) else NotFollowed.LACKS_EXTENSION


def ending(code: int, reasons: Iterable[NotFollowed]) -> ReplyHint | None:
    """What is answered in place of a referral that was tried and led nowhere.

    Args:
        code: the reply code the referral stood in.
        reasons: why its URIs were not used.

    Returns:
        None: the reply as received, without its REFERRAL; a 4yz keeps its meaning.
    """
    permanent = code // 100 == 5
    if LOOPS.intersection(reasons):
        return LOOP_5YZ if permanent else LOOP_4YZ
    return NO_HOST_USABLE if permanent else None


def within_any(address: Address, networks: Iterable[Network]) -> bool:
    """Whether an address is in one of the networks."""
    return any(_within(address, network) for network in networks)


def _within(address: Address, network: Network) -> bool:
    return address.version == network.version and address in network
