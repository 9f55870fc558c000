"""The source of the draft is whole, and each of its requirements has a name."""

import re
from collections.abc import Iterator
from pathlib import Path
from xml.etree import ElementTree

import pytest

from draft_source import SOURCE, anchors, read_source, requirements

XINCLUDE = "{http://www.w3.org/2001/XInclude}include"
REQUIREMENT_WORD = re.compile(r"\b(MUST|SHALL|SHOULD|REQUIRED|RECOMMENDED|MAY|OPTIONAL)\b")
PROSE_TAGS = {"t", "li", "dd", "dt", "td", "th", "name"}


@pytest.fixture(scope="module")
def root() -> ElementTree.Element:
    return read_source()


def with_ancestors(
    element: ElementTree.Element, above: tuple[ElementTree.Element, ...] = ()
) -> Iterator[tuple[ElementTree.Element, tuple[ElementTree.Element, ...]]]:
    yield element, above
    for child in element:
        yield from with_ancestors(child, (*above, element))


def test_every_anchor_stands_once(root: ElementTree.Element) -> None:
    assert len(anchors(root)) > 150


def test_a_repeated_anchor_is_found() -> None:
    with pytest.raises(ValueError, match="'a' stands twice"):
        anchors(ElementTree.fromstring('<rfc><t anchor="a"/><t anchor="a"/></rfc>'))


def test_names_of_requirements_are_short_words(root: ElementTree.Element) -> None:
    for name in requirements(root):
        assert re.fullmatch(r"req(-[a-z0-9]+){1,5}", name), name
        assert len(name) <= 40, name


def test_every_word_of_bcp_14_stands_in_an_element_with_a_requirement_anchor(
    root: ElementTree.Element,
) -> None:
    for element, above in with_ancestors(root):
        if element.tag != "bcp14":
            continue
        named = [each.get("anchor") or "" for each in above]
        if "conventions" not in named:
            assert any(name.startswith("req-") for name in named), ElementTree.tostring(above[-1])


def test_a_requirement_has_a_word_of_bcp_14_or_is_part_of_a_list_that_has(
    root: ElementTree.Element,
) -> None:
    steps = {"referral-procedure", "where"}
    for element, above in with_ancestors(root):
        if (element.get("anchor") or "").startswith("req-"):
            in_steps = steps & {each.get("anchor") for each in above}
            has_word = element.find(".//bcp14") is not None
            assert in_steps or has_word, element.get("anchor")


def test_no_word_of_bcp_14_stands_outside_its_element(root: ElementTree.Element) -> None:
    for element in root.iter():
        if element.tag not in PROSE_TAGS:
            continue
        own = (element.text or "") + "".join(child.tail or "" for child in element)
        assert not REQUIREMENT_WORD.search(re.sub(r'"[^"]*"', "", own)), own


def test_every_cross_reference_leads_somewhere(root: ElementTree.Element) -> None:
    known = anchors(root)
    for reference in root.iter("xref"):
        assert reference.get("target") in known


def test_every_reference_is_cited(root: ElementTree.Element) -> None:
    cited = {reference.get("target") for reference in root.iter("xref")}
    uncited = {reference.get("anchor") for reference in root.iter("reference")} - cited
    assert uncited == set()


def test_every_generated_fragment_and_every_reference_file_is_included_once(
    draft_folder: Path,
) -> None:
    included = [element.attrib["href"] for element in ElementTree.parse(SOURCE).iter(XINCLUDE)]
    present = {
        path.relative_to(draft_folder).as_posix()
        for folder in ("_generated", "references")
        for path in (draft_folder / folder).glob("*.xml")
    }
    assert sorted(included) == sorted(present)


def test_the_source_has_one_sentence_a_line() -> None:
    for number, line in enumerate(SOURCE.read_text("utf-8").splitlines(), 1):
        plain = re.sub(r"<[^>]*>", "", line)
        assert not re.search(r'[a-z)][.?!]"? +[A-Z]', plain), f"{SOURCE.name}:{number}: {plain}"
