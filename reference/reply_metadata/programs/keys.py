"""`replymeta keys`: the keys this edition knows, as the reader checks them."""

from __future__ import annotations

import argparse
import sys
from typing import Final

from reply_metadata.key_rules import KEY_ENTRIES, KeyEntry
from reply_metadata.programs.reply_json import JsonValue, json_line

NAME: Final = "keys"
HELP: Final = "show the keys of the first edition and what each allows"

_HEADINGS: Final = ("KEY", "HOP", "REPLIES", "TO", "REPEATABLE", "ARGUMENTS")


def configure(parser: argparse.ArgumentParser) -> None:
    """Add the arguments of the subcommand."""
    parser.epilog = "example:\n  replymeta keys --json"
    parser.add_argument("--json", action="store_true", help="one JSON document")


def run(arguments: argparse.Namespace) -> int:
    """Print the table."""
    if arguments.json:
        document: dict[str, JsonValue] = {
            key: _as_json(entry) for key, entry in KEY_ENTRIES.items()
        }
        sys.stdout.write(f"{json_line(document)}\n")
        return 0
    rows = [_HEADINGS, *(_row(entry) for entry in KEY_ENTRIES.values())]
    widths = [max(len(row[column]) for row in rows) for column in range(len(_HEADINGS))]
    for row in rows:
        cells = (f"{cell:{width}}" for cell, width in zip(row, widths, strict=True))
        sys.stdout.write("  ".join(cells).rstrip() + "\n")
    return 0


def _row(entry: KeyEntry) -> tuple[str, ...]:
    replies = " ".join(f"{digit}yz" for digit in entry.classes)
    excepted = "".join(f" not {code}" for code in entry.not_codes)
    commands = " ".join(entry.commands) or "any"
    return (
        entry.key,
        entry.hop,
        replies + excepted,
        commands + (" in LMTP" if entry.lmtp_only else ""),
        "yes" if entry.repeatable else "no",
        _arguments(entry),
    )


def _arguments(entry: KeyEntry) -> str:
    words = [] if entry.value is None else [entry.value]
    words += [f"{name}={rule}" for name, rule in entry.names.items()]
    if entry.any_name is not None:
        words.append(f"name={entry.any_name}")
    return " ".join(words)


def _as_json(entry: KeyEntry) -> JsonValue:
    return {
        "hop": entry.hop,
        "classes": list(entry.classes),
        "not_codes": list(entry.not_codes),
        "commands": list(entry.commands),
        "lmtp_only": entry.lmtp_only,
        "repeatable": entry.repeatable,
        "arguments": entry.arguments,
        "value": entry.value,
        "any_name": entry.any_name,
        "names": dict(entry.names),
    }
