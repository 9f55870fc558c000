"""The scenario of the list message over real sockets: one message, three recipients, three hosts.

A client gives a message to an LMTP proxy.  The proxy asks backend1 for every recipient; backend1
keeps user1 and refers user2 to backend2 and user3 to backend3; the proxy follows.

Rule 1: nothing is made up: the dialogue is what was written to and read from the sockets.
Rule 2: what depends on the run (ports, file names) is replaced only when it is asked for.
"""

from __future__ import annotations

import asyncio
import shutil
from collections.abc import Mapping
from contextlib import AsyncExitStack
from dataclasses import dataclass
from ipaddress import IPv4Network
from itertools import count
from pathlib import Path as FilePath
from typing import Final

from reply_metadata.commands import MailFrom, Quit, RcptTo, StartData
from reply_metadata.network.asyncio_client import ClientConnection
from reply_metadata.network.asyncio_server import MailServer
from reply_metadata.network.backend import Dialer
from reply_metadata.network.local_delivery import LocalSettings, local_handlers
from reply_metadata.network.maildir import folder_name
from reply_metadata.network.proxy import Backend, ProxySettings, proxy_handlers
from reply_metadata.network.recording import Record, Recording
from reply_metadata.paths import Path
from reply_metadata.policy.recipient import Decision, Deliver, Refer
from reply_metadata.policy.referral import Endpoint, ReferralPolicy
from reply_metadata.server_rules import ServerSettings
from reply_metadata.timeouts import ClientTimeouts
from reply_metadata.transitions import Protocol

LOOPBACK: Final = "127.0.0.1"
SENDER: Final = "sender@example.org"
HOST_OF: Final[Mapping[str, str]] = {
    "user1@example.com": "backend1",
    "user2@example.com": "backend2",
    "user3@example.com": "backend3",
}
"""Where each recipient's Maildir is."""
FIRST_HOST: Final = "backend1"
CLIENT_HOP: Final = "client-proxy"
MESSAGE: Final = (
    b"From: sender@example.org\r\n"
    b"To: user1@example.com, user2@example.com, user3@example.com\r\n"
    b"Date: Fri, 10 Apr 2020 15:45:45 +0300\r\n"
    b"Message-ID: <one-message-three-hosts@example.org>\r\n"
    b"Subject: One message, three hosts\r\n"
    b"\r\n"
    b"user2 and user3 have moved. Nobody had to queue this.\r\n"
)
_NETWORK: Final = IPv4Network("127.0.0.0/8")
_TIMEOUT_S: Final = 20.0
_TIMEOUTS: Final = ClientTimeouts(*(5.0,) * 5)


@dataclass(frozen=True, slots=True)
class Line:
    """One line of a dialogue.

    Args:
        hop: the connection, as "client-proxy" or "proxy-backend1".
        side: "C" or "S".
        text: the octets of the line without its CRLF, one character an octet.
    """

    hop: str
    side: str
    text: str


@dataclass(frozen=True, slots=True)
class Delivered:
    """Where the message of one recipient is.

    Args:
        recipient: the recipient.
        host: the host that has the Maildir.
        files: the files in it that hold the message, below the folder of the demonstration.
    """

    recipient: str
    host: str
    files: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class DemoResult:
    """What happened.

    Args:
        lines: all lines of all connections, connection after connection.
        delivered: the recipients, in the order they were sent.
        ports: host name -> the port it listened on.
    """

    lines: tuple[Line, ...]
    delivered: tuple[Delivered, ...]
    ports: Mapping[str, int]

    @property
    def problems(self) -> tuple[str, ...]:
        """What is not as it must be; empty when the demonstration worked."""
        wrong = [
            f"{item.recipient}: {len(item.files)} copies on {item.host}, not 1"
            for item in self.delivered
            if len(item.files) != 1
        ]
        referrals = sum("450 4.4.4 [REFERRAL smtp://" in line.text for line in self.lines)
        if referrals != 2:
            wrong.append(f"{referrals} referrals in the dialogue, not 2")
        return tuple(wrong)

    def stable(self) -> DemoResult:
        """The same without what differs from run to run: hosts have names in place of ports."""
        lines = tuple(Line(one.hop, one.side, self._named(one.text)) for one in self.lines)
        delivered = tuple(
            Delivered(item.recipient, item.host, ("message",) * len(item.files))
            for item in self.delivered
        )
        return DemoResult(lines, delivered, dict.fromkeys(self.ports, 0))

    def _named(self, text: str) -> str:
        for name, port in self.ports.items():
            text = text.replace(f"{LOOPBACK}:{port}/", f"{name}/")
        return text


