"""What the tests of emitted JavaScript share: Node, files that hold the text, and calls to it."""

import json
import shutil
import subprocess
import sys
from importlib import import_module
from pathlib import Path

import pytest

from abnf_compiler.emit.javascript import emit_javascript
from abnf_compiler.grammar import load_resolved

HERE = Path(__file__).parent


@pytest.fixture(scope="session")
def node():
    """Runs Node on a program of this folder, or on a text; skips the test where there is none."""
    found = shutil.which("node")
    if found is None:
        pytest.skip("node is not installed: the emitted JavaScript cannot be run")

    def run(program, *arguments, stdin="", text=False):
        start = ["--input-type=module", "-e", program] if text else [HERE / program]
        done = subprocess.run(
            [found, *start, *map(str, arguments)],
            input=stdin,
            capture_output=True,
            encoding="utf-8",
            check=False,
        )
        assert done.returncode == 0, done.stderr
        return [json.loads(line) for line in done.stdout.split("\n") if line]

    return run


@pytest.fixture(scope="session")
def ask(node):
    """The answers of an emitted file to some calls; see javascript_calls.mjs."""

    def run(path, calls, *arguments):
        stdin = "".join(json.dumps(call) + "\n" for call in calls)
        return node("javascript_calls.mjs", path, *arguments, stdin=stdin)

    return run


@pytest.fixture(scope="session")
def write(tmp_path_factory):
    """The path of a file that holds an emitted text."""

    def to_file(text, name="grammar.mjs"):
        path = tmp_path_factory.mktemp("javascript") / name
        path.write_text(text, encoding="ascii")
        return path

    return to_file


@pytest.fixture(scope="session")
def reply_javascript(project, write):
    """The files made from the grammar of the project, by kind of module."""
    grammar = load_resolved(project / "grammar/reply-metadata.abnf")
    return {
        "esm": write(emit_javascript(grammar, command="make it")),
        "script": write(emit_javascript(grammar, command="make it", module="script"), "it.js"),
    }


@pytest.fixture(scope="session")
def slopes(project):
    """The measure of time against length that `make bench` uses."""
    sys.path.insert(0, str(project / "tests/bench"))
    yield import_module("slopes")
    sys.path.remove(str(project / "tests/bench"))
