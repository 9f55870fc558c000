"""Tables of a TOML file, each value asked for by name and kind, nothing left unread.

Rule: a mistake says where it is, what is expected there, and what may have been meant.
"""

from __future__ import annotations

import tomllib
from collections.abc import Callable, Collection, Iterator, Mapping
from difflib import get_close_matches
from pathlib import Path
from typing import Final, TypeVar

from reply_metadata.octets import escaped

_Value = TypeVar("_Value")
_KINDS: Final = {bool: "true or false", int: "a whole number", str: "a text in quotes"}


class ConfigurationError(ValueError):
    """A file that does not say what it should.

    Args:
        key: where, such as `[proxy] listen`.
        expected: what should stand there.
        found: what stands there; "" when nothing does.
        hint: what may help; "" when nothing is known.
    """

    def __init__(self, key: str, expected: str, found: str = "", hint: str = "") -> None:
        self.key = key
        self.expected = expected
        self.found = found
        self.hint = hint
        super().__init__(key, expected, found, hint)

    def __str__(self) -> str:
        text = f"{self.key}: expected {self.expected}"
        text += f", found {escaped(self.found)}" if self.found else ", found nothing"
        return f"{text}; {self.hint}" if self.hint else text


def read_toml(path: Path, sections: Collection[str]) -> dict[str, Mapping[str, object]]:
    """The tables of a file, an empty one for each that is missing.

    Raises:
        OSError: it cannot be read.
        ConfigurationError: it is no TOML, or has another table.
    """
    try:
        data = tomllib.loads(path.read_text("utf-8"))
    except UnicodeDecodeError as error:
        place = f"octet {error.start}"
        raise ConfigurationError(place, "UTF-8", f"{error.object[error.start]:#04x}") from None
    except tomllib.TOMLDecodeError as error:
        raise ConfigurationError("the file", "TOML", f"a mistake: {error}") from None
    for name, table in data.items():
        if name not in sections:
            expected = f"one of the tables {', '.join(f'[{one}]' for one in sections)}"
            raise ConfigurationError(f"[{name}]", expected, name, _meant(name, sections))
        if not isinstance(table, dict):
            raise ConfigurationError(f"[{name}]", "a table", repr(table))
    return {name: data.get(name, {}) for name in sections}


class Section:
    """One table of the file; `done` says that nothing is left over.

    Args:
        name: its name.
        values: what it holds.
    """

    def __init__(self, name: str, values: Mapping[str, object]) -> None:
        self._name = name
        self._left = dict(values)
        self._known: list[str] = []

    def place(self, key: str) -> str:
        """How an error names a key of this table."""
        return f"[{self._name}] {key}"

    def take(
        self,
        key: str,
        kind: type[_Value],
        default: _Value | None = None,
        *,
        choices: Collection[_Value] = (),
    ) -> _Value:
        """A value of one type; a missing one is an error unless there is a default."""
        self._known.append(key)
        value = self._left.pop(key, default)
        expected = _KINDS[kind] if not choices else f"one of {', '.join(map(repr, choices))}"
        if value is None:
            raise ConfigurationError(self.place(key), expected)
        if type(value) is not kind or (choices and value not in choices):
            hint = _meant(f"{value}", [f"{one}" for one in choices])
            raise ConfigurationError(self.place(key), expected, repr(value), hint)
        return value

    def take_with(
        self, key: str, read: Callable[[str], _Value], expected: str, default: str | None = None
    ) -> _Value:
        """A text that is read; a missing one is an error unless there is a default."""
        return self._read(key, self.take(key, str, default), read, expected)

    def take_path(self, key: str) -> Path | None:
        """The name of a file, or None when it is missing."""
        name = self.take(key, str, "")
        return Path(name) if name else None

    def take_seconds(self, key: str, default: float) -> float:
        """A number of seconds above 0."""
        self._known.append(key)
        value = self._left.pop(key, default)
        if isinstance(value, bool) or not isinstance(value, int | float) or not 0 < value < 1e7:
            expected = "a number of seconds above 0"
            raise ConfigurationError(self.place(key), expected, repr(value))
        return float(value)

    def take_each(
        self, key: str, read: Callable[[str], _Value], expected: str
    ) -> tuple[_Value, ...]:
        """A list of texts, each read; empty when it is missing."""
        self._known.append(key)
        return self._each(key, self._left.pop(key, []), read, expected)

    def rest_of_lists(
        self, read: Callable[[str], _Value], expected: str
    ) -> Iterator[tuple[str, tuple[_Value, ...]]]:
        """Every key that is left, each with a list of texts."""
        for key in list(self._left):
            yield key, self._each(key, self._left.pop(key), read, expected)

    def rest(self, read: Callable[[str], _Value], expected: str) -> Iterator[tuple[str, _Value]]:
        """Every key that is left, each with a text."""
        for key in list(self._left):
            yield key, self.take_with(key, read, expected)

    def done(self) -> None:
        """Raise ConfigurationError for a key nobody asked for."""
        for key in self._left:
            expected = f"one of the keys {', '.join(self._known)}"
            raise ConfigurationError(self.place(key), expected, key, _meant(key, self._known))

    def _each(
        self, key: str, value: object, read: Callable[[str], _Value], expected: str
    ) -> tuple[_Value, ...]:
        if not isinstance(value, list) or not all(isinstance(item, str) for item in value):
            expected = f"a list of texts in quotes, each {expected}"
            raise ConfigurationError(self.place(key), expected, repr(value))
        return tuple(self._read(key, item, read, expected) for item in value)

    def _read(self, key: str, text: str, read: Callable[[str], _Value], expected: str) -> _Value:
        try:
            return read(text)
        except ValueError as error:
            why = f"{error}" if isinstance(error, ConfigurationError) else escaped(f"{error}")
            raise ConfigurationError(self.place(key), expected, repr(text), why) from error


def _meant(word: str, known: Collection[str]) -> str:
    close = get_close_matches(word.lower(), known, n=1)
    return f"did you mean {close[0]!r}?" if close else ""
