"""What every engine answers, and the words for what a refused string should have had.

Rule: engines differ in how they find the verdict, never in how they report it.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Final

from abnf_compiler.automata.charset import CharSet

END_OF_INPUT: Final = "the end"
"""Stands in `Match.expected` where the string could also have ended."""

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

_MOST_SINGLE_CHARACTERS: Final = 8
"""Longer runs of printable characters are given as a range, shorter ones one by one."""


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
    for named, word in _NAMED:
        if named & charset == named:
            words.append(word)
            charset = charset - named
    for first, last in _folded(charset).intervals:
        words.extend(_run_words(first, last))
    if may_end:
        words.append(END_OF_INPUT)
    return tuple(words)


def _folded(charset: CharSet) -> CharSet:
    """The set without the upper-case letters whose lower case is in it too."""
    double = [
        (code, code) for code in range(0x41, 0x5B) if code in charset and code + 0x20 in charset
    ]
    return charset - CharSet.of(double)


def _run_words(first: int, last: int) -> list[str]:
    if last - first >= _MOST_SINGLE_CHARACTERS:
        return [f"%x{first:02X}-{last:02X}"]
    if all(code in _CHARACTER_NAMES or 0x21 <= code <= 0x7E for code in range(first, last + 1)):
        return [_CHARACTER_NAMES.get(code) or f'"{chr(code)}"' for code in range(first, last + 1)]
    return [f"%x{first:02X}" if first == last else f"%x{first:02X}-{last:02X}"]
