"""STARTTLS over real sockets: the whole way, and what is refused."""

from __future__ import annotations

import asyncio
import ssl

import pytest

from reply_metadata.commands import Authenticate, AuthResponse, MailFrom, RcptTo, StartData
from reply_metadata.credentials import PlainCredentials
from reply_metadata.errors import LocalProtocolError
from reply_metadata.keys import QueueId
from reply_metadata.network.asyncio_client import ClientConnection, PeerUnavailable
from reply_metadata.network.asyncio_server import MailServer
from reply_metadata.network.client_tls import ClientTls
from reply_metadata.network.local_delivery import LocalSettings, local_handlers
from reply_metadata.network.recording import Recording
from reply_metadata.paths import Path
from reply_metadata.policy.referral import TlsLevel, endpoint
from reply_metadata.server_rules import ServerSettings
from reply_metadata.timeouts import ClientTimeouts
from reply_metadata.transitions import Protocol

trustme = pytest.importorskip("trustme", reason="trustme makes the certificates")

HOST = "127.0.0.1"
NAME = "mx.example.org"
TIMEOUTS = ClientTimeouts(2, 2, 2, 2, 2, quit_s=0.2)
SENDER, RECIPIENT = Path.of("s@example.org"), Path.of("user1@example.com")


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
def tls_server(tmp_path, server_tls):
    """A server with a Maildir that offers STARTTLS."""

    def make(protocol=Protocol.SMTP, tls=server_tls, **options):
        handlers = local_handlers(LocalSettings(tmp_path, queue_id=lambda: "q1"))
        return MailServer(protocol, ServerSettings(NAME), handlers, tls=tls, **options)

    return make


def opening(port, tls, protocol=Protocol.SMTP, **options):
    where = endpoint(HOST, port)
    return ClientConnection.open(where, protocol, "client", timeouts=TIMEOUTS, tls=tls, **options)


@pytest.mark.parametrize("protocol", Protocol)
def test_a_message_goes_through_tls_and_its_metadata_comes_back(
    run, tls_server, client_tls, protocol
):
    async def scenario():
        async with tls_server(protocol) as server:
            port = (await server.start(HOST, 0)).port
            async with await opening(port, client_tls, protocol) as connection:
                assert connection.tls is TlsLevel.VERIFIED
                assert "STARTTLS" not in connection.session.extensions
                await connection.ask_all((MailFrom(SENDER), RcptTo(RECIPIENT), StartData()))
                return await connection.send_content(b"x" * 70 + b"\r\n")

    (reply,) = run(scenario())
    assert reply.metadata.get(QueueId) == QueueId("q1")


def test_a_large_message_goes_through_tls_whole(run, tls_server, client_tls, tmp_path):
    content = b"0123456789" * 7 + b"\r\n"

    async def scenario():
        async with tls_server() as server:
            port = (await server.start(HOST, 0)).port
            async with await opening(port, client_tls) as connection:
                await connection.ask_all((MailFrom(SENDER), RcptTo(RECIPIENT), StartData()))
                return await connection.send_content(content * 40_000)

    (reply,) = run(scenario())
    assert reply.code == 250
    (stored,) = tmp_path.glob("*/new/*")
    assert stored.read_bytes().endswith((content * 40_000).replace(b"\r\n", b"\n"))


@pytest.mark.parametrize(
    ("password", "code"), [("secret", 235), ("wrong", 535), ("unreachable", 454)]
)
@pytest.mark.parametrize("at_once", [True, False])
def test_a_client_authenticates_inside_tls_and_no_record_holds_its_password(
    run, tls_server, client_tls, password, code, at_once
):
    recording = Recording()
    credentials = PlainCredentials("user", password)

    async def verify(given):
        if given.password == "unreachable":
            raise OSError
        return given == PlainCredentials("user", "secret")

    async def scenario():
        server = tls_server(verify=verify, record=recording.of_hop("server"))
        async with server:
            port = (await server.start(HOST, 0)).port
            record = recording.of_hop("client")
            async with await opening(port, client_tls, record=record) as connection:
                if at_once:
                    return await connection.authenticate(credentials)
                await connection.ask(Authenticate())
                return await connection.ask(AuthResponse(credentials))

    assert run(scenario()).code == code
    written = b"".join(one.octets for one in recording.written)
    assert b"(credentials)" in written
    assert credentials.to_octets() not in written
    assert password.encode("ascii") not in written


