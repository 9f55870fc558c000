"""The blocking adapters: the same dialogues as on asyncio, over sockets with deadlines."""

from __future__ import annotations

import contextlib
import logging
import socket
import ssl
import threading
import time
from ipaddress import ip_network

import pytest

from reply_metadata.commands import MailFrom, Noop, RcptTo, StartData
from reply_metadata.credentials import PlainCredentials
from reply_metadata.keys import QueueId, Referral, RetryAfter
from reply_metadata.network.blocking_client import BlockingClientConnection
from reply_metadata.network.blocking_server import BlockingMailServer
from reply_metadata.network.blocking_socket import DeadlineSocket
from reply_metadata.network.client_dialogue import PeerUnavailable
from reply_metadata.network.client_tls import ClientTls
from reply_metadata.network.local_delivery import LocalSettings, local_handlers
from reply_metadata.network.reception import ServiceLimits
from reply_metadata.network.recording import Recording
from reply_metadata.paths import NULL_PATH, Path
from reply_metadata.policy.recipient import Refer
from reply_metadata.policy.referral import TlsLevel, endpoint
from reply_metadata.server_rules import ServerSettings
from reply_metadata.timeouts import ClientTimeouts, ServerTimeouts
from reply_metadata.transitions import Protocol

trustme = pytest.importorskip("trustme", reason="trustme makes the certificates")

HOST = "127.0.0.1"
NAME = "mx.example.org"
TIMEOUTS = ClientTimeouts(2, 2, 2, 2, 2, quit_s=0.2)
USER, MOVED = Path.of("user1@example.com"), Path.of("user2@example.com")
MAIL = MailFrom(NULL_PATH)


@pytest.fixture(scope="module")
def authority():
    return trustme.CA()


@pytest.fixture
def server_tls(authority):
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    authority.issue_cert(NAME).configure_cert(context)
    return context


@pytest.fixture
def client_tls(authority):
    context = ssl.create_default_context()
    authority.configure_trust(context)
    return ClientTls(context, NAME)


@pytest.fixture
def start(tmp_path):
    """Starts blocking servers with Maildirs; all of them stop after the test."""
    started = []

    def begin(protocol=Protocol.LMTP, *, handlers=None, tls=None, limits=None, **options):
        settings = LocalSettings(
            tmp_path,
            {"user2@example.com": Refer(("smtp://backend2/",))},
            trusted_peers=options.pop("trusted_peers", (ip_network("127.0.0.0/8"),)),
            queue_id=lambda: "q1",
        )
        others = {name: options.pop(name) for name in ("verify", "record") if name in options}
        server = BlockingMailServer(
            protocol,
            ServerSettings(NAME, **options),
            handlers or local_handlers(settings),
            tls=tls,
            limits=limits or ServiceLimits(),
            **others,
        )
        started.append(server)
        return server.start(HOST, 0)

    begin.started = started
    yield begin
    for server in started:
        server.stop()


def opening(where, protocol=Protocol.LMTP, **options):
    options.setdefault("timeouts", TIMEOUTS)
    return BlockingClientConnection.open(where, protocol, "client", **options)


def stored(folder):
    return [path.read_bytes() for path in sorted(folder.glob("*/new/*"))]


@pytest.mark.parametrize("protocol", Protocol)
def test_a_message_is_delivered_and_its_metadata_comes_back(start, tmp_path, protocol):
    with opening(start(protocol), protocol) as connection:
        _, accepted, moved, _ = connection.ask_all((MAIL, RcptTo(USER), RcptTo(MOVED), StartData()))
        (reply,) = connection.send_content(b"Subject: x\r\n\r\n.Hi\r\n")
    assert accepted.code == 250
    assert moved.metadata.get(Referral) == Referral(("smtp://backend2/",))
    assert reply.metadata.get(QueueId) == QueueId("q1")
    (message,) = stored(tmp_path)
    assert message.endswith(b"\nSubject: x\n\n.Hi\n")


@pytest.mark.parametrize("protocol", Protocol)
def test_a_large_message_goes_through_tls_whole(start, tmp_path, server_tls, client_tls, protocol):
    content = (b"0123456789" * 7 + b"\r\n") * 40_000
    with opening(start(protocol, tls=server_tls), protocol, tls=client_tls) as connection:
        assert connection.tls is TlsLevel.VERIFIED
        connection.ask_all((MAIL, RcptTo(USER), StartData()))
        (reply,) = connection.send_content(content)
    assert reply.code == 250
    (message,) = stored(tmp_path)
    assert message.endswith(content.replace(b"\r\n", b"\n"))


