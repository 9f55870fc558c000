"""Railroad diagrams as inline SVG that can be read, linked and themed.

Rules: a terminal has round ends, a rule is square and is a link; shape carries the meaning, colour
never does.  On a page nothing has a fixed colour: lines and text take `currentColor`, style sheets
do the rest through the class names of `RAILROAD_CSS`.  In an RFC there are black lines on whatever
is behind them, and nothing outside SVG Tiny as RFC 7996 narrows it.  A long row turns into
several, so that a diagram is at most about `width` pixels wide.  The layout is that of the PyPI
package railroad-diagrams; what is written is ours.
"""

from __future__ import annotations

import re
from collections.abc import Callable
from dataclasses import dataclass
from typing import Final, Literal, Protocol, TypeAlias
from xml.etree import ElementTree

import railroad

from abnf_compiler.emit.terminal_label import spelled_out, terminal_label
from abnf_compiler.resolve.walk import children
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

railroad.INTERNAL_ALIGNMENT = "left"  # the package has no other way: rows begin below each other

DEFAULT_WIDTH: Final = 590
"""Pixels between the ends; with them a diagram fits the text column of a page, 664 pixels."""

CHOICE_FRAME: Final[float] = 4 * railroad.AR
LOOP_FRAME: Final[float] = 2 * railroad.AR
STACK_FRAME: Final[float] = 2 * railroad.AR
GAP: Final = 20
PADDING: Final = 6

RAILROAD_CSS: Final = """\
.railroad { max-width: none; color: var(--railroad-rail, currentColor); }
.railroad text { font: 14px ui-monospace, "DejaVu Sans Mono", monospace; text-anchor: middle; }
.railroad .comment { font-size: 12px; font-style: italic; }
.railroad .terminal { color: var(--railroad-terminal, currentColor); }
.railroad a { color: var(--railroad-rule, currentColor); }
.railroad a:hover rect, .railroad a:focus rect { stroke-width: 3; }
"""
"""Styles the site takes over; three colours as variables, everything else by shape."""

Link = Callable[[str], str]
"""The address of a rule's page: lower-case rule name to URL; empty for no link."""

Profile: TypeAlias = Literal["page", "rfc"]
"""Where a diagram stands: in an HTML page, or in an RFC (RFC 7996)."""


class LayoutItem(Protocol):
    """What railroad-diagrams gives: a size, and once it is formatted its drawn children."""

    name: str
    width: float
    needsSpace: bool
    attrs: dict[str, object]
    children: list[LayoutItem]
    text: str


_sequence: Final[Callable[..., LayoutItem]] = railroad.Sequence
_stack: Final[Callable[..., LayoutItem]] = railroad.Stack
_choice: Final[Callable[..., LayoutItem]] = railroad.Choice
_optional: Final[Callable[..., LayoutItem]] = railroad.Optional
_one_or_more: Final[Callable[..., LayoutItem]] = railroad.OneOrMore
_skip: Final[Callable[..., LayoutItem]] = railroad.Skip
_terminal: Final[Callable[..., LayoutItem]] = railroad.Terminal
_rule: Final[Callable[..., LayoutItem]] = railroad.NonTerminal
_comment: Final[Callable[..., LayoutItem]] = railroad.Comment


def _times(minimum: int, maximum: int | None) -> str:
    """How often a loop is passed, in words; empty for one or more."""
    least = max(minimum, 1)
    if maximum is None:
        return "" if least == 1 else f"{least} times or more"
    return f"{least} times" if least == maximum else f"{least} to {maximum} times"


def _space(item: LayoutItem) -> float:
    """The width of a laid-out item in a row, its gap included."""
    return float(item.width) + (GAP if item.needsSpace else 0)


