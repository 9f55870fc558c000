"""A recursive rule written out to a number of levels, so that automata can read a part of it.

Rules: rules that call each other are copied level by level, and what would go below the last level
is left out; every reading in the copy is a reading of the rule.  `covered` says up to which length
of strings the copy has all readings: what each further level adds at least, added up.
"""

from __future__ import annotations

from dataclasses import replace
from functools import cached_property

from abnf_compiler.automata.normal_form import reference_graph, rule_cycles
from abnf_compiler.tree import (
    Alternation,
    CharVal,
    Concatenation,
    Node,
    NumRange,
    NumSeries,
    Option,
    Reference,
    Repetition,
    ResolvedGrammar,
    Rule,
)

_FAR = 1 << 40  # longer than any string


class Unrolling:
    """A rule (lower case) and what it reaches, ready to be written out."""

    def __init__(self, grammar: ResolvedGrammar, rule: str) -> None:
        self._grammar = grammar
        self._top = rule
        self._definitions = {
            name: grammar.rules[name].definition for name in reference_graph(grammar, rule)
        }
        self._group = {
            name: number
            for number, cycle in enumerate(rule_cycles(grammar, rule))
            for name in cycle
        }

    def written_out(self, depth: int) -> tuple[ResolvedGrammar, str] | None:
        """A grammar without recursion and its rule; None when `depth` is too small for a string."""
        rules: dict[str, Rule] = {}
        top = _Copier(self._grammar, self._group, depth, rules).copied(self._top, depth)
        return None if top is None else (replace(self._grammar, rules=rules), top.key)

    def covered(self, depth: int) -> int:
        """The greatest length up to which every reading nests at most `depth` levels."""
        best = {name: self.least_lengths[name] for name in self._group}
        for _ in range(depth + 1):
            best = {
                name: min((cost + best[target] for target, cost in ways.items()), default=_FAR)
                for name, ways in self._steps.items()
            }
        return min(best.values(), default=_FAR) - 1

    @cached_property
    def least_lengths(self) -> dict[str, int]:
        """The length of the shortest string of each rule."""
        known = dict.fromkeys(self._definitions, _FAR)
        growing = True
        while growing:
            growing = False
            for name, definition in self._definitions.items():
                length = _least(definition, known)
                if length < known[name]:
                    known[name] = length
                    growing = True
        return known

    @cached_property
    def _steps(self) -> dict[str, dict[str, int]]:
        """For each rule the rules of its own group it can go down to, with what stands beside."""
        return {
            name: {
                target: cost
                for target, cost in _beside(self._definitions[name], self.least_lengths).items()
                if self._group.get(target) == number
            }
            for name, number in self._group.items()
        }


def _least(node: Node, known: dict[str, int]) -> int:
    """The length of the shortest string of a node."""
    match node:
        case Reference():
            return known[node.key]
        case CharVal(text):
            return len(text)
        case NumSeries(values):
            return len(values)
        case NumRange():
            return 1
        case Alternation(items):
            return min(_least(item, known) for item in items)
        case Concatenation(items):
            return min(sum(_least(item, known) for item in items), _FAR)
        case Repetition(minimum, _, item) if minimum:
            return min(minimum * _least(item, known), _FAR)
        case _:
            return 0


def _beside(node: Node, known: dict[str, int]) -> dict[str, int]:
    """The rules a node refers to, with the least that stands beside one use of each."""
    found: dict[str, int] = {}

    def add(part: Node, cost: int) -> None:
        for name, inner in _beside(part, known).items():
            found[name] = min(found.get(name, _FAR), inner + cost)

    match node:
        case Reference():
            found[node.key] = 0
        case Alternation(items):
            for item in items:
                add(item, 0)
        case Concatenation(items):
            lengths = [_least(item, known) for item in items]
            for item, length in zip(items, lengths, strict=True):
                add(item, sum(lengths) - length)
        case Option(item):
            add(item, 0)
        case Repetition(minimum, maximum, item) if maximum != 0:
            add(item, max(minimum - 1, 0) * _least(item, known))
    return found


def written_size(grammar: ResolvedGrammar, rule: str) -> int:
    """About how many characters a rule without recursion has, all it refers to written out."""
    known: dict[str, int] = {}

    def size(node: Node) -> int:
        match node:
            case Reference():
                if node.key not in known:
                    known[node.key] = size(grammar.rules[node.key].definition)
                return known[node.key]
            case CharVal(text):
                return len(text)
            case NumSeries(values):
                return len(values)
            case NumRange():
                return 1
            case Alternation(items):
                sizes = [(size(item), not isinstance(item, Reference)) for item in items]
                characters = sum(each == (1, True) for each in sizes)  # these are one set
                return sum(each for each, _ in sizes) - max(characters - 1, 0)
            case Concatenation(items):
                return sum(map(size, items))
            case Repetition(minimum, maximum, item):
                return size(item) * (max(minimum, 1) if maximum is None else maximum)
            case Option(item):
                return size(item)
            case _:
                return 0

    return size(grammar.rules[rule].definition)


class _Copier:
    """Copies rules into `rules`, each once for each level it is needed at."""

    def __init__(
        self, grammar: ResolvedGrammar, group: dict[str, int], depth: int, rules: dict[str, Rule]
    ) -> None:
        self._grammar = grammar
        self._group = group
        self._depth = depth
        self._rules = rules
        self._known: dict[tuple[str, int], Reference | None] = {}

    def copied(self, name: str, level: int) -> Reference | None:
        """A reference to the copy of a rule at a level; None when no string is so shallow."""
        place = (name, level if name in self._group else 0)
        if place not in self._known:
            rule = self._grammar.rules[name]
            node = self._pruned(rule.definition, name, place[1])
            copy = f"{name} {place[1]}"  # a blank: no rule of the file has such a name
            if node is not None:
                self._rules[copy] = replace(rule, name=copy, definition=node)
            self._known[place] = None if node is None else Reference(copy, rule.definition.span)
        return self._known[place]

    def _target(self, key: str, user: str, level: int) -> Reference | None:
        if key not in self._group or self._group[key] != self._group.get(user):
            return self.copied(key, self._depth)
        return self.copied(key, level - 1) if level else None

    def _pruned(self, node: Node, user: str, level: int) -> Node | None:
        """The node without what would go too deep; None when nothing is left."""
        match node:
            case Reference():
                return self._target(node.key, user, level)
            case Alternation(items):
                kept = [each for item in items if (each := self._pruned(item, user, level))]
                return Alternation(tuple(kept), node.span) if kept else None
            case Concatenation(items):
                parts = [self._pruned(item, user, level) for item in items]
                whole = [part for part in parts if part is not None]
                return Concatenation(tuple(whole), node.span) if len(whole) == len(parts) else None
            case Option(item) | Repetition(0, _, item):
                inner = self._pruned(item, user, level)
                return CharVal("", True, node.span) if inner is None else replace(node, item=inner)
            case Repetition(_, _, item):
                inner = self._pruned(item, user, level)
                return None if inner is None else replace(node, item=inner)
            case _:
                return node