def test_chunks_are_delivered_as_one_message(start, tmp_path):
    with opening(start()) as connection:
        connection.ask_all((MAIL, RcptTo(USER)))
        (reply,) = connection.send_chunks([b"a\r", b"\n" + b".\r\n" * 50_000, b""])
    assert reply.code == 250
    (message,) = stored(tmp_path)
    assert message.endswith(b"\na\n" + b".\n" * 50_000)


@pytest.mark.parametrize("read_on", [True, False])
def test_replies_that_come_while_we_write_are_taken_in_so_that_both_sides_go_on(read_on):
    ours, theirs = socket.socketpair()
    for end in (ours, theirs):
        end.setsockopt(socket.SOL_SOCKET, socket.SO_SNDBUF, 4096)

    def write_then_read():
        theirs.settimeout(5)
        with contextlib.suppress(OSError):
            theirs.sendall(b"r" * 60_000)
            while theirs.recv(65536):
                pass

    peer = threading.Thread(target=write_then_read)
    peer.start()
    mine = DeadlineSocket(ours)
    deadline = time.monotonic() + (5 if read_on else 0.3)
    if read_on:
        mine.send(b"c" * 500_000, deadline, read_on=True)
        replies = b""
        while len(replies) < 60_000:
            replies += mine.receive(deadline)
    else:
        with pytest.raises(TimeoutError):
            mine.send(b"c" * 500_000, deadline)
    mine.close()
    peer.join()
    theirs.close()


@pytest.mark.parametrize(("password", "code"), [("secret", 235), ("wrong", 535), ("", 454)])
def test_a_client_authenticates_inside_tls(start, server_tls, client_tls, password, code):
    recording = Recording()

    def verify(given):
        if given.password == "unreachable":
            raise OSError
        return given.password == "secret"

    credentials = PlainCredentials("user", password or "unreachable")
    where = start(tls=server_tls, verify=verify, record=recording.of_hop("server"))
    with opening(where, tls=client_tls) as connection:
        assert connection.authenticate(credentials).code == code
    written = b"".join(one.octets for one in recording.written)
    assert credentials.to_octets() not in written


def test_a_certificate_of_another_host_is_refused(start, server_tls, client_tls):
    with pytest.raises(PeerUnavailable, match="no TLS"):
        opening(start(tls=server_tls), tls=client_tls._replace(server_name="other.example.org"))


def test_octets_in_the_clear_behind_starttls_are_not_executed(start, server_tls):
    where = start(tls=server_tls)
    with socket.create_connection((HOST, where.port), 5) as raw:
        raw.sendall(b"LHLO a\r\nSTARTTLS\r\nMAIL FROM:<evil@example.org>\r\n")
        said = read_all(raw)
    assert said.endswith(b"\r\n503 5.5.0 Octets follow STARTTLS\r\n")


def read_all(raw):
    said = b""
    while octets := raw.recv(65536):
        said += octets
    return said


def test_a_client_can_read_why_it_was_refused_although_it_goes_on_sending(start):
    where = start()
    with socket.create_connection((HOST, where.port), 5) as raw:
        raw.sendall(b"LHLO a\nMAIL" + b"x" * 500_000)
        said = read_all(raw)
    assert said.splitlines()[1:] == [b"500 5.5.2 Only CR LF ends a line"]


def test_nobody_listens_is_said(free_port):
    with pytest.raises(PeerUnavailable, match="no connection"):
        opening(endpoint(HOST, free_port()))


def test_a_handler_that_fails_costs_its_connection_only(start, caplog):
    class Failing:
        def __init__(self, sender):
            self.sender = sender

        def forget(self):
            pass

    def bug(_mail):
        raise RuntimeError("a bug")

    async def waits(_mail):
        raise AssertionError

    answers = [waits, bug]
    with caplog.at_level(logging.CRITICAL):
        where = start(handlers=lambda session, peers: Failing(answers.pop()))
        with opening(where) as connection:
            assert connection.ask(MAIL).code == 421


# Time and limits


def for_ever(call, *arguments):
    while True:
        call(*arguments)
        time.sleep(0.001)


def sent_away(connection):
    """The 421 a client gets that goes on asking: as an answer, or unasked."""
    while True:
        try:
            reply = connection.ask(Noop())
        except PeerUnavailable as error:
            return error.reply
        if reply.code == 421:
            return reply
        time.sleep(0.001)


