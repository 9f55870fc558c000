"""Documents that import each other in a circle."""

from __future__ import annotations

from pathlib import Path
from typing import Final

from abnf_compiler.diagnostics import Diagnostic, finding
from abnf_compiler.read.annotations import Import
from abnf_compiler.read.syntax_tree import SyntaxTree
from abnf_compiler.resolve.library import Library

_NO_CIRCLE: Final = "let one of them define what the other imports"


def import_circle(tree: SyntaxTree, library: Library) -> Diagnostic | None:
    """The finding for the first circle that the imports of `tree` lead to (ABNF206)."""
    trail: list[tuple[str, list[Import]]] = [(_identity(tree), list(reversed(tree.imports)))]
    finished: set[str] = set()
    while trail:
        identity, pending = trail[-1]
        if not pending:
            finished.add(identity)
            trail.pop()
            continue
        each = pending.pop()
        document = library.document(each.document)
        if isinstance(document, str):
            continue
        target = _identity(document.tree)
        open_ones = [name for name, _ in trail]
        if target in open_ones:
            circle = [Path(name).stem for name in open_ones[open_ones.index(target) :]]
            way = " -> ".join([*circle, Path(target).stem])
            message = f"documents import each other in a circle: {way}"
            return finding("ABNF206", message, each.span, hint=_NO_CIRCLE)
        if target not in finished:
            trail.append((target, list(reversed(document.tree.imports))))
    return None


def _identity(tree: SyntaxTree) -> str:
    """One name for one file, by whatever path it was reached."""
    path = Path(tree.source.name)
    return str(path.resolve()) if path.exists() else tree.source.name
