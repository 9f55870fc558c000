"""Railroad diagrams in characters, for readers of text and for the page of every rule.

Rules: reading goes from left to right; a way back above the line repeats, a way below is another
choice or passes by.  Terminals stand in ABNF notation, rules by their names.  No line is longer
than `width`: a long row turns into several, and what still does not fit is drawn apart under a
number.
"""

from __future__ import annotations

from typing import Final

from abnf_compiler.emit.terminal_label import repetition_label, spelled_out, terminal_label
from abnf_compiler.emit.text_blocks import ASCII, UNICODE, Block, Pen
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

DEFAULT_WIDTH: Final = 69
ENDS: Final = 4
CHOICE_FRAME: Final = 4
LOOP_FRAME: Final = 4
STACK_FRAME: Final = 4
FRAMES: Final[dict[type, int]] = {
    Alternation: CHOICE_FRAME,
    Option: CHOICE_FRAME,
    Concatenation: STACK_FRAME,
}


class _Drawing:
    """The diagram of one rule under way, and the parts that did not fit into it."""

    def __init__(self, pen: Pen, width: int) -> None:
        self.pen = pen
        self.width = width
        self.apart: list[Node] = []
        self._unfolded: dict[int, Block | None] = {}

    def whole(self, node: Node) -> Block:
        """A diagram of its own: nothing of it is drawn apart that need not be."""
        return self.unfolded(node) or self.folded(node, self.width)

    def fitted(self, node: Node, width: int) -> Block:
        """`node` in at most `width` columns, or a number it is drawn under further down."""
        block = self.unfolded(node)
        if block is not None and block.width <= width:
            return block
        known = len(self.apart)
        block = self.folded(node, width)
        if block.width <= width:
            return block
        del self.apart[known:]
        if node not in self.apart:
            self.apart.append(node)
        return self.pen.word(f"({self.apart.index(node) + 1})")

    def unfolded(self, node: Node) -> Block | None:
        """`node` with every row in one line; None where that is wider than the diagram."""
        if id(node) not in self._unfolded:
            items = [self.unfolded(child) for child in children(node)]
            block = None
            if None not in items:
                block = self.drawn(node, [item for item in items if item is not None], self.width)
            fits = block is not None and block.width <= self.width
            self._unfolded[id(node)] = block if fits else None
        return self._unfolded[id(node)]

    def folded(self, node: Node, width: int) -> Block:
        """`node` with rows turned into several, and parts drawn apart, for the sake of `width`."""
        frame = FRAMES.get(type(node), 0)
        if isinstance(node, Repetition):
            frame = self.frame(node)
        blocks = [self.fitted(child, width - frame) for child in children(node)]
        if not isinstance(node, Concatenation):
            return self.drawn(node, blocks, width)
        lines: list[list[Block]] = [[]]
        for block in blocks:
            if lines[-1] and self.pen.sequence([*lines[-1], block]).width > width - frame:
                lines.append([])
            lines[-1].append(block)
        rows = [self.pen.sequence(line) for line in lines]
        return rows[0] if len(rows) == 1 else self.pen.stacked(rows)

    def drawn(self, node: Node, blocks: list[Block], width: int) -> Block:
        """`node` around the blocks of its children; a repetition need not be wider than it must."""
        match node:
            case Alternation():
                return self.pen.choice(blocks)
            case Concatenation():
                return self.pen.sequence(blocks)
            case Option():
                return self.pen.optional(blocks[0])
            case Repetition():
                return self.repeated(node, blocks[0], width)
            case CharVal() if not node.text:
                return self.pen.line(1)
            case CharVal() | NumSeries() | NumRange():
                return self.pen.word(terminal_label(node))
            case Reference():
                return self.pen.word(node.name)
            case ProseVal():
                return self.pen.word(f"<{node.text}>")

    def repeated(self, node: Repetition, block: Block, width: int) -> Block:
        """A repetition: spelled out where that fits, passed by, looped, or both."""
        if node.maximum == 0:
            return self.pen.line(1)
        if node.minimum == node.maximum and node.minimum <= spelled_out(node.item):
            copies = self.pen.sequence([block] * node.minimum)
            if copies.width <= width:
                return copies
        if node.maximum != 1:
            block = self.pen.loop(block, repetition_label(node.minimum, node.maximum))
        return block if node.minimum else self.pen.optional(block)

    def frame(self, node: Repetition) -> int:
        """The columns a repetition adds to its item."""
        loop = 0 if node.maximum == 1 else LOOP_FRAME
        return loop if node.minimum else loop + CHOICE_FRAME


def railroad_text_of(node: Node, *, width: int = DEFAULT_WIDTH, ascii_only: bool = False) -> str:
    """`node` as a diagram of at most `width` columns, lines ending in a line feed.

    One name longer than `width` makes its line longer; nothing else does.
    """
    pen = Pen(ASCII if ascii_only else UNICODE)
    drawing = _Drawing(pen, width - ENDS)
    lines = list(pen.framed(drawing.whole(node)))
    drawn = 0
    while drawn < len(drawing.apart):
        part = drawing.apart[drawn]
        drawn += 1
        lines += ["", f"({drawn}):", *pen.framed(drawing.whole(part))]
    return "\n".join(lines) + "\n"


def railroad_text(
    grammar: ResolvedGrammar, rule: str, *, width: int = DEFAULT_WIDTH, ascii_only: bool = False
) -> str:
    """The text diagram of `rule` (a name in any case); KeyError for an unknown rule."""
    definition = grammar.rules[rule.lower()].definition
    return railroad_text_of(definition, width=width, ascii_only=ascii_only)
