"""The command reference: what `--help` prints, of each program and each of its subcommands.

Rule: the text is the program's own; nothing here knows a command's name or options.
"""

from __future__ import annotations

import os
import re
import subprocess
import sys
from concurrent.futures import ThreadPoolExecutor
from typing import Final

_SUBCOMMAND_LIST: Final = re.compile(r"^(?:sub)?commands:\n(?P<lines>(?:  .*\n?)+)", re.MULTILINE)
_SUBCOMMAND: Final = re.compile(r"^    ([a-z][a-z0-9-]*)(?:\s|$)", re.MULTILINE)
_TIMEOUT_S: Final = 30

PROGRAMS: Final = (
    ("replymeta", "reply_metadata", "Reads, serves, sends and proxies replies with metadata."),
    ("abnfc", "abnf_compiler", "Checks ABNF and compiles it to parsers, diagrams and pages."),
)
"""Name of the command, module that runs it, one sentence."""


class CommandError(RuntimeError):
    """A program that does not print its help."""


def help_text(module: str, arguments: tuple[str, ...]) -> str:
    """What `python -m module arguments --help` prints, 80 columns wide."""
    done = subprocess.run(
        [sys.executable, "-m", module, *arguments, "--help"],
        env={**os.environ, "COLUMNS": "80", "NO_COLOR": "1"},
        capture_output=True,
        text=True,
        timeout=_TIMEOUT_S,
        check=False,
    )
    if done.returncode or not done.stdout.strip():
        raise CommandError(f"{module} {' '.join(arguments)} --help: {done.stderr}{done.stdout}")
    return "\n".join(line.rstrip() for line in done.stdout.strip().splitlines())


def subcommands(help_of_program: str) -> tuple[str, ...]:
    """The subcommands a program's help names, in its order."""
    found = _SUBCOMMAND_LIST.search(help_of_program)
    names = _SUBCOMMAND.findall(found["lines"]) if found else []
    if not names:
        raise CommandError(f"no subcommands in this help:\n{help_of_program}")
    return tuple(names)


def command_page(program: str, module: str, sentence: str) -> str:
    """The page of one program."""
    top = help_text(module, ())
    names = subcommands(top)
    with ThreadPoolExecutor(max_workers=2) as pool:
        texts = list(pool.map(lambda name: help_text(module, (name,)), names))
    parts = [
        f'---\ndescription: "{program}: {sentence}"\nsearch: {{boost: 1.5}}\n---\n',
        f"# {program}\n\n{sentence}\nThe texts below are what `--help` prints.\n",
        f"```text\n{top}\n```\n",
    ]
    for name, text in zip(names, texts, strict=True):
        parts.append(f"## {program} {name} {{ #{name} }}\n\n```text\n{text}\n```\n")
    return "\n".join(parts)


def command_pages() -> dict[str, str]:
    """The pages of all programs, by path."""
    return {
        f"reference/{program}.md": command_page(program, module, sentence)
        for program, module, sentence in PROGRAMS
    }
