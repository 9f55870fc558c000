"""What every engine answers, and the words for what a refused string should have had.

Rule: engines differ in how they find the verdict, never in how they report it.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Final

from abnf_compiler.automata.charset import CharSet

END_OF_INPUT: Final = "the end"
"""Stands in `Match.expected` where the string could also have ended."""

_PRINTABLE: Final = CharSet.of([(0x21, 0x7E)])

_NAMED: Final[tuple[tuple[CharSet, str], ...]] = (
    (CharSet.of([(0x41, 0x5A), (0x61, 0x7A)]), "a letter"),
    (CharSet.of([(0x41, 0x5A)]), "an upper-case letter"),
    (CharSet.of([(0x61, 0x7A)]), "a lower-case letter"),
    (CharSet.of([(0x30, 0x39)]), "a digit"),
)

_CHARACTER_NAMES: Final = {
    0x00: "NUL",
    0x09: "HTAB",
    0x0A: "LF",
    0x0D: "CR",
    0x20: "SP",
    0x22: "DQUOTE",
    0x7F: "DEL",
}

_CLOSING: Final = CharSet.of((ord(char), ord(char)) for char in ")>]}")
"""What often ends a part is named by itself, also among many others."""

_MOST_EXCEPTIONS: Final = 12
"""A set that lacks more printable characters than this is told by what it has."""

_LONGEST_LIST: Final = 3
"""Longer runs of characters are given by their ends."""


@dataclass(frozen=True, slots=True)
class Match:
    """The verdict on one string; true when accepted.

    position: of an accepted string its length; of a refused one the offset (octets or
    characters, from 0) of the first that cannot stand there, or the length when it ends early.
    expected: what could have stood there, in words; () when accepted.
    """

    accepted: bool
    engine: str
    position: int
    expected: tuple[str, ...] = ()

    def __bool__(self) -> bool:
        return self.accepted


def expected_words(charset: CharSet, *, may_end: bool = False) -> tuple[str, ...]:
    """The characters of a set in words, such as `a digit`, `"["`, `SP`, `%x80-FF`.

    A letter in both cases is given once, in lower case.
    """
    words: list[str] = []
    missing = _PRINTABLE - charset
    if len(missing) <= _MOST_EXCEPTIONS:
        if missing:
            words += [_name(code) for code in charset & _CLOSING]
        exceptions = [word for first, last in missing.intervals for word in _run(first, last)]
        words.append("a printable character" + _but_not(exceptions))
        charset = charset - _PRINTABLE
    for named, word in _NAMED:
        if named & charset == named:
            words.append(word)
            charset = charset - named
    single = charset & CharSet.of((code, code) for code in _CHARACTER_NAMES)
    words += [_CHARACTER_NAMES[code] for code in single]
    for first, last in _folded(charset - single).intervals:
        words += _run(first, last)
    if may_end:
        words.append(END_OF_INPUT)
    return tuple(words)


def _but_not(words: list[str]) -> str:
    return f" but not {' or '.join(words)}" if words else ""


def _folded(charset: CharSet) -> CharSet:
    """The set without the upper-case letters whose lower case is in it too."""
    double = [
        (code, code) for code in range(0x41, 0x5B) if code in charset and code + 0x20 in charset
    ]
    return charset - CharSet.of(double)


def _run(first: int, last: int) -> list[str]:
    """The characters from `first` to `last`, one by one when they are few."""
    if first < 0x20 or last > 0x7E:
        return [f"%x{first:02X}" if first == last else f"%x{first:02X}-{last:02X}"]
    if last - first >= _LONGEST_LIST:
        return [f"{_name(first)} to {_name(last)}"]
    return [_name(code) for code in range(first, last + 1)]


def _name(code: int) -> str:
    return _CHARACTER_NAMES.get(code) or f'"{chr(code)}"'
