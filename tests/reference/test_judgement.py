"""What becomes of the groups of a reply: ignored together, or one status each."""

import pytest

from reply_metadata import GroupStatus, IgnoredReason, Limits, parse_reply

REFERRAL = b"450 4.4.4 [REFERRAL smtp://backend2/] Redirected\r\n"


def read(data, **known):
    return parse_reply(data, negotiated=True, **known)


def statuses(data, **known):
    return [group.status for group in read(data, **known).metadata]


def reasons(data):
    return [(item.reason, item.line, item.offset) for item in read(data).ignored]


# All metadata ignored


@pytest.mark.draft("req-reply-ignored")
@pytest.mark.parametrize(
    ("data", "expected"),
    [
        (b"250 [TRACE-ID x] ok\r\n", [(IgnoredReason.ENHANCED_CODE_MISSING, 1, 4)]),
        (
            b"250-2.0.0 [TRACE-ID x] a\r\n250 ok\r\n",
            [(IgnoredReason.ENHANCED_CODE_MISSING, 2, 4)],
        ),
        (
            b"250-2.1.0 a\r\n250 2.1.5 [TRACE-ID x] b\r\n",
            [(IgnoredReason.ENHANCED_CODES_DIFFER, 2, 4)],
        ),
        (b"250 5.1.1 [TRACE-ID x] a\r\n", [(IgnoredReason.CLASSES_DISAGREE, 1, 4)]),
        (b"354 2.0.0 [TRACE-ID x] a\r\n", [(IgnoredReason.CLASSES_DISAGREE, 1, 4)]),
    ],
)
def test_metadata_without_one_fitting_enhanced_code_is_ignored(data, expected):
    reply = read(data)
    assert reasons(data) == expected
    assert not any(group.used for group in reply.metadata)
    assert reply.metadata.used == ()
    assert reply.code == int(data[:3])


@pytest.mark.parametrize(
    "data",
    [
        b"250 ok\r\n",
        b"250 [192.0.2.1] ok\r\n",
        b"250-2.1.0 a\r\n250 b\r\n",
        b"250 5.0.0 ok\r\n",
        b"250 2.0.0 " + b"x" * 600 + b"\r\n",
    ],
)
def test_nothing_is_called_ignored_where_nothing_was_there_to_ignore(data):
    assert read(data).ignored == ()


def octets_of(length, group=b"[TRACE-ID x] "):
    head = b"250 2.0.0 " + group
    return head + b"t" * (length - len(head) - 2) + b"\r\n"


@pytest.mark.draft("req-limits-read")
@pytest.mark.parametrize(
    ("fits", "breaks", "reason"),
    [
        (octets_of(510), octets_of(511), IgnoredReason.LINE_TOO_LONG),
        (
            (b"250-2.0.0 " + b"x" * 488 + b"\r\n") * 4 + octets_of(48),
            (b"250-2.0.0 " + b"x" * 488 + b"\r\n") * 4 + octets_of(49),
            IgnoredReason.REPLY_TOO_LONG,
        ),
        (
            b"250-2.0.0 a\r\n" * 19 + octets_of(30),
            b"250-2.0.0 a\r\n" * 20 + octets_of(30),
            IgnoredReason.TOO_MANY_LINES,
        ),
        (
            b"250 2.0.0 " + b"[a.b] " * 16 + b"t\r\n",
            b"250 2.0.0 " + b"[a.b] " * 17 + b"t\r\n",
            IgnoredReason.TOO_MANY_GROUPS,
        ),
        (
            b"250 2.0.0 [a.b" + b" x" * 16 + b"] t\r\n",
            b"250 2.0.0 [a.b" + b" x" * 17 + b"] t\r\n",
            IgnoredReason.TOO_MANY_ARGUMENTS,
        ),
        (
            b"250 2.0.0 [a.b " + b"x" * 200 + b" " + b"y" * 193 + b"] t\r\n",
            b"250 2.0.0 [a.b " + b"x" * 200 + b" " + b"y" * 195 + b"] t\r\n",
            IgnoredReason.GROUP_TOO_LONG,
        ),
        (
            b"250 2.0.0 [a.b " + b"x" * 255 + b"] t\r\n",
            b"250 2.0.0 [a.b " + b"x" * 256 + b"] t\r\n",
            IgnoredReason.VALUE_TOO_LONG,
        ),
        (
            b"250 2.0.0 [a." + b"x" * 62 + b"] t\r\n",
            b"250 2.0.0 [a." + b"x" * 63 + b"] t\r\n",
            IgnoredReason.KEY_TOO_LONG,
        ),
        (
            b"250 2.0.0 [" + b"x" * 32 + b"] [TRACE-ID x] t\r\n",
            b"250 2.0.0 [" + b"x" * 33 + b"] [TRACE-ID x] t\r\n",
            IgnoredReason.KEY_TOO_LONG,
        ),
    ],
)
def test_a_broken_limit_of_the_draft_ignores_all_metadata_and_nothing_else(fits, breaks, reason):
    assert read(fits).ignored == ()
    assert read(fits).metadata.used
    reply = read(breaks)
    assert [item.reason for item in reply.ignored] == [reason]
    assert reply.metadata.used == ()
    assert len(reply.metadata) > 0
    assert reply.code == 250


