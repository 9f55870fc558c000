"""STARTTLS in both sessions: what came before it counts no more, what came too early is refused."""

from __future__ import annotations

import pytest

from reply_metadata.client_session import ClientSession
from reply_metadata.codec import build_reply
from reply_metadata.commands import Hello, HelloVerb, MailFrom, Noop, Quit, StartTls
from reply_metadata.errors import LocalProtocolError, RemoteProtocolError
from reply_metadata.events import NEED_DATA, CommandAnswer, ConnectionEnded
from reply_metadata.keys import TraceId
from reply_metadata.paths import NULL_PATH
from reply_metadata.server_rules import ServerSettings
from reply_metadata.transitions import DIALECTS, Protocol, State

SETTINGS = ServerSettings("mx.example.org", offer_starttls=True)
KEYWORDS = b"250-mx.example.org\r\n250-STARTTLS\r\n250-PIPELINING\r\n250 REPLYMETA\r\n"
READY = b"220 2.0.0 go\r\n"
HELLO = Hello(HelloVerb.EHLO, "client.example.org")
VERB = {one: DIALECTS[one].extended_verb.value.encode("ascii") for one in Protocol}


def in_tls(session):
    """The client session after the handshake."""
    session.send(StartTls())
    session.receive_octets(READY)
    assert session.next_event().reply.code == 220
    session.tls_started()
    return session


# The client


@pytest.mark.draft("req-state-dropped")
@pytest.mark.parametrize("answer", [READY, b"454 4.7.0 TLS not available\r\n"])
def test_a_client_drops_all_that_was_listed_when_it_sends_starttls(greeted, answer):
    session = greeted(keywords=KEYWORDS)
    assert session.negotiated
    session.send(StartTls())
    assert not session.negotiated
    assert session.extensions == {}
    session.receive_octets(answer)
    assert not session.negotiated


@pytest.mark.parametrize("protocol", Protocol)
def test_after_the_handshake_a_client_begins_anew(greeted, events_of, protocol):
    session = in_tls(greeted(protocol, KEYWORDS))
    assert session.tls
    assert session.state is State.GREETED
    assert session.server_name == ""
    with pytest.raises(LocalProtocolError):
        session.send(MailFrom(NULL_PATH))
    session.send(Hello(DIALECTS[protocol].extended_verb, "client.example.org"))
    session.receive_octets(KEYWORDS)
    assert session.negotiated
    with pytest.raises(LocalProtocolError):
        session.send(StartTls())


@pytest.mark.draft("req-starttls-buffer")
@pytest.mark.parametrize(
    "leftover",
    [b"250 2.0.0 [TRACE-ID evil] injected\r\n", b"250-REPLY", b"2", b"421 4.3.2 mx going\r\n"],
    ids=["a reply", "part of a reply", "an octet", "421"],
)
@pytest.mark.parametrize("apart", [False, True], ids=["one segment", "two segments"])
def test_octets_in_the_clear_behind_the_220_end_the_session(greeted, leftover, apart):
    session = greeted(keywords=KEYWORDS)
    session.send(StartTls())
    for piece in (READY, leftover) if apart else (READY + leftover,):
        session.receive_octets(piece)
    assert session.next_event().reply.code == 220
    with pytest.raises(RemoteProtocolError):
        session.next_event()
    assert session.state is State.BROKEN
    with pytest.raises(LocalProtocolError):
        session.tls_started()


def test_a_client_sends_starttls_only_where_it_is_listed_and_nothing_behind_it(greeted):
    with pytest.raises(LocalProtocolError):
        greeted().send(StartTls())
    session = greeted(keywords=KEYWORDS)
    session.send(StartTls())
    for command in (Noop(), HELLO, Quit()):
        with pytest.raises(LocalProtocolError):
            session.send(command)
    session.receive_octets(READY)
    with pytest.raises(LocalProtocolError):
        session.send(HELLO)


@pytest.mark.draft("req-starttls")
def test_a_client_that_needs_tls_sends_no_mail_and_uses_no_metadata_without_it(greeted):
    for keywords in (KEYWORDS, KEYWORDS.replace(b"250-STARTTLS\r\n", b"")):
        session = greeted(keywords=keywords, require_tls=True)
        assert not session.negotiated
        with pytest.raises(LocalProtocolError):
            session.send(MailFrom(NULL_PATH))
    session = greeted(keywords=KEYWORDS, require_tls=True)
    session.send(StartTls())
    session.receive_octets(b"454 4.7.0 TLS not available\r\n")
    with pytest.raises(LocalProtocolError):
        session.send(MailFrom(NULL_PATH))
    session = in_tls(greeted(keywords=KEYWORDS, require_tls=True))
    session.send(HELLO)
    session.receive_octets(KEYWORDS)
    assert session.negotiated
    assert session.send(MailFrom(NULL_PATH)) == b"MAIL FROM:<>\r\n"


