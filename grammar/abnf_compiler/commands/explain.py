"""`abnfc explain`: what a finding means, with a grammar that gets it and one that does not."""

from __future__ import annotations

import io
import sys
from argparse import ArgumentParser, Namespace
from collections.abc import Iterator
from contextlib import chdir, redirect_stderr, redirect_stdout
from difflib import get_close_matches
from importlib import import_module
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import TYPE_CHECKING, Final

from abnf_compiler.commands import FINE, UNUSABLE, UsageError

if TYPE_CHECKING:
    from abnf_compiler.explanations import Example, Explanation

SUMMARY: Final = "say what a finding means, with examples"
EXAMPLE: Final = "abnfc explain ABNF303"


def add_arguments(parser: ArgumentParser) -> None:
    """CODE..."""
    parser.add_argument(
        "code",
        metavar="CODE",
        nargs="*",
        help="a code, or the first characters of codes; without it, the list of all",
    )


def run(arguments: Namespace) -> int:
    """Print the explanations, or the list of codes."""
    from abnf_compiler.explanations import explanations

    known = explanations()
    if not arguments.code:
        sys.stdout.writelines(
            f"{each.code} {each.severity.value.ljust(7)} {each.title}\n" for each in known.values()
        )
        return FINE
    wanted: dict[str, Explanation] = {}
    for word in arguments.code:
        prefix = word.upper()
        found = {code: each for code, each in known.items() if code.startswith(prefix)}
        if not found:
            near = get_close_matches(prefix, known, 1)
            raise UsageError(
                f"there is no code {word}" + (f"; did you mean {near[0]}?" if near else "")
            )
        wanted |= found
    sys.stdout.write("\n".join(_text(each) for each in wanted.values()))
    return FINE


def _text(each: Explanation) -> str:
    """One explanation as plain text."""
    from abnf_compiler.diagnostics import page_of

    _, printed = what_it_prints(each.bad)
    parts = [
        f"{each.code} {each.severity.value}: {each.title}\n",
        f"{each.why}\n" + (f"See {each.about}.\n" if each.about else ""),
        f"This grammar gets it:\n{_indented(each.bad.shown)}",
        *_documents(each.bad),
        f"abnfc {' '.join(each.bad.command)} prints:\n{_indented(printed)}",
        f"This one does not:\n{_indented(each.good.shown)}",
        *(_documents(each.good) if each.good.files != each.bad.files else ()),
        f"On the site: {page_of(each.code)}\n",
    ]
    return "\n".join(parts)


def _documents(example: Example) -> Iterator[str]:
    """The documents that lie beside a grammar."""
    for name, text in example.files.items():
        yield f"with borrowed/{name}:\n{_indented(text)}"


def _indented(text: str) -> str:
    return "".join(f"    {line}".rstrip() + "\n" for line in text.splitlines())


def what_it_prints(example: Example) -> tuple[int, str]:
    """Run the command of an example in a folder of its own; its status and all its findings.

    Messages that are no findings, such as the count of rules, are left out.
    """
    from abnf_compiler.diagnostics import GrammarError
    from abnf_compiler.explanations import GRAMMAR_FILE

    word, *rest = example.command
    command = import_module(f"abnf_compiler.commands.{word}")
    parser = ArgumentParser(prog=f"abnfc {word}")
    command.add_arguments(parser)
    results, messages = io.StringIO(), io.StringIO()
    with TemporaryDirectory() as folder, chdir(folder):
        Path(GRAMMAR_FILE).write_text(example.text, "utf-8")
        Path("borrowed").mkdir()
        for name, text in example.files.items():
            Path("borrowed", name).write_text(text, "utf-8")
        with redirect_stdout(results), redirect_stderr(messages):
            try:
                status: int = command.run(parser.parse_args(rest))
            except GrammarError as problem:
                return UNUSABLE, f"{problem}\n"
    return status, results.getvalue() if word == "check" else ""
