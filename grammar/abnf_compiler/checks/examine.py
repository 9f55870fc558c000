"""Everything there is to say about one text: read, resolved and checked in one go."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from pathlib import Path

from abnf_compiler.checks import check
from abnf_compiler.diagnostics import Diagnostic, in_order
from abnf_compiler.read.reader import read_leniently
from abnf_compiler.read.syntax_tree import SyntaxTree
from abnf_compiler.resolve.library import Library
from abnf_compiler.resolve.resolver import resolve_leniently
from abnf_compiler.source import Source
from abnf_compiler.tree import ResolvedGrammar


@dataclass(frozen=True, slots=True)
class Examination:
    """A text with all findings; the grammar is sound only where none is an error."""

    tree: SyntaxTree
    grammar: ResolvedGrammar
    diagnostics: tuple[Diagnostic, ...]


def examine(
    source: Source,
    *,
    library: Iterable[Path | str] = (),
    fragment: bool = False,
    imports: Sequence[str] = (),
) -> Examination:
    """Read, resolve and check `source`, whatever is wrong with it.

    library: directories of documents for `@import`, in the order they are searched.
    imports: documents to take from whatever the text uses and does not define.
    """
    tree = read_leniently(source)
    resolution = resolve_leniently(tree, Library(library), fragment=fragment, imports=imports)
    found = [*tree.diagnostics, *resolution.diagnostics, *check(resolution.grammar, tree)]
    return Examination(tree, resolution.grammar, in_order(found))
