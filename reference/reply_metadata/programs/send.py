"""`replymeta send`: give messages to a server and show what becomes of them, metadata marked.

The library call behind it is `network.sending.send_message`.

Rule 1: all messages are known to be readable before the first one is sent.
Rule 2: one message shows the dialogue, several show a line a recipient, `--json` shows the results.
"""

from __future__ import annotations

import argparse
import asyncio
import sys
from collections.abc import Iterable, Sequence
from pathlib import Path
from typing import Final

from reply_metadata.errors import LocalProtocolError
from reply_metadata.extension import KEYWORD
from reply_metadata.message_content import content_from_text
from reply_metadata.network.recording import Recording, Side, unrecorded
from reply_metadata.network.sending import RecipientResult, SendSettings, send_message
from reply_metadata.octets import escaped
from reply_metadata.policy.retry import RetryScope
from reply_metadata.programs.progress import Progress
from reply_metadata.programs.reply_json import JsonValue, json_line, reply_as_json
from reply_metadata.programs.send_options import add_options, settings_from
from reply_metadata.programs.transcript_text import client_line, heading, server_lines, style_for

NAME: Final = "send"
HELP: Final = "send messages by SMTP or LMTP and show the replies with their metadata"

_EXAMPLE: Final = """exit status:
  0 all delivered, 1 a recipient was not served, 2 usage or unreadable input

examples:
  replymeta send --lmtp 127.0.0.1:2424 --from sender@example.org \\
    --to user1@example.com --to user2@example.com message.txt
  replymeta send --smtp mx.example.org:25 --tls required --retry 300 --json \\
    --from sender@example.org --to user1@example.com messages/
"""
STDIN: Final = "-"
_NOT_TRIED: Final = "not tried: the server asked to wait"


def configure(parser: argparse.ArgumentParser) -> None:
    """Add the arguments of the subcommand."""
    parser.epilog = _EXAMPLE
    add_options(parser)


def run(arguments: argparse.Namespace) -> int:
    """Send them; 0 when every recipient got all, 1 when not, 2 when it could not be tried."""
    recording = Recording()
    try:
        names = _messages(arguments.files)
        record = len(names) == 1 and not arguments.json
        settings = settings_from(
            arguments, lambda host: recording.of_hop(f"{host}") if record else unrecorded
        )
        return _send_all(names, arguments, settings, recording)
    except (OSError, ValueError, LocalProtocolError) as error:
        if isinstance(error, BrokenPipeError):
            raise
        sys.stderr.write(f"replymeta send: {escaped(str(error))}\n")
        return 2


def _messages(files: Sequence[str]) -> tuple[str, ...]:
    """The names of all messages: "-", files, and the files of folders in the order of their names.

    Raises:
        OSError: one of them cannot be read.
        ValueError: there is none.
    """
    names: list[str] = []
    for name in files:
        path = Path(name)
        if name != STDIN and path.is_dir():
            found = sorted(path.iterdir())
            names += [f"{one}" for one in found if one.is_file() and not one.name.startswith(".")]
        else:
            names.append(name)
    if not names:
        raise ValueError("there is no message in that folder")
    for name in names:
        if name != STDIN:
            with open(name, "rb"):
                pass
    return tuple(names)


def _send_all(
    names: Sequence[str],
    arguments: argparse.Namespace,
    settings: SendSettings,
    recording: Recording,
) -> int:
    delivered = True
    waiting = False
    with Progress("messages", len(names), sys.stderr) as progress:
        for name in names:
            if waiting:  # what a 421 says is about the server, so about all that follows
                results = tuple(
                    RecipientResult(one, None, problem=_NOT_TRIED, attempts=0)
                    for one in arguments.recipients
                )
            else:
                results = asyncio.run(
                    send_message(
                        content_from_text(_read(name)),
                        arguments.sender,
                        arguments.recipients,
                        settings,
                    )
                )
            waiting = waiting or any(one.wait_for is RetryScope.SERVER for one in results)
            delivered = delivered and all(one.delivered for one in results)
            progress.clear()
            _show(name, results, arguments, recording, several=len(names) > 1)
            progress.step()
    return 0 if delivered else 1


def _read(name: str) -> bytes:
    if name == STDIN:
        return sys.stdin.buffer.read()
    with open(name, "rb") as file:
        return file.read()


def _show(
    name: str,
    results: Iterable[RecipientResult],
    arguments: argparse.Namespace,
    recording: Recording,
    *,
    several: bool,
) -> None:
    if arguments.json:
        for result in results:
            sys.stdout.write(json_line(result_as_json(name, result)) + "\n")
    elif several:
        for result in results:
            sys.stdout.write(f"{escaped(name)}: {_in_words(result)}\n")
    else:
        _show_dialogue(recording)
        for problem in dict.fromkeys(one.problem for one in results if one.problem):
            sys.stderr.write(f"replymeta send: {escaped(problem)}\n")
    sys.stdout.flush()


def result_as_json(name: str, result: RecipientResult) -> dict[str, JsonValue]:
    """One result as values `json.dumps` takes; the reply has the shape `parse --json` gives."""
    hosts = [f"{host}" for host in result.hosts]
    return {
        "message": name.encode("utf-8", "surrogateescape").decode("utf-8", "backslashreplace"),
        "recipient": result.recipient.mailbox,
        "delivered": result.delivered,
        "unknown": result.unknown,
        "host": hosts[-1] if hosts else None,
        "hosts": list(hosts),
        "attempts": result.attempts,
        "not_followed": [reason.value for reason in result.reasons],
        "problem": escaped(result.problem),
        "reply": None if result.reply is None else reply_as_json(result.reply),
    }


def _in_words(result: RecipientResult) -> str:
    verdict = "delivered" if result.delivered else "not delivered"
    said = result.problem
    if result.reply is not None:
        line = result.reply.lines[0].octets.decode("latin-1")
        said = f"{result.hosts[-1]}: {line}" if result.hosts else line
    return f"{escaped(result.recipient.mailbox)} {verdict}: {escaped(said)}"


def _show_dialogue(recording: Recording) -> None:
    """What was said with each host; how it was cut into segments does not show."""
    style = style_for(sys.stdout)
    hops = recording.hops()
    for hop in hops:
        if len(hops) > 1:
            sys.stdout.write(heading(hop, style) + "\n")
        negotiated = False
        for side, line in recording.lines_of(hop):
            if side is Side.CLIENT:
                sys.stdout.write(client_line(line, style) + "\n")
                continue
            for shown in server_lines(line, style, negotiated=negotiated):
                sys.stdout.write(shown + "\n")
            negotiated = negotiated or line[4:].partition(" ")[0].upper() == KEYWORD
