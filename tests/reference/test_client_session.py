"""The client session: dialogues, pipelining, metadata, LMTP."""

from __future__ import annotations

import pytest

from reply_metadata.client_session import ClientSession
from reply_metadata.commands import (
    Hello,
    HelloVerb,
    Help,
    MailFrom,
    Noop,
    Parameter,
    Quit,
    RcptTo,
    Reset,
    StartData,
    Verify,
)
from reply_metadata.errors import LocalProtocolError, RemoteProtocolError
from reply_metadata.events import (
    CommandAnswer,
    ConnectionEnded,
    Content,
    Greeting,
    Result,
)
from reply_metadata.groups import GroupStatus
from reply_metadata.keys import QueueId, Referral, RetryAfter, Stored, TraceId
from reply_metadata.paths import NULL_PATH, Path
from reply_metadata.transitions import Protocol, State

HELLO = {
    Protocol.SMTP: Hello(HelloVerb.EHLO, "client.example.org"),
    Protocol.LMTP: Hello(HelloVerb.LHLO, "client.example.org"),
}
KEYWORDS = b"250-mx.example.org\r\n250-PIPELINING\r\n250-ENHANCEDSTATUSCODES\r\n250 REPLYMETA\r\n"
PLAIN_KEYWORDS = b"250-mx.example.org\r\n250 PIPELINING\r\n"
MAIL = MailFrom(Path.of("sender@example.org"))


def rcpt(number):
    return RcptTo(Path.of(f"user{number}@example.com"))


def test_nothing_is_sent_before_the_greeting():
    session = ClientSession(Protocol.SMTP)
    with pytest.raises(LocalProtocolError):
        session.send(HELLO[Protocol.SMTP])


@pytest.mark.parametrize("protocol", Protocol)
def test_a_whole_dialogue_gives_the_same_events_octet_by_octet(events_of, protocol):
    def dialogue(feed):
        session = ClientSession(protocol)
        feed(session, b"220-mx.example.org\r\n220 ready\r\n")
        session.send(HELLO[protocol])
        feed(session, KEYWORDS)
        for command in (MAIL, rcpt(1), rcpt(2), StartData()):
            session.send(command)
        feed(
            session,
            b"250 2.1.0 OK\r\n250 2.1.5 OK\r\n"
            b"450 4.4.4 [REFERRAL smtp://backend2/] Redirected\r\n354 go\r\n",
        )
        session.send(Content(b"Hi\r\n"))
        feed(session, b"250-2.0.0 [QUEUE-ID 4XyZ1] Ok\r\n250 2.0.0 queued\r\n")
        session.send(Quit())
        feed(session, b"221 2.0.0 mx.example.org bye\r\n")
        session.receive_octets(b"")
        return events_of(session), session.state

    def by_octet(session, octets):
        for octet in octets:
            session.receive_octets(bytes((octet,)))

    whole = dialogue(ClientSession.receive_octets)
    assert whole == dialogue(by_octet)
    kinds = [type(event) for event in whole[0]]
    assert kinds == [Greeting, *[CommandAnswer] * 5, Result, CommandAnswer, ConnectionEnded]
    assert whole[0][4].reply.metadata.get(Referral) == Referral(("smtp://backend2/",))
    assert whole[0][6].reply.metadata.get(QueueId) == QueueId("4XyZ1")
    assert whole[0][-1].clean
    assert whole[1] is State.CLOSED


def test_pipelined_replies_are_matched_by_count(events_of, greeted):
    session = greeted()
    commands = (Reset(), MAIL, rcpt(1), rcpt(2), StartData())
    octets = b"".join(session.send(command) for command in commands)
    assert octets.count(b"\r\n") == 5
    session.receive_octets(b"250 ok\r\n250 ok\r\n550 5.1.1 no\r\n250 ok\r\n354 go\r\n")
    events = events_of(session)
    assert [event.command for event in events] == list(commands)
    assert session.accepted == (rcpt(2),)


def test_without_pipelining_one_command_waits_for_the_other(greeted):
    session = greeted(keywords=b"250 mx.example.org\r\n")
    session.send(MAIL)
    with pytest.raises(LocalProtocolError):
        session.send(rcpt(1))
    session.receive_octets(b"250 ok\r\n")
    assert session.send(rcpt(1)) == b"RCPT TO:<user1@example.com>\r\n"


@pytest.mark.parametrize("last", [StartData(), Noop(), HELLO[Protocol.SMTP], Quit()])
def test_nothing_follows_a_command_that_ends_a_group(greeted, asked, last):
    session = greeted()
    asked(session, MAIL, b"250 ok\r\n")
    asked(session, rcpt(1), b"250 ok\r\n")
    session.send(last)
    with pytest.raises(LocalProtocolError):
        session.send(Reset())


