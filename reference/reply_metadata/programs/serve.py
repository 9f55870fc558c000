"""`replymeta serve`: a server that keeps mail in Maildirs, or says where it belongs."""

from __future__ import annotations

import argparse
import asyncio
import signal
import ssl
import sys
from pathlib import Path
from typing import Final

from reply_metadata.errors import ReplyMetadataError
from reply_metadata.network.asyncio_server import MailServer
from reply_metadata.network.event_log import set_up_logging
from reply_metadata.network.local_delivery import LocalSettings, local_handlers
from reply_metadata.network.passwords import PasswordHash
from reply_metadata.network.reception import DEFAULT_SERVICE_LIMITS, ServiceLimits
from reply_metadata.network.server_dialogue import HandlerFactory, Verifier
from reply_metadata.octets import escaped
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
from reply_metadata.programs.serve_file import (
    DEFAULT_GRACE_S,
    DEFAULT_LISTEN,
    example_file,
    read_serve_file,
)
from reply_metadata.programs.toml_file import FileMistake
from reply_metadata.server_rules import ServerSettings
from reply_metadata.transitions import Protocol

NAME: Final = "serve"
HELP: Final = "serve SMTP or LMTP: keep mail in Maildirs, refer, defer or reject recipients"

_EXAMPLE: Final = """examples:
  replymeta serve --example-config > mail.toml; replymeta serve --config mail.toml
  replymeta serve --lmtp --listen 127.0.0.1:2424 --maildir build/mail \\
    --trust 127.0.0.0/8 --refer user2@example.com=smtp://192.0.2.7:2424/
"""


def configure(parser: argparse.ArgumentParser) -> None:
    """Add the arguments of the subcommand."""
    parser.epilog = _EXAMPLE
    one = parser.add_mutually_exclusive_group(required=True)
    one.add_argument("--maildir", type=Path, help="the folder for a Maildir each mailbox")
    one.add_argument(
        "--config",
        type=Path,
        metavar="FILE",
        help="a TOML file that says all the options below do but --log-json",
    )
    one.add_argument("--example-config", action="store_true", help="print a file for --config")
    one.add_argument(
        "--hash-password", action="store_true", help="read a password, print what a file keeps"
    )
    parser.add_argument("--check", action="store_true", help="read the file of --config and stop")
    add_listener(parser)
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
        help="speak LMTP (the default)",
    )
    which.add_argument(
        "--smtp", action="store_const", dest="protocol", const=Protocol.SMTP, help="speak SMTP"
    )
    parser.add_argument(
        "--listen",
        type=argument(host_and_port),
        metavar="HOST:PORT",
        help=f"where to listen (default: {DEFAULT_LISTEN}); port 0: any free one",
    )
    parser.add_argument("--name", help="the name the server greets with (default: localhost)")
    parser.add_argument("--log-json", action="store_true", help="log one JSON object a line")


def run(arguments: argparse.Namespace) -> int:
    """Serve until a signal comes."""
    if arguments.example_config:
        sys.stdout.write(example_file())
        return 0
    if arguments.hash_password:
        password = sys.stdin.readline().rstrip("\r\n")
        sys.stdout.write(f"{PasswordHash.of(password)}\n")
        return 0
    if arguments.config is not None:
        return _serve_file(arguments)
    if arguments.check:
        sys.stderr.write("replymeta serve: --check needs --config\n")
        return 2
    try:
        settings = LocalSettings(
            folder=arguments.maildir,
            decisions=decisions(arguments),
            trusted_peers=tuple(arguments.trust),
        )
        server = ServerSettings(arguments.name or "localhost")
    except (ValueError, ReplyMetadataError) as error:
        sys.stderr.write(f"replymeta serve: {error}\n")
        return 2
    handlers = local_handlers(settings)
    protocol = arguments.protocol or Protocol.LMTP
    listen = arguments.listen or host_and_port(DEFAULT_LISTEN)
    return serve(protocol, server, handlers, listen, log_json=arguments.log_json)


def _serve_file(arguments: argparse.Namespace) -> int:
    """Be what a file says; 2 when it has a mistake."""
    for option in ("protocol", "listen", "name", "refer", "defer", "reject", "trust"):
        if getattr(arguments, option):
            sys.stderr.write(f"replymeta serve: {option} stands in the file of --config\n")
            return 2
    try:
        file = read_serve_file(arguments.config)
    except OSError as error:
        sys.stderr.write(f"replymeta serve: {arguments.config}: {error.strerror}\n")
        return 2
    except FileMistake as mistake:
        sys.stderr.write(f"replymeta serve: {arguments.config}: {escaped(f'{mistake}')}\n")
        return 2
    if arguments.check:
        return 0
    return serve(
        file.protocol,
        file.server,
        local_handlers(file.local),
        file.listen,
        tls=file.tls,
        verify=file.verify,
        limits=file.limits,
        grace_s=file.grace_s,
        log_json=arguments.log_json,
    )


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
    verify: Verifier | None = None,
    limits: ServiceLimits = DEFAULT_SERVICE_LIMITS,
    grace_s: float = DEFAULT_GRACE_S,
    log_json: bool = False,
) -> int:
    """Listen until SIGINT or SIGTERM; 0 then, 2 when the address cannot be had.

    Open transactions may end for `grace_s` seconds then; a second signal ends them at once.
    """
    set_up_logging(as_json=log_json)
    server = MailServer(protocol, settings, make_handler, tls=tls, verify=verify, limits=limits)
    try:
        asyncio.run(_serve(server, listen, grace_s))
    except OSError as error:
        sys.stderr.write(f"replymeta: cannot listen on {listen[0]}:{listen[1]}: {error}\n")
        return 2
    return 0


async def _serve(server: MailServer, listen: tuple[str, int], grace_s: float) -> None:
    stopped, hurried = asyncio.Event(), asyncio.Event()

    def told() -> None:
        (hurried if stopped.is_set() else stopped).set()

    loop = asyncio.get_running_loop()
    for number in (signal.SIGINT, signal.SIGTERM):
        loop.add_signal_handler(number, told)
    bound = await server.start(*listen)
    sys.stderr.write(f"listening on {bound}\n")
    sys.stderr.flush()
    await stopped.wait()
    stopping = asyncio.ensure_future(server.stop(grace_s))
    hurry = asyncio.ensure_future(hurried.wait())
    await asyncio.wait((stopping, hurry), return_when=asyncio.FIRST_COMPLETED)
    hurry.cancel()
    if not stopping.done():
        await server.stop()
    await stopping
