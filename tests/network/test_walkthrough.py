"""The page that walks one reply through the code says what happens."""

from __future__ import annotations

import re
import subprocess
import sys


def test_the_dialogue_of_the_page_prints_what_the_page_shows(project):
    page = (project / "reference" / "README.md").read_text("utf-8")
    (program,) = re.findall(r"```python\n(.*?)```", page, re.DOTALL)
    (shown,) = re.findall(r"```text\n(.*?)```", page, re.DOTALL)
    done = subprocess.run(
        [sys.executable, "-W", "error", "-c", program], capture_output=True, text=True, timeout=30
    )
    assert done.stderr == ""
    assert done.stdout == shown


def test_every_module_the_page_names_is_there(project):
    page = (project / "reference" / "README.md").read_text("utf-8")
    table = page.partition("| room |")[2].partition("\n\n")[0]
    package = project / "reference" / "reply_metadata"
    for row in table.splitlines()[2:]:
        for name in re.findall(r"`([a-z_]+/?)`", row.split("|")[2]):
            found = package / name if name.endswith("/") else package / f"{name}.py"
            assert found.exists(), name
