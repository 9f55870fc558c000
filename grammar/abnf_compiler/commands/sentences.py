"""`abnfc sentences`: strings that a rule accepts, or strings that just miss it."""

from __future__ import annotations

import sys
from argparse import ArgumentParser, ArgumentTypeError, Namespace
from itertools import islice
from typing import TYPE_CHECKING, Final

from abnf_compiler.commands import FINE, FailedError, UsageError
from abnf_compiler.commands.grammar_input import add_grammar_arguments, find_rule, load_grammar
from abnf_compiler.commands.shown_text import shown

if TYPE_CHECKING:
    from abnf_compiler.grammar import Grammar, Rule

DEFAULT_COUNT: Final = 10
SUMMARY: Final = "write strings that a rule accepts, or just refuses"
EXAMPLE: Final = "abnfc sentences --count 5 grammar/reply-metadata.abnf referral-uri"


def add_arguments(parser: ArgumentParser) -> None:
    """FILE, RULE and how many of what."""
    add_grammar_arguments(parser)
    parser.add_argument("rule", metavar="RULE", help="the rule; case does not matter")
    parser.add_argument("--count", type=_number, metavar="N", help="how many (10)")
    parser.add_argument("--seed", type=int, default=0, metavar="N", help="other strings (0)")
    parser.add_argument(
        "--max-octets", type=_number, default=256, metavar="N", help="longest string (256)"
    )
    kinds = parser.add_mutually_exclusive_group()
    kinds.add_argument(
        "--near-misses",
        action="store_true",
        help="strings the rule refuses, each with the rule it breaks and how",
    )
    kinds.add_argument(
        "--w-method",
        action="store_true",
        help="a complete suite of a regular rule: every automaton with no more states that gives "
        "these verdicts accepts exactly the rule",
    )
    parser.add_argument(
        "--symbols",
        choices=("classes", "ends", "octets"),
        default="classes",
        help="octets of a suite: one of each class the rule tells apart (default), the ends of "
        "its intervals too, or all",
    )


def run(arguments: Namespace) -> int:
    """Print one string a line, escaped so that `abnfc match --escapes` reads it."""
    from abnf_compiler.sentences.derive import derive
    from abnf_compiler.sentences.near_misses import near_misses

    grammar = load_grammar(arguments)
    rule = find_rule(grammar, arguments.rule)
    if arguments.w_method:
        return _complete_suite(grammar, rule, arguments)
    count = DEFAULT_COUNT if arguments.count is None else arguments.count
    if not arguments.near_misses:
        sentences = derive(
            grammar.resolved, rule.name, seed=arguments.seed, max_octets=arguments.max_octets
        )
        for sentence in islice(sentences, count):
            sys.stdout.write(shown(sentence) + "\n")
        return FINE
    misses = near_misses(
        grammar.resolved,
        rule.name,
        seed=arguments.seed,
        count=count,
        max_octets=arguments.max_octets,
        refused=lambda octets: not rule.match(octets),
    )
    for miss in misses:
        sys.stdout.write(f"{shown(miss.octets)}\t{miss.rule}: {miss.reason}\n")
    return FINE


def _complete_suite(grammar: Grammar, rule: Rule, arguments: Namespace) -> int:
    """Print verdict and string of each probe, a tab between them; the sizes go to stderr."""
    from abnf_compiler.automata.normal_form import AutomataError
    from abnf_compiler.sentences.w_method import Symbols, w_method

    if arguments.count is not None:
        raise UsageError("--count: a part of a complete suite is not complete")
    try:
        suite = w_method(
            grammar.resolved, rule.name, symbols=Symbols(arguments.symbols), seed=arguments.seed
        )
    except AutomataError as problem:
        raise FailedError(str(problem)) from problem
    for probe in suite.probes:
        verdict = "accepted" if probe.accepted else "refused"
        sys.stdout.write(f"{verdict}\t{shown(probe.octets)}\n")
    sys.stderr.write(
        f"{suite.rule}: {suite.states} states, {suite.symbols} symbols, "
        f"{len(suite.telling)} strings tell states apart; "
        f"{len(suite.probes)} strings, {suite.octets} octets\n"
    )
    return FINE


def _number(text: str) -> int:
    """A count on the command line: ASCII digits."""
    if not (text.isascii() and text.isdigit() and len(text) < 10):
        raise ArgumentTypeError(f"{text!r} is not a number")
    return int(text)
