"""Pieces of a railroad diagram drawn in characters, and the ways to join them.

Rules: a block is a rectangle; the line enters at the left of row `entry` and leaves at the right
of row `exit`.  Loops run back above the line, other ways branch off below it, so that no picture
needs more than one arrow head.  Blocks know nothing of ABNF.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Final


@dataclass(frozen=True, slots=True)
class Glyphs:
    """The characters lines are drawn with."""

    across: str
    down: str
    top_left: str
    top_right: str
    bottom_left: str
    bottom_right: str
    branch_down: str
    branch_up: str
    branch_right: str
    branch_left: str
    back: str
    start: str
    end: str


UNICODE: Final = Glyphs("─", "│", "╭", "╮", "╰", "╯", "┬", "┴", "├", "┤", "◂", "┠", "┨")
ASCII: Final = Glyphs("-", "|", ".", ".", "'", "'", "+", "+", "+", "+", "<", "|", "|")


@dataclass(frozen=True, slots=True)
class Block:
    """A drawn piece: rows of equal width, the row the line enters and the row it leaves."""

    rows: tuple[str, ...]
    entry: int
    exit: int

    @property
    def width(self) -> int:
        """Columns of every row."""
        return len(self.rows[0])


@dataclass(frozen=True, slots=True)
class Pen:
    """Draws blocks with one set of characters."""

    glyphs: Glyphs

    def word(self, text: str) -> Block:
        """A terminal or rule name on the line, a blank on either side."""
        return Block((f" {text} ",), 0, 0)

    def line(self, width: int) -> Block:
        """A plain stretch of line."""
        return Block((self.glyphs.across * width,), 0, 0)

    def widened(self, block: Block, width: int) -> Block:
        """`block` with its line drawn on to the right, to `width` columns."""
        gap = width - block.width
        return Block(
            tuple(
                row + (self.glyphs.across if number == block.exit else " ") * gap
                for number, row in enumerate(block.rows)
            ),
            block.entry,
            block.exit,
        )

    def sequence(self, blocks: Sequence[Block]) -> Block:
        """Blocks in a row, joined by a short stretch of line."""
        result = blocks[0]
        for block in blocks[1:]:
            result = self._beside(result, block, self.glyphs.across)
        return result

    def _beside(self, left: Block, right: Block, joint: str) -> Block:
        shift = left.exit - right.entry
        top = min(0, shift)
        rows = []
        for number in range(top, max(len(left.rows), shift + len(right.rows))):
            first = left.rows[number] if 0 <= number < len(left.rows) else " " * left.width
            at = number - shift
            second = right.rows[at] if 0 <= at < len(right.rows) else " " * right.width
            rows.append(first + (joint if number == left.exit else " " * len(joint)) + second)
        return Block(tuple(rows), left.entry - top, right.exit + shift - top)

    def _padded(self, block: Block, width: int) -> Block:
        """`block` between two short stretches of line, drawn on to `width` columns."""
        ends = self._beside(self._beside(self.line(1), block, ""), self.line(1), "")
        return self.widened(ends, max(width, ends.width))

    def framed(self, block: Block) -> tuple[str, ...]:
        """The rows of a whole diagram: `block` between its start and its end."""
        glyphs = self.glyphs
        body = self._padded(block, 0)
        return tuple(
            (
                (glyphs.start if number == body.entry else " ")
                + row
                + (glyphs.end if number == body.exit else " ")
            ).rstrip()
            for number, row in enumerate(body.rows)
        )

    def choice(self, blocks: Sequence[Block]) -> Block:
        """Blocks one below the other; the line goes straight into the first."""
        width = max(self._padded(block, 0).width for block in blocks)
        padded = [self._padded(block, width) for block in blocks]
        rows: list[str] = []
        entries, exits = [], []
        for block in padded:
            entries.append(len(rows) + block.entry)
            exits.append(len(rows) + block.exit)
            rows.extend(block.rows)
        left = self._rail(len(rows), entries, self.glyphs.branch_right, self.glyphs.bottom_left)
        right = self._rail(len(rows), exits, self.glyphs.branch_left, self.glyphs.bottom_right)
        drawn = tuple(a + row + b for a, row, b in zip(left, rows, right, strict=True))
        return Block(drawn, entries[0], exits[0])

    def _rail(self, height: int, joints: Sequence[int], branch: str, corner: str) -> list[str]:
        """The upright line at one side of a choice."""
        rail = [" "] * height
        rail[joints[0] : joints[-1]] = self.glyphs.down * (joints[-1] - joints[0])
        for joint in joints[1:-1]:
            rail[joint] = branch
        rail[joints[-1]] = corner
        rail[joints[0]] = self.glyphs.branch_down if len(joints) > 1 else self.glyphs.across
        return rail

    def optional(self, block: Block) -> Block:
        """`block` with a way round it below."""
        return self.choice((block, self.line(1)))

    def loop(self, block: Block, label: str) -> Block:
        """`block` with a way back above it; `label` says how often it may be taken."""
        glyphs = self.glyphs
        word = f" {label} " if label else ""
        inner = self._padded(block, len(word) + 3)
        back = glyphs.back + word
        top = glyphs.across + back.ljust(inner.width - 1, glyphs.across)
        rows = [glyphs.top_left + top + glyphs.top_right]
        for number, row in enumerate(inner.rows):
            left = self._loop_side(number, inner.entry)
            right = self._loop_side(number, inner.exit)
            rows.append(left + row + right)
        return Block(tuple(rows), inner.entry + 1, inner.exit + 1)

    def _loop_side(self, row: int, joint: int) -> str:
        if row == joint:
            return self.glyphs.branch_up
        return self.glyphs.down if row < joint else " "

    def stacked(self, lines: Sequence[Block]) -> Block:
        """Blocks one below the other, read like lines of text: the line runs back in between."""
        glyphs = self.glyphs
        padded = [self._padded(block, 0) for block in lines]
        width = max(block.width for block in padded)
        rows: list[str] = []
        entry = exit_row = 0
        for index, block in enumerate(padded):
            last = index == len(padded) - 1
            drawn = self.widened(block, width)
            for number, row in enumerate(drawn.rows):
                left = self._turn_in(index, number, block.entry)
                right = self._turn_out(last, number, block.exit)
                rows.append(left + row + right)
            if index == 0:
                entry = block.entry
            if last:
                exit_row = len(rows) - len(block.rows) + block.exit
            else:
                rows.append(glyphs.top_left + glyphs.across * width + glyphs.bottom_right)
        return Block(tuple(rows), entry, exit_row)

    def _turn_in(self, index: int, row: int, entry: int) -> str:
        if row == entry:
            return self.glyphs.bottom_left if index else self.glyphs.across
        return self.glyphs.down if index and row < entry else " "

    def _turn_out(self, last: bool, row: int, exit_row: int) -> str:
        if row == exit_row:
            return self.glyphs.across if last else self.glyphs.top_right
        return self.glyphs.down if not last and row > exit_row else " "