class _Layout:
    """The layout of one diagram; every node is laid out in full width once."""

    def __init__(self) -> None:
        self._unfolded: dict[int, LayoutItem] = {}

    def fitted(self, node: Node, width: float) -> LayoutItem:
        """`node` in full width where that fits, else with its rows folded."""
        item = self.unfolded(node)
        return item if _space(item) <= width else self.folded(node, width)

    def unfolded(self, node: Node) -> LayoutItem:
        """`node` with every row in one line."""
        if id(node) not in self._unfolded:
            items = [self.unfolded(child) for child in children(node)]
            self._unfolded[id(node)] = self.drawn(node, items)
        return self._unfolded[id(node)]

    def folded(self, node: Node, width: float) -> LayoutItem:
        """`node` with rows turned into several for the sake of `width`."""
        inside = width - _frame(node)
        items = [self.fitted(child, inside) for child in children(node)]
        if not isinstance(node, Concatenation):
            return self.drawn(node, items)
        lines: list[list[LayoutItem]] = [[]]
        for item in items:
            if lines[-1] and sum(map(_space, [*lines[-1], item])) > inside:
                lines.append([])
            lines[-1].append(item)
        rows = [_sequence(*line) for line in lines]
        return rows[0] if len(rows) == 1 else _stack(*rows)

    def drawn(self, node: Node, items: list[LayoutItem]) -> LayoutItem:
        """`node` around the laid-out items of its children."""
        match node:
            case Alternation():
                return _choice(0, *items)
            case Concatenation():
                return _sequence(*items)
            case Option():
                return _optional(items[0])
            case Repetition():
                return self.repeated(node, items[0])
            case CharVal() if not node.text:
                return _skip()
            case CharVal() | NumSeries() | NumRange():
                return _terminal(terminal_label(node), cls="terminal")
            case Reference():
                return _rule(node.name)
            case ProseVal():
                return _comment(f"<{node.text}>")

    def repeated(self, node: Repetition, item: LayoutItem) -> LayoutItem:
        """A repetition: spelled out, passed by, looped, or both."""
        if node.maximum == 0:
            return _skip()
        if node.minimum == node.maximum and node.minimum <= spelled_out(node.item):
            return _sequence(*(self.drawn(node.item, []) for _ in range(node.minimum)))
        if node.maximum != 1:
            label = _times(node.minimum, node.maximum)
            item = _one_or_more(item, _comment(label) if label else _skip())
        return item if node.minimum else _optional(item)


def _frame(node: Node) -> float:
    """The pixels a node adds to the widest of its children, or to a line of them."""
    match node:
        case Alternation() | Option():
            return CHOICE_FRAME
        case Concatenation():
            return STACK_FRAME
        case Repetition(minimum, maximum):
            return (0 if minimum else CHOICE_FRAME) + (0 if maximum == 1 else LOOP_FRAME)
        case _:
            return 0


_NUMBER: Final = re.compile(r"-?\d+\.\d+")
_NO_MOVE: Final = re.compile(r"[hv]-?0(?![.\d])")
_COMMENT_STYLE: Final = {"font-size": "12", "font-style": "italic"}
_LINE_STYLE: Final = {
    "fill": "none",
    "stroke-width": "1.5",
    "font-family": "monospace",
    "font-size": "14",
    "text-anchor": "middle",
}
_INK: Final[dict[Profile, str]] = {"page": "currentColor", "rfc": "black"}


def _number(value: object) -> str:
    """A coordinate, at most two places after the point."""
    text = f"{float(str(value)):.2f}".rstrip("0").rstrip(".")
    return "0" if text == "-0" else text


