"""Sessions that have begun, for the tests of both sides."""

from __future__ import annotations

import importlib.util

import pytest

from reply_metadata.client_session import ClientSession
from reply_metadata.codec import build_reply
from reply_metadata.commands import Hello, HelloVerb, MailFrom, RcptTo
from reply_metadata.events import (
    NEED_DATA,
    CommandAnswer,
    ConnectionEnded,
    Content,
    Refused,
    Result,
)
from reply_metadata.keys import QueueId
from reply_metadata.server_rules import ServerSettings
from reply_metadata.server_session import ServerSession
from reply_metadata.transitions import DIALECTS, Protocol, State

KEYWORDS = b"250-mx.example.org\r\n250-PIPELINING\r\n250-ENHANCEDSTATUSCODES\r\n250 REPLYMETA\r\n"
OPENING = b" client.example.org\r\nMAIL FROM:<s@example.org>\r\nRCPT TO:<user1@example.com>\r\n"
SETTINGS = ServerSettings("mx.example.org")
OK = build_reply(250, "2.0.0", "OK")


def all_events_of(session):
    events = []
    while (event := session.next_event()) is not NEED_DATA:
        events.append(event)
    return events


@pytest.fixture(scope="session")
def core_size(project):
    """The check of the size of the core, which knows its rooms."""
    spec = importlib.util.spec_from_file_location("core_size", project / "tests/lint/core_size.py")
    module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    return module


@pytest.fixture
def events_of():
    """All events a client session has."""
    return all_events_of


@pytest.fixture
def greeted():
    """A client session that was answered to EHLO or LHLO."""

    def begin(protocol=Protocol.SMTP, keywords=KEYWORDS, **options):
        session = ClientSession(protocol, **options)
        session.receive_octets(b"220 mx.example.org ready\r\n")
        verb = HelloVerb(DIALECTS[protocol].extended_verb)
        session.send(Hello(verb, "client.example.org"))
        session.receive_octets(keywords)
        all_events_of(session)
        assert session.state is State.READY
        return session

    return begin


@pytest.fixture
def asked():
    """The reply a client session reads to one command."""

    def ask(session, command, reply):
        session.send(command)
        session.receive_octets(reply)
        (event,) = all_events_of(session)
        return event.reply

    return ask


class Serving:
    """Answers everything with success and keeps what happened."""

    def __init__(self, session):
        self.session = session
        self.events = []
        self.written = []

    def feed(self, octets):
        self.session.receive_octets(octets)
        while (event := self.session.next_event()) is not NEED_DATA:
            self.events.append(event)
            for answer in self.answers(event):
                self.written.append(self.session.send(answer))

    def answers(self, event):
        match event:
            case Refused(answer=answer):
                return [answer]
            case ConnectionEnded():
                return []
            case Content():
                owed = self.session.results_owed
                return [
                    Result(about, build_reply(250, "2.0.0", "Saved", (QueueId(f"q{number}"),)))
                    for number, about in enumerate(owed, 1)
                ]
            case MailFrom() | RcptTo():
                return [CommandAnswer(event, OK)]
            case _:
                return [CommandAnswer(event, self.session.usual_answer(event))]

    @property
    def codes(self):
        return [int(octets[:3]) for octets in self.written]

    @property
    def contents(self):
        return [event.octets for event in self.events if isinstance(event, Content)]

    @property
    def refusals(self):
        return [event for event in self.events if isinstance(event, Refused)]


def begin_session(protocol=Protocol.SMTP, settings=SETTINGS):
    session = ServerSession(protocol, settings)
    session.send(session.greeting())
    return session


@pytest.fixture
def opened():
    """A server session that has greeted."""
    return begin_session


@pytest.fixture
def serving():
    """A server session, answering by itself, that was given some octets."""

    def serve(protocol=Protocol.SMTP, settings=SETTINGS, before=b"", session=None):
        server = Serving(session or begin_session(protocol, settings))
        if before:
            server.feed(before)
        return server

    return serve


@pytest.fixture
def in_content(serving):
    """A server session that waits for content, with one recipient accepted."""

    def begin(protocol=Protocol.SMTP, settings=SETTINGS):
        verb = DIALECTS[protocol].extended_verb.value.encode("ascii")
        server = serving(protocol, settings, verb + OPENING + b"DATA\r\n")
        assert server.session.state is State.CONTENT
        return server

    return begin
