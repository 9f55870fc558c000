"""Runs what the pages show: every command and every Python block, and compares what comes out.

The convention of the pages, block by block from top to bottom, in one scratch folder a page:

- `console`: each line that begins with `$ ` is run by the shell, with the lines below it that begin
  with `> `; what follows, up to the next such line, is what it prints (standard output and standard
  error together).  A command that ends in ` &` keeps running until the page ends; what follows it
  are the first lines it prints.
- a block with `title="name"` is written to that file; a title without a "." is only a heading.
- `python` without a file name is run, in one namespace a page; a `text` block titled `Output`
  right after it is what it prints.
- a line that is `...` stands for any number of lines.
- `<!-- not run: reason -->` above a block excuses it.

Rule: a block of any other language than those of `SHOWN_ONLY` is an error, so that a misspelt
language cannot hide a command.
"""

from __future__ import annotations

import contextlib
import io
import os
import shutil
import subprocess
import sys
import tempfile
import threading
from collections.abc import Iterator
from dataclasses import dataclass, field
from itertools import zip_longest
from pathlib import Path
from types import TracebackType
from typing import Any, Final, Self

from site_assembly.fences import Fence, find_fences
from site_assembly.tables import PROJECT

SHOWN_ONLY: Final = frozenset({"text", "abnf", "json", "toml", "xml", "dialogue"})
OUTPUT_TITLE: Final = "Output"
COMMAND_TIMEOUT_S: Final = 30


@dataclass(frozen=True, slots=True)
class Outcome:
    """What one run printed beside what the page shows; `place` is the line on the page."""

    place: int
    what: str
    shown: list[str]
    printed: list[str]

    @property
    def agrees(self) -> bool:
        """Whether the page shows what was printed."""
        return lines_agree(self.shown, self.printed)


def lines_agree(shown: list[str], printed: list[str]) -> bool:
    """Compare line by line; a shown `...` stands for any number of printed lines."""
    if not shown:
        return not printed
    if shown[0].strip() == "...":
        return any(lines_agree(shown[1:], printed[n:]) for n in range(len(printed) + 1))
    return bool(printed) and shown[0] == printed[0] and lines_agree(shown[1:], printed[1:])


def _clean(text: str) -> list[str]:
    """The lines of `text` without blanks at their ends and without empty lines at the end."""
    return [line.rstrip() for line in text.rstrip().splitlines()]


@dataclass(slots=True)
class PageRun:
    """One page's scratch folder, running commands and Python namespace; a context manager."""

    folder: Path = field(default_factory=lambda: Path(tempfile.mkdtemp(prefix="page-")))
    namespace: dict[str, Any] = field(default_factory=lambda: {"__name__": "__page__"})
    running: list[subprocess.Popen[str]] = field(default_factory=list)

    def __enter__(self) -> Self:
        (self.folder / "grammar").symlink_to(PROJECT / "grammar")
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        at: TracebackType | None,
    ) -> None:
        for process in self.running:
            process.terminate()
            process.communicate(timeout=COMMAND_TIMEOUT_S)
        shutil.rmtree(self.folder)

    def environment(self) -> dict[str, str]:
        """What commands see: the programs of this Python first, plain text, 80 columns."""
        programs = Path(sys.executable).parent
        return {
            **{
                name: os.environ[name]
                for name in ("PATH", "LANG", "PYTHONPATH")
                if name in os.environ
            },
            "PATH": f"{programs}{os.pathsep}{os.environ['PATH']}",
            "HOME": str(self.folder),
            "COLUMNS": "80",
            "NO_COLOR": "1",
            "PYTHONUNBUFFERED": "1",
        }

    def command(self, line: str) -> str:
        """Run one command to its end; what it printed."""
        done = subprocess.run(
            line,
            shell=True,
            cwd=self.folder,
            env=self.environment(),
            stdin=subprocess.DEVNULL,
            stdout=subprocess.PIPE,
            stderr=subprocess.STDOUT,
            text=True,
            timeout=COMMAND_TIMEOUT_S,
            check=False,
        )
        return done.stdout

    def background(self, line: str, wanted: int) -> str:
        """Start a command; the first `wanted` lines it prints (at least one)."""
        process = subprocess.Popen(
            ["/bin/sh", "-c", f"exec {line}"],
            cwd=self.folder,
            env=self.environment(),
            stdin=subprocess.DEVNULL,
            stdout=subprocess.PIPE,
            stderr=subprocess.STDOUT,
            text=True,
        )
        self.running.append(process)
        assert process.stdout is not None
        watch = threading.Timer(COMMAND_TIMEOUT_S, process.kill)
        watch.start()
        printed = "".join(process.stdout.readline() for _ in range(max(1, wanted)))
        watch.cancel()
        return printed

    def python(self, body: str, place: str) -> str:
        """Run a Python block in the page's namespace; what it printed."""
        printed = io.StringIO()
        with contextlib.redirect_stdout(printed):
            exec(compile(body, place, "exec"), self.namespace)
        return printed.getvalue()


def _commands(fence: Fence) -> Iterator[tuple[int, str, list[str]]]:
    """Each command of a console block: its line on the page, its text, the output shown."""
    found: list[tuple[int, str, list[str]]] = []
    for number, line in enumerate(fence.lines(), start=fence.first + 1):
        if line.startswith("$ "):
            found.append((number, line[2:], []))
        elif not found:
            raise ValueError(f"line {number}: a console block begins with a command")
        elif line.startswith("> ") and not found[-1][2]:
            found[-1] = (found[-1][0], found[-1][1] + "\n" + line[2:], [])
        else:
            found[-1][2].append(line)
    yield from found


def _run_fence(run: PageRun, fence: Fence, after: Fence | None) -> Iterator[Outcome]:
    """The outcomes of one block; `after` is the block that follows on the page."""
    title = fence.title
    if title is not None and "." in title:
        (run.folder / title).write_text(fence.body + "\n", "utf-8")
    elif fence.language == "console":
        for place, line, shown in _commands(fence):
            if line.endswith(" &"):
                printed = run.background(line.removesuffix(" &"), len(shown))
            else:
                printed = run.command(line)
            yield Outcome(place, f"$ {line}", _clean("\n".join(shown)), _clean(printed))
    elif fence.language == "python":
        follows = after is not None and after.title == OUTPUT_TITLE
        shown = after.lines() if after is not None and follows else []
        printed = run.python(fence.body, f"line {fence.first}")
        yield Outcome(fence.first, "python", _clean("\n".join(shown)), _clean(printed))
    elif fence.language not in SHOWN_ONLY:
        raise ValueError(f"line {fence.first}: nothing says what {fence.language!r} blocks are")


def run_page(path: Path) -> tuple[Outcome, ...]:
    """Run every block of a page, in order."""
    fences = find_fences(path.read_text("utf-8"))
    outcomes: list[Outcome] = []
    with PageRun() as run:
        for fence, after in zip_longest(fences, fences[1:]):
            if fence.not_run is None:
                outcomes += _run_fence(run, fence, after)
    return tuple(outcomes)
