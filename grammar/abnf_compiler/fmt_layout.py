"""Where `abnfc fmt` puts the tokens of one rule.

Rules: what fits on a line stays on it. Else alternatives stand one below the other, "/" under "="
(or under the "(" of their group) so that they line up with the first; alternatives of one element
each fill the lines, like the elements of a concatenation. A group that does not fit where it would
begin moves to a line of its own. A token too long for its column moves to the left, so that only a
token (or a comment) longer than a line makes a line too long.
"""

from __future__ import annotations

from dataclasses import dataclass
from itertools import accumulate
from typing import Final

from abnf_compiler.fmt_tokens import Kind, RuleText, Token

_MIN_INDENT: Final = 1  # a line that continues a rule begins with a blank (RFC 5234, Section 4)


@dataclass(slots=True)
class Row:
    """One line: its code and the comment beside it, or a comment alone and where it begins.

    continued: a comment alone that goes on with the one beside the line above.
    """

    code: str = ""
    comment: str = ""
    indent: int = 0
    continued: bool = False


def lay_out(rule: RuleText, head: str, column: int, width: int) -> list[Row]:
    """The lines of a rule.

    head: the name and "=" as they begin the first line. column: where the elements begin.
    """
    layout = _Layout(rule.tokens, head, width)
    end = len(rule.tokens)
    while end and rule.tokens[end - 1].kind is Kind.COMMENT:
        end -= 1
    if len(head) < column or not layout.fits(0, end):
        layout.pad(column)
    layout.sequence(0, end, column)
    for number in range(end, len(rule.tokens)):
        layout.comment(number, column)
    return layout.rows


