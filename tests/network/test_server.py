"""The server over real sockets: smuggling, ends, failures, and what a client gets to read."""

from __future__ import annotations

import asyncio
import contextlib
import logging

import pytest

from reply_metadata.commands import MailFrom, Noop, Parameter, RcptTo, StartData
from reply_metadata.network.asyncio_client import ClientConnection, PeerUnavailable
from reply_metadata.network.asyncio_server import MailServer
from reply_metadata.network.resolver import SystemResolver, TableResolver, literal
from reply_metadata.paths import NULL_PATH, Path
from reply_metadata.policy.recipient import Refer
from reply_metadata.policy.referral import endpoint
from reply_metadata.server_rules import ServerSettings
from reply_metadata.timeouts import ClientTimeouts, ServerTimeouts
from reply_metadata.transitions import Protocol

HOST = "127.0.0.1"
TIMEOUTS = ClientTimeouts(1, 1, 1, 1, 1)
USER = "user1@example.com"
AFTER_HELLO = b" a\r\nMAIL FROM:<s@example.org>\r\nRCPT TO:<user1@example.com>\r\nDATA\r\n"
OPENING = {Protocol.SMTP: b"EHLO" + AFTER_HELLO, Protocol.LMTP: b"LHLO" + AFTER_HELLO}
SMUGGLED = b"MAIL FROM:<evil@example.org>\r\nRCPT TO:<user1@example.com>\r\nDATA\r\nevil\r\n.\r\n"


async def talk(port, *pieces):
    """All the server says until it closes; the client closes its side after the last piece."""
    reader, writer = await asyncio.open_connection(HOST, port)
    try:
        for piece in pieces:
            writer.write(piece)
            await writer.drain()
        if writer.can_write_eof():
            writer.write_eof()
        return await reader.read()
    finally:
        writer.close()
        await writer.wait_closed()


@pytest.mark.parametrize("protocol", Protocol)
@pytest.mark.parametrize(
    "end", [b"\n.\n", b"\n.\r\n", b"\r.\r", b"\r\n.\n", b"\r\n.\r\r\n", b"\r\n\0.\r\n"], ids=repr
)
def test_a_second_message_is_never_smuggled_in(hosts, run, protocol, end):
    async def scenario():
        async with hosts:
            backend = await hosts.backend("backend1", protocol=protocol)
            said = await talk(backend.port, OPENING[protocol], b"first" + end + SMUGGLED)
            return said, backend.messages(USER)

    said, messages = run(scenario())
    assert [message for message in messages if b"evil@example.org" in message[:60]] == []
    assert messages == []
    assert said.splitlines()[-1] == b"550 5.6.0 A NUL, or a line that CR LF does not end"


def test_a_client_can_read_why_it_was_refused_although_it_goes_on_sending(hosts, run):
    async def scenario():
        async with hosts:
            backend = await hosts.backend("backend1")
            reader, writer = await asyncio.open_connection(HOST, backend.port)
            writer.write(b"LHLO a\nMAIL" + b"x" * 500_000)
            said = await reader.read()
            writer.close()
            return said

    assert run(scenario()).splitlines()[1:] == [b"500 5.5.2 Only CR LF ends a line"]


def test_pipelined_commands_are_all_answered(hosts, run):
    async def scenario():
        async with hosts:
            backend = await hosts.backend("backend1")
            dialogue = OPENING[Protocol.LMTP] + b"Hi\r\n.\r\nRSET\r\nQUIT\r\n"
            whole = await talk(backend.port, dialogue)
            by_octet = await talk(backend.port, *(bytes((octet,)) for octet in dialogue))
            return whole, by_octet, backend.messages(USER)

    whole, by_octet, messages = run(scenario())
    assert whole.replace(b"backend1-1", b"backend1-2") == by_octet
    assert len(messages) == 2


