"""`abnfc match`: whether a rule accepts a string, and if not, where it stops and what it wanted."""

from __future__ import annotations

import json
import sys
from argparse import ArgumentParser, Namespace
from typing import TYPE_CHECKING, Final

from abnf_compiler.commands import FAILED, FINE, UsageError
from abnf_compiler.commands.grammar_input import (
    STDIN,
    add_grammar_arguments,
    find_rule,
    load_grammar,
)
from abnf_compiler.commands.shown_text import shown

if TYPE_CHECKING:
    from abnf_compiler.engines.refusal import Match

SUMMARY: Final = "match a string with a rule"
EXAMPLE: Final = (
    "abnfc match grammar/reply-metadata.abnf metadata-group '[REFERRAL smtp://backend2/]'"
)
_WIDTH: Final = 72  # of the part of the string that is shown around the place


def add_arguments(parser: ArgumentParser) -> None:
    """FILE, RULE, STRING and how to read it."""
    add_grammar_arguments(parser)
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
    parser.add_argument(
        "--engine",
        choices=("auto", "compiled", "earley"),
        default="auto",
        help="compiled: a linear pattern, regular rules only; earley: any rule, slow",
    )
    parser.add_argument("--json", action="store_true", help="one JSON document on stdout")


def run(arguments: Namespace) -> int:
    """Print the verdict; 1 when the string is refused."""
    from abnf_compiler.automata.normal_form import AutomataError

    if arguments.file == STDIN and arguments.string == STDIN:
        raise UsageError("the grammar and the string cannot both come from standard input")
    grammar = load_grammar(arguments)
    rule = find_rule(grammar, arguments.rule)
    data = _data(arguments)
    try:
        match = rule.match(data, engine=arguments.engine)
    except AutomataError as problem:
        raise UsageError(f"{rule.name}: {problem}; try --engine earley") from problem
    if arguments.json:
        document = {
            "file": grammar.name,
            "rule": rule.name,
            "accepted": match.accepted,
            "engine": match.engine,
            "position": match.position,
            "expected": list(match.expected),
        }
        sys.stdout.write(json.dumps(document) + "\n")
    elif match:
        sys.stdout.write(f"accepted by {rule.name} ({match.engine})\n")
    else:
        sys.stdout.write(_refusal(rule.name, data, match))
    return FINE if match else FAILED


def _data(arguments: Namespace) -> bytes | str:
    """The octets of standard input, or the code points or encoded octets of STRING."""
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


def _refusal(rule: str, data: bytes | str, match: Match) -> str:
    """Where matching stopped: line and column, the line with a caret, what was expected."""
    text = data.decode("latin-1") if isinstance(data, bytes) else data
    place = match.position
    start = text.rfind("\n", 0, place) + 1
    end = text.find("\n", place) + 1 or len(text)
    before = shown(data[max(start, place - _WIDTH) : place])[-_WIDTH // 2 :]
    after = shown(data[place : min(end, place + _WIDTH)])[: _WIDTH // 2]
    line, column = text.count("\n", 0, place) + 1, place - start + 1
    lines = [
        f"refused by {rule} at line {line}, column {column} ({match.engine})",
        f"  {before}{after}",
        f"  {' ' * len(before)}^",
    ]
    if match.expected:
        lines.append(f"  expected: {', '.join(match.expected)}")
    return "\n".join(lines) + "\n"
