"""Syntax tree to grammar: definitions merged, imports and core rules found, every name checked.

Rules: own rules first in file order, then imported ones, then the core rules that are used; names
compare without case. `<name>` of a known rule is that rule (RFC 5234, Section 2.1, allows angle
brackets around a name), and a rule that is prose only gives way to an import of its name. A rule
that was not found becomes prose of origin "undefined", so that every reference leads somewhere;
only a fragment is handed out in that state.
"""

from __future__ import annotations

import re
from collections import deque
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, replace
from difflib import get_close_matches
from pathlib import Path
from typing import Final

from abnf_compiler.diagnostics import (
    Diagnostic,
    GrammarError,
    Severity,
    finding,
    has_errors,
    in_order,
)
from abnf_compiler.read.syntax_tree import SyntaxTree
from abnf_compiler.resolve.core_rules import core_rules, restates_core
from abnf_compiler.resolve.imports import Imported, Imports, clash, follow_imports
from abnf_compiler.resolve.library import Library, rules_of
from abnf_compiler.resolve.prose import prose_bound, prose_key
from abnf_compiler.resolve.walk import leaves_replaced, references, subnodes
from abnf_compiler.resolve.wanted import wanted, with_imports
from abnf_compiler.resolve.well_known import defining_documents, rfc_number
from abnf_compiler.source import Span
from abnf_compiler.tree import (
    Alternation,
    Node,
    ProseVal,
    Reference,
    ResolvedGrammar,
    Rule,
    RuleDefinition,
)

UNDEFINED: Final = "undefined"  # origin of a rule that was not found
_CORE_SOURCE: Final = re.compile(r"RFC ?(?:2234|4234|5234)\b")


def resolve(
    tree: SyntaxTree, *, library: Iterable[Path | str] = (), fragment: bool = False
) -> ResolvedGrammar:
    """The grammar of a tree.

    library: directories of documents for `@import`, in the order they are searched.
    fragment: rules that are not found are prose, not errors.

    Raises:
        GrammarError: a name is unknown, or defined twice.
    """
    resolution = resolve_leniently(tree, Library(library), fragment=fragment)
    if has_errors(resolution.diagnostics):
        raise GrammarError(resolution.diagnostics)
    return resolution.grammar


@dataclass(frozen=True, slots=True)
class Resolution:
    """A grammar, and what was found while its names were looked up."""

    grammar: ResolvedGrammar
    diagnostics: tuple[Diagnostic, ...]


def resolve_leniently(
    tree: SyntaxTree, library: Library, *, fragment: bool = False, imports: Sequence[str] = ()
) -> Resolution:
    """The grammar as far as it can be had, whatever is wrong with it.

    imports: documents of the library to take from whatever the tree uses and does not define.
    """
    return _Resolver(tree, library, fragment, imports).resolution()


