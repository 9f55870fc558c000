"""Arguments that name a rule and a string, and how a string that is refused is shown."""

from __future__ import annotations

import sys
from argparse import ArgumentParser, Namespace
from typing import TYPE_CHECKING, Final

from abnf_compiler.commands import UsageError
from abnf_compiler.commands.grammar_input import STDIN
from abnf_compiler.commands.shown_text import shown

if TYPE_CHECKING:
    from abnf_compiler.engines.refusal import Match

_WIDTH: Final = 72  # of the part of the string that is shown around the place


def add_string_arguments(parser: ArgumentParser) -> None:
    """RULE, STRING and how to read it."""
    parser.add_argument("rule", metavar="RULE", help="the rule; case does not matter")
    parser.add_argument(
        "string",
        metavar="STRING",
        nargs="?",
        default=STDIN,
        help='the string; "-" or none is standard input, read as octets',
    )
    parser.add_argument(
        "--escapes",
        action="store_true",
        help="STRING holds \\r \\n \\t \\\\ and \\xHH as in @example",
    )
    parser.add_argument(
        "--encode",
        metavar="ENCODING",
        help="match the octets of STRING in this encoding, not its code points",
    )


def check_standard_input(arguments: Namespace) -> None:
    """Say so when FILE and STRING both stand for standard input.

    Raises:
        UsageError: they do.
    """
    if arguments.file == STDIN and arguments.string == STDIN:
        raise UsageError("the grammar and the string cannot both come from standard input")


def read_string(arguments: Namespace) -> bytes | str:
    """The octets of standard input, or the code points or encoded octets of STRING.

    Raises:
        UsageError: it cannot be read that way.
    """
    if arguments.string == STDIN:
        return sys.stdin.buffer.read()
    text: str = arguments.string
    if arguments.escapes:
        from abnf_compiler.read.escapes import BadEscapeError, unescaped

        try:
            text = unescaped(text)
        except BadEscapeError as problem:
            raise UsageError(f"STRING: {problem}") from problem
    try:
        return text.encode(arguments.encode) if arguments.encode else text
    except (LookupError, UnicodeError) as problem:
        raise UsageError(f"--encode {arguments.encode}: {problem}") from problem


def line_and_column(data: bytes | str, offset: int) -> tuple[int, int]:
    """The line and the column of an offset, both from 1; a line ends with LF."""
    text = data.decode("latin-1") if isinstance(data, bytes) else data
    return text.count("\n", 0, offset) + 1, offset - text.rfind("\n", 0, offset)


def refusal_text(rule: str, data: bytes | str, match: Match) -> str:
    """Where matching stopped: offset, line, column, the line with a caret, what was expected."""
    text = data.decode("latin-1") if isinstance(data, bytes) else data
    place = match.position
    start = text.rfind("\n", 0, place) + 1
    end = text.find("\n", place) + 1 or len(text)
    before = shown(data[max(start, place - _WIDTH) : place])[-_WIDTH // 2 :]
    after = shown(data[place : min(end, place + _WIDTH)])[: _WIDTH // 2]
    line, column = line_and_column(data, place)
    lines = [
        f"refused by {rule} at line {line}, column {column}, offset {place} ({match.engine})",
        f"  {before}{after}",
        f"  {' ' * len(before)}^",
    ]
    if match.expected:
        lines.append(f"  expected: {', '.join(match.expected)}")
    return "\n".join(lines) + "\n"
