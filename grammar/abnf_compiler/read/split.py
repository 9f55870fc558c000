"""Cuts a grammar text into rules, so that a syntax error costs one rule and not the rest.

Rule (RFC 5234, Section 2.2): a rule starts at the margin, its continuation lines are indented
more. Two texts that break this are still cut where their reader would cut them, with a warning:
a line "name =" starts a rule in any column, and an empty line or a comment at the margin does not
end a rule that an indented line continues.
"""

from __future__ import annotations

import re
from dataclasses import dataclass
from typing import Final

from abnf_compiler.diagnostics import Diagnostic, finding
from abnf_compiler.source import Source, Span

MAX_NESTING: Final = 200  # levels of groups and of the tree; real grammars stay below 20
BLANKS: Final = " \t\r"  # what ABNF and line ends hold; not all that Python calls white space
_TAB_WIDTH: Final = 8
_DEFINES: Final = re.compile(r"<?[A-Za-z][A-Za-z0-9_-]*>?[ \t]*(?:=|::?=)")
_NAME: Final = re.compile(r"[A-Za-z][A-Za-z0-9-]*")
_OPAQUE_OR_BRACKET: Final = re.compile(r'"[^"\r\n]*"?|<[^>\r\n]*>?|(;[^\r\n]*)|([()\[\]])')


@dataclass(frozen=True, slots=True)
class Block:
    """The text of one rule: `start` to `end`, its indented comments included.

    comments: their texts, without ";". nesting: the deepest level of groups and options.
    unclosed: offsets of "(" and "[" that nothing closes.
    """

    start: int
    end: int
    name: str
    comments: tuple[str, ...]
    nesting: int
    unclosed: tuple[int, ...]


@dataclass(slots=True)
class _OpenBlock:
    start: int
    end: int
    column: int
    interrupted: Span | None = None


def split_rules(source: Source) -> tuple[tuple[Block, ...], tuple[Diagnostic, ...]]:
    """The rules of a text in file order, and the warnings about its margins."""
    blocks: list[_OpenBlock] = []
    found: list[Diagnostic] = []
    margin = 0
    for number, start in enumerate(source.line_starts, 1):
        line = source.line(number)
        content = line.lstrip(" \t\ufeff" if number == 1 else " \t")
        first = start + len(line) - len(content)
        column = len(line[: len(line) - len(content)].expandtabs(_TAB_WIDTH))
        end = start + len(line.rstrip(BLANKS))
        block = blocks[-1] if blocks else None
        if not content.strip(BLANKS) or content.startswith(";"):
            if block is not None:
                _take_comment(source, block, column, Span(source, first, max(end, first)))
        elif block is None or column <= block.column or _DEFINES.match(content):
            margin = column if block is None else margin
            if block is not None and column not in (margin, block.column):
                found.append(_moved(source, first, column, margin))
            blocks.append(_OpenBlock(first, end, column))
        else:
            if block.interrupted is not None:
                found.append(_interrupted(block.interrupted))
                block.interrupted = None
            block.end = end
    return tuple(_closed(source, block) for block in blocks), tuple(found)


def _take_comment(source: Source, block: _OpenBlock, column: int, span: Span) -> None:
    """An indented comment belongs to the rule above it; anything else may interrupt that rule."""
    if block.interrupted is None:
        if span.text and column > block.column:
            block.end = span.end
        elif span.end < len(source.text):
            block.interrupted = span


def _moved(source: Source, offset: int, column: int, margin: int) -> Diagnostic:
    return finding(
        "ABNF111",
        f"this rule starts in column {column + 1}, the first rule in column {margin + 1}",
        Span(source, offset, offset + 1),
        hint="let every rule start in the same column (RFC 5234, Section 2.2)",
    )


def _interrupted(span: Span) -> Diagnostic:
    what = "a comment that is not indented" if span.text else "an empty line"
    return finding(
        "ABNF113",
        f"{what} stands inside a rule",
        span,
        hint="other readers of ABNF end the rule here; indent the comment, or take the line out",
    )


def _closed(source: Source, block: _OpenBlock) -> Block:
    text = source.text[block.start : block.end]
    name = _NAME.match(text)
    comments: list[str] = []
    brackets: list[int] = []
    nesting = 0
    for match in _OPAQUE_OR_BRACKET.finditer(text):
        comment, bracket = match.groups()
        if comment is not None:
            comments.append(comment[1:].strip())
        elif bracket in ("(", "["):
            brackets.append(block.start + match.start())
            nesting = max(nesting, len(brackets))
        elif bracket is not None and brackets:
            brackets.pop()
    return Block(
        block.start,
        block.end,
        name.group() if name else "",
        tuple(comments),
        nesting,
        tuple(brackets),
    )
