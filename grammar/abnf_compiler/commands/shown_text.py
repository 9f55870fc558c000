"""Strings as a terminal may show them: one line, nothing unprintable, read back by --escapes."""

from __future__ import annotations

from typing import Final

_NAMED: Final = {"\r": "\\r", "\n": "\\n", "\t": "\\t", "\\": "\\\\"}


def shown(data: bytes | str) -> str:
    """`data` with its controls escaped; octets above %x7E as \\xHH, code points as they are."""
    if isinstance(data, bytes):
        return "".join(_shown_ascii(chr(octet)) for octet in data)
    return "".join(
        char if char.isprintable() and not char.isascii() else _shown_ascii(char) for char in data
    )


def _shown_ascii(char: str) -> str:
    named = _NAMED.get(char)
    if named is not None:
        return named
    if " " <= char <= "~":
        return char
    code = ord(char)
    return f"\\x{code:02X}" if code < 0x100 else f"\\u{{{code:X}}}"
