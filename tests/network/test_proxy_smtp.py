"""The proxy with SMTP clients: Python's smtplib, which knows nothing of the extension."""

from __future__ import annotations

import asyncio
import smtplib

import pytest

from reply_metadata.network.proxy import Backend
from reply_metadata.policy.recipient import Defer, Refer, Reject
from reply_metadata.transitions import Protocol

SENDER = "sender@example.org"
USER1, USER2, USER3 = (f"user{number}@example.com" for number in (1, 2, 3))
MESSAGE = "From: sender@example.org\r\nSubject: test\r\n\r\n.Hi\r\n"


def send_by_smtplib(port, recipients, *, helo=False):
    """One message for each recipient, on one connection; smtplib says nothing but SMTP."""
    with smtplib.SMTP("127.0.0.1", port, timeout=5) as client:
        if helo:
            client.helo("client.example.org")
        return [client.sendmail(SENDER, [recipient], MESSAGE) for recipient in recipients]


def all_at_once_by_smtplib(port, recipients):
    with smtplib.SMTP("127.0.0.1", port, timeout=5) as client:
        return client.sendmail(SENDER, recipients, MESSAGE)


@pytest.mark.parametrize("helo", [False, True], ids=["EHLO", "HELO"])
def test_smtplib_delivers_to_referred_recipients_one_at_a_time(hosts, run, helo):
    async def scenario():
        async with hosts:
            backend2 = await hosts.backend("backend2")
            backend3 = await hosts.backend("backend3")
            moved = {USER2: Refer((backend2.uri(),)), USER3: Refer((backend3.uri(),))}
            backend1 = await hosts.backend("backend1", moved)
            port = await hosts.proxy(backend1, protocol=Protocol.SMTP)
            refused = await asyncio.to_thread(
                send_by_smtplib, port, [USER1, USER2, USER3], helo=helo
            )
            return refused, [
                backend1.messages(USER1),
                backend2.messages(USER2),
                backend3.messages(USER3),
            ]

    refused, stored = run(scenario())
    assert refused == [{}, {}, {}]
    assert [len(messages) for messages in stored] == [1, 1, 1]
    for messages in stored:
        assert messages[0].endswith(b"Subject: test\n\n.Hi\n")


@pytest.mark.draft("req-referral-proxy")
@pytest.mark.parametrize(
    ("recipients", "refused", "stored"),
    [
        ([USER1, USER2, USER3], {USER2: (450, b"4.4.4 Redirected")}, [1, 0, 1]),
        (
            # The first recipient decides which host it is.
            [USER2, USER1],
            {USER1: (452, b"4.5.3 Send to that recipient in another transaction")},
            [1, 0],
        ),
    ],
)
def test_a_recipient_on_another_host_is_told_to_wait_and_is_not_followed(
    hosts, run, recipients, refused, stored
):
    async def scenario():
        async with hosts:
            backend2 = await hosts.backend("backend2")
            backend1 = await hosts.backend("backend1", {USER2: Refer((backend2.uri(),))})
            port = await hosts.proxy(backend1, protocol=Protocol.SMTP)
            answers = await asyncio.to_thread(all_at_once_by_smtplib, port, recipients)
            copies = [
                len(backend1.messages(name)) + len(backend2.messages(name)) for name in recipients
            ]
            return answers, copies, hosts.wrote(backend2.port)

    answers, copies, wrote = run(scenario())
    assert answers == refused
    assert copies == stored
    assert bool(wrote) == (recipients[0] == USER2)


def test_a_permanent_referral_that_may_not_be_followed_is_a_transient_failure(hosts, run):
    async def scenario():
        async with hosts:
            backend2 = await hosts.backend("backend2")
            moved = {USER2: Refer((backend2.uri(),), permanent=True)}
            backend1 = await hosts.backend("backend1", moved)
            port = await hosts.proxy(backend1, protocol=Protocol.SMTP)
            return await asyncio.to_thread(all_at_once_by_smtplib, port, [USER1, USER2])

    assert run(scenario()) == {USER2: (451, b"4.4.4 The host it was referred to cannot be used")}


