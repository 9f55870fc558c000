"""What is wrong with octets that are not one reply: every octet, and each limit to the octet."""

from __future__ import annotations

import pytest

from reply_metadata import Limits, ReplySyntaxError, parse_reply
from reply_metadata._generated import reply_grammar
from reply_metadata.errors import ReplyFault
from reply_metadata.framing import line_fault


@pytest.mark.parametrize("place", range(5))
def test_every_octet_is_explained_just_where_the_grammar_refuses_it(place):
    for octet in range(256):
        for line in (b"250 a", b"250-a", b"250 a"[: place + 1]):
            changed = line[:place] + bytes((octet,)) + line[place + 1 :]
            read = reply_grammar.received_line(changed)
            fault = line_fault(changed)
            assert (fault is None) == (read is not None), changed
            if fault is not None and len(changed) > 2:
                assert fault[1] == place, changed


@pytest.mark.parametrize("line", [b"", b"2", b"25"])
def test_a_line_shorter_than_a_code_is_at_fault_at_its_end(line):
    assert line_fault(line) == (ReplyFault.BAD_CODE, len(line))


def fault_of(data, **limits):
    with pytest.raises(ReplySyntaxError) as caught:
        parse_reply(data, negotiated=False, limits=Limits(**limits))
    error = caught.value
    return error.fault, error.data, error.line, error.offset


def test_a_reply_of_as_many_lines_as_are_taken_is_incomplete_and_not_too_long():
    whole = b"250-a\r\n250-b\r\n"
    assert fault_of(whole, max_received_reply_lines=2) == (ReplyFault.INCOMPLETE, b"", 3, 0)
    assert fault_of(whole + b"2", max_received_reply_lines=2) == (
        ReplyFault.TOO_MANY_LINES,
        b"",
        3,
        0,
    )


def test_of_an_overlong_line_the_error_has_one_octet_too_much():
    data = b"250-a\r\n250 bcdefghijk\r\n"
    assert fault_of(data, max_received_line_octets=12) == (
        ReplyFault.LINE_TOO_LONG,
        b"250 bcdefghij",
        2,
        12,
    )
    assert fault_of(data, max_received_reply_octets=12) == (
        ReplyFault.REPLY_TOO_LONG,
        b"250 bc",
        2,
        5,
    )


def test_a_line_that_breaks_both_limits_is_a_line_too_long():
    limits = {"max_received_line_octets": 8, "max_received_reply_octets": 8}
    assert fault_of(b"250 abc\r\n", **limits) == (ReplyFault.LINE_TOO_LONG, b"250 abc\r\n", 1, 8)


@pytest.mark.parametrize("name", ["max_received_line_octets", "max_received_reply_octets"])
def test_a_reply_of_one_line_is_taken_up_to_the_limit_and_no_further(name):
    limits = {"max_received_line_octets": 100, "max_received_reply_octets": 100, name: 8}
    assert parse_reply(b"250 ab\r\n", negotiated=False, limits=Limits(**limits)).code == 250
    assert fault_of(b"250 abc\r\n", **limits)[0] in (
        ReplyFault.LINE_TOO_LONG,
        ReplyFault.REPLY_TOO_LONG,
    )


def test_every_code_of_the_grammar_is_read_as_its_number():
    for code in range(200, 600):
        octets = b"%d x\r\n" % code
        if code % 100 < 60:
            assert parse_reply(octets, negotiated=False).code == code
        else:
            assert fault_of(octets) == (ReplyFault.BAD_CODE, octets[:-2], 1, 1)
