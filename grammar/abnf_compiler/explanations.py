"""What each finding means, with a grammar that gets it and one that does not.

Rules: the texts are those of diagnostic_examples.toml; every code of `CODES` has an entry, in its
order.  What is printed for a grammar is never stored: it is run (commands/explain.py).
"""

from __future__ import annotations

import re
import tomllib
from collections.abc import Mapping
from dataclasses import dataclass
from functools import cache
from pathlib import Path
from types import MappingProxyType
from typing import Any, Final

from abnf_compiler.diagnostics import CODES, Severity

SOURCE: Final = Path(__file__).with_name("diagnostic_examples.toml")
GRAMMAR_FILE: Final = "example.abnf"
_TIMES: Final = re.compile(r"\{(\S) x ([0-9]+)\}")


@dataclass(frozen=True, slots=True)
class Example:
    """A grammar as it is shown, the documents it imports, and the command that reads it."""

    shown: str
    files: Mapping[str, str]
    command: tuple[str, ...]

    @property
    def text(self) -> str:
        """The grammar itself: `{9 x 1001}` is 1001 times "9"."""
        return _TIMES.sub(lambda found: found[1] * int(found[2]), self.shown)


@dataclass(frozen=True, slots=True)
class Explanation:
    """One code: what it means, where the rule behind it stands, a bad and a good example."""

    code: str
    severity: Severity
    title: str
    why: str
    about: str
    bad: Example
    good: Example


@cache
def explanations() -> Mapping[str, Explanation]:
    """The explanation of every code, in the order of the codes.

    Raises:
        ValueError: the table lacks a code, or has one that does not exist.
    """
    table: dict[str, dict[str, Any]] = tomllib.loads(SOURCE.read_text("utf-8"))
    if list(table) != list(CODES):
        odd = ", ".join(sorted(table.keys() ^ CODES.keys())) or "the order"
        raise ValueError(f"{SOURCE.name} and the codes differ: {odd}")
    return MappingProxyType({code: _explanation(code, entry) for code, entry in table.items()})


def _explanation(code: str, entry: Mapping[str, Any]) -> Explanation:
    surplus = entry.keys() - {"why", "about", "command", "bad", "good", "files", "good_files"}
    if surplus:
        raise ValueError(f"{SOURCE.name}: {code} has surplus fields: {', '.join(sorted(surplus))}")
    severity, title = CODES[code]
    command = tuple(entry.get("command", f"check {GRAMMAR_FILE}").split())
    files = {f"{name}.abnf": text for name, text in entry.get("files", {}).items()}
    good_files = {f"{name}.abnf": text for name, text in entry.get("good_files", {}).items()}
    return Explanation(
        code,
        severity,
        title,
        entry["why"].strip(),
        entry.get("about", ""),
        Example(entry["bad"], files, command),
        Example(entry["good"], files | good_files, command),
    )
