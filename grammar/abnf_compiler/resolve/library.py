"""Finds and reads the documents that a grammar imports from.

Rule: document `rfc3986` is the file `rfc3986.abnf` in the first directory that has one; each file
is read once. Names are those of files, never paths.
"""

from __future__ import annotations

import re
from collections.abc import Iterable
from dataclasses import dataclass
from pathlib import Path
from typing import Final

from abnf_compiler.read.reader import read_leniently
from abnf_compiler.read.split import split_rules
from abnf_compiler.read.syntax_tree import SyntaxTree
from abnf_compiler.source import Source
from abnf_compiler.tree import RuleDefinition

_DEFINES: Final = re.compile(r"[A-Za-z][A-Za-z0-9-]*\s*=(?!/)")


@dataclass(frozen=True, slots=True)
class Document:
    """A document of the library: its rules by lower-case name, in file order."""

    name: str
    tree: SyntaxTree
    rules: dict[str, tuple[RuleDefinition, ...]]


def rules_of(tree: SyntaxTree) -> dict[str, tuple[RuleDefinition, ...]]:
    """The definitions of a text by lower-case rule name, in the order of first appearance."""
    rules: dict[str, tuple[RuleDefinition, ...]] = {}
    for definition in tree.definitions:
        key = definition.name.lower()
        rules[key] = (*rules.get(key, ()), definition)
    return rules


class Library:
    """The documents of some directories."""

    def __init__(self, directories: Iterable[Path | str] = ()) -> None:
        self._directories = tuple(Path(directory) for directory in directories)
        self._read: dict[str, Document | str] = {}
        self._index: dict[str, frozenset[str]] | None = None

    def document(self, name: str) -> Document | str:
        """The document, or a sentence saying why there is none."""
        key = name.lower()
        if key not in self._read:
            self._read[key] = self._load(name)
        return self._read[key]

    def path(self, name: str) -> Path | None:
        """The file of a document."""
        for directory in self._directories:
            for stem in dict.fromkeys((name, name.lower())):
                path = directory / f"{stem}.abnf"
                if path.is_file():
                    return path
        return None

    def defining(self, rule: str) -> tuple[str, ...]:
        """The names of the documents that define `rule` (lower case) by "=", sorted."""
        if self._index is None:
            self._index = self._rule_names()
        return tuple(sorted(name for name, rules in self._index.items() if rule in rules))

    def _load(self, name: str) -> Document | str:
        path = self.path(name)
        if path is None:
            where = ", ".join(str(directory) for directory in self._directories)
            looked = f"; looked in {where}" if where else "; no library directory was given"
            return f'there is no document "{name}"{looked}'
        try:
            source = Source(str(path), path.read_bytes().decode("utf-8-sig"))
        except (OSError, UnicodeDecodeError) as problem:
            return f"{path} cannot be read: {problem}"
        tree = read_leniently(source)
        return Document(name.lower(), tree, rules_of(tree))

    def _rule_names(self) -> dict[str, frozenset[str]]:
        """The rules every document defines by "=", without reading more than their starts."""
        index: dict[str, frozenset[str]] = {}
        for directory in self._directories:
            for path in sorted(directory.glob("*.abnf")):
                if path.stem.lower() in index:
                    continue
                try:
                    source = Source(str(path), path.read_bytes().decode("utf-8-sig"))
                except (OSError, UnicodeDecodeError):
                    continue
                blocks = split_rules(source)[0]
                names = (b.name.lower() for b in blocks if _DEFINES.match(source.text, b.start))
                index[path.stem.lower()] = frozenset(names)
        return index
