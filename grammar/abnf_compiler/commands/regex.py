"""`abnfc regex`: a regular expression for one rule, with the proof that it runs in linear time."""

from __future__ import annotations

import sys
from argparse import ArgumentParser, Namespace
from typing import Final

from abnf_compiler.commands import FINE, FailedError
from abnf_compiler.commands.grammar_input import add_grammar_arguments, find_rule, load_grammar

SUMMARY: Final = "write a rule as a regular expression of linear time"
EXAMPLE: Final = "abnfc regex grammar/reply-metadata.abnf metadata-group"


def add_arguments(parser: ArgumentParser) -> None:
    """FILE and RULE."""
    add_grammar_arguments(parser)
    parser.add_argument("rule", metavar="RULE", help="the rule; case does not matter")


def run(arguments: Namespace) -> int:
    """Print the pattern (for `re.fullmatch`), its proof on stderr; 1 when there is none."""
    from abnf_compiler.automata.normal_form import AutomataError
    from abnf_compiler.pattern import rule_pattern

    grammar = load_grammar(arguments)
    rule = find_rule(grammar, arguments.rule)
    try:
        pattern = rule_pattern(grammar.resolved, rule.name)
    except AutomataError as problem:
        raise FailedError(f"{grammar.name}: {problem}") from problem
    sys.stdout.write(pattern.text + "\n")
    proof = pattern.proof
    sys.stderr.write(f"abnfc: {rule.name} is {proof.label.value}: {proof.statement}\n")
    return FINE
