"""The draft renders offline, without warnings and the same way twice."""

import re
import shutil
from pathlib import Path
from xml.etree import ElementTree

import pytest

from build_draft import BuildError, offline_style_sheet, render
from draft_source import SOURCE, anchors, read_source

EXTERNAL = re.compile(
    r'(?:src|srcset)="https?:|<link[^>]+stylesheet[^>]+https?:|@import|url\(["\']?http'
)


@pytest.fixture(scope="module")
def rendered(tmp_path_factory: pytest.TempPathFactory) -> dict[str, Path]:
    written = render(tmp_path_factory.mktemp("rendered"))
    return {path.suffix: path for path in written}


def test_text_html_and_xml_are_written(rendered: dict[str, Path]) -> None:
    assert sorted(rendered) == [".html", ".txt", ".xml"]
    assert len(rendered[".txt"].read_text("utf-8").splitlines()) > 1500


def test_no_line_of_the_text_is_wider_than_72_columns(rendered: dict[str, Path]) -> None:
    assert max(map(len, rendered[".txt"].read_text("utf-8").splitlines())) <= 72


def test_a_second_run_gives_the_same_bytes(rendered: dict[str, Path], tmp_path: Path) -> None:
    for path in render(tmp_path):
        assert path.read_bytes() == rendered[path.suffix].read_bytes(), path.suffix


def test_the_html_fetches_nothing(rendered: dict[str, Path]) -> None:
    html = rendered[".html"].read_text("utf-8")
    assert EXTERNAL.search(html) is None
    assert "@import" not in offline_style_sheet()


def test_every_anchor_can_be_linked_to_in_the_html(rendered: dict[str, Path]) -> None:
    ids = set(re.findall(r'\bid="([^"]+)"', rendered[".html"].read_text("utf-8")))
    missing = {name for name in anchors(read_source()) if name not in ids}
    assert missing == set()


def test_the_expanded_xml_stands_alone(rendered: dict[str, Path]) -> None:
    root = ElementTree.parse(rendered[".xml"]).getroot()
    assert not [each for each in root.iter() if each.tag.endswith("}include")]
    assert anchors(root).keys() >= anchors(read_source()).keys()


@pytest.mark.parametrize(
    ("old", "new", "complaint"),
    [
        ('target="keys"', 'target="no-such-anchor"', "no-such-anchor"),
        (
            "<t>\n        A group stands",
            "<artwork>\n" + "x" * 90 + "</artwork><t>\nA group",
            "long",
        ),
        ("_generated/limits.xml", "_generated/missing.xml", "missing.xml"),
    ],
)
def test_a_fault_in_the_source_fails_the_build(
    draft_folder: Path, tmp_path: Path, old: str, new: str, complaint: str
) -> None:
    folder = tmp_path / "draft"
    shutil.copytree(draft_folder, folder, ignore=shutil.ignore_patterns("__pycache__"))
    source = folder / SOURCE.name
    text = source.read_text("utf-8")
    assert old in text
    source.write_text(text.replace(old, new, 1), "utf-8")
    with pytest.raises(BuildError, match=complaint):
        render(tmp_path / "out", source)


def test_the_draft_builds_on_any_day_after_its_date(draft_folder: Path, tmp_path: Path) -> None:
    folder = tmp_path / "draft"
    shutil.copytree(draft_folder, folder, ignore=shutil.ignore_patterns("__pycache__"))
    source = folder / SOURCE.name
    aged = re.sub(
        r"<date [^>]+/>", '<date year="2020" month="April" day="10"/>', source.read_text("utf-8")
    )
    source.write_text(aged, "utf-8")
    assert "10 April 2020" in render(tmp_path / "out", source)[0].read_text("utf-8")
