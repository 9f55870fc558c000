"""What a text uses and does not define, and the imports that bring it from named documents.

Rule: only a document that the caller names is asked, and only for rules it defines itself: a rule
of prose, or one that is only added to there, is no definition.
"""

from __future__ import annotations

from collections.abc import Container, Iterable, Mapping, Sequence
from dataclasses import replace

from abnf_compiler.diagnostics import Diagnostic, finding
from abnf_compiler.read.annotations import Import
from abnf_compiler.read.syntax_tree import SyntaxTree
from abnf_compiler.resolve.library import Document, Library, rules_of
from abnf_compiler.resolve.walk import references
from abnf_compiler.source import Span
from abnf_compiler.tree import ProseVal, Reference, RuleDefinition


def wanted(
    own: Mapping[str, Sequence[RuleDefinition]], known: Container[str]
) -> dict[str, Reference]:
    """The names that `own` rules use, or add to, and neither they nor `known` define.

    By lower-case name, each where it is first used.
    """
    found: dict[str, Reference] = {}
    for key, definitions in own.items():
        if key not in known and all(each.incremental for each in definitions):
            found.setdefault(key, Reference(definitions[0].name, definitions[0].name_span))
        for definition in definitions:
            for reference in references(definition.definition):
                if reference.key not in own and reference.key not in known:
                    found.setdefault(reference.key, reference)
    return found


def defines(document: Document, key: str) -> bool:
    """Whether a document defines a rule (lower case) itself, in ABNF."""
    return any(
        not each.incremental and not isinstance(each.definition, ProseVal)
        for each in document.rules.get(key, ())
    )


def with_imports(
    tree: SyntaxTree, library: Library, documents: Iterable[str], core: Container[str]
) -> tuple[SyntaxTree, tuple[Diagnostic, ...]]:
    """The tree, importing whatever it wants of `documents`; the first that defines a rule counts.

    What the text imports itself stays.  The findings are about documents that are not there.
    """
    asked = {name.key for each in tree.imports for name in each.names}
    left = {key: name for key, name in wanted(rules_of(tree), core).items() if key not in asked}
    imports = list(tree.imports)
    found: list[Diagnostic] = []
    start = Span(tree.source, 0, 0)
    for name in documents:
        document = library.document(name)
        if isinstance(document, str):
            found.append(finding("ABNF204", document, start))
            continue
        names = [left.pop(key) for key in tuple(left) if defines(document, key)]
        if names:
            imports.append(Import(document.name, tuple(names), names[0].span))
    return replace(tree, imports=tuple(imports)), tuple(found)