def test_a_limit_that_is_set_lower_holds_for_one_line_too():
    data = b"250 2.0.0 [TRACE-ID x] Ok\r\n"
    length = len(data)
    for name, reason in (
        ("max_line_octets", IgnoredReason.LINE_TOO_LONG),
        ("max_reply_octets", IgnoredReason.REPLY_TOO_LONG),
    ):
        assert read(data, limits=Limits(**{name: length})).ignored == ()
        (ignored,) = read(data, limits=Limits(**{name: length - 1})).ignored
        assert (ignored.reason, ignored.line, ignored.offset) == (reason, 1, length - 1)


def test_the_group_at_fault_says_so_and_the_others_follow_it():
    data = b"250 2.0.0 [a.b" + b" x" * 17 + b"] [a.c " + b"x" * 256 + b"] [TRACE-ID x] t\r\n"
    assert statuses(data) == [
        GroupStatus.TOO_MANY_ARGUMENTS,
        GroupStatus.TOO_LONG,
        GroupStatus.REPLY_IGNORED,
    ]


# One status each


@pytest.mark.draft("req-bad-arguments")
@pytest.mark.parametrize(
    ("group", "status"),
    [
        (b"[UNHEARD-OF x]", GroupStatus.UNKNOWN_KEY),
        (b"[org.example.any x y=z]", GroupStatus.USED),
        (b"[RETRY-AFTER 300]", GroupStatus.WRONG_CLASS),
        (b"[QUEUE-ID x]", GroupStatus.WRONG_CLASS),
        (b"[REFERRAL smtp://b2/]", GroupStatus.USED),
        (b"[REFERRAL]", GroupStatus.MISSING_ARGUMENT),
        (b"[REFERRAL" + b" smtp://b/" * 8 + b"]", GroupStatus.USED),
        (b"[REFERRAL" + b" smtp://b/" * 9 + b"]", GroupStatus.SURPLUS_ARGUMENT),
        (b"[REFERRAL smtp://b:65535]", GroupStatus.USED),
        (b"[REFERRAL smtp://b:65536/]", GroupStatus.BAD_VALUE),
        (b"[REFERRAL smtp://b:0/]", GroupStatus.BAD_VALUE),
        (b"[REFERRAL smtp://u@b/]", GroupStatus.BAD_VALUE),
        (b"[REFERRAL smtp://b/?x]", GroupStatus.BAD_VALUE),
        (b"[REFERRAL smtp://h+0D+0ARSET/]", GroupStatus.CONTROL_CHARACTER),
        (b"[REFERRAL smtp://b/ color=red]", GroupStatus.USED),
        (b"[REFERRAL color=red]", GroupStatus.MISSING_ARGUMENT),
        (b"[REFERRAL smtp://b/ a=1 A=2]", GroupStatus.DUPLICATE_NAME),
        (b"[REASON +FF]", GroupStatus.NOT_UTF8),
        (b"[org.example.any +C3+A9]", GroupStatus.USED),
        (b"[org.example.any +C2+85]", GroupStatus.CONTROL_CHARACTER),
        (b"[org.example.any +7F]", GroupStatus.CONTROL_CHARACTER),
        (b"[org.example.any +ED+A0+80]", GroupStatus.NOT_UTF8),
        (b"[org.example.any +C0+80]", GroupStatus.NOT_UTF8),
        (b"[REASON a b]", GroupStatus.SURPLUS_ARGUMENT),
        (b"[REASON " + b"x" * 65 + b"]", GroupStatus.BAD_VALUE),
        (b"[HELP-URI ftp://example.org/]", GroupStatus.BAD_VALUE),
        (b"[FORWARD]", GroupStatus.MISSING_ARGUMENT),
        (b"[FORWARD a]", GroupStatus.SURPLUS_ARGUMENT),
        (b"[FORWARD a= b=+C3+A9]", GroupStatus.USED),
        (b"[STORED mailbox=INBOX]", GroupStatus.WRONG_CLASS),
    ],
)
def test_each_group_gets_the_one_status_it_deserves(group, status):
    data = b"550 5.7.1 " + group + b" [TRACE-ID t] text\r\n"
    assert statuses(data, command="RCPT") == [status, GroupStatus.USED]


