"""Servers that take mail and drop it, each a process of its own: for `bench_server.py`.

See `bare_server` for the bare ones.

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
    "aiosmtpd": aiosmtpd,
}


async def main(kind, protocol):
    port = await KINDS[kind](Protocol[protocol.upper()])
    sys.stdout.write(f"{port}\n")
    sys.stdout.flush()
    await asyncio.to_thread(sys.stdin.read)


if __name__ == "__main__":
    asyncio.run(main(*sys.argv[1:]))