def run_demo(directory: FilePath) -> DemoResult:
    """Run the scenario; Maildirs are made below `directory`, those of an earlier run go first.

    Raises:
        OSError: no socket or no folder.
        TimeoutError: it took longer than it ever should.
    """
    for mailbox, host in HOST_OF.items():
        shutil.rmtree(directory / host / folder_name(mailbox), ignore_errors=True)
    return asyncio.run(_run(directory))


async def _run(directory: FilePath) -> DemoResult:
    recording = Recording()
    ports: dict[str, int] = {}
    async with asyncio.timeout(_TIMEOUT_S), AsyncExitStack() as stack:
        for host in sorted(set(HOST_OF.values()) - {FIRST_HOST}):
            ports[host] = await _start_backend(stack, directory, host, {})
        moved: dict[str, Decision] = {
            mailbox: Refer((f"smtp://{LOOPBACK}:{ports[host]}/",))
            for mailbox, host in HOST_OF.items()
            if host != FIRST_HOST
        }
        ports[FIRST_HOST] = await _start_backend(stack, directory, FIRST_HOST, moved)
        proxy = await _start_proxy(stack, recording, ports)
        await _send(proxy, recording)
    return DemoResult(_lines(recording), _delivered(directory), ports)


async def _start_backend(
    stack: AsyncExitStack, directory: FilePath, host: str, moved: Mapping[str, Decision]
) -> int:
    """Start a backend that has the users of HOST_OF; its port."""
    numbers = count(1)
    settings = LocalSettings(
        folder=directory / host,
        decisions=moved,
        others=Deliver(),
        trusted_peers=(_NETWORK,),
        queue_id=lambda: f"{host}-{next(numbers)}",
    )
    server = MailServer(Protocol.LMTP, ServerSettings(host), local_handlers(settings))
    await stack.enter_async_context(server)
    return (await server.start(LOOPBACK, 0)).port


async def _start_proxy(
    stack: AsyncExitStack, recording: Recording, ports: Mapping[str, int]
) -> Endpoint:
    """Start the proxy, whose only table entry is backend1."""
    names = {port: f"proxy-{host}" for host, port in ports.items()}

    def record_for(host: Endpoint) -> Record:
        return recording.of_hop(names.get(host.port, f"proxy-{host}"))

    settings = ProxySettings(
        routes={"*": Backend(LOOPBACK, ports[FIRST_HOST])},
        dialer=Dialer("proxy", Protocol.LMTP, _TIMEOUTS, record_for),
        referral=ReferralPolicy(
            follow=True,
            trusted_peers=(_NETWORK,),
            allowed_networks=(_NETWORK,),
            allowed_ports=tuple(range(port, port + 1) for port in ports.values()),
        ),
    )
    server = MailServer(Protocol.LMTP, ServerSettings("proxy"), proxy_handlers(settings))
    await stack.enter_async_context(server)
    return await server.start(LOOPBACK, 0)


async def _send(proxy: Endpoint, recording: Recording) -> None:
    """The client: one message, three recipients, command by command."""
    connection = await ClientConnection.open(
        proxy,
        Protocol.LMTP,
        "client.example.org",
        timeouts=_TIMEOUTS,
        record=recording.of_hop(CLIENT_HOP),
    )
    await connection.ask(MailFrom(Path.of(SENDER)))
    for recipient in HOST_OF:
        await connection.ask(RcptTo(Path.of(recipient)))
    reply = await connection.ask(StartData())
    if reply.code == 354:
        await connection.send_content(MESSAGE)
    await connection.ask(Quit())
    await connection.close()


def _lines(recording: Recording) -> tuple[Line, ...]:
    """The lines of all connections, connection after connection."""
    return tuple(
        Line(hop, side.value, text)
        for hop in recording.hops()
        for side, text in recording.lines_of(hop)
    )


def _delivered(directory: FilePath) -> tuple[Delivered, ...]:
    content = MESSAGE.replace(b"\r\n", b"\n")
    found = []
    for recipient, host in HOST_OF.items():
        folder = directory / host / folder_name(recipient) / "new"
        files = sorted(folder.iterdir()) if folder.is_dir() else []
        held = [file for file in files if file.read_bytes().endswith(content)]
        names = tuple(file.relative_to(directory).as_posix() for file in held)
        found.append(Delivered(recipient, host, names))
    return tuple(found)
