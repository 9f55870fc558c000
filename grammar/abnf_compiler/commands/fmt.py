"""`abnfc fmt`: grammars in canonical layout."""

from __future__ import annotations

import difflib
import os
import sys
import tempfile
from argparse import ArgumentParser, Namespace
from pathlib import Path
from typing import Final

from abnf_compiler.commands import FAILED, FINE, UNUSABLE, UsageError
from abnf_compiler.commands.grammar_input import STDIN, read_source
from abnf_compiler.commands.numbers import number_from

SUMMARY: Final = "lay grammars out: columns, line breaks, blanks; comments stay as they are"
EXAMPLE: Final = "abnfc fmt --width 72 grammar/reply-metadata.abnf"
_MIN_WIDTH: Final = 40
_MAX_WIDTH: Final = 1000


def add_arguments(parser: ArgumentParser) -> None:
    """FILE..., the width and where the text goes."""
    parser.add_argument(
        "file", metavar="FILE", nargs="+", help='a grammar in ABNF; "-" is standard input'
    )
    parser.add_argument(
        "--width",
        type=number_from(_MIN_WIDTH, _MAX_WIDTH),
        default=69,
        metavar="N",
        help="longest line (69, as in an RFC)",
    )
    target = parser.add_mutually_exclusive_group()
    target.add_argument(
        "--check",
        action="store_true",
        help="write nothing; exit 1 and show a unified diff for what would change",
    )
    target.add_argument(
        "--in-place", action="store_true", help="change the files instead of writing to stdout"
    )


def run(arguments: Namespace) -> int:
    """Format every file; 1 when `--check` finds one to change, 2 when one cannot be read."""
    if arguments.in_place and STDIN in arguments.file:
        raise UsageError("--in-place cannot change standard input")
    return max([_run_one(name, arguments) for name in arguments.file], default=FINE)


def _run_one(name: str, arguments: Namespace) -> int:
    from abnf_compiler.diagnostics import GrammarError
    from abnf_compiler.fmt import LayoutError, format_grammar

    try:
        source = read_source(name)
        text = format_grammar(source, width=arguments.width)
    except GrammarError as problem:
        sys.stderr.write(f"{problem}\n")
        return UNUSABLE
    except (UsageError, LayoutError) as problem:
        sys.stderr.write(f"abnfc: {problem}\n")
        return UNUSABLE
    if arguments.check:
        _write(_difference(source.name, source.text, text))
        return FINE if text == source.text else FAILED
    if not arguments.in_place:
        _write(text)
    elif text != source.text:
        try:
            _replace(Path(name), text)
        except OSError as problem:
            sys.stderr.write(f"abnfc: cannot write {name}: {problem.strerror or problem}\n")
            return UNUSABLE
    return FINE


def _write(text: str) -> None:
    """Write to stdout as UTF-8 whatever the terminal has, and no line end changed."""
    sys.stdout.flush()
    sys.stdout.buffer.write(text.encode("utf-8"))
    sys.stdout.buffer.flush()


def _replace(path: Path, text: str) -> None:
    """Give a file new content, all of it or nothing; links and permissions stay."""
    path = path.resolve()
    with tempfile.NamedTemporaryFile(dir=path.parent, prefix=f".{path.name}.", delete=False) as new:
        try:
            new.write(text.encode("utf-8"))
            new.close()
            os.chmod(new.name, path.stat().st_mode)
            os.replace(new.name, path)
        except BaseException:
            os.unlink(new.name)
            raise


def _difference(name: str, old: str, new: str) -> str:
    """The change as a unified diff; empty when there is none."""
    lines = difflib.unified_diff(
        _lines(old), _lines(new), fromfile=name, tofile=f"{name} (formatted)"
    )
    return "".join(
        line if line.endswith("\n") else f"{line}\n\\ No newline at end of file\n" for line in lines
    )


def _lines(text: str) -> list[str]:
    """The lines with their ends, cut at line feeds only."""
    parts = text.split("\n")
    return [f"{part}\n" for part in parts[:-1]] + ([parts[-1]] if parts[-1] else [])
