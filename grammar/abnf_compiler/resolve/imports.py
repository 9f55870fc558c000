"""Follows `@import` through the documents of a library.

Rules: an imported rule brings every rule it needs of its document along, and what that document
imports for it. All rules share one name space: two different rules of one name are an error.
Documents that import each other in a circle are an error even where no rule is circular.
"""

from __future__ import annotations

from collections import deque
from collections.abc import Container
from dataclasses import dataclass, field
from difflib import get_close_matches
from pathlib import Path
from typing import Final

from abnf_compiler.diagnostics import Diagnostic, Severity, finding
from abnf_compiler.read.annotations import Import
from abnf_compiler.read.syntax_tree import SyntaxTree
from abnf_compiler.resolve.library import Document, Library
from abnf_compiler.resolve.walk import references
from abnf_compiler.source import Span
from abnf_compiler.tree import Reference, RuleDefinition

_SEARCHED: Final = "put it into borrowed/ beside the file, or name its folder by --library"
_NO_CIRCLE: Final = "let one of them define what the other imports"


@dataclass(frozen=True, slots=True)
class Imported:
    """One imported rule: the document it came from, and its definitions in order."""

    document: str
    definitions: tuple[RuleDefinition, ...]


@dataclass(slots=True)
class Imports:
    """What the imports of a grammar bring.

    rules: by lower-case name, in the order they were needed. asked: the names in the `@import`
    lines. missing: names that an import should have brought; nobody need call them undefined.
    """

    rules: dict[str, Imported] = field(default_factory=dict)
    asked: dict[str, Reference] = field(default_factory=dict)
    missing: set[str] = field(default_factory=set)
    diagnostics: list[Diagnostic] = field(default_factory=list)


def follow_imports(tree: SyntaxTree, library: Library, core: Container[str]) -> Imports:
    """The rules that the imports of `tree` bring, and what is wrong with them."""
    return _Follower(tree, library, core).follow()


@dataclass(frozen=True, slots=True)
class _Need:
    """A rule to take from a document, and who asks for it."""

    document: str
    reference: Reference


