"""Sections "Hop by Hop" and "Following a Referral": what a proxy does with what it has read."""

import ast
from ipaddress import ip_network
from pathlib import Path as FilePath

import pytest

from reply_metadata import Referral, RetryAfter, parse_reply
from reply_metadata.policy.dsn import diagnostic_code
from reply_metadata.policy.hop import HopPolicy, reply_for_next_hop
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
    refusal_of_session,
)
from reply_metadata.policy.retry import RetryPolicy, next_attempt, retry_delay
from reply_metadata.transitions import Protocol

PEER = endpoint("192.0.2.1", 24)
NOWHERE = Trail(frozenset())
POLICY = ReferralPolicy(
    follow=True,
    trusted_peers=(ip_network("192.0.2.0/24"),),
    allowed_networks=(ip_network("192.0.2.0/24"), ip_network("0.0.0.0/0")),
    allowed_ports=(range(24, 25),),
)
MIXED = parse_reply(
    b"450 4.4.4 [REFERRAL smtp://backend2/] [org.example.x 1] [COLOR blue] [REASON r] Moved\r\n",
    negotiated=True,
    command="RCPT",
)


def sent(policy: HopPolicy, *, negotiated: bool = True) -> bytes:
    return reply_for_next_hop(MIXED, policy, negotiated=negotiated).octets


@pytest.mark.draft("req-hop-pass", "req-hop-remove", "req-key-trusted", "req-private-hop")
def test_a_proxy_passes_on_what_it_understands_and_may_show() -> None:
    assert sent(HopPolicy()) == b"450 4.4.4 [REASON r] Moved\r\n"
    own = HopPolicy(private_keys=frozenset({"org.example.x"}))
    assert b"org.example.x" not in sent(own)
    trusted = HopPolicy(trusted=True, private_keys=frozenset({"org.example.x"}))
    assert b"[org.example.x 1]" in sent(trusted)
    assert b"COLOR" not in sent(trusted)


@pytest.mark.draft("req-hop-pass", "req-keyword-listed")
def test_a_proxy_passes_nothing_on_to_a_client_without_the_extension() -> None:
    assert sent(HopPolicy(trusted=True), negotiated=False) == b"450 4.4.4 Moved\r\n"


@pytest.mark.draft("req-hop-dsn", "req-unknown-key")
def test_a_notification_names_no_internal_host() -> None:
    text = diagnostic_code(MIXED)
    assert "Moved" in text
    for hidden in ("REFERRAL", "backend2", "org.example.x", "COLOR"):
        assert hidden not in text


@pytest.mark.draft("req-referral-off")
def test_without_configuration_no_referral_is_followed() -> None:
    assert may_follow(ReferralPolicy(), NOWHERE, PEER, secured=True) is NotFollowed.OFF


@pytest.mark.draft("req-referral-trust", "req-key-trusted")
def test_only_a_trusted_peer_refers() -> None:
    stranger = endpoint("198.51.100.1", 24)
    assert may_follow(POLICY, NOWHERE, PEER) is None
    assert may_follow(POLICY, NOWHERE, stranger) is NotFollowed.PEER_NOT_TRUSTED
    assert may_follow(POLICY, NOWHERE, stranger, secured=True) is NotFollowed.PEER_NOT_TRUSTED


@pytest.mark.draft("req-referral-targets", "req-referral-resolve")
@pytest.mark.parametrize(
    ("address", "port"),
    [
        ("127.0.0.1", 24),
        ("::1", 24),
        ("::ffff:127.0.0.1", 24),
        ("169.254.1.1", 24),
        ("224.0.0.1", 24),
        ("0.0.0.0", 24),
        ("2001:db8::1", 24),
        ("192.0.2.7", 22),
    ],
)
def test_a_referral_leads_only_where_the_list_says(address: str, port: int) -> None:
    assert refusal_of_endpoint(POLICY, NOWHERE, endpoint("192.0.2.7", 24)) is None
    assert refusal_of_endpoint(POLICY, NOWHERE, endpoint(address, port)) is not None