def test_no_credentials_are_sent_in_the_clear(hosts, run):
    async def scenario():
        async with hosts:
            server = await hosts.scripted(lambda line: b"250-mx\r\n250 AUTH PLAIN\r\n")
            connection = await opening(server.port, None)
            with pytest.raises(LocalProtocolError):
                await connection.authenticate(PlainCredentials("user", "secret"))
            await connection.close()
            return server.lines

    assert not any(line.startswith(b"AUTH") for line in run(scenario()))


def test_a_certificate_of_another_host_is_refused(run, tls_server, client_tls):
    async def scenario():
        async with tls_server() as server:
            port = (await server.start(HOST, 0)).port
            with pytest.raises(PeerUnavailable, match="no TLS"):
                await opening(port, client_tls._replace(server_name="other.example.org"))

    run(scenario())


@pytest.mark.parametrize("starttls", [None, b"454 4.7.0 TLS not available\r\n"])
def test_without_tls_a_client_goes_away_unless_it_was_told_that_tls_is_not_required(
    hosts, run, client_tls, starttls
):
    def script(line):
        if line == b"STARTTLS\r\n":
            return starttls
        if line == b"QUIT\r\n":
            return b"221 bye\r\n"
        return b"250-mx\r\n250 STARTTLS\r\n" if starttls else b"250 mx\r\n"

    async def scenario():
        async with hosts:
            server = await hosts.scripted(script)
            with pytest.raises(PeerUnavailable, match="does not start TLS"):
                await opening(server.port, client_tls)
            assert not any(line.startswith(b"MAIL") for line in server.lines)
            async with await opening(server.port, client_tls._replace(required=False)) as client:
                return client.tls, client.session.state

    level, _ = run(scenario())
    assert level is TlsLevel.NONE


@pytest.mark.parametrize("leftover", [b"250-mx\r\n250 REPLYMETA\r\n", b"250 RE"])
def test_a_reply_injected_behind_the_220_ends_the_connection(hosts, run, client_tls, leftover):
    def script(line):
        injected = b"220 go\r\n" + leftover
        return injected if line == b"STARTTLS\r\n" else b"250-mx\r\n250 STARTTLS\r\n"

    async def scenario():
        async with hosts:
            server = await hosts.scripted(script)
            with pytest.raises(PeerUnavailable, match=r"in the clear|nothing asked|cannot answer"):
                await opening(server.port, client_tls)

    run(scenario())


def test_a_server_that_hangs_in_the_handshake_does_not_hold_its_client(hosts, run, client_tls):
    def script(line):
        return b"220 go\r\n" if line == b"STARTTLS\r\n" else b"250-mx\r\n250 STARTTLS\r\n"

    async def scenario():
        async with hosts:
            server = await hosts.scripted(lambda line: script(line) if line.isascii() else b"")
            with pytest.raises(PeerUnavailable, match="no TLS"):
                await ClientConnection.open(
                    endpoint(HOST, server.port),
                    Protocol.SMTP,
                    "client",
                    timeouts=ClientTimeouts(1, 1, 0.3, 1, 1),
                    tls=client_tls,
                )

    run(scenario())


def test_commands_injected_behind_starttls_are_not_executed(run, tls_server):
    async def scenario(*pieces):
        async with tls_server() as server:
            port = (await server.start(HOST, 0)).port
            reader, writer = await asyncio.open_connection(HOST, port)
            for piece in pieces:
                writer.write(piece)
                await asyncio.sleep(0.05)
            said = await reader.read()
            writer.close()
            return said

    injected = b"EHLO evil\r\nMAIL FROM:<evil@example.org>\r\n"
    together = run(scenario(b"EHLO a\r\n", b"STARTTLS\r\n" + injected))
    assert together.endswith(b"\r\n503 5.5.0 Octets follow STARTTLS\r\n")
    apart = run(scenario(b"EHLO a\r\n", b"STARTTLS\r\n", injected))
    plain = apart[: apart.index(b"220 2.0.0 Ready to start TLS\r\n") + 30]
    assert plain.count(b"\n250 ") == 1
    assert b"250" not in apart[len(plain) :]


def test_a_server_without_a_context_offers_no_tls(run, tls_server, client_tls):
    async def scenario():
        async with tls_server(tls=None) as server:
            port = (await server.start(HOST, 0)).port
            with pytest.raises(PeerUnavailable, match="does not start TLS"):
                await opening(port, client_tls)

    run(scenario())
