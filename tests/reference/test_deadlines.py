"""Deadlines of both sessions: from when they count, and when there is none."""

from __future__ import annotations

import pytest

from reply_metadata.client_session import ClientSession
from reply_metadata.commands import Hello, HelloVerb, Noop, Quit, StartTls
from reply_metadata.events import CommandAnswer, ConnectionEnded, TimedOut
from reply_metadata.server_rules import ServerSettings
from reply_metadata.timeouts import ClientTimeouts, ServerTimeouts
from reply_metadata.transitions import Protocol, State, Step

TLS_KEYWORDS = b"250-mx.example.org\r\n250-PIPELINING\r\n250 STARTTLS\r\n"


def test_without_a_clock_there_is_no_deadline(opened, greeted):
    assert ClientSession(Protocol.SMTP).next_deadline is None
    assert opened().next_deadline is None


def test_a_client_waits_from_the_first_time_it_is_told_or_from_what_it_sent():
    session = ClientSession(Protocol.SMTP)
    session.time_passed(5.0)
    assert session.next_deadline == 305.0
    session.receive_octets(b"220 ready\r\n")
    assert session.next_deadline is None
    session.time_passed(1000.0)
    assert session.next_deadline is None
    assert session.state is State.GREETED
    session.send(Hello(HelloVerb.EHLO, "a"))
    assert session.next_deadline == 1300.0


def test_a_deadline_passes_at_its_second_and_not_before(greeted, events_of):
    session = greeted()
    session.time_passed(0.0)
    session.send(Noop())
    session.time_passed(299.9)
    assert events_of(session) == []
    session.time_passed(300.0)
    assert events_of(session) == [TimedOut("NOOP")]
    assert session.state is State.BROKEN
    assert session.next_deadline is None


def test_a_session_that_ended_has_no_deadline(greeted, opened):
    session = greeted()
    session.time_passed(0.0)
    session.send(Quit())
    session.receive_octets(b"")
    assert session.state is State.CLOSED
    assert session.next_deadline is None
    server = opened()
    server.time_passed(0.0)
    server.receive_octets(b"")
    assert isinstance(server.next_event(), ConnectionEnded)
    assert server.next_deadline is None


def test_after_the_handshake_the_deadline_counts_from_its_end(greeted, opened):
    server = opened(settings=ServerSettings("mx.example.org", offer_starttls=True))
    server.time_passed(0.0)
    for line in (b"EHLO a\r\n", b"STARTTLS\r\n"):
        server.receive_octets(line)
        command = server.next_event()
        server.send(CommandAnswer(command, server.usual_answer(command)))
    server.time_passed(100.0)
    server.tls_started()
    assert server.next_deadline == 400.0
    client = greeted(keywords=TLS_KEYWORDS)
    client.time_passed(0.0)
    client.send(StartTls())
    client.receive_octets(b"220 go\r\n")
    client.time_passed(100.0)
    client.tls_started()
    assert client.next_deadline is None
    client.send(Hello(HelloVerb.EHLO, "a"))
    assert client.next_deadline == 400.0


@pytest.mark.parametrize(
    ("step", "seconds"),
    [
        (Step.GREETING, 2),
        (Step.EHLO, 3),
        (Step.MAIL, 3),
        (Step.DATA, 4),
        (Step.RESULT, 5),
        (Step.LAST_RESULT, 5),
        (Step.QUIT, 6),
    ],
)
def test_each_kind_of_reply_has_a_time_of_its_own(step, seconds):
    timeouts = ClientTimeouts(1, 2, 3, 4, 5, 6)
    assert timeouts.connect_s == 1
    assert timeouts.seconds_for(step) == seconds


def test_the_times_are_those_that_rfc_5321_has_for_the_least():
    client, server = ClientTimeouts(), ServerTimeouts()
    assert (client.greeting_s, client.command_s, client.data_s) == (300, 300, 120)
    assert (client.result_s, client.quit_s, client.connect_s) == (600, 5, 30)
    assert (server.command_s, server.content_s) == (300, 1800)
