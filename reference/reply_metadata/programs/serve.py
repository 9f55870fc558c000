"""`replymeta serve`: a server that keeps mail in Maildirs, or says where it belongs."""

from __future__ import annotations

import argparse
import asyncio
import logging
import signal
import ssl
import sys
from pathlib import Path
from typing import Final

from reply_metadata.errors import ReplyMetadataError
from reply_metadata.network.asyncio_server import MailServer
from reply_metadata.network.local_delivery import LocalSettings, local_handlers
from reply_metadata.network.server_dialogue import HandlerFactory
from reply_metadata.policy.recipient import (
    Decision,
    Defer,
    Refer,
    Reject,
    reply_to_recipient,
)
from reply_metadata.programs.arguments import (
    argument,
    host_and_port,
    mailbox_and_value,
    network,
)
from reply_metadata.server_rules import ServerSettings
from reply_metadata.transitions import Protocol

NAME: Final = "serve"
HELP: Final = "serve SMTP or LMTP: keep mail in Maildirs, refer, defer or reject recipients"

_EXAMPLE: Final = """example:
  replymeta serve --lmtp --listen 127.0.0.1:2424 --maildir build/mail \\
    --trust 127.0.0.0/8 --refer user2@example.com=smtp://192.0.2.7:2424/
"""


def configure(parser: argparse.ArgumentParser) -> None:
    """Add the arguments of the subcommand."""
    parser.epilog = _EXAMPLE
    add_listener(parser)
    parser.add_argument(
        "--maildir", type=Path, required=True, help="the folder for a Maildir each mailbox"
    )
    parser.add_argument(
        "--refer",
        action="append",
        default=[],
        type=argument(mailbox_and_value),
        metavar="MAILBOX=URI[,URI]",
        help="this mailbox is on another host (REFERRAL)",
    )
    parser.add_argument(
        "--defer",
        action="append",
        default=[],
        type=argument(mailbox_and_value),
        metavar="MAILBOX[=SECONDS]",
        help="this mailbox is busy (RETRY-AFTER)",
    )
    parser.add_argument(
        "--reject",
        action="append",
        default=[],
        type=argument(mailbox_and_value),
        metavar="MAILBOX[=TOKEN]",
        help="there is no such mailbox (REASON)",
    )
    parser.add_argument(
        "--trust",
        action="append",
        default=[],
        type=argument(network),
        metavar="NETWORK",
        help="clients that may see REFERRAL; without it nobody does",
    )


def add_listener(parser: argparse.ArgumentParser) -> None:
    """Add the arguments every server has."""
    which = parser.add_mutually_exclusive_group()
    which.add_argument(
        "--lmtp",
        action="store_const",
        dest="protocol",
        const=Protocol.LMTP,
        default=Protocol.LMTP,
        help="speak LMTP (the default)",
    )
    which.add_argument(
        "--smtp", action="store_const", dest="protocol", const=Protocol.SMTP, help="speak SMTP"
    )
    parser.add_argument(
        "--listen",
        type=argument(host_and_port),
        default=("127.0.0.1", 2424),
        metavar="HOST:PORT",
        help="where to listen (default: 127.0.0.1:2424); port 0: any free one",
    )
    parser.add_argument("--name", default="localhost", help="the name the server greets with")


def run(arguments: argparse.Namespace) -> int:
    """Serve until a signal comes."""
    try:
        settings = LocalSettings(
            folder=arguments.maildir,
            decisions=decisions(arguments),
            trusted_peers=tuple(arguments.trust),
        )
        server = ServerSettings(arguments.name)
    except (ValueError, ReplyMetadataError) as error:
        sys.stderr.write(f"replymeta serve: {error}\n")
        return 2
    return serve(arguments.protocol, server, local_handlers(settings), arguments.listen)


def decisions(arguments: argparse.Namespace) -> dict[str, Decision]:
    """The table of mailboxes; each decision is tried, so that it can be sent later.

    Raises:
        ValueError: two options name one mailbox, or a number is none.
        ReplyMetadataError: a URI or a token cannot be sent.
    """
    table: dict[str, Decision] = {}
    found: list[tuple[str, Decision]] = []
    found += [(name, Refer(tuple(uris.split(",")))) for name, uris in arguments.refer]
    found += [(name, Defer(int(wait) if wait else None)) for name, wait in arguments.defer]
    found += [(name, Reject(token or None)) for name, token in arguments.reject]
    for name, decision in found:
        if name in table:
            raise ValueError(f"{name} stands twice")
        reply_to_recipient(decision)
        table[name] = decision
    return table


def serve(
    protocol: Protocol,
    settings: ServerSettings,
    make_handler: HandlerFactory,
    listen: tuple[str, int],
    *,
    tls: ssl.SSLContext | None = None,
) -> int:
    """Listen until SIGINT or SIGTERM; 0 then, 2 when the address cannot be had."""
    logging.basicConfig(level=logging.INFO, format="%(asctime)s %(name)s: %(message)s")
    try:
        asyncio.run(_serve(MailServer(protocol, settings, make_handler, tls=tls), listen))
    except OSError as error:
        sys.stderr.write(f"replymeta: cannot listen on {listen[0]}:{listen[1]}: {error}\n")
        return 2
    return 0


async def _serve(server: MailServer, listen: tuple[str, int]) -> None:
    stopped = asyncio.Event()
    loop = asyncio.get_running_loop()
    for number in (signal.SIGINT, signal.SIGTERM):
        loop.add_signal_handler(number, stopped.set)
    async with server:
        bound = await server.start(*listen)
        sys.stderr.write(f"listening on {bound}\n")
        sys.stderr.flush()
        await stopped.wait()
