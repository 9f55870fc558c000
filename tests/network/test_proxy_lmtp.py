"""The proxy with an LMTP client that knows nothing of the extension."""

from __future__ import annotations

import asyncio
import dataclasses
import socket
from ipaddress import ip_address, ip_network

import pytest

from reply_metadata.network.proxy import Backend
from reply_metadata.network.resolver import TableResolver
from reply_metadata.policy.hop import HopPolicy
from reply_metadata.policy.recipient import Defer, Refer, Reject
from reply_metadata.policy.referral import ReferralPolicy

LOOPBACK = ip_network("127.0.0.0/8")
USER1, USER2, USER3 = (f"user{number}@example.com" for number in (1, 2, 3))


def dead_port():
    """A port nobody listens on."""
    with socket.socket() as free:
        free.bind(("127.0.0.1", 0))
        return free.getsockname()[1]


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


def test_the_first_usable_host_is_taken(hosts, run):
    async def scenario():
        async with hosts:
            refusing = await hosts.scripted(lambda line: None, b"554 no\r\n")
            backend2 = await hosts.backend("backend2")
            uris = (
                f"smtp://127.0.0.1:{dead_port()}/",
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


# Loops


@pytest.mark.parametrize(
    ("permanent", "answer"), [(False, "451 4.4.6 Referral loop"), (True, "554 5.4.6 Referral loop")]
)
@pytest.mark.parametrize("length", [1, 2, 3])
def test_a_loop_ends_with_the_code_for_it(hosts, run, permanent, answer, length):
    async def scenario():
        async with hosts:
            ports = [dead_port() for _ in range(length)]
            for number, port in enumerate(ports):
                uri = f"smtp://127.0.0.1:{ports[(number + 1) % length]}/"
                backend = await hosts.backend(
                    f"loop{number}", {USER2: Refer((uri,), permanent)}, port=port
                )
            to = {"*": Backend("127.0.0.1", ports[0])}
            client = await hosts.client(await hosts.proxy(to))
            replies = await client.message(USER2)
            await client.close()
            asked = [hosts.wrote(port).count(f"RCPT TO:<{USER2}>") for port in ports]
            return replies, asked, backend

    replies, asked, _ = run(scenario())
    assert replies[0] == answer
    assert asked == [1] * length


def test_the_proxy_itself_is_part_of_a_loop(hosts, run):
    async def scenario():
        async with hosts:
            port = dead_port()
            to = {"*": Backend("127.0.0.1", port)}
            proxy_port = await hosts.proxy(to)
            uri = f"smtp://127.0.0.1:{proxy_port}/"
            await hosts.backend("backend1", {USER2: Refer((uri,))}, port=port)
            client = await hosts.client(proxy_port)
            replies = await client.message(USER2)
            await client.close()
            return replies, hosts.wrote(port).count(f"RCPT TO:<{USER2}>")

    replies, asked = run(scenario())
    assert replies[0] == "451 4.4.6 Referral loop"
    assert asked == 1


def test_the_proxy_knows_itself_under_another_address(hosts, run):
    async def scenario():
        async with hosts:
            # Says the proxy's own name in its greeting, as the proxy behind an alias would.
            alias = await hosts.backend("proxy")
            backend1 = await hosts.backend("backend1", {USER2: Refer((alias.uri(),))})
            client = await hosts.client(await hosts.proxy(backend1))
            replies = await client.message(USER2)
            await client.close()
            return replies, alias.messages(USER2)

    replies, messages = run(scenario())
    assert replies[0] == "451 4.4.6 Referral loop"
    assert messages == []


@pytest.mark.parametrize(("length", "delivered"), [(3, True), (4, False), (7, False)])
def test_three_referrals_are_followed_and_the_fourth_is_not(hosts, run, length, delivered):
    async def scenario():
        async with hosts:
            backend = await hosts.backend("last")
            last, chain = backend, []
            for number in range(length):
                backend = await hosts.backend(f"b{number}", {USER2: Refer((backend.uri(),))})
                chain.append(backend)
            client = await hosts.client(await hosts.proxy(backend))
            replies = await client.message(USER2)
            await client.close()
            asked = sum(f"RCPT TO:<{USER2}>" in hosts.wrote(one.port) for one in chain)
            return replies, last.messages(USER2), asked

    replies, messages, asked = run(scenario())
    assert len(messages) == delivered
    assert asked == min(length, 4)
    assert replies[0] == ("250 2.1.5 OK" if delivered else "451 4.4.6 Referral loop")


# What the hosts behind the proxy may do


@pytest.mark.parametrize(
    ("answer", "reply"),
    [
        (b"421 4.3.2 down\r\n", "451 4.3.2 down"),
        (b"250 2.1.5 OK\r\n250 2.1.5 OK\r\n", "250 2.1.5 OK"),
        (b"354 go\r\n", "451 4.4.1 The host behind this one was not reached"),
        (b"250-2.1.5 a\r\n550 5.1.1 b\r\n", "451 4.4.1 The host behind this one was not reached"),
        (None, "451 4.4.1 The host behind this one was not reached"),
        (b"", "451 4.4.1 The host behind this one was not reached"),
    ],
    ids=["421", "extra reply", "wrong class", "codes differ", "closed", "silent"],
)
def test_a_backend_that_breaks_the_protocol_costs_a_transient_failure(hosts, run, answer, reply):
    def script(line):
        return answer if line.startswith(b"RCPT") else b"250 OK\r\n"

    async def scenario():
        async with hosts:
            broken = await hosts.scripted(script)
            client = await hosts.client(await hosts.proxy(broken))
            replies = await client.message(USER1)
            await client.close()
            return replies

    replies = run(scenario())
    assert replies[0] == reply
    if reply.startswith("250"):
        assert replies[-1] == "451 4.4.2 The host behind this one gave no reply"


def test_a_reply_nobody_asked_for_is_not_taken_for_the_answer_to_the_next_recipient(hosts, run):
    async def scenario():
        async with hosts:
            stale = asyncio.Event()

            async def answer_late(reader, writer):
                writer.write(b"220 slow\r\n")
                while line := await reader.readline():
                    writer.write(b"250 OK\r\n")
                    if b"user1" in line:
                        await asyncio.sleep(0.05)
                        writer.write(b"550 5.1.1 stale\r\n")
                        stale.set()
                    if b"user2" in line:
                        break
                writer.close()

            server = await asyncio.start_server(answer_late, "127.0.0.1", 0)
            port = server.sockets[0].getsockname()[1]
            client = await hosts.client(await hosts.proxy({"*": Backend("127.0.0.1", port)}))
            await client.ask("MAIL FROM:<sender@example.org>")
            first = await client.ask(f"RCPT TO:<{USER1}>")
            await stale.wait()
            await asyncio.sleep(0.1)
            second = await client.ask(f"RCPT TO:<{USER2}>")
            server.close()
            await server.wait_closed()
            return first, second

    first, second = run(scenario())
    assert first.startswith("250")
    assert second == "451 4.4.1 The host behind this one was not reached"


def test_results_that_came_count_and_those_that_did_not_are_transient(hosts, run):
    def script(line):
        if line == b"DATA\r\n":
            return b"354 go\r\n"
        if line == b".\r\n":
            return b"250 2.0.0 first\r\n421 4.3.2 down\r\n"
        return b"" if line[:1] in b"SH\r" else b"250 OK\r\n"

    async def scenario():
        async with hosts:
            broken = await hosts.scripted(script, b"220 scripted\r\n")
            client = await hosts.client(await hosts.proxy(broken))
            replies = await client.message(USER1, USER2, USER3)
            await client.close()
            return replies

    replies = run(scenario())
    assert replies[-3:] == [
        "250 2.0.0 first",
        "451 4.3.2 down",
        "451 4.4.2 The host behind this one gave no reply",
    ]


def test_a_referral_in_the_reply_to_mail_is_about_every_recipient(hosts, run):
    async def scenario():
        async with hosts:
            backend2 = await hosts.backend("backend2")
            group = f"[REFERRAL {backend2.uri()}]".encode("ascii")

            def script(line):
                if line.startswith(b"LHLO"):
                    return b"250-scripted\r\n250-ENHANCEDSTATUSCODES\r\n250 REPLYMETA\r\n"
                if line.startswith(b"MAIL"):
                    return b"450 4.4.4 " + group + b" Moved\r\n"
                return b"221 2.0.0 bye\r\n"

            moved = await hosts.scripted(script)
            client = await hosts.client(await hosts.proxy(moved))
            replies = await client.message(USER1, USER2)
            await client.close()
            return replies, backend2.messages(USER1) + backend2.messages(USER2), moved.lines

    replies, messages, lines = run(scenario())
    assert replies[:2] == ["250 2.1.5 OK", "250 2.1.5 OK"]
    assert len(messages) == 2
    assert not [line for line in lines if line.startswith(b"RCPT")]


def test_brackets_of_a_backend_without_the_keyword_are_text(hosts, run):
    async def scenario():
        async with hosts:
            backend2 = await hosts.backend("backend2")
            group = f"450 4.4.4 [REFERRAL {backend2.uri()}] Moved\r\n".encode("ascii")
            plain = await hosts.scripted(
                lambda line: group if line.startswith(b"RCPT") else b"250 OK\r\n"
            )
            client = await hosts.client(await hosts.proxy(plain))
            replies = await client.message(USER2)
            await client.close()
            return replies, hosts.wrote(backend2.port), backend2.uri()

    replies, wrote, uri = run(scenario())
    assert replies[0] == f"450 4.4.4 Note: [REFERRAL {uri}] Moved"
    assert wrote == []


def test_a_host_that_lacks_an_extension_the_message_needs_is_skipped(hosts, run):
    async def scenario():
        async with hosts:
            plain = await hosts.scripted(lambda line: b"250 scripted\r\n")
            backend2 = await hosts.backend("backend2")
            refer = Refer((plain.uri(), backend2.uri()))
            backend1 = await hosts.backend("backend1", {USER2: refer})
            client = await hosts.client(await hosts.proxy(backend1))
            assert (await client.ask("MAIL FROM:<s@example.org> BODY=8BITMIME SIZE=5"))[:3] == "250"
            reply = await client.ask(f"RCPT TO:<{USER2}>")
            await client.close()
            return reply, plain.lines, hosts.wrote(backend2.port)

    reply, lines, wrote = run(scenario())
    assert reply == "250 2.1.5 OK"
    assert not [line for line in lines if line.startswith(b"MAIL")]
    assert "MAIL FROM:<s@example.org> BODY=8BITMIME SIZE=5" in wrote


def test_trusted_hop_metadata_goes_to_trusted_clients_only(hosts, run):
    def script(line):
        if line.startswith(b"LHLO"):
            return b"250-scripted\r\n250-ENHANCEDSTATUSCODES\r\n250 REPLYMETA\r\n"
        if line.startswith(b"RCPT"):
            return b"250 2.1.5 [FORWARD node=7 secret=x] [TRACE-ID t1] OK\r\n"
        return b"250 2.0.0 OK\r\n"

    async def scenario(trusted_clients):
        async with hosts:
            backend = await hosts.scripted(script)
            hop = HopPolicy(trusted=True, forward_names=frozenset({"node"}))
            port = await hosts.proxy(backend, hop=hop, trusted_clients=trusted_clients)
            client = await hosts.client(port)
            replies = await client.message(USER1, results=0)
            await client.drop()
            return replies[0]

    assert run(scenario((LOOPBACK,))) == "250 2.1.5 [FORWARD node=7] [TRACE-ID t1] OK"
    assert run(scenario(())) == "250 2.1.5 [TRACE-ID t1] OK"


def test_the_redirect_of_dovecot_is_followed_only_when_that_is_configured(hosts, run, following):
    async def scenario(policy):
        async with hosts:
            backend2 = await hosts.backend("backend2")
            redirect = f"550 5.2.900 <u@d> u%40d@127.0.0.1:{backend2.port} Referral\r\n"
            dovecot = await hosts.scripted(
                lambda line: redirect.encode() if line.startswith(b"RCPT") else b"250 OK\r\n"
            )
            client = await hosts.client(await hosts.proxy(dovecot, referral=policy))
            replies = await client.message(USER2)
            await client.close()
            return replies[0]

    assert run(scenario(following)).startswith("550 5.2.900 ")
    also = dataclasses.replace(following, dovecot_redirects=True)
    assert run(scenario(also)) == "250 2.1.5 OK"
