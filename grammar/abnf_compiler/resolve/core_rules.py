"""The core rules of RFC 5234, Appendix B.1, and whether a rule restates one.

Rule: two rules are the same when they hold the same characters, however these are written:
`%x41-5A / %x61-7A`, `%d65-90 / %d97-122` and "A" / "B" / ... are one class.
"""

from __future__ import annotations

from collections.abc import Mapping
from functools import cache
from pathlib import Path
from typing import Final, TypeAlias

from abnf_compiler.read.reader import read_grammar
from abnf_compiler.source import Source
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
    RuleDefinition,
)

_TEXT: Final = Path(__file__).with_name("core.abnf")
_Meaning: TypeAlias = object  # a frozenset of code points, or a tuple that begins with its form


@cache
def core_rules() -> Mapping[str, RuleDefinition]:
    """The core rules by lower-case name."""
    source = Source("RFC 5234, Appendix B.1", _TEXT.read_text(encoding="utf-8"))
    return {each.name.lower(): each for each in read_grammar(source).definitions}


def restates_core(key: str, node: Node, rules: Mapping[str, Node]) -> bool:
    """Whether `node`, with names looked up in `rules` and then the core, means core rule `key`."""
    core = {name: each.definition for name, each in core_rules().items()}
    return _meaning(node, {**core, **rules}, 0) == _meaning(core[key], core, 0)


_MAX_REFERENCES: Final = 6  # in a chain: the deepest core rule, LWSP, has 2
_MAX_CLASS: Final = 0x100


def _meaning(node: Node, rules: Mapping[str, Node], chain: int) -> _Meaning:
    """A value that is equal for nodes that read alike."""
    if isinstance(node, Reference):
        if node.key in rules and chain < _MAX_REFERENCES:
            return _meaning(rules[node.key], rules, chain + 1)
        return ("reference", node.key)
    if isinstance(node, CharVal) and len(node.text) == 1:
        cases = {node.text} if node.case_sensitive else {node.text.lower(), node.text.upper()}
        return frozenset(map(ord, cases))
    if isinstance(node, CharVal):
        return ("text", node.text if node.case_sensitive else node.text.lower())
    if isinstance(node, NumSeries):
        values = tuple(frozenset((value,)) for value in node.values)
        return values[0] if len(values) == 1 else ("sequence", values)
    if isinstance(node, NumRange):
        if node.last - node.first >= _MAX_CLASS:
            return ("range", node.first, node.last)
        return frozenset(range(node.first, node.last + 1))
    if isinstance(node, Alternation):
        items = tuple(_meaning(item, rules, chain) for item in node.items)
        classes = [item for item in items if isinstance(item, frozenset)]
        rest = frozenset(item for item in items if not isinstance(item, frozenset))
        merged = frozenset[int]().union(*classes)
        return ("either", merged, rest) if rest else merged
    if isinstance(node, Concatenation):
        return ("sequence", tuple(_meaning(item, rules, chain) for item in node.items))
    if isinstance(node, Repetition):
        return ("repeat", node.minimum, node.maximum, _meaning(node.item, rules, chain))
    if isinstance(node, Option):
        return ("repeat", 0, 1, _meaning(node.item, rules, chain))
    assert isinstance(node, ProseVal)
    return ("prose", node.text)
