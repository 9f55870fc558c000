"""`abnfc javascript`: a JavaScript file that matches and parses rules, without dependencies."""

from __future__ import annotations

import sys
from argparse import ArgumentParser, Namespace
from hashlib import sha256
from typing import Final

from abnf_compiler.commands import FINE, FailedError, UsageError
from abnf_compiler.commands.grammar_input import add_grammar_arguments, find_rule, load_grammar

SUMMARY: Final = "write a JavaScript module that parses the start rules"
EXAMPLE: Final = "abnfc javascript grammar/reply-metadata.abnf > reply_grammar.mjs"


def add_arguments(parser: ArgumentParser) -> None:
    """FILE, RULE... and the form."""
    add_grammar_arguments(parser)
    parser.add_argument(
        "rules", metavar="RULE", nargs="*", help="rules to match; the @start rules without it"
    )
    parser.add_argument(
        "--script",
        action="store_true",
        help="a classic script that assigns one global, for pages opened from a file",
    )
    parser.add_argument(
        "--global",
        metavar="NAME",
        dest="script_global",
        help="the name of that global; made from FILE without it",
    )


def run(arguments: Namespace) -> int:
    """Print the module; 1 when a rule has no automaton, or no pattern that is proved linear."""
    from abnf_compiler.automata.normal_form import AutomataError
    from abnf_compiler.emit.javascript import emit_javascript
    from abnf_compiler.emit.javascript_names import is_name

    name = arguments.script_global
    if name is not None and not arguments.script:
        raise UsageError("--global needs --script")
    if name is not None and not is_name(name):
        raise UsageError(f"{name!r} is no name that a script can assign")
    grammar = load_grammar(arguments)
    rules = [find_rule(grammar, rule).name for rule in arguments.rules]
    if not rules and not grammar.resolved.annotations.starts:
        raise UsageError(f"{grammar.name} has no @start rule; name a RULE")
    digest = sha256(grammar.resolved.text.encode("utf-8")).hexdigest()
    try:
        text = emit_javascript(
            grammar.resolved,
            source_sha256=digest,
            command="abnfc javascript",
            module="script" if arguments.script else "esm",
            rules=rules or None,
            script_global=name,
        )
    except AutomataError as problem:
        raise FailedError(f"{grammar.name}: {problem}") from problem
    sys.stdout.write(text)
    return FINE
