"""`abnfc sentences`: strings that a rule accepts, or strings that just miss it."""

from __future__ import annotations

import sys
from argparse import ArgumentParser, ArgumentTypeError, Namespace
from itertools import islice
from typing import Final

from abnf_compiler.commands import FINE
from abnf_compiler.commands.grammar_input import add_grammar_arguments, find_rule, load_grammar
from abnf_compiler.commands.shown_text import shown

SUMMARY: Final = "write strings that a rule accepts, or just refuses"
EXAMPLE: Final = "abnfc sentences --count 5 grammar/reply-metadata.abnf referral-uri"


def add_arguments(parser: ArgumentParser) -> None:
    """FILE, RULE and how many of what."""
    add_grammar_arguments(parser)
    parser.add_argument("rule", metavar="RULE", help="the rule; case does not matter")
    parser.add_argument("--count", type=_number, default=10, metavar="N", help="how many (10)")
    parser.add_argument("--seed", type=int, default=0, metavar="N", help="other strings (0)")
    parser.add_argument(
        "--max-octets", type=_number, default=256, metavar="N", help="longest string (256)"
    )
    parser.add_argument(
        "--near-misses",
        action="store_true",
        help="strings the rule refuses, each with the rule it breaks and how",
    )


def run(arguments: Namespace) -> int:
    """Print one string a line, escaped so that `abnfc match --escapes` reads it."""
    from abnf_compiler.sentences.derive import derive
    from abnf_compiler.sentences.near_misses import near_misses

    grammar = load_grammar(arguments)
    rule = find_rule(grammar, arguments.rule)
    if not arguments.near_misses:
        sentences = derive(
            grammar.resolved, rule.name, seed=arguments.seed, max_octets=arguments.max_octets
        )
        for sentence in islice(sentences, arguments.count):
            sys.stdout.write(shown(sentence) + "\n")
        return FINE
    misses = near_misses(
        grammar.resolved,
        rule.name,
        seed=arguments.seed,
        count=arguments.count,
        max_octets=arguments.max_octets,
        refused=lambda octets: not rule.match(octets),
    )
    for miss in misses:
        sys.stdout.write(f"{shown(miss.octets)}\t{miss.rule}: {miss.reason}\n")
    return FINE


def _number(text: str) -> int:
    """A count on the command line: ASCII digits."""
    if not (text.isascii() and text.isdigit() and len(text) < 10):
        raise ArgumentTypeError(f"{text!r} is not a number")
    return int(text)
