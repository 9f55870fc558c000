"""ABNF out of xml2rfc documents: `<sourcecode type="abnf">` and `<artwork type="abnf">`.

Rules: nothing outside the text given is read: no DTD, no external entity, no xi:include. A document
whose entities nest deep or grow long is refused before its content is read; expat then hands the
references over unexpanded, and only those inside a block are filled in. Markup inside a block is
left out, its text kept.
"""

from __future__ import annotations

import re
from collections.abc import Collection, Mapping
from html.entities import html5
from typing import Final
from xml.parsers import expat

from abnf_compiler.read.extract_block import Block, ExtractionError, Piece, make_block
from abnf_compiler.source import Source

MAX_ENTITY_NESTING: Final = 8  # entities within entities; real documents have one level
MAX_ENTITY_CHARACTERS: Final = 1_000_000  # all entities of a document; real ones hold some 1,000
MAX_FILLED_CHARACTERS: Final = 100_000  # what entities may add to the blocks of a document
_MAX_LEVELS: Final = 16  # sections below that are not numbered
_FRONT_SECTIONS: Final = frozenset({"abstract", "note"})
_HOLDERS: Final = frozenset({"sourcecode", "artwork"})
_REFERENCE: Final = re.compile(r"&([^&;\s]+);")
_MARKUP: Final = re.compile(r"<[^<>]*>")


def extract_xml(source: Source, types: Collection[str]) -> tuple[Block, ...]:
    """The blocks whose type is one of `types` (lower case), in document order (RFC 7991).

    Raises:
        ExtractionError: the text is no well-formed XML, or a block uses an entity it cannot.
    """
    return _Reader(source, types).read()


