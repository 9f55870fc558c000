"""The transcripts are data for everybody: of the form their schema states, and as generated."""

from __future__ import annotations

import copy
import json
import re
from collections import Counter

import pytest

from hostile_peers import generate
from hostile_peers.schema_check import problems
from hostile_peers.transcript import CLASSES, FOLDER, load

LEAST_OF_CLASS = 10
ALL = load()


@pytest.fixture(scope="module")
def schema():
    return json.loads((FOLDER.parent / "schema.json").read_text("utf-8"))


@pytest.mark.parametrize("attack", CLASSES)
def test_a_file_of_transcripts_has_the_form_of_the_schema(schema, attack):
    content = json.loads((FOLDER / f"{attack}.json").read_text("utf-8"))
    assert problems(content, schema, schema) == []
    assert {one["attack"] for one in content["transcripts"]} == {attack}


@pytest.mark.parametrize(
    "spoil",
    [
        lambda one: one.pop("expected"),
        lambda one: one.update(colour="red"),
        lambda one: one.update(attack="A23"),
        lambda one: one.update(source="somewhere"),
        lambda one: one["steps"].append({"await_lines": True}),
        lambda one: one["steps"].append({"send": ["\u0100"]}),
        lambda one: one["steps"].append({"send": []}),
        lambda one: one["expected"].update(end="well"),
    ],
)
def test_the_schema_refuses_what_is_no_transcript(schema, spoil):
    content = {"generated": "", "transcripts": [copy.deepcopy(ALL[0].json)]}
    assert problems(content, schema, schema) == []
    spoil(content["transcripts"][0])
    assert problems(content, schema, schema) != []


def test_there_are_at_least_300_transcripts_and_some_of_each_class_for_each_side():
    counts = Counter(one.attack for one in ALL)
    assert set(counts) == set(CLASSES)
    assert min(counts.values()) >= LEAST_OF_CLASS
    assert len(ALL) >= 300
    assert {(one.role, one.json["protocol"]) for one in ALL} == {
        (role, protocol) for role in ("client", "server") for protocol in ("smtp", "lmtp")
    }


def test_no_two_transcripts_are_the_same_but_for_their_names():
    shapes = Counter(
        json.dumps({**one.json, "id": "", "attack": "", "source": ""}, sort_keys=True)
        for one in ALL
    )
    assert [shape for shape, count in shapes.items() if count > 1] == []


def test_the_files_are_as_generated():
    assert generate.stale() == []


def test_every_anchor_of_the_draft_that_a_transcript_names_is_there(project):
    there = set()
    for path in [*project.glob("draft/draft-*.xml"), *project.glob("draft/_generated/*.xml")]:
        there |= set(re.findall(r'anchor="([^"]+)"', path.read_text("utf-8")))
    named = {one.source.removeprefix("Draft: #") for one in ALL if one.source.startswith("Draft")}
    assert len(named) >= 20
    assert named - there == set()
