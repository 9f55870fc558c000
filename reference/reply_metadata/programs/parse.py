"""`replymeta parse`: read replies and show what a client finds in them.

Rule 1: every octet of a reply is shown escaped.
Rule 2: results, refusals included, go to standard output; there is never a traceback.
Rule 3: input is read in bounded pieces: a reply past the limits is refused, not collected.
"""

from __future__ import annotations

import argparse
import os
import re
import sys
from collections.abc import Iterator
from io import BufferedReader
from typing import Final

from reply_metadata._generated import reply_grammar
from reply_metadata.codec_read import LineReader, parse_reply
from reply_metadata.errors import FAULT_TEXTS, ReplyFault, ReplySyntaxError
from reply_metadata.groups import Argument, MetadataGroup
from reply_metadata.limits import DEFAULT_LIMITS
from reply_metadata.octets import escaped
from reply_metadata.programs.reply_json import json_line, refusal_as_json, reply_as_json
from reply_metadata.receive_buffer import ReplyBuffer
from reply_metadata.values import Reply

NAME: Final = "parse"
HELP: Final = "read replies and show their parts, metadata and its status"

_EXAMPLE: Final = r"""example:
  printf '450 4.4.4 [REFERRAL smtp://backend2/] Redirected\r\n' | replymeta parse --command RCPT
"""
_PIECE_OCTETS: Final = 65_536
_LF: Final = re.compile(rb"(?<!\r)\n")
_KINDS: Final = {2: "success", 3: "go on", 4: "transient failure", 5: "permanent failure"}
_LARK_MISSING: Final = (
    "replymeta: --engine lark needs Lark: pip install 'smtp-reply-metadata[compiler]'\n"
)


def configure(parser: argparse.ArgumentParser) -> None:
    """Add the arguments of the subcommand."""
    parser.epilog = _EXAMPLE
    parser.add_argument("file", nargs="?", default="-", help='the replies; "-", the default: stdin')
    mode = parser.add_mutually_exclusive_group()
    mode.add_argument(
        "--negotiated",
        action="store_true",
        default=True,
        help="the server listed REPLYMETA (the default)",
    )
    mode.add_argument(
        "--plain",
        action="store_false",
        dest="negotiated",
        help="the server did not list REPLYMETA: nothing is metadata",
    )
    parser.add_argument("--command", type=str.upper, help="what the replies answer, such as RCPT")
    parser.add_argument("--recipient", help="the path sent in the RCPT command")
    parser.add_argument("--lmtp", action="store_true", help="the connection speaks LMTP")
    parser.add_argument("--lf", action="store_true", help="take LF in the input for CR LF")
    parser.add_argument(
        "--engine", choices=("compiled", "lark"), default="compiled", help="what reads the lines"
    )
    parser.add_argument(
        "--json", action="store_true", help="one JSON document a reply, a line each"
    )


def run(arguments: argparse.Namespace) -> int:
    """Read all replies; 1 when one is refused, 2 when there is nothing to read with or from."""
    read_line = _engine(arguments.engine)
    if read_line is None:
        sys.stderr.write(_LARK_MISSING)
        return 2
    stdin = arguments.file == "-"
    name = "<stdin>" if stdin else escaped(arguments.file)
    try:
        with open(0 if stdin else arguments.file, "rb", closefd=not stdin) as source:
            return _show(source, name, arguments, read_line)
    except OSError as error:
        if isinstance(error, BrokenPipeError):
            raise
        sys.stderr.write(f"replymeta: {name}: {error.strerror}\n")
        return 2


def _engine(name: str) -> LineReader | None:
    if name == "compiled":
        return reply_grammar.received_line
    try:
        from reply_metadata import lark_engine
    except ModuleNotFoundError as error:
        if error.name != "lark":
            raise
        return None
    return lark_engine.read_line


