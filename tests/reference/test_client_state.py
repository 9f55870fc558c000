"""What a client session knows of its server, from the first octet to the last."""

from __future__ import annotations

import pytest

from reply_metadata import IgnoredReason, Limits
from reply_metadata.client_session import ClientSession
from reply_metadata.commands import (
    Authenticate,
    Hello,
    HelloVerb,
    MailFrom,
    Noop,
    Quit,
    RcptTo,
    Reset,
    StartData,
    StartTls,
)
from reply_metadata.credentials import PlainCredentials
from reply_metadata.errors import LocalProtocolError, RemoteProtocolError
from reply_metadata.events import NEED_DATA, ConnectionEnded, Content
from reply_metadata.paths import Path
from reply_metadata.transitions import Protocol, State

EHLO = Hello(HelloVerb.EHLO, "client.example.org")
MAIL = MailFrom(Path.of("sender@example.org"))
TLS_KEYWORDS = b"250-mx.example.org\r\n250-PIPELINING\r\n250 STARTTLS\r\n"


def rcpt(number):
    return RcptTo(Path.of(f"user{number}@example.com"))


def test_a_new_session_knows_nothing_and_waits_for_the_greeting():
    session = ClientSession(Protocol.SMTP)
    assert (session.protocol, session.state) == (Protocol.SMTP, State.CONNECTED)
    assert (dict(session.extensions), session.server_name) == ({}, "")
    assert (session.negotiated, session.tls, session.authenticated) == (False, False, False)
    assert session.accepted == ()
    assert session.unanswered == (None,)
    assert session.next_event() is NEED_DATA


def test_the_server_has_the_name_it_greets_with_after_ehlo(greeted, asked):
    session = greeted(keywords=b"250-mx.example.org greets you\r\n250 SIZE 10\r\n")
    assert session.server_name == "mx.example.org"
    asked(session, EHLO, b"500 other.example\r\n")
    assert session.server_name == "mx.example.org"
    asked(session, Hello(HelloVerb.HELO, "a"), b"250 third.example hello\r\n")
    assert session.server_name == "third.example"


def test_after_the_handshake_nothing_of_the_server_is_known(greeted, asked):
    session = greeted(keywords=TLS_KEYWORDS)
    asked(session, StartTls(), b"220 go\r\n")
    assert session.state is State.STARTING_TLS
    session.tls_started()
    assert (session.tls, session.state, session.server_name) == (True, State.GREETED, "")
    assert dict(session.extensions) == {}
    assert not session.negotiated


def test_a_greeting_that_succeeds_ends_the_transaction_and_one_that_fails_does_not(greeted, asked):
    session = greeted()
    asked(session, MAIL, b"250 ok\r\n")
    asked(session, rcpt(1), b"250 ok\r\n")
    asked(session, EHLO, b"500 no\r\n")
    assert (session.state, session.accepted) == (State.HAS_RECIPIENTS, (rcpt(1),))
    asked(session, EHLO, b"250-mx.example.org\r\n250 PIPELINING\r\n")
    assert (session.state, session.accepted) == (State.READY, ())


def test_a_reset_and_the_result_of_a_message_forget_the_recipients(greeted, asked):
    session = greeted()
    for end in (Reset(), StartData()):
        asked(session, MAIL, b"250 ok\r\n")
        asked(session, rcpt(1), b"250 ok\r\n")
        asked(session, rcpt(2), b"550 no\r\n")
        assert session.accepted == (rcpt(1),)
        asked(session, end, b"250 ok\r\n" if end == Reset() else b"354 go\r\n")
        if end == StartData():
            session.send(Content(b"Hi\r\n"))
            assert session.accepted == (rcpt(1),)
            session.receive_octets(b"250 ok\r\n")
        assert session.accepted == ()


def test_what_stays_possible_after_a_sender_was_refused_may_be_sent_at_once(greeted):
    session = greeted()
    session.send(MAIL)
    session.send(rcpt(1))
    session.receive_octets(b"550 no\r\n")
    assert session.unanswered == (rcpt(1),)
    assert session.send(Reset()) == b"RSET\r\n"
    assert session.send(MAIL) == MAIL.to_octets()


