"""The page of the reference, the import contract and the check of the size name the same rooms."""

from __future__ import annotations

import re


def test_the_page_has_the_rooms_that_the_imports_are_held_to(project, core_size):
    page = (project / "reference" / "README.md").read_text("utf-8")
    rows = re.findall(r"(?m)^\| (\w+) \| (`[^|]+`) \|", page)
    rooms = {name: sorted(re.findall(r"`(\w+)`", modules)) for name, modules in rows}
    held = core_size.core_rooms((project / "pyproject.toml").read_text("utf-8"))
    assert [sorted(room) for room in held] == [
        rooms[name] for name in ("values", "codec", "sessions")
    ]


def test_a_line_of_code_is_not_blank_not_a_comment_and_not_a_docstring(core_size):
    source = (
        '"""What it is.\n\nMore.\n"""\n\nX = 1  # why\n"""What X is."""\n# a comment\n'
        'Y = """\ntext\n"""\n\n\ndef f(\n    a,\n):\n    """What f gives."""\n    return a\n'
    )
    assert core_size.code_lines(source) == 1 + 3 + 3 + 1
