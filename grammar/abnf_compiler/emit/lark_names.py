r"""Rule names and characters of ABNF in the notation of Lark, and back.

Rules: an ABNF name has letters, digits and "-" only (RFC 5234, Section 2.1) and compares without
regard to case, so lower case with "_" for "-" is exact and can be undone.  Names of our own begin
with "_", which no ABNF name does; Lark folds such rules into their parents.  Lark evaluates `\x..`
before `re` sees it, so a character that means something in a class is escaped by its sign.
"""

from __future__ import annotations

from typing import Final

from abnf_compiler.automata.charset import CharSet

READABLE: Final = frozenset(range(0x21, 0x7F))
ESCAPED: Final = frozenset(rb"\]^-[&~|/\"'")
MAX_TERMINAL_NAME: Final = 48


def lark_rule(name: str) -> str:
    """The Lark rule for an ABNF rule: `metadata-group` is `metadata_group`."""
    return name.lower().replace("-", "_")


def abnf_rule(name: str) -> str:
    """The ABNF rule a Lark rule stands for, in lower case; undoes `lark_rule`."""
    return name.replace("_", "-")


def class_character(value: int) -> str:
    """One character inside `[...]` of a regular expression in a Lark grammar, in ASCII."""
    if value in ESCAPED:
        return "\\" + chr(value)
    if value in READABLE:
        return chr(value)
    if value <= 0xFF:
        return f"\\x{value:02x}"
    return f"\\u{value:04x}" if value <= 0xFFFF else f"\\U{value:08x}"


def character_class(charset: CharSet) -> str:
    r"""A class for one character of `charset`, such as `[A-Za-z\x80]`."""
    parts = []
    for first, last in charset.intervals:
        parts.append(class_character(first))
        if last > first:
            parts.append(("-" if last > first + 1 else "") + class_character(last))
    return f"[{''.join(parts)}]"


def terminal_name(charset: CharSet) -> str | None:
    """A name for the terminal of one character, made from its set; None when it would be long.

    `M` for the letter in both cases, `X5B` for one value, `X30_39` and `X2D__30_39` for ranges.
    """
    letter = charset.lowest
    if (
        charset == CharSet.of([(letter, letter), (letter | 0x20, letter | 0x20)])
        and len(charset) == 2
    ):
        return chr(letter) if 0x41 <= letter <= 0x5A else None
    parts = (
        f"{first:02X}" if first == last else f"{first:02X}_{last:02X}"
        for first, last in charset.intervals
    )
    name = "X" + "__".join(parts)
    return name if len(name) <= MAX_TERMINAL_NAME else None