class _Follower:
    """Takes rules from documents until nothing is needed; a queue, no recursion."""

    def __init__(self, tree: SyntaxTree, library: Library, core: Container[str]) -> None:
        self._tree = tree
        self._library = library
        self._core = core
        self._result = Imports()
        self._unreadable: set[str] = set()

    def follow(self) -> Imports:
        """Follow all imports of the tree."""
        for each in self._tree.imports:
            for name in each.names:
                self._result.asked.setdefault(name.key, name)
        if self._in_circle():
            self._result.missing.update(self._result.asked)
            return self._result
        queue = deque(
            _Need(each.document, name) for each in self._tree.imports for name in each.names
        )
        places = {each.document.lower(): each.span for each in reversed(self._tree.imports)}
        seen: set[tuple[str, str]] = set()
        while queue:
            need = queue.popleft()
            identity = (need.document.lower(), need.reference.key)
            if identity not in seen:
                seen.add(identity)
                queue += self._take(need, places.get(need.document.lower()))
        return self._result

    def _take(self, need: _Need, place: Span | None) -> list[_Need]:
        """Take one rule; what it needs in turn."""
        key = need.reference.key
        document = self._document(need.document, place or need.reference.span)
        if document is None:
            self._result.missing.add(key)
            return []
        found = self._definitions(document, key)
        if not found:
            if key not in self._core:
                self._result.missing.add(key)
                self._not_there(document, need.reference)
            return []
        definitions = tuple(definition for _, definition in found)
        known = self._result.rules.get(key)
        if known is not None and known.definitions != definitions:
            self._result.diagnostics.append(
                clash(definitions[0], known.definitions[0], found[0][0].name)
            )
            return []
        self._result.rules.setdefault(key, Imported(found[0][0].name, definitions))
        return [
            _Need(home, reference)
            for stands_in, definition in found
            for reference in references(definition.definition)
            if (home := self._home(stands_in, reference.key))
        ]

    def _definitions(self, document: Document, key: str) -> list[tuple[Document, RuleDefinition]]:
        """The definitions of a rule as `document` knows it, each with the document it stands in.

        A rule that a document imports, or extends by "=/", begins elsewhere.
        """
        found: list[tuple[Document, RuleDefinition]] = []
        at: Document | None = document
        while at is not None:
            own = at.rules.get(key, ())
            found[:0] = [(at, definition) for definition in own]
            if own and not own[0].incremental:
                break
            source = next((each for each in at.tree.imports if _names(each, key)), None)
            at = self._document(source.document, source.span) if source else None
        return found

    def _home(self, document: Document, key: str) -> str:
        """The document that a reference within `document` leads to; "" for a core rule."""
        if key in document.rules:
            return document.name
        for each in document.tree.imports:
            if _names(each, key):
                return each.document
        return "" if key in self._core else document.name

    def _document(self, name: str, place: Span) -> Document | None:
        """The document, once said why there is none."""
        document = self._library.document(name)
        if isinstance(document, str):
            self._report_once(name, finding("ABNF204", document, place, hint=_SEARCHED))
            return None
        errors = [each for each in document.tree.diagnostics if each.severity is Severity.ERROR]
        for each in errors:
            self._report_once(f"{name}:{each.span.start}", each)
        return document

    def _report_once(self, identity: str, diagnostic: Diagnostic) -> None:
        if identity.lower() not in self._unreadable:
            self._unreadable.add(identity.lower())
            self._result.diagnostics.append(diagnostic)

    def _not_there(self, document: Document, reference: Reference) -> None:
        if reference.key in document.tree.broken:
            return
        if reference.span.source is document.tree.source:
            message = f'rule "{reference.name}" is not defined in "{document.name}"'
            self._result.diagnostics.append(finding("ABNF201", message, reference.span))
            return
        near = get_close_matches(reference.key, document.rules, 1)
        self._result.diagnostics.append(
            finding(
                "ABNF205",
                f'document "{document.name}" has no rule "{reference.name}"',
                reference.span,
                hint=f'did you mean "{document.rules[near[0]][0].name}"?' if near else "",
            )
        )

    def _in_circle(self) -> bool:
        """Whether documents import each other in a circle; says so once, at the first import."""
        trail: list[tuple[str, list[Import]]] = [
            (_identity(self._tree), list(reversed(self._tree.imports)))
        ]
        finished: set[str] = set()
        while trail:
            identity, pending = trail[-1]
            if not pending:
                finished.add(identity)
                trail.pop()
                continue
            each = pending.pop()
            document = self._library.document(each.document)
            if isinstance(document, str):
                continue
            target = _identity(document.tree)
            open_ones = [name for name, _ in trail]
            if target in open_ones:
                circle = [Path(name).stem for name in open_ones[open_ones.index(target) :]]
                way = " -> ".join([*circle, Path(target).stem])
                message = f"documents import each other in a circle: {way}"
                self._result.diagnostics.append(
                    finding("ABNF206", message, each.span, hint=_NO_CIRCLE)
                )
                return True
            if target not in finished:
                trail.append((target, list(reversed(document.tree.imports))))
        return False


def clash(newer: RuleDefinition, older: RuleDefinition, document: str) -> Diagnostic:
    """The finding for two different rules of one name."""
    place = older.name_span.position
    return finding(
        "ABNF208",
        f'"{newer.name}" is defined differently in {older.name_span.source.name}:{place.line}',
        newer.name_span,
        hint=f'all rules share one name space, imported ones too (here from "{document}")',
    )


def _names(each: Import, key: str) -> bool:
    return any(name.key == key for name in each.names)


def _identity(tree: SyntaxTree) -> str:
    """One name for one file, by whatever path it was reached."""
    path = Path(tree.source.name)
    return str(path.resolve()) if path.exists() else tree.source.name
