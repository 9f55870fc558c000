"""The project's tables as the pages need them: keys, limits, and the examples of the key pages.

Rule: values come from `grammar/keys.toml`, `grammar/limits.toml` and `site/key_examples.toml` and
nowhere else; a field a table lacks is an error here, not an empty cell on a page.
"""

from __future__ import annotations

import tomllib
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Final

SITE: Final = Path(__file__).resolve().parent.parent
PROJECT: Final = SITE.parent
GRAMMAR_FILE: Final = PROJECT / "grammar" / "reply-metadata.abnf"


@dataclass(frozen=True, slots=True)
class KeyEntry:
    """One key of `grammar/keys.toml` (Draft: #keys)."""

    name: str
    hop: str
    classes: tuple[str, ...]
    not_codes: tuple[int, ...]
    commands: tuple[str, ...]
    lmtp_only: bool
    repeatable: bool
    arguments: str
    value: str | None
    any_name: str | None
    names: dict[str, str]
    sample: str
    meaning: str
    client: str
    server: str
    security: str

    @property
    def page(self) -> str:
        """The file name of the key's page in the folder `keys`."""
        return f"{self.name.lower()}.md"

    def value_rules(self) -> tuple[str, ...]:
        """The rules of decoded values, each once, in the order of the table."""
        rules = [self.value, self.any_name, *self.names.values()]
        return tuple(dict.fromkeys(rule for rule in rules if rule is not None))

    def replies(self) -> str:
        """Where the key may stand, as a sentence without its stop."""
        classes = " and ".join(f"{digit}yz" for digit in self.classes)
        text = (
            f"{classes} replies" if len(self.classes) < 3 else "every reply that may carry metadata"
        )
        if self.not_codes:
            text += " except " + ", ".join(map(str, self.not_codes))
        if self.commands:
            names = {"BDAT": "the last BDAT"}
            text += " to " + " or ".join(names.get(name, name) for name in self.commands)
        return text + (", for one recipient, in LMTP only" if self.lmtp_only else "")


@dataclass(frozen=True, slots=True)
class Limit:
    """One limit of `grammar/limits.toml` (Draft: #limits)."""

    name: str
    value: int
    unit: str
    scope: str
    reason: str


@dataclass(frozen=True, slots=True)
class KeyExamples:
    """What `site/key_examples.toml` says of one key.

    `command` is the command the sample answers, `lmtp` whether the session is LMTP; `ignored` are
    pairs of a reply whose group is not used and the reason in words.
    """

    summary: str
    command: str
    lmtp: bool
    typed: str
    show: str
    ignored: tuple[tuple[str, str], ...]


def _load(path: Path) -> dict[str, Any]:
    """The tables of one TOML file."""
    return tomllib.loads(path.read_text("utf-8"))


def load_keys(path: Path = PROJECT / "grammar" / "keys.toml") -> tuple[KeyEntry, ...]:
    """The keys in the order of the table."""
    return tuple(
        KeyEntry(
            name=name,
            hop=entry["hop"],
            classes=tuple(entry["classes"]),
            not_codes=tuple(entry.get("not_codes", ())),
            commands=tuple(entry.get("commands", ())),
            lmtp_only=entry.get("lmtp_only", False),
            repeatable=entry["repeatable"],
            arguments=entry["arguments"],
            value=entry.get("value"),
            any_name=entry.get("any_name"),
            names=entry.get("names", {}),
            sample=entry["sample"],
            meaning=entry["meaning"],
            client=entry["client"],
            server=entry["server"],
            security=entry["security"],
        )
        for name, entry in _load(path).items()
    )


def load_limits(path: Path = PROJECT / "grammar" / "limits.toml") -> tuple[Limit, ...]:
    """The limits in the order of the table."""
    return tuple(
        Limit(name, entry["value"], entry["unit"], entry["scope"], entry["reason"])
        for name, entry in _load(path).items()
    )


def load_key_examples(path: Path = SITE / "key_examples.toml") -> dict[str, KeyExamples]:
    """The examples by key."""
    return {
        name: KeyExamples(
            summary=entry["summary"],
            command=entry["command"],
            lmtp=entry.get("lmtp", False),
            typed=entry["typed"],
            show=entry["show"],
            ignored=tuple((pair["reply"], pair["why"]) for pair in entry["ignored"]),
        )
        for name, entry in _load(path).items()
    }