def test_referrals_are_shown_to_trusted_peers_only(hosts, run):
    async def scenario(**options):
        async with hosts:
            moved = {USER: Refer(("smtp://backend2/",))}
            backend = await hosts.backend("backend1", moved, **options)
            client = await hosts.client(backend.port)
            return (await client.message(USER))[0]

    assert run(scenario()) == "450 4.4.4 [REFERRAL smtp://backend2/] Redirected"
    assert run(scenario(trusted_peers=())) == "450 4.4.4 Redirected"
    assert run(scenario(offer_metadata=False)) == "450 4.4.4 Redirected"


def test_an_idle_client_is_told_so_and_closed(hosts, run):
    async def scenario():
        async with hosts:
            timeouts = ServerTimeouts(command_s=0.1, content_s=0.1)
            backend = await hosts.backend("backend1", timeouts=timeouts)
            reader, writer = await asyncio.open_connection(HOST, backend.port)
            said = await reader.read()
            writer.close()
            return said

    assert run(scenario()).splitlines()[-1] == b"421 4.4.2 backend1 Idle too long"


def test_a_handler_that_fails_costs_its_connection_only(hosts, run, caplog):
    class Failing:
        async def sender(self, mail):
            raise RuntimeError("a bug")

        async def forget(self):
            pass

    async def scenario():
        server = MailServer(Protocol.LMTP, ServerSettings("mx"), lambda session, peers: Failing())
        async with server, hosts:
            port = (await server.start(HOST, 0)).port
            client = await hosts.client(port)
            said = await client.ask("MAIL FROM:<s@example.org>")
            again = await hosts.client(port)
            return said, await again.ask("NOOP")

    with caplog.at_level(logging.CRITICAL):
        said, again = run(scenario())
    assert said == "421 4.3.0 mx Local error"
    assert again == "250 2.0.0 OK"


def test_a_server_that_stops_leaves_no_connection_behind(hosts, run):
    async def scenario():
        async with hosts:
            backend = await hosts.backend("backend1")
            reader, writer = await asyncio.open_connection(HOST, backend.port)
            await reader.readline()
        rest = await reader.read()
        writer.close()
        await writer.wait_closed()
        return rest

    assert run(scenario()) == b"421 4.3.2 backend1 Service is shutting down\r\n"


def test_a_message_that_cannot_be_stored_is_a_transient_failure(hosts, run):
    async def scenario():
        async with hosts:
            backend = await hosts.backend("backend1")
            backend.folder.write_bytes(b"a file where the folder should be")
            client = await hosts.client(backend.port)
            return await client.message(USER)

    assert run(scenario())[-1] == "451 4.3.0 Not stored, try again later"


# The client connection


def opening(port, protocol=Protocol.SMTP):
    return ClientConnection.open(endpoint(HOST, port), protocol, "client", timeouts=TIMEOUTS)


@pytest.mark.parametrize("protocol", Protocol)
def test_chunks_are_delivered_as_one_message(hosts, run, protocol):
    async def scenario():
        async with hosts:
            backend = await hosts.backend("backend1", protocol=protocol)
            async with await opening(backend.port, protocol) as connection:
                await connection.ask_all((MailFrom(NULL_PATH), RcptTo(Path.of(USER))))
                replies = await connection.send_chunks([b"a\r", b"\n" + b".\r\n" * 50_000, b""])
            return replies, backend.messages(USER)

    (reply,), (message,) = run(scenario())
    assert reply.code == 250
    assert message.endswith(b"\na\n" + b".\n" * 50_000)


def test_a_mailbox_in_utf8_gets_its_message(hosts, run):
    user = "jösé@例え.example"

    async def scenario():
        async with hosts:
            backend = await hosts.backend("backend1", protocol=Protocol.SMTP)
            async with await opening(backend.port) as connection:
                mail = MailFrom(Path.of("ä@example.org"), (Parameter("SMTPUTF8"),))
                await connection.ask_all((mail, RcptTo(Path.of(user)), StartData()))
                (reply,) = await connection.send_content(b"Hi\r\n")
            return reply, backend.messages(user)

    reply, (message,) = run(scenario())
    assert reply.code == 250
    assert f"Delivered-To: {user}\n".encode() in message
    assert b" with UTF8SMTP id " in message


