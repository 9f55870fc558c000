"""Numbers on the command line: ASCII digits only, within bounds (Python's int reads "6_9", too)."""

from __future__ import annotations

from argparse import ArgumentTypeError
from collections.abc import Callable


def number_from(least: int, most: int) -> Callable[[str], int]:
    """Reads a number from `least` to `most`, for `type=` of an argument."""

    def read(text: str) -> int:
        digits = text.isascii() and text.isdigit() and len(text) <= len(str(most))
        if not digits or not least <= int(text) <= most:
            raise ArgumentTypeError(f"{text!r} is not a number from {least} to {most}")
        return int(text)

    return read