class _Reader:
    """What one pass over a document gathers."""

    def __init__(self, source: Source, types: Collection[str]) -> None:
        self._source = source
        self._types = types
        self._octets = source.text.encode("utf-8", "surrogatepass")
        self._ascii = source.text.isascii()
        self._octets_seen = 0
        self._characters_seen = 0
        self._elements: list[str] = []
        self._sections = _Sections()
        self._entities: dict[str, str | None] = {}
        self._texts: dict[str, str | None] = {}  # of the entities, once they were asked for
        self._levels: dict[str, int] = {}  # how deep entities nest in them
        self._room = MAX_FILLED_CHARACTERS
        self._pieces: list[Piece] | None = None  # of the block that is open
        self._opened = 0  # how many elements were open when it began
        self._name = ""
        self._blocks: list[Block] = []
        self._parser = expat.ParserCreate("utf-8")

    def read(self) -> tuple[Block, ...]:
        parser = self._parser
        parser.StartElementHandler = self._start
        parser.EndElementHandler = self._end
        parser.CharacterDataHandler = self._characters
        parser.EntityDeclHandler = self._entity
        parser.EndDoctypeDeclHandler = self._declared
        parser.SkippedEntityHandler = self._reference
        parser.DefaultHandler = self._other  # without one, expat expands entities by itself
        try:
            parser.Parse(self._octets, True)
        except expat.ExpatError as problem:
            reason = expat.ErrorString(problem.code) or "unknown error"
            if problem.code == expat.errors.codes[expat.errors.XML_ERROR_TAG_MISMATCH]:
                reason += f"; </{self._elements[-1]}> is expected"
            place = self._characters_up_to(max(parser.ErrorByteIndex, 0))
            raise self._error(f"not well-formed XML: {reason}", place) from problem
        return tuple(self._blocks)

    def _start(self, element: str, attributes: Mapping[str, str]) -> None:
        self._elements.append(element)
        self._sections.start(element, attributes)
        kind = attributes.get("type", "").strip().lower()
        if self._pieces is None and element in _HOLDERS and kind in self._types:
            self._pieces = []
            self._opened = len(self._elements)
            self._name = attributes.get("name", "").strip()

    def _end(self, element: str) -> None:
        if self._pieces is not None and len(self._elements) == self._opened:
            block = make_block(self._source, self._pieces, self._sections.label, self._name)
            if block is not None:
                self._blocks.append(block)
            self._pieces = None
        self._elements.pop()
        self._sections.end(element)

    def _characters(self, text: str) -> None:
        if self._pieces is not None:
            self._pieces.append(Piece(text, self._place()))

    def _entity(self, name: str, parameter: bool, value: str | None, *_outside: str | None) -> None:
        """Remember a declaration; the first of a name counts, and None is one outside this text."""
        if not parameter:
            self._entities.setdefault(name, value)

    def _declared(self) -> None:
        """All declarations are read: a document whose entities explode is refused here."""
        room = MAX_ENTITY_CHARACTERS
        for name in self._entities:
            room -= len(self._expanded(name, 0) or "")
            if room < 0:
                raise self._error("the entities of this document are too long", self._place())

    def _reference(self, name: str, parameter: bool) -> None:
        """Expat leaves an entity reference to us; each of its characters stands at the "&"."""
        if self._pieces is None or parameter:
            return
        place = self._place()
        text = self._expanded(name, 0)
        if text is None:
            raise self._error(f"the entity &{name}; is not declared in this file", place)
        self._room -= len(text)
        if self._room < 0:
            raise self._error("the entities of this document are too long", place)
        self._pieces += [Piece(char, place) for char in text]

    def _other(self, text: str) -> None:
        """Comments, declarations and the like; and references to entities of other files."""
        if self._pieces is not None and text.startswith("&"):
            self._reference(text[1:-1], False)

    def _expanded(self, name: str, depth: int) -> str | None:
        """The text of an entity without its markup; None when it is not all in this file."""
        if name not in self._texts:
            if depth == MAX_ENTITY_NESTING:
                raise self._error("the entities of this document nest too deep", self._place())
            value = self._entities.get(name, html5.get(f"{name};"))
            self._levels[name] = 1
            self._texts[name] = None if value is None else self._filled(name, value, depth)
        return self._texts[name]

    def _filled(self, name: str, value: str, depth: int) -> str | None:
        """The value of an entity with the entities in it filled in."""
        parts: list[str] = []
        size = end = 0
        for match in _REFERENCE.finditer(value):
            inner = self._expanded(match[1], depth + 1)
            self._levels[name] = max(self._levels[name], self._levels[match[1]] + 1)
            if self._levels[name] > MAX_ENTITY_NESTING:
                raise self._error("the entities of this document nest too deep", self._place())
            if inner is None:
                return None
            size += len(inner)
            if size > MAX_ENTITY_CHARACTERS:
                raise self._error("the entities of this document are too long", self._place())
            parts += (value[end : match.start()], inner)
            end = match.end()
        parts.append(value[end:])
        return _MARKUP.sub("", "".join(parts))

    def _place(self) -> int:
        return self._characters_up_to(self._parser.CurrentByteIndex)

    def _characters_up_to(self, octets: int) -> int:
        """How many characters the first `octets` octets are; calls go forward."""
        if self._ascii:
            return octets
        between = self._octets[self._octets_seen : octets]
        self._characters_seen += len(between.decode("utf-8", "ignore"))
        self._octets_seen = max(octets, self._octets_seen)
        return self._characters_seen

    def _error(self, message: str, offset: int) -> ExtractionError:
        return ExtractionError(self._source.name, self._source.position(offset), message)


class _Sections:
    """Which section the reader is in: its anchor, or its number counted as xml2rfc counts."""

    def __init__(self) -> None:
        self._labels: list[str] = [""]  # the innermost last; one without a label has its parent's
        self._counts: list[int] = [0]
        self._in_back = False

    @property
    def label(self) -> str:
        """Anchor or number of the innermost section that has one."""
        return self._labels[-1]

    def start(self, element: str, attributes: Mapping[str, str]) -> None:
        """An element begins."""
        if element == "back":
            self._in_back = True
            self._counts = [0]
        elif element in _FRONT_SECTIONS:
            self._labels.append(attributes.get("anchor") or element)
        elif element == "section":
            numbered = attributes.get("numbered", "true") != "false"
            self._counts[-1] += numbered
            number = self._number() if numbered and len(self._counts) <= _MAX_LEVELS else ""
            self._counts.append(0)
            self._labels.append(attributes.get("anchor") or number or self.label)

    def end(self, element: str) -> None:
        """An element ends."""
        if element in _FRONT_SECTIONS:
            self._labels.pop()
        elif element == "section":
            self._labels.pop()
            self._counts.pop()

    def _number(self) -> str:
        words = [str(count) for count in self._counts]
        if self._in_back and 1 <= self._counts[0] <= 26:
            words[0] = chr(ord("A") + self._counts[0] - 1)
        return ".".join(words)
