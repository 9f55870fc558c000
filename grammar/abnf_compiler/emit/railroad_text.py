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


class _Drawing:
    """The diagram of one rule under way, and the parts that did not fit into it."""

    def __init__(self, pen: Pen, width: int) -> None:
        self.pen = pen
        self.width = width
        self.apart: list[tuple[str, Node]] = []

    def fitted(self, node: Node, width: int) -> Block:
        """`node` in at most `width` columns, or a number it is drawn under further down."""
        block = self.drawn(node, width)
        if block.width <= width or width >= self.width - ENDS:
            return block
        known = next((name for name, part in self.apart if part == node), "")
        name = known or f"({len(self.apart) + 1})"
        if not known:
            self.apart.append((name, node))
        return self.pen.word(name)

    def drawn(self, node: Node, width: int) -> Block:
        """`node`, in at most `width` columns where it can be folded so far."""
        match node:
            case Alternation():
                return self.pen.choice(self._all(node.items, width - CHOICE_FRAME))
            case Concatenation():
                return self.row(node.items, width)
            case Option():
                return self.pen.optional(self.fitted(node.item, width - CHOICE_FRAME))
            case Repetition():
                return self.repeated(node, width)
            case CharVal() if not node.text:
                return self.pen.line(1)
            case CharVal() | NumSeries() | NumRange():
                return self.pen.word(terminal_label(node))
            case Reference():
                return self.pen.word(node.name)
            case ProseVal():
                return self.pen.word(f"<{node.text}>")

    def _all(self, items: tuple[Node, ...], width: int) -> list[Block]:
        return [self.fitted(item, width) for item in items]

    def row(self, items: tuple[Node, ...], width: int) -> Block:
        """A concatenation: one line of blocks, or as many lines as it takes."""
        whole = self._trial(items)
        if whole is not None and whole.width <= width:
            return whole
        lines: list[list[Block]] = [[]]
        for block in self._all(items, width - STACK_FRAME):
            if lines[-1] and self.pen.sequence([*lines[-1], block]).width > width - STACK_FRAME:
                lines.append([])
            lines[-1].append(block)
        return self.pen.stacked([self.pen.sequence(line) for line in lines])

    def _trial(self, items: tuple[Node, ...]) -> Block | None:
        """The items in one line, if none of them has to be taken apart for it."""
        trial = _Drawing(self.pen, self.width)
        block = self.pen.sequence(trial._all(items, self.width))
        return None if trial.apart else block

    def repeated(self, node: Repetition, width: int) -> Block:
        """A repetition: spelled out, passed by, looped, or both."""
        if node.maximum == 0:
            return self.pen.line(1)
        frame = 0 if node.minimum else CHOICE_FRAME
        if node.minimum == node.maximum and node.minimum <= spelled_out(node.item):
            return self.row((node.item,) * node.minimum, width)
        if node.maximum == 1:
            block = self.fitted(node.item, width - frame)
        else:
            label = repetition_label(node.minimum, node.maximum)
            block = self.pen.loop(self.fitted(node.item, width - frame - LOOP_FRAME), label)
        return block if node.minimum else self.pen.optional(block)


def railroad_text_of(node: Node, *, width: int = DEFAULT_WIDTH, ascii_only: bool = False) -> str:
    """`node` as a diagram of at most `width` columns, lines ending in a line feed.

    One name longer than `width` makes its line longer; nothing else does.
    """
    pen = Pen(ASCII if ascii_only else UNICODE)
    drawing = _Drawing(pen, width)
    lines = list(pen.framed(drawing.drawn(node, width - ENDS)))
    drawn = 0
    while drawn < len(drawing.apart):
        name, part = drawing.apart[drawn]
        lines += ["", f"{name}:", *pen.framed(drawing.drawn(part, width - ENDS))]
        drawn += 1
    return "\n".join(lines) + "\n"


def railroad_text(
    grammar: ResolvedGrammar, rule: str, *, width: int = DEFAULT_WIDTH, ascii_only: bool = False
) -> str:
    """The text diagram of `rule` (a name in any case); KeyError for an unknown rule."""
    definition = grammar.rules[rule.lower()].definition
    return railroad_text_of(definition, width=width, ascii_only=ascii_only)
