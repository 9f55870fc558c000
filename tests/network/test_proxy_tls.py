"""TLS between a proxy and the hosts behind it: started, checked, and never lost by a referral."""

from __future__ import annotations

import ssl
from ipaddress import ip_address

import pytest

from reply_metadata.network.client_tls import ClientTls
from reply_metadata.network.proxy import Backend
from reply_metadata.network.resolver import TableResolver
from reply_metadata.policy.recipient import Refer
from reply_metadata.transitions import Protocol

trustme = pytest.importorskip("trustme", reason="trustme makes the certificates")

USER1, USER2, USER3 = (f"user{number}@example.com" for number in (1, 2, 3))
NAMES = TableResolver(
    {name: (ip_address("127.0.0.1"),) for name in ("one.example", "two.example", "alias.example")}
)
UNFIT = "451 4.4.1 The host behind this one was not reached"


@pytest.fixture(scope="module")
def authority():
    return trustme.CA()


@pytest.fixture
def certified(authority):
    """A server's context with a certificate for those names."""

    def make(*names):
        context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
        authority.issue_cert(*names).configure_cert(context)
        return context

    return make


@pytest.fixture
def checking(authority):
    """TLS is required, and certificates are checked."""
    context = ssl.create_default_context()
    authority.configure_trust(context)
    return ClientTls(context)


@pytest.fixture
def opportunistic():
    """TLS where it is offered, with any certificate."""
    context = ssl.create_default_context()
    context.check_hostname = False
    context.verify_mode = ssl.CERT_NONE
    return ClientTls(context, required=False)


def one_at(backend):
    return {"*": Backend("one.example", backend.port)}


def said_in_the_clear(hosts, backend):
    """The commands the proxy wrote; what follows STARTTLS went through TLS."""
    wrote = hosts.wrote(backend.port)
    return wrote[: wrote.index("STARTTLS") + 1] if "STARTTLS" in wrote else wrote


@pytest.mark.draft("req-referral-tls")
def test_a_referral_over_tls_leads_to_a_host_with_a_certificate_for_the_host_of_the_uri(
    hosts, run, certified, checking
):
    async def scenario():
        async with hosts:
            two = await hosts.backend("two", tls=certified("two.example"))
            moved = {USER2: Refer((two.uri("two.example"),))}
            one = await hosts.backend("one", moved, tls=certified("one.example"))
            port = await hosts.proxy(one_at(one), tls=checking, resolver=NAMES)
            client = await hosts.client(port)
            replies = await client.message(USER1, USER2)
            await client.close()
            clear = [said_in_the_clear(hosts, backend) for backend in (one, two)]
            return replies, clear, one.messages(USER1), two.messages(USER2)

    replies, clear, first, second = run(scenario())
    assert replies[:2] == ["250 2.1.5 OK", "250 2.1.5 OK"]
    assert [reply[:3] for reply in replies[3:]] == ["250", "250"]
    assert clear == [["LHLO proxy", "STARTTLS"]] * 2
    assert [len(first), len(second)] == [1, 1]


@pytest.mark.draft("req-referral-tls", "req-referral-extensions")
def test_a_host_without_a_certificate_for_the_host_of_the_uri_is_passed_over(
    hosts, run, certified, checking
):
    async def scenario():
        async with hosts:
            wrong = await hosts.backend("wrong", tls=certified("other.example"))
            right = await hosts.backend("right", tls=certified("two.example"))
            uris = (wrong.uri("alias.example"), right.uri("two.example"))
            one = await hosts.backend("one", {USER2: Refer(uris)}, tls=certified("one.example"))
            port = await hosts.proxy(one_at(one), tls=checking, resolver=NAMES)
            client = await hosts.client(port)
            replies = await client.message(USER2)
            await client.close()
            return replies, hosts.wrote(wrong.port), right.messages(USER2)

    replies, said_to_wrong, messages = run(scenario())
    assert replies[0] == "250 2.1.5 OK"
    assert said_to_wrong == ["LHLO proxy", "STARTTLS"]
    assert len(messages) == 1


@pytest.mark.draft("req-referral-tls")
@pytest.mark.parametrize(
    ("permanent", "answer"),
    [
        (False, "450 4.4.4 Redirected"),
        (True, "451 4.4.4 The host it was referred to cannot be used"),
    ],
)
@pytest.mark.parametrize("level", ["checking", "opportunistic"])
def test_no_referral_leads_from_tls_to_a_host_without_it(
    hosts, run, request, certified, level, permanent, answer
):
    tls = request.getfixturevalue(level)

    async def scenario():
        async with hosts:
            plain = await hosts.backend("plain")
            moved = {USER2: Refer((plain.uri("two.example"),), permanent)}
            one = await hosts.backend("one", moved, tls=certified("one.example"))
            port = await hosts.proxy(one_at(one), tls=tls, resolver=NAMES)
            client = await hosts.client(port)
            replies = await client.message(USER2)
            await client.close()
            return replies, hosts.wrote(plain.port)

    replies, wrote = run(scenario())
    assert replies[0] == answer
    assert wrote in (["LHLO proxy"], ["LHLO proxy", "QUIT"])


