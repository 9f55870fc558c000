"""What bounds the asyncio adapters: time, connections, commands, writes that are not taken."""

from __future__ import annotations

import asyncio
import contextlib
import socket

import pytest

from reply_metadata.commands import MailFrom, Noop, RcptTo, StartData
from reply_metadata.keys import RetryAfter
from reply_metadata.network.asyncio_client import ClientConnection, PeerUnavailable
from reply_metadata.network.asyncio_server import MailServer
from reply_metadata.network.local_delivery import LocalSettings, local_handlers
from reply_metadata.network.reception import ServiceLimits
from reply_metadata.paths import NULL_PATH, Path
from reply_metadata.policy.referral import endpoint
from reply_metadata.server_rules import ServerSettings
from reply_metadata.timeouts import ClientTimeouts, ServerTimeouts
from reply_metadata.transitions import Protocol

HOST, NAME = "127.0.0.1", "mx.example.org"
TIMEOUTS = ClientTimeouts(3, 3, 3, 3, 3, quit_s=0.2)
MAIL, TO = MailFrom(NULL_PATH), RcptTo(Path.of("user1@example.com"))


@pytest.fixture
def serving(tmp_path):
    def make(limits=None, **options):
        settings = ServerSettings(NAME, **options)
        handlers = local_handlers(LocalSettings(tmp_path))
        return MailServer(Protocol.LMTP, settings, handlers, limits=limits or ServiceLimits())

    return make


def opening(port, **options):
    options.setdefault("timeouts", TIMEOUTS)
    return ClientConnection.open(endpoint(HOST, port), Protocol.LMTP, "client", **options)


async def drip(write, octets):
    """One octet per 100 ms, until the other side goes."""
    with contextlib.suppress(OSError):
        for octet in octets:
            write(bytes((octet,)))
            await asyncio.sleep(0.1)


def test_a_client_waits_for_one_octet_per_100_ms_no_longer_than_its_deadline(run):
    async def scenario():
        async def serve(_reader, writer):
            await drip(writer.write, b"220-slow\r\n" * 3)
            writer.close()

        loop = asyncio.get_running_loop()
        server = await asyncio.start_server(serve, HOST, 0)
        begin = loop.time()
        port = server.sockets[0].getsockname()[1]
        with pytest.raises(PeerUnavailable, match="no reply in time"):
            await opening(port, timeouts=ClientTimeouts(1, 1, 1, 1, 1))
        took = loop.time() - begin
        server.close()
        await server.wait_closed()
        await asyncio.sleep(0.2)
        return took

    assert 1 <= run(scenario()) <= 1.5


@pytest.mark.parametrize("dialogue", [b"", b"LHLO a\r\nMAIL FROM:<>\r\nRCPT TO:<a@b>\r\nDATA\r\n"])
def test_a_server_waits_for_one_octet_per_100_ms_no_longer_than_its_deadline(
    run, serving, dialogue
):
    async def scenario():
        async with serving(timeouts=ServerTimeouts(command_s=1, content_s=1)) as server:
            port = (await server.start(HOST, 0)).port
            reader, writer = await asyncio.open_connection(HOST, port)
            writer.write(dialogue)
            for _ in range(1 + 11 * bool(dialogue)):
                await reader.readline()
            loop = asyncio.get_running_loop()
            begin = loop.time()
            dripping = asyncio.ensure_future(drip(writer.write, b"N" * 30))
            said = await reader.readline()
            took = loop.time() - begin
            dripping.cancel()
            writer.close()
            return said, took

    said, took = run(scenario())
    assert said.startswith(b"421 4.4.2 mx.example.org Idle too long")
    assert 0.9 <= took <= 1.5


async def look_until_it_ends(connection):
    while True:
        await connection.ask_all(())  # sends nothing
        await asyncio.sleep(0.01)


def test_one_connection_too_many_is_told_when_to_come_back(run, serving):
    async def scenario():
        limits = ServiceLimits(connections=1, spare=1, retry_after_s=7)
        async with serving(limits) as server:
            port = (await server.start(HOST, 0)).port
            async with await opening(port), await opening(port) as second:
                with pytest.raises(PeerUnavailable) as refused:
                    await opening(port)
                reply = await second.ask(MAIL)
            await asyncio.sleep(0.1)
            async with await opening(port) as third:  # there is room again
                return reply, refused.value.reply, await third.ask(MAIL)

    reply, refused, again = run(scenario())
    assert reply.octets == b"421 4.3.2 [RETRY-AFTER 7] mx.example.org Too many connections\r\n"
    assert reply.metadata.get(RetryAfter) == RetryAfter(7)
    assert refused.octets == b"421 mx.example.org Too many connections\r\n"
    assert again.code == 250


def test_a_handler_that_cannot_be_made_costs_its_connection_and_no_place(run, tmp_path):
    made = []
    handlers = local_handlers(LocalSettings(tmp_path))

    def make(session, peers):
        made.append(peers)
        if len(made) < 3:
            raise RuntimeError("a bug")
        return handlers(session, peers)

    async def scenario():
        asyncio.get_running_loop().set_exception_handler(lambda *_: None)
        limits = ServiceLimits(connections=1, spare=0)
        async with MailServer(Protocol.LMTP, ServerSettings(NAME), make, limits=limits) as server:
            port = (await server.start(HOST, 0)).port
            for _ in range(2):
                with pytest.raises(PeerUnavailable, match="the connection ended"):
                    await opening(port)
            async with await opening(port) as connection:
                return await connection.ask(MAIL)

    assert run(scenario()).code == 250


