"""Both sessions under every split of the octets, and replies in any number."""

from __future__ import annotations

import re
from itertools import pairwise

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from reply_metadata.client_session import ClientSession
from reply_metadata.codec import build_reply
from reply_metadata.commands import (
    Authenticate,
    AuthResponse,
    Chunk,
    Command,
    Hello,
    HelloVerb,
    MailFrom,
    Noop,
    RcptTo,
    Reset,
    StartTls,
)
from reply_metadata.credentials import PlainCredentials
from reply_metadata.errors import LocalProtocolError, RemoteProtocolError
from reply_metadata.events import (
    NEED_DATA,
    CommandAnswer,
    ConnectionEnded,
    Content,
    Refused,
    Result,
)
from reply_metadata.keys import TraceId
from reply_metadata.paths import Path
from reply_metadata.server_rules import ServerSettings
from reply_metadata.server_session import ServerSession
from reply_metadata.transitions import Protocol, State

SETTINGS = ServerSettings("mx.example.org", offer_starttls=True, offer_auth=True)
OK = build_reply(250, "2.0.0", "OK")
GREETING = b"220 mx.example.org ready\r\n"
KEYWORDS = b"250-mx.example.org\r\n250-PIPELINING\r\n250 REPLYMETA\r\n"
PIECES = (
    b"EHLO a\r\n",
    b"MAIL FROM:<s@example.org>\r\n",
    b"RCPT TO:<u@example.com>\r\n",
    b"MAIL FROM:<> SMTPUTF8\r\n",
    b"RCPT TO:<\xc3\xa4@example.com>\r\n",
    b"DATA\r\n",
    b"BDAT 4\r\nHi\r\n",
    b"BDAT 6 LAST\r\n",
    b"bdat 0 last\r\n",
    b"BDAT x\r\n",
    b"Hi\r\n",
    b"..\r\n",
    b".\r\n",
    b"RSET\r\n",
    b"NOOP\r\n",
    b"VRFY u\r\n",
    b"HELP\r\n",
    b"STARTTLS\r\n",
    b"AUTH PLAIN\r\n",
    b"AUTH PLAIN AHUAcA==\r\n",
    b"AHUAcA==\r\n",
    b"*\r\n",
    b"junk\r\n",
    b"QUIT\r\n",
    b"a\nb",
    b"\r",
    b"\r\n.\n",
    b"\0",
    b"x" * 50,
)


def cut(octets, places):
    """The octets in pieces, cut at these places; no piece is empty, since b"" is the end."""
    borders = sorted({0, len(octets), *(place % (len(octets) + 1) for place in places)})
    return [octets[begin:end] for begin, end in pairwise(borders)]


def serve(pieces, tls=False):
    """What a server session makes of the pieces, everything accepted."""
    session = ServerSession(Protocol.SMTP, SETTINGS)
    session.send(session.greeting())
    if tls:
        for line in (b"EHLO a\r\n", b"STARTTLS\r\n"):
            session.receive_octets(line)
            event = session.next_event()
            session.send(CommandAnswer(event, session.usual_answer(event)))
        session.tls_started()
    happened = []
    for piece in [*pieces, b""]:
        session.receive_octets(piece)
        while (event := session.next_event()) is not NEED_DATA:
            happened.append(event)
            match event:
                case ConnectionEnded():
                    pass
                case Refused(answer=answer):
                    happened.append(session.send(answer))
                case Content():
                    happened.append(session.send(Result(None, OK)))
                case (
                    MailFrom()
                    | RcptTo()
                    | AuthResponse()
                    | Authenticate(credentials=PlainCredentials())
                ):
                    happened.append(session.send(CommandAnswer(event, OK)))
                case _:
                    answer = CommandAnswer(event, session.usual_answer(event))
                    happened.append(session.send(answer))
    return happened, session.state


@settings(max_examples=300, deadline=None)
@given(
    st.lists(st.sampled_from(PIECES), max_size=14),
    st.lists(st.integers(0, 999), max_size=9),
    st.booleans(),
)
def test_a_server_session_does_not_care_how_octets_are_cut(lines, places, tls):
    octets = b"EHLO a\r\n" + b"".join(lines)
    assert without_haste(serve([octets], tls)) == without_haste(serve(cut(octets, places), tls))


def without_haste(outcome):
    """The same for a client that did not wait for an answer and one whose octets came apart.

    A refused DATA, or STARTTLS, with octets behind it closes; the session cannot know of octets
    not yet there.  Nothing that came behind it is executed either way.
    """
    happened, state = outcome
    for number, event in enumerate(happened):
        if isinstance(event, Refused) and event.reason.startswith("DATA in state"):
            return happened[:number], None
        if event == StartTls() or (
            isinstance(event, Refused) and event.reason == "octets follow STARTTLS"
        ):
            assert not any(isinstance(later, Command) for later in happened[number + 1 :])
            return happened[:number], None
    return happened, state


