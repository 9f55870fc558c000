"""A grammar text as `abnfc fmt` sees it: rules as tokens, comments, and where empty lines stand.

Rules: the text has been read without error before it comes here, so tokens are only told apart,
not checked. A comment keeps its text; of the blanks around tokens nothing is kept. A comment after
a "/" is moved before it, for it speaks of the alternative it stands behind.
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import dataclass
from enum import Enum
from typing import Final, TypeAlias

from abnf_compiler.read.split import split_rules
from abnf_compiler.source import Source

_TOKEN: Final = re.compile(
    r"""[ \t\r\n]*(?:(?P<comment>;[^\r\n]*)|(?P<close>[)\]])|(?P<slash>/)
    |(?:[0-9]*\*[0-9]*|[0-9]+)?
     (?:(?P<open>[(\[])
       |(?P<element>(?:%[si])?"[^"\r\n]*"|%[bdx][0-9A-F.-]+|<[^>\r\n]*>|[A-Z][A-Z0-9-]*)))""",
    re.IGNORECASE | re.VERBOSE,
)
_HEAD: Final = re.compile(r"(?P<name>[A-Za-z][A-Za-z0-9-]*)|(?P<defined>=/?)|;[^\r\n]*|\s+")


class Kind(Enum):
    """What a token is; its repetition belongs to an element, "(" or "["."""

    ELEMENT = "element"
    OPEN = "open"
    CLOSE = "close"
    SLASH = "slash"
    COMMENT = "comment"


@dataclass(frozen=True, slots=True)
class Token:
    """A token of the elements of a rule; `beside`: a comment on a line that holds code, too."""

    kind: Kind
    text: str
    beside: bool = False

    @property
    def is_annotation(self) -> bool:
        """A comment that is an annotation where it stands alone on its line."""
        return self.kind is Kind.COMMENT and self.text[1:].lstrip(" \t").startswith("@")

    @property
    def is_bound(self) -> bool:
        """A comment beside code that would become an annotation on a line of its own."""
        return self.beside and self.is_annotation


@dataclass(frozen=True, slots=True)
class RuleText:
    """One definition: its name, "=" or "=/", and the tokens after that."""

    name: str
    defined_as: str
    tokens: tuple[Token, ...]


@dataclass(frozen=True, slots=True)
class MarginComment:
    """A comment that belongs to no rule."""

    text: str


Item: TypeAlias = RuleText | MarginComment
Group: TypeAlias = tuple[Item, ...]


def read_groups(source: Source) -> tuple[Group, ...]:
    """The rules and comments of a sound grammar, cut at its empty lines."""
    blocks, _ = split_rules(source)
    groups: list[Group] = []
    group: list[Item] = []
    pending = iter(blocks)
    block = next(pending, None)
    end = 0
    for number, start in enumerate(source.line_starts, 1):
        line = source.line(number)
        if start < end:
            continue
        if block is not None and block.start < start + len(line):
            group.append(_rule(source.text[block.start : block.end]))
            end = block.end
            block = next(pending, None)
        elif line.strip(" \t\ufeff").startswith(";"):
            group.append(MarginComment(line.strip(" \t\ufeff")))
        elif group:
            groups.append(tuple(group))
            group = []
    return (*groups, tuple(group)) if group else tuple(groups)


def comments(groups: tuple[Group, ...]) -> Iterator[str]:
    """The comments of a grammar in their order."""
    for group in groups:
        for item in group:
            if isinstance(item, MarginComment):
                yield item.text
            else:
                yield from (token.text for token in item.tokens if token.kind is Kind.COMMENT)


def _rule(text: str) -> RuleText:
    """The definition that `text` holds, its indented comments included."""
    name = defined_as = ""
    found: list[Token] = []
    at = 0
    while not defined_as:
        head = _HEAD.match(text, at)
        assert head is not None
        name = head["name"] or name
        defined_as = head["defined"] or ""
        if head.group().startswith(";"):
            found.append(_comment(text, head.start(), head.group()))
        at = head.end()
    while (match := _TOKEN.match(text, at)) is not None:
        kind = Kind(match.lastgroup)
        at = match.end()
        if kind is Kind.COMMENT:
            found.append(_comment(text, match.start("comment"), match["comment"]))
        else:
            found.append(Token(kind, match.group().lstrip()))
    return RuleText(name, defined_as, tuple(_behind_alternatives(found)))


def _comment(text: str, start: int, comment: str) -> Token:
    before = text[text.rfind("\n", 0, start) + 1 : start]
    return Token(Kind.COMMENT, comment.rstrip(" \t"), beside=bool(before.strip()))


def _behind_alternatives(found: list[Token]) -> list[Token]:
    """The tokens with every comment that follows a "/" before it, where that keeps its sense."""
    moved: list[Token] = []
    for token in found:
        slash = moved[-1] if moved and moved[-1].kind is Kind.SLASH else None
        if token.kind is not Kind.COMMENT or slash is None:
            moved.append(token)
        elif moved[-2].kind is not Kind.COMMENT:
            moved[-1:] = [token, slash]
        elif not token.is_bound:
            moved[-1:] = [Token(Kind.COMMENT, token.text), slash]
        else:
            moved.append(token)
    return moved
