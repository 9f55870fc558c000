"""Which referrals are followed: nothing by default, and never where the lists do not allow."""

from __future__ import annotations

from ipaddress import ip_network

import pytest

from reply_metadata.codec import parse_reply
from reply_metadata.errors import MetadataSyntaxError
from reply_metadata.keys import Referral
from reply_metadata.policy.dovecot import dovecot_redirect
from reply_metadata.policy.referral import (
    Candidate,
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
    refusal_of_session,
)
from reply_metadata.transitions import Protocol

PEER = endpoint("192.0.2.1", 24)
START = Trail(frozenset({PEER}))


def policy(**options):
    given = {
        "follow": True,
        "trusted_peers": (ip_network("192.0.2.0/24"),),
        "allowed_networks": (ip_network("192.0.2.0/24"), ip_network("2001:db8::/32")),
        "allowed_ports": (range(24, 25), range(2400, 2500)),
    }
    return ReferralPolicy(**(given | options))


def test_nothing_is_followed_by_default():
    assert may_follow(ReferralPolicy(), START, PEER) is NotFollowed.OFF
    assert ReferralPolicy().allowed_networks == ()


def test_switching_it_on_alone_follows_nothing():
    only_on = ReferralPolicy(follow=True)
    assert may_follow(only_on, START, PEER) is NotFollowed.PEER_NOT_TRUSTED
    trusting = ReferralPolicy(follow=True, trusted_peers=(ip_network("192.0.2.0/24"),))
    assert may_follow(trusting, START, PEER) is None
    target = endpoint("192.0.2.7", 24)
    assert refusal_of_endpoint(trusting, START, target) is NotFollowed.NETWORK_NOT_ALLOWED


def test_a_referral_counts_from_a_listed_peer_or_on_a_secured_session_if_that_is_configured():
    stranger = endpoint("198.51.100.1", 24)
    assert may_follow(policy(), START, PEER) is None
    assert may_follow(policy(), START, stranger) is NotFollowed.PEER_NOT_TRUSTED
    assert may_follow(policy(), START, stranger, secured=True) is NotFollowed.PEER_NOT_TRUSTED
    assert may_follow(policy(trust_secured_sessions=True), START, stranger, secured=True) is None


@pytest.mark.parametrize(
    ("address", "port", "reason"),
    [
        ("192.0.2.7", 24, None),
        ("2001:db8::7", 2400, None),
        ("192.0.2.7", 25, NotFollowed.PORT_NOT_ALLOWED),
        ("192.0.2.7", 22, NotFollowed.PORT_NOT_ALLOWED),
        ("192.0.2.7", 6379, NotFollowed.PORT_NOT_ALLOWED),
        ("198.51.100.7", 24, NotFollowed.NETWORK_NOT_ALLOWED),
        ("127.0.0.1", 24, NotFollowed.LOOPBACK),
        ("127.255.255.254", 24, NotFollowed.LOOPBACK),
        ("::1", 24, NotFollowed.LOOPBACK),
        ("::ffff:127.0.0.1", 24, NotFollowed.LOOPBACK),
        ("169.254.169.254", 24, NotFollowed.LINK_LOCAL),
        ("fe80::1", 24, NotFollowed.LINK_LOCAL),
        ("0.0.0.0", 24, NotFollowed.NO_HOST_ADDRESS),
        ("::", 24, NotFollowed.NO_HOST_ADDRESS),
        ("224.0.0.1", 24, NotFollowed.NO_HOST_ADDRESS),
        ("192.0.2.1", 24, NotFollowed.VISITED),
        ("::ffff:192.0.2.1", 24, NotFollowed.VISITED),
    ],
)
def test_the_address_that_is_connected_to_decides(address, port, reason):
    assert refusal_of_endpoint(policy(), START, endpoint(address, port)) is reason


