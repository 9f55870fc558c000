"""Follows `@import` through the documents of a library.

Rules: an imported rule brings every rule it needs of its document along, and what that document
imports for it.  Names asked for are those of the importing text; what comes along keeps its name,
unless another rule has that name already: then it is called `document--name`, and the rules of
its document find it there.  Documents that import each other in a circle are an error even where
no rule is circular.
"""

from __future__ import annotations

from collections import deque
from collections.abc import Callable, Container, Iterator, Sequence
from dataclasses import dataclass, field, replace
from difflib import get_close_matches
from typing import Final

from abnf_compiler.diagnostics import Diagnostic, Severity, finding
from abnf_compiler.read.syntax_tree import SyntaxTree
from abnf_compiler.resolve.circle import import_circle
from abnf_compiler.resolve.library import Document, Library, rules_of
from abnf_compiler.resolve.walk import leaves_replaced, references
from abnf_compiler.resolve.wanted import defines
from abnf_compiler.source import Span
from abnf_compiler.tree import Node, ProseVal, Reference, RuleDefinition

_SEARCHED: Final = "put it into borrowed/ beside the file, or name its folder by --library"


@dataclass(frozen=True, slots=True)
class Imported:
    """One imported rule: its name here, the document it came from, its definitions in order."""

    name: str
    document: str
    definitions: tuple[RuleDefinition, ...]


@dataclass(slots=True)
class Imports:
    """What the imports of a grammar bring.

    rules: by lower-case name, in the order they were needed. missing: names that an import should
    have brought; nobody need call them undefined.
    """

    rules: dict[str, Imported] = field(default_factory=dict)
    missing: set[str] = field(default_factory=set)
    diagnostics: list[Diagnostic] = field(default_factory=list)


def follow_imports(
    tree: SyntaxTree,
    library: Library,
    core: Container[str],
    *,
    also: Sequence[str] = (),
    fragment: bool = False,
) -> Imports:
    """The rules that the imports of `tree` bring, and what is wrong with them.

    also: documents that lend a rule to any document that lacks it.
    fragment: a rule that an imported document lacks is a warning.
    """
    return _Follower(tree, library, core, also, fragment).follow()


@dataclass(frozen=True, slots=True)
class _Home:
    """A rule where it is defined: the document, its name there, and its definitions.

    Each definition has the document it stands in, for "=/" may stand in another one.
    """

    document: str
    key: str
    found: tuple[tuple[Document, RuleDefinition], ...] = field(compare=False)

    @property
    def definitions(self) -> tuple[RuleDefinition, ...]:
        return tuple(definition for _, definition in self.found)

    @property
    def closed(self) -> bool:
        """Whether it refers to nothing, so that equal texts are equal rules."""
        return not any(True for each in self.definitions for _ in references(each.definition))


@dataclass(frozen=True, slots=True)
class _Need:
    """A rule to take from a document, who asks for it, and the name asked for; "" for its own."""

    document: str
    reference: Reference
    here: Reference | None = None


