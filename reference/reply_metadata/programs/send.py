"""`replymeta send`: give a message to a server and show what it says, metadata marked."""

from __future__ import annotations

import argparse
import asyncio
import sys
from typing import Final

from reply_metadata.commands import MailFrom, Parameter, RcptTo, StartData
from reply_metadata.errors import LocalProtocolError
from reply_metadata.extension import KEYWORD
from reply_metadata.message_content import content_from_text
from reply_metadata.network.asyncio_client import ClientConnection, PeerUnavailable
from reply_metadata.network.recording import Recording, Side
from reply_metadata.network.resolver import SystemResolver
from reply_metadata.octets import escaped
from reply_metadata.paths import is_domain
from reply_metadata.policy.referral import endpoint
from reply_metadata.programs.arguments import argument, host_and_port, mailbox
from reply_metadata.programs.transcript_text import client_line, server_lines, style_for
from reply_metadata.timeouts import ClientTimeouts
from reply_metadata.transitions import Answer, Protocol, answer_class
from reply_metadata.values import Reply

NAME: Final = "send"
HELP: Final = "send a message by SMTP or LMTP and show the dialogue with its metadata"

_EXAMPLE: Final = """example:
  replymeta send --lmtp 127.0.0.1:2424 --from sender@example.org \\
    --to user1@example.com --to user2@example.com message.txt
"""
_HOP: Final = "send"


def configure(parser: argparse.ArgumentParser) -> None:
    """Add the arguments of the subcommand."""
    parser.epilog = _EXAMPLE
    which = parser.add_mutually_exclusive_group(required=True)
    for option, protocol in (("--lmtp", Protocol.LMTP), ("--smtp", Protocol.SMTP)):
        which.add_argument(
            option,
            type=argument(host_and_port),
            metavar="HOST:PORT",
            help=f"the server, which speaks {protocol.value}",
        )
    parser.add_argument(
        "--from", dest="sender", type=argument(mailbox), required=True, metavar="MAILBOX"
    )
    parser.add_argument(
        "--to",
        dest="recipients",
        action="append",
        type=argument(mailbox),
        required=True,
        metavar="MAILBOX",
        help="a recipient; once for each",
    )
    parser.add_argument("--name", default="localhost", help="the name in EHLO or LHLO")
    parser.add_argument("--timeout", type=float, default=30.0, help="seconds for each reply")
    parser.add_argument("file", nargs="?", default="-", help='the message; "-", the default: stdin')


def run(arguments: argparse.Namespace) -> int:
    """Send it; 0 when every recipient got it, 1 when not, 2 when it could not be tried."""
    if not is_domain(arguments.name):
        sys.stderr.write(f"replymeta send: {arguments.name!r} is no host name\n")
        return 2
    try:
        content = content_from_text(_read(arguments.file))
    except OSError as error:
        sys.stderr.write(f"replymeta send: {error}\n")
        return 2
    recording = Recording()
    try:
        replies = asyncio.run(_send(arguments, content, recording))
        problem = ""
    except (PeerUnavailable, LocalProtocolError) as error:
        replies, problem = (), str(error)
    _show(recording)
    if problem:
        sys.stderr.write(f"replymeta send: {escaped(problem)}\n")
    done = [reply is not None and answer_class(reply.code) is Answer.SUCCESS for reply in replies]
    return 0 if done and all(done) else 1


def _read(name: str) -> bytes:
    if name == "-":
        return sys.stdin.buffer.read()
    with open(name, "rb") as file:
        return file.read()


async def _send(
    arguments: argparse.Namespace, content: bytes, recording: Recording
) -> tuple[Reply | None, ...]:
    """The replies that decide: to each refused recipient, and to the content."""
    protocol = Protocol.LMTP if arguments.lmtp else Protocol.SMTP
    host, port = arguments.lmtp or arguments.smtp
    addresses = await SystemResolver().addresses(host)
    if not addresses:
        raise LocalProtocolError(f"{host} was not found")
    seconds: float = arguments.timeout
    connection = await ClientConnection.open(
        endpoint(addresses[0], port),
        protocol,
        arguments.name,
        timeouts=ClientTimeouts(seconds, seconds, seconds, seconds, seconds),
        record=recording.of_hop(_HOP),
    )
    async with connection:
        paths = (arguments.sender, *arguments.recipients)
        utf8 = (Parameter("SMTPUTF8"),) if any(path.needs_smtputf8 for path in paths) else ()
        mail = await connection.ask(MailFrom(arguments.sender, utf8))
        if answer_class(mail.code) is not Answer.SUCCESS:
            return (mail,)
        refused: list[Reply | None] = []
        for recipient in arguments.recipients:
            reply = await connection.ask(RcptTo(recipient))
            if answer_class(reply.code) is not Answer.SUCCESS:
                refused.append(reply)
        if len(refused) == len(arguments.recipients):
            return tuple(refused)
        data = await connection.ask(StartData())
        if answer_class(data.code) is not Answer.INTERMEDIATE:
            return (data,)
        return (*refused, *await connection.send_content(content))


def _show(recording: Recording) -> None:
    """The dialogue; how it was cut into segments does not show."""
    style = style_for(sys.stdout)
    negotiated = False
    for side, line in recording.lines_of(_HOP):
        if side is Side.CLIENT:
            sys.stdout.write(client_line(line, style) + "\n")
            continue
        for shown in server_lines(line, style, negotiated=negotiated):
            sys.stdout.write(shown + "\n")
        negotiated = negotiated or line[4:].partition(" ")[0].upper() == KEYWORD