@pytest.mark.draft("req-unknown-names")
@pytest.mark.parametrize(
    ("group", "status"),
    [
        (b"[STORED mailbox=INBOX]", GroupStatus.USED),
        (b"[STORED uid=42 MAILBOX=a+20b color=red uidvalidity=7]", GroupStatus.USED),
        (b"[STORED mailbox=x uid=42]", GroupStatus.MISSING_ARGUMENT),
        (b"[STORED uid=42 uidvalidity=7]", GroupStatus.MISSING_ARGUMENT),
        (b"[STORED color=red]", GroupStatus.MISSING_ARGUMENT),
        (b"[STORED mailbox=]", GroupStatus.BAD_VALUE),
        (b"[STORED mailbox=x y]", GroupStatus.SURPLUS_ARGUMENT),
        (b"[STORED mailbox=x uidvalidity=4294967295 uid=1]", GroupStatus.USED),
        (b"[STORED mailbox=x uidvalidity=4294967296 uid=1]", GroupStatus.BAD_VALUE),
        (b"[STORED mailbox=x uidvalidity=0 uid=1]", GroupStatus.BAD_VALUE),
        (b"[STORED mailbox=x guid=a+20b]", GroupStatus.BAD_VALUE),
    ],
)
def test_named_arguments_stand_in_any_order_and_unknown_ones_do_not_count(group, status):
    data = b"250 2.0.0 " + group + b" saved\r\n"
    assert statuses(data, command="DATA", lmtp=True) == [status]


@pytest.mark.draft("req-duplicate-key")
@pytest.mark.parametrize(
    "data",
    [
        b"450 4.4.4 [REASON a] [reason b] x\r\n",
        b"450-4.4.4 [REASON a] x\r\n450 4.4.4 [REASON a] x\r\n",
        b"450 4.4.4 [REASON a] [REASON] x\r\n",
        b"450 4.4.4 [REASON a] [REASON +FF] x\r\n",
    ],
)
def test_of_a_key_that_stands_twice_none_is_used(data):
    assert set(statuses(data)) == {GroupStatus.DUPLICATE_KEY}


def test_private_keys_may_stand_more_than_once():
    assert statuses(b"250 2.0.0 [a.b x] [a.b y] t\r\n") == [GroupStatus.USED] * 2


@pytest.mark.draft("req-wrong-reply")
@pytest.mark.parametrize(
    ("data", "known", "status"),
    [
        (b"421 4.4.4 [REFERRAL smtp://b/] x\r\n", {}, GroupStatus.WRONG_CODE),
        (REFERRAL, {"command": "MAIL"}, GroupStatus.USED),
        (REFERRAL, {"command": "DATA"}, GroupStatus.WRONG_COMMAND),
        (REFERRAL, {}, GroupStatus.USED),
        (b"250 2.0.0 [QUEUE-ID x] x\r\n", {"command": "BDAT LAST"}, GroupStatus.USED),
        (b"250 2.0.0 [QUEUE-ID x] x\r\n", {"command": "BDAT"}, GroupStatus.NO_METADATA_HERE),
        (b"250 2.0.0 [QUEUE-ID x] x\r\n", {"command": "RCPT"}, GroupStatus.WRONG_COMMAND),
        (b"250 2.0.0 [STORED mailbox=x] x\r\n", {"command": "DATA"}, GroupStatus.NOT_LMTP),
        (b"250 2.0.0 [STORED mailbox=x] x\r\n", {}, GroupStatus.USED),
        (b"450 4.0.0 [TRACE-ID x] x\r\n", {"command": "BDAT"}, GroupStatus.USED),
    ],
)
def test_a_group_is_used_only_in_the_replies_its_key_belongs_in(data, known, status):
    assert statuses(data, **known) == [status]


@pytest.mark.draft("req-where-client")
@pytest.mark.parametrize("command", ["EHLO", "HELO", "LHLO", "STARTTLS", "HELP", "VRFY", "EXPN"])
def test_no_group_is_used_in_replies_that_carry_no_metadata(command):
    data = b"250 2.0.0 [TRACE-ID x] [a.b] x\r\n"
    assert set(statuses(data, command=command)) == {GroupStatus.NO_METADATA_HERE}
    assert set(statuses(data, command="NOOP")) == {GroupStatus.USED}
