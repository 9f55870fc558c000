"""Repetitions and values that are written in a way that hides what they say.

Rule: a finding gives the plain form, and the two forms match the same.  `0*3x` is left alone: it
reads well, and many RFCs have it.
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from typing import Final

from abnf_compiler.diagnostics import Diagnostic, finding
from abnf_compiler.resolve.walk import subnodes
from abnf_compiler.tree import Node, NumRange, NumSeries, Option, Repetition, ResolvedGrammar

_REPEAT: Final = re.compile(r"[0-9]*\*?[0-9]*")
_C_VALUE: Final = re.compile(r"0[xX][0-9A-Fa-f]+")
_LONGEST: Final = 40  # an element that is longer is not repeated in a hint
_SURROGATES: Final = range(0xD800, 0xE000)


def check_repetition(grammar: ResolvedGrammar) -> Iterator[Diagnostic]:
    """ABNF307 and ABNF407, in the rules of the file."""
    for rule in grammar.own_rules():
        for definition in rule.definitions:
            if definition.span.source.name == grammar.name:
                for node in subnodes(definition.definition):
                    yield from _roundabout(node)
                    yield from _surrogate(node)


def _roundabout(node: Node) -> Iterator[Diagnostic]:
    """ABNF307: what a reader has to think about twice."""
    if isinstance(node, Option) and isinstance(node.item, Option):
        yield _better(node, "an option within an option", _element(node.item))
    elif isinstance(node, Option) and isinstance(node.item, Repetition) and not node.item.minimum:
        yield _better(node, "an option of what may be absent", _element(node.item))
    elif isinstance(node, Repetition):
        yield from _repetition(node)


def _repetition(node: Repetition) -> Iterator[Diagnostic]:
    text = node.span.text
    match = _REPEAT.match(text)
    assert match is not None
    written, element = match.group(), text[match.end() :].strip()
    if node.maximum == 0:
        is_value = _C_VALUE.fullmatch(text)
        hint = f"write %{text[1:]} for the value" if is_value else 'take it out, or write ""'
        message = f'"{_short(text)}" matches nothing but the empty string'
        yield finding("ABNF307", message, node.span, hint=hint)
    elif node.minimum == 1 == node.maximum:
        yield _better(node, f'"{written}" says nothing', _short(element))
    elif node.minimum == 0 and node.maximum == 1:
        inner = element[1:-1].strip() if element.startswith("(") else element
        if isinstance(node.item, Option):
            yield _better(node, "an option within an option", _short(element))
        else:
            yield _better(node, f'"{written}" is an option', f"[ {_short(inner)} ]")
    elif node.minimum == node.maximum and "*" in written:
        yield _better(node, f'"{written}" is a number', f"{node.minimum}{_short(element)}")


def _better(node: Node, message: str, form: str) -> Diagnostic:
    return finding("ABNF307", message, node.span, hint=f"write {form}")


def _element(node: Option | Repetition) -> str:
    return _short(node.span.text)


def _short(text: str) -> str:
    return text if len(text) <= _LONGEST and "\n" not in text else "element"


def _surrogate(node: Node) -> Iterator[Diagnostic]:
    """ABNF407: U+D800 to U+DFFF are halves of UTF-16 characters, in no text by themselves."""
    match node:
        case NumSeries(values):
            ends = values
        case NumRange(first, last):
            ends = (first, last)
        case _:
            return
    bad = next((value for value in ends if value in _SURROGATES), None)
    if bad is not None:
        yield finding(
            "ABNF407",
            f"%x{bad:X} is a surrogate: no text holds it",
            node.span,
            hint="code points end at %xD7FF and go on at %xE000 (RFC 3629, Section 3)",
        )
