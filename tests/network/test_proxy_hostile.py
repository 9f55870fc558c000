"""Hosts behind a proxy that lie, vanish or stall: each recipient still gets one reply, in order."""

from __future__ import annotations

import asyncio
import dataclasses
from itertools import count

import pytest

from reply_metadata.network.proxy import Backend
from reply_metadata.policy.hop import HopPolicy
from reply_metadata.policy.recipient import Refer
from reply_metadata.policy.referral import ReferralPolicy
from reply_metadata.transitions import Protocol

USERS = tuple(f"user{number}@example.com" for number in (1, 2, 3))
USER1, USER2, USER3 = USERS
NO_REPLY = "451 4.4.2 The host behind this one gave no reply"
TOO_SLOW = "451 4.4.7 The host behind this one did not answer in time"
LHLO = b"250-scripted\r\n250-ENHANCEDSTATUSCODES\r\n250 REPLYMETA\r\n"


def answering(**answers):
    """Answers each verb as given, everything else with success, and lines of content with none.

    The content ends with `dot`.
    """
    content = [False]

    def script(line):
        if content[0]:
            if line != b".\r\n":
                return b""
            content[0] = False
            return answers.get("dot", b"250 2.0.0 Saved\r\n")
        verb = line[:4].decode("ascii").strip()
        answer = answers.get(verb, {"LHLO": LHLO, "EHLO": LHLO, "DATA": b"354 go\r\n"}.get(verb))
        answer = b"250 2.0.0 OK\r\n" if answer is None and verb not in answers else answer
        content[0] = verb == "DATA" and (answer or b"").startswith(b"354")
        return answer

    return script


def dialogue(hosts, run, script, recipients=USERS, **options):
    """One message through a proxy to a scripted host: the client's replies, what the host got."""

    async def scenario():
        async with hosts:
            host = await hosts.scripted(script)
            client = await hosts.client(await hosts.proxy(host, **options))
            replies = await client.message(*recipients)
            alive = await client.ask("NOOP")
            await client.close()
            return replies, host.lines, alive

    replies, lines, alive = run(scenario())
    assert alive.startswith("250 ")
    return replies, lines


@pytest.mark.parametrize("given", range(6))
def test_too_few_and_too_many_results_still_give_one_for_each_recipient(hosts, run, given):
    script = answering(dot=b"".join(b"250 2.0.0 r%d\r\n" % number for number in range(given)))
    lost = {"dot": None} if given == 0 else {}
    replies, _ = dialogue(hosts, run, answering(**lost) if lost else _closing_after(script))
    results = replies[len(USERS) + 1 :]
    assert results == [
        f"250 2.0.0 r{number}" if number < given else NO_REPLY for number in range(len(USERS))
    ]


def _closing_after(script):
    """Closes the connection with the command that follows the content."""

    def close_at_quit(line):
        return None if line.startswith((b"QUIT", b"NOOP")) else script(line)

    return close_at_quit


def test_a_host_that_goes_away_in_the_middle_of_data_costs_a_transient_failure(hosts, run):
    async def scenario():
        async with hosts:
            gone = asyncio.Event()

            async def serve(reader, writer):
                writer.write(b"220 x\r\n")
                while (line := await reader.readline()) and not line.startswith(b"DATA"):
                    writer.write(b"250 2.0.0 OK\r\n")
                writer.write(b"354 go\r\n")
                await reader.read(10)
                writer.transport.abort()
                gone.set()

            server = await asyncio.start_server(serve, "127.0.0.1", 0)
            port = server.sockets[0].getsockname()[1]
            client = await hosts.client(await hosts.proxy({"*": Backend("127.0.0.1", port)}))
            replies = await client.message(*USERS, text="x" * 70 + "\r\n")
            await gone.wait()
            await client.close()
            server.close()
            await server.wait_closed()
            return replies

    assert run(scenario())[-3:] == [NO_REPLY] * 3


@pytest.mark.parametrize(
    ("answers", "result"),
    [
        ({"DATA": b"503 5.5.1 no\r\n"}, "503 5.5.1 no"),
        ({"DATA": b"421 4.3.2 down\r\n"}, "451 4.3.2 down"),
        ({"DATA": None}, NO_REPLY),
        ({"DATA": b"250 2.0.0 what\r\n"}, NO_REPLY),
        ({"dot": b"354 go\r\n"}, NO_REPLY),
        ({"dot": b"250-2.0.0 a\r\n550 2.0.0 b\r\n"}, NO_REPLY),
        ({"dot": b"999 nine\r\n"}, NO_REPLY),
        ({"dot": b"421 4.3.2 down\r\n"}, "451 4.3.2 down"),
    ],
    ids=["503", "421", "closed", "250", "354", "codes differ", "no code", "421 late"],
)
def test_a_host_that_fails_at_the_content_fails_for_its_recipients_only(
    hosts, run, answers, result
):
    async def scenario():
        async with hosts:
            bad = await hosts.scripted(answering(**answers))
            good = await hosts.backend("good")
            routes = {
                USER2: Backend("127.0.0.1", bad.port),
                "*": Backend("127.0.0.1", good.port),
            }
            client = await hosts.client(await hosts.proxy(routes))
            replies = await client.message(*USERS)
            await client.close()
            return replies, good.messages(USER1) + good.messages(USER3)

    replies, messages = run(scenario())
    assert replies[4:] == [
        "250 2.0.0 [QUEUE-ID good-1] Saved",
        result,
        "250 2.0.0 [QUEUE-ID good-2] Saved",
    ]
    assert len(messages) == 2


