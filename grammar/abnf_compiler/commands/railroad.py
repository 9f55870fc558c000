"""`abnfc railroad`: the diagram of one rule."""

from __future__ import annotations

import sys
from argparse import ArgumentParser, Namespace
from typing import Final

from abnf_compiler.commands import FINE
from abnf_compiler.commands.grammar_input import add_grammar_arguments, find_rule, load_grammar

SUMMARY: Final = "draw a rule as a railroad diagram"
EXAMPLE: Final = "abnfc railroad --text grammar/reply-metadata.abnf metadata-group"


def add_arguments(parser: ArgumentParser) -> None:
    """FILE, RULE and the form."""
    add_grammar_arguments(parser)
    parser.add_argument("rule", metavar="RULE", help="the rule; case does not matter")
    parser.add_argument("--text", action="store_true", help="in characters; SVG without it")
    parser.add_argument("--ascii", action="store_true", help="with --text: ASCII only")
    parser.add_argument(
        "--link",
        metavar="TEMPLATE",
        default="#{rule}",
        help="where a rule name leads in SVG; {rule} is the name (default: %(default)s)",
    )


def run(arguments: Namespace) -> int:
    """Print the diagram."""
    grammar = load_grammar(arguments)
    rule = find_rule(grammar, arguments.rule)
    if arguments.text:
        from abnf_compiler.emit.railroad_text import railroad_text

        text = railroad_text(grammar.resolved, rule.name, ascii_only=arguments.ascii)
    else:
        from abnf_compiler.emit.railroad_svg import railroad_svg

        template: str = arguments.link
        text = railroad_svg(
            grammar.resolved, rule.name, link=lambda name: template.replace("{rule}", name)
        )
    sys.stdout.write(text.rstrip("\n") + "\n")
    return FINE
