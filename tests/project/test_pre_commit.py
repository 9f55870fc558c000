"""The hooks that .pre-commit-hooks.yaml offers do what their names say."""

import os
import re
import shlex
import subprocess
import sys
import tomllib
from pathlib import Path

import pytest
import yaml

GOOD, UNTIDY, BAD = 'a = "x"\n', 'a="x"\nlong-name =  a\n', "a = b\n"


@pytest.fixture(scope="module")
def hooks(project: Path) -> dict[str, dict[str, object]]:
    listed = yaml.safe_load((project / ".pre-commit-hooks.yaml").read_text("utf-8"))
    return {hook["id"]: hook for hook in listed}


def run(hook: dict[str, object], folder: Path, *names: str) -> subprocess.CompletedProcess[str]:
    """Run a hook as pre-commit does: the words of its entry, then the names of files."""
    programs = str(Path(sys.executable).parent)
    return subprocess.run(
        [*shlex.split(str(hook["entry"])), *names],
        cwd=folder,
        env={**os.environ, "PATH": f"{programs}{os.pathsep}{os.environ['PATH']}"},
        capture_output=True,
        text=True,
        check=False,
    )


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    for name, text in (("good", GOOD), ("untidy", UNTIDY), ("bad", BAD)):
        (tmp_path / f"{name}.abnf").write_text(text, "utf-8")
    return tmp_path


def test_the_manifest_has_what_pre_commit_requires(hooks, project: Path) -> None:
    extras = tomllib.loads((project / "pyproject.toml").read_text("utf-8"))["project"]
    assert set(hooks) == {"abnfc-check", "abnfc-fmt"}
    for hook in hooks.values():
        assert {"id", "name", "entry", "language"} <= hook.keys()
        assert hook["language"] == "python"
        assert re.search(str(hook["files"]), "grammar/a.abnf")
        assert not re.search(str(hook["files"]), "a.abnf.txt")
        needed = set(hook["additional_dependencies"])
        assert needed <= set(extras["optional-dependencies"]["compiler"])
        assert shlex.split(str(hook["entry"]))[0] in extras["scripts"]


def test_the_check_hook_passes_good_grammars_and_fails_on_bad_ones(hooks, folder: Path) -> None:
    assert run(hooks["abnfc-check"], folder, "good.abnf", "untidy.abnf").returncode == 0
    done = run(hooks["abnfc-check"], folder, "good.abnf", "bad.abnf")
    assert done.returncode == 1
    assert done.stdout.startswith("bad.abnf:1:5: ABNF201 ")


def test_the_fmt_hook_changes_what_is_untidy_and_then_nothing(hooks, folder: Path) -> None:
    names = ("good.abnf", "untidy.abnf")
    for _ in range(2):
        assert run(hooks["abnfc-fmt"], folder, *names).returncode == 0
        texts = [(folder / name).read_text("utf-8") for name in names]
        assert texts == [GOOD, 'a         = "x"\nlong-name = a\n']
    (folder / "broken.abnf").write_text('a = "x\n', "utf-8")
    done = run(hooks["abnfc-fmt"], folder, "broken.abnf")
    assert (done.returncode, (folder / "broken.abnf").read_text("utf-8")) == (2, 'a = "x\n')