@pytest.mark.draft("req-referral-order", "req-referral-port", "req-referral-same")
def test_uris_are_taken_in_order_and_inherit_the_port() -> None:
    referral = Referral(("smtp://backend2/", "smtp://192.0.2.7:25/", "smtp://192.0.2.8:2424"))
    assert candidates(referral, Protocol.LMTP, 24) == (
        Candidate("smtp://backend2/", "backend2", 24),
        Skipped("smtp://192.0.2.7:25/", NotFollowed.LMTP_ON_PORT_25),
        Candidate("smtp://192.0.2.8:2424", "192.0.2.8", 2424),
    )
    without_port = candidates(Referral(("smtp://backend2/",)), Protocol.LMTP, None)
    assert without_port == (Skipped("smtp://backend2/", NotFollowed.NO_PORT),)


@pytest.mark.draft("req-referral-tls", "req-referral-extensions")
def test_protection_and_extensions_are_not_lost() -> None:
    level = TlsLevel
    assert refusal_of_session([], [], level.ENCRYPTED, level.NONE) is NotFollowed.LESS_TLS
    assert refusal_of_session([], [], level.VERIFIED, level.ENCRYPTED) is NotFollowed.LESS_TLS
    lacks = refusal_of_session(["8BITMIME"], ["SIZE"], level.NONE, level.NONE)
    assert lacks is NotFollowed.LACKS_EXTENSION
    assert refusal_of_session(["SIZE"], ["SIZE"], level.NONE, level.VERIFIED) is None


@pytest.mark.draft("req-referral-loop")
def test_no_host_is_asked_twice_and_no_more_than_three_referrals_are_followed() -> None:
    trail = NOWHERE
    for last in range(1, 4):
        hop: Endpoint = endpoint(f"192.0.2.{last}", 24)
        assert may_follow(POLICY, trail, PEER) is None
        assert refusal_of_endpoint(POLICY, trail, hop) is None
        trail = trail.after(hop)
        assert refusal_of_endpoint(POLICY, trail, hop) is NotFollowed.VISITED
    assert may_follow(POLICY, trail, PEER) is NotFollowed.TOO_MANY_HOPS


@pytest.mark.draft("req-referral-loop", "req-referral-none")
def test_what_is_left_when_nothing_can_be_followed_depends_on_the_code() -> None:
    loops = {code: ending(code, [NotFollowed.VISITED]) for code in (450, 550)}
    assert {code: hint and (hint.code, hint.enhanced_code) for code, hint in loops.items()} == {
        450: (451, "4.4.6"),
        550: (554, "5.4.6"),
    }
    assert ending(450, [NotFollowed.UNREACHABLE]) is None
    hint = ending(550, [NotFollowed.UNREACHABLE])
    assert hint is not None
    assert 400 <= hint.code < 500


@pytest.mark.draft("req-retry-cap")
def test_a_server_cannot_delay_a_message_beyond_the_cap_or_shorten_its_life() -> None:
    policy = RetryPolicy(cap_s=86_400, jitter=0.1)
    assert retry_delay(RetryAfter(9_999_999), policy, lambda: 0.0) == 86_400
    assert retry_delay(RetryAfter(300), policy, lambda: 1.0) == pytest.approx(330)
    assert next_attempt(0.0, 1000.0, 60.0, 86_400.0) == 1000.0


@pytest.mark.draft("req-help-uri-fetch")
def test_nothing_in_the_package_can_fetch_a_web_address(project: FilePath) -> None:
    fetching = {"urllib.request", "http.client", "webbrowser", "requests", "httpx", "aiohttp"}
    imported: dict[str, set[str]] = {}
    for path in (project / "reference/reply_metadata").rglob("*.py"):
        for node in ast.walk(ast.parse(path.read_text("utf-8"))):
            names = [node.module or ""] if isinstance(node, ast.ImportFrom) else []
            names += [each.name for each in node.names] if isinstance(node, ast.Import) else []
            for name in names:
                imported.setdefault(name, set()).add(path.name)
    assert "asyncio" in imported  # the walk sees imports
    assert {name: imported[name] for name in fetching & imported.keys()} == {}
