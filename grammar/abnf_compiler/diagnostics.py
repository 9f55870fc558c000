"""What the compiler says about a grammar: numbered findings with their place in the text.

Rules: every finding has a code of `CODES`, which fixes its severity; a code keeps its meaning for
ever. 1xx: the text cannot be read. 2xx: names. 3xx: style. 4xx: what the rules can match.
5xx: what an output cannot carry.
Text made from a grammar is printed with its control characters replaced.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from enum import Enum
from typing import Final

from abnf_compiler.source import Span


class Severity(Enum):
    """Whether a finding makes the grammar unusable."""

    ERROR = "error"
    WARNING = "warning"


_E: Final = Severity.ERROR
_W: Final = Severity.WARNING

CODES: Final[Mapping[str, tuple[Severity, str]]] = {
    "ABNF101": (_E, "syntax error"),
    "ABNF102": (_E, "quoted string without an end"),
    "ABNF103": (_E, "prose value without an end"),
    "ABNF104": (_E, "group or option without an end"),
    "ABNF105": (_E, "blank between a repetition and its element"),
    "ABNF106": (_E, "no blank between two elements"),
    "ABNF107": (_E, "value above 10FFFF"),
    "ABNF108": (_E, "number too long"),
    "ABNF109": (_E, "nested too deep"),
    "ABNF110": (_E, "character that ABNF does not allow"),
    "ABNF111": (_W, "rule that does not start in the column of the first rule"),
    "ABNF112": (_E, "no rule in the file"),
    "ABNF113": (_W, "rule interrupted by an empty line or a comment at the margin"),
    "ABNF121": (_W, "annotation with an unknown word"),
    "ABNF122": (_E, "annotation of the wrong form"),
    "ABNF123": (_E, "example with a bad escape or character"),
    "ABNF201": (_E, "rule used but not defined"),
    "ABNF202": (_E, 'rule defined twice with "="'),
    "ABNF203": (_E, '"=/" before the rule it adds to'),
    "ABNF204": (_E, "imported document not found or not readable"),
    "ABNF205": (_E, "imported rule not in its document"),
    "ABNF206": (_E, "documents that import each other in a circle"),
    "ABNF207": (_E, "annotation that names an unknown rule"),
    "ABNF208": (_E, "rule that two documents define differently"),
    "ABNF209": (_W, "core rule defined differently from RFC 5234, Appendix B.1"),
    "ABNF301": (_W, "rule that no start rule reaches"),
    "ABNF302": (_W, "rule name written in two cases"),
    "ABNF303": (_W, "alternative written twice"),
    "ABNF304": (_W, "characters outside ASCII in a comment"),
    "ABNF305": (_W, "import that nothing uses"),
    "ABNF306": (_W, "capture of a rule that the captured rule does not reach"),
    "ABNF307": (_W, "repetition or option written in a roundabout way"),
    "ABNF308": (_W, "alternative that adds nothing to the others"),
    "ABNF309": (_W, "prose binding that no prose value uses"),
    "ABNF401": (_W, "left recursion"),
    "ABNF402": (_E, "rule that can match nothing at all"),
    "ABNF403": (_E, "range that ends before it begins"),
    "ABNF404": (_E, "repetition whose maximum is below its minimum"),
    "ABNF405": (_W, "prose value"),
    "ABNF406": (_E, "example that its rule does not accept"),
    "ABNF407": (_W, "surrogate code point"),
    "ABNF501": (_E, "line too long for a draft"),
    "ABNF502": (_E, "captures that a Lark grammar of lines cannot carry"),
}


@dataclass(frozen=True, slots=True)
class Diagnostic:
    """One finding.

    `expected`: what could stand here instead, in words. `hint`: what to do about it.
    """

    code: str
    severity: Severity
    message: str
    span: Span
    expected: tuple[str, ...] = ()
    hint: str = ""


def finding(
    code: str, message: str, span: Span, *, expected: tuple[str, ...] = (), hint: str = ""
) -> Diagnostic:
    """A diagnostic with the severity of its code."""
    return Diagnostic(code, CODES[code][0], message, span, expected, hint)


class GrammarError(Exception):
    """A grammar that cannot be used; carries every finding, warnings included.

    `path`, `line`, `column` are those of the first error. Printed, it is all findings rendered.
    """

    def __init__(self, diagnostics: Iterable[Diagnostic]) -> None:
        self.diagnostics = tuple(diagnostics)
        if not self.diagnostics:
            raise ValueError("a GrammarError needs a diagnostic")
        super().__init__("\n".join(render(diagnostic) for diagnostic in self.diagnostics))

    @property
    def first(self) -> Diagnostic:
        """The first error, or the first finding when none is an error."""
        return next(
            (found for found in self.diagnostics if found.severity is Severity.ERROR),
            self.diagnostics[0],
        )

    @property
    def path(self) -> str:
        """The name of the text the first error is in."""
        return self.first.span.source.name

    @property
    def line(self) -> int:
        """The line of the first error, from 1."""
        return self.first.span.position.line

    @property
    def column(self) -> int:
        """The column of the first error, from 1."""
        return self.first.span.position.column


def has_errors(diagnostics: Iterable[Diagnostic]) -> bool:
    """Whether one of the findings is an error."""
    return any(found.severity is Severity.ERROR for found in diagnostics)


def in_order(diagnostics: Iterable[Diagnostic]) -> tuple[Diagnostic, ...]:
    """The findings by file and place, each once."""
    unique = dict.fromkeys(diagnostics)
    return tuple(sorted(unique, key=lambda each: (each.span.source.name, each.span.start)))


PAGE: Final = "reference/diagnostics.html"
"""The page of the documentation site that explains each code, with an example of each."""


def page_of(code: str) -> str:
    """Where a code is explained, from the root of the site; `abnfc explain` prints the same."""
    return f"{PAGE}#{code.lower()}"


@dataclass(frozen=True, slots=True)
class Style:
    """What a terminal is sent before the parts of a finding, and after each of them."""

    place: str = ""
    error: str = ""
    warning: str = ""
    caret: str = ""
    label: str = ""
    end: str = ""


PLAIN: Final = Style()
COLOURED: Final = Style(
    place="\x1b[1m",
    error="\x1b[1;31m",
    warning="\x1b[1;33m",
    caret="\x1b[1;31m",
    label="\x1b[36m",
    end="\x1b[0m",
)

_TAB_WIDTH: Final = 8
_WIDTH: Final = 100  # a longer source line is cut around the caret


def render(diagnostic: Diagnostic, style: Style = PLAIN) -> str:
    """`file:line:column: CODE message`, the source line, a caret, what was expected, a hint."""
    place = diagnostic.span.position
    is_warning = diagnostic.severity is Severity.WARNING
    code = f"{style.warning if is_warning else style.error}{diagnostic.code}{style.end}"
    where = f"{diagnostic.span.source.name}:{place.line}:{place.column}:"
    warning = "warning: " if is_warning else ""
    lines = [f"{style.place}{where}{style.end} {code} {warning}{diagnostic.message}"]
    excerpt = _excerpt(diagnostic.span)
    if excerpt:
        line, blanks, carets = excerpt
        lines += [f"  {line}", f"  {blanks}{style.caret}{carets}{style.end}"]
    if diagnostic.expected:
        lines.append(f"  {style.label}expected:{style.end} {_listed(diagnostic.expected)}")
    if diagnostic.hint:
        lines.append(f"  {style.label}hint:{style.end} {diagnostic.hint}")
    return "\n".join(lines)


def as_json(diagnostic: Diagnostic) -> dict[str, object]:
    """The finding as plain values.

    `end_line` and `end_column` are just past its last character; `page` is where its code is
    explained, from the root of the documentation site.
    """
    span = diagnostic.span
    begin, end = span.position, span.source.position(span.end)
    return {
        "file": span.source.name,
        "line": begin.line,
        "column": begin.column,
        "end_line": end.line,
        "end_column": end.column,
        "code": diagnostic.code,
        "severity": diagnostic.severity.value,
        "message": diagnostic.message,
        "expected": list(diagnostic.expected),
        "hint": diagnostic.hint,
        "page": page_of(diagnostic.code),
    }


def _listed(words: tuple[str, ...]) -> str:
    return words[0] if len(words) == 1 else f"{', '.join(words[:-1])} or {words[-1]}"


def _excerpt(span: Span) -> tuple[str, str, str] | None:
    """The source line, the blanks before the carets and the carets, cut to `_WIDTH` columns."""
    place = span.position
    raw = span.source.line(place.line)
    begin = min(place.column - 1, len(raw))
    marked = raw[begin : min(begin + span.end - span.start, len(raw))]
    before = _shown(raw[:begin])
    carets = max(len(_shown(raw[: begin + len(marked)])) - len(before), 1)
    line = _shown(raw)
    column = len(before)
    if len(line) > _WIDTH:
        cut = max(0, min(column - _WIDTH // 2, len(line) - _WIDTH))
        line = line[cut : cut + _WIDTH]
        column -= cut
        carets = min(carets, _WIDTH - column) or 1
    if not line.strip():
        return None
    return line.rstrip(), " " * column, "^" * carets


def _shown(text: str) -> str:
    """`text` with tabs as blanks up to the next stop and unprintable characters replaced."""
    expanded = text.expandtabs(_TAB_WIDTH)
    return "".join(char if char.isprintable() else "\N{REPLACEMENT CHARACTER}" for char in expanded)