@dataclass(frozen=True, slots=True)
class _Writer:
    """Writes laid-out items as SVG for one profile."""

    profile: Profile
    link: Link

    def write(self, parent: ElementTree.Element, item: LayoutItem) -> None:
        """The drawn form of a laid-out item, below `parent`."""
        pending: list[LayoutItem] = [item]
        while pending:
            each = pending.pop()
            if isinstance(each, railroad.Path | railroad.End):
                self._path(parent, str(each.attrs["d"]))
            elif isinstance(each, railroad.Terminal | railroad.NonTerminal | railroad.Comment):
                self._box(parent, each)
            else:
                pending += reversed(each.children)

    def _box(self, parent: ElementTree.Element, item: LayoutItem) -> None:
        """A terminal, rule or comment: rails, frame and text; a rule is one link as a whole."""
        holder = self._holder(item)
        inside = parent if holder is None else holder
        for child in item.children:
            if isinstance(child, railroad.Path):
                self._path(parent, str(child.attrs["d"]))
            elif child.name == "rect":
                attributes = {name: _number(value) for name, value in child.attrs.items()}
                ElementTree.SubElement(inside, "rect", {**attributes, **self._stroke()})
            else:
                self._text(inside, item, {name: _number(child.attrs[name]) for name in ("x", "y")})
        if holder is not None:
            parent.append(holder)

    def _holder(self, item: LayoutItem) -> ElementTree.Element | None:
        """What groups the frame and the text of an item; None for a comment."""
        page = self.profile == "page"
        is_rule = isinstance(item, railroad.NonTerminal)
        target = self.link(item.text.lower()) if is_rule else ""
        if target:
            named = {"class": "rule", "aria-label": f"rule {item.text}"} if page else {}
            return ElementTree.Element("a", {"href": target, **named})
        if isinstance(item, railroad.Comment):
            return None
        kind = "rule" if is_rule else "terminal"
        return ElementTree.Element("g", {"class": kind} if page else {})

    def _path(self, parent: ElementTree.Element, drawn: str) -> None:
        """A stretch of line, unless it leads nowhere."""
        path = _NO_MOVE.sub("", _NUMBER.sub(lambda match: _number(match[0]), drawn))
        if re.search(r"[ahlv]", path):
            ElementTree.SubElement(parent, "path", {"d": path, **self._stroke()})

    def _stroke(self) -> dict[str, str]:
        """The ink of a line: of each one in an RFC, where a text cannot take back that of all."""
        return {} if self.profile == "page" else {"stroke": _INK["rfc"]}

    def _text(self, parent: ElementTree.Element, item: LayoutItem, place: dict[str, str]) -> None:
        style = {**place, "fill": _INK[self.profile]}
        page = self.profile == "page"
        if page:
            style["stroke"] = "none"
        if isinstance(item, railroad.Comment):
            kind = {"class": "comment"} if page else {}
            style = {**kind, **_COMMENT_STYLE, **style}
        ElementTree.SubElement(parent, "text", style).text = item.text


def _head(profile: Profile, identity: str) -> dict[str, str]:
    """What the root says of itself: named by its title for a page, the version for an RFC."""
    if profile == "rfc":
        return {"version": "1.2", "baseProfile": "tiny", "role": "img"}
    return {
        "class": "railroad",
        "role": "group",
        "aria-labelledby": f"{identity}-title {identity}-desc",
        "data-search-exclude": "",
    }


def railroad_svg_of(
    node: Node,
    *,
    name: str,
    description: str,
    link: Link,
    width: int = DEFAULT_WIDTH,
    profile: Profile = "page",
) -> str:
    """`node` as one `<svg>` element on one line, for the body of an HTML page or for an RFC.

    Args:
        node: what is drawn.
        name: the title, and with `railroad-` the beginning of the ids in it.
        description: what a person hears who does not see the diagram.
        link: see `Link`.
        width: where rows are folded, in pixels.
        profile: see `Profile`.
    """
    diagram = railroad.Diagram(_Layout().fitted(node, width), type="simple").format(PADDING)
    identity = f"railroad-{name.lower()}"
    svg = ElementTree.Element(
        "svg",
        {
            "xmlns": "http://www.w3.org/2000/svg",
            **_head(profile, identity),
            "width": _number(diagram.attrs["width"]),
            "height": _number(diagram.attrs["height"]),
            "viewBox": " ".join(map(_number, diagram.attrs["viewBox"].split())),
        },
    )
    for part, text in (("title", name), ("desc", description)):
        ElementTree.SubElement(svg, part, {"id": f"{identity}-{part}"}).text = text
    ink = {"stroke": _INK["page"]} if profile == "page" else {}
    style = {**_LINE_STYLE, **ink, "transform": "translate(.5 .5)"}
    lines = ElementTree.SubElement(svg, "g", style)
    for item in diagram.children:
        _Writer(profile, link).write(lines, item)
    return ElementTree.tostring(svg, encoding="unicode")


def railroad_svg(
    grammar: ResolvedGrammar,
    rule: str,
    *,
    link: Link,
    width: int = DEFAULT_WIDTH,
    profile: Profile = "page",
) -> str:
    """The diagram of `rule` (a name in any case) as one `<svg>`; KeyError for an unknown rule."""
    found = grammar.rules[rule.lower()]
    description = (
        f"Railroad diagram of {found.name}: round boxes are terminals, square boxes are rules."
    )
    return railroad_svg_of(
        found.definition,
        name=found.name,
        description=description,
        link=link,
        width=width,
        profile=profile,
    )
