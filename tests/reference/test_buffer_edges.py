"""Buffers at the edge: each limit to the octet while octets arrive, and errors that stay."""

from __future__ import annotations

import pytest

from reply_metadata import Limits, RemoteProtocolError, ReplySyntaxError
from reply_metadata.errors import ReplyFault
from reply_metadata.receive_buffer import (
    COMMAND_MALFORMED,
    COMMAND_TOO_LONG,
    MESSAGE_MALFORMED,
    MESSAGE_TOO_LONG,
    CommandBuffer,
    ReplyBuffer,
)

LIMITS = Limits(
    max_received_line_octets=10,
    max_received_reply_octets=25,
    max_received_reply_lines=3,
    max_command_octets=10,
    max_message_line_octets=10,
    max_message_octets=20,
)


LAST_9, LAST_10 = b"250 abcde", b"250 abcdef"


def reply_fault(data, **limits):
    buffer = ReplyBuffer(Limits(**limits) if limits else LIMITS)
    buffer.receive_octets(data)
    try:
        buffer.next_reply()
    except ReplySyntaxError as error:
        return error.fault
    return None


@pytest.mark.parametrize(
    ("fits", "too_much", "fault"),
    [
        (b"250 abcdef", b"250 abcdefg", ReplyFault.LINE_TOO_LONG),
        (b"250-abcd\r\n", b"250-abcd\r\n250 abcdefg", ReplyFault.LINE_TOO_LONG),
        (b"250-ab\r\n" * 2 + LAST_9, b"250-ab\r\n" * 2 + LAST_10, ReplyFault.REPLY_TOO_LONG),
        (b"250-\r\n250-\r\n250-\r\n", b"250-\r\n250-\r\n250-\r\n2", ReplyFault.TOO_MANY_LINES),
    ],
)  # fmt: skip
def test_a_reply_breaks_a_limit_at_the_first_octet_too_much(fits, too_much, fault):
    assert reply_fault(fits) is None
    assert reply_fault(too_much) is fault


def test_lines_are_counted_for_each_reply_anew():
    buffer = ReplyBuffer(LIMITS)
    buffer.receive_octets(b"250-a\r\n250-b\r\n250 c\r\n" * 2 + b"250 abcd\r\n")
    for _ in range(2):
        assert buffer.next_reply() == b"250-a\r\n250-b\r\n250 c\r\n"
    assert buffer.next_reply() == b"250 abcd\r\n"
    assert buffer.next_reply() is None


@pytest.mark.parametrize("begun", [b"250-a\r\n250-b\r\n250-c\r\n", b"250-abc", b"250-abcd\r\n250 "])
def test_what_was_forgotten_counts_for_nothing(begun):
    buffer = ReplyBuffer(LIMITS)
    buffer.receive_octets(begun)
    assert buffer.next_reply() is None
    assert buffer.pending == begun
    buffer.clear()
    assert buffer.pending == b""
    whole = b"250-abcd\r\n250-b\r\n250 c\r\n"
    buffer.receive_octets(whole)
    assert buffer.next_reply() == whole
    assert buffer.next_reply() is None


def test_a_bare_line_feed_ends_no_line_of_a_reply():
    assert reply_fault(b"250 a\n") is ReplyFault.BAD_LINE_END
    assert reply_fault(b"250-a\r\n250 b\n") is ReplyFault.BAD_LINE_END
    assert reply_fault(b"\n") is ReplyFault.BAD_LINE_END


def commands_with(data):
    buffer = CommandBuffer(LIMITS)
    buffer.receive_octets(data)
    return buffer


def test_a_new_buffer_finds_what_comes_first():
    assert commands_with(b"\r\n").next_command() == b""
    buffer = ReplyBuffer(LIMITS)
    buffer.receive_octets(b"\n")
    with pytest.raises(ReplySyntaxError):
        buffer.next_reply()
    taken = commands_with(b"A\r\n\r\nB\r\n")
    assert [taken.next_command() for _ in range(4)] == [b"A", b"", b"B", None]


