"""The second engine: reads lines with Lark's LALR parser, from `_generated/reply_lines.lark`.

Rule 1: `read_line` gives exactly what `reply_grammar.received_line` gives; a test compares them.
Rule 2: this is the only module that imports Lark, and nothing imports this module but on request:
Lark comes with `pip install 'smtp-reply-metadata[compiler]'`.
"""

from __future__ import annotations

from functools import cache
from pathlib import Path
from typing import Final, TypeAlias

from lark import Lark, Token, Tree
from lark.exceptions import UnexpectedInput

from reply_metadata.values import ReadArgument, ReadGroup, ReadLine

GRAMMAR: Final = Path(__file__).with_name("_generated") / "reply_lines.lark"
"""The grammar, with the shape of its tree in its header."""

_Child: TypeAlias = "Token | Tree[Token]"


@cache
def _parser() -> Lark:
    return Lark(GRAMMAR.read_text(encoding="utf-8"), parser="lalr", start="received_line")


def read_line(octets: bytes) -> ReadLine | None:
    """The captured parts of one line without its CRLF; None when the rule refuses it.

    ABNF: received-line.
    """
    try:
        tree = _parser().parse(octets.decode("latin-1"))
    except UnexpectedInput:
        return None
    code = b""
    separator = enhanced_code = path = text = None
    groups: list[ReadGroup] = []
    for child in tree.children:
        match _name(child):
            case "RECEIVED_CODE":
                code = _octets(child)
            case "LINE_SEPARATOR":
                separator = _octets(child)
            case "ENHANCED_STATUS_CODE":
                enhanced_code = _octets(child)
            case "REPLY_PATH":
                path = _octets(child)
            case "metadata_group":
                groups.append(_group(child))
            case _:  # remaining_text
                text = _octets(child)
    return code, separator, enhanced_code, path, groups, text


def _name(child: _Child) -> str:
    return str(child.data) if isinstance(child, Tree) else child.type


def _octets(child: _Child) -> bytes:
    """The octets of a token, or of a tree of one token or none."""
    if isinstance(child, Tree):
        return b"".join([_octets(token) for token in child.children])
    return child.encode("latin-1")


def _children(child: _Child) -> list[_Child]:
    return child.children if isinstance(child, Tree) else []


def _group(child: _Child) -> ReadGroup:
    key, *arguments = _children(child)
    return _octets(key), [_argument(argument) for argument in arguments]


def _argument(child: _Child) -> ReadArgument:
    name = value = None
    for part in _children(child):
        if _name(part) == "ARGUMENT_NAME":
            name = _octets(part)
        else:
            value = _octets(part)
    return name, value
