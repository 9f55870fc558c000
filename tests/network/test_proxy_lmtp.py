"""The proxy with an LMTP client that knows nothing of the extension."""

from __future__ import annotations

import dataclasses
from ipaddress import ip_address, ip_network

import pytest

from reply_metadata.network.resolver import TableResolver
from reply_metadata.policy.recipient import Defer, Refer, Reject
from reply_metadata.policy.referral import ReferralPolicy

LOOPBACK = ip_network("127.0.0.0/8")
USER1, USER2, USER3 = (f"user{number}@example.com" for number in (1, 2, 3))


def test_the_scenario_of_the_list_message(hosts, run):
    async def scenario():
        async with hosts:
            backend2 = await hosts.backend("backend2")
            backend3 = await hosts.backend("backend3")
            moved = {USER2: Refer((backend2.uri(),)), USER3: Refer((backend3.uri(),))}
            backend1 = await hosts.backend("backend1", moved)
            client = await hosts.client(await hosts.proxy(backend1))
            replies = await client.message(USER1, USER2, USER3)
            await client.close()
            return replies, [
                backend1.messages(USER1),
                backend2.messages(USER2),
                backend3.messages(USER3),
                backend1.messages(USER2) + backend1.messages(USER3),
            ]

    replies, (one, two, three, wrong) = run(scenario())
    assert replies == [
        *["250 2.1.5 OK"] * 3,
        "354 Start mail input; end with <CRLF>.<CRLF>",
        "250 2.0.0 [QUEUE-ID backend1-1] Saved",
        "250 2.0.0 [QUEUE-ID backend2-1] Saved",
        "250 2.0.0 [QUEUE-ID backend3-1] Saved",
    ]
    assert [len(one), len(two), len(three), len(wrong)] == [1, 1, 1, 0]
    assert two[0].endswith(b"Subject: test\n\nHi\n")
    assert two[0].startswith(
        b"Return-Path: <sender@example.org>\nDelivered-To: user2@example.com\n"
    )


def test_replies_after_the_content_are_in_the_order_of_the_recipients(hosts, run):
    async def scenario():
        async with hosts:
            backend2 = await hosts.backend("backend2")
            backend1 = await hosts.backend(
                "backend1", {USER1: Refer((backend2.uri(),)), "no@example.com": Reject("no-user")}
            )
            client = await hosts.client(await hosts.proxy(backend1))
            replies = await client.message(USER1, USER2, "no@example.com", USER1, USER3)
            await client.close()
            return replies, backend2.messages(USER1)

    replies, twice = run(scenario())
    assert replies[2] == "550 5.1.1 [REASON no-user] No such user here"
    assert [reply.split("QUEUE-ID ")[1].split("]")[0] for reply in replies[6:]] == [
        "backend2-1",
        "backend1-1",
        "backend2-2",
        "backend1-2",
    ]
    assert len(twice) == 2


def test_without_recipients_nothing_is_sent_anywhere(hosts, run):
    async def scenario():
        async with hosts:
            backend1 = await hosts.backend("backend1", {USER1: Defer(300)})
            client = await hosts.client(await hosts.proxy(backend1))
            none = await client.message()
            await client.ask("RSET")
            refused = await client.message(USER1)
            await client.close()
            return none, refused

    none, refused = run(scenario())
    assert none == ["503 5.5.1 No valid recipients"]
    assert refused == [
        "450 4.2.1 [RETRY-AFTER 300] Try again later",
        "503 5.5.1 No valid recipients",
    ]


def test_a_referral_is_not_followed_by_default(hosts, run):
    async def scenario():
        async with hosts:
            backend2 = await hosts.backend("backend2")
            backend1 = await hosts.backend("backend1", {USER2: Refer((backend2.uri(),))})
            client = await hosts.client(await hosts.proxy(backend1, referral=ReferralPolicy()))
            replies = await client.message(USER2)
            await client.close()
            return replies, hosts.wrote(backend2.port)

    replies, wrote = run(scenario())
    assert replies[0] == "450 4.4.4 Redirected"
    assert wrote == []