class _Resolver:
    def __init__(
        self, tree: SyntaxTree, library: Library, fragment: bool, also: Sequence[str]
    ) -> None:
        self._core = core_rules()
        self._tree, found = with_imports(tree, library, also, self._core)
        self._library = library
        self._fragment = fragment
        self._also = also
        self._found: list[Diagnostic] = list(found)
        self._rules: dict[str, Rule] = {}
        self._sources: Mapping[str, tuple[str, ...]] | None = None

    def resolution(self) -> Resolution:
        """Own rules, imported rules, core rules; then every name is looked up."""
        imports = follow_imports(
            self._tree, self._library, self._core, also=self._also, fragment=self._fragment
        )
        self._found += imports.diagnostics
        own = rules_of(self._tree)
        for key, definitions in own.items():
            self._rules[key] = self._own_rule(definitions, imports)
        for key, imported in imports.rules.items():
            if key not in own:
                self._rules[key] = self._imported_rule(imported)
        self._core_restated()
        self._look_up(imports)
        self._read_names_in_brackets()
        bindings = {prose_key(text): name for text, name in self._tree.annotations.prose}
        self._rules = prose_bound(self._rules, bindings)
        grammar = ResolvedGrammar(
            self._tree.source.name, self._tree.source.text, self._rules, self._tree.annotations
        )
        return Resolution(grammar, in_order(self._found))

    def _own_rule(self, definitions: tuple[RuleDefinition, ...], imports: Imports) -> Rule:
        """The rule of one name: its base, own or not, and everything "=/" adds."""
        first, key = definitions[0], definitions[0].name.lower()
        kept = self._kept(definitions)
        imported = imports.rules.get(key)
        if imported is not None and all(_is_prose(each) for each in kept):
            return self._imported_rule(imported)
        if key in self._core and all(_names_core_source(each) for each in kept):
            return _core_rule(self._core[key])
        if imported is not None and not kept[0].incremental:
            if _merged(kept) != _merged(imported.definitions):
                self._found.append(clash(first, imported.definitions[0], imported.document))
        elif imported is not None:
            kept = (*imported.definitions, *kept)
        elif kept[0].incremental and key in self._core:
            kept = (self._core[key], *kept)
        elif first.incremental and key not in imports.missing | self._tree.broken:
            self._no_base(first, kept[0])
        return Rule(first.name, _merged(kept), "", kept)

    def _imported_rule(self, imported: Imported) -> Rule:
        kept = self._kept(imported.definitions)
        return Rule(imported.name, _merged(kept), imported.document, kept)

    def _kept(self, definitions: tuple[RuleDefinition, ...]) -> tuple[RuleDefinition, ...]:
        """One definition with "=" if there is one, then those with "=/"."""
        bases = [each for each in definitions if not each.incremental]
        for another in bases[1:]:
            place = bases[0].name_span.position
            self._found.append(
                finding(
                    "ABNF202",
                    f'rule "{another.name}" is defined twice, first in line {place.line}',
                    another.name_span,
                    hint='take one of them out, or write "=/" to add alternatives',
                )
            )
        return (*bases[:1], *(each for each in definitions if each.incremental))

    def _no_base(self, first: RuleDefinition, base: RuleDefinition) -> None:
        if base.incremental:
            message = f'"=/" adds to rule "{first.name}", which nothing defines'
            hint = self._where(first.name) or 'write "=" in the first definition'
        else:
            line = base.name_span.position.line
            message = f'"=/" adds to rule "{first.name}" before its definition in line {line}'
            hint = 'write the definition with "=" first'
        found = finding("ABNF203", message, first.name_span, hint=hint)
        self._found.append(self._mild(found) if base.incremental else found)

    def _mild(self, found: Diagnostic) -> Diagnostic:
        """What is missing is an error, but not in a fragment."""
        return replace(found, severity=Severity.WARNING) if self._fragment else found

    def _core_restated(self) -> None:
        """Own and imported rules with the name of a core rule should mean the same."""
        nodes = {key: rule.definition for key, rule in self._rules.items()}
        for key in self._rules.keys() & self._core.keys():
            rule = self._rules[key]
            same_text = rule.definitions[0].definition == self._core[key].definition
            if not same_text and not restates_core(key, rule.definition, nodes):
                self._found.append(
                    finding(
                        "ABNF209",
                        f'core rule "{rule.name}" is defined differently here',
                        rule.definitions[0].name_span,
                        hint="give the rule another name (RFC 5234, Appendix B.1)",
                    )
                )

    def _look_up(self, imports: Imports) -> None:
        """Find every name that rules and annotations use; core rules come in as they are used."""
        known = set(self._rules) | imports.missing | self._tree.broken
        pending = deque(self._rules.values())
        used: list[Reference] = []
        core_used: set[str] = set()
        while pending:
            rule = pending.popleft()
            for reference in references(rule.definition):
                used.append(reference)
                if reference.key in self._core and reference.key not in known | core_used:
                    core_used.add(reference.key)
                    pending.append(_core_rule(self._core[reference.key]))
        for reference in self._tree.mentions:
            if reference.key in self._core and reference.key not in known:
                core_used |= self._core_closure(reference.key) - known
        for key in self._core_in_brackets() - known:
            core_used |= self._core_closure(key) - known
        for key in self._core:
            if key in core_used:
                self._rules[key] = _core_rule(self._core[key])
        self._report_undefined(used, known | core_used)
        for name in sorted(imports.missing | self._tree.broken):
            if name not in self._rules:
                self._rules[name] = _undefined_rule(name, Span(self._tree.source, 0, 0))

    def _core_in_brackets(self) -> set[str]:
        """The core rules that are named as prose, `<CRLF>`."""
        nodes = (node for rule in self._rules.values() for node in subnodes(rule.definition))
        named = {node.text.strip().lower() for node in nodes if isinstance(node, ProseVal)}
        return named & self._core.keys()

    def _core_closure(self, key: str) -> set[str]:
        """A core rule and the core rules it needs."""
        closure, pending = set[str](), [key]
        while pending:
            each = pending.pop()
            if each not in closure:
                closure.add(each)
                pending += [name.key for name in references(self._core[each].definition)]
        return closure

    def _report_undefined(self, used: Iterable[Reference], known: set[str]) -> None:
        """Each undefined name once, where it is first used; unknown names in annotations."""
        undefined: dict[str, Reference] = {}
        for reference in used:
            if reference.key not in known:
                undefined.setdefault(reference.key, reference)
        for key, reference in undefined.items():
            message = f'rule "{reference.name}" is not defined'
            hint = self._where(reference.name) or "define it, or import it by ; @import"
            self._found.append(self._mild(finding("ABNF201", message, reference.span, hint=hint)))
            self._rules[key] = _undefined_rule(reference.name, reference.span)
        for reference in self._tree.mentions:
            if reference.key not in known and reference.key not in undefined:
                message = f'there is no rule "{reference.name}"'
                hint = self._where(reference.name)
                self._found.append(finding("ABNF207", message, reference.span, hint=hint))

    def _where(self, name: str) -> str:
        """Where an undefined rule may be found: a document of the library, or a near name."""
        documents = self._library.defining(name.lower())
        if documents:
            others = f" (also in {', '.join(documents[1:4])})" if documents[1:] else ""
            return f"add: ; @import {documents[0]}: {name}{others}"
        known = self._well_known(name)
        if known:
            return known
        spelled = {key: rule.name for key, rule in self._rules.items()}
        spelled |= {key: each.name for key, each in self._core.items()}
        near = get_close_matches(name.lower(), spelled, 1, 0.8)
        return f'did you mean "{spelled[near[0]]}"?' if near else ""

    def _well_known(self, name: str) -> str:
        """The RFCs that define a rule, as far as they are known; empty for none."""
        if self._sources is None:
            names = wanted(rules_of(self._tree), self._core)
            self._sources = defining_documents(names, self._tree.source.name)
        documents = self._sources.get(name.lower(), ())
        if not documents:
            return ""
        first, *others = (f"RFC {rfc_number(each)}" for each in documents[:3])
        also = f" ({' and '.join(others)} too)" if others else ""
        return (
            f"{first} defines it{also}; with that grammar in a --library directory add: "
            f"; @import {documents[0]}: {name}"
        )

    def _read_names_in_brackets(self) -> None:
        """`<name>` is rule `name` where there is one."""

        names = {key for key, rule in self._rules.items() if rule.origin != UNDEFINED}
        for key in names:
            others = names - {key}

            def known(leaf: Node, others: set[str] = others) -> Node:
                if not isinstance(leaf, ProseVal) or leaf.text.strip().lower() not in others:
                    return leaf
                return Reference(leaf.text.strip(), leaf.span)

            rule = self._rules[key]
            definition = leaves_replaced(rule.definition, known)
            if definition is not rule.definition:
                self._rules[key] = replace(rule, definition=definition)


def _merged(definitions: tuple[RuleDefinition, ...]) -> Node:
    """One definition of several: their alternatives in order (RFC 5234, Section 3.3)."""
    if len(definitions) == 1:
        return definitions[0].definition
    items: list[Node] = []
    for each in definitions:
        node = each.definition
        items += node.items if isinstance(node, Alternation) else (node,)
    return Alternation(tuple(items), definitions[0].definition.span)


def _is_prose(definition: RuleDefinition) -> bool:
    return isinstance(definition.definition, ProseVal)


def _names_core_source(definition: RuleDefinition) -> bool:
    """Whether a rule is prose that sends the reader to the core rules, or what they replaced."""
    prose = definition.definition
    return isinstance(prose, ProseVal) and _CORE_SOURCE.search(prose.text) is not None


def _core_rule(definition: RuleDefinition) -> Rule:
    return Rule(definition.name, definition.definition, "core", (definition,))


def _undefined_rule(name: str, span: Span) -> Rule:
    return Rule(name, ProseVal(name, span), UNDEFINED, ())
