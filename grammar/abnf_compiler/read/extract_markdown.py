"""ABNF out of Markdown: fenced code blocks, and code blocks that kramdown attributes call ABNF.

Rules: a fence is of backquotes or tildes, at any margin or after a list mark; its language is the
first word after it (CommonMark 0.31, Section 4.5). An attribute line right above or below a block,
`{: sourcecode-type="abnf"}`, overrules that word and also marks a code block that is only indented
(kramdown, "Block Attributes"); `{:name: ...}` defines attributes that `{:name}` then stands for.
"""

from __future__ import annotations

import re
from collections.abc import Collection, Iterator, Mapping
from dataclasses import dataclass
from typing import Final

from abnf_compiler.read.extract_block import Block, Piece, make_block
from abnf_compiler.source import Source

_FENCE: Final = re.compile(
    r"[ \t]*(?:(?:[-*+]|[0-9]+[.)])[ \t]+)*(?P<fence>`{3,}(?=[^`]*$)|~{3,})(?P<info>.*)"
)
_LANGUAGE: Final = re.compile(r"[ \t]*\{?:?[ \t]*\.?(?:language-)?([A-Za-z0-9.+_-]+)")
_ATTRIBUTES: Final = re.compile(r"[ \t]*\{:?(?![:{])(?P<list>[^{}]*)\}[ \t]*")
_DEFINITION: Final = re.compile(r"[ \t]*\{:(?P<name>[A-Za-z][\w-]*):(?P<list>[^{}]*)\}[ \t]*")
_ATTRIBUTE: Final = re.compile(
    r"""(?<![\w-])(?P<key>[\w-]+)=(?:"(?P<double>[^"]*)"|'(?P<single>[^']*)'|(?P<bare>[^\s"']+))"""
    r"""|\#(?P<anchor>[\w.:-]+)|\.(?P<mark>[\w-]+)|(?P<name>[A-Za-z][\w-]*)"""
)
_TYPE_KEYS: Final = frozenset({"type", "sourcecode-type", "artwork-type"})
_NAME_KEYS: Final = frozenset({"name", "sourcecode-name", "artwork-name"})
_HEADING: Final = re.compile(r" {0,3}#{1,6}[ \t]+(?P<title>.*)")
_UNDERLINE: Final = re.compile(r" {0,3}(?:={2,}|-{2,})[ \t]*")
_IN_TITLE: Final = re.compile(r"\{:?(?P<list>[^{}]*)\}[ \t#]*$")
_INDENTED: Final = re.compile(r"(?: {4}| {0,3}\t)[ \t]*[^ \t]")


@dataclass(frozen=True, slots=True)
class _Attributes:
    """What one attribute line says of the block beside it."""

    types: frozenset[str] = frozenset()
    name: str = ""
    anchor: str = ""


_NONE: Final = _Attributes()


@dataclass(frozen=True, slots=True)
class _Code:
    """A code block in lines `first` to `last` (exclusive); attributes stand at `above`, `below`."""

    above: int
    first: int
    last: int
    below: int
    language: str
    section: str


def extract_markdown(source: Source, types: Collection[str]) -> tuple[Block, ...]:
    """The code blocks whose type is one of `types` (lower case), in document order."""
    lines = [source.line(number) for number in range(1, len(source.line_starts) + 1)]
    defined = _definitions(lines)
    blocks: list[Block] = []
    for code in _code_blocks(lines, defined):
        around = [_attributes_at(lines, at, defined) for at in (code.above, code.below)]
        named = around[0].types | around[1].types
        if not (named or {code.language}) & set(types):
            continue
        pieces = [
            Piece(f"{lines[number]}\n", source.line_starts[number])
            for number in range(code.first, code.last)
        ]
        name = around[0].name or around[1].name
        block = make_block(source, pieces, code.section, name)
        if block is not None:
            blocks.append(block)
    return tuple(blocks)


def _code_blocks(lines: list[str], defined: Mapping[str, _Attributes]) -> Iterator[_Code]:
    """Every code block, fenced or only indented, with the section it stands in."""
    section = ""
    number = 0
    while number < len(lines):
        line = lines[number]
        if fence := _FENCE.fullmatch(line):
            last = _closing(lines, number + 1, fence["fence"])
            language = _LANGUAGE.match(fence["info"])
            word = language[1].lower() if language else ""
            yield _Code(number - 1, number + 1, last, last + 1, word, section)
            number = last
        elif _INDENTED.match(line):
            last = _end_of_indented(lines, number)
            yield _Code(number - 1, number, last, last, "", section)
            number = last - 1
        elif heading := _HEADING.fullmatch(line):
            explicit = _attributes_at(lines, number + 1, defined).anchor
            section = explicit or _anchor(heading["title"])
        elif number and lines[number - 1].strip() and _UNDERLINE.fullmatch(line):
            section = _anchor(lines[number - 1])
        number += 1


def _closing(lines: list[str], number: int, fence: str) -> int:
    """The line that closes a fence; without one, the end of the text."""
    closing = re.compile(rf"[ \t]*{re.escape(fence[0])}{{{len(fence)},}}[ \t]*")
    while number < len(lines) and not closing.fullmatch(lines[number]):
        number += 1
    return number


def _end_of_indented(lines: list[str], number: int) -> int:
    """The line after the last indented one; a fence ends an indented block, too."""
    last = number + 1
    for at in range(number + 1, len(lines)):
        line = lines[at]
        if not line.strip():
            continue
        if not _INDENTED.match(line) or _FENCE.fullmatch(line):
            break
        last = at + 1
    return last


def _anchor(title: str) -> str:
    """The anchor of a heading: its own, or the one made from its words."""
    explicit = _IN_TITLE.search(title)
    anchor = _attributes(explicit["list"], {}).anchor if explicit is not None else ""
    bare = _IN_TITLE.sub("", title).rstrip(" \t#")
    words = re.sub(r"[^\w -]", "", bare).lower()
    return anchor or "-".join(words.split())


def _definitions(lines: list[str]) -> dict[str, _Attributes]:
    """The attribute lists the text defines by name."""
    defined: dict[str, _Attributes] = {}
    for line in lines:
        match = _DEFINITION.fullmatch(line) if "{:" in line else None
        if match is not None:
            defined[match["name"]] = _attributes(match["list"], defined)
    return defined


def _attributes_at(
    lines: list[str], number: int, defined: Mapping[str, _Attributes]
) -> _Attributes:
    """What a line says when it is an attribute line; nothing when it is none, or not there."""
    match = _ATTRIBUTES.fullmatch(lines[number]) if 0 <= number < len(lines) else None
    return _attributes(match["list"], defined) if match is not None else _NONE


def _attributes(text: str, defined: Mapping[str, _Attributes]) -> _Attributes:
    types: set[str] = set()
    name = anchor = ""
    for match in _ATTRIBUTE.finditer(text):
        value = match["double"] or match["single"] or match["bare"] or ""
        known = defined.get(match["name"] or "", _NONE)
        types |= known.types
        name = known.name or name
        anchor = match["anchor"] or anchor
        if match["key"] in _TYPE_KEYS:
            types.add(value.strip().lower())
        elif match["key"] in _NAME_KEYS:
            name = value.strip()
        elif (match["mark"] or "").startswith("language-"):
            types.add(match["mark"].removeprefix("language-").lower())
    return _Attributes(frozenset(types), name, anchor)
