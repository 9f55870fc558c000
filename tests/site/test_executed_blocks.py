"""What the pages show was run, and a page that shows something else is found out."""

import os
from pathlib import Path

import pytest

from site_assembly.block_runs import lines_agree, run_page
from site_assembly.fences import find_fences
from site_assembly.tables import SITE

PAGES = sorted((SITE / "pages").rglob("*.md"))


@pytest.mark.parametrize(
    "page", PAGES, ids=lambda page: page.relative_to(SITE / "pages").as_posix()
)
def test_every_command_and_python_block_of_a_page_prints_what_the_page_shows(page: Path):
    for outcome in run_page(page):
        assert outcome.printed == outcome.shown or outcome.agrees, f"{page}:{outcome.place}"


def test_the_tutorial_pages_have_commands_and_python_to_run():
    for name, least in (("first-reply", 7), ("first-server", 5), ("first-proxy", 8)):
        fences = find_fences((SITE / "pages" / "learn" / f"{name}.md").read_text("utf-8"))
        commands = sum(
            line.startswith("$ ")
            for fence in fences
            if fence.language == "console"
            for line in fence.lines()
        )
        assert commands + sum(fence.language == "python" for fence in fences) >= least


def write_page(folder: Path, text: str) -> Path:
    page = folder / "page.md"
    page.write_text(text, "utf-8")
    return page


def test_a_command_that_prints_something_else_is_found(tmp_path):
    page = write_page(tmp_path, "```console\n$ echo one\ntwo\n```\n")
    (outcome,) = run_page(page)
    assert not outcome.agrees
    assert (outcome.place, outcome.printed) == (2, ["one"])


def test_python_that_prints_something_else_is_found(tmp_path):
    page = write_page(tmp_path, '```python\nprint(1)\n```\n\n```text title="Output"\n2\n```\n')
    (outcome,) = run_page(page)
    assert not outcome.agrees


def test_python_that_prints_what_the_page_does_not_show_is_found(tmp_path):
    (outcome,) = run_page(write_page(tmp_path, "```python\nprint(1)\n```\n"))
    assert not outcome.agrees


def test_a_file_shown_on_the_page_is_there_for_the_next_command(tmp_path):
    page = write_page(
        tmp_path, '```text title="a.txt"\nwords\n```\n\n```console\n$ cat a.txt\nwords\n```\n'
    )
    (outcome,) = run_page(page)
    assert outcome.agrees


def test_python_blocks_of_a_page_share_their_names(tmp_path):
    page = write_page(
        tmp_path,
        "```python\nnumber = 2\n```\n\n```python\nprint(number)\n```\n\n"
        '```text title="Output"\n2\n```\n',
    )
    assert all(outcome.agrees for outcome in run_page(page))


def test_a_background_command_is_stopped_at_the_end_of_the_page(tmp_path):
    command = 'python -c "import os, time; print(os.getpid(), flush=True); time.sleep(60)" &'
    (outcome,) = run_page(write_page(tmp_path, f"```console\n$ {command}\n...\n```\n"))
    process = int(outcome.printed[0])
    with pytest.raises(ProcessLookupError):
        os.kill(process, 0)


def test_a_block_of_an_unknown_language_stops_the_run(tmp_path):
    with pytest.raises(ValueError, match="'consle'"):
        run_page(write_page(tmp_path, "```consle\n$ echo one\n```\n"))


def test_an_excused_block_is_not_run(tmp_path):
    page = write_page(tmp_path, "<!-- not run: it would wait -->\n```console\n$ exit 3\n```\n")
    assert run_page(page) == ()


@pytest.mark.parametrize(
    ("shown", "printed", "agree"),
    [
        ([], [], True),
        ([], ["x"], False),
        (["a", "...", "c"], ["a", "b", "b", "c"], True),
        (["a", "...", "c"], ["a", "c"], True),
        (["a", "..."], ["a", "b"], True),
        (["a", "...", "c"], ["a", "b"], False),
        (["a"], ["a", "b"], False),
    ],
)
def test_three_dots_stand_for_any_number_of_lines(shown, printed, agree):
    assert lines_agree(shown, printed) is agree
