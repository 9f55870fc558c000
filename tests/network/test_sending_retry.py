"""`send_message` and RETRY-AFTER: waited for once, as long as allowed, for whom it is about."""

from __future__ import annotations

import pytest

from reply_metadata.policy.recipient import Defer
from reply_metadata.policy.retry import RetryOnce, RetryScope
from reply_metadata.transitions import Protocol

USERS = tuple(f"user{number}@example.com" for number in (1, 2, 3))
USER1, USER2, USER3 = USERS


@pytest.fixture
def sleeping():
    """Waits for nothing, and keeps how long it was asked to."""

    async def sleep(seconds):
        sleep.seconds.append(seconds)

    sleep.seconds = []
    return sleep


LHLO = b"250-scripted\r\n250-ENHANCEDSTATUSCODES\r\n250 REPLYMETA\r\n"


def script_of(answers):
    """Answers each command by a list of replies; the last one stays."""

    def script(line):
        verb = line[:4]
        if verb in (b"LHLO", b"EHLO"):
            return LHLO
        if verb == b"RCPT":
            verb = line.partition(b"<")[2].partition(b"@")[0]
        if verb not in answers:
            return b"250 2.0.0 OK\r\n" if b":<" in line else b""
        replies = answers[verb]
        return replies.pop(0) if len(replies) > 1 else replies[0]

    return script


DATA = {b"DATA": [b"354 go\r\n"], b".\r\n": [b"250 2.0.0 Saved\r\n"], b"QUIT": [b"221 bye\r\n"]}
LATER = b"450 4.2.1 [RETRY-AFTER 20] Later\r\n"
OK = b"250 2.1.5 OK\r\n"


@pytest.mark.parametrize(
    ("answers", "waits", "delivered", "attempts"),
    [
        ({b"user1": [LATER, OK]}, [22.0], True, 2),
        ({b"user1": [LATER, LATER, OK]}, [22.0], False, 2),
        ({b"user1": [b"450 4.2.1 [RETRY-AFTER 400] Later\r\n", OK]}, [], False, 1),
        ({b"user1": [b"450 4.2.1 Later\r\n", OK]}, [], False, 1),
        ({b"user1": [b"550 5.1.1 [RETRY-AFTER 20] Never\r\n", OK]}, [], False, 1),
        ({b"MAIL": [LATER, OK]}, [22.0], True, 2),
        ({b"DATA": [LATER, b"354 go\r\n"]}, [22.0], True, 2),
        ({b".\r\n": [LATER, b"250 2.0.0 Saved\r\n"]}, [22.0], True, 2),
        ({b"user1": [b"421 4.3.2 [RETRY-AFTER 20] down\r\n", OK]}, [22.0], True, 2),
    ],
    ids=["once", "not twice", "too long", "no time", "5yz", "MAIL", "DATA", "content", "421"],
)
@pytest.mark.draft("req-retry-cap")
def test_a_retry_after_is_waited_for_once_and_never_longer_than_allowed(
    hosts, run, sending, sleeping, answers, waits, delivered, attempts
):
    async def scenario():
        async with hosts:
            server = await hosts.scripted(script_of(DATA | answers))
            return await sending(server, [USER1], retry=RetryOnce(300, 0.2), sleep=sleeping)

    (result,) = run(scenario())
    assert sleeping.seconds == pytest.approx(waits, abs=1)
    assert (result.delivered, result.attempts) == (delivered, attempts)


def test_without_a_policy_nothing_is_waited_for(hosts, run, sending, sleeping):
    async def scenario():
        async with hosts:
            one = await hosts.backend("one", {USER1: Defer(1)})
            return await sending(one, [USER1], sleep=sleeping)

    (result,) = run(scenario())
    assert (result.attempts, result.retry_after_s, sleeping.seconds) == (1, 1, [])


def test_only_the_recipients_a_retry_after_is_about_are_tried_again(hosts, run, sending, sleeping):
    async def scenario():
        async with hosts:
            one = await hosts.backend("one", {USER2: Defer(9), USER3: Defer(5)})
            results = await sending(one, retry=RetryOnce(300, 0), sleep=sleeping)
            return results, hosts.wrote(one.port), one.messages(USER1)

    results, wrote, messages = run(scenario())
    assert [result.attempts for result in results] == [1, 2, 2]
    assert sleeping.seconds == pytest.approx([5, 9], abs=1)
    assert [wrote.count(f"RCPT TO:<{user}>") for user in USERS] == [1, 2, 2]
    assert len(messages) == 1


def test_a_421_is_about_the_server_so_every_recipient_waits(hosts, run, sending, sleeping):
    closing = b"421 4.3.2 [RETRY-AFTER 20] down\r\n"
    answers = DATA | {b"user2": [closing, OK], b".\r\n": [b"250 2.0.0 a\r\n" * 3]}

    async def scenario():
        async with hosts:
            server = await hosts.scripted(script_of(answers))
            return await sending(server, retry=RetryOnce(300, 0), sleep=sleeping)

    results = run(scenario())
    assert sleeping.seconds == pytest.approx([20], abs=1)
    assert [result.delivered for result in results] == [True] * 3
    assert [result.attempts for result in results] == [2] * 3


def test_a_recipient_whose_result_is_not_known_is_not_tried_again_with_the_others(
    hosts, run, sending, sleeping
):
    """The 421 answers the first recipient; whether the second has the message is not known."""
    answers = DATA | {b".\r\n": [b"421 4.3.2 [RETRY-AFTER 20] down\r\n", b"250 2.0.0 Saved\r\n"]}

    async def scenario():
        async with hosts:
            server = await hosts.scripted(script_of(answers))
            return await sending(server, [USER1, USER2], retry=RetryOnce(300), sleep=sleeping)

    first, second = run(scenario())
    assert (first.delivered, first.attempts) == (True, 2)
    assert (second.unknown, second.attempts) == (True, 1)


@pytest.mark.parametrize(
    ("protocol", "scope"),
    [(Protocol.LMTP, RetryScope.RECIPIENT), (Protocol.SMTP, RetryScope.MESSAGE)],
)
def test_a_result_of_lmtp_is_about_its_recipient_and_one_of_smtp_about_the_message(
    hosts, run, sending, protocol, scope
):
    answers = DATA | {b".\r\n": [LATER]}

    async def scenario():
        async with hosts:
            server = await hosts.scripted(script_of(answers))
            return await sending(server, [USER1], dialing={"backend_protocol": protocol})

    (result,) = run(scenario())
    assert (result.wait_for, result.retry_after_s) == (scope, 20)
