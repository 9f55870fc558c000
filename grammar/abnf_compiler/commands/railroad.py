"""`abnfc railroad`: the diagram of one rule."""

from __future__ import annotations

import sys
from argparse import ArgumentParser, Namespace
from typing import TYPE_CHECKING, Final

from abnf_compiler.commands import FINE
from abnf_compiler.commands.grammar_input import add_grammar_arguments, find_rule, load_grammar

if TYPE_CHECKING:
    from abnf_compiler.emit.railroad_svg import Profile

SUMMARY: Final = "draw a rule as a railroad diagram"
EXAMPLE: Final = "abnfc railroad --text grammar/reply-metadata.abnf metadata-group"


def add_arguments(parser: ArgumentParser) -> None:
    """FILE, RULE and the form."""
    add_grammar_arguments(parser)
    parser.add_argument("rule", metavar="RULE", help="the rule; case does not matter")
    form = parser.add_mutually_exclusive_group()
    form.add_argument(
        "--text", action="store_true", help="in characters; SVG for a page without it"
    )
    form.add_argument("--rfc", action="store_true", help="as SVG that keeps to RFC 7996")
    form.add_argument(
        "--artset", action="store_true", help="as an element for RFC XML: SVG and ASCII"
    )
    parser.add_argument("--ascii", action="store_true", help="with --text: ASCII only")
    parser.add_argument(
        "--link",
        metavar="TEMPLATE",
        help="where a rule name leads in SVG; {rule} is the name"
        " (default: #{rule} for a page, no links for an RFC)",
    )


def run(arguments: Namespace) -> int:
    """Print the diagram."""
    grammar = load_grammar(arguments)
    rule = find_rule(grammar, arguments.rule)
    in_rfc = arguments.rfc or arguments.artset
    template: str = arguments.link if arguments.link is not None else "" if in_rfc else "#{rule}"

    def link(name: str) -> str:
        return template.replace("{rule}", name)

    if arguments.text:
        from abnf_compiler.emit.railroad_text import railroad_text

        text = railroad_text(grammar.resolved, rule.name, ascii_only=arguments.ascii)
    elif arguments.artset:
        from abnf_compiler.emit.railroad_artset import railroad_artset

        text = railroad_artset(grammar.resolved, rule.name, link=link)
    else:
        from abnf_compiler.emit.railroad_svg import railroad_svg

        profile: Profile = "rfc" if arguments.rfc else "page"
        text = railroad_svg(grammar.resolved, rule.name, link=link, profile=profile)
    sys.stdout.write(text.rstrip("\n") + "\n")
    return FINE
