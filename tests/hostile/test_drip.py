"""One octet in 100 ms: a session ends at its deadline, however many octets came before it."""

from __future__ import annotations

import asyncio
import socket
import time
from concurrent.futures import ThreadPoolExecutor
from threading import Event, Thread

import pytest

from hostile_peers.server_play import OK
from hostile_peers.socket_peer import HOST
from reply_metadata.client_session import ClientSession
from reply_metadata.commands import Hello, HelloVerb, MailFrom, RcptTo, StartData
from reply_metadata.events import NEED_DATA, CommandAnswer, Content, Refused, TimedOut
from reply_metadata.network.asyncio_client import ClientConnection, PeerUnavailable
from reply_metadata.network.asyncio_server import MailServer
from reply_metadata.network.blocking_client import BlockingClientConnection
from reply_metadata.network.blocking_server import BlockingMailServer
from reply_metadata.paths import NULL_PATH, Path
from reply_metadata.policy.referral import endpoint
from reply_metadata.server_rules import ServerSettings
from reply_metadata.server_session import ServerSession
from reply_metadata.timeouts import ClientTimeouts, ServerTimeouts
from reply_metadata.transitions import Protocol, State

TENTHS = 10  # of a second: between octets, 1
DEADLINE_S = 30
GREETING = b"220 mx.example.org ready\r\n"
KEYWORDS = b"250-mx.example.org\r\n250 PIPELINING\r\n"
OPENING = b"EHLO client.example.org\r\nMAIL FROM:<s@example.org>\r\nRCPT TO:<u@example.com>\r\n"
TIMEOUTS = ClientTimeouts(30, 30, 30, 30, 30, quit_s=30)


def client_waiting_for(place):
    session = ClientSession(Protocol.SMTP, timeouts=TIMEOUTS)
    session.time_passed(0)
    if place == "greeting":
        return session
    session.receive_octets(GREETING)
    session.send(Hello(HelloVerb.EHLO, "client.example.org"))
    if place == "hello":
        return session
    session.receive_octets(KEYWORDS)
    session.send(MailFrom(NULL_PATH))
    if place == "mail":
        return session
    session.send(RcptTo(Path.of("u@example.com")))
    session.send(StartData())
    if place == "group":
        return session
    session.receive_octets(b"250 OK\r\n250 OK\r\n354 go on\r\n")
    session.send(Content(b"Hi\r\n"))
    return session


def drained(session):
    events = []
    while (event := session.next_event()) is not NEED_DATA:
        events.append(event)
    return events


@pytest.mark.parametrize("line", [b"250-more\r\n", b"2"], ids=["lines", "one line"])
@pytest.mark.parametrize("place", ["greeting", "hello", "mail", "group", "result"])
def test_a_client_session_ends_exactly_at_the_deadline_of_the_reply(place, line):
    session = client_waiting_for(place)
    drained(session)
    octets = line * DEADLINE_S * TENTHS if len(line) > 1 else b"250 " + b"x" * DEADLINE_S * TENTHS
    octets = octets.replace(b"250", b"220") if place == "greeting" else octets
    for tenth in range(DEADLINE_S * TENTHS):
        session.time_passed(tenth / TENTHS)
        assert session.next_deadline == DEADLINE_S
        session.receive_octets(octets[tenth : tenth + 1])
        assert drained(session) == []
    session.time_passed(DEADLINE_S)
    assert [type(event) for event in drained(session)] == [TimedOut]
    assert session.state is State.BROKEN


def test_each_reply_of_a_group_has_a_deadline_of_its_own():
    session = client_waiting_for("group")
    for second in (29, 58, 87):
        session.time_passed(second)
        session.receive_octets(b"354 go on\r\n" if second == 87 else b"250 OK\r\n")
        assert TimedOut not in map(type, drained(session))
    assert session.state is State.CONTENT


@pytest.mark.parametrize(
    "before", [b"", b"EHLO a\r\n", OPENING + b"DATA\r\n", OPENING + b"BDAT 900 LAST\r\n"]
)
def test_a_server_session_ends_exactly_at_the_deadline_of_what_it_waits_for(before):
    settings = ServerSettings("mx.example.org", timeouts=ServerTimeouts(DEADLINE_S, DEADLINE_S))
    session = ServerSession(Protocol.SMTP, settings)
    session.time_passed(0)
    session.send(session.greeting())
    if before:
        session.receive_octets(before)
    while (event := session.next_event()) is not NEED_DATA:
        decided = isinstance(event, MailFrom | RcptTo)
        session.send(CommandAnswer(event, OK if decided else session.usual_answer(event)))
    session.time_passed(0)
    for tenth in range(DEADLINE_S * TENTHS):
        session.time_passed(tenth / TENTHS)
        assert session.next_deadline == DEADLINE_S
        session.receive_octets(b"x")
        assert drained(session) == []
    session.time_passed(DEADLINE_S)
    event = session.next_event()
    assert isinstance(event, Refused)
    assert event.answer.reply.code == 421
    session.send(event.answer)
    assert session.state is State.CLOSED