async def ask_noop(port):
    async with await opening(port) as connection:
        await connection.ask(Noop())


@pytest.mark.parametrize(
    ("greeting", "answer", "reason"),
    [
        (b"554 no\r\n", b"250 OK\r\n", "refused the connection"),
        (b"421 busy\r\n", b"250 OK\r\n", "refused the connection"),
        (b"220 hi\r\n", b"502 no\r\n", "refused the greeting"),
        (b"220 hi\r\n", None, "the connection ended"),
        (b"220 hi\r\n", b"", "no reply in time to EHLO"),
        (b"", b"", "no reply in time to \\(connection\\)"),
        (b"220 hi\n", b"250 OK\r\n", "protocol error"),
        (b"220 hi\r\n", b"250 OK\r\n250 extra\r\n", "protocol error|refused"),
    ],
)
def test_each_way_a_server_can_fail_is_one_error(hosts, run, greeting, answer, reason):
    async def scenario():
        async with hosts:
            server = await hosts.scripted(lambda line: answer, greeting)
            with pytest.raises(PeerUnavailable, match=reason):
                await ask_noop(server.port)

    run(scenario())


def test_a_server_that_drips_a_reply_does_not_hold_its_client(run):
    async def scenario():
        async def drip(_reader, writer):
            with contextlib.suppress(OSError):
                while not writer.is_closing():
                    writer.write(b"220-slow\r\n")
                    await writer.drain()
                    await asyncio.sleep(0.05)
            writer.close()

        server = await asyncio.start_server(drip, HOST, 0)
        loop = asyncio.get_running_loop()
        begin = loop.time()
        with pytest.raises(PeerUnavailable, match="no reply in time"):
            await opening(server.sockets[0].getsockname()[1])
        server.close()
        await server.wait_closed()
        await asyncio.sleep(0.1)
        return loop.time() - begin

    assert run(scenario()) < 2


def test_a_client_falls_back_to_helo_and_reads_no_metadata_then(hosts, run):
    def script(line):
        return b"250 old\r\n" if line.startswith(b"HELO") else b"502 5.5.1 [REASON old] no\r\n"

    async def scenario():
        async with hosts:
            server = await hosts.scripted(script)
            async with await opening(server.port) as connection:
                return connection.session.negotiated, server.lines

    negotiated, lines = run(scenario())
    assert not negotiated
    assert lines[:2] == [b"EHLO client\r\n", b"HELO client\r\n"]


# Names


def test_only_real_literals_are_addresses_and_nothing_else_is_looked_up(run):
    async def scenario():
        resolver = SystemResolver()
        return [
            await resolver.addresses(host)
            for host in (
                "127.1",
                "0x7f000001",
                "2130706433",
                "1.2.3.4.5",
                "a b",
                "h\0",
                "",
                "a" * 300,
            )
        ]

    assert run(scenario()) == [()] * 8
    assert str(literal("2001:db8::7")) == "2001:db8::7"
    assert literal("127.1") is None


def test_the_system_knows_localhost_and_a_table_knows_its_names(run):
    async def scenario():
        table = TableResolver({"backend2": (literal("192.0.2.7"),)}, SystemResolver())
        return [
            await SystemResolver().addresses("localhost"),
            await table.addresses("BACKEND2"),
            await table.addresses("127.0.0.1"),
            await table.addresses("localhost"),
            await TableResolver({}).addresses("localhost"),
        ]

    system, mine, address, other, none = run(scenario())
    assert all(found.is_loopback for found in system)
    assert system
    assert [str(found) for found in mine + address] == ["192.0.2.7", "127.0.0.1"]
    assert other == system
    assert none == ()
