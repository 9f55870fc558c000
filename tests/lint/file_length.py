"""Exit 1 and name every hand-written Python file of more than 400 lines.

A file past that length holds more than one idea; split it (HOUSE rule, CONTRIBUTING.md).
"""

import subprocess
import sys
from pathlib import Path

MAX_LINES = 400


def tracked_python_files() -> list[Path]:
    """The Python files git tracks or would track, without those under `_generated`."""
    listing = subprocess.run(
        ["git", "ls-files", "-z", "--cached", "--others", "--exclude-standard", "*.py"],
        check=True,
        capture_output=True,
        text=True,
    )
    paths = (Path(name) for name in listing.stdout.split("\0") if name)
    return [path for path in paths if "_generated" not in path.parts and path.exists()]


def main() -> int:
    """Print the files that are too long; 1 when there are any."""
    lengths = {path: len(path.read_text("utf-8").splitlines()) for path in tracked_python_files()}
    long_files = {path: lines for path, lines in lengths.items() if lines > MAX_LINES}
    for path, lines in sorted(long_files.items()):
        sys.stdout.write(f"{path}:1:1: {lines} lines, at most {MAX_LINES}\n")
    sys.stdout.write(f"file length: {len(lengths)} files read, {len(long_files)} too long\n")
    return bool(long_files)


if __name__ == "__main__":
    sys.exit(main())
