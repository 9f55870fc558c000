"""The escapes of `@example` texts: \\r \\n \\t \\\\ and \\xHH, one octet each."""

from __future__ import annotations

import re
from typing import Final

ESCAPES: Final = ("\\r", "\\n", "\\t", "\\\\", "\\xHH")
_ESCAPE: Final = re.compile(r"\\(?:x([0-9A-Fa-f]{2})|([rnt\\])|(.?))", re.DOTALL)
_SIMPLE: Final = {"r": "\r", "n": "\n", "t": "\t", "\\": "\\"}


class BadEscapeError(ValueError):
    """A backslash that begins no escape; `start` and `end` are its place in the text."""

    def __init__(self, text: str, start: int, end: int) -> None:
        self.start = start
        self.end = end
        super().__init__(f'"{text[start:end]}" is not an escape; there are {" ".join(ESCAPES)}')


def unescaped(text: str) -> str:
    """The text that `text` stands for.

    Raises:
        BadEscapeError: a backslash begins no escape.
    """

    def replacement(match: re.Match[str]) -> str:
        octet, simple, _ = match.groups()
        if octet is not None:
            return chr(int(octet, 16))
        if simple is not None:
            return _SIMPLE[simple]
        raise BadEscapeError(text, match.start(), match.end())

    return _ESCAPE.sub(replacement, text)
