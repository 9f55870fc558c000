"""The grammars of the corpus: RFC texts, self-contained ones, and the modules of PyPI `abnf`.

Rules: a grammar is a file and the options `abnfc check` reads it with.  An RFC text is a fragment,
for it leans on other RFCs; it imports what a library of the other texts and modules has.  A
module's imports, which are Python calls, stand as `@import` lines and renamed rules in its file.
"""

from __future__ import annotations

import warnings
from collections import Counter
from collections.abc import Iterable
from dataclasses import dataclass
from importlib import import_module
from pathlib import Path
from pkgutil import iter_modules
from typing import Any

from abnf_compiler.checks.examine import Examination, examine
from abnf_compiler.read.reader import read_leniently
from abnf_compiler.resolve.core_rules import core_rules
from abnf_compiler.resolve.library import Library, rules_of
from abnf_compiler.resolve.resolver import UNDEFINED
from abnf_compiler.resolve.wanted import defines, wanted
from abnf_compiler.resolve.well_known import defining_documents
from abnf_compiler.source import Source
from abnf_compiler.tree import ProseVal

RFC_TEXTS, SELF_CONTAINED, MODULES = "RFC texts", "self-contained", "PyPI abnf"


@dataclass(frozen=True, slots=True)
class CorpusGrammar:
    """One file, the set it belongs to, and how it is checked."""

    kind: str
    path: Path
    library: tuple[Path, ...] = ()
    fragment: bool = False
    imports: tuple[str, ...] = ()

    @property
    def name(self) -> str:
        """The name of the document."""
        return self.path.stem

    @property
    def options(self) -> list[str]:
        """The options of `abnfc check`."""
        return [
            *(["--fragment"] if self.fragment else []),
            *(part for folder in self.library for part in ("--library", str(folder))),
            *(part for document in self.imports for part in ("--import", document)),
        ]

    def examined(self) -> Examination:
        """The grammar and its findings, as `abnfc check` with these options has them."""
        return examine(
            Source(str(self.path), self.path.read_bytes().decode("utf-8-sig")),
            library=self.library,
            fragment=self.fragment,
            imports=self.imports,
        )


def corpus_grammars(data: Path, folder: Path) -> list[CorpusGrammar]:
    """Every grammar of the corpus; the files of the modules are written to `folder`."""
    modules = write_modules(folder)
    texts = sorted((data / "rfc-abnf").glob("*.abnf"))
    library = (data / "rfc-abnf", folder)
    return [
        *(with_imports(CorpusGrammar(RFC_TEXTS, path, library, fragment=True)) for path in texts),
        *(
            CorpusGrammar(SELF_CONTAINED, path)
            for path in sorted((data / "strings/grammars").glob("*.abnf"))
        ),
        *(CorpusGrammar(MODULES, path, (folder,)) for path in modules),
    ]


def missing(examination: Examination) -> list[str]:
    """The rules a grammar uses or adds to that nothing defines, sorted without regard to case."""
    rules = examination.grammar.rules.values()
    names = {rule.key: rule.name for rule in rules if rule.origin == UNDEFINED}
    for found in examination.diagnostics:
        if found.code == "ABNF203" and "nothing defines" in found.message:
            names.setdefault(found.span.text.lower(), found.span.text)
    return [names[key] for key in sorted(names)]


def with_imports(grammar: CorpusGrammar) -> CorpusGrammar:
    """The grammar importing from the documents of its library that well-known rules lead to.

    Left out are documents that bring two rules of one name, for then nobody knows which is meant.
    """
    library = Library(grammar.library)
    tree = read_leniently(Source(str(grammar.path), grammar.path.read_text("utf-8")))
    names = wanted(rules_of(tree), core_rules())
    votes: Counter[str] = Counter()
    for key, documents in defining_documents(names, grammar.name).items():
        votes.update(next(([each] for each in documents if has(library, each, key)), []))
    chosen: tuple[str, ...] = ()
    for document, _ in votes.most_common():
        tried = CorpusGrammar(
            grammar.kind, grammar.path, grammar.library, grammar.fragment, (*chosen, document)
        )
        if not any(found.code == "ABNF208" for found in tried.examined().diagnostics):
            chosen = tried.imports
    return CorpusGrammar(grammar.kind, grammar.path, grammar.library, grammar.fragment, chosen)


def has(library: Library, name: str, key: str) -> bool:
    """Whether the library has the document, and that the rule."""
    document = library.document(name)
    return not isinstance(document, str) and defines(document, key)


def write_modules(folder: Path) -> list[Path]:
    """The grammar of each module of PyPI `abnf` as a file."""
    import abnf.grammars

    folder.mkdir(parents=True, exist_ok=True)
    written = []
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        for module in iter_modules(abnf.grammars.__path__):
            rule: Any = import_module(f"abnf.grammars.{module.name}").Rule
            if rule.grammar:
                path = folder / f"{module.name}.abnf"
                path.write_bytes(module_text(module.name, rule).encode("utf-8"))
                written.append(path)
    return written


def module_text(name: str, rule: Any) -> str:  # noqa: ANN401  # a class of an untyped package
    """The rules of a module after the imports of its decorator."""
    text: str = rule.grammar if isinstance(rule.grammar, str) else "\n".join(rule.grammar)
    lines: list[str] = []
    renamed: dict[str, str] = {}
    for local, source in getattr(rule, "_imported_rules", ()):
        document = type(source).__module__.rsplit(".", 1)[-1]
        if document != name:
            lines.append(f"; @import {document}: {source.name}")
        if local.lower() != source.name.lower():
            renamed[local] = source.name
    text = without_prose(text, renamed)
    lines += [text.strip("\r\n"), *(f"{local} = {other}" for local, other in renamed.items())]
    return "\n".join(lines) + "\n"


def without_prose(text: str, names: Iterable[str]) -> str:
    """The text without those of the named rules that are prose."""
    keys = {name.lower() for name in names}
    for rule in reversed(read_leniently(Source("", text)).definitions):
        if rule.name.lower() in keys and isinstance(rule.definition, ProseVal):
            text = text[: rule.span.start] + text[rule.span.end :]
    return text