class _Follower:
    """Takes rules from documents until nothing is needed; a queue, no recursion."""

    def __init__(
        self,
        tree: SyntaxTree,
        library: Library,
        core: Container[str],
        also: Sequence[str],
        fragment: bool,
    ) -> None:
        self._tree = tree
        self._library = library
        self._core = core
        self._also = also
        self._fragment = fragment
        self._result = Imports()
        self._unreadable: set[str] = set()
        self._own = {
            key: definitions
            for key, definitions in rules_of(tree).items()
            if any(_says_what(each) for each in definitions)
        }
        self._asked = {name.key for each in tree.imports for name in each.names}
        self._homes: dict[str, _Home] = {}
        self._names: dict[_Home, str] = {}
        self._places = {each.document.lower(): each.span for each in reversed(tree.imports)}

    def follow(self) -> Imports:
        """Follow all imports of the tree."""
        circle = import_circle(self._tree, self._library)
        if circle is not None:
            self._result.diagnostics.append(circle)
            self._result.missing.update(self._asked)
            return self._result
        queue = deque(self._asked_for())
        seen: set[tuple[str, str, str]] = set()
        while queue:
            need = queue.popleft()
            here = need.here.key if need.here else ""
            identity = (need.document.lower(), need.reference.key, here)
            if identity not in seen:
                seen.add(identity)
                home = self._take(need)
                queue += self._needs_of(home) if home else ()
        for key, home in self._homes.items():
            self._result.rules[key] = self._imported(key, home)
        return self._result

    def _asked_for(self) -> Iterator[_Need]:
        for each in self._tree.imports:
            for name in each.names:
                yield _Need(each.document, each.source(name.key) or name, name)

    def _take(self, need: _Need) -> _Home | None:
        """Find one rule and give it a name; None when it brings nothing new."""
        place = self._places.get(need.document.lower()) or need.reference.span
        key = need.here.key if need.here else need.reference.key
        document = self._document(need.document, place)
        if document is None:
            self._result.missing.add(key)
            return None
        home = self._home(document, need.reference.key)
        if home is None:
            if need.reference.key not in self._core or key != need.reference.key:
                self._result.missing.add(key)
                self._not_there(document, need.reference)
            return None
        if need.here is not None:
            return self._named(home, key)
        if home in self._names:
            return None
        if key in self._own or key in self._asked or key in self._homes:
            if self._same(home, key):
                self._names[home] = key
                return None
            key = f"{home.document}--{key}"
        return self._named(home, key)

    def _named(self, home: _Home, key: str) -> _Home | None:
        """Take a rule up under a name; two rules cannot both be asked for by it."""
        known = self._homes.get(key)
        if known is None:
            self._homes[key] = home
            self._names.setdefault(home, key)
            return home
        if known != home and not self._same(home, key):
            self._result.diagnostics.append(
                clash(home.definitions[0], known.definitions[0], home.document)
            )
        self._names.setdefault(home, key)
        return None

    def _same(self, home: _Home, key: str) -> bool:
        """Whether the rule that has the name `key` already is the same, whoever defines it."""
        known = self._homes[key].definitions if key in self._homes else self._own.get(key, ())
        return home.closed and [each.definition for each in known] == [
            each.definition for each in home.definitions
        ]

    def _needs_of(self, home: _Home) -> Iterator[_Need]:
        for stands_in, definition in home.found:
            for reference in references(definition.definition):
                document = self._source_of(stands_in, reference.key)
                if document:
                    yield _Need(document, reference)

    def _imported(self, key: str, home: _Home) -> Imported:
        """The rule under its name here, its references under theirs."""
        definitions = tuple(
            replace(each, definition=leaves_replaced(each.definition, self._renaming(stands_in)))
            for stands_in, each in home.found
        )
        original = home.definitions[0].name
        return Imported(original if key == home.key else key, home.document, definitions)

    def _renaming(self, document: Document) -> Callable[[Node], Node]:
        def renamed(leaf: Node) -> Node:
            if not isinstance(leaf, Reference):
                return leaf
            source = self._source_of(document, leaf.key)
            found = self._library.document(source) if source else ""
            home = None if isinstance(found, str) else self._home(found, leaf.key)
            name = self._names.get(home, leaf.key) if home else leaf.key
            return leaf if name == leaf.key else replace(leaf, name=name)

        return renamed

    def _home(self, document: Document, key: str) -> _Home | None:
        """The rule as `document` knows it; one that it imports, or adds to, begins elsewhere."""
        found: list[tuple[Document, RuleDefinition]] = []
        at: Document | None = document
        while at is not None:
            own = at.rules.get(key, ())
            found[:0] = [(at, definition) for definition in own]
            if any(not each.incremental for each in own):
                break
            way = next(
                ((each, there) for each in at.tree.imports if (there := each.source(key))), None
            )
            if way is None:
                at = self._lender(key, at)
            else:
                at, key = self._document(way[0].document, way[0].span), way[1].key
        return _Home(found[0][0].name, key, tuple(found)) if found else None

    def _lender(self, key: str, borrower: Document) -> Document | None:
        """The first document that lends a rule to every other one."""
        for name in self._also:
            document = self._library.document(name)
            if isinstance(document, str) or document is borrower:
                continue
            if defines(document, key):
                return document
        return None

    def _source_of(self, document: Document, key: str) -> str:
        """The document that a reference within `document` leads to; "" for a core rule."""
        if key in document.rules or any(each.source(key) for each in document.tree.imports):
            return document.name
        if key in self._core:
            return ""
        lender = self._lender(key, document)
        return lender.name if lender else document.name

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
            found = finding("ABNF201", message, reference.span)
            mild = replace(found, severity=Severity.WARNING) if self._fragment else found
            self._result.diagnostics.append(mild)
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


def _says_what(definition: RuleDefinition) -> bool:
    """Whether a definition is more than prose, or alternatives for the rule of another text."""
    return not definition.incremental and not isinstance(definition.definition, ProseVal)


def clash(newer: RuleDefinition, older: RuleDefinition, document: str) -> Diagnostic:
    """The finding for two different rules of one name."""
    place = older.name_span.position
    return finding(
        "ABNF208",
        f'"{newer.name}" is defined differently in {older.name_span.source.name}:{place.line}',
        newer.name_span,
        hint=f"import one under another name: ; @import {document}: other-name={newer.name}",
    )
