"""Output that cannot be written is a message and exit status 2, never a traceback."""

import os
import subprocess
import sys
from pathlib import Path

import pytest

FULL = Path("/dev/full")
GRAMMAR = "grammar/reply-metadata.abnf"


@pytest.mark.skipif(not FULL.exists(), reason="this system has no /dev/full")
@pytest.mark.parametrize(
    "words",
    [
        ("abnf_compiler", "sentences", GRAMMAR, "metadata-group"),
        ("abnf_compiler", "python", GRAMMAR),
        ("reply_metadata", "keys"),
    ],
    ids=lambda words: words[1],
)
def test_a_full_device_is_said_in_one_line(project: Path, words: tuple[str, ...]) -> None:
    with FULL.open("wb") as full:
        done = subprocess.run(
            [sys.executable, "-m", *words],
            stdout=full,
            stderr=subprocess.PIPE,
            text=True,
            check=False,
            cwd=project,
            env={**os.environ, "PYTHONPATH": "grammar:reference"},
        )
    assert done.returncode == 2
    assert done.stderr.endswith("cannot write: No space left on device\n")
    assert len(done.stderr.splitlines()) == 1
