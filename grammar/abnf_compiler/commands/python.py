"""`abnfc python`: a Python module that matches and parses the start rules, without dependencies."""

from __future__ import annotations

import sys
from argparse import ArgumentParser, Namespace
from hashlib import sha256
from typing import Final

from abnf_compiler.commands import FINE, FailedError
from abnf_compiler.commands.grammar_input import add_grammar_arguments, load_grammar

SUMMARY: Final = "write a Python module that parses the start rules"
EXAMPLE: Final = "abnfc python grammar/reply-metadata.abnf > reply_grammar.py"


def add_arguments(parser: ArgumentParser) -> None:
    """FILE."""
    add_grammar_arguments(parser)


def run(arguments: Namespace) -> int:
    """Print the module; 1 when a start rule has no pattern that is proved linear."""
    from abnf_compiler.automata.normal_form import AutomataError
    from abnf_compiler.emit.python_module import emit_python

    grammar = load_grammar(arguments)
    digest = sha256(grammar.resolved.text.encode("utf-8")).hexdigest()
    try:
        text = emit_python(grammar.resolved, source_sha256=digest, command="abnfc python")
    except AutomataError as problem:
        raise FailedError(f"{grammar.name}: {problem}") from problem
    sys.stdout.write(text)
    return FINE
