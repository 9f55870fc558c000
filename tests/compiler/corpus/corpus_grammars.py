"""The grammars of the corpus: RFC texts, self-contained ones, and the modules of PyPI `abnf`.

Rules: a grammar is a file and the options `abnfc check` reads it with.  An RFC text is a fragment,
for it leans on other RFCs; it imports what a library of the other texts and modules has.  A
module's imports, which are Python calls, stand as `@import` lines in its file.
"""

from __future__ import annotations

import warnings
from collections import Counter
from collections.abc import Iterable
from dataclasses import dataclass, replace
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
        """The name of the document, as `@import` writes it."""
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
    """The grammar importing from the likeliest document of each missing rule, where it is there."""
    library = Library(grammar.library)
    tree = read_leniently(Source(str(grammar.path), grammar.path.read_text("utf-8")))
    names = wanted(rules_of(tree), core_rules())
    likeliest = {
        key: documents[0] for key, documents in defining_documents(names, grammar.name).items()
    }
    found = Counter(name for key, name in likeliest.items() if has(library, name, key))
    return replace(grammar, imports=tuple(name for name, _ in found.most_common()))


def has(library: Library, name: str, key: str) -> bool:
    """Whether the library has the document, and that the rule."""
    document = library.document(name)
    return not isinstance(document, str) and defines(document, key)


def write_modules(folder: Path) -> list[Path]:
    """The grammar of each class of rules in PyPI `abnf` as a file."""
    import abnf.grammars
    from abnf.parser import Rule

    folder.mkdir(parents=True, exist_ok=True)
    written = []
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        for info in iter_modules(abnf.grammars.__path__):
            module = import_module(f"abnf.grammars.{info.name}")
            for each in vars(module).values():
                own = isinstance(each, type) and each.__module__ == module.__name__
                if own and issubclass(each, Rule) and each.grammar:
                    path = folder / f"{document_name(each)}.abnf"
                    path.write_bytes(module_text(each).encode("utf-8"))
                    written.append(path)
    return sorted(written)


def document_name(rules: type) -> str:
    """`rfc6265` for the class `Rule` of that module, `rfc6265-localrule` for another one."""
    module = rules.__module__.rsplit(".", 1)[-1]
    return module if rules.__name__ == "Rule" else f"{module}-{rules.__name__.lower()}"


def module_text(rules: Any) -> str:
    """The rules of a class after the imports of its decorator."""
    text: str = rules.grammar if isinstance(rules.grammar, str) else "\n".join(rules.grammar)
    lines: list[str] = []
    for here, source in getattr(rules, "_imported_rules", ()):
        there = source.name
        names = here if here.lower() == there.lower() else f"{here}={there}"
        lines.append(f"; @import {document_name(type(source))}: {names}")
    local = [here for here, _ in getattr(rules, "_imported_rules", ())]
    return "\n".join([*lines, without_prose(text, local).strip("\r\n")]) + "\n"


def without_prose(text: str, names: Iterable[str]) -> str:
    """The text without those of the named rules that are prose."""
    keys = {name.lower() for name in names}
    for rule in reversed(read_leniently(Source("", text)).definitions):
        if rule.name.lower() in keys and isinstance(rule.definition, ProseVal):
            text = text[: rule.span.start] + text[rule.span.end :]
    return text
