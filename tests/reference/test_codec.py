"""Octets to replies: framing, the groups of a reply, and what becomes of them."""

import pytest

from reply_metadata import (
    GroupStatus,
    Limits,
    Referral,
    ReplySyntaxError,
    parse_reply,
)
from reply_metadata.errors import ReplyFault

REFERRAL = b"450 4.4.4 [REFERRAL smtp://backend2/] Redirected\r\n"


def read(data, **known):
    return parse_reply(data, negotiated=True, **known)


def statuses(data, **known):
    return [group.status for group in read(data, **known).metadata]


# Framing (RFC 5321, Section 4.2)


def test_the_reply_of_the_list_message_is_read_whole():
    reply = read(REFERRAL, command="RCPT")
    assert (reply.code, reply.enhanced_code, reply.text) == (450, "4.4.4", "Redirected")
    assert reply.metadata.get(Referral).uris == ("smtp://backend2/",)
    assert reply.octets == REFERRAL
    assert [line.octets for line in reply.lines] == [REFERRAL[:-2]]


@pytest.mark.draft("req-plain-text")
def test_without_negotiation_nothing_is_metadata():
    reply = parse_reply(REFERRAL, negotiated=False)
    assert len(reply.metadata) == 0
    assert reply.text == "[REFERRAL smtp://backend2/] Redirected"
    assert reply.enhanced_code == "4.4.4"
    assert reply.ignored == ()


@pytest.mark.parametrize("ending", [b"250\r\n", b"250 \r\n", b"250-a\r\n250\r\n"])
def test_a_last_line_may_be_a_code_alone(ending):
    assert read(ending).code == 250


@pytest.mark.parametrize(
    ("data", "fault", "line", "offset"),
    [
        (b"", ReplyFault.INCOMPLETE, 1, 0),
        (b"2", ReplyFault.INCOMPLETE, 1, 1),
        (b"250 ok", ReplyFault.INCOMPLETE, 1, 6),
        (b"250 ok\r", ReplyFault.INCOMPLETE, 1, 7),
        (b"250-ok\r\n", ReplyFault.INCOMPLETE, 2, 0),
        (b"250-ok\r\n250", ReplyFault.INCOMPLETE, 2, 3),
        (b"250 ok\r\n250 ok\r\n", ReplyFault.TRAILING_OCTETS, 2, 0),
        (b"250 ok\r\n\r\n", ReplyFault.TRAILING_OCTETS, 2, 0),
        (b"250 ok\r\n ", ReplyFault.TRAILING_OCTETS, 2, 0),
        (b"250 ok\n", ReplyFault.BAD_LINE_END, 1, 6),
        (b"250-ok\n250 ok\r\n", ReplyFault.BAD_LINE_END, 1, 6),
        (b"250 a\rb\r\n", ReplyFault.BAD_LINE_END, 1, 5),
        (b"250 ok\r\r\n", ReplyFault.BAD_LINE_END, 1, 6),
        (b"250 a\0b\r\n", ReplyFault.NUL, 1, 5),
        (b"250-one\r\n550 two\r\n", ReplyFault.CODE_MISMATCH, 2, 0),
        (b"\r\n", ReplyFault.BAD_CODE, 1, 0),
        (b"2_5 hi\r\n", ReplyFault.BAD_CODE, 1, 1),
        (b"+25 hi\r\n", ReplyFault.BAD_CODE, 1, 0),
        (b" 25 hi\r\n", ReplyFault.BAD_CODE, 1, 0),
        (b"25\r\n", ReplyFault.BAD_CODE, 1, 2),
        (b"260 hi\r\n", ReplyFault.BAD_CODE, 1, 1),
        (b"199 hi\r\n", ReplyFault.BAD_CODE, 1, 0),
        (b"600 hi\r\n", ReplyFault.BAD_CODE, 1, 0),
        ("\uff12\uff15\uff10 hi\r\n".encode(), ReplyFault.BAD_CODE, 1, 0),
        (b"250xhi\r\n", ReplyFault.BAD_SEPARATOR, 1, 3),
        (b"2500 hi\r\n", ReplyFault.BAD_SEPARATOR, 1, 3),
        (b"250\thi\r\n", ReplyFault.BAD_SEPARATOR, 1, 3),
    ],
)
def test_what_is_not_one_reply_is_refused_the_same_in_both_modes(data, fault, line, offset):
    for negotiated in (True, False):
        with pytest.raises(ReplySyntaxError) as caught:
            parse_reply(data, negotiated=negotiated)
        error = caught.value
        assert (error.fault, error.line, error.offset) == (fault, line, offset)


