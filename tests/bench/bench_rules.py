"""The rules of bench_rules.toml: their grammars, their strings, and one ABNF text for every parser.

Rule: no grammar is written here.  A text is that of the PyPI `abnf` module for the RFC, or a file
of this repository; other parsers get the rules reached from the start rule, letter for letter.
"""

import re
import tomllib
import warnings
from dataclasses import dataclass
from functools import cached_property
from importlib import import_module
from pathlib import Path
from tempfile import TemporaryDirectory

from abnf_compiler.emit.abnf_text import abnf_of
from abnf_compiler.grammar import Grammar
from abnf_compiler.sentences.edits import reached

HERE = Path(__file__).resolve().parent
PROJECT = HERE.parents[1]
RULES = HERE / "bench_rules.toml"
IMPORTED = ("rfc5322",)  # what grammars/*.abnf import, from PyPI abnf


@dataclass(frozen=True)
class BenchRule:
    """One rule, and strings that it accepts."""

    title: str
    source: str
    rule: str
    strings: tuple[str, ...]

    @property
    def module(self) -> str | None:
        """The module of PyPI `abnf` that has the grammar; None: a file has it."""
        return self.source if re.fullmatch(r"rfc\d+", self.source) else None

    @cached_property
    def grammar(self) -> Grammar:
        """The grammar, as our compiler reads it.

        Raises:
            ModuleNotFoundError: PyPI `abnf` is not installed.
        """
        if self.module is not None:
            return Grammar.from_text(abnf_module_text(self.module), fragment=True)
        with TemporaryDirectory() as library:
            if self.source.startswith("tests/"):
                for name in IMPORTED:
                    Path(library, f"{name}.abnf").write_text(abnf_module_text(name), "utf-8")
            return Grammar.from_file(PROJECT / self.source, library=[library])

    def text(self, *, core: bool, line_end: str = "\n") -> str:
        """ABNF of the rules that `rule` needs, it first; with the core rules among them or not."""
        needed = reached(self.grammar.resolved, self.rule)
        rules = [rule for key, rule in self.grammar.resolved.rules.items() if key in needed]
        rules.sort(key=lambda rule: rule.key != self.rule.lower())
        texts = [abnf_of(rule) for rule in rules if core or rule.origin != "core"]
        return "".join(texts).replace("\n", line_end)


def bench_rules() -> list[BenchRule]:
    """The rules in the order of the file."""
    return [
        BenchRule(each["title"], each["grammar"], each["rule"], tuple(each["strings"]))
        for each in tomllib.loads(RULES.read_text("utf-8"))["rule"]
    ]


def abnf_module(name: str) -> type:
    """The `Rule` class of a module of PyPI `abnf`."""
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        found: type = import_module(f"abnf.grammars.{name}").Rule
    return found


def abnf_module_text(name: str) -> str:
    """The grammar of a module of PyPI `abnf`, as our reader takes it."""
    grammar = abnf_module(name).grammar
    text = grammar if isinstance(grammar, str) else "\n".join(each.strip() for each in grammar)
    return text.strip() + "\n"
