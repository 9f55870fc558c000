"""Arguments that name a grammar, and the grammar they name; "-" is standard input."""

from __future__ import annotations

import sys
from argparse import ArgumentParser, Namespace
from pathlib import Path
from typing import TYPE_CHECKING, Final

from abnf_compiler.commands import UsageError

if TYPE_CHECKING:
    from abnf_compiler.grammar import Grammar, Rule
    from abnf_compiler.source import Source

STDIN: Final = "-"
STDIN_NAME: Final = "<stdin>"


def add_grammar_arguments(parser: ArgumentParser, *, several: bool = False) -> None:
    """FILE (or FILE...), --library, --import and --fragment."""
    parser.add_argument(
        "file",
        metavar="FILE",
        nargs="+" if several else None,
        help='a grammar in ABNF; "-" is standard input',
    )
    parser.add_argument(
        "--library",
        metavar="DIR",
        action="append",
        default=[],
        help="where imported documents are, after borrowed/ beside FILE; may be given again",
    )
    parser.add_argument(
        "--import",
        metavar="DOCUMENT",
        action="append",
        default=[],
        dest="imports",
        help="a document of the library to take from whatever FILE uses and does not define; "
        "may be given again",
    )
    parser.add_argument(
        "--fragment",
        action="store_true",
        help="a part of a grammar: rules that are not defined are warnings",
    )


def read_source(name: str) -> Source:
    """The text of one FILE argument.

    Raises:
        UsageError: it cannot be read, or is not UTF-8.
    """
    from abnf_compiler.source import Source

    try:
        data = sys.stdin.buffer.read() if name == STDIN else Path(name).read_bytes()
        text = data.decode("utf-8-sig")
    except OSError as problem:
        raise UsageError(f"cannot read {name}: {problem.strerror or problem}") from problem
    except UnicodeDecodeError as problem:
        message = f"cannot read {name}: octet {problem.start} is not UTF-8"
        raise UsageError(message) from problem
    except ValueError as problem:  # a path with a NUL in it
        raise UsageError(f"cannot read {name!r}: {problem}") from problem
    return Source(STDIN_NAME if name == STDIN else name, text)


def libraries(name: str, arguments: Namespace) -> list[Path]:
    """Where the imports of one FILE argument are searched."""
    from abnf_compiler.grammar import BORROWED

    beside = [] if name == STDIN else [Path(name).parent / BORROWED]
    return [*beside, *(Path(directory) for directory in arguments.library)]


def load_grammar(arguments: Namespace) -> Grammar:
    """The grammar that FILE, --library, --import and --fragment name.

    Raises:
        UsageError: FILE cannot be read.
        GrammarError: it is no usable grammar.
    """
    from abnf_compiler.grammar import Grammar

    source = read_source(arguments.file)
    return Grammar.from_text(
        source.text,
        name=source.name,
        library=libraries(arguments.file, arguments),
        fragment=arguments.fragment,
        imports=arguments.imports,
    )


def find_rule(grammar: Grammar, name: str) -> Rule:
    """The rule that a RULE argument names.

    Raises:
        UsageError: there is none.
    """
    from abnf_compiler.grammar import UnknownRuleError

    try:
        return grammar.rule(name)
    except UnknownRuleError as problem:
        raise UsageError(f"{grammar.name}: {problem}") from problem
