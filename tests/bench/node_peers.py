"""Matchers that run in Node, driven from here line by line so that rounds can be interleaved.

Rule: one Node process for the whole benchmark; it times itself, so the pipe is not in the figures.
"""

import json
import shutil
import subprocess
from collections.abc import Sequence
from pathlib import Path
from types import TracebackType
from typing import Any

HERE = Path(__file__).resolve().parent
PROJECT = HERE.parents[1]
PACKAGES = PROJECT / "build/bench-node/node_modules"
ENGINES = ("our module", "node-abnf", "apg-js")
NPM_NAMES = {"node-abnf": "abnf", "apg-js": "apg-js"}


class Node:
    """A running Node with the parsers in it; a context manager."""

    def __init__(self, packages: Path = PACKAGES) -> None:
        self._packages = packages
        self._process: subprocess.Popen[str] | None = None

    def __enter__(self) -> "Node":
        program = shutil.which("node")
        if program is not None:
            self._process = subprocess.Popen(
                [program, str(HERE / "node/match.mjs"), str(self._packages)],
                stdin=subprocess.PIPE,
                stdout=subprocess.PIPE,
                text=True,
                encoding="utf-8",
            )
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        if self._process is not None:
            self._process.communicate()

    @property
    def installed(self) -> bool:
        """Whether there is a Node to ask."""
        return self._process is not None

    def ask(self, request: dict[str, Any]) -> dict[str, Any]:
        """The answer to one request."""
        process = self._process
        assert process is not None
        assert process.stdin is not None
        assert process.stdout is not None
        process.stdin.write(json.dumps(request) + "\n")
        process.stdin.flush()
        line = process.stdout.readline()
        if not line:
            raise RuntimeError(f"node ended with status {process.wait()}")
        answer: dict[str, Any] = json.loads(line)
        return answer

    def seconds(self, name: str, indices: Sequence[int], turns: int) -> float:
        """How long a loaded matcher takes for `turns` turns over some of its strings."""
        return float(self.ask({"run": name, "indices": list(indices), "turns": turns})["seconds"])


def versions(packages: Path = PACKAGES) -> dict[str, str]:
    """Node and the npm packages that took part."""
    found = {"node": "not installed"}
    program = shutil.which("node")
    if program is not None:
        shown = subprocess.run([program, "--version"], capture_output=True, text=True, check=True)
        found["node"] = shown.stdout.strip()
    for engine, package in NPM_NAMES.items():
        manifest = packages / package / "package.json"
        found[engine] = (
            json.loads(manifest.read_text("utf-8"))["version"]
            if manifest.is_file()
            else "not installed"
        )
    return found
