"""Hosts on the loopback interface for the network tests: backends, proxies, scripted servers."""

from __future__ import annotations

import asyncio
import contextlib
import os
import re
import signal
import socket
import subprocess
import sys
import threading
from collections.abc import Awaitable, Callable
from contextlib import AsyncExitStack
from dataclasses import dataclass, field
from ipaddress import ip_network
from itertools import count
from pathlib import Path

import pytest

from reply_metadata.network.asyncio_server import MailServer
from reply_metadata.network.backend import Dialer
from reply_metadata.network.local_delivery import LocalSettings, local_handlers
from reply_metadata.network.maildir import folder_name
from reply_metadata.network.proxy import Backend, ProxySettings, proxy_handlers
from reply_metadata.network.recording import Recording
from reply_metadata.network.resolver import TableResolver
from reply_metadata.network.sending import SendSettings, send_message
from reply_metadata.paths import Path as MailPath
from reply_metadata.policy.referral import ReferralPolicy
from reply_metadata.server_rules import ServerSettings
from reply_metadata.timeouts import ClientTimeouts
from reply_metadata.transitions import Protocol

HOST = "127.0.0.1"
USERS = tuple(f"user{number}@example.com" for number in (1, 2, 3))
LOOPBACK = ip_network("127.0.0.0/8")
DIALING = {"tls", "timeouts", "backend_protocol"}
TIMEOUTS = ClientTimeouts(2, 2, 2, 2, 2, quit_s=0.2)
FOLLOWING = ReferralPolicy(
    follow=True,
    trusted_peers=(LOOPBACK,),
    allowed_networks=(LOOPBACK,),
    allowed_ports=(range(1024, 65536),),
)


@dataclass
class LocalBackend:
    """A server with Maildirs."""

    name: str
    port: int
    folder: Path

    def uri(self, host=HOST):
        return f"smtp://{host}:{self.port}/"

    def messages(self, mailbox):
        folder = self.folder / folder_name(mailbox) / "new"
        return [path.read_bytes() for path in sorted(folder.iterdir())] if folder.is_dir() else []


@dataclass
class ScriptedServer:
    """A server that answers each line by a function and keeps the lines it got."""

    port: int
    lines: list[bytes] = field(default_factory=list)
    connections: int = 0

    def uri(self):
        return f"smtp://{HOST}:{self.port}/"


@dataclass
class Hosts:
    """Starts hosts; all of them stop at the end of `async with`."""

    folder: Path
    recording: Recording = field(default_factory=Recording)
    _stack: AsyncExitStack = field(default_factory=AsyncExitStack)

    async def __aenter__(self):
        return self

    async def __aexit__(self, *_details):
        await self._stack.aclose()

    async def backend(
        self, name, decisions=None, *, protocol=Protocol.LMTP, port=0, host=HOST, **options
    ):
        numbers = count(1)
        secure = {name: options.pop(name, None) for name in ("tls", "verify")}
        settings = LocalSettings(
            folder=self.folder / name,
            decisions={} if decisions is None else decisions,
            trusted_peers=options.pop("trusted_peers", (LOOPBACK,)),
            queue_id=lambda: f"{name}-{next(numbers)}",
        )
        handlers = local_handlers(settings)
        server = MailServer(protocol, ServerSettings(name, **options), handlers, **secure)
        await self._stack.enter_async_context(server)
        bound = await server.start(host, port)
        return LocalBackend(name, bound.port, settings.folder)

    async def proxy(self, to, *, protocol=Protocol.LMTP, referral=FOLLOWING, **options):
        routes = to if isinstance(to, dict) else {"*": Backend(HOST, to.port)}
        offered_tls = options.pop("offered_tls", None)
        settings = ProxySettings(
            routes=routes,
            dialer=self.dialer(**{name: options.pop(name) for name in DIALING & set(options)}),
            referral=referral,
            resolver=options.pop("resolver", TableResolver({})),
            **options,
        )
        handlers = proxy_handlers(settings)
        server = MailServer(protocol, ServerSettings("proxy"), handlers, tls=offered_tls)
        await self._stack.enter_async_context(server)
        return (await server.start(HOST, 0)).port

    def dialer(self, host_name="proxy", *, timeouts=TIMEOUTS, backend_protocol=None, **options):
        """Calls hosts and records what it says, by their ports."""
        return Dialer(
            host_name,
            backend_protocol or Protocol.LMTP,
            timeouts,
            record_for=lambda host: self.recording.of_hop(f"{host.port}"),
            **options,
        )

    async def client(self, port, verb="LHLO"):
        """A client that knows nothing of the extension, connected and greeted."""
        client = await RawClient.connect(port, verb)
        self._stack.push_async_callback(client.drop)
        return client

    async def scripted(
        self,
        answer: Callable[[bytes], bytes | None],
        greeting=b"220 scripted\r\n",
        *,
        host=HOST,
    ):
        """`answer(line)` gives the octets to write; None closes the connection."""
        scripted = ScriptedServer(0)
        tasks = set()

        async def serve(reader, writer):
            tasks.add(asyncio.current_task())
            scripted.connections += 1
            writer.write(greeting)
            try:
                while line := await reader.readline():
                    scripted.lines.append(line)
                    octets = answer(line)
                    if octets is None:
                        break
                    writer.write(octets)
            except (OSError, asyncio.CancelledError):
                pass
            finally:
                writer.close()

        server = await asyncio.start_server(serve, host, 0)
        scripted.port = server.sockets[0].getsockname()[1]

        async def stop():
            server.close()
            for task in tasks:
                task.cancel()
            await asyncio.gather(*tasks, return_exceptions=True)
            await server.wait_closed()

        self._stack.push_async_callback(stop)
        return scripted

    def wrote(self, port):
        """The lines the proxy wrote to the host on that port."""
        return [text for side, text in self.recording.lines_of(f"{port}") if side.value == "C"]


