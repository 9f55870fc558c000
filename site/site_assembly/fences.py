"""The fenced blocks of a Markdown page, with where they stand and what is said above them.

Rule: a fence is three backquotes, the name of a language, and words after it; `title="x"` names a
file, and a comment `<!-- not run: reason -->` on the line above excuses a block from being run.
"""

from __future__ import annotations

import re
from dataclasses import dataclass
from typing import Final

_OPEN: Final = re.compile(r"^(?P<indent> *)```(?P<language>[\w+-]*)(?P<info>[^`]*)$")
_TITLE: Final = re.compile(r'title="([^"]*)"')
_NOT_RUN: Final = re.compile(r"^\s*<!-- not run: (?P<reason>.+) -->\s*$")


@dataclass(frozen=True, slots=True)
class Fence:
    """One fenced block; `first` and `last` are the line numbers of its two fences, from 1."""

    language: str
    info: str
    body: str
    first: int
    last: int
    indent: str
    not_run: str | None

    @property
    def title(self) -> str | None:
        """The text of `title="..."`, if the block has one."""
        found = _TITLE.search(self.info)
        return found.group(1) if found else None

    def lines(self) -> list[str]:
        """The lines of the body, without their indentation."""
        return self.body.splitlines()


class UnclosedFenceError(ValueError):
    """A block that no second fence closes; the text says at which line it begins."""


def find_fences(text: str) -> tuple[Fence, ...]:
    """Every fenced block of `text`, in order."""
    lines = text.splitlines()
    found: list[Fence] = []
    number = 0
    while number < len(lines):
        opening = _OPEN.match(lines[number])
        if opening is None:
            number += 1
            continue
        indent = opening["indent"]
        closing = next(
            (n for n in range(number + 1, len(lines)) if lines[n].rstrip() == indent + "```"), None
        )
        if closing is None:
            raise UnclosedFenceError(f"line {number + 1}: this block is never closed")
        excuse = _NOT_RUN.match(lines[number - 1]) if number else None
        body = "\n".join(line.removeprefix(indent) for line in lines[number + 1 : closing])
        found.append(
            Fence(
                language=opening["language"],
                info=opening["info"].strip(),
                body=body,
                first=number + 1,
                last=closing + 1,
                indent=indent,
                not_run=excuse["reason"] if excuse else None,
            )
        )
        number = closing + 1
    return tuple(found)


def replace_fence(text: str, fence: Fence, replacement: str) -> str:
    """`text` with the lines of `fence`, both fences included, replaced."""
    lines = text.splitlines()
    lines[fence.first - 1 : fence.last] = replacement.splitlines()
    return "\n".join(lines) + "\n"
