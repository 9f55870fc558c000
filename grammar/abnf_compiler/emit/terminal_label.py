"""How terminals and other nodes are shown to people: in diagrams, messages and vectors.

Rule: ABNF notation where it reads well (`"["`, `%s"INBOX"`, `%x80-BF`), a range of graphic
characters as `"a"-"z"`.  A literal with letters that stand for both cases is marked `%i`
(RFC 7405, Section 2.1), so that nobody has to know the default.
"""

from __future__ import annotations

import re
from typing import Final

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

DQUOTE: Final = 0x22
SPELLED_OUT: Final = 3
MAX_LABEL: Final = 40
QUOTED_OR_COMMENT: Final = re.compile(r'"[^"\r\n]*"|;[^\r\n]*')


def is_graphic(value: int) -> bool:
    """Whether `value` is a visible ASCII character that may stand between double quotes."""
    return 0x21 <= value <= 0x7E and value != DQUOTE


def has_letters(text: str) -> bool:
    """Whether RFC 5234's case insensitivity changes anything for `text` (ASCII letters only)."""
    return any(character.isascii() and character.isalpha() for character in text)


def hexadecimal(value: int) -> str:
    """`value` in hexadecimal as ABNF writes it, at least two digits."""
    return f"{value:02X}"


def literal_label(node: CharVal) -> str:
    """A quoted string with its case mark, where the case of a letter matters to the reader."""
    if not has_letters(node.text):
        return f'"{node.text}"'
    return f'{"%s" if node.case_sensitive else "%i"}"{node.text}"'


def range_label(first: int, last: int) -> str:
    """A range of values: `"a"-"z"` where both ends are graphic, else `%x80-BF`."""
    if first == last:
        return series_label((first,))
    if is_graphic(first) and is_graphic(last):
        return f'"{chr(first)}"-"{chr(last)}"'
    return f"%x{hexadecimal(first)}-{hexadecimal(last)}"


def series_label(values: tuple[int, ...]) -> str:
    """Exact values: as a quoted string where all are graphic, else `%x0D.0A`."""
    if all(is_graphic(value) for value in values):
        text = "".join(map(chr, values))
        return f'{"%s" if has_letters(text) else ""}"{text}"'
    return "%x" + ".".join(map(hexadecimal, values))


def terminal_label(node: CharVal | NumSeries | NumRange) -> str:
    """The text a terminal is shown as (RFC 5234, Sections 2.3, 2.4 and 3.4; RFC 7405)."""
    if isinstance(node, CharVal):
        return literal_label(node)
    if isinstance(node, NumRange):
        return range_label(node.first, node.last)
    return series_label(node.values)


def repetition_label(minimum: int, maximum: int | None, *, times: str = "x") -> str:
    """How often the item of a loop stands, for a loop that stands at least once: `2-31x`, `3x+`.

    Empty for one or more, which the loop itself shows.
    """
    least = max(minimum, 1)
    if maximum is None:
        return "" if least == 1 else f"{least}{times}+"
    return f"{least}{times}" if least == maximum else f"{least}-{maximum}{times}"


def spelled_out(item: Node) -> int:
    """Up to how many copies of `item` are drawn side by side rather than as a loop."""
    return SPELLED_OUT if isinstance(item, Reference | CharVal | NumSeries | NumRange) else 1


def _quoted_only(match: re.Match[str]) -> str:
    return "" if match[0].startswith(";") else match[0]


def node_label(node: Node) -> str:
    """A node in a few words: a rule by its name, a terminal as in diagrams, else its ABNF."""
    match node:
        case Reference():
            return node.name
        case CharVal() | NumSeries() | NumRange():
            return terminal_label(node)
        case Alternation() | Concatenation() | Repetition() | Option() | ProseVal():
            text = " ".join(QUOTED_OR_COMMENT.sub(_quoted_only, node.span.text).split())
            return text if len(text) <= MAX_LABEL else f"{text[: MAX_LABEL - 3].rstrip()}..."
