"""Sections "Where Metadata May Appear" and "Reading Metadata": what a client makes of a reply."""

import pytest

from reply_metadata import ReplySyntaxError, RetryAfter, parse_reply
from reply_metadata.client_session import ClientSession
from reply_metadata.commands import Hello, HelloVerb, MailFrom, RcptTo
from reply_metadata.events import CommandAnswer, Greeting
from reply_metadata.limits import DEFAULT_LIMITS
from reply_metadata.paths import Path
from reply_metadata.receive_buffer import ReplyBuffer
from reply_metadata.transitions import Protocol


def verdicts(
    *lines: str,
    command: str | None = None,
    recipient: bytes | None = None,
    negotiated: bool = True,
    lmtp: bool = False,
) -> list[str]:
    """`KEY status` of every group of the reply these lines are."""
    octets = "".join(f"{line}\r\n" for line in lines).encode("latin-1")
    reply = parse_reply(
        octets, negotiated=negotiated, command=command, recipient=recipient, lmtp=lmtp
    )
    return [f"{group.key} {group.status.value}" for group in reply.metadata]


@pytest.mark.draft("req-plain-text")
def test_nothing_is_metadata_without_the_extension() -> None:
    line = "421 4.7.0 [TSS04] [RETRY-AFTER 300] Messages deferred"
    assert verdicts(line, negotiated=False) == []
    assert len(verdicts(line)) == 2


@pytest.mark.draft("req-where-allowed")
@pytest.mark.parametrize(
    "command", ["MAIL", "RCPT", "DATA", "BDAT LAST", "RSET", "NOOP", "QUIT", "AUTH"]
)
def test_metadata_counts_in_replies_to_other_commands(command: str) -> None:
    assert verdicts("250 2.0.0 [TRACE-ID x] OK", command=command) == ["TRACE-ID used"]


@pytest.mark.draft(
    "req-where-excluded", "req-where-hello", "req-where-help", "req-where-bdat", "req-where-client"
)
@pytest.mark.parametrize(
    "command", ["EHLO", "HELO", "LHLO", "STARTTLS", "HELP", "VRFY", "EXPN", "BDAT"]
)
def test_metadata_does_not_count_in_the_excluded_replies(command: str) -> None:
    assert verdicts("250 2.0.0 [TRACE-ID x] OK", command=command) == ["TRACE-ID no-metadata-here"]


@pytest.mark.draft("req-where-bdat")
def test_a_failure_of_a_chunk_that_is_not_the_last_may_carry_metadata() -> None:
    assert verdicts("452 4.3.1 [RETRY-AFTER 9] Full", command="BDAT") == ["RETRY-AFTER used"]


@pytest.mark.draft("req-where-3yz", "req-where-client")
def test_a_3yz_reply_has_no_metadata() -> None:
    assert all(not v.endswith(" used") for v in verdicts("354 2.0.0 [TRACE-ID x] Go on"))


@pytest.mark.draft("req-where-421")
def test_a_421_that_answers_nothing_counts() -> None:
    assert verdicts("421 4.3.2 [RETRY-AFTER 60] mx.example.com closing") == ["RETRY-AFTER used"]


@pytest.mark.draft("req-longest-run")
def test_groups_are_taken_as_long_as_they_match() -> None:
    assert verdicts("250 2.0.0 [TRACE-ID x] [QUEUE-ID y] [z", command="DATA") == [
        "TRACE-ID used",
        "QUEUE-ID used",
    ]
    assert verdicts("250 2.0.0 [TRACE-ID x]") == ["TRACE-ID used"]
    assert verdicts("250 2.0.0 [TRACE-ID x]OK") == []
    assert verdicts("250 2.0.0 OK [TRACE-ID x]") == []


@pytest.mark.draft("req-no-trimming")
def test_a_second_blank_makes_a_bracket_text() -> None:
    assert verdicts("250 2.0.0  [TRACE-ID x] OK") == []
    assert verdicts("250 2.0.0 [TRACE-ID x]  [REASON y] OK") == ["TRACE-ID used"]
    assert verdicts("250 2.0.0 [TRACE-ID  x] OK") == []


@pytest.mark.draft("req-group-one-line")
def test_a_group_split_over_lines_is_text() -> None:
    assert verdicts("250-2.0.0 [TRACE-ID", "250 2.0.0 x] OK") == []


