"""Reading a TOML file so that every mistake is said: where it stands, what belongs there, a hint.

Rule 1: nothing in a file is passed over: a name nobody asked for is a mistake.
Rule 2: the words are for the person who wrote the file.
"""

from __future__ import annotations

import difflib
import tomllib
from collections.abc import Callable, Iterator, Mapping
from pathlib import Path
from typing import Final, TypeVar

_Value = TypeVar("_Value")

_WORDS: Final[Mapping[type, str]] = {
    str: "a string",
    int: "a whole number",
    bool: "true or false",
    list: "a list of strings",
    dict: "a table",
}


class FileMistake(ValueError):
    """A mistake in a configuration file.

    Args:
        where: the table and the key, as `[table] key`; "" for the file itself.
        expected: what belongs there.
        hint: what to do, if that is known.
    """

    def __init__(self, where: str, expected: str, hint: str = "") -> None:
        self.where = where
        self.expected = expected
        self.hint = hint
        super().__init__(
            ": ".join(filter(None, (where, expected))) + (f" ({hint})" if hint else "")
        )


class TomlTable:
    """One table of a file; `done` says that nothing is left over."""

    def __init__(self, values: Mapping[str, object], where: str) -> None:
        self.where: Final = where
        self._left = dict(values)
        self._known: list[str] = []

    @classmethod
    def of_file(cls, path: Path) -> TomlTable:
        """The tables of a file.

        Raises:
            OSError: it cannot be read.
            FileMistake: it is no TOML.
        """
        try:
            return cls(tomllib.loads(path.read_text("utf-8")), "")
        except UnicodeDecodeError as error:
            raise FileMistake("", f"the file is UTF-8, octet {error.start} is not") from error
        except tomllib.TOMLDecodeError as error:
            raise FileMistake("", f"the file is TOML: {error}") from error

    def __iter__(self) -> Iterator[str]:
        return iter(tuple(self._left))

    def __contains__(self, key: str) -> bool:
        self._known.append(key)
        return key in self._left

    def key(self, key: str) -> str:
        """A key with its table, for people."""
        return f"{self.where} {key}".strip()

    def table(self, key: str) -> TomlTable:
        """A table in this one, empty when it is missing."""
        where = f"[{key}]" if not self.where else f"{self.where} {key}"
        return TomlTable(self._take(key, dict, {}), where)

    def holds_table(self, key: str) -> bool:
        """Whether a key's value is a table."""
        return isinstance(self._left.get(key), dict)

    def take(self, key: str, kind: type[_Value], default: _Value | None = None) -> _Value:
        """A value of one type; a missing one is a mistake unless there is a default."""
        return self._take(key, kind, default)

    def number(self, key: str, default: int, least: int, most: int) -> int:
        """A whole number within bounds."""
        value = self._take(key, int, default)
        if not least <= value <= most:
            raise FileMistake(self.key(key), f"expected {least} to {most}, found {value}")
        return value

    def one_of(self, key: str, choices: Mapping[str, _Value], default: str | None = None) -> _Value:
        """What one of a few words stands for."""
        value = self._take(key, str, default)
        if value not in choices:
            known = " or ".join(f'"{choice}"' for choice in choices)
            raise FileMistake(
                self.key(key), f'expected {known}, found "{value}"', _near(value, choices)
            )
        return choices[value]

    def read(self, key: str, read: Callable[[str], _Value], default: str | None = None) -> _Value:
        """A string, read; a ValueError of the reader is a mistake of the file."""
        return self._read(key, self._take(key, str, default), read)

    def read_each(self, key: str, read: Callable[[str], _Value]) -> tuple[_Value, ...]:
        """A list of strings, each read; empty when it is missing."""
        values = self._take(key, list, [])
        if not all(isinstance(value, str) for value in values):
            raise FileMistake(self.key(key), f"expected {_WORDS[list]}")
        return tuple([self._read(key, value, read) for value in values])

    def done(self) -> None:
        """Raise FileMistake for a name nobody asked for."""
        for name in self._left:
            known = ", ".join(self._known)
            raise FileMistake(
                self.key(name), "is not known here", _near(name, self._known) or f"known: {known}"
            )

    def _take(self, key: str, kind: type[_Value], default: _Value | None) -> _Value:
        self._known.append(key)
        value = self._left.pop(key, default)
        expected = f"expected {_WORDS[kind]}"
        if value is None:
            raise FileMistake(self.key(key), f"{expected}, it is missing")
        if type(value) is not kind:
            raise FileMistake(self.key(key), f"{expected}, found {value!r}")
        return value

    def _read(self, key: str, text: str, read: Callable[[str], _Value]) -> _Value:
        try:
            return read(text)
        except ValueError as error:
            raise FileMistake(self.key(key), f"{error}") from error


def _near(name: str, known: Mapping[str, object] | list[str]) -> str:
    near = difflib.get_close_matches(name, list(known), 1)
    return f'did you mean "{near[0]}"?' if near else ""