def test_a_session_takes_the_news_of_tls_only_when_it_is_due(greeted, opened):
    for session in (greeted(), ClientSession(Protocol.SMTP), opened(settings=SETTINGS)):
        with pytest.raises(LocalProtocolError):
            session.tls_started()
        assert not session.tls


# The server


@pytest.mark.parametrize("protocol", Protocol)
def test_a_server_begins_anew_after_the_handshake(serving, protocol):
    server = serving(protocol, SETTINGS, VERB[protocol] + b" a\r\n")
    assert b"250-STARTTLS\r\n" in server.written[0]
    server.feed(b"STARTTLS\r\n")
    assert server.written[-1] == b"220 2.0.0 Ready to start TLS\r\n"
    assert server.session.state is State.STARTING_TLS
    server.session.tls_started()
    assert server.session.hello is None
    server.feed(b"MAIL FROM:<>\r\n")
    server.feed(VERB[protocol] + b" a\r\n")
    assert b"STARTTLS" not in server.written[-1]
    server.feed(b"STARTTLS\r\nMAIL FROM:<>\r\n")
    assert server.codes == [250, 220, 503, 250, 503, 250]


@pytest.mark.parametrize("injected", [b"MAIL FROM:<evil@example.org>\r\n", b"N", b"\r\n"])
def test_octets_behind_starttls_are_never_executed(serving, injected):
    server = serving(settings=SETTINGS, before=b"EHLO a\r\n")
    server.feed(b"STARTTLS\r\n" + injected)
    assert server.written[-1] == b"503 5.5.0 Octets follow STARTTLS\r\n"
    assert server.session.state is State.BROKEN
    assert not any(isinstance(event, MailFrom) for event in server.events)


@pytest.mark.parametrize("before_the_answer", [False, True])
def test_octets_in_the_clear_after_starttls_was_read_end_the_session(serving, before_the_answer):
    session = serving(settings=SETTINGS, before=b"EHLO a\r\n").session
    session.receive_octets(b"STARTTLS\r\n")
    event = session.next_event()
    if before_the_answer:
        session.receive_octets(b"NOOP\r\n")
    session.send(CommandAnswer(event, session.usual_answer(event)))
    if not before_the_answer:
        session.receive_octets(b"NOOP\r\n")
    assert session.state is State.BROKEN
    assert session.next_event() is NEED_DATA
    with pytest.raises(LocalProtocolError):
        session.tls_started()


def test_a_server_without_tls_says_so_and_reads_on(serving):
    server = serving(before=b"EHLO a\r\nSTARTTLS\r\nNOOP\r\n")
    assert server.codes == [250, 502, 250]


def test_starttls_waits_for_the_end_of_a_transaction(serving):
    server = serving(
        settings=SETTINGS, before=b"STARTTLS\r\nEHLO a\r\nMAIL FROM:<>\r\nSTARTTLS\r\n"
    )
    assert server.codes == [503, 250, 250, 503]


@pytest.mark.draft("req-state-dropped")
def test_a_server_sends_no_metadata_after_a_starttls_that_failed(serving):
    session = serving(settings=SETTINGS, before=b"EHLO a\r\n").session
    session.receive_octets(b"STARTTLS\r\n")
    event = session.next_event()
    session.send(CommandAnswer(event, build_reply(454, "4.7.0", "TLS not available")))
    session.receive_octets(b"NOOP\r\n")
    reply = build_reply(250, "2.0.0", "OK", (TraceId("7f3a"),))
    assert session.send(CommandAnswer(session.next_event(), reply)) == b"250 2.0.0 OK\r\n"


def test_a_client_that_goes_before_the_handshake_is_gone(serving):
    server = serving(settings=SETTINGS, before=b"EHLO a\r\nSTARTTLS\r\n")
    server.feed(b"")
    assert server.events[-1] == ConnectionEnded(clean=False)
    assert server.session.state is State.CLOSED


@pytest.mark.draft("req-state-dropped")
@pytest.mark.parametrize("line", [b"EHLO", b"EHLO [bad", b"helo", b"LHLO a", b"STARTTLS now"])
def test_a_server_drops_its_state_at_a_greeting_it_refuses(serving, line):
    server = serving(settings=SETTINGS, before=b"EHLO a\r\n")
    assert server.session.negotiated
    server.feed(line + b"\r\n")
    assert server.codes[-1] >= 500
    assert not server.session.negotiated