@pytest.mark.draft("req-group-one-line")
def test_the_groups_of_all_lines_are_one_list() -> None:
    lines = ("250-2.0.0 [TRACE-ID x] a", "250 2.0.0 [QUEUE-ID y] b")
    assert verdicts(*lines, command="DATA") == ["TRACE-ID used", "QUEUE-ID used"]


@pytest.mark.draft("req-path-quoted", "req-path-recipient")
def test_a_quoted_local_part_cannot_end_the_path() -> None:
    path = b'<"a> [REFERRAL smtp://evil.example/] "@example.org>'
    line = f"450 4.1.1 {path.decode()} No such user"
    assert verdicts(line, command="RCPT", recipient=path) == []
    line = f"450 4.1.1 {path.decode()} [REASON x] No such user"
    assert verdicts(line, command="RCPT", recipient=path) == ["REASON used"]


@pytest.mark.draft("req-path-recipient")
@pytest.mark.parametrize(
    ("path", "verdict"),
    [
        ("<user@example.com>", "used"),
        ("<user@EXAMPLE.com>", "used"),
        ("<USER@example.com>", "wrong-recipient"),
        ("<other@example.com>", "wrong-recipient"),
    ],
)
def test_groups_after_the_path_of_another_are_not_used(path: str, verdict: str) -> None:
    found = verdicts(
        f"450 4.2.1 {path} [REASON x] No", command="RCPT", recipient=b"<user@example.com>"
    )
    assert found == [f"REASON {verdict}"]


@pytest.mark.draft("req-path-forward")
def test_in_251_and_551_what_follows_a_path_is_text() -> None:
    assert verdicts("551 5.1.6 <new@example.net> [REASON x] moved", command="RCPT") == []
    assert verdicts("551 5.1.6 [REASON x] moved", command="RCPT") == ["REASON used"]


@pytest.mark.draft("req-codes-differ")
def test_lines_with_different_codes_are_no_reply() -> None:
    for negotiated in (True, False):
        with pytest.raises(ReplySyntaxError):
            verdicts("250-2.0.0 [TRACE-ID x] a", "550 5.0.0 b", negotiated=negotiated)


@pytest.mark.draft("req-reply-ignored", "req-same-codes")
@pytest.mark.parametrize(
    "lines",
    [
        ("250-2.0.0 [TRACE-ID x] a", "250 b"),
        ("250-a", "250 2.0.0 [TRACE-ID x] b"),
        ("250-2.1.100 [TRACE-ID x] a", "250 2.1.5 b"),
        ("250 5.0.0 [TRACE-ID x] a",),
    ],
)
def test_enhanced_codes_that_are_missing_or_disagree_cost_all_metadata(
    lines: tuple[str, ...],
) -> None:
    assert verdicts(*lines) == ["TRACE-ID reply-ignored"]


@pytest.mark.draft("req-unknown-key", "req-rest-stands")
def test_an_unknown_key_does_not_spoil_the_rest() -> None:
    assert verdicts("450 4.7.1 [COLOR blue] [REASON x] No") == ["COLOR unknown-key", "REASON used"]


@pytest.mark.draft("req-private-key")
def test_a_private_key_is_kept_as_data() -> None:
    assert verdicts("250 2.0.0 [org.dovecot.sid QWIn] OK") == ["org.dovecot.sid used"]


@pytest.mark.draft("req-wrong-reply")
@pytest.mark.parametrize(
    ("line", "command", "status"),
    [
        ("250 2.1.5 [REFERRAL smtp://b/] OK", "RCPT", "wrong-class"),
        ("421 4.3.2 [REFERRAL smtp://b/] mx.example.com", "RCPT", "wrong-code"),
        ("451 4.3.0 [REFERRAL smtp://b/] No", "DATA", "wrong-command"),
        ("550 5.1.1 [RETRY-AFTER 300] No", "RCPT", "wrong-class"),
        ("250 2.0.0 [STORED mailbox=INBOX] Saved", "DATA", "not-lmtp"),
    ],
)
def test_a_key_in_a_reply_where_it_does_not_belong_is_not_used(
    line: str, command: str, status: str
) -> None:
    assert [verdict.split()[1] for verdict in verdicts(line, command=command)] == [status]


