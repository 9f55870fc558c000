"""Render the Internet-Draft to build/draft: text, html, and one expanded xml file.

    python draft/build_draft.py [--output DIRECTORY]

Rule: xml2rfc runs offline, and a warning of xml2rfc fails the build, all but one: that the date in
the source is not today's.  A draft carries the date of its last change and builds on later days.
The source with its includes must not be newer than what is generated: `make generate` writes the
parts under draft/_generated.
"""

from __future__ import annotations

import argparse
import os
import re
import subprocess
import sys
from importlib import resources
from pathlib import Path
from typing import Final

from draft_source import SOURCE

OUTPUT: Final = Path(__file__).resolve().parent.parent / "build" / "draft"
MAX_TEXT_COLUMNS: Final = 72
FORMATS: Final = {"txt": "--text", "html": "--html", "xml": "--expand"}
EXPECTED: Final = re.compile(
    r"Created file |.*: Warning: The document date \(\d{4}-\d\d-\d\d\) is more than 3 days away"
)


class BuildError(Exception):
    """The draft cannot be rendered as it stands; the text says why."""


def offline_style_sheet() -> str:
    """The style sheet of xml2rfc without the fonts it would fetch from elsewhere."""
    css = resources.files("xml2rfc").joinpath("data/xml2rfc.css").read_text("utf-8")
    return "".join(line for line in css.splitlines(keepends=True) if not line.startswith("@import"))


def render(output: Path, source: Path = SOURCE) -> list[Path]:
    """Write every format of `source` below `output`; the files written.

    Raises:
        BuildError: xml2rfc failed or warned, or the text has a line that is too long.
    """
    output.mkdir(parents=True, exist_ok=True)
    style_sheet = output / "offline.css"
    style_sheet.write_text(offline_style_sheet(), "utf-8")
    written = []
    for suffix, option in FORMATS.items():
        target = output / f"{source.stem}.{suffix}"
        command = [
            *(sys.executable, "-m", "xml2rfc.run", option),
            *("--no-network", "--allow-local-file-access", "--no-rfc-local"),
            *("--css", str(style_sheet), "--out", str(target), str(source)),
        ]
        done = subprocess.run(command, capture_output=True, text=True, check=False)
        complaints = [
            line
            for line in (done.stdout + done.stderr).splitlines()
            if line.strip() and not EXPECTED.match(line.lstrip())
        ]
        if done.returncode or complaints:
            raise BuildError("\n".join(complaints) or f"xml2rfc ended with {done.returncode}")
        written.append(target)
    style_sheet.unlink()
    check_text(output / f"{source.stem}.txt")
    return written


def check_text(path: Path) -> None:
    """Raise BuildError when a line of the text format is longer than 72 columns."""
    for number, line in enumerate(path.read_text("utf-8").splitlines(), 1):
        if len(line) > MAX_TEXT_COLUMNS:
            raise BuildError(f"{path.name}:{number}: {len(line)} columns: {line}")


def main() -> int:
    """Read the command line, render; the exit status."""
    parser = argparse.ArgumentParser(description="Render the Internet-Draft with xml2rfc, offline.")
    parser.add_argument("--output", type=Path, default=OUTPUT, help="folder for the results")
    output: Path = parser.parse_args().output
    try:
        written = render(output)
    except BuildError as error:
        sys.stderr.write(f"{error}\n")
        return 1
    sys.stdout.write("".join(f"{os.path.relpath(path)}\n" for path in written))
    return 0


if __name__ == "__main__":
    sys.exit(main())