def test_a_421_in_the_middle_of_a_transaction_loses_no_recipient(hosts, run):
    number = count(1)

    def script(line):
        if line.startswith(b"RCPT") and next(number) == 2:
            return b"421 4.3.2 going down\r\n"
        return b"250 2.0.0 OK\r\n"

    replies, _ = dialogue(hosts, run, script)
    assert replies[0] == "250 2.0.0 OK"
    assert replies[1] == "451 4.3.2 going down"
    assert replies[2] == "451 4.4.1 The host behind this one was not reached"
    assert replies[-1] == NO_REPLY
    assert len(replies) == 5


def test_a_recipient_given_twice_is_answered_twice_and_sent_as_given(hosts, run):
    script = answering(dot=b"250 2.0.0 first\r\n452 4.2.2 second\r\n250 2.0.0 third\r\n")
    replies, lines = dialogue(hosts, run, script, (USER1, USER1, USER2))
    assert replies[-3:] == ["250 2.0.0 first", "452 4.2.2 second", "250 2.0.0 third"]
    assert lines.count(b"RCPT TO:<user1@example.com>\r\n") == 2
    assert lines.count(b"DATA\r\n") == 1


def test_when_every_recipient_is_refused_no_host_gets_data(hosts, run):
    replies, lines = dialogue(hosts, run, answering(RCPT=b"550 5.1.1 no\r\n"))
    assert replies == ["550 5.1.1 no"] * 3 + ["503 5.5.1 No valid recipients"]
    assert b"DATA\r\n" not in lines


def test_a_host_that_takes_data_for_nobody_gets_none(hosts, run):
    """Its only recipient was refused there and taken elsewhere."""

    async def scenario():
        async with hosts:
            refusing = await hosts.scripted(answering(RCPT=b"550 5.1.1 no\r\n"))
            good = await hosts.backend("good")
            routes = {
                USER1: Backend("127.0.0.1", refusing.port),
                "*": Backend("127.0.0.1", good.port),
            }
            client = await hosts.client(await hosts.proxy(routes))
            replies = await client.message(USER1, USER2)
            await client.close()
            return replies, refusing.lines

    replies, lines = run(scenario())
    assert replies[0] == "550 5.1.1 no"
    assert replies[-1].startswith("250 2.0.0")
    assert b"DATA\r\n" not in lines


def test_a_host_that_refers_to_itself_is_asked_once(hosts, run, free_port):
    async def scenario():
        async with hosts:
            port = free_port()
            uris = (f"smtp://127.0.0.1:{port}/", f"smtp://[::ffff:127.0.0.1]:{port}/")
            one = await hosts.backend("one", {USER1: Refer(uris)}, port=port)
            client = await hosts.client(await hosts.proxy(one))
            replies = await client.message(USER1)
            await client.close()
            return replies, hosts.wrote(port)

    replies, wrote = run(scenario())
    assert replies[0] == "451 4.4.6 Referral loop"
    assert wrote.count(f"RCPT TO:<{USER1}>") == 1


@pytest.mark.draft("req-referral-loop")
def test_a_chain_of_a_hundred_referrals_ends_at_the_fourth_host(hosts, run):
    """One scripted host plays them all: it listens once, under a hundred addresses of 127/8."""
    number = count(2)

    async def scenario():
        async with hosts:
            port = 0

            def script(line):
                if not line.startswith(b"RCPT"):
                    return answer(line)
                uri = f"smtp://127.0.0.{next(number)}:{port}/"
                return f"450 4.4.4 [REFERRAL {uri}] Moved\r\n".encode("ascii")

            answer = answering()
            chain = await hosts.scripted(script, host="0.0.0.0")
            port = chain.port
            client = await hosts.client(await hosts.proxy(chain))
            replies = await client.message(USER1)
            await client.close()
            return replies, chain.connections

    replies, connections = run(scenario())
    assert replies[0] == "451 4.4.6 Referral loop"
    assert connections == 4


