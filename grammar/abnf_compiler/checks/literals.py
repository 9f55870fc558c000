"""What strings and values match, character by character, and which rules match one character."""

from __future__ import annotations

from typing import TypeAlias

from abnf_compiler.automata.charset import CharSet, letter
from abnf_compiler.resolve.walk import folded
from abnf_compiler.tree import (
    Alternation,
    CharVal,
    Node,
    NumRange,
    NumSeries,
    Reference,
    ResolvedGrammar,
)

Literal: TypeAlias = tuple[CharSet, ...] | None
"""The characters of each place, or None where a node is no string of fixed length."""


def literal(node: Node, known: dict[str, CharSet]) -> Literal:
    """The characters a string, a value or a rule of one character matches, place by place.

    known: the rules (lower case) that match exactly one character, with their characters.
    """
    match node:
        case CharVal(text, case_sensitive):
            return tuple(letter(char, case_sensitive) for char in text)
        case NumSeries(values):
            return tuple(CharSet.single(value) for value in values)
        case NumRange(first, last):
            return (CharSet.of([(first, last)]),)
        case Reference() if node.key in known:
            return (known[node.key],)
        case _:
            return None


def character_sets(grammar: ResolvedGrammar) -> dict[str, CharSet]:
    """The rules (lower case) that match exactly one character, with the characters they match."""
    known: dict[str, CharSet] = {}

    def one(node: Node, parts: list[CharSet | None]) -> CharSet | None:
        if isinstance(node, Alternation):
            found = CharSet()
            for part in parts:
                if part is None:
                    return None
                found = found | part
            return found
        places = literal(node, known)
        return places[0] if places is not None and len(places) == 1 else None

    growing = True
    while growing:
        growing = False
        for key, rule in grammar.rules.items():
            if key not in known:
                found = folded(rule.definition, one)
                if found:
                    known[key] = found
                    growing = True
    return known
