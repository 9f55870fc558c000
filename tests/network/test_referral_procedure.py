"""Following a referral, step by step on the wire: what is asked, of whom, and what never is.

`test_referral_sentences` says which test is for which sentence of the draft.
"""

from __future__ import annotations

import dataclasses
from ipaddress import ip_address, ip_network

import pytest

from reply_metadata.commands import MailFrom, Parameter, RcptTo
from reply_metadata.network.referral_walk import Backend, ReferralWalk
from reply_metadata.network.resolver import TableResolver, literal
from reply_metadata.octets import encode_value
from reply_metadata.paths import Path
from reply_metadata.policy.recipient import Refer
from reply_metadata.policy.referral import NotFollowed, ReferralPolicy, endpoint

USER1, USER2 = "user1@example.com", "user2@example.com"
LHLO = b"250-scripted\r\n250-ENHANCEDSTATUSCODES\r\n250-8BITMIME\r\n250-SIZE\r\n250 REPLYMETA\r\n"
EVERYWHERE = ReferralPolicy(
    follow=True,
    trusted_peers=(ip_network("0.0.0.0/0"),),
    allowed_networks=tuple(
        ip_network(text)
        for text in ("0.0.0.0/0", "::/0", "127.0.0.0/8", "::1/128", "169.254.0.0/16", "fe80::/10")
    ),
    allowed_ports=(range(1, 65536),),
)
"""As careless as a policy can be: what is denied under it is denied by the procedure itself."""


class CountingResolver:
    """Keeps what it was asked for; a table of one answer after the other for each name."""

    def __init__(self, answers=None):
        self.asked = []
        self._answers = answers or {}

    async def addresses(self, host):
        address = literal(host)
        if address is not None:
            return (address,)
        self.asked.append(host)
        answers = self._answers.get(host, [()])
        return answers.pop(0) if len(answers) > 1 else answers[0]


def referring(group):
    """A host that refers every recipient by a group whose arguments stand as given."""

    def script(line):
        if line.startswith(b"LHLO"):
            return LHLO
        if line.startswith(b"RCPT"):
            return b"450 4.4.4 [REFERRAL " + group + b"] Moved\r\n"
        return b"250 2.0.0 OK\r\n"

    return script


def ask_once(hosts, run, script, policy, resolver=None):
    """The proxy's answer for a recipient of a scripted host, and whom it asked for names."""
    resolver = resolver or CountingResolver()

    async def scenario():
        async with hosts:
            host = await hosts.scripted(script)
            port = await hosts.proxy(host, referral=policy, resolver=resolver)
            client = await hosts.client(port)
            replies = await client.message(USER2)
            await client.close()
            return replies[0], hosts.recording.hops(), f"{host.port}"

    reply, hops, port = run(scenario())
    assert hops[0] == port
    return reply, hops[1:], resolver.asked


# A7, A8: URIs that are no referral, whatever the policy

HOSTILE_URIS = {
    "CRLF": "smtp://back\r\nend2/",
    "NUL": "smtp://backend2\x00/",
    "encoded CRLF": "smtp://h%0d%0aRSET/",
    "encoded NUL": "smtp://h%00/",
    "userinfo": "smtp://user@backend2/",
    "password": "smtp://user:secret@backend2/",
    "userinfo with CRLF": "smtp://a%0d%0ab@backend2/",
    "two at signs": "smtp://a@b@backend2/",
    "angle bracket": "smtp://a>b@backend2/",
    "space": "smtp://back end2/",
    "leading space": " smtp://backend2/",
    "8-bit": "smtp://b\u00e4ckend2/",
    "user of 65 octets": f"smtp://{'a' * 65}@backend2/",
    "backslash": "smtp://h\\@backend2/",
    "full-width host": "smtp://\uff4cocalhost/",
    "full-width digits": "smtp://\uff11\uff12\uff17.0.0.1/",
    "127.1": "smtp://127.1/",
    "hexadecimal": "smtp://0x7f000001/",
    "decimal": "smtp://2130706433/",
    "octal": "smtp://0177.0.0.1/",
    "zone": "smtp://[fe80::1%25eth0]/",
    "other scheme": "lmtp://backend2/",
    "path": "smtp://backend2/x",
    "query": "smtp://backend2/?x",
    "fragment": "smtp://backend2/#x",
    "port 0": "smtp://backend2:0/",
    "port 65536": "smtp://backend2:65536/",
    "empty": "smtp:///",
}


