"""Why the metadata of a reply is ignored, and where that shows: each limit to the octet."""

from __future__ import annotations

import pytest

from reply_metadata import GroupStatus, Ignored, IgnoredReason, Limits, parse_reply


def read(data, **limits):
    wide = {"max_received_line_octets": 8192, **limits}
    return parse_reply(data, negotiated=True, limits=Limits(**wide))


def ignored(data, **limits):
    return read(data, **limits).ignored


@pytest.mark.parametrize("code", [201, 250, 450, 559])
def test_groups_without_an_enhanced_code_in_front_are_ignored_whatever_the_code(code):
    missing = (Ignored(IgnoredReason.ENHANCED_CODE_MISSING, 1, 4),)
    assert ignored(b"%d [QUEUE-ID x] t\r\n" % code) == missing
    assert ignored(b"%d <a@b.example> [QUEUE-ID x] t\r\n" % code) == missing
    assert ignored(b"%d <a@b.example> t\r\n" % code) == ()
    assert ignored(b"%d [no group t\r\n" % code) == ()


def test_the_first_line_that_lacks_its_enhanced_code_is_named():
    data = b"250-2.0.0 one\r\n250-two\r\n250 [QUEUE-ID x] three\r\n"
    assert ignored(data) == (Ignored(IgnoredReason.ENHANCED_CODE_MISSING, 3, 4),)
    data = b"250-2.0.0 [QUEUE-ID x] one\r\n250-two\r\n250\r\n"
    assert ignored(data) == (Ignored(IgnoredReason.ENHANCED_CODE_MISSING, 2, 4),)
    data = b"250-2.0.0 [QUEUE-ID x] one\r\n250\r\n"
    assert ignored(data) == (Ignored(IgnoredReason.ENHANCED_CODE_MISSING, 2, 3),)


def test_a_first_line_without_an_enhanced_code_does_not_make_the_others_differ():
    data = b"250-one\r\n250-2.0.0 [QUEUE-ID x] two\r\n250 2.0.1 three\r\n"
    assert ignored(data) == (Ignored(IgnoredReason.ENHANCED_CODE_MISSING, 1, 4),)
    data = b"250-2.0.0 one\r\n250-2.0.0 two\r\n250 2.0.1 [QUEUE-ID x] three\r\n"
    assert ignored(data) == (Ignored(IgnoredReason.ENHANCED_CODES_DIFFER, 3, 4),)
    data = b"250-5.0.0 [QUEUE-ID x] one\r\n250 2.0.0 two\r\n"
    assert [one.reason for one in ignored(data)] == [
        IgnoredReason.CLASSES_DISAGREE,
        IgnoredReason.ENHANCED_CODES_DIFFER,
    ]


def test_a_line_may_be_as_long_as_its_limit_and_the_octet_too_much_is_named():
    data = b"250 2.0.0 [A.b] ok\r\n"
    for more in (b"", b"250-2.0.0 x\r\n"):
        reply = more + data
        number = 1 + bool(more)
        assert ignored(reply, max_line_octets=len(data)) == ()
        assert ignored(reply, max_line_octets=len(data) - 1) == (
            Ignored(IgnoredReason.LINE_TOO_LONG, number, len(data) - 1),
        )


def test_a_reply_may_be_as_long_as_its_limit_and_the_octet_too_much_is_named():
    one, two, three = b"250-2.0.0 [A.b] x\r\n", b"250-2.0.0 yyyy\r\n", b"250 2.0.0 z\r\n"
    data = one + two + three
    assert ignored(data, max_reply_octets=len(data)) == ()
    for room, line, offset in (
        (len(data) - 1, 3, len(three) - 1),
        (len(one + two), 3, 0),
        (len(one + two) - 1, 2, len(two) - 1),
        (len(one) - 1, 1, len(one) - 1),
    ):
        assert ignored(data, max_reply_octets=room) == (
            Ignored(IgnoredReason.REPLY_TOO_LONG, line, offset),
        )
    assert ignored(b"250 2.0.0 [A.b] x\r\n", max_reply_octets=18) == (
        Ignored(IgnoredReason.REPLY_TOO_LONG, 1, 18),
    )


def test_a_reply_may_have_as_many_lines_as_its_limit():
    data = b"250-2.0.0 [A.b] x\r\n250-2.0.0 y\r\n250 2.0.0 z\r\n"
    assert ignored(data, max_reply_lines=3) == ()
    assert ignored(data, max_reply_lines=2) == (Ignored(IgnoredReason.TOO_MANY_LINES, 3, 0),)
    assert ignored(data, max_reply_lines=1) == (Ignored(IgnoredReason.TOO_MANY_LINES, 2, 0),)


