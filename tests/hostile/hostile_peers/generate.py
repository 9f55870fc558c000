"""Write the transcripts: `make hostile-transcripts`; with --check only compare."""

from __future__ import annotations

import argparse
import json
import sys
from importlib import import_module
from pathlib import Path

from hostile_peers.transcript import CLASSES, FOLDER
from hostile_peers.writing import Json

FAMILIES = (
    "content_ends",
    "command_ends",
    "starttls",
    "injection",
    "referrals",
    "sizes",
    "silence",
    "display",
    "counts",
    "codes",
    "groups",
)
GENERATED = (
    "Generated from tests/hostile/hostile_peers/families by `make hostile-transcripts`; do not edit"
)


def transcripts() -> list[Json]:
    """All transcripts of all families."""
    return [
        talk.json()
        for name in FAMILIES
        for talk in import_module(f"hostile_peers.families.{name}").family()
    ]


def files() -> dict[Path, str]:
    """The files and their text, one a class."""
    made = transcripts()
    ids = [one["id"] for one in made]
    twice = sorted({f"{name}" for name in ids if ids.count(name) > 1})
    assert not twice, f"ids twice: {twice}"
    return {
        FOLDER / f"{attack}.json": _text([one for one in made if one["attack"] == attack])
        for attack in CLASSES
    }


def _text(made: list[Json]) -> str:
    lines = ",\n".join(f"  {json.dumps(one)}" for one in made)
    return f'{{"generated": {json.dumps(GENERATED)},\n "transcripts": [\n{lines}\n ]}}\n'


def stale() -> list[str]:
    """The files that are not as they would be written now, surplus ones included."""
    wanted = files()
    there = {path: path.read_text("utf-8") for path in FOLDER.glob("*")}
    return sorted(
        path.name for path in wanted.keys() | there.keys() if wanted.get(path) != there.get(path)
    )


def main() -> int:
    """Write or compare."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--check", action="store_true")
    if parser.parse_args().check:
        for name in stale():
            sys.stdout.write(f"{FOLDER / name}: stale\n")
        return bool(stale())
    FOLDER.mkdir(exist_ok=True)
    for path, text in files().items():
        path.write_text(text, "utf-8")
    return 0


if __name__ == "__main__":
    sys.exit(main())