def _show(
    source: BufferedReader, name: str, arguments: argparse.Namespace, read_line: LineReader
) -> int:
    recipient = arguments.recipient
    lines_before = 0
    count = 0
    try:
        for octets in _replies(source, lf=arguments.lf):
            reply = parse_reply(
                octets,
                negotiated=arguments.negotiated,
                command=arguments.command,
                recipient=None if recipient is None else os.fsencode(recipient),
                lmtp=arguments.lmtp,
                read_line=read_line,
            )
            shown = json_line(reply_as_json(reply)) if arguments.json else _human(reply)
            separator = "\n" if count and not arguments.json else ""
            sys.stdout.write(f"{separator}{shown}\n")
            lines_before += len(reply.lines)
            count += 1
    except ReplySyntaxError as error:
        shown = (
            json_line(refusal_as_json(error))
            if arguments.json
            else _refusal(error, name, lines_before)
        )
        sys.stdout.write(f"{shown}\n")
        return 1
    if not count:
        sys.stderr.write(f"replymeta: {name}: no reply to read\n")
        return 2
    return 0


def _replies(source: BufferedReader, *, lf: bool) -> Iterator[bytes]:
    """The complete replies of a stream, then what is left, for `parse_reply` to refuse."""
    buffer = ReplyBuffer(DEFAULT_LIMITS)
    for piece in _pieces(source):
        buffer.receive_octets(_LF.sub(b"\r\n", piece) if lf else piece)
        while (octets := buffer.next_reply()) is not None:
            yield octets
    if buffer.pending:
        yield bytes(buffer.pending)


def _pieces(source: BufferedReader) -> Iterator[bytes]:
    """The stream in bounded pieces as they come, none of which ends between CR and LF."""
    while piece := source.read1(_PIECE_OCTETS):
        yield piece + source.read(1) if piece.endswith(b"\r") else piece


def _human(reply: Reply) -> str:
    """The parts of a reply, a line each, in two columns."""
    codes = (
        f"{reply.code}" if reply.enhanced_code is None else f"{reply.code} {reply.enhanced_code}"
    )
    rows = [("reply", f"{codes} ({_KINDS[reply.code // 100]})")]
    for number, line in enumerate(reply.lines, 1):
        rows.append((f"line {number}", escaped(line.octets)))
    width = max((len(group.key) for group in reply.metadata), default=0)
    for group in reply.metadata:
        rows.append(("metadata", _group(group, width)))
        rows += [("", f"{'':{width}}  {_argument(item)}") for item in group.arguments]
    for item in reply.ignored:
        rows.append(
            ("ignored", f"all metadata: {_where(item.line, item.offset)}: {item.reason.value}")
        )
    for text in reply.text_octets.split(b"\n"):
        rows.append(("text", escaped(text)))
    return "\n".join(f"{label:10}{value}".rstrip() for label, value in rows)


def _group(group: MetadataGroup, width: int) -> str:
    verdict = "used" if group.used else f"not used: {group.status.value}"
    return f"{group.key:{width}}  {verdict}"


def _argument(argument: Argument) -> str:
    value = escaped(argument.octets)
    return value if argument.name is None else f"{escaped(argument.name)} = {value}"


def _where(line: int, offset: int) -> str:
    return f"line {line}, column {offset + 1}"


def _refusal(error: ReplySyntaxError, name: str, lines_before: int) -> str:
    """The place, the line and a caret under the octet at fault."""
    start = max(0, error.offset - 60)
    before = escaped(error.data[start : error.offset])
    after = escaped(error.data[error.offset : error.offset + 20])
    cut = "... " if start else ""
    hint = ""
    if error.fault is ReplyFault.BAD_LINE_END:
        hint = "\n  with --lf a bare LF in the input counts as CR LF"
    return (
        f"{name}:{lines_before + error.line}:{error.offset + 1}: {FAULT_TEXTS[error.fault]}\n"
        f"  {cut}{before}{after}\n"
        f"  {' ' * len(cut + before)}^{hint}"
    )
