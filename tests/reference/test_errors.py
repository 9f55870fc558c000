"""Errors carry data, make their text from it, show no raw octet and travel between processes."""

from __future__ import annotations

import pickle

import pytest

from reply_metadata import MetadataSyntaxError, ReplySyntaxError, parse_reply
from reply_metadata.errors import FAULT_TEXTS, RemoteProtocolError, ReplyFault, ReplyHint, shown


def test_an_error_of_syntax_says_what_was_refused_where_and_what_was_expected():
    error = MetadataSyntaxError(b"A\r\n", 1, "metadata-key", ("a letter", "a digit"))
    assert str(error) == "'A\\r\\n' is no metadata-key: octet 1, expected a letter or a digit"
    assert str(MetadataSyntaxError(b"", 0, "metadata-key")) == "'' is no metadata-key: octet 0"
    assert (error.data, error.position, error.rule) == (b"A\r\n", 1, "metadata-key")
    assert error.expected == ("a letter", "a digit")


def test_an_error_of_syntax_is_a_value_error():
    with pytest.raises(ValueError, match="metadata-key"):
        raise MetadataSyntaxError(b"", 0, "metadata-key")


def test_a_reply_error_says_line_and_column_and_what_a_server_may_answer():
    with pytest.raises(ReplySyntaxError) as caught:
        parse_reply(b"250-a\r\n25x b\r\n", negotiated=False)
    error = caught.value
    assert (error.fault, error.data, error.line, error.offset) == (
        ReplyFault.BAD_CODE,
        b"25x b",
        2,
        2,
    )
    assert str(error) == f"line 2, column 3: {FAULT_TEXTS[ReplyFault.BAD_CODE]}: '25x b'"
    assert error.reply_hint == ReplyHint(421, "4.5.0", "The next server sent a malformed reply")


@pytest.mark.parametrize(
    "error",
    [
        MetadataSyntaxError(b"A", 1, "metadata-key", ("a letter",)),
        ReplySyntaxError(ReplyFault.NUL, b"250 \0", 1, 4),
    ],
)
def test_an_error_is_the_same_after_a_way_between_processes(error):
    again = pickle.loads(pickle.dumps(error))
    assert type(again) is type(error)
    assert vars(again) == vars(error)
    assert str(again) == str(error)


def test_an_error_of_the_peer_has_an_answer_even_when_none_was_chosen():
    error = RemoteProtocolError("no")
    assert (error.message, str(error)) == ("no", "no")
    assert error.reply_hint == ReplyHint(500, "5.5.2", "Syntax error")


def test_octets_are_shown_escaped_and_at_most_sixty_of_them():
    assert shown(b"\x1b\r") == "'\\x1b\\r'"
    assert shown(b"a" * 60) == f"'{'a' * 60}'"
    assert shown(b"a" * 62) == f"'{'a' * 60}' and 2 more octets"


def test_every_fault_has_a_name_and_a_text_of_its_own():
    assert ReplyFault("bad-code") is ReplyFault.BAD_CODE
    assert len(set(FAULT_TEXTS.values())) == len(ReplyFault)


def test_a_line_that_an_engine_refuses_and_framing_does_not_is_a_bad_code():
    with pytest.raises(ReplySyntaxError) as caught:
        parse_reply(b"250 a\r\n", negotiated=True, read_line=lambda _: None)
    error = caught.value
    assert (error.fault, error.data, error.line, error.offset) == (
        ReplyFault.BAD_CODE,
        b"250 a",
        1,
        0,
    )
