"""The client session with a server that breaks the protocol, goes away or is slow."""

from __future__ import annotations

import pytest

from reply_metadata.client_session import ClientSession
from reply_metadata.commands import (
    Hello,
    HelloVerb,
    MailFrom,
    Noop,
    Quit,
    RcptTo,
    StartData,
)
from reply_metadata.errors import LocalProtocolError, RemoteProtocolError, ReplySyntaxError
from reply_metadata.events import (
    NEED_DATA,
    ClosingNotice,
    ConnectionEnded,
    TimedOut,
)
from reply_metadata.keys import RetryAfter
from reply_metadata.limits import Limits
from reply_metadata.paths import Path
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


def test_an_extra_reply_is_an_error_and_ends_the_session(greeted):
    session = greeted()
    session.send(MAIL)
    session.receive_octets(b"250 2.1.0 OK\r\n550 5.0.0 stale\r\n")
    assert session.next_event().reply.code == 250
    with pytest.raises(RemoteProtocolError, match="nothing asked for"):
        session.next_event()
    assert session.state is State.BROKEN
    with pytest.raises(LocalProtocolError):
        session.send(rcpt(1))


def test_an_extra_reply_is_not_taken_for_the_answer_to_a_later_command(greeted):
    session = greeted()
    session.send(MAIL)
    session.receive_octets(b"250 2.1.0 OK\r\n250 2.0.0 sta")
    session.send(rcpt(1))
    session.receive_octets(b"le\r\n550 5.1.1 no\r\n")
    assert session.next_event().command == MAIL
    with pytest.raises(RemoteProtocolError):
        session.next_event()
    assert session.accepted == ()


def test_a_reply_between_354_and_the_content_is_an_error(greeted):
    session = greeted()
    for command in (MAIL, rcpt(1), StartData()):
        session.send(command)
    session.receive_octets(b"250 ok\r\n250 ok\r\n354 go\r\n250 2.0.0 [QUEUE-ID x] stored\r\n")
    assert len([session.next_event() for _ in range(3)]) == 3
    with pytest.raises(RemoteProtocolError):
        session.next_event()


@pytest.mark.parametrize(
    ("command", "reply"),
    [(MAIL, b"354 go\r\n"), (HELLO[Protocol.SMTP], b"354 go\r\n"), (Noop(), b"334 x\r\n")],
)
def test_a_reply_of_a_class_that_cannot_answer_is_an_error(greeted, command, reply):
    session = greeted()
    session.send(command)
    session.receive_octets(reply)
    with pytest.raises(RemoteProtocolError):
        session.next_event()
    assert session.state is State.BROKEN


def test_a_recipient_accepted_in_no_transaction_is_an_error(greeted):
    session = greeted()
    session.send(MAIL)
    session.send(rcpt(1))
    session.receive_octets(b"550 5.7.1 no\r\n250 2.1.5 OK\r\n")
    session.next_event()
    with pytest.raises(RemoteProtocolError):
        session.next_event()


@pytest.mark.parametrize(
    "octets",
    [b"250 ok\n", b"250xok\r\n", b"2_5 ok\r\n", b"250-a\r\n550 b\r\n", b"250 a\0b\r\n"],
)
def test_a_malformed_reply_is_an_error_and_ends_the_session(greeted, octets):
    session = greeted()
    session.send(MAIL)
    session.receive_octets(octets)
    with pytest.raises(ReplySyntaxError):
        session.next_event()
    assert session.state is State.BROKEN
    session.receive_octets(b"250 ok\r\n")
    assert session.next_event() is NEED_DATA


def test_an_endless_reply_is_refused_while_it_is_read(greeted):
    session = greeted(limits=Limits(max_received_reply_octets=1000))
    session.send(MAIL)
    lines = 0
    while session.state is not State.BROKEN and lines < 1000:
        session.receive_octets(b"250-more\r\n")
        lines += 1
    assert lines == 101
    with pytest.raises(ReplySyntaxError):
        session.next_event()


# 421 and the end


@pytest.mark.parametrize("protocol", Protocol)
def test_421_may_come_unasked_and_closes(events_of, greeted, protocol):
    session = greeted(protocol)
    session.receive_octets(b"421 4.3.2 [RETRY-AFTER 60] mx.example.org going down\r\n")
    (event,) = events_of(session)
    assert isinstance(event, ClosingNotice)
    assert event.reply.metadata.get(RetryAfter) == RetryAfter(60)
    with pytest.raises(LocalProtocolError):
        session.send(MAIL)
    session.receive_octets(b"")
    assert events_of(session) == [ConnectionEnded(clean=True)]


def test_421_as_an_answer_leaves_the_later_commands_unanswered(events_of, greeted):
    session = greeted()
    for command in (MAIL, rcpt(1), rcpt(2)):
        session.send(command)
    session.receive_octets(b"250 ok\r\n421 4.3.2 going down\r\n250 never read\r\n")
    assert [event.reply.code for event in events_of(session)] == [250, 421]
    assert session.unanswered == (rcpt(2),)
    assert session.state is State.CLOSED


def test_a_greeting_of_554_leaves_only_quit(events_of):
    session = ClientSession(Protocol.SMTP)
    session.receive_octets(b"554 mx.example.org no\r\n")
    events_of(session)
    with pytest.raises(LocalProtocolError):
        session.send(HELLO[Protocol.SMTP])
    assert session.send(Quit()) == b"QUIT\r\n"


def test_an_end_without_quit_is_not_clean_and_is_told_once(events_of, greeted):
    session = greeted()
    session.send(MAIL)
    session.receive_octets(b"")
    session.receive_octets(b"")
    assert events_of(session) == [ConnectionEnded(clean=False)]
    assert session.unanswered == (MAIL,)


# Time


def test_dripped_octets_do_not_move_the_deadline(events_of, greeted):
    session = greeted()
    session.time_passed(1000.0)
    session.send(MAIL)
    assert session.next_deadline == 1300.0
    for second, octet in enumerate(b"250-2.1.0 slow", 1):
        session.time_passed(1000.0 + second * 20)
        session.receive_octets(bytes((octet,)))
        assert session.next_deadline == 1300.0
    session.time_passed(1299.9)
    assert session.next_event() is NEED_DATA
    session.time_passed(1300.0)
    assert events_of(session) == [TimedOut("MAIL")]
    assert session.state is State.BROKEN


def test_each_reply_has_its_own_deadline(greeted):
    session = greeted(Protocol.LMTP)
    session.time_passed(0.0)
    session.send(MAIL)
    session.send(rcpt(1))
    session.time_passed(200.0)
    session.receive_octets(b"250 ok\r\n")
    assert session.next_deadline == 500.0
    session.receive_octets(b"250 ok\r\n")
    assert session.next_deadline is None
    session.send(StartData())
    assert session.next_deadline == 320.0
