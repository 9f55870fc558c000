"""Regular expression -> the text of a stdlib `re` pattern.

Rules, so that the text means the same on every CPython from 3.11.0 on: a loop over a group that
must not give back is `(?>(?:...)*)`, never `(?:...)*+` (gh-106052 in 3.11.0 to 3.11.4); `*+` stands
behind single character sets only; no group captures inside a loop (gh-101955).
The text is ASCII without quotes, so it can stand in `rb"..."` and in `r"..."`.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Final

from abnf_compiler.automata.charset import CharSet
from abnf_compiler.automata.expression import (
    Alt,
    Captured,
    Chars,
    Empty,
    Epsilon,
    Regex,
    Repeat,
    Seq,
    children,
    nullable,
)

_SPECIAL: Final = frozenset(map(ord, r"\.^$*+?{}[]|()"))
_SPECIAL_IN_SET: Final = frozenset(map(ord, r"\^-[]"))
_NOTHING: Final = "(?!)"


@dataclass(frozen=True, slots=True)
class Marks:
    """What the proofs allow for the sites of an expression (positions.py numbers them).

    forced: a part whose greedy match is right.  committed: a repetition that keeps what it took.
    ordered: choices that an order of trying decides, with that order.
    """

    forced: frozenset[int] = frozenset()
    committed: frozenset[int] = frozenset()
    ordered: Mapping[int, tuple[int, ...]] = field(default_factory=dict)


NO_MARKS: Final = Marks()


def pattern_text(regex: Regex, marks: Marks = NO_MARKS) -> str:
    """The pattern of an expression; the whole of a string is to be matched (`fullmatch`)."""
    return _Writer(marks).text(regex, 0)


def grouped_text(regex: Regex, marks: Marks = NO_MARKS) -> tuple[str, tuple[Captured, ...]]:
    """The pattern with one group for each `Captured` part, and those parts in group order."""
    return part_text(regex, 0, marks)


def part_text(regex: Regex, site: int, marks: Marks) -> tuple[str, tuple[Captured, ...]]:
    """The pattern of the part `regex` of a larger expression, where it stands at `site`."""
    writer = _Writer(marks, groups=True)
    text = writer.text(regex, site)
    return text, tuple(writer.opened)


def set_text(charset: CharSet) -> str:
    """A pattern for one character of a set that is not empty."""
    if len(charset) == 1:
        return _literal(charset.lowest, _SPECIAL)
    ranges = []
    for first, last in charset.intervals:
        ends = [_literal(code, _SPECIAL_IN_SET) for code in (first, last)]
        if first == last:
            ranges.append(ends[0])
        else:
            ranges.append(("" if last == first + 1 else "-").join(ends))
    return f"[{''.join(ranges)}]"


def _literal(code: int, special: frozenset[int]) -> str:
    if code in special:
        return "\\" + chr(code)
    if 0x20 <= code <= 0x7E and code not in (0x22, 0x27):
        return chr(code)
    if code <= 0xFF:
        return f"\\x{code:02x}"
    return f"\\u{code:04x}" if code <= 0xFFFF else f"\\U{code:08x}"


class _Writer:
    def __init__(self, marks: Marks, *, groups: bool = False) -> None:
        self._marks = marks
        self._groups = groups
        self.opened: list[Captured] = []
        self._sizes: dict[int, int] = {}

    def text(self, regex: Regex, site: int) -> str:
        match regex:
            case Empty():
                return _NOTHING
            case Epsilon():
                return ""
            case Chars(charset):
                return set_text(charset)
            case Captured(_, _, item) if self._groups:
                self.opened.append(regex)
                return f"({self.text(item, site + 1)})"
            case Captured(_, _, item):
                return self._bracketed(item, site + 1)
            case Seq(items):
                return "".join(self._bracketed(item, at) for item, at in self._sites(items, site))
            case Alt(items):
                return self._choice(items, site)
            case Repeat():
                return self._loop(regex, site)

    def _sites(self, items: tuple[Regex, ...], site: int) -> list[tuple[Regex, int]]:
        found = []
        at = site + 1
        for item in items:
            found.append((item, at))
            at += self._size(item)
        return found

    def _size(self, regex: Regex) -> int:
        known = self._sizes.get(id(regex))
        if known is None:
            known = 1 + sum(self._size(part) for part in children(regex))
            self._sizes[id(regex)] = known
        return known

    def _bracketed(self, choice: Regex, site: int) -> str:
        if not isinstance(choice, Alt):
            return self.text(choice, site)
        opening = "(?>" if site in self._marks.forced else "(?:"
        return f"{opening}{self.text(choice, site)})"

    def _choice(self, items: tuple[Regex, ...], site: int) -> str:
        parts = self._sites(items, site)
        if site in self._marks.ordered:
            parts = [parts[number] for number in self._marks.ordered[site]]
        elif site in self._marks.forced:
            parts.sort(key=lambda part: nullable(part[0]))
        return "|".join(self.text(item, at) for item, at in parts)

    def _loop(self, regex: Repeat, site: int) -> str:
        committed = site in self._marks.committed
        forced = site in self._marks.forced
        count = _count(regex.minimum, regex.maximum)
        if isinstance(regex.item, Chars):
            possessive = (committed or forced) and regex.minimum != regex.maximum
            return f"{set_text(regex.item.charset)}{count}{'+' if possessive else ''}"
        if isinstance(regex.item, Captured) and self._groups:
            return f"{self.text(regex.item, site + 1)}{count}"
        if not (committed or (forced and regex.maximum != 1)):
            return f"(?:{self.text(regex.item, site + 1)}){count}"
        if regex.maximum is not None or regex.minimum > 1:
            return f"(?>(?:{self.text(regex.item, site + 1)}){count})"
        if forced and site + 1 in self._marks.forced and site + 1 not in self._marks.ordered:
            runs = self._runs(regex, site)
            if runs is not None:
                return runs
        return _in_chunks(self._bracketed(regex.item, site + 1), count)

    def _runs(self, regex: Repeat, site: int) -> str | None:
        """`*( S / A )` with one single set S, as `S*+` and then `*( A S*+ )`."""
        if not isinstance(regex.item, Alt):
            return None
        parts = self._sites(regex.item.items, site + 1)
        sets = [part for part, _ in parts if isinstance(part, Chars)]
        if len(sets) != 1:
            return None
        run = set_text(sets[0].charset)
        rest = "|".join(self.text(part, at) for part, at in parts if part is not sets[0])
        if len(parts) > 2:
            rest = f"(?>{rest})"
        later = _in_chunks(f"{rest}{run}*+", "*")
        if regex.minimum == 0:
            return f"{run}*+{later}"
        return f"(?>{run}++|{rest}{run}*+){later}"


CHUNK: Final = 256
"""Turns of a loop whose memory `re` gives back at once."""

SHORT: Final = 60
"""Characters of a loop body that is written twice rather than wrapped once more."""


def _in_chunks(body: str, count: str) -> str:
    """An unbounded loop that gives nothing back, its memory bounded by that of a chunk."""
    if len(body) <= SHORT:
        return f"(?>(?:{body}(?>(?:{body}){{0,{CHUNK - 1}}})){count})"
    return f"(?>(?:(?>(?:{body}){{1,{CHUNK}}})){count})"


def _count(minimum: int, maximum: int | None) -> str:
    match (minimum, maximum):
        case (0, None):
            return "*"
        case (1, None):
            return "+"
        case (0, 1):
            return "?"
        case (_, None):
            return f"{{{minimum},}}"
        case _ if minimum == maximum:
            return f"{{{minimum}}}"
        case _:
            return f"{{{minimum},{maximum}}}"