class RawClient:
    """Speaks LMTP or SMTP with plain strings, and knows nothing of any extension."""

    def __init__(self, reader, writer):
        self._reader = reader
        self._writer = writer

    @classmethod
    async def connect(cls, port, verb="LHLO"):
        client = cls(*await asyncio.open_connection(HOST, port))
        await client.reply()
        if verb:
            await client.ask(f"{verb} client.example.org")
        return client

    async def reply(self):
        lines = []
        while not lines or lines[-1][3:4] == "-":
            line = (await self._reader.readline()).decode("ascii")
            if not line:
                raise EOFError(lines)
            lines.append(line.removesuffix("\r\n"))
        return "\n".join(lines)

    async def ask(self, line):
        self._writer.write(line.encode("ascii") + b"\r\n")
        return await self.reply()

    async def message(self, *recipients, text="Subject: test\r\n\r\nHi\r\n", results=None):
        """One transaction; the replies to RCPT, then those to DATA and the content."""
        await self.ask("MAIL FROM:<sender@example.org>")
        replies = [await self.ask(f"RCPT TO:<{recipient}>") for recipient in recipients]
        accepted = sum(reply.startswith("2") for reply in replies)
        replies.append(await self.ask("DATA"))
        if replies[-1].startswith("354"):
            self._writer.write(text.encode("ascii") + b".\r\n")
            for _ in range(accepted if results is None else results):
                replies.append(await self.reply())
        return replies

    async def close(self):
        await self.ask("QUIT")
        await self.drop()

    async def drop(self):
        self._writer.close()
        with contextlib.suppress(OSError):
            await self._writer.wait_closed()


@pytest.fixture
def hosts(tmp_path):
    """Starts hosts on 127.0.0.1; to be used as `async with hosts:`."""
    return Hosts(tmp_path)


@pytest.fixture
def run() -> Callable[[Awaitable], object]:
    """Runs a test's coroutine within bounded time."""

    def run_within(awaitable, seconds=15):
        async def bounded():
            async with asyncio.timeout(seconds):
                return await awaitable

        return asyncio.run(bounded())

    return run_within


@pytest.fixture
def sending(hosts):
    """Sends a message to a host; the results.  Nothing is waited for in real time."""

    async def no_sleep(seconds):
        assert seconds >= 0

    async def send(server, recipients=USERS, content=b"Subject: test\r\n\r\n.Hi\r\n", **options):
        dialing = options.pop("dialing", {})
        dialer = hosts.dialer("client.example.org", is_server=False, **dialing)
        where = server if isinstance(server, Backend) else Backend(HOST, server.port)
        given = {"resolver": TableResolver({}), "sleep": no_sleep, "random_part": lambda: 0.5}
        settings = SendSettings(where, dialer, **(given | options))
        paths = [MailPath.of(name) for name in recipients]
        return await send_message(content, MailPath.of("sender@example.org"), paths, settings)

    return send


@pytest.fixture
def following():
    """The policy that follows referrals on the loopback interface."""
    return FOLLOWING


@pytest.fixture
def free_port():
    """Finds a port nobody listens on."""

    def find():
        with socket.socket() as free:
            free.bind((HOST, 0))
            return free.getsockname()[1]

    return find


class Running:
    """A server program; `port` is where it listens."""

    def __init__(self, *arguments):
        self._process = subprocess.Popen(
            [sys.executable, "-W", "error", "-m", "reply_metadata", *arguments],
            stderr=subprocess.PIPE,
            text=True,
            env=os.environ | {"PYTHONDONTWRITEBYTECODE": "1"},
        )
        # A program that does not start is stopped, and readline then gives "".
        watchdog = threading.Timer(20, self._process.kill)
        watchdog.start()
        line = self._process.stderr.readline()
        watchdog.cancel()
        found = re.fullmatch(r"listening on 127\.0\.0\.1:(\d+)\n", line)
        self.port = int(found[1]) if found else 0

    def stop(self, number=signal.SIGTERM):
        self._process.send_signal(number)
        _, errors = self._process.communicate(timeout=10)
        return self._process.returncode, errors


@pytest.fixture
def start():
    started = []

    def begin(*arguments):
        started.append(Running(*arguments))
        return started[-1]

    yield begin
    for program in started:
        if program._process.poll() is None:
            program.stop(signal.SIGKILL)
