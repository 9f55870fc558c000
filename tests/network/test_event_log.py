"""Structured logs: one event is one line, whatever stands in its fields (CWE-117)."""

from __future__ import annotations

import io
import json
import logging

import pytest
from hypothesis import given
from hypothesis import strategies as st

from reply_metadata.network.event_log import JsonFormatter, TextFormatter, log_event


def logged(formatter, event, **fields):
    stream = io.StringIO()
    handler = logging.StreamHandler(stream)
    handler.setFormatter(formatter)
    logger = logging.Logger("test", logging.INFO)
    logger.addHandler(handler)
    log_event(logger, event, **fields)
    return stream.getvalue()


@given(st.text(), st.text())
def test_one_event_is_one_line_of_printable_ascii(event, value):
    for formatter in (TextFormatter(), JsonFormatter()):
        line = logged(formatter, event, field=value)
        assert line.endswith("\n")
        assert line[:-1].isascii()
        assert line[:-1].isprintable()


@given(st.text(), st.text())
def test_json_gives_back_just_what_was_logged(event, value):
    document = json.loads(logged(JsonFormatter(), event, field=value, number=7, left_out=None))
    assert (document["event"], document["field"], document["number"]) == (event, value, 7)
    assert list(document) == ["time", "level", "logger", "event", "field", "number"]


def test_text_puts_quotation_marks_where_a_value_could_be_read_as_more():
    line = logged(TextFormatter(), "stored", recipient="a b=c", empty="", plain="x@example.org")
    assert line.endswith(' test: stored recipient="a b=c" empty="" plain=x@example.org\n')


@pytest.mark.parametrize("formatter", [TextFormatter(), JsonFormatter()])
def test_the_trace_of_a_bug_is_one_line_too(formatter):
    stream = io.StringIO()
    handler = logging.StreamHandler(stream)
    handler.setFormatter(formatter)
    logger = logging.Logger("test", logging.INFO)
    logger.addHandler(handler)
    try:
        raise RuntimeError("a\r\nbug \x1b[2J")
    except RuntimeError:
        logger.exception("a handler failed")
    assert stream.getvalue().count("\n") == 1
    assert "\x1b" not in stream.getvalue()
    assert "RuntimeError" in stream.getvalue()
