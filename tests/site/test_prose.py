"""The hand-written pages hold to the rules of the house that a program can check."""

import re
from pathlib import Path

import pytest

from site_assembly.tables import SITE

PAGES = sorted((SITE / "pages").rglob("*.md"))
RAW_ELEMENTS = {"div", "br"}
TWO_SENTENCES = re.compile(r"[a-z)\]][.!?] [A-Z]")
EXCUSED = re.compile(r"""\||\d+\. |- |.*\"""")  # tables, items, quotations


def prose(page: Path) -> str:
    """A page without its front matter, blocks, comments and code."""
    text = re.sub(r"\A---\n.*?\n---\n", "", page.read_text("utf-8"), flags=re.S)
    text = re.sub(r"^```.*?^```$", "", text, flags=re.S | re.M)
    return re.sub(r"<!--.*?-->|`[^`\n]*`", "", text)


@pytest.mark.parametrize("page", PAGES, ids=lambda page: page.relative_to(SITE).as_posix())
def test_no_words_in_angle_brackets_are_lost_as_an_element(page):
    assert set(re.findall(r"</?([A-Za-z][\w-]*)", prose(page))) <= RAW_ELEMENTS


@pytest.mark.parametrize("page", PAGES, ids=lambda page: page.relative_to(SITE).as_posix())
def test_a_page_has_one_heading_of_the_first_level_and_one_sentence_a_line(page):
    lines = prose(page).splitlines()
    assert sum(line.startswith("# ") for line in lines) == 1
    crowded = [line for line in lines if TWO_SENTENCES.search(line) and not EXCUSED.match(line)]
    assert crowded == []


def test_every_rationale_page_says_the_options_the_list_and_the_decision():
    for page in (SITE / "pages" / "rationale").glob("*.md"):
        if page.name == "index.md":
            continue
        text = page.read_text("utf-8")
        assert "\n## Decision\n" in text, page.name
        assert re.search(r"\n## (What|When|Where) ", text), page.name
