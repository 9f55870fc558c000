"""The canonical layout of a grammar: what `abnfc fmt` prints.

Rules: the layout depends on the tokens, the comments and the empty lines, on nothing else of the
text. Rules without an empty line between them are a group, with one column for "=". Every text is
read again before it is handed out: the tree, the annotations and the comments are those of before.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from typing import Final

from abnf_compiler.fmt_layout import Row, lay_out
from abnf_compiler.fmt_tokens import Group, MarginComment, RuleText, comments, read_groups
from abnf_compiler.read.reader import read_grammar
from abnf_compiler.read.syntax_tree import SyntaxTree
from abnf_compiler.source import Source

DEFAULT_WIDTH: Final = 69  # 72 columns (RFC 7994) less the margin of three
MIN_WIDTH: Final = 40
_LONGEST_NAME: Final = 24  # a longer name does not move the "=" of its group


class LayoutError(Exception):
    """The formatted text would not mean what the text means; nothing may be written."""


def format_grammar(source: Source, *, width: int = DEFAULT_WIDTH) -> str:
    """The text in canonical layout, in lines of at most `width` characters; line ends are kept.

    Only a token or comment that is longer by itself makes a longer line.

    Raises:
        GrammarError: the text is not ABNF.
        ValueError: the width is below `MIN_WIDTH`.
        LayoutError: a fault of this module; the text is not to be used.
    """
    if width < MIN_WIDTH:
        raise ValueError(f"a width of {width}; at least {MIN_WIDTH} is needed")
    before = read_grammar(source)
    groups = read_groups(source)
    text = "\n".join("".join(_lines(group, width)) for group in groups)
    after_source = Source(source.name, text)
    after = read_grammar(after_source)
    if _meaning(before) != _meaning(after) or [*comments(groups)] != [
        *comments(read_groups(after_source))
    ]:
        raise LayoutError(f"{source.name}: the layout would change what the grammar means")
    return text.replace("\n", _line_end(source.text))


def _meaning(tree: SyntaxTree) -> object:
    """All that a reading gives, without places; equal references may differ in place only."""
    return (tree.definitions, tree.annotations, tree.imports, tree.mentions, tree.captures)


def _line_end(text: str) -> str:
    """The line end that most lines have."""
    return "\r\n" if text.count("\r\n") * 2 > text.count("\n") else "\n"


def _lines(group: Group, width: int) -> Iterator[str]:
    """The lines of one group, each with its line feed."""
    rules = [item for item in group if isinstance(item, RuleText)]
    names = [len(rule.name) for rule in rules if len(rule.name) <= _LONGEST_NAME]
    field = max(names, default=_LONGEST_NAME)
    sign = max((len(rule.defined_as) for rule in rules), default=1)
    rows: list[Row] = []
    for item in group:
        if isinstance(item, MarginComment):
            rows.append(Row(comment=item.text))
        else:
            head = f"{item.name.ljust(field)} {item.defined_as}"
            rows += lay_out(item, head, field + sign + 2, width)
    return _with_comments(rows, width)


def _with_comments(rows: Sequence[Row], width: int) -> Iterator[str]:
    """The lines with the comments beside them; on neighbouring lines they share a column."""
    number = 0
    while number < len(rows):
        row = rows[number]
        if not (row.code and row.comment):
            yield f"{row.code.rstrip()}{' ' * row.indent}{row.comment}\n"
            number += 1
            continue
        last = number + 1
        while last < len(rows) and rows[last].comment and (rows[last].code or rows[last].continued):
            last += 1
        yield from _run(rows[number:last], width)
        number = last


def _run(rows: Sequence[Row], width: int) -> Iterator[str]:
    """Neighbouring lines with comments: in one column if that fits, else each near its code."""
    longest = max(len(row.code.rstrip()) for row in rows)
    room = min(width - len(row.comment) for row in rows)
    for row in rows:
        code = row.code.rstrip()
        if longest < room:
            column = min(longest + 2, room)
        elif row.continued:
            column = row.indent
        else:
            column = max(min(len(code) + 2, width - len(row.comment)), len(code) + 1)
        yield f"{code.ljust(column)}{row.comment}\n"