def test_one_client_cannot_take_all_connections(run, serving):
    async def scenario():
        async with serving(ServiceLimits(connections=9, per_client=1, spare=1)) as server:
            port = (await server.start(HOST, 0)).port
            async with await opening(port), await opening(port) as second:
                return await second.ask(MAIL)

    assert run(scenario()).code == 421


def test_commands_without_a_message_come_to_an_end(run, serving):
    async def scenario():
        async with serving(ServiceLimits(commands=5)) as server:
            port = (await server.start(HOST, 0)).port
            async with await opening(port) as connection:
                for _ in range(3):  # a message counts them anew
                    await connection.ask_all((MAIL, TO, StartData()))
                    await connection.send_content(b"Hi\r\n")
                codes = [(await connection.ask(Noop())).code for _ in range(5)]
                return codes, await connection.ask(Noop())

    codes, reply = run(scenario())
    assert codes == [250] * 5
    assert reply.octets == b"421 4.7.0 [RETRY-AFTER 60] mx.example.org Too many commands\r\n"


def test_a_client_that_takes_no_replies_is_read_no_more_and_then_dropped(run, serving):
    """Back-pressure: 20 MB of pipelined commands, and a client that never reads."""

    async def scenario():
        timeouts = ServerTimeouts(command_s=1, content_s=1)
        async with serving(ServiceLimits(commands=10**9), timeouts=timeouts) as server:
            port = (await server.start(HOST, 0)).port
            raw = socket.socket()
            raw.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, 4096)
            raw.setblocking(False)
            loop = asyncio.get_running_loop()
            await loop.sock_connect(raw, (HOST, port))
            begin, sent = loop.time(), 0
            with contextlib.suppress(OSError):
                for _ in range(1000):
                    await loop.sock_sendall(raw, b"LHLO abc\r\n" * 2_000)
                    sent += 20_000
            raw.close()
            return loop.time() - begin, sent

    took, sent = run(scenario())
    assert took < 8  # the deadline is one second; the rest is the work until nothing more fits
    assert sent < 12_000_000  # what the buffers of the system hold, of 20 MB


def test_a_client_that_pipelines_much_does_not_keep_others_waiting(run, serving):
    async def scenario():
        async with serving(ServiceLimits(commands=10**9), max_refused=10**9) as server:
            port = (await server.start(HOST, 0)).port
            other = await opening(port)
            reader, writer = await asyncio.open_connection(HOST, port)
            writer.write(b"NOOP\r\n" * 20_000)
            order = []

            async def read_all():
                while len(await reader.readline()) > 0:
                    order.append("busy")

            reading = asyncio.ensure_future(read_all())
            await asyncio.sleep(0)
            for _ in range(3):
                await other.ask(Noop())
                order.append("other")
            reading.cancel()
            writer.close()
            await other.close()
            return order

    order = run(scenario())
    assert order.count("other") == 3
    assert order.count("busy") < 10_000


def test_a_stopping_server_lets_a_transaction_end_and_tells_the_idle(run, serving, tmp_path):
    async def scenario():
        server = serving()
        port = (await server.start(HOST, 0)).port
        busy, idle = await opening(port), await opening(port)
        await busy.ask_all((MAIL, TO, StartData()))
        stopping = asyncio.ensure_future(server.stop(5))
        with pytest.raises(PeerUnavailable) as told:
            await look_until_it_ends(idle)
        (reply,) = await busy.send_content(b"Hi\r\n")
        with pytest.raises(PeerUnavailable, match="closes the connection"):
            await look_until_it_ends(busy)
        await asyncio.wait_for(stopping, 3)
        return told.value.reply, reply

    told, reply = run(scenario())
    assert told.octets == b"421 4.3.2 [RETRY-AFTER 60] mx.example.org Service is shutting down\r\n"
    assert reply.code == 250
    assert len(list(tmp_path.glob("*/new/*"))) == 1


def test_a_transaction_that_does_not_end_in_time_is_broken_off(run, serving, tmp_path):
    async def scenario():
        server = serving()
        port = (await server.start(HOST, 0)).port
        connection = await opening(port)
        await connection.ask_all((MAIL, TO))
        loop = asyncio.get_running_loop()
        begin = loop.time()
        await server.stop(0.5)
        took = loop.time() - begin
        with pytest.raises(PeerUnavailable, match="closes the connection"):
            await connection.ask(StartData())
        return took

    assert 0.5 <= run(scenario()) <= 2


def test_a_reply_nobody_asked_for_is_seen_before_the_next_command(run, hosts):
    """It lies in the socket unread while the client is busy: it must not be taken for an answer."""

    async def scenario():
        async with hosts:
            server = await hosts.scripted(
                lambda line: (
                    b"250 mx\r\n" if line.startswith(b"LHLO") else b"250 right\r\n250 wrong\r\n"
                )
            )
            connection = await opening(server.port)
            await connection.ask(Noop())
            with pytest.raises(PeerUnavailable, match="protocol error"):
                await connection.ask(Noop())
            return server.lines

    assert run(scenario()).count(b"NOOP\r\n") == 1