@pytest.mark.draft("req-referral-parser")
@pytest.mark.parametrize("uri", HOSTILE_URIS.values(), ids=HOSTILE_URIS)
def test_a_hostile_uri_leads_nowhere_even_under_a_careless_policy(hosts, run, uri):
    group = encode_value(uri.encode("utf-8"))
    reply, connected, resolved = ask_once(hosts, run, referring(group), EVERYWHERE)
    assert reply == "450 4.4.4 Moved"
    assert (connected, resolved) == ((), [])


@pytest.mark.draft("req-referral-parser")
def test_a_good_uri_beside_a_hostile_one_is_not_used_either(hosts, run):
    group = b"smtp://user@h/ smtp://127.0.0.1:9/"
    reply, connected, _ = ask_once(hosts, run, referring(group), EVERYWHERE)
    assert (reply, connected) == ("450 4.4.4 Moved", ())


# A8: addresses and ports, denied by default

TARGETS = {
    "loopback": "smtp://127.0.0.1:2424/",
    "another loopback": "smtp://127.8.9.1:2424/",
    "IPv6 loopback": "smtp://[::1]:2424/",
    "mapped loopback": "smtp://[::ffff:127.0.0.1]:2424/",
    "mapped in hexadecimal": "smtp://[::ffff:7f00:1]:2424/",
    "name of loopback": "smtp://inside.example:2424/",
    "link-local": "smtp://169.254.169.254:2424/",
    "IPv6 link-local": "smtp://[fe80::1]:2424/",
    "unspecified": "smtp://0.0.0.0:2424/",
    "IPv6 unspecified": "smtp://[::]:2424/",
    "multicast": "smtp://224.0.0.1:2424/",
    "private": "smtp://10.0.0.1:2424/",
    "ssh": "smtp://192.0.2.7:22/",
    "redis": "smtp://192.0.2.7:6379/",
    "port 25 in LMTP": "smtp://192.0.2.7:25/",
    "public": "smtp://192.0.2.7:2424/",
}
INSIDE = {"inside.example": [(ip_address("127.0.0.1"),)]}
SWITCHED_ON = ReferralPolicy(follow=True, trusted_peers=(ip_network("127.0.0.0/8"),))
ALL_NETWORKS = dataclasses.replace(
    SWITCHED_ON,
    allowed_networks=(ip_network("0.0.0.0/0"), ip_network("::/0")),
    allowed_ports=(range(1, 65536),),
)
NEVER_BY_ZERO = [
    name for name in TARGETS if name not in {"private", "ssh", "redis", "public"}
]  # what 0.0.0.0/0 does not open


@pytest.mark.draft("req-referral-off", "req-referral-targets")
@pytest.mark.parametrize("policy", [ReferralPolicy(), SWITCHED_ON], ids=["as built", "on"])
@pytest.mark.parametrize("uri", TARGETS.values(), ids=TARGETS)
def test_by_default_a_referral_leads_nowhere(hosts, run, uri, policy):
    script, resolver = referring(encode_value(uri.encode("ascii"))), CountingResolver(INSIDE)
    reply, connected, resolved = ask_once(hosts, run, script, policy, resolver)
    assert (reply, connected) == ("450 4.4.4 Moved", ())
    assert policy.follow or resolved == []


@pytest.mark.draft("req-referral-targets")
@pytest.mark.parametrize("name", NEVER_BY_ZERO)
def test_no_list_of_all_networks_opens_the_machine_itself(hosts, run, name):
    script = referring(encode_value(TARGETS[name].encode("ascii")))
    reply, connected, _ = ask_once(hosts, run, script, ALL_NETWORKS, CountingResolver(INSIDE))
    assert (reply, connected) == ("450 4.4.4 Moved", ())


@pytest.mark.draft("req-referral-trust", "req-referral-client")
def test_no_stranger_refers(hosts, run):
    strangers = dataclasses.replace(EVERYWHERE, trusted_peers=(ip_network("192.0.2.0/24"),))
    script = referring(b"smtp://127.0.0.1:9/")
    reply, connected, _ = ask_once(hosts, run, script, strangers)
    assert (reply, connected) == ("450 4.4.4 Moved", ())


# Resolve once, connect there


