"""The limits are those of the table, and each must be possible."""

import tomllib

import pytest

from reply_metadata import DEFAULT_LIMITS, Limits
from reply_metadata._generated.limit_table import DRAFT_LIMITS


@pytest.mark.draft("limits")
def test_the_limits_of_the_draft_are_those_of_the_table(project):
    table = tomllib.loads((project / "grammar" / "limits.toml").read_text("utf-8"))
    assert {name: row["value"] for name, row in table.items()} == DRAFT_LIMITS
    for name, value in DRAFT_LIMITS.items():
        assert getattr(DEFAULT_LIMITS, name) == value


@pytest.mark.draft("req-limits-while-reading")
def test_the_bounds_of_the_reader_are_wider_than_the_limits_of_the_draft():
    assert DEFAULT_LIMITS.max_received_line_octets > DEFAULT_LIMITS.max_line_octets
    assert DEFAULT_LIMITS.max_received_reply_octets > DEFAULT_LIMITS.max_reply_octets
    assert DEFAULT_LIMITS.max_received_reply_lines > DEFAULT_LIMITS.max_reply_lines


@pytest.mark.parametrize("name", ["max_groups", "max_received_line_octets", "max_message_octets"])
def test_a_limit_below_one_cannot_be_set(name):
    with pytest.raises(ValueError, match=name):
        Limits(**{name: 0})
