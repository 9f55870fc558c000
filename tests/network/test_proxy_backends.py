"""What the hosts behind a proxy may say and do, well or badly."""

from __future__ import annotations

import asyncio
import dataclasses
from ipaddress import ip_network

import pytest

from reply_metadata.network.proxy import Backend
from reply_metadata.policy.hop import HopPolicy
from reply_metadata.policy.recipient import Refer

LOOPBACK = ip_network("127.0.0.0/8")
USER1, USER2, USER3 = (f"user{number}@example.com" for number in (1, 2, 3))


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


def test_a_backend_that_does_not_answer_quit_holds_nobody(hosts, run):
    async def scenario():
        async with hosts:
            rude = await hosts.scripted(lambda line: b"" if line == b"QUIT\r\n" else b"250 OK\r\n")
            client = await hosts.client(await hosts.proxy(rude))
            first = await client.message(USER1, results=0)
            loop = asyncio.get_running_loop()
            begin = loop.time()
            await client.ask("RSET")
            await client.ask("NOOP")
            waited = loop.time() - begin
            await client.close()
            return first, waited

    first, waited = run(scenario())
    assert first[0] == "250 2.0.0 OK"
    assert waited < 1


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


@pytest.mark.parametrize(
    ("trusted_clients", "trusted_hosts", "reply"),
    [
        ((LOOPBACK,), (LOOPBACK,), "250 2.1.5 [FORWARD node=7] [TRACE-ID t1] OK"),
        ((), (LOOPBACK,), "250 2.1.5 [TRACE-ID t1] OK"),
        ((LOOPBACK,), (), "250 2.1.5 [TRACE-ID t1] OK"),
    ],
    ids=["both trusted", "client not trusted", "host not trusted"],
)
def test_trusted_hop_metadata_goes_between_trusted_peers_only(
    hosts, run, following, trusted_clients, trusted_hosts, reply
):
    def script(line):
        if line.startswith(b"LHLO"):
            return b"250-scripted\r\n250-ENHANCEDSTATUSCODES\r\n250 REPLYMETA\r\n"
        if line.startswith(b"RCPT"):
            return b"250 2.1.5 [FORWARD node=7 secret=x] [TRACE-ID t1] OK\r\n"
        return b"250 2.0.0 OK\r\n"

    async def scenario():
        async with hosts:
            backend = await hosts.scripted(script)
            port = await hosts.proxy(
                backend,
                hop=HopPolicy(trusted=True, forward_names=frozenset({"node"})),
                trusted_clients=trusted_clients,
                referral=dataclasses.replace(following, trusted_peers=trusted_hosts),
            )
            client = await hosts.client(port)
            replies = await client.message(USER1, results=0)
            await client.drop()
            return replies[0]

    assert run(scenario()) == reply


@pytest.mark.parametrize(
    ("trusted", "logged"), [(True, "user1@example.com at 127.0.0.1:{}: note=a|b"), (False, "")]
)
def test_fields_of_a_trusted_host_go_into_the_log_as_far_as_configured(
    hosts, run, following, caplog, trusted, logged
):
    def script(line):
        if line.startswith(b"LHLO"):
            return b"250-scripted\r\n250-ENHANCEDSTATUSCODES\r\n250 REPLYMETA\r\n"
        if line.startswith(b"RCPT"):
            return b"250 2.1.5 [FORWARD secret=x note=a|b] OK\r\n"
        return b"250 2.0.0 OK\r\n"

    async def scenario():
        async with hosts:
            backend = await hosts.scripted(script)
            peers = following.trusted_peers if trusted else ()
            port = await hosts.proxy(
                backend,
                logged_fields=frozenset({"note"}),
                referral=dataclasses.replace(following, trusted_peers=peers),
            )
            client = await hosts.client(port)
            reply = (await client.message(USER1, results=0))[0]
            await client.drop()
            return reply, backend.port

    caplog.set_level("INFO", "reply_metadata.proxy")
    reply, port = run(scenario())
    assert reply == "250 2.1.5 OK"
    messages = [one.getMessage() for one in caplog.records if one.name == "reply_metadata.proxy"]
    assert "".join(messages) == logged.format(port)


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