def test_the_first_group_too_many_is_named_by_line_and_octet():
    data = b"250-2.0.0 [A.b] [A.c] x\r\n250 2.0.0 [A.d] y\r\n"
    assert ignored(data, max_groups=3) == ()
    assert ignored(data, max_groups=2) == (Ignored(IgnoredReason.TOO_MANY_GROUPS, 2, 10),)
    assert ignored(data, max_groups=1) == (Ignored(IgnoredReason.TOO_MANY_GROUPS, 1, 16),)
    statuses = {group.status for group in read(data, max_groups=1).metadata}
    assert statuses == {GroupStatus.REPLY_IGNORED}


@pytest.mark.parametrize(
    ("group", "limit", "reason"),
    [
        (b"[A.b cde]", {"max_group_octets": 9}, IgnoredReason.GROUP_TOO_LONG),
        (b"[A.b c d e]", {"max_arguments": 3}, IgnoredReason.TOO_MANY_ARGUMENTS),
        (b"[A.bcd]", {"max_private_key_octets": 5}, IgnoredReason.KEY_TOO_LONG),
        (b"[ABCDE]", {"max_registered_key_octets": 5}, IgnoredReason.KEY_TOO_LONG),
        (b"[A.b cdefgh]", {"max_value_octets": 6}, IgnoredReason.VALUE_TOO_LONG),
        (b"[A.b c=defghi]", {"max_value_octets": 6}, IgnoredReason.VALUE_TOO_LONG),
        (b"[A.b c= d=efghij]", {"max_value_octets": 6}, IgnoredReason.VALUE_TOO_LONG),
    ],
)
def test_a_group_may_reach_its_limit_and_one_more_is_named_by_line_and_octet(group, limit, reason):
    data = b"250-2.0.0 [X.y] %b x\r\n250 2.0.0 z\r\n" % group
    alone = b"250 2.0.0 %b x\r\n" % group
    below = {name: value - 1 for name, value in limit.items()}
    assert ignored(data, **limit) == ignored(alone, **limit) == ()
    assert ignored(alone, **below) == (Ignored(reason, 1, 10),)
    assert ignored(data, **below) == (Ignored(reason, 1, 16),)


def test_no_limit_of_a_value_counts_the_whole_group():
    assert ignored(b"250 2.0.0 [A.b c d e f g h] x\r\n", max_value_octets=1) == ()


def test_groups_know_where_they_stand_on_every_line():
    data = b"250-2.0.0 [A.b] x\r\n250-y\r\n250 <u@e.example> z\r\n"
    places = [(group.line, group.offset) for group in read(data).metadata]
    assert places == [(1, 10)]
    data = b"250-2.0.0 <u@e.example> [A.b c] [A.d] x\r\n250 2.12.123 [E.f] y\r\n"
    places = [(group.line, group.offset) for group in read(data).metadata]
    assert places == [(1, 24), (1, 32), (2, 13)]
    uncoded = b"250-2.0.0 [A.b] x\r\n250 [C.d] y\r\n"
    assert [(group.line, group.offset) for group in read(uncoded).metadata] == [(1, 10)]


@pytest.mark.parametrize("octet", [0x80, 0xFF])
def test_a_value_with_an_octet_that_is_no_utf8_is_not_used(octet):
    (group,) = read(b"250 2.0.0 [A.b x+%02X] t\r\n" % octet).metadata
    assert group.status is GroupStatus.NOT_UTF8
    (group,) = read(b"250 2.0.0 [A.b x+07] t\r\n").metadata
    assert group.status is GroupStatus.CONTROL_CHARACTER


def test_only_a_key_that_may_not_be_repeated_is_a_duplicate():
    keys = b"[TRACE-ID a] [TRACE-ID b]"
    statuses = [group.status for group in read(b"250 2.0.0 %b t\r\n" % keys).metadata]
    assert statuses == [GroupStatus.DUPLICATE_KEY] * 2
    keys = b"[TRACE-ID a] [A.b c] [A.b c] [QUEUE-ID d]"
    statuses = [group.status for group in read(b"250 2.0.0 %b t\r\n" % keys).metadata]
    assert statuses == [GroupStatus.USED] * 4


def test_the_path_of_each_line_counts_for_its_own_groups():
    data = b"250-2.0.0 <a@b.example> [A.b] x\r\n250 2.0.0 <c@d.example> [A.c] y\r\n"
    reply = parse_reply(data, negotiated=True, recipient=b"<a@b.example>")
    assert [group.status for group in reply.metadata] == [
        GroupStatus.USED,
        GroupStatus.WRONG_RECIPIENT,
    ]


def test_a_value_that_must_not_be_empty_is_bad_when_it_is_whatever_follows():
    for rest in (b"", b" uidvalidity=1 uid=2"):
        (group,) = read(b"250 2.0.0 [STORED mailbox=%b] Saved\r\n" % rest).metadata
        assert group.status is GroupStatus.BAD_VALUE
