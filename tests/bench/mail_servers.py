"""Servers that take mail and drop it, each a process of its own: for `bench_server.py`.

`python tests/bench/mail_servers.py KIND smtp|lmtp` listens on a free port of 127.0.0.1, prints the
port, and serves until its standard input ends.
"""

import asyncio
import logging
import sys
from itertools import count
from pathlib import Path

PROJECT = Path(__file__).resolve().parents[2]
sys.path.insert(0, str(PROJECT / "reference"))

from reply_metadata import QueueId, build_reply  # noqa: E402  the path is set above
from reply_metadata.network.asyncio_server import MailServer  # noqa: E402
from reply_metadata.network.prepared_reply import PreparedReply  # noqa: E402
from reply_metadata.network.reception import Reception, ServiceLimits  # noqa: E402
from reply_metadata.network.server_dialogue import Peers  # noqa: E402
from reply_metadata.network.steps import Linger, Read, Write  # noqa: E402
from reply_metadata.policy.referral import endpoint  # noqa: E402
from reply_metadata.server_rules import ServerSettings  # noqa: E402
from reply_metadata.transitions import Protocol  # noqa: E402

HOST = "127.0.0.1"
NAME = "bench.example.org"
SENDER_OK = build_reply(250, "2.1.0", "OK")
RECIPIENT_OK = build_reply(250, "2.1.5", "OK")
SAVED = {
    protocol: PreparedReply(
        250, "2.0.0", "Saved", QueueId, command="DATA", lmtp=protocol is Protocol.LMTP
    )
    for protocol in Protocol
}
LIMITS = ServiceLimits(connections=100, per_client=100)


class Bare(asyncio.Protocol):
    """The least that answers smtp-source rightly: lines, and the end of the content."""

    def __init__(self, lmtp):
        self._rest = b""
        self._in_content = False
        self._lmtp = lmtp

    def connection_made(self, transport):
        self._write = transport.write
        self._close = transport.close
        self._write(b"220 bench.example.org\r\n")

    def data_received(self, data):
        data = self._rest + data
        while True:
            if self._in_content:
                end = data.find(b"\r\n.\r\n")
                if end < 0:
                    break
                data = data[end + 5 :]
                self._in_content = False
                self._write(b"250 2.0.0 Saved\r\n")
                continue
            line, found, rest = data.partition(b"\r\n")
            if not found:
                break
            data = rest
            verb = line[:4].upper()
            if verb in {b"EHLO", b"LHLO"}:
                self._write(b"250-bench.example.org\r\n250-PIPELINING\r\n250 8BITMIME\r\n")
            elif verb == b"MAIL":
                self._write(b"250 2.1.0 OK\r\n")
            elif verb == b"RCPT":
                self._write(b"250 2.1.5 OK\r\n")
            elif verb == b"DATA":
                self._in_content = True
                self._write(b"354 Start mail input; end with <CRLF>.<CRLF>\r\n")
            elif verb == b"QUIT":
                self._write(b"221 2.0.0 bench.example.org closing connection\r\n")
                self._close()
            else:
                self._write(b"250 2.0.0 OK\r\n")
        self._rest = data


class Buffered(asyncio.BufferedProtocol, Bare):
    """The same with room of its own for what arrives.

    A plain Protocol has each segment in 256 KiB taken from malloc, which may take them from the
    system and give them back each time: half the time of `Bare`, or none, as malloc happens to be.
    """

    def __init__(self, lmtp):
        super().__init__(lmtp)
        self._room = memoryview(bytearray(16_384))

    def get_buffer(self, _size_hint):
        return self._room

    def buffer_updated(self, count):
        self.data_received(bytes(self._room[:count]))


class Dropping:
    """Takes every message and keeps none; each gets an identifier of its own."""

    numbers = count(1)

    def __init__(self, session, _peers):
        self._session = session

    def sender(self, _mail):
        return SENDER_OK

    def recipient(self, _mail, _recipient):
        return RECIPIENT_OK

    def content(self, _mail, _recipients, _content):
        saved = SAVED[self._session.protocol]
        replies = []
        for _ in self._session.results_owed:
            queue_id = f"{next(self.numbers):010x}"  # for a log, whether or not the client is told
            told = self._session.negotiated
            replies.append(saved.with_value(queue_id) if told else saved.without_group)
        return replies

    def forget(self):
        return None


async def ours(protocol, offer_metadata=True):
    server = MailServer(
        protocol, ServerSettings(NAME, offer_metadata=offer_metadata), Dropping, limits=LIMITS
    )
    return (await server.start(HOST, 0)).port


async def ours_without_metadata(protocol):
    return await ours(protocol, offer_metadata=False)


async def ours_on_streams(protocol):
    """The same dialogue on asyncio streams, a task for each connection."""
    loop = asyncio.get_running_loop()
    reception = Reception(protocol, ServerSettings(NAME), Dropping, limits=LIMITS)

    async def serve(reader, writer):
        ends = (writer.get_extra_info(name) for name in ("peername", "sockname"))
        visit = reception.receive(Peers(*(endpoint(*end[:2]) for end in ends)))
        dialogue, given = visit.dialogue, None
        try:
            while True:
                step = dialogue.send(given)
                given = None
                if isinstance(step, Write):
                    writer.write(step.octets)
                    await writer.drain()
                elif isinstance(step, Read):
                    async with asyncio.timeout(step.deadline - loop.time()):
                        given = await reader.read(65_536)
                else:
                    assert isinstance(step, Linger), step
        except StopIteration:
            pass
        finally:
            visit.ended()
            writer.close()

    server = await asyncio.start_server(serve, HOST, 0)
    return server.sockets[0].getsockname()[1]


async def bare(protocol, kind=Bare):
    server = await asyncio.get_running_loop().create_server(
        lambda: kind(protocol is Protocol.LMTP), HOST, 0
    )
    return server.sockets[0].getsockname()[1]


async def bare_buffered(protocol):
    return await bare(protocol, Buffered)


async def aiosmtpd(protocol):
    from aiosmtpd.handlers import Sink
    from aiosmtpd.lmtp import LMTP
    from aiosmtpd.smtp import SMTP

    logging.disable(logging.CRITICAL)
    kind = LMTP if protocol is Protocol.LMTP else SMTP
    server = await asyncio.get_running_loop().create_server(
        lambda: kind(Sink(), hostname=NAME, enable_SMTPUTF8=True), HOST, 0
    )
    return server.sockets[0].getsockname()[1]


KINDS = {
    "ours": ours,
    "ours, no metadata": ours_without_metadata,
    "ours on streams": ours_on_streams,
    "bare Protocol": bare,
    "bare, buffered": bare_buffered,
    "aiosmtpd": aiosmtpd,
}


async def main(kind, protocol):
    port = await KINDS[kind](Protocol[protocol.upper()])
    sys.stdout.write(f"{port}\n")
    sys.stdout.flush()
    await asyncio.to_thread(sys.stdin.read)


if __name__ == "__main__":
    asyncio.run(main(*sys.argv[1:]))
