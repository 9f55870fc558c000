"""What all values of the core have in common, found by looking at every module of it."""

from __future__ import annotations

import dataclasses
import enum
import importlib

import pytest

OPEN = {"_Plan"}  # a plan is changed while it is made, and never leaves its module


@pytest.fixture(scope="module")
def classes(core_size, project):
    rooms = core_size.core_rooms((project / "pyproject.toml").read_text("utf-8"))
    modules = [
        importlib.import_module(f"reply_metadata.{module}") for room in rooms for module in room
    ]
    found = {
        value
        for module in modules
        for value in vars(module).values()
        if isinstance(value, type) and value.__module__ == module.__name__
    }
    assert len(found) > 60
    return found


def test_every_data_class_of_the_core_has_slots_and_is_frozen(classes):
    values = [one for one in classes if dataclasses.is_dataclass(one)]
    for value in values:
        assert "__slots__" in vars(value), value
        assert value.__dataclass_params__.frozen is (value.__name__ not in OPEN), value


def test_the_members_of_every_enumeration_differ(classes):
    for kind in classes:
        if issubclass(kind, enum.Enum):
            assert len(kind.__members__) == len(list(kind)), kind


def test_no_secret_and_no_content_of_a_message_shows_in_a_repr():
    from reply_metadata.commands import Chunk
    from reply_metadata.credentials import PlainCredentials

    assert "secret" not in repr(PlainCredentials("user", "secret"))
    assert "secret" not in repr(Chunk(b"secret"))


def test_a_refusal_is_sent_once_and_does_not_close_unless_it_says_so():
    from reply_metadata import build_reply
    from reply_metadata.events import RefusalAnswer

    answer = RefusalAnswer(build_reply(500, "5.5.2", "No"))
    assert (answer.close, answer.times) == (False, 1)