def test_the_limits_of_the_reader_are_inclusive_and_hold_in_both_modes():
    limits = Limits(
        max_received_line_octets=20, max_received_reply_octets=50, max_received_reply_lines=3
    )
    fits = b"250-" + b"x" * 14 + b"\r\n" + b"250 " + b"x" * 14 + b"\r\n"
    cases = [
        (b"250 " + b"x" * 15 + b"\r\n", ReplyFault.LINE_TOO_LONG, 1, 20),
        (b"250-xxxxxxxxxxx\r\n" * 2 + b"250 xxxxxxxxxxx\r\n", ReplyFault.REPLY_TOO_LONG, 3, 16),
        (b"250-\r\n" * 3 + b"250 \r\n", ReplyFault.TOO_MANY_LINES, 4, 0),
    ]
    for negotiated in (True, False):
        assert parse_reply(fits, negotiated=negotiated, limits=limits).code == 250
        for data, fault, line, offset in cases:
            with pytest.raises(ReplySyntaxError) as caught:
                parse_reply(data, negotiated=negotiated, limits=limits)
            error = caught.value
            assert (error.fault, error.line, error.offset) == (fault, line, offset)


def test_an_error_names_the_octets_of_the_peer_escaped():
    with pytest.raises(ReplySyntaxError) as caught:
        parse_reply(b"250x\x1b[31m\r\n", negotiated=True)
    assert "\x1b" not in str(caught.value)
    assert r"\x1b" in str(caught.value)


# What is a group


@pytest.mark.draft("req-longest-run")
@pytest.mark.parametrize(
    ("line", "keys", "text"),
    [
        (b"[A] [B]", ["A", "B"], ""),
        (b"[A] [B] ", ["A", "B"], ""),
        (b"[A] [B]x", ["A"], "[B]x"),
        (b"[A]  [B] x", ["A"], " [B] x"),
        (b" [A] x", [], " [A] x"),
        (b"x [A] y", [], "x [A] y"),
        (b"[A]x", [], "[A]x"),
        (b"[1] x", [], "[1] x"),
        (b"[192.0.2.7  18] x", [], "[192.0.2.7  18] x"),
        (b"[A  b] x", [], "[A  b] x"),
        (b"[A b=c=d] x", [], "[A b=c=d] x"),
        (b"[A +4] x", [], "[A +4] x"),
        (b"[A +4a] x", [], "[A +4a] x"),
        (b"[A \xc3\xa9] x", [], "[A é] x"),
        (b"[A", [], "[A"),
        (b"[A]\t[B] x", [], "[A]\t[B] x"),
    ],
)
def test_groups_are_the_longest_run_at_the_start(line, keys, text):
    reply = read(b"250 2.0.0 " + line + b"\r\n")
    assert [group.key for group in reply.metadata] == keys
    assert reply.text == text


def test_keys_and_names_lose_their_case_and_values_keep_it():
    reply = read(b"250 2.0.0 [forward Node=Ab] [org.Example.Sid A=B] x\r\n")
    first, second = reply.metadata
    assert (first.key, first.named) == ("FORWARD", {"node": "Ab"})
    assert (second.key, second.named) == ("org.example.sid", {"a": "B"})


@pytest.mark.draft("req-decode-order")
def test_a_group_is_split_before_it_is_decoded():
    (group,) = read(b"250 2.0.0 [a.b x+3Dy a+20b +5D n=+3D e=] x\r\n").metadata
    assert group.values == ("x=y", "a b", "]")
    assert group.named == {"n": "=", "e": ""}
    assert group.used