@pytest.mark.draft("req-referral-resolve")
def test_a_name_is_resolved_once_and_the_address_that_was_checked_is_connected_to(hosts, run):
    """The second answer would be another host: nobody asks for it."""

    async def scenario():
        async with hosts:
            backend2 = await hosts.backend("backend2", host="127.0.0.2")
            wrong = await hosts.backend("wrong", host="127.0.0.3", port=backend2.port)
            answers = [(ip_address("127.0.0.2"),), (ip_address("127.0.0.3"),)]
            resolver = CountingResolver({"backend2": answers})
            policy = dataclasses.replace(EVERYWHERE, allowed_networks=(ip_network("127.0.0.2/32"),))
            refer = Refer((backend2.uri("backend2"),))
            backend1 = await hosts.backend("backend1", {USER2: refer})
            port = await hosts.proxy(backend1, referral=policy, resolver=resolver)
            client = await hosts.client(port)
            replies = await client.message(USER2)
            await client.close()
            return replies[-1], resolver.asked, backend2.messages(USER2), wrong.messages(USER2)

    reply, asked, messages, elsewhere = run(scenario())
    assert reply == "250 2.0.0 [QUEUE-ID backend2-1] Saved"
    assert asked == ["backend2"]
    assert (len(messages), elsewhere) == (1, [])


@pytest.mark.draft("req-referral-resolve")
def test_addresses_the_policy_refuses_are_dropped_and_the_others_used(hosts, run):
    async def scenario():
        async with hosts:
            backend2 = await hosts.backend("backend2", host="127.0.0.2")
            found = (ip_address("127.0.0.9"), ip_address("10.0.0.1"), ip_address("127.0.0.2"))
            policy = dataclasses.replace(EVERYWHERE, allowed_networks=(ip_network("127.0.0.2/32"),))
            refer = Refer((backend2.uri("backend2"),))
            backend1 = await hosts.backend("backend1", {USER2: refer})
            resolver = TableResolver({"backend2": found})
            port = await hosts.proxy(backend1, referral=policy, resolver=resolver)
            client = await hosts.client(port)
            replies = await client.message(USER2)
            await client.close()
            return replies[0], hosts.recording.hops(), backend2.port

    reply, hops, port = run(scenario())
    assert reply == "250 2.1.5 OK"
    assert hops[-1] == f"{port}"
    assert len(hops) == 2


@pytest.mark.draft("req-referral-loop")
def test_a_referral_to_our_own_address_is_a_loop_and_is_not_connected_to(hosts, run, following):
    async def scenario():
        async with hosts:
            ours = await hosts.backend("under.another.name")
            one = await hosts.backend("one", {USER2: Refer((ours.uri(),))})
            walk = ReferralWalk(
                hosts.dialer("ours.example"),
                following,
                TableResolver({}),
                own=endpoint("127.0.0.1", ours.port),
            )
            recipient = RcptTo(Path.of(USER2))
            mail = MailFrom(Path.of("s@example.org"))
            asked = await walk.ask(mail, recipient, Backend("127.0.0.1", one.port))
            await walk.close()
            return asked, hosts.wrote(ours.port)

    asked, wrote = run(scenario())
    assert (asked.reply.code, asked.reply.enhanced_code) == (451, "4.4.6")
    assert asked.reasons == (NotFollowed.VISITED,)
    assert wrote == []


# The same transaction, and nothing kept of it


@pytest.mark.draft("req-referral-same", "req-referral-others", "req-referral-steps")
def test_the_new_transaction_has_the_same_parameters_and_the_same_content(hosts, run, following):
    content = "Subject: x\r\n\r\n.dots\r\n..\r\nend\r\n"

    async def scenario():
        async with hosts:
            backend2 = await hosts.backend("backend2")
            backend1 = await hosts.backend("backend1", {USER2: Refer((backend2.uri(),))})
            client = await hosts.client(await hosts.proxy(backend1))
            mail = "MAIL FROM:<s@example.org> BODY=8BITMIME SIZE=99"
            await client.ask(mail)
            replies = [await client.ask(f"RCPT TO:<{user}>") for user in (USER1, USER2)]
            replies.append(await client.ask("DATA"))
            client._writer.write(content.encode("ascii").replace(b"\r\n.", b"\r\n..") + b".\r\n")
            replies += [await client.reply(), await client.reply()]
            await client.close()
            stored = [backend1.messages(USER1)[0], backend2.messages(USER2)[0]]
            return replies, stored, hosts.wrote(backend1.port), hosts.wrote(backend2.port)

    replies, stored, first, second = run(scenario())
    assert [reply[:3] for reply in replies] == ["250", "250", "354", "250", "250"]
    bodies = [one[one.index(b"Subject") :] for one in stored]
    assert bodies == [content.encode("ascii").replace(b"\r\n", b"\n")] * 2
    mails = [line for line in first + second if line.startswith("MAIL")]
    assert mails == ["MAIL FROM:<s@example.org> BODY=8BITMIME SIZE=99"] * 2
    assert [line for line in second if line.startswith("RCPT")] == [f"RCPT TO:<{USER2}>"]


