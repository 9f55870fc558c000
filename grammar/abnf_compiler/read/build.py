"""Makes the nodes of the syntax tree, bottom up, and checks what only positions show.

Rules: a group leaves no node, but its extent counts for the blanks around it; a list of one item
is that item. One method for each alternative of abnf.lark, named as there.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from itertools import pairwise
from typing import Final, TypeAlias

from abnf_compiler.diagnostics import Diagnostic, finding
from abnf_compiler.read.split import MAX_NESTING
from abnf_compiler.source import Source, Span
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
)

MAX_CODE_POINT: Final = 0x10FFFF
_NO_BOUND: Final = "a repetition without a maximum has no bound: *element"
MAX_DIGITS: Final = 1000  # of one number; Python itself refuses decimal numbers beyond 4300 digits
_BASES: Final = {"b": 2, "d": 10, "x": 16}


@dataclass(frozen=True, slots=True)
class Placed:
    """A node with its extent, parentheses included, and the depth of its tree."""

    node: Node
    start: int
    end: int
    depth: int = 1


Part: TypeAlias = Placed | Span  # a node, or a token


class NodeBuilder:
    """The nodes of one rule; what is wrong with them gathers in `found`."""

    def __init__(self, source: Source) -> None:
        self._source = source
        self.found: list[Diagnostic] = []
        self._makers: Final[dict[str, Callable[[Sequence[Part], Span], Placed]]] = {
            "alternation": self._alternation,
            "concatenation": self._concatenation,
            "repeated": self._repeated,
            "group": self._group,
            "option": self._option,
            "reference": self._reference,
            "char_val": self._char_val,
            "num_val": self._num_val,
            "prose_val": self._prose_val,
        }

    def make(self, form: str, parts: Sequence[Part], extent: Span) -> Placed:
        """The node of one `form` of abnf.lark from its parts."""
        placed = self._makers[form](parts, extent)
        if placed.depth == MAX_NESTING + 1:
            self.found.append(too_deep(extent))
        return placed

    def _alternation(self, parts: Sequence[Part], extent: Span) -> Placed:
        items = _nodes(parts)
        node = Alternation(tuple(item.node for item in items), extent)
        return _above(node, extent, items)

    def _concatenation(self, parts: Sequence[Part], extent: Span) -> Placed:
        items = _nodes(parts)
        for left, right in pairwise(items):
            if left.end == right.start:
                self.found.append(self._no_blank(right))
        node = Concatenation(tuple(item.node for item in items), extent)
        return _above(node, extent, items)

    def _repeated(self, parts: Sequence[Part], extent: Span) -> Placed:
        repeat = parts[0]
        assert isinstance(repeat, Span)
        items = _nodes(parts)
        item = items[0]
        if repeat.end != item.start:
            self.found.append(
                finding(
                    "ABNF105",
                    f'a blank stands between "{repeat.text}" and its element',
                    Span(self._source, repeat.start, item.start),
                    hint=f'write "{repeat.text}" right before the element (RFC 5234, Section 3.6)',
                )
            )
        low, star, high = repeat.text.partition("*")
        minimum = self._number(low, 10, repeat) if low else 0
        if not star:
            maximum: int | None = minimum
        else:
            maximum = self._number(high, 10, repeat) if high else None
        return _above(Repetition(minimum, maximum, item.node, extent), extent, items)

    def _group(self, parts: Sequence[Part], extent: Span) -> Placed:
        (item,) = _nodes(parts)
        return Placed(item.node, extent.start, extent.end, item.depth)

    def _option(self, parts: Sequence[Part], extent: Span) -> Placed:
        items = _nodes(parts)
        return _above(Option(items[0].node, extent), extent, items)

    def _reference(self, parts: Sequence[Part], extent: Span) -> Placed:
        return Placed(Reference(extent.text, extent), extent.start, extent.end)

    def _char_val(self, parts: Sequence[Part], extent: Span) -> Placed:
        prefix, _, rest = extent.text.partition('"')
        node = CharVal(rest[:-1], prefix.lower() == "%s", extent)
        return Placed(node, extent.start, extent.end)

    def _num_val(self, parts: Sequence[Part], extent: Span) -> Placed:
        base = extent.text[1].lower()
        digits = extent.text[2:]
        first, dash, last = digits.partition("-")
        node: Node
        if dash:
            low, high = (self._value(each, base, extent) for each in (first, last))
            node = NumRange(low, high, base, extent)
        else:
            values = tuple(self._value(each, base, extent) for each in digits.split("."))
            node = NumSeries(values, base, extent)
        return Placed(node, extent.start, extent.end)

    def _prose_val(self, parts: Sequence[Part], extent: Span) -> Placed:
        return Placed(ProseVal(extent.text[1:-1], extent), extent.start, extent.end)

    def _value(self, digits: str, base: str, extent: Span) -> int:
        value = self._number(digits, _BASES[base], extent)
        if value > MAX_CODE_POINT:
            self.found.append(
                finding(
                    "ABNF107",
                    f'"{_clipped(extent.text)}" holds a value above %x10FFFF',
                    extent,
                    hint="%x00-FF are octets, %x00-10FFFF are Unicode code points",
                )
            )
            return MAX_CODE_POINT
        return value

    def _number(self, digits: str, base: int, extent: Span) -> int:
        if len(digits) > MAX_DIGITS:
            message = f"a number of {len(digits)} digits; at most {MAX_DIGITS} are read"
            self.found.append(finding("ABNF108", message, extent, hint=_NO_BOUND))
            return 0
        return int(digits, base)

    def _no_blank(self, right: Placed) -> Diagnostic:
        span = Span(self._source, right.start, right.end)
        hint = "separate elements by a blank (RFC 5234, Section 3.1)"
        if span.text.startswith('"') and self._source.text[right.start - 1] == '"':
            hint = "ABNF has no escape for the quote inside a string; write %x22 or DQUOTE"
        return finding("ABNF106", "no blank before this element", span, hint=hint)


def too_deep(span: Span) -> Diagnostic:
    """The finding for a rule nested deeper than `MAX_NESTING`."""
    message = f"nested more than {MAX_NESTING} levels deep"
    return finding("ABNF109", message, span, hint="give the inner part a rule of its own")


def _nodes(parts: Sequence[Part]) -> list[Placed]:
    return [part for part in parts if isinstance(part, Placed)]


def _above(node: Node, extent: Span, items: Sequence[Placed]) -> Placed:
    return Placed(node, extent.start, extent.end, 1 + max(item.depth for item in items))


def _clipped(text: str, width: int = 40) -> str:
    return text if len(text) <= width else f"{text[:width]}..."
