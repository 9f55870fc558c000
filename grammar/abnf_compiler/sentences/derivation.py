"""How a sentence comes from a grammar: derivation trees, and the shortest way to finish each node.

Rule: every piece of a derivation knows the node of the syntax tree it stands for and the rule that
node is written in, so that a sentence can be changed at one place and the change be named.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from typing import Final, TypeAlias

from abnf_compiler.tree import (
    Alternation,
    CharVal,
    Concatenation,
    Node,
    NumRange,
    NumSeries,
    Option,
    ProseVal,
    Reference,
    Repetition,
    ResolvedGrammar,
)

OCTET_LIMIT: Final = 0xFF
Cost: TypeAlias = tuple[int, int]
"""Octets of a sentence, and levels of rules below the node."""

NOTHING: Final[Cost] = (0, 0)
NEVER: Final[Cost] = (1 << 60, 0)
"""The cost of what cannot be finished: prose, values above 255, endless recursion."""


@dataclass(frozen=True, slots=True)
class Derived:
    """One node derived: `octets` of a terminal, or the `parts` it is made of, in order.

    `rule` is the name of the rule the node is written in; `choice` the number of the alternative
    taken, from 0.
    """

    node: Node
    rule: str
    choice: int = 0
    octets: bytes = b""
    parts: tuple[Derived, ...] = ()

    def sentence(self) -> bytes:
        """The octets of the whole derivation."""
        return b"".join(piece.octets for piece in self.walk())

    def walk(self) -> Iterator[Derived]:
        """This piece and all below it, in the order of the sentence."""
        stack = [self]
        while stack:
            piece = stack.pop()
            yield piece
            stack.extend(reversed(piece.parts))


class Lengths:
    """The shortest sentence of every rule and node: octets, then levels of rules as tie-break.

    Found by repeated improvement, so that recursive rules get theirs from their way out.  Taking
    the least at every choice always ends, because the levels go down.
    """

    def __init__(self, grammar: ResolvedGrammar) -> None:
        self._rules: dict[str, Cost] = dict.fromkeys(grammar.rules, NEVER)
        self._known: dict[int, tuple[Node, Cost]] = {}
        changed = True
        while changed:
            self._known.clear()
            changed = False
            for key, rule in grammar.rules.items():
                cost = self.of(rule.definition)
                if cost < self._rules[key]:
                    self._rules[key] = cost
                    changed = True

    def of(self, node: Node) -> Cost:
        """Octets and levels of the shortest derivation of a node; `NEVER` when there is none."""
        known = self._known.get(id(node))
        if known is None:
            known = self._known[id(node)] = (node, self._found(node))  # the node keeps its id
        return known[1]

    def _found(self, node: Node) -> Cost:
        match node:
            case Alternation(items):
                return min(map(self.of, items))
            case Concatenation(items):
                return _together([self.of(item) for item in items])
            case Repetition(0) | Option():
                return NOTHING
            case Repetition(minimum, _, item):
                octets, levels = self.of(item)
                return min(NEVER, (octets * minimum, levels))
            case Reference():
                octets, levels = self._rules.get(node.key, NEVER)
                return min(NEVER, (octets, levels + 1))
            case CharVal(text):
                return len(text), 0
            case NumSeries(values):
                return (len(values), 0) if max(values) <= OCTET_LIMIT else NEVER
            case NumRange(first, last):
                return (1, 0) if first <= min(last, OCTET_LIMIT) else NEVER
            case ProseVal():
                return NEVER


def _together(costs: list[Cost]) -> Cost:
    octets = sum(octets for octets, _ in costs)
    return min(NEVER, (octets, max(levels for _, levels in costs)))