class _Layout:
    """The lines of one rule while they grow; only the last one does."""

    def __init__(self, tokens: tuple[Token, ...], head: str, width: int) -> None:
        self.rows = [Row(head)]
        self._tokens = tokens
        self._width = width
        self._begun = False  # whether the last line holds a token that a line may break after
        self._closed = False  # whether the last line ends in a comment
        self._indent = 0  # of the comments that stand alone on the last lines
        sizes = (len(token.text) + 1 for token in tokens)
        self._sizes = list(accumulate(sizes, initial=0))
        is_comment = (token.kind is Kind.COMMENT for token in tokens)
        self._comments = list(accumulate(is_comment, initial=0))
        self._closing = _closing(tokens)
        self._reserve = _reserves(tokens)

    def fits(self, start: int, end: int) -> bool:
        """Whether the tokens from `start` to `end` (exclusive) have room on the last line."""
        if self._comments[end] > self._comments[start] or self._closed:
            return False
        length = self._sizes[end] - self._sizes[start] + (self._reserve[end - 1] if end else 0)
        return len(self.rows[-1].code) + length <= self._width

    def pad(self, column: int) -> None:
        """Let the next token stand at `column`, on a new line when the last is longer."""
        if len(self.rows[-1].code) < column:
            self.rows[-1].code = self.rows[-1].code.ljust(column - 1)
        else:
            self._closed = True

    def sequence(self, start: int, end: int, column: int) -> None:
        """Put the tokens of one group, or of the whole rule; its lines begin at `column`."""
        stacked = not self.fits(start, end) and self._is_compound(start, end)
        number = start
        while number < end:
            token = self._tokens[number]
            if token.kind is Kind.COMMENT:
                self.comment(number, column)
            elif token.kind is Kind.SLASH:
                self._slash(number, column, stacked=stacked)
            elif token.kind is Kind.OPEN:
                last = self._closing[number]
                self._group(number, last, column)
                number = last
            else:
                self._put(number, column)
            number += 1

    def comment(self, number: int, column: int) -> None:
        """Put a comment: beside its line where it fits, else on a line of its own."""
        token = self._tokens[number]
        row = self.rows[-1]
        length = len(row.code.rstrip()) + 1 + len(token.text)
        if token.beside and not self._closed and (length <= self._width or token.is_bound):
            row.comment = token.text
        else:
            if row.code:  # else it follows another comment, and stands under it
                self._indent = self._indent_of_comments(number, column)
            follows = bool(row.code and row.comment) or row.continued
            continued = follows and not token.is_annotation
            self.rows.append(Row("", token.text, self._indent, continued))
        self._closed = True

    def _indent_of_comments(self, number: int, column: int) -> int:
        """Where the comments that follow each other from `number` on begin, so that all fit."""
        longest = 0
        while number < len(self._tokens) and self._tokens[number].kind is Kind.COMMENT:
            longest = max(longest, len(self._tokens[number].text))
            number += 1
        return max(_MIN_INDENT, min(column, self._width - longest))

    def _group(self, first: int, last: int, column: int) -> None:
        """Put a group or option: on the last line, on one of its own, or on several."""
        if not self.fits(first, last + 1) and self._begun:
            self._closed = True
        if not self._closed and self.fits(first, last + 1):
            self._append(" ".join(token.text for token in self._tokens[first : last + 1]))
            return
        self._put(first, column)
        self._begun = False
        inner = len(self.rows[-1].code) + 1
        self.sequence(first + 1, last, inner)
        self._put(last, inner - 2)

    def _slash(self, number: int, column: int, *, stacked: bool) -> None:
        """Put a "/"; unless `stacked`, on the last line if what follows fits there, too."""
        following = number + 1
        if self._tokens[following].kind is Kind.OPEN:
            following = self._closing[following]
        if not stacked and self.fits(number, following + 1):
            self._append("/")
        else:
            length = len(self._tokens[number + 1].text)
            room = self._width - length - 2
            left = min(column - 2, room) if room >= _MIN_INDENT else column - 2
            self._new_line(max(_MIN_INDENT, left), "/")
        self._begun = False

    def _put(self, number: int, column: int) -> None:
        """Put one token on the last line, or at `column` of a new one."""
        text = self._tokens[number].text
        length = len(self.rows[-1].code) + 1 + len(text)
        reserve = self._reserve[number] if self._begun else 0
        if not self._closed and length + reserve <= self._width:
            self._append(text)
        else:
            self._new_line(max(_MIN_INDENT, min(column, self._width - len(text))), text)

    def _append(self, text: str) -> None:
        self.rows[-1].code += f" {text}"
        self._begun = True

    def _new_line(self, indent: int, text: str) -> None:
        self.rows.append(Row(" " * indent + text))
        self._begun = True
        self._closed = False

    def _is_compound(self, start: int, end: int) -> bool:
        """Whether the tokens are alternatives of which one holds more than one element."""
        depth = slashes = 0
        after_slash = True
        compound = False
        for token in self._tokens[start:end]:
            if token.kind is Kind.COMMENT:
                continue
            if token.kind is Kind.SLASH and not depth:
                slashes += 1
                after_slash = True
                continue
            compound = compound or not after_slash or token.kind is Kind.OPEN
            after_slash = False
            depth += (token.kind is Kind.OPEN) - (token.kind is Kind.CLOSE)
        return slashes > 0 and compound


def _closing(tokens: tuple[Token, ...]) -> dict[int, int]:
    """For each "(" or "[" the token that closes it."""
    closing: dict[int, int] = {}
    opened: list[int] = []
    for number, token in enumerate(tokens):
        if token.kind is Kind.OPEN:
            opened.append(number)
        elif token.kind is Kind.CLOSE:
            closing[opened.pop()] = number
    return closing


def _reserves(tokens: tuple[Token, ...]) -> list[int]:
    """For each token the length of what should stay on its line: closings, a bound comment."""
    reserves = [0] * len(tokens)
    for number in range(len(tokens) - 2, -1, -1):
        following = tokens[number + 1]
        if following.kind is Kind.CLOSE:
            reserves[number] = 1 + len(following.text) + reserves[number + 1]
        elif following.is_bound:
            reserves[number] = 1 + len(following.text)
    return reserves
