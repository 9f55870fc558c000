"""The annotations of a grammar: whole-line comments whose text begins with "@".

    ; @import rfc3986: IPv4address uri-host=host  rules of another document, here under other names
    ; @start name ...                             entry points
    ; @prose rule: text                           the prose value <text> means the rule
    ; @prefer name                                read greedily where ambiguous
    ; @capture rule: a b *c                       what the parser of `rule` returns
    ; @example rule: text                         the rule must accept the text

Rules: the words and their forms are those of annotation_forms.py. Several lines of one kind add
up. Every name keeps its place, so that the resolver can say where an unknown one stands.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass, field
from difflib import get_close_matches
from typing import Final

from abnf_compiler.diagnostics import Diagnostic, finding
from abnf_compiler.read.annotation_forms import FORMS
from abnf_compiler.read.escapes import ESCAPES, BadEscapeError, unescaped
from abnf_compiler.read.split import BLANKS
from abnf_compiler.source import Source, Span
from abnf_compiler.tree import Annotations, Capture, Reference

_ANNOTATION: Final = re.compile(r"[ \t]*;[ \t]*@([A-Za-z][A-Za-z0-9-]*)(?![^ \t:])")
_WORD: Final = re.compile(r"[^ \t]+")
_RULE_NAME: Final = re.compile(r"[A-Za-z][A-Za-z0-9-]*")
_DOCUMENT_NAME: Final = re.compile(r"[A-Za-z0-9][A-Za-z0-9._-]*")
_HEAD: Final = re.compile(r"[ \t]*([^ \t:]+)[ \t]*:")


@dataclass(frozen=True, slots=True)
class Import:
    """`@import document: names`: the rules to take from the document, each with its place.

    names: as they are called here.  sources: what the document calls those written `here=there`.
    """

    document: str
    names: tuple[Reference, ...]
    span: Span = field(compare=False, repr=False)
    sources: tuple[tuple[Reference, Reference], ...] = ()

    def source(self, key: str) -> Reference | None:
        """What the document calls a rule imported as `key` (lower case); None for no such rule."""
        for here, there in self.sources:
            if here.key == key:
                return there
        return next((name for name in self.names if name.key == key), None)


@dataclass(frozen=True, slots=True)
class Example:
    """`@example rule: text`: the rule must accept the octets `text` stands for."""

    rule: Reference
    octets: bytes
    span: Span = field(compare=False, repr=False)


@dataclass(frozen=True, slots=True)
class ProseBinding:
    """`@prose rule: text`: the prose value `<text>` means the rule."""

    rule: Reference
    text: str
    span: Span = field(compare=False, repr=False)


@dataclass(frozen=True, slots=True)
class AnnotationReading:
    """What the annotations say; `mentions` are all rule names in them that must exist."""

    annotations: Annotations
    imports: tuple[Import, ...]
    mentions: tuple[Reference, ...]
    captures: tuple[tuple[Reference, tuple[Reference, ...]], ...]
    examples: tuple[Example, ...]
    prose: tuple[ProseBinding, ...]
    diagnostics: tuple[Diagnostic, ...]


def read_annotations(source: Source) -> AnnotationReading:
    """Read the annotations of a text (dialect: grammar/README.md)."""
    reader = _Reader(source)
    for number, start in enumerate(source.line_starts, 1):
        line = source.line(number)
        match = _ANNOTATION.match(line)
        if match is not None:
            end = start + len(line.rstrip(BLANKS))
            reader.take(match.group(1), start + match.start(1) - 1, start + match.end(), end)
    return reader.reading()


class _Reader:
    """Collects annotations line by line; one method for each word."""

    def __init__(self, source: Source) -> None:
        self._source = source
        self._starts: list[Reference] = []
        self._preferred: list[Reference] = []
        self._captures: dict[str, list[Capture]] = {}
        self._capture_places: list[tuple[Reference, tuple[Reference, ...]]] = []
        self._examples: list[Example] = []
        self._bindings: list[ProseBinding] = []
        self._imports: list[Import] = []
        self._found: list[Diagnostic] = []
        self._words: Final[Mapping[str, Callable[[Span, Span], None]]] = {
            "import": self._import,
            "start": self._start,
            "prose": self._prose,
            "prefer": self._prefer,
            "capture": self._capture,
            "example": self._example,
        }

    def take(self, word: str, at: int, rest: int, end: int) -> None:
        """Read one annotation: its word stands at `at`, what follows between `rest` and `end`."""
        place = Span(self._source, at, rest)
        method = self._words.get(word)
        if method is not None:
            method(place, Span(self._source, rest, max(rest, end)))
            return
        near = get_close_matches(word.lower(), self._words, 1)
        self._found.append(
            finding(
                "ABNF121",
                f'there is no annotation "@{word}"',
                place,
                expected=tuple(f'"@{known}"' for known in self._words),
                hint=f'did you mean "@{near[0]}"?' if near else "",
            )
        )

    def reading(self) -> AnnotationReading:
        """All that was read."""
        mentions = [*self._starts, *self._preferred, *(each.rule for each in self._examples)]
        mentions += [each.rule for each in self._bindings]
        for rule, items in self._capture_places:
            mentions += (rule, *items)
        annotations = Annotations(
            starts=tuple(dict.fromkeys(name.key for name in self._starts)),
            captures=tuple((rule, tuple(items)) for rule, items in self._captures.items()),
            preferred=tuple(dict.fromkeys(name.key for name in self._preferred)),
            examples=tuple(
                (each.rule.key, each.octets.decode("latin-1")) for each in self._examples
            ),
            prose=tuple((each.text, each.rule.name) for each in self._bindings),
        )
        return AnnotationReading(
            annotations,
            tuple(self._imports),
            tuple(mentions),
            tuple(self._capture_places),
            tuple(self._examples),
            tuple(self._bindings),
            tuple(self._found),
        )

    def _start(self, word: Span, rest: Span) -> None:
        self._starts += self._names(word, rest, FORMS["start"].form)

    def _prefer(self, word: Span, rest: Span) -> None:
        self._preferred += self._names(word, rest, FORMS["prefer"].form)

    def _import(self, word: Span, rest: Span) -> None:
        form = FORMS["import"].form
        head = self._head(word, rest, form, _DOCUMENT_NAME, "the name of a document")
        if head is None:
            return
        document, after = head
        names: list[Reference] = []
        sources: list[tuple[Reference, Reference]] = []
        for span in self._split(after):
            here, equals, _ = span.text.partition("=")
            middle = span.start + len(here)
            places = [Span(self._source, span.start, middle)]
            places += [Span(self._source, middle + 1, span.end)] if equals else []
            if not all(_RULE_NAME.fullmatch(place.text) for place in places):
                self._malformed(span, f'"{span.text}" is not a rule name', form)
                continue
            first, *renamed = (Reference(place.text, place) for place in places)
            names.append(first)
            sources += [(first, each) for each in renamed]
        if not after.text.strip():
            self._malformed(word, f'"{word.text}" names no rule', form)
        if names:
            self._imports.append(Import(document.text, tuple(names), document, tuple(sources)))

    def _capture(self, word: Span, rest: Span) -> None:
        form = FORMS["capture"].form
        head = self._head(word, rest, form, _RULE_NAME, "a rule name")
        if head is None:
            return
        rule, after = head
        names = self._names(word, after, form, star=True)
        known = self._captures.setdefault(rule.text.lower(), [])
        for name in names:
            item = Capture(name.key, self._source.text[name.span.start - 1] == "*")
            if any(each.rule == item.rule for each in known):
                self._malformed(name.span, f'"{name.name}" is captured twice', form)
            else:
                known.append(item)
        self._capture_places.append((Reference(rule.text, rule), names))

    def _prose(self, word: Span, rest: Span) -> None:
        form = FORMS["prose"].form
        head = self._head(word, rest, form, _RULE_NAME, "a rule name")
        if head is None:
            return
        rule, after = head
        text = after.text.strip()
        if not text or "<" in text or ">" in text:
            self._malformed(rule, "the text of a prose value is missing or in brackets", form)
            return
        self._bindings.append(ProseBinding(Reference(rule.text, rule), text, rule))

    def _example(self, word: Span, rest: Span) -> None:
        form = FORMS["example"].form
        head = self._head(word, rest, form, _RULE_NAME, "a rule name")
        if head is None:
            return
        rule, after = head
        text = after.text
        skipped = len(text) - len(text.lstrip(" \t"))
        place = Span(self._source, after.start + skipped, after.end)
        unescaped_text = self._unescaped(place)
        if unescaped_text is not None:
            octets = unescaped_text.encode("latin-1")
            self._examples.append(Example(Reference(rule.text, rule), octets, place))

    def _head(
        self, word: Span, rest: Span, form: str, pattern: re.Pattern[str], wanted: str
    ) -> tuple[Span, Span] | None:
        """The name before the colon and what stands after the colon."""
        match = _HEAD.match(rest.text)
        if match is None:
            self._malformed(word, f'"{word.text}" needs a name and ":"', form)
            return None
        name = Span(self._source, rest.start + match.start(1), rest.start + match.end(1))
        if pattern.fullmatch(name.text) is None:
            self._malformed(name, f'"{name.text}" is not {wanted}', form)
            return None
        return name, Span(self._source, rest.start + match.end(), rest.end)

    def _names(
        self, word: Span, rest: Span, form: str, *, star: bool = False
    ) -> tuple[Reference, ...]:
        """The rule names in `rest`, each with its place; "*" before a name where `star`."""
        names: list[Reference] = []
        words = 0
        for span in self._split(rest):
            words += 1
            mark = 1 if star and span.text.startswith("*") else 0
            place = Span(self._source, span.start + mark, span.end)
            if _RULE_NAME.fullmatch(place.text):
                names.append(Reference(place.text, place))
            else:
                self._malformed(span, f'"{span.text}" is not a rule name', form)
        if not words:
            self._malformed(word, f'"{word.text}" names no rule', form)
        return tuple(names)

    def _split(self, rest: Span) -> Iterator[Span]:
        for match in _WORD.finditer(rest.text):
            yield Span(self._source, rest.start + match.start(), rest.start + match.end())

    def _malformed(self, span: Span, message: str, form: str) -> None:
        self._found.append(finding("ABNF122", message, span, hint=f"write: {form}"))

    def _unescaped(self, span: Span) -> str | None:
        """The octets an example stands for, as text of U+0000-00FF."""
        for offset, char in enumerate(span.text):
            if not " " <= char <= "~":
                place = Span(self._source, span.start + offset, span.start + offset + 1)
                message = "an example is printable ASCII and escapes"
                hint = "write each octet as \\xHH"
                self._found.append(finding("ABNF123", message, place, hint=hint))
                return None
        try:
            return unescaped(span.text)
        except BadEscapeError as problem:
            place = Span(self._source, span.start + problem.start, span.start + problem.end)
            message = f'"{place.text}" is not an escape'
            hint = "a backslash that means itself is written twice"
            self._found.append(finding("ABNF123", message, place, expected=ESCAPES, hint=hint))
            return None