def hint_of(buffer, read):
    with pytest.raises(RemoteProtocolError) as caught:
        read(buffer)
    first = caught.value
    buffer.receive_octets(b"NOOP\r\n.\r\n")
    for again in (
        CommandBuffer.next_command,
        CommandBuffer.next_message,
        lambda one: one.next_chunk(1),
        lambda one: one.discard(1),
    ):
        with pytest.raises(RemoteProtocolError) as caught:
            again(buffer)
        assert caught.value is first
    assert buffer.pending == b""
    return first.reply_hint


def test_a_command_line_may_be_as_long_as_its_limit_whatever_follows():
    assert commands_with(b"12345678\r\n" + b"x" * 10).next_command() == b"12345678"
    assert commands_with(b"x" * 10).next_command() is None
    for data in (b"x" * 11, b"123456789\r\n"):
        assert hint_of(commands_with(data), CommandBuffer.next_command) == COMMAND_TOO_LONG


@pytest.mark.parametrize("line", [b"a\n", b"\n", b"a\rb\r\n", b"\r\r\n", b"a\0\r\n"])
def test_a_command_line_ends_in_crlf_and_holds_neither_a_part_of_it_nor_a_nul(line):
    assert hint_of(commands_with(line), CommandBuffer.next_command) == COMMAND_MALFORMED


def test_a_line_of_a_message_may_be_as_long_as_its_limit():
    assert commands_with(b"12345678\r\n.\r\n").next_message() == b"12345678\r\n"
    assert commands_with(b"x" * 10).next_message() is None
    for data in (b"123456789\r\n", b"x" * 11, b"a\r\n" + b"x" * 11):
        assert hint_of(commands_with(data), CommandBuffer.next_message) == MESSAGE_TOO_LONG


def test_a_message_may_be_as_long_as_its_limit():
    full = b"12345678\r\n" * 2
    assert commands_with(full + b".\r\n").next_message() == full
    assert hint_of(commands_with(full + b"\r\n.\r\n"), CommandBuffer.next_message) == (
        MESSAGE_TOO_LONG
    )


@pytest.mark.parametrize("data", [b"a\n.\r\n", b"a\r", b"a\rb\r\n.\r\n", b"\n", b"a\r\r\n.\r\n"])
def test_a_line_of_a_message_ends_in_crlf_and_holds_no_part_of_it(data):
    buffer = commands_with(data)
    if data == b"a\r":
        assert buffer.next_message() is None
        buffer.receive_octets(b"b\r\n")
    assert hint_of(buffer, CommandBuffer.next_message) == MESSAGE_MALFORMED


def test_one_message_leaves_nothing_to_the_next():
    buffer = commands_with(b"one\r\n.\r\n..two\r\n.\r\nNOOP\r\n")
    assert buffer.next_message() == b"one\r\n"
    assert buffer.next_message() == b".two\r\n"
    assert buffer.next_command() == b"NOOP"


def test_a_message_that_was_forgotten_is_no_part_of_the_next():
    buffer = commands_with(b"one\r\ntw")
    assert buffer.next_message() is None
    buffer.clear()
    assert buffer.pending == b""
    buffer.receive_octets(b"three\r\n.\r\n")
    assert buffer.next_message() == b"three\r\n"


def test_a_chunk_may_be_as_long_as_a_message():
    assert commands_with(b"x" * 20).next_chunk(20) == b"x" * 20
    assert hint_of(commands_with(b"x" * 21), lambda buffer: buffer.next_chunk(21)) == (
        MESSAGE_TOO_LONG
    )


def test_what_is_discarded_is_counted():
    buffer = commands_with(b"12345NOOP\r\n")
    assert buffer.discard(5) == 5
    assert buffer.next_command() == b"NOOP"
    assert buffer.discard(5) == 0


def test_a_line_feed_at_the_very_start_is_seen_after_a_command_and_after_forgetting():
    for begin in ("next_command", "clear"):
        buffer = commands_with(b"A\r\n")
        getattr(buffer, begin)()
        buffer.receive_octets(b"\nB\r\n")
        assert hint_of(buffer, CommandBuffer.next_command) == COMMAND_MALFORMED


def test_a_line_of_a_message_may_come_in_pieces():
    buffer = commands_with(b"one\r\ntw")
    assert buffer.next_message() is None
    buffer.receive_octets(b"o\r\n.\r")
    assert buffer.next_message() is None
    buffer.receive_octets(b"\n")
    assert buffer.next_message() == b"one\r\ntwo\r\n"