def test_a_referral_to_many_hosts_costs_a_bounded_number_of_connections(hosts, run, following):
    """Every host of the fan refers to eight more, none of which takes the recipient."""

    async def scenario():
        async with hosts:
            port, host_number = 0, count(2)

            def script(line):
                if line.startswith(b"LHLO"):
                    return LHLO
                if line.startswith(b"MAIL"):
                    return None if broken() else b"250 2.1.0 OK\r\n"
                if line.startswith(b"RCPT"):
                    uris = " ".join(f"smtp://127.0.1.{next(host_number)}:{port}/" for _ in range(8))
                    return f"450 4.4.4 [REFERRAL {uris}] Moved\r\n".encode("ascii")
                return b"250 OK\r\n"

            answered = count()

            def broken():
                return next(answered) % 8 not in {0, 7}

            fan = await hosts.scripted(script, host="0.0.0.0")
            port = fan.port
            policy = dataclasses.replace(following, hop_limit=100)
            client = await hosts.client(await hosts.proxy(fan, referral=policy))
            replies = await client.message(USER1)
            await client.close()
            return replies, fan.connections

    replies, connections = run(scenario())
    assert replies[0] == "450 4.4.4 Moved"
    assert connections == 1 + ReferralPolicy().target_limit


@pytest.mark.parametrize("verb", ["LHLO", "MAIL", "RCPT"])
def test_a_host_that_stalls_holds_a_recipient_no_longer_than_the_limit(hosts, run, verb):
    async def scenario():
        async with hosts:
            stalled = await hosts.scripted(answering(**{verb: b""}))
            port = await hosts.proxy(stalled, recipient_timeout_s=0.3)
            client = await hosts.client(port)
            await client.ask("MAIL FROM:<sender@example.org>")
            loop = asyncio.get_running_loop()
            begin = loop.time()
            reply = await client.ask(f"RCPT TO:<{USER1}>")
            waited = loop.time() - begin
            await client.close()
            return reply, waited

    reply, waited = run(scenario())
    assert reply == TOO_SLOW
    assert 0.25 < waited < 1.5


def test_a_reply_that_comes_after_the_limit_is_nobodys(hosts, run):
    """The late 550 to user1 must not become the answer to user2."""

    async def scenario():
        async with hosts:
            late = asyncio.Event()

            async def serve(reader, writer):
                writer.write(b"220 slow\r\n")
                while line := await reader.readline():
                    if b"user1" in line:
                        await late.wait()
                        writer.write(b"550 5.1.1 late\r\n")
                    else:
                        writer.write(b"250 2.0.0 OK\r\n")
                writer.close()

            server = await asyncio.start_server(serve, "127.0.0.1", 0)
            port = server.sockets[0].getsockname()[1]
            to = {"*": Backend("127.0.0.1", port)}
            client = await hosts.client(await hosts.proxy(to, recipient_timeout_s=0.3))
            await client.ask("MAIL FROM:<sender@example.org>")
            first = await client.ask(f"RCPT TO:<{USER1}>")
            late.set()
            second = await client.ask(f"RCPT TO:<{USER2}>")
            await client.close()
            server.close()
            await server.wait_closed()
            return first, second

    first, second = run(scenario())
    assert first == TOO_SLOW
    assert second == "451 4.4.1 The host behind this one was not reached"


def test_a_slow_result_is_a_transient_failure_at_its_deadline(hosts, run):
    replies, _ = dialogue(hosts, run, answering(dot=b"250 2.0.0 first\r\n"), (USER1, USER2))
    assert replies[-2:] == ["250 2.0.0 first", NO_REPLY]


@pytest.mark.draft("req-referral-final")
def test_no_recipient_that_got_a_2yz_is_tried_again_anywhere(hosts, run):
    """The host takes everybody, then fails each way there is; it is asked once."""
    for dot in (b"450 4.2.1 [REFERRAL smtp://127.0.0.1:9/] later\r\n" * 3, b"550 5.0.0 x\r\n" * 3):
        replies, lines = dialogue(hosts, run, answering(dot=dot))
        assert [reply[:3] for reply in replies[-3:]] == [dot[:3].decode("ascii")] * 3
        assert sum(line.startswith(b"RCPT") for line in lines) == 3
        assert lines.count(b"DATA\r\n") == 1


def test_a_host_without_the_extension_is_served_without_metadata(hosts, run):
    script = answering(LHLO=b"250 old\r\n", dot=b"250 2.0.0 [QUEUE-ID x] Saved\r\n" * 3)
    replies, _ = dialogue(hosts, run, script)
    assert replies[-3:] == ["250 2.0.0 Note: [QUEUE-ID x] Saved"] * 3


def test_a_group_that_may_not_stand_where_the_client_reads_it_does_not_break_the_session(
    hosts, run, following
):
    """STORED belongs to LMTP only; the client of this proxy speaks SMTP."""
    script = answering(dot=b"250 2.0.0 [STORED mailbox=INBOX] [QUEUE-ID q1] Saved\r\n")

    async def scenario():
        async with hosts:
            host = await hosts.scripted(script)
            port = await hosts.proxy(
                host,
                protocol=Protocol.SMTP,
                hop=HopPolicy(trusted=True),
                trusted_clients=following.trusted_peers,
            )
            client = await hosts.client(port, "EHLO")
            replies = await client.message(USER1, results=1)
            await client.close()
            return replies[-1]

    assert run(scenario()) == "250 2.0.0 [QUEUE-ID q1] Saved"
