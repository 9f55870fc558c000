"""`abnfc regex`: a regular expression for one rule, with the proof that it runs in linear time."""

from __future__ import annotations

import sys
from argparse import ArgumentParser, Namespace
from typing import TYPE_CHECKING, Final

from abnf_compiler.commands import FINE, FailedError
from abnf_compiler.commands.grammar_input import add_grammar_arguments, find_rule, load_grammar

if TYPE_CHECKING:
    from abnf_compiler.tree import ResolvedGrammar

SUMMARY: Final = "write a rule as a regular expression of linear time"
EXAMPLE: Final = "abnfc regex --dialect javascript grammar/reply-metadata.abnf metadata-group"
DIALECTS: Final = ("python", "javascript")


def add_arguments(parser: ArgumentParser) -> None:
    """FILE, RULE and the dialect."""
    add_grammar_arguments(parser)
    parser.add_argument("rule", metavar="RULE", help="the rule; case does not matter")

    parser.add_argument(
        "--dialect",
        choices=DIALECTS,
        default=DIALECTS[0],
        help="python: for re.fullmatch of 3.11 and later; javascript: for new RegExp, with "
        "neither atomic groups nor possessive repetitions (default: %(default)s)",
    )


def run(arguments: Namespace) -> int:
    """Print the pattern, and on stderr why it takes linear time; 1 when there is none."""
    from abnf_compiler.automata.normal_form import AutomataError

    grammar = load_grammar(arguments)
    rule = find_rule(grammar, arguments.rule)
    written = _javascript if arguments.dialect == "javascript" else _python
    try:
        text, note = written(grammar.resolved, rule.name)
    except AutomataError as problem:
        raise FailedError(f"{grammar.name}: {problem}") from problem
    sys.stdout.write(text + "\n")
    sys.stderr.write(f"abnfc: {rule.name} is {note}\n")
    return FINE


def _python(grammar: ResolvedGrammar, rule: str) -> tuple[str, str]:
    """The pattern for `re.fullmatch`, and why it is linear."""
    from abnf_compiler.pattern import rule_pattern

    pattern = rule_pattern(grammar, rule)
    return pattern.text, f"{pattern.proof.label.value}: {pattern.proof.statement}"


def _javascript(grammar: ResolvedGrammar, rule: str) -> tuple[str, str]:
    """The source of a `RegExp`, and why it is linear and which flag it needs."""
    from abnf_compiler.emit.javascript_pattern import javascript_pattern

    pattern = javascript_pattern(grammar, rule)
    characters = (
        f'code points, flag "{pattern.flags}"' if pattern.flags else "a binary string, no flag"
    )
    return pattern.source, f"{pattern.label.value}: {pattern.label.statement} For {characters}."
