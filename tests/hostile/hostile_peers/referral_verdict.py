"""What the policy says to the referral of a transcript: one verdict a URI, or one for all."""

from __future__ import annotations

from ipaddress import ip_network

from hostile_peers.transcript import Transcript
from reply_metadata.keys import Referral
from reply_metadata.policy.referral import (
    Candidate,
    Endpoint,
    NotFollowed,
    ReferralPolicy,
    TlsLevel,
    Trail,
    candidates,
    endpoint,
    may_follow,
    refusal_of_endpoint,
    refusal_of_session,
)
from reply_metadata.values import Reply

CLIENT_NETWORK = ip_network("203.0.113.0/24")


def verdicts(transcript: Transcript, reply: Reply) -> list[str]:
    """The names of the verdicts; FOLLOWED where nothing is against it."""
    told = transcript.policy
    policy = ReferralPolicy(
        follow=told.get("follow", False),
        trusted_peers=(CLIENT_NETWORK,) if told.get("trusted") else (),
        allowed_networks=tuple(map(ip_network, told.get("networks", ()))),
        allowed_ports=tuple(range(first, last + 1) for first, last in told.get("ports", ())),
    )
    peer = _endpoint(told["came_from"])
    visited = frozenset({peer, *map(_endpoint, told.get("visited", ()))})
    trail = Trail(visited, told.get("hops", 0))
    refused = may_follow(policy, trail, peer)
    if refused is not None:
        return [refused.name]
    referral = reply.metadata.get(Referral)
    assert referral is not None
    return [
        _verdict(told, policy, trail, one)
        for one in candidates(referral, transcript.protocol, peer.port)
    ]


def _verdict(told: dict, policy: ReferralPolicy, trail: Trail, one) -> str:
    if not isinstance(one, Candidate):
        return one.reason.name
    addresses = told["names"].get(one.host)
    if addresses is None:
        try:
            addresses = [f"{endpoint(one.host, one.port).address}"]
        except ValueError:
            return NotFollowed.NOT_RESOLVED.name
    refused = refusal_of_endpoint(policy, trail, endpoint(addresses[0], one.port))
    if refused is None:
        before, now = (
            TlsLevel[told.get(name, "none").upper()] for name in ("tls_before", "tls_now")
        )
        refused = refusal_of_session(told.get("needed", ()), (), before, now)
    return "FOLLOWED" if refused is None else refused.name


def _endpoint(text: str) -> Endpoint:
    address, _, port = text.rpartition(":")
    return endpoint(address.strip("[]"), int(port))