@pytest.mark.draft("req-encoding-canonical")
def test_needless_encoding_is_accepted():
    (group,) = read(b"250 2.0.0 [TRACE-ID +41+42] x\r\n", command="MAIL").metadata
    assert (group.values, group.status) == (("AB",), GroupStatus.USED)


def test_each_group_knows_its_line_and_offset():
    data = b"250-2.0.0 <a@b> [A x n= n2=v] [B] t\r\n250 2.0.0 [a.b +20]\r\n"
    octets = data.split(b"\r\n")
    groups = read(data).metadata
    assert [(group.line, group.offset) for group in groups] == [(1, 16), (1, 30), (2, 10)]
    assert all(octets[g.line - 1][g.offset :].startswith(b"[" + g.key.encode()) for g in groups)


# The path in front


@pytest.mark.draft("req-path-quoted")
def test_a_bracket_inside_a_quoted_path_is_no_group():
    data = b'550 5.1.1 <"a> [REFERRAL smtp://evil.example/] "@example.org> unknown\r\n'
    assert len(read(data, command="RCPT").metadata) == 0


def test_a_path_before_groups_is_no_text_and_without_groups_it_is():
    assert read(b"250 2.1.5 <u@example.org> [TRACE-ID x] OK\r\n").text == "OK"
    assert read(b"250 2.1.5 <u@example.org> OK\r\n").text == "<u@example.org> OK"
    assert read(b"250 2.1.5 <u@example.org> \r\n").text == "<u@example.org> "


@pytest.mark.draft("req-path-recipient")
@pytest.mark.parametrize(
    ("recipient", "status"),
    [
        (b"u@example.org", GroupStatus.USED),
        (b"<u@example.org>", GroupStatus.USED),
        (b"u@EXAMPLE.org", GroupStatus.USED),
        (b"U@example.org", GroupStatus.WRONG_RECIPIENT),
        (b"v@example.org", GroupStatus.WRONG_RECIPIENT),
        (b"u@example.net", GroupStatus.WRONG_RECIPIENT),
        (b"u", GroupStatus.WRONG_RECIPIENT),
        (None, GroupStatus.USED),
    ],
)
def test_groups_after_the_path_of_another_recipient_are_not_used(recipient, status):
    data = b"250 2.1.5 <u@example.org> [TRACE-ID x] OK\r\n"
    assert statuses(data, command="RCPT", recipient=recipient) == [status]


@pytest.mark.draft("req-path-forward")
@pytest.mark.parametrize("code", [b"251 2", b"551 5"])
def test_a_path_in_251_and_551_is_the_new_address_and_starts_the_text(code):
    reply = read(code + b".1.6 <new@example.org> [TRACE-ID x] moved\r\n")
    assert len(reply.metadata) == 0
    assert reply.text == "<new@example.org> [TRACE-ID x] moved"
    assert statuses(code + b".1.6 [TRACE-ID x] moved to <new@example.org>\r\n") == [
        GroupStatus.USED
    ]


# The enhanced code


@pytest.mark.parametrize(
    ("data", "enhanced_code", "text"),
    [
        (b"550 5.1.1 no\r\n", "5.1.1", "no"),
        (b"550 4.4.7 expired\r\n", None, "expired"),
        (b"550-5.1.1 a\r\n550 b\r\n", "5.1.1", "a\nb"),
        (b"550-5.1.1 a\r\n550 5.1.2 b\r\n", None, "a\nb"),
        (b"550 11.22.33.44 listed\r\n", None, "11.22.33.44 listed"),
        (b"550 5.1.1000 no\r\n", None, "5.1.1000 no"),
        (b"550 5.1 no\r\n", None, "5.1 no"),
        (b"550 5.2.900\r\n", "5.2.900", ""),
    ],
)
def test_the_enhanced_code_is_the_one_all_lines_agree_on(data, enhanced_code, text):
    for negotiated in (True, False):
        reply = parse_reply(data, negotiated=negotiated)
        assert (reply.enhanced_code, reply.text) == (enhanced_code, text)