def drip(octets, stop, pause_s=0.1):
    """A server that writes one octet at a time to its first client."""
    listener = socket.create_server((HOST, 0))

    def serve():
        connected, _ = listener.accept()
        with listener, connected:
            try:
                for octet in octets:
                    if stop.wait(pause_s):
                        return
                    connected.sendall(bytes((octet,)))
            except OSError:
                pass

    thread = threading.Thread(target=serve)
    thread.start()
    return endpoint(*listener.getsockname()), thread


def test_a_client_waits_for_one_octet_per_100_ms_no_longer_than_its_deadline():
    stop = threading.Event()
    where, thread = drip(b"220-slow\r\n" * 100, stop)
    begin = time.monotonic()
    with pytest.raises(PeerUnavailable, match="no reply in time to"):
        opening(where, timeouts=ClientTimeouts(1, 1, 1, 1, 1))
    took = time.monotonic() - begin
    stop.set()
    thread.join()
    assert 1 <= took <= 1.5


def test_a_server_waits_for_one_octet_per_100_ms_no_longer_than_its_deadline(start):
    where = start(timeouts=ServerTimeouts(command_s=1, content_s=1))
    with socket.create_connection((HOST, where.port), 5) as raw:
        raw.recv(100)
        begin = time.monotonic()
        raw.settimeout(0.1)
        said = b""
        while not said:
            raw.sendall(b"N")
            try:
                said = raw.recv(100)
            except TimeoutError:
                continue
        took = time.monotonic() - begin
    assert said == b"421 4.4.2 mx.example.org Idle too long\r\n"
    assert 0.9 <= took <= 1.5


def test_a_client_that_takes_no_replies_does_not_hold_its_thread(start):
    where = start(timeouts=ServerTimeouts(command_s=0.5, content_s=0.5), max_refused=10**9)
    raw = socket.socket()
    raw.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, 4096)
    raw.connect((HOST, where.port))
    with raw:
        raw.settimeout(3)
        with pytest.raises(OSError, match=r"reset|Broken pipe"):  # the server went
            for_ever(raw.sendall, b"LHLO abc\r\n" * 5_000)
    (server,) = start.started
    begin = time.monotonic()
    server.stop()
    assert time.monotonic() - begin < 3


def test_one_connection_too_many_is_told_when_to_come_back(start):
    where = start(limits=ServiceLimits(connections=1, spare=1, retry_after_s=7))
    with opening(where), opening(where) as second:
        reply = second.ask(MAIL)
        assert (reply.code, reply.enhanced_code) == (421, "4.3.2")
        assert reply.metadata.get(RetryAfter) == RetryAfter(7)
        assert reply.text == f"{NAME} Too many connections"
        with pytest.raises(PeerUnavailable) as refused, opening(where):
            pass
        assert refused.value.reply.octets == b"421 mx.example.org Too many connections\r\n"


def test_an_idle_client_is_told_that_the_server_stops_and_one_in_a_transaction_may_end_it(
    start, tmp_path
):
    where = start()
    (server,) = start.started
    with opening(where) as idle, opening(where) as busy:
        busy.ask_all((MAIL, RcptTo(USER), StartData()))
        stopping = threading.Thread(target=server.stop, args=(5,))
        stopping.start()
        assert sent_away(idle).metadata.get(RetryAfter) == RetryAfter(60)
        (reply,) = busy.send_content(b"Hi\r\n")
        assert reply.code == 250
        assert sent_away(busy).code == 421
    stopping.join(5)
    assert not stopping.is_alive()
    assert len(stored(tmp_path)) == 1


def test_a_transaction_that_does_not_end_in_time_is_broken_off(start):
    where = start()
    (server,) = start.started
    with opening(where) as busy:
        busy.ask_all((MAIL, RcptTo(USER)))
        begin = time.monotonic()
        stopping = threading.Thread(target=server.stop, args=(0.5,))
        stopping.start()
        assert sent_away(busy).code == 421
    stopping.join(5)
    assert 0.5 <= time.monotonic() - begin <= 3


def test_a_client_that_takes_nothing_does_not_keep_a_server_from_stopping(start):
    where = start()
    (server,) = start.started
    with socket.socket() as raw:
        raw.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, 4096)
        raw.settimeout(1)
        raw.connect((HOST, where.port))
        with contextlib.suppress(TimeoutError):
            raw.sendall(b"LHLO abc\r\n" * 500_000)
        begin = time.monotonic()
        server.stop()
        assert time.monotonic() - begin < 3
