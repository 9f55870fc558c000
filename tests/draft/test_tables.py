"""Keys and limits of the draft are those of the tables."""

import copy
import tomllib
from pathlib import Path
from typing import Any
from xml.etree import ElementTree

import pytest

from draft_source import anchors, read_source
from reply_metadata import parse_reply
from tables import emit_draft_tables, replies


@pytest.fixture(scope="module")
def keys(project: Path) -> dict[str, Any]:
    return tomllib.loads((project / "grammar/keys.toml").read_text("utf-8"))


@pytest.fixture(scope="module")
def limits(project: Path) -> dict[str, Any]:
    return tomllib.loads((project / "grammar/limits.toml").read_text("utf-8"))


def words(xml: str) -> str:
    return " ".join("".join(ElementTree.fromstring(xml).itertext()).split())


def test_every_key_has_a_section_with_its_entry(keys: dict[str, Any]) -> None:
    root = read_source()
    sections = {section.get("anchor"): section for section in root.iter("section")}
    for key, entry in keys.items():
        section = sections[f"key-{key.lower()}"]
        assert section.findtext("name") == key
        text = " ".join("".join(section.itertext()).split())
        for field in ("meaning", "client", "server", "security", "sample", "arguments"):
            assert entry[field] in text, (key, field)


def test_the_example_of_every_key_is_read_as_a_group_in_use(keys: dict[str, Any]) -> None:
    for key, entry in keys.items():
        octets = entry["sample"].encode("ascii") + b"\r\n"
        command = entry.get("commands", [None])[0]
        metadata = parse_reply(octets, negotiated=True, command=command, lmtp=True).metadata
        assert [(group.key, group.used) for group in metadata] == [(key, True)], entry["sample"]


def test_no_section_speaks_of_a_key_that_is_not_in_the_table(keys: dict[str, Any]) -> None:
    known = {f"key-{key.lower()}" for key in keys}
    assert {name for name in anchors(read_source()) if name.startswith("key-")} == known


def test_the_registry_has_a_row_for_every_key(keys: dict[str, Any]) -> None:
    table = next(t for t in read_source().iter("table") if t.get("anchor") == "iana-keys-table")
    rows = [[cell.text for cell in row] for row in table.findall("tbody/tr")]
    assert [row[0] for row in rows] == list(keys)
    assert [row[3] for row in rows] == [entry["hop"] for entry in keys.values()]


def test_every_limit_is_printed_with_its_number(limits: dict[str, Any]) -> None:
    known = anchors(read_source())
    text = words(emit_draft_tables({}, limits)["limits.xml"])
    for name, entry in limits.items():
        assert f"limit-{name.replace('_', '-')}" in known
        assert f"{entry['value']} {entry['unit']}" in text


def test_committed_tables_are_those_of_the_sources(
    keys: dict[str, Any], limits: dict[str, Any], draft_folder: Path
) -> None:
    for name, text in emit_draft_tables(keys, limits).items():
        assert (draft_folder / "_generated" / name).read_text("utf-8") == text, name


@pytest.mark.parametrize(
    ("entry", "expected"),
    [
        ({"classes": ["4"]}, "4yz"),
        ({"classes": ["4", "5"], "not_codes": [421]}, "4yz (not 421) and 5yz"),
        ({"classes": ["2", "4", "5"]}, "2yz, 4yz and 5yz"),
        ({"classes": ["5"], "commands": ["MAIL", "RCPT"]}, "5yz to MAIL or RCPT"),
        (
            {"classes": ["2"], "commands": ["DATA"], "lmtp_only": True},
            "2yz to the message, in LMTP, for one recipient",
        ),
    ],
)
def test_where_a_key_may_stand_is_said_in_words(entry: dict[str, Any], expected: str) -> None:
    assert replies(entry) == expected


def test_a_requirement_in_the_table_becomes_an_anchor(keys: dict[str, Any]) -> None:
    changed = copy.deepcopy(keys)
    changed["REASON"]["client"] = "The client MUST NOT act on it. It may be shown."
    entry = ElementTree.fromstring(emit_draft_tables(changed, {})["key-reason.xml"])
    item = next(dd for dd in entry.iter("dd") if dd.get("anchor") == "req-reason-client")
    assert item.findtext("bcp14") == "MUST NOT"


def test_a_key_without_a_word_on_security_is_an_error(keys: dict[str, Any]) -> None:
    changed = copy.deepcopy(keys)
    del changed["REASON"]["security"]
    with pytest.raises(KeyError, match="security"):
        emit_draft_tables(changed, {})


def test_markup_in_a_table_is_text(keys: dict[str, Any]) -> None:
    changed = copy.deepcopy(keys)
    changed["REASON"]["meaning"] = "less < more & <t>"
    assert "less < more & <t>" in words(emit_draft_tables(changed, {})["key-reason.xml"])