@pytest.mark.draft("req-bad-arguments", "req-value-ranges", "req-referral-parser")
@pytest.mark.parametrize(
    "group",
    [
        "[RETRY-AFTER]",
        "[RETRY-AFTER 300 400]",
        "[RETRY-AFTER soon]",
        "[RETRY-AFTER 00]",
        "[RETRY-AFTER 12345678]",
        "[REFERRAL lmtp://b/]",
        "[REFERRAL smtp://b:65536/]",
        "[REFERRAL smtp://u@b/]",
        "[REFERRAL smtp://b/?q]",
        "[REFERRAL smtp://127.1/]",
        "[REFERRAL smtp://0x7f000001/]",
        "[REFERRAL smtp://b+0D+0ARSET/]",
        "[REFERRAL smtp://+EF+BD+8Cocalhost/]",
        "[REFERRAL +20smtp://b/]",
        "[HELP-URI javascript:alert]",
        "[FORWARD a=1 A=2]",
    ],
)
def test_a_group_with_wrong_arguments_is_not_used(group: str) -> None:
    (verdict,) = verdicts(f"450 4.7.1 {group} No", command="RCPT")
    assert not verdict.endswith(" used")


@pytest.mark.draft("req-unknown-names")
def test_unknown_names_are_ignored_and_known_ones_come_in_any_order() -> None:
    found = verdicts(
        "250 2.0.0 [STORED uid=4 color=red uidvalidity=7 mailbox=INBOX] OK",
        command="DATA",
        lmtp=True,
    )
    assert found == ["STORED used"]
    assert verdicts("450 4.7.1 [RETRY-AFTER 300 unit=s] No") == ["RETRY-AFTER used"]


@pytest.mark.draft("req-duplicate-key")
def test_of_a_repeated_key_none_is_used_even_when_one_is_wrong_or_on_another_line() -> None:
    assert verdicts("450 4.7.1 [RETRY-AFTER 9] [retry-after soon] [REASON x] No") == [
        "RETRY-AFTER duplicate-key",
        "RETRY-AFTER duplicate-key",
        "REASON used",
    ]
    found = verdicts("250-2.0.0 [TRACE-ID x] a", "250 2.0.0 [TRACE-ID y] b")
    assert found == ["TRACE-ID duplicate-key"] * 2


@pytest.mark.draft("req-decode-order", "req-encoding-canonical")
@pytest.mark.parametrize(
    ("sent", "arguments"),
    [
        ("x+3Dy", [(None, "x=y")]),
        ("x=+3D", [("x", "=")]),
        ("+41", [(None, "A")]),
        ("a=", [("a", "")]),
        ("+5B+5D+20+2B", [(None, "[] +")]),
    ],
)
def test_a_group_is_split_before_it_is_decoded(
    sent: str, arguments: list[tuple[str | None, str]]
) -> None:
    octets = f"250 2.0.0 [org.example.a {sent}] OK\r\n".encode("ascii")
    (group,) = parse_reply(octets, negotiated=True).metadata
    assert [(item.name, item.value) for item in group.arguments] == arguments


@pytest.mark.draft("req-encoding-canonical")
@pytest.mark.parametrize("value", ["+4a", "+4", "+", "a=b=c", "a<b", "a]b", "caf\xe9"])
def test_what_is_no_encoded_value_makes_the_bracket_text(value: str) -> None:
    assert verdicts(f"250 2.0.0 [org.example.a {value}] OK") == []


@pytest.mark.draft("req-value-text")
@pytest.mark.parametrize(
    "value", ["+00", "+0A", "+7F", "+C2+80", "+C2+9F", "+FF", "+C0+AF", "+ED+A0+80"]
)
def test_controls_and_broken_utf_8_are_not_used(value: str) -> None:
    (verdict,) = verdicts(f"250 2.0.0 [org.example.a x{value}] OK")
    assert not verdict.endswith(" used")