def test_what_is_refused_changes_nothing(greeted, asked):
    session = greeted()
    before = (session.state, session.unanswered, session.negotiated, session.extensions)
    for wrong in (
        rcpt(1),
        StartData(),
        Content(b"x\r\n"),
        HELLO[Protocol.LMTP],
        MailFrom(MAIL.sender, (Parameter("SIZE", "1"),)),
    ):
        with pytest.raises(LocalProtocolError):
            session.send(wrong)
    assert (session.state, session.unanswered, session.negotiated, session.extensions) == before
    assert asked(session, MAIL, b"250 ok\r\n").code == 250


def test_content_with_a_bare_line_feed_is_refused_and_can_be_sent_right_then(greeted, asked):
    session = greeted()
    for command, reply in (
        (MAIL, b"250 ok\r\n"),
        (rcpt(1), b"250 ok\r\n"),
        (StartData(), b"354 go\r\n"),
    ):
        asked(session, command, reply)
    with pytest.raises(LocalProtocolError):
        session.send(Content(b"a\n.\r\n"))
    assert session.send(Content(b".a\r\n")) == b"..a\r\n.\r\n"


# Metadata


def test_brackets_are_text_unless_the_server_listed_the_keyword(greeted, asked):
    session = greeted(keywords=PLAIN_KEYWORDS)
    reply = asked(session, MAIL, b"450 4.4.4 [REFERRAL smtp://backend2/] Redirected\r\n")
    assert len(reply.metadata) == 0
    assert reply.text == "[REFERRAL smtp://backend2/] Redirected"


def test_keyword_parameters_are_ignored_and_its_case_does_not_count(greeted):
    session = greeted(keywords=b"250-mx\r\n250-replymeta V=2 x\r\n250 REPLYMETA\r\n")
    assert session.negotiated


def test_a_first_line_with_the_keyword_is_a_host_name(greeted):
    assert not greeted(keywords=b"250 REPLYMETA\r\n").negotiated


@pytest.mark.parametrize("verb", [HelloVerb.EHLO, HelloVerb.HELO])
def test_the_keyword_ends_when_a_greeting_is_sent_not_when_it_succeeds(events_of, greeted, verb):
    session = greeted()
    session.send(MAIL)
    session.send(Hello(verb, "client.example.org"))
    assert not session.negotiated
    session.receive_octets(b"250 2.1.0 [TRACE-ID 7f3a] OK\r\n550 5.5.1 [REASON x] no\r\n")
    first, second = events_of(session)
    assert len(first.reply.metadata) == 0
    assert len(second.reply.metadata) == 0
    assert not session.negotiated
    assert session.extensions == {}


def test_after_helo_nothing_is_metadata(greeted, asked):
    session = greeted()
    asked(session, Hello(HelloVerb.HELO, "client.example.org"), b"250 mx.example.org\r\n")
    assert len(asked(session, MAIL, b"250 2.1.0 [TRACE-ID 7f3a] OK\r\n").metadata) == 0


def test_metadata_after_the_path_of_another_recipient_is_not_used(greeted, asked):
    session = greeted(Protocol.LMTP)
    asked(session, MAIL, b"250 2.1.0 OK\r\n")
    mine = asked(session, rcpt(1), b"450 4.2.1 <user1@EXAMPLE.com> [RETRY-AFTER 5] wait\r\n")
    assert mine.metadata.get(RetryAfter) == RetryAfter(5)
    other = asked(session, rcpt(2), b"450 4.2.1 <user1@example.com> [RETRY-AFTER 5] wait\r\n")
    assert other.metadata.get(RetryAfter) is None
    assert other.metadata[0].status is GroupStatus.WRONG_RECIPIENT


def test_a_path_with_a_quoted_bracket_makes_no_referral(greeted, asked):
    session = greeted()
    asked(session, MAIL, b"250 2.1.0 OK\r\n")
    evil = RcptTo(Path.of('"a> [REFERRAL smtp://evil.example/] "@example.org'))
    reply = asked(session, evil, b"450 4.4.4 " + evil.recipient.to_octets() + b" not here\r\n")
    assert len(reply.metadata) == 0


def test_a_key_that_may_not_answer_the_command_is_not_used(greeted, asked):
    session = greeted()
    reply = asked(session, MAIL, b"250 2.1.0 [QUEUE-ID 4XyZ1] OK\r\n")
    assert reply.metadata[0].status is GroupStatus.WRONG_COMMAND


def test_a_keyword_line_that_is_malformed_offers_nothing(greeted):
    session = greeted(keywords=b"250-mx.example.org\r\n250 REPLYMETA  V=2\r\n")
    assert not session.negotiated


