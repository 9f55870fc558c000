"""ABNF text to syntax tree, by Lark and the grammar in abnf.lark.

Rules: every rule of the text is read alone, so that one run reports every broken rule; a broken
rule leaves its name behind, so that nobody calls it undefined. No text makes the reader raise
anything but `GrammarError`: nesting is bounded, and nothing here recurses.
"""

from __future__ import annotations

from copy import copy
from functools import cache
from pathlib import Path
from typing import Final

from lark import Lark, Token, Tree
from lark.exceptions import UnexpectedCharacters, UnexpectedInput, UnexpectedToken
from lark.parsers.lalr_interactive_parser import InteractiveParser

from abnf_compiler.diagnostics import Diagnostic, GrammarError, finding, has_errors, in_order
from abnf_compiler.read.annotations import read_annotations
from abnf_compiler.read.build import NodeBuilder, Part, Placed, too_deep
from abnf_compiler.read.mistakes import explain
from abnf_compiler.read.split import MAX_NESTING, Block, split_rules
from abnf_compiler.read.syntax_tree import SyntaxTree
from abnf_compiler.source import Source, Span
from abnf_compiler.tree import RuleDefinition

_A_RULE: Final = 'a rule is "name = elements", its name at the margin'
_GRAMMAR: Final = Path(__file__).with_name("abnf.lark")


def read_grammar(source: Source) -> SyntaxTree:
    """Read a grammar.

    RFC 5234, Section 4; RFC 7405, Section 2.1; annotations: grammar/README.md.

    Raises:
        GrammarError: the text is not ABNF; it carries one finding for each broken rule.
    """
    tree = read_leniently(source)
    if has_errors(tree.diagnostics):
        raise GrammarError(tree.diagnostics)
    return tree


def read_leniently(source: Source) -> SyntaxTree:
    """Read what can be read; `diagnostics` of the tree says what cannot."""
    blocks, margins = split_rules(source)
    annotations = read_annotations(source)
    found: list[Diagnostic] = [*margins, *annotations.diagnostics]
    definitions: list[RuleDefinition] = []
    broken: set[str] = set()
    for block in blocks:
        definition, problems = _read_rule(source, block)
        found += problems
        if definition is None:
            broken.add(block.name.lower())
        else:
            definitions.append(definition)
    if not blocks:
        place = Span(source, 0, 0)
        found.append(finding("ABNF112", "the grammar holds no rule", place, hint=_A_RULE))
    return SyntaxTree(
        source,
        tuple(definitions),
        annotations.annotations,
        annotations.imports,
        annotations.mentions,
        annotations.captures,
        annotations.examples,
        annotations.prose,
        frozenset(broken - {""}),
        in_order(found),
    )


@cache
def _parser() -> Lark:
    return Lark(
        _GRAMMAR.read_text(encoding="utf-8"),
        start="rule",
        parser="lalr",
        lexer="contextual",
        propagate_positions=True,
        maybe_placeholders=False,
    )


def _read_rule(source: Source, block: Block) -> tuple[RuleDefinition | None, list[Diagnostic]]:
    """The definition in one block, or what is wrong with it."""
    if block.nesting > MAX_NESTING:
        return None, [too_deep(Span(source, block.start, block.start + len(block.name)))]
    text = source.text[block.start : block.end]
    try:
        tree = _parser().parse(text)
    except UnexpectedInput:
        return None, [_syntax_error(source, block, text)]
    name, defined_as, elements = tree.children
    assert isinstance(name, Token)
    assert isinstance(defined_as, Token)
    assert isinstance(elements, Tree)
    builder = NodeBuilder(source)
    placed = _built(elements, builder, source, block.start)
    if builder.found:
        return None, builder.found
    definition = RuleDefinition(
        str(name),
        defined_as == "=/",
        placed.node,
        _span(name, source, block.start),
        Span(source, block.start, block.end),
        "\n".join(block.comments),
    )
    return definition, []


def _built(tree: Tree[Token], builder: NodeBuilder, source: Source, base: int) -> Placed:
    """The node of a Lark tree, bottom up with a stack of our own."""
    parts: list[Part] = []
    pending: list[tuple[Tree[Token] | Token, bool]] = [(tree, False)]
    while pending:
        each, ready = pending.pop()
        if isinstance(each, Token):
            parts.append(_span(each, source, base))
        elif not ready:
            pending.append((each, True))
            pending += [(child, False) for child in reversed(each.children)]
        else:
            first = len(parts) - len(each.children)
            extent = Span(source, base + each.meta.start_pos, base + each.meta.end_pos)
            parts[first:] = [builder.make(each.data, parts[first:], extent)]
    (placed,) = parts
    assert isinstance(placed, Placed)
    return placed


def _span(token: Token, source: Source, base: int) -> Span:
    start = base + (token.start_pos or 0)
    return Span(source, start, start + len(token))


def _syntax_error(source: Source, block: Block, text: str) -> Diagnostic:
    """Read the rule again, step by step, to learn what could stand where reading stopped."""
    parser = _parser().parse_interactive(text)
    before: InteractiveParser = parser
    given: Token | None = None
    position = len(text)
    try:
        for token in parser.iter_parse():  # takes a token up when it is asked for the next one
            before, given = copy(parser), token
        before = parser
    except UnexpectedCharacters as stopped:
        before = parser
        position = stopped.pos_in_stream  # type: ignore[assignment]  # Lark declares it None
    except UnexpectedToken as stopped:
        position = int(stopped.token.start_pos or 0)
        if stopped.token is not given:  # refused by the lexer, before the parser reduced anything
            before = parser
    terminals: set[str] = before.accepts()  # type: ignore[no-untyped-call]  # untyped in Lark
    return explain(source, block, block.start + position, terminals)