@pytest.mark.draft("req-limits-read")
@pytest.mark.parametrize(
    "lines",
    [
        ("250 2.0.0 [TRACE-ID x] " + "t" * 486,),
        ("250 2.0.0 [TRACE-ID x] " + "[org.example.a] " * 16 + "OK",),
        ("250 2.0.0 [TRACE-ID x] [org.example.a " + "v" * 256 + "] OK",),
        ("250 2.0.0 [TRACE-ID x] [org.example.a" + " v" * 17 + "] OK",),
        ("250 2.0.0 [TRACE-ID x] [" + "K" * 33 + "] OK",),
        ("250 2.0.0 [TRACE-ID x] [k." + "k" * 63 + "] OK",),
        ("250 2.0.0 [TRACE-ID x] [a.b " + "v" * 200 + " " + "v" * 200 + "] OK",),
        ("250-2.0.0 [TRACE-ID x] OK",) + ("250-2.0.0 OK",) * 19 + ("250 2.0.0 OK",),
        ("250-2.0.0 [TRACE-ID x] OK",) + ("250-2.0.0 " + "t" * 490,) * 4 + ("250 2.0.0 OK",),
    ],
    ids=["line", "groups", "value", "arguments", "key", "private", "group", "lines", "reply"],
)  # fmt: skip
def test_a_broken_limit_costs_all_metadata_and_not_the_reply(lines: tuple[str, ...]) -> None:
    assert not any(verdict.endswith(" used") for verdict in verdicts(*lines))
    octets = "".join(f"{line}\r\n" for line in lines).encode("ascii")
    assert parse_reply(octets, negotiated=True).code == 250


def test_the_same_replies_just_within_the_limits_keep_their_metadata() -> None:
    for lines in (
        ("250 2.0.0 [TRACE-ID x] " + "t" * 485,),
        ("250 2.0.0 [TRACE-ID x] " + "[org.example.a] " * 15 + "OK",),
        ("250-2.0.0 [TRACE-ID x] OK",) + ("250-2.0.0 OK",) * 18 + ("250 2.0.0 OK",),
    ):
        assert verdicts(*lines)[0] == "TRACE-ID used"


@pytest.mark.draft("req-limits-while-reading")
def test_a_line_without_end_is_refused_before_it_is_complete() -> None:
    buffer = ReplyBuffer(DEFAULT_LIMITS)
    buffer.receive_octets(b"250 " + b"x" * 100_000)
    with pytest.raises(ReplySyntaxError):
        buffer.next_reply()


@pytest.mark.draft("req-metadata-tunes")
def test_metadata_that_is_not_used_is_not_handed_out_as_a_value() -> None:
    reply = parse_reply(b"550 5.1.1 [RETRY-AFTER 300] No\r\n", negotiated=True)
    assert reply.metadata.get(RetryAfter) is None


@pytest.mark.draft("req-where-greeting")
def test_a_greeting_has_no_metadata() -> None:
    session = ClientSession(Protocol.SMTP)
    session.receive_octets(b"220 2.0.0 [TRACE-ID x] mx.example.com\r\n")
    event = session.next_event()
    assert isinstance(event, Greeting)
    assert not event.reply.metadata


@pytest.mark.draft("req-pipelining")
def test_replies_answer_commands_in_order_whatever_their_metadata_says() -> None:
    client = ClientSession(Protocol.LMTP)
    client.receive_octets(b"220 mx\r\n")
    client.send(Hello(HelloVerb.LHLO, "client"))
    client.receive_octets(
        b"250-mx\r\n250-PIPELINING\r\n250-ENHANCEDSTATUSCODES\r\n250 REPLYMETA\r\n"
    )
    sent = (
        MailFrom(Path.of("s@example.org")),
        RcptTo(Path.of("a@example.org")),
        RcptTo(Path.of("b@example.org")),
    )
    for command in sent:
        client.send(command)
    client.receive_octets(
        b"250 2.1.0 [TRACE-ID 3] OK\r\n"
        b"450 4.4.4 <b@example.org> [REFERRAL smtp://backend2/] [TRACE-ID 2] Redirected\r\n"
        b"250 2.1.5 <a@example.org> [TRACE-ID 1] OK\r\n"
    )
    client.next_event(), client.next_event()
    answers = [client.next_event() for _ in sent]
    assert [isinstance(each, CommandAnswer) and each.command for each in answers] == list(sent)
    assert client.accepted == sent[2:]
    groups = [group for each in answers[1:] for group in each.reply.metadata]
    assert {group.status.value for group in groups} == {"wrong-recipient"}