@pytest.mark.parametrize("protocol", Protocol)
def test_a_key_of_lmtp_is_used_in_lmtp_only(events_of, greeted, protocol):
    session = greeted(protocol)
    for command in (MAIL, rcpt(1), StartData()):
        session.send(command)
    session.receive_octets(b"250 ok\r\n250 ok\r\n354 go\r\n")
    events_of(session)
    session.send(Content(b"Hi\r\n"))
    session.receive_octets(b"250 2.0.0 [STORED mailbox=INBOX] Saved\r\n")
    (result,) = events_of(session)
    stored = result.reply.metadata.get(Stored)
    assert stored == (Stored("INBOX") if protocol is Protocol.LMTP else None)


def test_a_session_can_be_told_to_use_no_metadata(greeted):
    assert not greeted(use_metadata=False).negotiated


def test_a_client_sends_addresses_in_utf8_only_with_smtputf8_and_where_it_is_listed(greeted, asked):
    keywords = KEYWORDS.replace(b"250 REPLYMETA", b"250-SMTPUTF8\r\n250 REPLYMETA")
    mail, recipient = (
        MailFrom(NULL_PATH, (Parameter("SMTPUTF8"),)),
        RcptTo(Path.of("ä@example.org")),
    )
    with pytest.raises(LocalProtocolError):
        greeted().send(mail)
    with pytest.raises(LocalProtocolError):
        MailFrom(Path.of("ä@example.org"))
    session = greeted(keywords=keywords)
    asked(session, MAIL, b"250 2.1.0 OK\r\n")
    with pytest.raises(LocalProtocolError):
        session.send(recipient)
    asked(session, Reset(), b"250 2.0.0 OK\r\n")
    session.send(mail)
    assert session.send(recipient) == b"RCPT TO:<\xc3\xa4@example.org>\r\n"


@pytest.mark.parametrize("command", [Verify("user1"), Help()])
def test_metadata_in_a_reply_to_vrfy_or_help_is_not_used(greeted, asked, command):
    reply = asked(greeted(), command, b"250 2.0.0 [TRACE-ID 7f3a] user1\r\n")
    assert [group.status for group in reply.metadata] == [GroupStatus.NO_METADATA_HERE]
    assert reply.metadata.get(TraceId) is None


# LMTP


@pytest.mark.parametrize("count", [1, 2, 3])
def test_lmtp_has_one_result_for_each_accepted_recipient(events_of, greeted, asked, count):
    session = greeted(Protocol.LMTP)
    asked(session, MAIL, b"250 ok\r\n")
    asked(session, rcpt(0), b"550 5.1.1 no\r\n")
    for number in range(1, count + 1):
        asked(session, rcpt(number), b"250 ok\r\n")
    asked(session, StartData(), b"354 go\r\n")
    session.send(Content(b"Hi\r\n"))
    for number in range(1, count + 1):
        assert session.state is State.RESULTS
        session.receive_octets(b"250 2.0.0 [QUEUE-ID q%d] Saved\r\n" % number)
        (event,) = events_of(session)
        assert event.recipient == rcpt(number)
        assert event.reply.metadata.get(QueueId) == QueueId(f"q{number}")
    assert session.state is State.READY
    session.receive_octets(b"250 2.0.0 one more\r\n")
    with pytest.raises(RemoteProtocolError):
        session.next_event()


def test_lmtp_refuses_354_when_no_recipient_was_accepted(events_of, greeted):
    session = greeted(Protocol.LMTP)
    for command in (MAIL, rcpt(1), StartData()):
        session.send(command)
    session.receive_octets(b"250 ok\r\n550 5.1.1 no\r\n354 go\r\n")
    with pytest.raises(RemoteProtocolError):
        events_of(session)
    assert session.state is State.BROKEN


def test_lmtp_takes_503_when_no_recipient_was_accepted(events_of, greeted):
    session = greeted(Protocol.LMTP)
    for command in (MAIL, rcpt(1), StartData()):
        session.send(command)
    session.receive_octets(b"250 ok\r\n550 5.1.1 no\r\n503 5.5.1 No valid recipients\r\n")
    assert len(events_of(session)) == 3
    assert session.state is State.HAS_SENDER


def test_smtp_sends_no_message_after_354_when_no_recipient_was_accepted(events_of, greeted):
    session = greeted()
    for command in (MAIL, rcpt(1), StartData()):
        session.send(command)
    session.receive_octets(b"250 ok\r\n550 5.1.1 no\r\n354 go\r\n")
    events_of(session)
    with pytest.raises(LocalProtocolError):
        session.send(Content(b"Hi\r\n"))
    assert session.send(Content(b"")) == b".\r\n"
    session.receive_octets(b"554 5.5.1 no valid recipients\r\n")
    assert events_of(session)[0].reply.code == 554
    assert session.state is State.READY


def test_an_empty_line_of_the_answer_to_ehlo_lists_nothing(greeted):
    session = greeted(keywords=b"250-mx.example.org\r\n250-\r\n250 size 1000 x\r\n")
    assert dict(session.extensions) == {"SIZE": ("1000", "x")}