# On real sockets

WAIT_S = 1.0
LATE_S = 0.5


def drip(connection, octets, stop):
    """An octet in 100 ms until told to stop, or the other side is gone."""
    try:
        for octet in octets:
            connection.sendall(bytes((octet,)))
            if stop.wait(0.1):
                return
    except OSError:
        return


def dripping_server(place, stop):
    """A port; who connects gets the reply at that place an octet in 100 ms."""
    listener = socket.create_server((HOST, 0))

    def serve():
        connection, _ = listener.accept()
        with connection, listener:
            if place != "greeting":
                connection.sendall(GREETING)
                connection.recv(1000)
            if place == "mail":
                connection.sendall(KEYWORDS)
                connection.recv(1000)
            code = b"220" if place == "greeting" else b"250"
            drip(connection, (code + b"-more\r\n") * 10, stop)

    Thread(target=serve, daemon=True).start()
    return listener.getsockname()[1]


async def ask_asyncio(*opening, **options):
    async with await ClientConnection.open(*opening, **options) as client:
        await client.ask(MailFrom(NULL_PATH))


def ask_blocking(*opening, **options):
    with BlockingClientConnection.open(*opening, **options) as client:
        client.ask(MailFrom(NULL_PATH))


ASK = {
    "asyncio": lambda *opening, **options: asyncio.run(ask_asyncio(*opening, **options)),
    "blocking": ask_blocking,
}
KINDS = tuple(ASK)


def client_ends_after(kind, place):
    stop = Event()
    opening = (endpoint(HOST, dripping_server(place, stop)), Protocol.SMTP, "client.example.org")
    timeouts = ClientTimeouts(5, WAIT_S, WAIT_S, WAIT_S, WAIT_S, quit_s=WAIT_S)
    began = time.monotonic()
    try:
        with pytest.raises(PeerUnavailable, match="no reply in time"):
            ASK[kind](*opening, timeouts=timeouts)
        return time.monotonic() - began
    finally:
        stop.set()


class Handler:
    def sender(self, _mail):
        return OK

    def recipient(self, _mail, _recipient):
        return OK

    def content(self, _mail, _recipients, _content):
        raise AssertionError("no content is complete")

    def forget(self):
        return None


def drip_into(port, place):
    stop = Event()
    with socket.create_connection((HOST, port), 5) as connection:
        reader = connection.makefile("rb")
        before = OPENING + b"DATA\r\n" if place == "content" else OPENING
        connection.sendall(before)
        last = b"354" if place == "content" else b"250 2.0.0"
        for _ in range(1 if place == "content" else 2):  # MAIL and RCPT have the same answer
            while not (line := reader.readline()).startswith(last):
                assert line
        began = time.monotonic()
        Thread(target=drip, args=(connection, b"x" * 90, stop), daemon=True).start()
        try:
            while not (line := reader.readline()).startswith(b"421"):
                assert line
            return time.monotonic() - began
        finally:
            stop.set()


def server_ends_after(kind, place):
    settings = ServerSettings("mx.example.org", timeouts=ServerTimeouts(WAIT_S, WAIT_S))
    if kind == "blocking":
        with BlockingMailServer(Protocol.SMTP, settings, lambda *_: Handler()) as server:
            return drip_into(server.start(HOST, 0).port, place)

    async def serve():
        async with MailServer(Protocol.SMTP, settings, lambda *_: Handler()) as server:
            port = (await server.start(HOST, 0)).port
            return await asyncio.to_thread(drip_into, port, place)

    return asyncio.run(serve())


def test_over_sockets_a_drip_ends_within_half_a_second_of_the_deadline():
    cases = [
        (case, kind, place)
        for kind in KINDS
        for case, places in (
            (client_ends_after, ("greeting", "hello", "mail")),
            (server_ends_after, ("command", "content")),
        )
        for place in places
    ]
    with ThreadPoolExecutor(len(cases)) as pool:
        running = [pool.submit(case, kind, place) for case, kind, place in cases]
        seconds = [one.result() for one in running]
    for (case, kind, place), taken in zip(cases, seconds, strict=True):
        assert WAIT_S - 0.01 <= taken <= WAIT_S + LATE_S, (case.__name__, kind, place, taken)
