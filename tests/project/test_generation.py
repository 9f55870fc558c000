"""One edit of the grammar reaches every output, and a fault in it overwrites nothing."""

import shutil
import subprocess
import sys
from pathlib import Path

import pytest

GENERATED = ("reference/reply_metadata/_generated", "draft/_generated", "tests/vectors/_generated")


@pytest.fixture
def copy_of_project(project: Path, tmp_path: Path) -> Path:
    target = tmp_path / "project"
    for folder in ("grammar", "reference", "draft", "tests/vectors"):
        shutil.copytree(
            project / folder, target / folder, ignore=shutil.ignore_patterns("__pycache__")
        )
    return target


def generate(folder: Path, *arguments: str) -> subprocess.CompletedProcess[str]:
    return subprocess.run(
        [sys.executable, "grammar/generate.py", *arguments],
        cwd=folder,
        capture_output=True,
        text=True,
        check=False,
    )


def generated_bytes(folder: Path) -> dict[str, bytes]:
    return {
        str(path.relative_to(folder)): path.read_bytes()
        for root in GENERATED
        for path in (folder / root).rglob("*")
        if path.is_file() and "__pycache__" not in path.parts
    }


def edit(folder: Path, old: str, new: str) -> None:
    grammar = folder / "grammar/reply-metadata.abnf"
    text = grammar.read_text("utf-8")
    assert text.count(old) == 1
    grammar.write_text(text.replace(old, new), "utf-8")


def test_a_wider_character_class_changes_parser_draft_and_vectors(copy_of_project: Path) -> None:
    before = generated_bytes(copy_of_project)
    edit(
        copy_of_project,
        'key-character        = ALPHA / DIGIT / "-"\n',
        'key-character        = ALPHA / DIGIT / "-" / "~"\n',
    )
    stale = generate(copy_of_project, "--check")
    assert stale.returncode == 1, stale.stdout + stale.stderr
    assert "stale: reference/reply_metadata/_generated/reply_grammar.py" in stale.stdout
    assert generated_bytes(copy_of_project) == before
    done = generate(copy_of_project)
    assert done.returncode == 0, done.stdout + done.stderr
    after = generated_bytes(copy_of_project)
    changed = {path for path in after if after[path] != before.get(path)}
    assert "reference/reply_metadata/_generated/reply_grammar.py" in changed
    assert "reference/reply_metadata/_generated/reply_grammar.lark" in changed
    assert "reference/reply_metadata/_generated/reply_lines.lark" in changed
    assert any(path.startswith("draft/_generated/") for path in changed)
    assert any(path.startswith("tests/vectors/_generated/") for path in changed)
    collected = [p for p in changed if p.startswith("draft/") and "collected" in p]
    assert collected
    assert generate(copy_of_project, "--check").returncode == 0


def test_a_fault_in_the_grammar_is_placed_and_overwrites_nothing(copy_of_project: Path) -> None:
    before = generated_bytes(copy_of_project)
    edit(
        copy_of_project,
        'key-character        = ALPHA / DIGIT / "-"\n',
        'key-character        = ALPHA / DIGIT / / "-"\n',
    )
    done = generate(copy_of_project)
    assert done.returncode == 1
    first, source, caret = done.stdout.splitlines()[:3]
    assert first.startswith("grammar/reply-metadata.abnf:")
    assert 'ALPHA / DIGIT / / "-"' in source
    assert caret.strip().startswith("^")
    assert "Traceback" not in done.stdout + done.stderr
    assert generated_bytes(copy_of_project) == before


def test_check_generated_finds_every_kind_of_damage(copy_of_project: Path) -> None:
    folder = copy_of_project / GENERATED[0]
    (folder / "reply_grammar.lark").unlink()
    lines = folder / "reply_lines.lark"
    lines.write_bytes(lines.read_bytes()[:-1])
    keys = folder / "key_table.py"
    keys.write_bytes(keys.read_bytes() + b"\n")
    (folder / "left_over.py").write_text("", "utf-8")
    done = generate(copy_of_project, "--check")
    assert done.returncode == 1
    assert done.stdout.splitlines()[:-1] == [
        f"stale: {GENERATED[0]}/key_table.py",
        f"surplus: {GENERATED[0]}/left_over.py",
        f"missing: {GENERATED[0]}/reply_grammar.lark",
        f"stale: {GENERATED[0]}/reply_lines.lark",
    ]
