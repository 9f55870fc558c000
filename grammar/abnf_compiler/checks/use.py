"""Rules, imports and captures that nothing uses.

Rule: a rule is used when a start rule reaches it. A grammar without `@start` says nothing about
its entry points, so nothing in it is unused.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from difflib import get_close_matches

from abnf_compiler.diagnostics import Diagnostic, finding
from abnf_compiler.read.syntax_tree import SyntaxTree
from abnf_compiler.resolve.prose import prose_key
from abnf_compiler.resolve.walk import references, subnodes
from abnf_compiler.tree import ProseVal, ResolvedGrammar


def check_use(grammar: ResolvedGrammar, tree: SyntaxTree | None) -> Iterator[Diagnostic]:
    """ABNF301, ABNF305, ABNF306 and ABNF309."""
    yield from _unused_rules(grammar)
    if tree is not None:
        yield from _unused_imports(grammar, tree)
        yield from _unreached_captures(grammar, tree)
        yield from _unused_prose(grammar, tree)


def reached(grammar: ResolvedGrammar, roots: Iterable[str]) -> set[str]:
    """The rules (lower case) that `roots` lead to, `roots` included."""
    found: set[str] = set()
    pending = [root for root in roots if root in grammar.rules]
    while pending:
        key = pending.pop()
        if key not in found:
            found.add(key)
            pending += [name.key for name in references(grammar.rules[key].definition)]
    return found


def _unused_rules(grammar: ResolvedGrammar) -> Iterator[Diagnostic]:
    starts = grammar.annotations.starts
    if not any(start in grammar.rules for start in starts):
        return
    used = reached(grammar, starts)
    for rule in grammar.own_rules():
        if rule.key not in used:
            yield finding(
                "ABNF301",
                f'no start rule reaches "{rule.name}"',
                rule.definitions[0].name_span,
                hint=f"take the rule out, or add: ; @start {rule.name}",
            )


def _unused_imports(grammar: ResolvedGrammar, tree: SyntaxTree) -> Iterator[Diagnostic]:
    used = {name.key for name in tree.mentions} | tree.broken
    for rule in grammar.own_rules():
        used |= {name.key for name in references(rule.definition)}
        used |= {rule.key}
    for each in tree.imports:
        for name in each.names:
            if name.key not in used and not tree.broken:
                message = f'"{name.name}" is imported but not used'
                yield finding("ABNF305", message, name.span, hint="take the name out")


def _unreached_captures(grammar: ResolvedGrammar, tree: SyntaxTree) -> Iterator[Diagnostic]:
    for rule, items in tree.captures:
        if rule.key not in grammar.rules or tree.broken:
            continue
        definition = grammar.rules[rule.key].definition
        below = reached(grammar, (name.key for name in references(definition)))
        for item in items:
            if item.key in grammar.rules and item.key not in below:
                message = f'rule "{rule.name}" never reaches "{item.name}"'
                yield finding("ABNF306", message, item.span, hint="nothing is captured for it")


def _unused_prose(grammar: ResolvedGrammar, tree: SyntaxTree) -> Iterator[Diagnostic]:
    """A binding holds for the prose of imported rules, too."""
    held = {
        prose_key(node.text): node.text
        for rule in grammar.rules.values()
        for definition in rule.definitions
        for node in subnodes(definition.definition)
        if isinstance(node, ProseVal)
    }
    for each in tree.prose:
        if prose_key(each.text) not in held and not tree.broken:
            near = get_close_matches(prose_key(each.text), held, 1)
            hint = f"there is <{held[near[0]]}>" if near else "take the line out"
            yield finding("ABNF309", f"no rule says <{each.text}>", each.span, hint=hint)