@pytest.mark.parametrize(
    ("address", "network", "reason"),
    [
        ("127.0.0.1", "0.0.0.0/0", NotFollowed.LOOPBACK),
        ("::1", "::/0", NotFollowed.LOOPBACK),
        ("169.254.1.1", "0.0.0.0/0", NotFollowed.LINK_LOCAL),
        ("0.0.0.0", "0.0.0.0/0", NotFollowed.NO_HOST_ADDRESS),
        ("127.0.0.1", "127.0.0.0/8", None),
        ("127.0.0.1", "127.0.0.1/32", None),
        ("169.254.1.1", "169.254.0.0/16", None),
        ("fe80::1", "fe80::/10", None),
    ],
)
def test_loopback_and_link_local_need_an_entry_of_their_own(address, network, reason):
    allowed = policy(allowed_networks=(ip_network(network),))
    assert refusal_of_endpoint(allowed, START, endpoint(address, 24)) is reason


# URIs


@pytest.mark.parametrize(
    "uri",
    [
        "smtp://back\r\nend2/",
        " smtp://backend2/",
        "smtp://a@b@c/",
        "smtp://user@backend2/",
        "smtp://user:secret@backend2/",
        "smtp://h\\@evil/",
        "smtp://\uff4cocalhost/",
        "smtp://h/?\x00",
        "smtp://h%0d%0aRSET/",
        "smtp://127.1/",
        "smtp://0x7f000001/",
        "smtp://2130706433/",
        "smtp://backend2/path",
        "smtp://backend2/?q",
        "smtp://backend2:0/",
        "smtp://backend2:65536/",
        "smtp://[::1/",
        "smtp://[fe80::1%25eth0]/",
        "lmtp://backend2/",
        "smtp:///",
    ],
)
def test_a_uri_the_grammar_refuses_makes_no_referral(uri):
    with pytest.raises(MetadataSyntaxError):
        Referral((uri,))


def test_uris_are_tried_in_order_with_their_port_or_the_inherited_one():
    referral = Referral(("smtp://backend2/", "smtp://192.0.2.7:2400/", "smtp://[2001:db8::7]:24/"))
    assert candidates(referral, Protocol.SMTP, 25) == (
        Candidate("smtp://backend2/", "backend2", 25),
        Candidate("smtp://192.0.2.7:2400/", "192.0.2.7", 2400),
        Candidate("smtp://[2001:db8::7]:24/", "2001:db8::7", 24),
    )


def test_lmtp_is_never_sent_to_port_25_and_a_port_must_come_from_somewhere():
    referral = Referral(("smtp://backend2/", "smtp://backend3:25/", "smtp://backend4:24/"))
    assert candidates(referral, Protocol.LMTP, None) == (
        Skipped("smtp://backend2/", NotFollowed.NO_PORT),
        Skipped("smtp://backend3:25/", NotFollowed.LMTP_ON_PORT_25),
        Candidate("smtp://backend4:24/", "backend4", 24),
    )
    assert candidates(referral, Protocol.LMTP, 25)[0] == Skipped(
        "smtp://backend2/", NotFollowed.LMTP_ON_PORT_25
    )


# Loops and endings


def test_more_than_three_referrals_are_a_loop():
    trail = START
    for number in range(3):
        assert may_follow(policy(), trail, PEER) is None
        trail = trail.after(endpoint(f"192.0.2.{10 + number}", 24))
    assert may_follow(policy(), trail, PEER) is NotFollowed.TOO_MANY_HOPS


def test_a_host_is_the_same_on_another_port_only_if_the_port_is():
    trail = START.after(endpoint("192.0.2.7", 24))
    assert refusal_of_endpoint(policy(), trail, endpoint("192.0.2.7", 24)) is NotFollowed.VISITED
    assert refusal_of_endpoint(policy(), trail, endpoint("192.0.2.7", 2400)) is None


