"""ABNF out of the documents it is published in: xml2rfc XML, RFC text, Markdown.

Rule: what is taken out knows its place, so that a finding about the ABNF can point into the
document (`Collection.in_document`).
"""

from __future__ import annotations

import codecs
import re
from bisect import bisect_right
from collections.abc import Collection as Collected
from collections.abc import Iterable
from dataclasses import dataclass, field, replace
from enum import Enum
from typing import Final

from abnf_compiler.diagnostics import Diagnostic
from abnf_compiler.read.extract_block import Block, ExtractionError, RulePlace
from abnf_compiler.read.extract_markdown import extract_markdown
from abnf_compiler.read.extract_xml import extract_xml
from abnf_compiler.source import Source

__all__ = [
    "Block",
    "Collection",
    "ExtractionError",
    "Format",
    "RulePlace",
    "collect",
    "decode",
    "extract",
    "guess_format",
]


class Format(Enum):
    """The form of a document."""

    XML = "xml"
    TEXT = "text"
    MARKDOWN = "markdown"


DEFAULT_TYPES: Final = frozenset({"abnf"})
_SUFFIXES: Final = {
    "xml": Format.XML,
    "txt": Format.TEXT,
    "text": Format.TEXT,
    "md": Format.MARKDOWN,
    "mkd": Format.MARKDOWN,
    "markdown": Format.MARKDOWN,
}
_XML_DECLARED: Final = re.compile(r"\ufeff?\s*<(?:\?xml\b|!DOCTYPE\s|rfc[\s>])")
_XML_LIKE: Final = re.compile(r"\ufeff?\s*<[!A-Za-z]")
_MARKDOWN_LINE: Final = re.compile(r"(?m)^(?:#{1,6} \S|[ \t]*(?:```|~~~)|---[ \t]*(?:\n|abstract))")
_ENCODING: Final = re.compile(rb"""\s*<\?xml[^>]*?encoding\s*=\s*["']([A-Za-z0-9._-]+)["']""")
_MARKS: Final = (
    (codecs.BOM_UTF8, "utf-8"),
    (codecs.BOM_UTF16_LE, "utf-16-le"),
    (codecs.BOM_UTF16_BE, "utf-16-be"),
)
_OCTET_ENCODINGS: Final = frozenset({"iso8859-1", "iso8859-15", "cp1252", "ascii"})


def extract(
    source: Source, format: Format | None = None, *, types: Collected[str] = DEFAULT_TYPES
) -> tuple[Block, ...]:
    """The blocks of ABNF in a document, in its order; none is no error.

    types: what the document may call the blocks (lower case); text calls them nothing.

    Raises:
        ExtractionError: the document cannot be read as its format.
    """
    format = format or guess_format(source)
    if format is Format.XML:
        return extract_xml(source, types)
    if format is Format.MARKDOWN:
        return extract_markdown(source, types)
    from abnf_compiler.read.extract_text import extract_text

    return extract_text(source)


def guess_format(source: Source) -> Format:
    """The format: by an XML declaration, else by the suffix of the name, else by the lines."""
    if _XML_DECLARED.match(source.text):
        return Format.XML
    _, dot, suffix = source.name.rpartition(".")
    if dot and suffix.lower() in _SUFFIXES:
        return _SUFFIXES[suffix.lower()]
    if _XML_LIKE.match(source.text):
        return Format.XML
    return Format.MARKDOWN if _MARKDOWN_LINE.search(source.text) else Format.TEXT


def decode(name: str, data: bytes) -> str:
    """The characters of a document: UTF-8 or UTF-16, else what its XML declaration says.

    Old RFCs hold stray octets above 7F; text that is no UTF-8 and no XML is read as ISO 8859-1.

    Raises:
        ExtractionError: the octets are not in the encoding the document has.
    """
    mark, encoding = next(
        ((mark, encoding) for mark, encoding in _MARKS if data.startswith(mark)), (b"", "utf-8")
    )
    data = data.removeprefix(mark)
    try:
        return data.decode(encoding)
    except UnicodeDecodeError as problem:
        declared = _ENCODING.match(data)
        if not mark and not data.lstrip().startswith(b"<"):
            return data.decode("latin-1")
        if not mark and declared is not None:
            known = _codec(declared[1].decode("ascii"))
            if known is not None:
                return data.decode(known, "replace")
        place = Source(name, data[: problem.start].decode(encoding, "replace"))
        message = f"octet {problem.start} is not {encoding.upper()}"
        raise ExtractionError(name, place.position(len(place.text)), message) from problem


def _codec(name: str) -> str | None:
    """The codec of an XML declaration, if it is one of those with one octet for each character."""
    try:
        known = codecs.lookup(name).name
    except LookupError:
        return None
    return known if known in _OCTET_ENCODINGS else None


@dataclass(frozen=True, slots=True)
class Collection:
    """The blocks of one or more documents as one grammar text.

    A comment `; FILE:LINE (section)` stands before each block.
    """

    source: Source
    blocks: tuple[Block, ...]
    starts: tuple[int, ...] = field(repr=False)  # where the text of each block begins

    def in_document(self, found: Diagnostic) -> Diagnostic:
        """The finding about the collected text, with the place in the document instead."""
        number = bisect_right(self.starts, found.span.start) - 1
        if found.span.source is not self.source or number < 0:
            return found
        block, start = self.blocks[number], self.starts[number]
        end = min(found.span.end - start, len(block.text))
        return replace(found, span=block.span(found.span.start - start, end))


def collect(name: str, blocks: Iterable[Block]) -> Collection:
    """The blocks one after another, under the name `name`."""
    blocks = tuple(blocks)
    parts: list[str] = []
    starts: list[int] = []
    length = 0
    for block in blocks:
        heading = ("\n" if parts else "") + _heading(block)
        starts.append(length + len(heading))
        parts += (heading, block.text)
        length += len(heading) + len(block.text)
    return Collection(Source(name, "".join(parts)), blocks, tuple(starts))


def _heading(block: Block) -> str:
    """The comment that says where a block comes from; it is never an annotation."""
    section = f" (section {block.section})" if block.section else ""
    name = f"./{block.source.name}" if block.source.name.startswith("@") else block.source.name
    text = f"; {name}:{block.position(0).line}{section}"
    return "".join(char if char.isprintable() else "?" for char in text) + "\n"
