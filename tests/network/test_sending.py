"""`send_message`: a result for each recipient; all else by policy only."""

from __future__ import annotations

import pytest

from reply_metadata.errors import LocalProtocolError
from reply_metadata.keys import QueueId
from reply_metadata.network.backend import Dialer
from reply_metadata.network.referral_walk import Backend
from reply_metadata.network.sending import SendSettings, send_message
from reply_metadata.paths import Path
from reply_metadata.policy.recipient import Defer, Refer, Reject
from reply_metadata.policy.referral import NotFollowed, ReferralPolicy
from reply_metadata.policy.retry import RetryOnce, RetryScope
from reply_metadata.transitions import Protocol

SENDER = Path.of("sender@example.org")
USERS = tuple(f"user{number}@example.com" for number in (1, 2, 3))
USER1, USER2, USER3 = USERS
CONTENT = b"Subject: test\r\n\r\n.Hi\r\n"


@pytest.mark.parametrize("protocol", Protocol)
def test_each_recipient_has_a_result_in_the_order_given(hosts, run, sending, protocol):
    async def scenario():
        async with hosts:
            decisions = {USER2: Reject("no-user"), USER3: Defer(300)}
            one = await hosts.backend("one", decisions, protocol=protocol)
            results = await sending(one, dialing={"backend_protocol": protocol})
            return results, one.messages(USER1), one.port

    results, messages, port = run(scenario())
    assert [result.recipient.mailbox for result in results] == list(USERS)
    assert [result.delivered for result in results] == [True, False, False]
    assert [result.reply.code for result in results] == [250, 550, 450]
    assert results[0].reply.metadata.get(QueueId) == QueueId("one-1")
    assert (results[2].retry_after_s, results[2].wait_for) == (300, RetryScope.RECIPIENT)
    assert {str(result.hosts[-1]) for result in results} == {f"127.0.0.1:{port}"}
    assert messages[0].endswith(b"\n\n.Hi\n")


def test_two_recipients_of_smtp_share_the_one_reply(hosts, run, sending):
    async def scenario():
        async with hosts:
            one = await hosts.backend("one", protocol=Protocol.SMTP)
            return await sending(one, dialing={"backend_protocol": Protocol.SMTP})

    results = run(scenario())
    assert [result.delivered for result in results] == [True] * 3
    assert len({result.reply.to_octets() for result in results}) == 1


def test_no_referral_is_followed_by_default(hosts, run, sending):
    async def scenario():
        async with hosts:
            two = await hosts.backend("two")
            one = await hosts.backend("one", {USER2: Refer((two.uri(),))})
            return await sending(one), hosts.wrote(two.port)

    results, wrote = run(scenario())
    assert [result.delivered for result in results] == [True, False, True]
    assert results[1].reasons == (NotFollowed.OFF,)
    assert wrote == []


@pytest.mark.parametrize("protocol", Protocol)
def test_referrals_are_followed_when_that_is_configured(hosts, run, sending, following, protocol):
    async def scenario():
        async with hosts:
            three = await hosts.backend("three", protocol=protocol)
            two = await hosts.backend("two", {USER3: Refer((three.uri(),))}, protocol=protocol)
            moved = {USER2: Refer((two.uri(),)), USER3: Refer((two.uri(),))}
            one = await hosts.backend("one", moved, protocol=protocol)
            dialing = {"backend_protocol": protocol}
            results = await sending(one, dialing=dialing, referral=following)
            stored = [(host.name, user) for host in (one, two, three) for user in USERS]
            copies = {
                (host.name, user): len(host.messages(user))
                for host in (one, two, three)
                for user in USERS
                if host.messages(user)
            }
            return results, copies, stored

    results, copies, _ = run(scenario())
    assert [result.delivered for result in results] == [True] * 3
    assert [len(result.hosts) for result in results] == [1, 2, 3]
    assert copies == {("one", USER1): 1, ("two", USER2): 1, ("three", USER3): 1}


def test_a_loop_of_referrals_is_a_result(hosts, run, sending, following, free_port):
    async def scenario():
        async with hosts:
            port = free_port()
            refer = Refer((f"smtp://127.0.0.1:{port}/",))
            one = await hosts.backend("one", {USER2: refer}, port=port)
            return await sending(one, [USER2], referral=following)

    (result,) = run(scenario())
    assert (result.reply.code, result.reply.enhanced_code) == (451, "4.4.6")
    assert result.problem == "that host and port were asked before"
    assert len(result.hosts) == 1