@pytest.mark.parametrize(
    ("code", "reasons", "result"),
    [
        (450, [NotFollowed.VISITED], (451, "4.4.6")),
        (450, [NotFollowed.TOO_MANY_HOPS], (451, "4.4.6")),
        (550, [NotFollowed.UNREACHABLE, NotFollowed.VISITED], (554, "5.4.6")),
        (550, [NotFollowed.TOO_MANY_HOPS], (554, "5.4.6")),
        (450, [NotFollowed.UNREACHABLE], None),
        (450, [], None),
        (550, [NotFollowed.UNREACHABLE], (451, "4.4.4")),
        (550, [NotFollowed.LOOPBACK], (451, "4.4.4")),
    ],
)
def test_what_is_left_when_no_host_was_usable(code, reasons, result):
    hint = ending(code, reasons)
    assert (None if hint is None else hint[:2]) == result


def test_a_session_is_used_only_when_nothing_is_lost():
    none, encrypted, verified = TlsLevel
    assert refusal_of_session((), (), none, none) is None
    assert refusal_of_session((), (), encrypted, verified) is None
    assert refusal_of_session((), (), verified, encrypted) is NotFollowed.LESS_TLS
    assert refusal_of_session((), (), encrypted, none) is NotFollowed.LESS_TLS
    offered = ("PIPELINING", "8BITMIME")
    assert refusal_of_session(("8BITMIME",), offered, none, none) is None
    assert refusal_of_session(("SMTPUTF8",), offered, none, none) is NotFollowed.LACKS_EXTENSION


def test_a_policy_without_a_hop_limit_cannot_be_built():
    with pytest.raises(ValueError, match="hop_limit"):
        ReferralPolicy(hop_limit=0)


# Dovecot's redirect


def reply(octets):
    return parse_reply(octets, negotiated=False, command="RCPT", lmtp=True)


@pytest.mark.parametrize(
    ("octets", "uri"),
    [
        (
            b"550 5.2.900 <user@example.org> user%40example.org@192.0.2.7:24 Referral\r\n",
            "smtp://192.0.2.7:24/",
        ),
        (b"550 5.2.900 user@192.0.2.7:24 Referral\r\n", "smtp://192.0.2.7:24/"),
        (b"550 5.2.900 @192.0.2.7:24\r\n", "smtp://192.0.2.7:24/"),
        (b"550 5.2.900 u@[2001:db8::7]:24 x\r\n", "smtp://[2001:db8::7]:24/"),
        (
            b"550-5.2.900 <u@d> u%40d@192.0.2.7:24 Referral\r\n"
            b"550 5.2.900 [REFERRAL smtp://192.0.2.8:24/] User moved\r\n",
            "smtp://192.0.2.7:24/",
        ),
    ],
)
def test_the_redirect_of_dovecot_is_a_referral(octets, uri):
    assert dovecot_redirect(reply(octets)) == Referral((uri,))


@pytest.mark.parametrize(
    "octets",
    [
        b"550 5.2.901 u@192.0.2.7:24 Referral\r\n",
        b"551 5.2.900 u@192.0.2.7:24 Referral\r\n",
        b"450 5.2.900 u@192.0.2.7:24 Referral\r\n",
        b"550 5.2.900 192.0.2.7:24 Referral\r\n",
        b"550 5.2.900 u@192.0.2.7 Referral\r\n",
        b"550 5.2.900 u@backend2:24 Referral\r\n",
        b"550 5.2.900 u@192.0.2.777:24 Referral\r\n",
        b"550 5.2.900 u@127.1:24 Referral\r\n",
        b"550 5.2.900 u@192.0.2.7:99999 Referral\r\n",
        b"550 5.2.900 u@192.0.2.7:0 Referral\r\n",
        b"550 5.2.900 a@b@192.0.2.7:24 Referral\r\n",
        b"550 5.2.900\r\n",
        b"550\r\n",
    ],
)
def test_what_is_not_exactly_a_redirect_of_dovecot_is_a_failure(octets):
    assert dovecot_redirect(reply(octets)) is None
