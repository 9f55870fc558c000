"""`send_message` and AUTH: for the server that was named, inside TLS, and for nobody else."""

from __future__ import annotations

import dataclasses
import ssl
from ipaddress import ip_address

import pytest

from reply_metadata.credentials import PlainCredentials
from reply_metadata.network.client_tls import ClientTls
from reply_metadata.network.referral_walk import Backend
from reply_metadata.network.resolver import TableResolver
from reply_metadata.policy.recipient import Refer
from reply_metadata.policy.referral import NotFollowed

USER1, USER2 = "user1@example.com", "user2@example.com"
trustme = pytest.importorskip("trustme", reason="trustme makes the certificates")
PASSWORD = PlainCredentials("user", "secret")


@pytest.fixture
def tls_names():
    authority = trustme.CA()
    context = ssl.create_default_context()
    authority.configure_trust(context)

    def server(name):
        made = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
        authority.issue_cert(name).configure_cert(made)
        return made

    names = {f"{name}.example": (ip_address("127.0.0.1"),) for name in ("one", "two")}
    return server, ClientTls(context), TableResolver(names)


async def right(given):
    return given == PASSWORD


@pytest.mark.draft("req-referral-no-auth")
def test_credentials_are_said_to_the_server_and_never_to_a_host_it_refers_to(
    hosts, run, sending, following, tls_names
):
    server_tls, client_tls, resolver = tls_names
    policy = dataclasses.replace(following, trusted_peers=(), trust_secured_sessions=True)
    asked = []

    async def verify(given):
        asked.append(given)
        return True

    async def scenario(credentials):
        async with hosts:
            two = await hosts.backend("two", tls=server_tls("two.example"), verify=verify)
            moved = {USER2: Refer((two.uri("two.example"),))}
            one = await hosts.backend(
                "one",
                moved,
                tls=server_tls("one.example"),
                verify=right,
                trusted_peers=following.trusted_peers,
            )
            results = await sending(
                Backend("one.example", one.port),
                [USER1, USER2],
                dialing={"tls": client_tls},
                referral=policy,
                resolver=resolver,
                credentials=credentials,
            )
            return results, hosts.wrote(one.port), hosts.wrote(two.port)

    results, first, second = run(scenario(PASSWORD))
    assert [result.delivered for result in results] == [True, True]
    assert "(credentials)" in first
    assert "(credentials)" not in second
    assert asked == []
    # The session was authenticated and encrypted; without credentials it is neither trusted.
    results, _, _ = run(scenario(None))
    assert results[1].reasons == (NotFollowed.PEER_NOT_TRUSTED,)


def test_wrong_credentials_end_the_attempt_with_the_reply(hosts, run, sending, tls_names):
    server_tls, client_tls, resolver = tls_names

    async def scenario(credentials):
        async with hosts:
            one = await hosts.backend("one", tls=server_tls("one.example"), verify=right)
            return await sending(
                Backend("one.example", one.port),
                [USER1],
                dialing={"tls": client_tls},
                resolver=resolver,
                credentials=credentials,
            )

    (wrong,) = run(scenario(PlainCredentials("user", "guess")))
    assert (wrong.reply.code, wrong.delivered) == (535, False)


def test_no_credentials_are_said_in_the_clear_even_where_the_server_asks_for_them(
    hosts, run, sending
):
    async def scenario():
        async with hosts:
            listing = await hosts.scripted(lambda line: b"250-mx\r\n250 AUTH PLAIN\r\n")
            results = await sending(listing, [USER1], credentials=PASSWORD)
            return results, listing.lines

    (result,), lines = run(scenario())
    assert (result.reply, result.delivered) == (None, False)
    assert "AUTH" in result.problem
    assert "secret" not in result.problem
    assert not any(line.startswith((b"AUTH", b"MAIL")) for line in lines)
