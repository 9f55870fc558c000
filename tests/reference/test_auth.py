"""AUTH PLAIN in both sessions: inside TLS only, and a password is never shown."""

from __future__ import annotations

import pytest

from reply_metadata.codec import build_reply
from reply_metadata.commands import (
    Authenticate,
    AuthResponse,
    Hello,
    HelloVerb,
    MailFrom,
    Noop,
    StartTls,
)
from reply_metadata.credentials import CredentialsSyntaxError, PlainCredentials
from reply_metadata.errors import LocalProtocolError
from reply_metadata.events import NEED_DATA, CommandAnswer, Refused
from reply_metadata.keys import TraceId
from reply_metadata.paths import NULL_PATH
from reply_metadata.server_rules import ServerSettings
from reply_metadata.transitions import State

SETTINGS = ServerSettings("mx.example.org", offer_starttls=True, offer_auth=True)
KEYWORDS = b"250-mx\r\n250-STARTTLS\r\n250-AUTH LOGIN plain\r\n250 REPLYMETA\r\n"
WHO = PlainCredentials("tim", "tanstaaftanstaaf", "test")
TEXT = b"dGVzdAB0aW0AdGFuc3RhYWZ0YW5zdGFhZg=="
YES = build_reply(235, "2.7.0", "Authentication succeeded", (TraceId("7f3a"),))
NO = build_reply(535, "5.7.8", "Authentication credentials invalid")


@pytest.fixture
def in_tls(greeted):
    """A client session inside TLS."""

    def begin(keywords=KEYWORDS):
        session = greeted(keywords=KEYWORDS)
        session.send(StartTls())
        session.receive_octets(b"220 go\r\n")
        session.tls_started()
        session.send(Hello(HelloVerb.EHLO, "client.example.org"))
        session.receive_octets(keywords)
        while session.next_event() is not NEED_DATA:
            pass
        return session

    return begin


@pytest.fixture
def serving_in_tls(serving):
    """A server session inside TLS."""
    server = serving(settings=SETTINGS, before=b"EHLO a\r\nSTARTTLS\r\n")
    server.session.tls_started()
    server.feed(b"EHLO a\r\n")
    assert b"250-AUTH PLAIN\r\n" in server.written[-1]
    return server


def answered(session, line, reply=None):
    """The event of a line, and what is sent for it."""
    session.receive_octets(line + b"\r\n")
    event = session.next_event()
    if isinstance(event, Refused):
        return event, session.send(event.answer)
    return event, session.send(CommandAnswer(event, reply or session.usual_answer(event)))


def test_credentials_are_written_and_read_as_rfc_4616_has_them():
    assert WHO.to_octets() == TEXT
    assert PlainCredentials.parse(TEXT) == WHO


@pytest.mark.parametrize(
    "text", [b"", b"=", b"dGVzdA==", b"AAA=", b"AAAA", b"AHUA", b"gABhAGI=", b"a b"]
)
def test_what_is_no_plain_message_is_refused_without_being_shown(text):
    with pytest.raises(CredentialsSyntaxError) as caught:
        PlainCredentials.parse(text)
    assert text == b"" or text.decode("ascii") not in str(caught.value).split()


@pytest.mark.parametrize(
    "parts", [("", "p"), ("u", ""), ("u", "p\0"), ("u" * 256, "p"), ("\ud800", "p")]
)
def test_credentials_that_could_not_be_sent_cannot_be_built(parts):
    with pytest.raises(CredentialsSyntaxError):
        PlainCredentials(*parts)


def test_no_repr_shows_a_password():
    for value in (WHO, Authenticate(WHO), AuthResponse(WHO)):
        assert "tanstaaf" not in repr(value)


# The client


def test_a_client_sends_credentials_at_once_or_after_334(in_tls, asked):
    session = in_tls()
    assert asked(session, Authenticate(WHO), YES.to_octets()).metadata.get(TraceId) == TraceId(
        "7f3a"
    )
    assert session.authenticated
    session = in_tls()
    challenge = asked(session, Authenticate(), b"334 [TRACE-ID 7f3a] \r\n")
    assert challenge.metadata.get(TraceId) is None
    assert session.state is State.AUTHENTICATING
    with pytest.raises(LocalProtocolError):
        session.send(MailFrom(NULL_PATH))
    assert session.send(AuthResponse(WHO)) == TEXT + b"\r\n"
    session.receive_octets(NO.to_octets())
    assert session.state is State.READY
    assert not session.authenticated


