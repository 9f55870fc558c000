"""`abnfc match`: whether a rule accepts a string, and if not, where it stops and what it wanted."""

from __future__ import annotations

import json
import sys
from argparse import ArgumentParser, Namespace
from typing import Final

from abnf_compiler.commands import FAILED, FINE, UsageError
from abnf_compiler.commands.grammar_input import add_grammar_arguments, find_rule, load_grammar
from abnf_compiler.commands.string_input import (
    add_string_arguments,
    check_standard_input,
    line_and_column,
    read_string,
    refusal_text,
)

SUMMARY: Final = "match a string with a rule"
EXAMPLE: Final = (
    "abnfc match grammar/reply-metadata.abnf metadata-group '[REFERRAL smtp://backend2/]'"
)


def add_arguments(parser: ArgumentParser) -> None:
    """FILE, RULE, STRING and how to read it."""
    add_grammar_arguments(parser)
    add_string_arguments(parser)
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

    check_standard_input(arguments)
    grammar = load_grammar(arguments)
    rule = find_rule(grammar, arguments.rule)
    data = read_string(arguments)
    try:
        match = rule.match(data, engine=arguments.engine)
    except AutomataError as problem:
        raise UsageError(f"{rule.name}: {problem}; try --engine earley") from problem
    if arguments.json:
        line, column = line_and_column(data, match.position)
        document = {
            "file": grammar.name,
            "rule": rule.name,
            "accepted": match.accepted,
            "engine": match.engine,
            "position": match.position,
            "line": line,
            "column": column,
            "expected": list(match.expected),
        }
        sys.stdout.write(json.dumps(document) + "\n")
    elif match:
        sys.stdout.write(f"accepted by {rule.name} ({match.engine})\n")
    else:
        sys.stdout.write(refusal_text(rule.name, data, match))
    return FINE if match else FAILED