def test_the_call_as_the_readme_of_the_reference_shows_it(hosts, run, project, capsys):
    page = (project / "reference" / "README.md").read_text("utf-8")
    section = page.partition("## Send from your own program")[2]
    shown = [line for line in section.partition("\n## ")[0].split("\n") if line.startswith("    ")]
    source = "\n".join(["async def example():", *shown])
    names = {
        "Backend": lambda _host, _port: Backend("127.0.0.1", names["port"]),
        "Dialer": Dialer,
        "Protocol": Protocol,
        "SendSettings": SendSettings,
        "send_message": send_message,
        **{"content": CONTENT, "sender": SENDER, "recipients": [Path.of(USER1)]},
    }
    exec(source, names)

    async def scenario():
        async with hosts:
            names["port"] = (await hosts.backend("one", protocol=Protocol.SMTP)).port
            await names["example"]()

    run(scenario())
    assert capsys.readouterr().out.startswith(f"{USER1} True <Reply 250 2.0.0 [QUEUE-ID one-1]")


def test_a_client_may_have_the_name_of_its_server(hosts, run, sending):
    """As `localhost` on both sides; only a proxy is a loop of its own."""

    async def scenario():
        async with hosts:
            return await sending(await hosts.backend("client.example.org"), [USER1])

    (result,) = run(scenario())
    assert result.delivered


# What goes wrong


def test_a_server_that_is_not_there_is_a_result(hosts, run, sending, free_port):
    async def scenario():
        async with hosts:
            nobody = Backend("127.0.0.1", free_port())
            return await sending(nobody), await sending(Backend("nowhere.example", 25))

    refused, unknown = run(scenario())
    assert all(result.reply is None and not result.delivered for result in refused + unknown)
    assert "no connection" in refused[0].problem
    assert unknown[0].problem == "nowhere.example was not found"


def test_a_server_that_turns_everybody_away_is_shown_with_its_reply(hosts, run, sending):
    async def scenario():
        async with hosts:
            rude = await hosts.scripted(lambda line: None, b"554 5.3.2 no service\r\n")
            return await sending(rude, [USER1])

    (result,) = run(scenario())
    assert result.reply.code == 554
    assert "refused the connection" in result.problem


def test_a_message_that_may_have_been_taken_is_not_sent_again(hosts, run, sending):
    def script(line):
        if line == b"DATA\r\n":
            return b"354 go\r\n"
        if line == b".\r\n":
            return None
        return b"" if line[:1] in b"S.H\r" else b"250 OK\r\n"

    async def scenario():
        async with hosts:
            lost = await hosts.scripted(script)
            results = await sending(lost, [USER1, USER2], retry=RetryOnce(300))
            return results, [line for line in lost.lines if line.startswith(b"RCPT")]

    results, commands = run(scenario())
    assert all(result.unknown and not result.delivered for result in results)
    assert "not known" in results[0].problem
    assert len(commands) == 2


def test_content_that_cannot_be_sent_is_refused_before_anybody_is_asked(hosts, run, sending):
    async def scenario():
        async with hosts:
            one = await hosts.backend("one")
            with pytest.raises(LocalProtocolError, match="bare CR or LF"):
                await sending(one, content=b"a\nb\r\n")
            return hosts.wrote(one.port)

    assert run(scenario()) == []


def test_addresses_that_are_not_ascii_ask_for_smtputf8(hosts, run, sending):
    async def scenario():
        async with hosts:
            one = await hosts.backend("one")
            plain = await hosts.scripted(lambda line: b"250 plain\r\n")
            good = await sending(one, ["\u00fcser@example.com"])
            bad = await sending(plain, ["\u00fcser@example.com"])
            return good, bad, plain.lines

    (good,), (bad,), lines = run(scenario())
    assert good.delivered
    assert bad.reply is None
    assert "lacks an extension" in bad.problem
    assert not any(line.startswith(b"MAIL") for line in lines)


def test_the_policy_as_built_follows_nothing():
    settings = SendSettings(Backend("mx.example", 25), None)
    assert settings.referral == ReferralPolicy()
    assert (settings.retry, settings.credentials) == (None, None)