def test_a_client_can_give_up(in_tls, asked):
    session = in_tls()
    asked(session, Authenticate(), b"334 \r\n")
    assert session.send(AuthResponse()) == b"*\r\n"


def test_a_client_never_authenticates_in_the_clear_unlisted_or_twice(greeted, in_tls, asked):
    twice = in_tls()
    asked(twice, Authenticate(WHO), YES.to_octets())
    unlisted = in_tls(KEYWORDS.replace(b"plain", b"PLAINER"))
    for session in (greeted(keywords=KEYWORDS), unlisted, twice):
        with pytest.raises(LocalProtocolError):
            session.send(Authenticate(WHO))


# The server


@pytest.mark.parametrize("reply", [YES, NO])
@pytest.mark.parametrize("lines", [[b"AUTH PLAIN " + TEXT], [b"auth plain", TEXT]])
def test_who_uses_the_session_judges_the_credentials(serving_in_tls, lines, reply):
    session = serving_in_tls.session
    *challenged, last = lines
    for line in challenged:
        assert answered(session, line)[1] == b"334 \r\n"
    session.receive_octets(last + b"\r\n")
    event = session.next_event()
    assert event.credentials == WHO
    with pytest.raises(LocalProtocolError):
        session.usual_answer(event)
    assert session.send(CommandAnswer(event, reply)) == reply.to_octets()
    assert session.user_name == ("tim" if reply is YES else None)
    assert session.state is State.READY
    again, said = answered(session, b"AUTH PLAIN " + TEXT, YES)
    assert isinstance(again, Refused) is (reply is YES)
    assert said[:3] == (b"503" if reply is YES else b"235")


def test_no_metadata_stands_in_334(serving_in_tls):
    session = serving_in_tls.session
    session.receive_octets(b"AUTH PLAIN\r\n")
    event = session.next_event()
    with pytest.raises(LocalProtocolError):
        session.send(CommandAnswer(event, build_reply(334, "3.0.0", "x", (TraceId("7f3a"),))))


@pytest.mark.parametrize(
    ("response", "said"),
    [
        (b"*", b"501 5.7.0 Authentication cancelled\r\n"),
        (b"NOOP", b"501 5.5.2 Cannot read the credentials\r\n"),
        (b"MAIL FROM:<>", b"501 5.5.2 Cannot read the credentials\r\n"),
    ],
)
def test_after_334_a_line_is_a_response_and_never_a_command(serving_in_tls, response, said):
    session = serving_in_tls.session
    answered(session, b"AUTH PLAIN")
    event, octets = answered(session, response)
    assert octets == said
    assert response.decode("ascii") not in event.reason
    assert session.state is State.READY
    assert answered(session, b"NOOP")[0] == Noop()


def test_in_the_clear_or_unoffered_auth_is_refused(serving):
    server = serving(settings=SETTINGS, before=b"EHLO a\r\nAUTH PLAIN " + TEXT + b"\r\n")
    assert server.codes == [250, 538]
    assert b"AUTH" not in server.written[0]
    assert serving(before=b"EHLO a\r\nAUTH PLAIN\r\nNOOP\r\n").codes == [250, 502, 250]


@pytest.mark.parametrize(
    "line", [b"AUTH PLAIN \xc3" + TEXT, b"AUTH PLAIN\t" + TEXT, b"AUTHPLAIN " + TEXT]
)
def test_no_reason_for_a_log_shows_what_follows_auth(serving_in_tls, line):
    event, _ = answered(serving_in_tls.session, line)
    assert TEXT.decode("ascii") not in event.reason


def test_auth_waits_for_the_end_of_a_transaction(serving_in_tls):
    serving_in_tls.feed(b"MAIL FROM:<>\r\nAUTH PLAIN\r\n")
    assert serving_in_tls.codes[-2:] == [250, 503]