@settings(max_examples=300, deadline=None)
@given(
    st.integers(0, 4),
    st.lists(st.sampled_from([b"250", b"450", b"550"]), max_size=8),
    st.lists(st.integers(0, 999), max_size=9),
)
def test_a_client_session_never_pairs_a_reply_with_the_wrong_command(count, codes, places):
    session = ClientSession(Protocol.SMTP)
    session.receive_octets(GREETING)
    session.send(Hello(HelloVerb.EHLO, "client.example.org"))
    session.receive_octets(KEYWORDS)
    while session.next_event() is not NEED_DATA:
        pass
    commands = [
        Reset(),
        MailFrom(Path.of("s@example.org")),
        *(RcptTo(Path.of(f"user{number}@example.com")) for number in range(count)),
    ]
    for command in commands:
        session.send(command)
    replies = [code + b" reply %d\r\n" % number for number, code in enumerate(codes)]
    for piece in cut(b"".join(replies), places):
        session.receive_octets(piece)
    answered = []
    try:
        while isinstance(event := session.next_event(), CommandAnswer):
            answered.append(event)
    except RemoteProtocolError:
        assert session.state is State.BROKEN
    # The n-th reply answers the n-th command, and no command beyond those that were sent.
    for number, event in enumerate(answered):
        assert event.command is commands[number]
        assert event.reply.octets == replies[number]
    if len(codes) > len(commands):
        assert session.state is State.BROKEN
    if session.state is State.BROKEN:
        try:
            session.send(Reset())
        except LocalProtocolError:
            return
        raise AssertionError("a broken session takes commands")


@settings(max_examples=200, deadline=None)
@given(
    st.one_of(st.binary(min_size=1, max_size=40), st.just(b"250 2.0.0 OK\r\n")),
    st.lists(st.integers(0, 999), max_size=9),
)
def test_nothing_in_the_clear_behind_the_220_is_ever_an_answer(leftover, places):
    session = ClientSession(Protocol.SMTP)
    session.receive_octets(GREETING)
    session.send(Hello(HelloVerb.EHLO, "client.example.org"))
    session.receive_octets(KEYWORDS.replace(b"PIPELINING", b"STARTTLS"))
    while session.next_event() is not NEED_DATA:
        pass
    session.send(StartTls())
    for piece in cut(b"220 2.0.0 go\r\n" + leftover, places):
        session.receive_octets(piece)
    assert session.next_event().reply.code == 220
    with pytest.raises(RemoteProtocolError):
        session.next_event()
    assert session.next_event() is NEED_DATA
    with pytest.raises(LocalProtocolError):
        session.tls_started()
    assert session.state is State.BROKEN


@settings(max_examples=200, deadline=None)
@given(st.binary(max_size=60), st.lists(st.integers(0, 999), max_size=9), st.booleans())
def test_chunks_of_a_client_arrive_whole_whatever_they_hold(content, places, by_octet):
    server = ServerSession(Protocol.SMTP, SETTINGS)
    server.send(server.greeting())
    opening = b"EHLO a\r\nMAIL FROM:<>\r\nRCPT TO:<u@example.com>\r\n"
    *others, last = cut(content, places) or [b""]
    sent = opening + b"".join(Chunk(one).to_octets() for one in others)
    sent += Chunk(last, last=True).to_octets() + b"NOOP\r\n"
    happened = []
    for piece in [bytes((octet,)) for octet in sent] if by_octet else [sent]:
        server.receive_octets(piece)
        while (event := server.next_event()) is not NEED_DATA:
            happened.append(event)
            match event:
                case Refused(answer=answer):
                    server.send(answer)
                case Content():
                    server.send(Result(None, OK))
                case MailFrom() | RcptTo():
                    server.send(CommandAnswer(event, OK))
                case _:
                    server.send(CommandAnswer(event, server.usual_answer(event)))
    assert [one.octets for one in happened if isinstance(one, Chunk)] == others
    bare = re.search(rb"[\r\n\0]", content.replace(b"\r\n", b""))
    assert isinstance(happened[-2], Refused) if bare else happened[-2] == Content(content)
    assert happened[-1] == Noop()


@settings(max_examples=200, deadline=None)
@given(st.text(max_size=40), st.booleans())
def test_no_text_of_a_caller_reaches_the_client_as_metadata_or_as_another_line(text, negotiated):
    session = ServerSession(Protocol.SMTP, ServerSettings("mx.example.org"))
    session.send(session.greeting())
    if negotiated:
        session.receive_octets(b"EHLO a\r\n")
        hello = session.next_event()
        session.send(CommandAnswer(hello, session.usual_answer(hello)))
    session.receive_octets(b"NOOP\r\n")
    event = session.next_event()
    try:
        reply = build_reply(250, "2.0.0", text, (TraceId("7f3a"),))
        octets = session.send(CommandAnswer(event, reply))
    except LocalProtocolError:
        return
    lines = octets.split(b"\r\n")[:-1]
    assert len(lines) == text.count("\n") + 1
    assert all(line.startswith((b"250 2.0.0 ", b"250-2.0.0 ")) for line in lines)
    assert octets.count(b"[TRACE-ID 7f3a]") >= negotiated
    assert session.state in {State.GREETED, State.READY}