def test_two_recipients_referred_to_one_host_share_a_transaction(hosts, run):
    async def scenario():
        async with hosts:
            backend2 = await hosts.backend("backend2")
            moved = {user: Refer((backend2.uri(),)) for user in (USER2, USER3)}
            backend1 = await hosts.backend("backend1", moved)
            port = await hosts.proxy(backend1, protocol=Protocol.SMTP)
            refused = await asyncio.to_thread(all_at_once_by_smtplib, port, [USER2, USER3])
            wrote = hosts.wrote(backend2.port)
            return refused, backend2.messages(USER2) + backend2.messages(USER3), wrote

    refused, messages, wrote = run(scenario())
    assert refused == {}
    assert len(messages) == 2
    assert wrote.count("DATA") == 1


def test_recipients_whose_hosts_differ_by_configuration_come_one_at_a_time(hosts, run):
    async def scenario():
        async with hosts:
            one, two = await hosts.backend("backend1"), await hosts.backend("backend2")
            routes = {
                USER1: Backend("127.0.0.1", one.port),
                "@example.com": Backend("127.0.0.1", two.port),
            }
            port = await hosts.proxy(routes, protocol=Protocol.SMTP)
            both = await asyncio.to_thread(all_at_once_by_smtplib, port, [USER1, USER2])
            alone = await asyncio.to_thread(send_by_smtplib, port, [USER2])
            return both, alone, one.messages(USER1), two.messages(USER2)

    both, alone, first, second = run(scenario())
    assert both == {USER2: (452, b"4.5.3 Send to that recipient in another transaction")}
    assert alone == [{}]
    assert [len(first), len(second)] == [1, 1]


def test_a_recipient_nobody_has_is_refused_and_one_that_is_busy_is_deferred(hosts, run):
    async def scenario():
        async with hosts:
            backend1 = await hosts.backend("backend1", {USER2: Reject("no"), USER3: Defer(300)})
            routes = {"@example.com": Backend("127.0.0.1", backend1.port)}
            port = await hosts.proxy(routes, protocol=Protocol.SMTP)
            recipients = [USER1, USER2, USER3, "x@example.net"]
            return await asyncio.to_thread(all_at_once_by_smtplib, port, recipients)

    assert run(scenario()) == {
        USER2: (550, b"5.1.1 [REASON no] No such user here"),
        USER3: (450, b"4.2.1 [RETRY-AFTER 300] Try again later"),
        "x@example.net": (550, b"5.1.2 No host is known for that address"),
    }


def test_nothing_a_client_sees_changes_when_referrals_are_followed(hosts, run):
    """The same dialogue with a user who moved and with one who did not."""

    async def scenario(decisions):
        async with hosts:
            backend2 = await hosts.backend("backend2")
            where = {USER2: Refer((backend2.uri(),))} if decisions else {}
            backend1 = await hosts.backend("backend1", where)
            port = await hosts.proxy(backend1, protocol=Protocol.SMTP)
            client = await hosts.client(port, "EHLO")
            replies = await client.message(USER2, results=1)
            await client.close()
            return [reply.replace("backend2", "backend1") for reply in replies]

    moved, stayed = run(scenario(True)), run(scenario(False))
    assert moved == stayed
    assert moved[-1] == "250 2.0.0 [QUEUE-ID backend1-1] Saved"


def test_one_failed_result_of_several_is_not_reported_as_success(hosts, run):
    def script(line):
        if line == b"DATA\r\n":
            return b"354 go\r\n"
        if line == b".\r\n":
            return b"250 2.0.0 Saved\r\n452 4.2.2 Over quota\r\n"
        commands = (b"LHLO", b"MAIL", b"RCPT", b"QUIT")
        return b"250 OK\r\n" if line.startswith(commands) else b""

    async def scenario():
        async with hosts:
            backend = await hosts.scripted(script)
            client = await hosts.client(await hosts.proxy(backend, protocol=Protocol.SMTP), "EHLO")
            replies = await client.message(USER1, USER2, results=1)
            await client.close()
            return replies

    assert run(scenario())[-1] == "452 4.2.2 Over quota"