@pytest.mark.parametrize(
    "change",
    [
        {"allowed_networks": (ip_network("0.0.0.0/0"),)},
        {"allowed_networks": ()},
        {"allowed_ports": ()},
        {"allowed_ports": (range(24, 26),)},
        {"trusted_peers": ()},
        {"trusted_peers": (ip_network("192.0.2.0/24"),)},
    ],
    ids=["loopback not listed", "no network", "no port", "other ports", "no peer", "other peers"],
)
@pytest.mark.parametrize("permanent", [False, True])
def test_a_referral_goes_nowhere_the_lists_do_not_allow(hosts, run, following, change, permanent):
    async def scenario():
        async with hosts:
            backend2 = await hosts.backend("backend2")
            refer = Refer((backend2.uri(),), permanent)
            backend1 = await hosts.backend("backend1", {USER2: refer})
            policy = dataclasses.replace(following, **change)
            client = await hosts.client(await hosts.proxy(backend1, referral=policy))
            replies = await client.message(USER2)
            await client.close()
            return replies, hosts.wrote(backend2.port)

    replies, wrote = run(scenario())
    assert wrote == []
    if not permanent:
        assert replies[0] == "450 4.4.4 Redirected"
    elif "trusted_peers" in change:
        assert replies[0] == "550 5.1.6 User moved"
    else:
        assert replies[0] == "451 4.4.4 The host it was referred to cannot be used"


def test_the_first_usable_host_is_taken(hosts, run, free_port):
    async def scenario():
        async with hosts:
            refusing = await hosts.scripted(lambda line: None, b"554 no\r\n")
            backend2 = await hosts.backend("backend2")
            uris = (
                f"smtp://127.0.0.1:{free_port()}/",
                "smtp://nowhere.example/",
                refusing.uri(),
                backend2.uri("backend2"),
            )
            backend1 = await hosts.backend("backend1", {USER2: Refer(uris)})
            resolver = TableResolver({"backend2": (ip_address("127.0.0.1"),)})
            client = await hosts.client(await hosts.proxy(backend1, resolver=resolver))
            replies = await client.message(USER2)
            await client.close()
            return replies, backend2.messages(USER2), refusing.connections

    replies, messages, tried = run(scenario())
    assert replies[-1] == "250 2.0.0 [QUEUE-ID backend2-1] Saved"
    assert len(messages) == 1
    assert tried == 1


def test_a_uri_without_a_port_means_the_port_the_reply_came_from(hosts, run):
    async def scenario():
        async with hosts:
            backend1 = await hosts.backend("backend1", {USER2: Refer(("smtp://backend2/",))})
            # The same port on another loopback address.
            backend2 = await hosts.backend("backend2", port=backend1.port, host="127.0.0.2")
            resolver = TableResolver({"backend2": (ip_address("127.0.0.2"),)})
            client = await hosts.client(await hosts.proxy(backend1, resolver=resolver))
            replies = await client.message(USER2)
            await client.close()
            return replies, backend2.messages(USER2)

    replies, messages = run(scenario())
    assert replies[0] == "250 2.1.5 OK"
    assert len(messages) == 1


def test_the_answer_of_the_referred_host_is_final(hosts, run):
    async def scenario():
        async with hosts:
            backend3 = await hosts.backend("backend3")
            backend2 = await hosts.backend("backend2", {USER2: Reject()})
            refer = Refer((backend2.uri(), backend3.uri()))
            backend1 = await hosts.backend("backend1", {USER2: refer})
            client = await hosts.client(await hosts.proxy(backend1))
            replies = await client.message(USER2)
            await client.close()
            return replies, hosts.wrote(backend3.port)

    replies, wrote = run(scenario())
    assert replies[0] == "550 5.1.1 No such user here"
    assert wrote == []


def test_lmtp_is_not_sent_to_port_25(hosts, run):
    async def scenario():
        async with hosts:
            refer = Refer(("smtp://127.0.0.1:25/",))
            backend1 = await hosts.backend("backend1", {USER2: refer})
            client = await hosts.client(await hosts.proxy(backend1))
            replies = await client.message(USER2)
            await client.close()
            return replies

    assert run(scenario())[0] == "450 4.4.4 Redirected"


def test_a_backend_that_lacks_what_the_message_needs_costs_a_transient_failure(hosts, run):
    async def scenario():
        async with hosts:
            plain = await hosts.scripted(lambda line: b"250 scripted\r\n")
            client = await hosts.client(await hosts.proxy(plain))
            await client.ask("MAIL FROM:<s@example.org> BODY=8BITMIME")
            reply = await client.ask(f"RCPT TO:<{USER1}>")
            await client.close()
            return reply

    assert run(scenario()) == "451 4.3.5 The host behind this one cannot take this message"