def test_the_limits_of_a_session_are_those_its_replies_are_read_with(greeted, asked):
    session = greeted(limits=Limits(max_groups=1))
    reply = asked(session, MAIL, b"250 2.1.0 [TRACE-ID a] [a.b c] ok\r\n")
    assert [one.reason for one in reply.ignored] == [IgnoredReason.TOO_MANY_GROUPS]


def test_content_without_a_354_is_refused_and_says_where_the_session_stands(greeted):
    session = greeted()
    with pytest.raises(LocalProtocolError, match="no content may be sent in state 'ready'"):
        session.send(Content(b""))
    assert session.state is State.READY


def test_an_end_after_an_error_of_the_protocol_is_no_event(greeted):
    session = greeted()
    session.receive_octets(b"250 nobody asked\r\n")
    with pytest.raises(RemoteProtocolError):
        session.next_event()
    session.receive_octets(b"")
    assert session.next_event() is NEED_DATA
    assert session.state is State.BROKEN


@pytest.mark.parametrize("quit_first", [False, True])
def test_an_end_is_told_once_and_closes(greeted, asked, quit_first):
    session = greeted()
    if quit_first:
        asked(session, Quit(), b"221 bye\r\n")
        assert session.state is State.CLOSED
    for _ in range(2):
        session.receive_octets(b"")
    assert session.next_event() == ConnectionEnded(clean=quit_first)
    assert session.next_event() is NEED_DATA
    assert session.state is State.CLOSED


def test_octets_after_the_end_are_neither_read_nor_kept(greeted, asked):
    session = greeted()
    asked(session, Quit(), b"221 bye\r\n")
    session.receive_octets(b"250 more\r\n" + b"x" * 100)
    assert session.next_event() is NEED_DATA
    assert session._buffer.pending == b""


def test_auth_succeeds_once_with_tls_and_where_plain_is_listed(greeted, asked):
    credentials = Authenticate(PlainCredentials("user", "password"))
    session = greeted(keywords=b"250-mx.example.org\r\n250-AUTH login plain\r\n250 STARTTLS\r\n")
    with pytest.raises(LocalProtocolError, match="AUTH PLAIN needs TLS"):
        session.send(credentials)
    asked(session, StartTls(), b"220 go\r\n")
    session.tls_started()
    for keywords, listed in ((b"AUTH LOGIN", False), (b"AUTH login plain", True)):
        asked(session, EHLO, b"250-mx.example.org\r\n250 " + keywords + b"\r\n")
        if not listed:
            with pytest.raises(LocalProtocolError, match="AUTH PLAIN needs TLS"):
                session.send(credentials)
    asked(session, credentials, b"535 5.7.8 no\r\n")
    assert not session.authenticated
    asked(session, credentials, b"235 2.7.0 yes\r\n")
    assert session.authenticated
    with pytest.raises(LocalProtocolError, match="once"):
        session.send(credentials)


def test_tls_is_not_started_twice(greeted, asked):
    session = greeted(keywords=TLS_KEYWORDS)
    asked(session, StartTls(), b"220 go\r\n")
    session.tls_started()
    asked(session, EHLO, TLS_KEYWORDS)
    with pytest.raises(LocalProtocolError, match="TLS is on"):
        session.send(StartTls())


@pytest.mark.parametrize(
    ("command", "keyword"),
    [(StartTls(), "STARTTLS"), (Authenticate(), "AUTH")],
)
def test_a_command_of_an_extension_is_sent_only_where_it_is_listed(greeted, command, keyword):
    session = greeted(keywords=b"250 mx.example.org\r\n")
    with pytest.raises(LocalProtocolError, match=f"did not list {keyword}"):
        session.send(command)


def test_what_waits_and_why_is_said_in_words(greeted):
    session = greeted()
    session.send(Noop())
    with pytest.raises(LocalProtocolError, match="MAIL must wait for the reply to NOOP"):
        session.send(MAIL)
    alone = greeted(keywords=b"250 mx.example.org\r\n")
    alone.send(MAIL)
    with pytest.raises(LocalProtocolError, match="did not list PIPELINING"):
        alone.send(rcpt(1))
    with pytest.raises(LocalProtocolError, match="RCPT may not be sent in state 'ready' of SMTP"):
        greeted().send(rcpt(1))
