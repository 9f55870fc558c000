"""What the README shows is what happens."""

import re
import shlex
import subprocess
import sys
from pathlib import Path


def blocks(text: str, language: str) -> list[str]:
    return re.findall(rf"```{language}\n(.*?)```", text, re.DOTALL)


def test_the_python_of_the_readme_prints_what_its_comment_says(project: Path) -> None:
    (program,) = blocks((project / "README.md").read_text("utf-8"), "python")
    expected = re.search(r"#\s*(.+)$", program, re.MULTILINE)
    assert expected is not None
    done = subprocess.run(
        [sys.executable, "-c", program], capture_output=True, text=True, check=True
    )
    assert done.stdout.strip() == expected.group(1)


def test_the_commands_of_the_readme_run(project: Path) -> None:
    text = (project / "README.md").read_text("utf-8")
    commands = re.findall(r"(?m)^    \$ (.+)$", text)
    assert len(commands) == 3
    for command in commands:
        command = command.replace(".venv/bin/", shlex.quote(str(Path(sys.executable).parent)) + "/")
        done = subprocess.run(["sh", "-c", command], cwd=project, capture_output=True, check=False)
        assert done.returncode == 0, (command, done.stdout, done.stderr)