def test_without_tls_before_a_referral_may_lead_to_a_host_without_it(hosts, run, opportunistic):
    async def scenario():
        async with hosts:
            two = await hosts.backend("two")
            one = await hosts.backend("one", {USER2: Refer((two.uri("two.example"),))})
            port = await hosts.proxy(one_at(one), tls=opportunistic, resolver=NAMES)
            client = await hosts.client(port)
            replies = await client.message(USER2)
            await client.close()
            return replies[0]

    assert run(scenario()) == "250 2.1.5 OK"


def test_a_connection_without_tls_is_not_used_again_for_a_referral_that_came_over_tls(
    hosts, run, certified, opportunistic
):
    async def scenario():
        async with hosts:
            plain = await hosts.backend("plain")
            moved = {USER2: Refer((plain.uri("two.example"),))}
            one = await hosts.backend("one", moved, tls=certified("one.example"))
            routes = {
                USER1: Backend("two.example", plain.port),
                "*": Backend("one.example", one.port),
            }
            port = await hosts.proxy(routes, tls=opportunistic, resolver=NAMES)
            client = await hosts.client(port)
            replies = await client.message(USER1, USER2)
            await client.close()
            return replies, plain.messages(USER2)

    replies, messages = run(scenario())
    assert replies[:2] == ["250 2.1.5 OK", "450 4.4.4 Redirected"]
    assert messages == []


@pytest.mark.draft("req-referral-tls")
def test_a_connection_checked_under_one_name_is_not_used_for_another_name(
    hosts, run, certified, checking
):
    async def scenario():
        async with hosts:
            two = await hosts.backend("two", tls=certified("two.example"))
            moved = {
                USER2: Refer((two.uri("two.example"),)),
                USER3: Refer((two.uri("alias.example"),)),
            }
            one = await hosts.backend("one", moved, tls=certified("one.example"))
            port = await hosts.proxy(one_at(one), tls=checking, resolver=NAMES)
            client = await hosts.client(port)
            replies = await client.message(USER2, USER3)
            await client.close()
            return replies, two.messages(USER3)

    replies, messages = run(scenario())
    assert replies[:2] == ["250 2.1.5 OK", "450 4.4.4 Redirected"]
    assert messages == []


@pytest.mark.parametrize("tls", [False, True], ids=["no TLS", "another certificate"])
def test_with_a_floor_a_backend_below_it_gets_no_mail(hosts, run, certified, checking, tls):
    async def scenario():
        async with hosts:
            context = certified("other.example") if tls else None
            one = await hosts.backend("one", tls=context)
            client = await hosts.client(
                await hosts.proxy(one_at(one), tls=checking, resolver=NAMES)
            )
            replies = await client.message(USER1)
            await client.close()
            return replies, hosts.wrote(one.port)

    replies, wrote = run(scenario())
    assert replies[0] == UNFIT
    assert not any(line.startswith(("MAIL", "RCPT")) for line in wrote)


def test_metadata_in_the_clear_is_not_acted_on_when_tls_is_wanted(hosts, run, checking):
    """The host lists REPLYMETA and a referral before TLS, and never starts it."""

    def script(line):
        if line.startswith(b"LHLO"):
            return b"250-scripted\r\n250-REPLYMETA\r\n250 ENHANCEDSTATUSCODES\r\n"
        return b"450 4.4.4 [REFERRAL smtp://127.0.0.1:2424/] Moved\r\n"

    async def scenario():
        async with hosts:
            injected = await hosts.scripted(script)
            client = await hosts.client(await hosts.proxy(injected, tls=checking))
            replies = await client.message(USER1)
            await client.close()
            return replies[0], injected.lines

    reply, lines = run(scenario())
    assert reply == UNFIT
    assert not any(line.startswith((b"MAIL", b"RCPT")) for line in lines)


def test_the_proxy_offers_tls_to_its_clients(hosts, run, certified, checking):
    async def scenario():
        async with hosts:
            backend = await hosts.backend("one")
            port = await hosts.proxy(backend, offered_tls=certified("proxy.example"))
            client = await hosts.client(port)
            listed = await client.ask("LHLO client.example.org")
            started = await client.ask("STARTTLS")
            await client.drop()
            return listed.split("\n"), started

    listed, started = run(scenario())
    assert "250-STARTTLS" in listed
    assert started == "220 2.0.0 Ready to start TLS"


def test_smtp_goes_out_over_tls_too(hosts, run, certified, checking):
    async def scenario():
        async with hosts:
            one = await hosts.backend("one", protocol=Protocol.SMTP, tls=certified("one.example"))
            port = await hosts.proxy(
                one_at(one), tls=checking, resolver=NAMES, backend_protocol=Protocol.SMTP
            )
            client = await hosts.client(port)
            replies = await client.message(USER1, USER2)
            await client.close()
            return replies, one.messages(USER1) + one.messages(USER2), hosts.wrote(one.port)

    replies, messages, wrote = run(scenario())
    assert len(messages) == 2
    assert wrote[:3] == ["EHLO proxy", "STARTTLS", "EHLO proxy"]
    assert [reply[:3] for reply in replies] == ["250", "250", "354", "250", "250"]
    assert replies[3] == replies[4]
