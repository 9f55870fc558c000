"""`abnfc lark`: the grammar in Lark's notation."""

from __future__ import annotations

import sys
from argparse import ArgumentParser, Namespace
from typing import Final

from abnf_compiler.commands import FINE, UsageError
from abnf_compiler.commands.grammar_input import add_grammar_arguments, find_rule, load_grammar

SUMMARY: Final = "write the grammar for Lark"
EXAMPLE: Final = "abnfc lark grammar/reply-metadata.abnf referral-uri"


def add_arguments(parser: ArgumentParser) -> None:
    """FILE, RULE and the form."""
    add_grammar_arguments(parser)
    parser.add_argument(
        "rule", metavar="RULE", nargs="?", help="only what this rule needs; all rules without it"
    )
    parser.add_argument(
        "--lines",
        action="store_true",
        help="for LALR, one terminal for a run of characters; RULE needs an @capture",
    )


def run(arguments: Namespace) -> int:
    """Print the Lark grammar."""
    from abnf_compiler.emit.lark_grammar import write_lark
    from abnf_compiler.emit.lark_lines import emit_lark_lines

    grammar = load_grammar(arguments)
    start = find_rule(grammar, arguments.rule).name if arguments.rule else None
    command = "abnfc lark --lines" if arguments.lines else "abnfc lark"
    if not arguments.lines:
        text = write_lark(grammar.resolved, start=start, command=command).text
    elif start is None:
        raise UsageError("--lines needs a RULE")
    else:
        text = emit_lark_lines(grammar.resolved, start, command=command)
    sys.stdout.write(text)
    return FINE