@pytest.mark.draft("req-referral-same", "req-referral-extensions")
def test_parameters_of_rcpt_go_on_and_a_host_that_cannot_take_them_is_passed_over(
    hosts, run, following
):
    """NOTIFY belongs to DSN (RFC 3461), which the first host and the last one list."""

    def listing(*keywords, rcpt=b"250 2.1.5 OK\r\n"):
        lines = [b"250-scripted\r\n", *(b"250-%s\r\n" % one for one in keywords), b"250 SIZE\r\n"]
        return lambda line: (
            b"".join(lines)
            if line[:4] == b"LHLO"
            else rcpt
            if line[:4] == b"RCPT"
            else b"250 OK\r\n"
        )

    async def scenario():
        async with hosts:
            without, last = await hosts.scripted(listing()), await hosts.scripted(listing(b"DSN"))
            uris = f"{without.uri()} {last.uri()}".encode("ascii")
            moved = b"450 4.4.4 [REFERRAL " + uris + b"] Moved\r\n"
            first = await hosts.scripted(listing(b"DSN", b"REPLYMETA", rcpt=moved))
            walk = ReferralWalk(hosts.dialer("client.example.org"), following, TableResolver({}))
            mail = MailFrom(Path.of("s@example.org"))
            recipient = RcptTo(Path.of(USER2), (Parameter("NOTIFY", "NEVER"),))
            asked = await walk.ask(mail, recipient, Backend("127.0.0.1", first.port))
            await walk.close()
            lines = [line for line in last.lines if line.startswith(b"RCPT")]
            return asked.reply.code, asked.reasons, lines, without.lines

    code, reasons, lines, passed_over = run(scenario())
    assert code == 250
    assert reasons == (NotFollowed.LACKS_EXTENSION,)
    assert lines == [b"RCPT TO:<user2@example.com> NOTIFY=NEVER\r\n"]
    assert not any(line.startswith(b"RCPT") for line in passed_over)


@pytest.mark.draft("req-referral-not-cached")
def test_nothing_is_remembered_for_the_next_message(hosts, run):
    async def scenario():
        async with hosts:
            backend2 = await hosts.backend("backend2")
            decisions = {USER2: Refer((backend2.uri(),))}
            backend1 = await hosts.backend("backend1", decisions)
            client = await hosts.client(await hosts.proxy(backend1))
            first = await client.message(USER2)
            decisions.clear()  # the user has come back
            second = await client.message(USER2)
            await client.close()
            counts = len(backend1.messages(USER2)), len(backend2.messages(USER2))
            return first[-1], second[-1], counts

    first, second, counts = run(scenario())
    assert first == "250 2.0.0 [QUEUE-ID backend2-1] Saved"
    assert second == "250 2.0.0 [QUEUE-ID backend1-1] Saved"
    assert counts == (1, 1)


@pytest.mark.draft("req-referral-final")
def test_after_the_new_host_has_taken_the_recipient_no_other_is_asked(hosts, run):
    """It takes RCPT, then fails the content; the other URI and the first host stay unasked."""

    def script(line):
        if line == b"DATA\r\n":
            return b"452 4.2.2 full\r\n"
        return b"250 2.0.0 OK\r\n"

    async def scenario():
        async with hosts:
            full = await hosts.scripted(script)
            other = await hosts.backend("other")
            uris = (full.uri(), other.uri())
            backend1 = await hosts.backend("backend1", {USER2: Refer(uris)})
            client = await hosts.client(await hosts.proxy(backend1))
            replies = await client.message(USER2)
            await client.close()
            return replies, hosts.wrote(other.port), hosts.wrote(backend1.port)

    replies, other, first = run(scenario())
    assert replies[-1] == "452 4.2.2 full"
    assert other == []
    assert first.count(f"RCPT TO:<{USER2}>") == 1
    assert "DATA" not in first


@pytest.mark.draft("req-referral-final")
@pytest.mark.parametrize("verb", [b"MAIL", b"RCPT"])
def test_the_new_hosts_refusal_of_mail_or_rcpt_is_the_result(hosts, run, verb):
    def script(line):
        return b"550 5.7.1 not here\r\n" if line.startswith(verb) else b"250 2.0.0 OK\r\n"

    async def scenario():
        async with hosts:
            refusing = await hosts.scripted(script)
            other = await hosts.backend("other")
            uris = (refusing.uri(), other.uri())
            backend1 = await hosts.backend("backend1", {USER2: Refer(uris)})
            client = await hosts.client(await hosts.proxy(backend1))
            replies = await client.message(USER2)
            await client.close()
            return replies, hosts.wrote(other.port)

    replies, other = run(scenario())
    assert replies[0] == "550 5.7.1 not here"
    assert other == []
