"""The server session: parameters, limits, and line ends that smuggle nothing."""

from __future__ import annotations

import pytest

from reply_metadata.codec import build_reply
from reply_metadata.commands import MailFrom
from reply_metadata.limits import Limits
from reply_metadata.server_rules import ServerSettings
from reply_metadata.transitions import Protocol, State

SETTINGS = ServerSettings("mx.example.org")
OK = build_reply(250, "2.0.0", "OK")
VERB = {Protocol.SMTP: b"EHLO", Protocol.LMTP: b"LHLO"}
OPENING = b" client.example.org\r\nMAIL FROM:<s@example.org>\r\nRCPT TO:<user1@example.com>\r\n"


# Parameters and limits


@pytest.mark.parametrize(
    ("line", "code"),
    [
        (b"MAIL FROM:<> SIZE=1000", 250),
        (b"MAIL FROM:<> SIZE=1001", 552),
        (b"MAIL FROM:<> SIZE=1_0", 501),
        (b"MAIL FROM:<> SIZE", 501),
        (b"MAIL FROM:<> SIZE=999999999999999999999", 501),
        (b"MAIL FROM:<> BODY=8bitmime", 250),
        (b"MAIL FROM:<> BODY=BINARYMIME", 501),
        (b"MAIL FROM:<> SMTPUTF8", 250),
        (b"MAIL FROM:<> SMTPUTF8=1", 501),
        (b"MAIL FROM:<\xc3\xa4@example.org>", 553),
        (b"MAIL FROM:<\xc3\xa4@example.org> SMTPUTF8", 250),
        (b"MAIL FROM:<> DSN", 555),
    ],
)
def test_parameters_of_mail(serving, line, code):
    settings = ServerSettings("mx.example.org", limits=Limits(max_message_octets=1000))
    server = serving(settings=settings, before=b"EHLO a\r\n")
    server.feed(line + b"\r\n")
    assert server.codes[-1] == code


@pytest.mark.draft("req-smtputf8")
def test_a_recipient_in_utf8_is_taken_only_with_smtputf8_and_every_reply_is_ascii(serving):
    server = serving(before=b"EHLO a\r\nMAIL FROM:<>\r\nRCPT TO:<\xc3\xa4@example.org>\r\nRSET\r\n")
    server.feed(b"MAIL FROM:<> SMTPUTF8\r\nRCPT TO:<\xc3\xa4@\xe4\xbe\x8b.example>\r\n")
    assert server.codes == [250, 250, 553, 250, 250, 250]
    assert server.session.accepted[0].recipient.mailbox == "ä@例.example"
    assert b"".join(server.written).isascii()
    assert serving(before=b"HELO a\r\nMAIL FROM:<> SMTPUTF8\r\n").codes == [250, 555]


def test_there_are_no_parameters_after_helo_and_none_of_rcpt(serving):
    server = serving(before=b"HELO a\r\n")
    server.feed(b"MAIL FROM:<> SIZE=1\r\nMAIL FROM:<>\r\nRCPT TO:<u@example.com> NOTIFY=NEVER\r\n")
    assert server.codes == [250, 555, 250, 555]


def test_a_recipient_too_many_is_told_to_come_again_and_is_no_offence(serving):
    settings = ServerSettings("mx.example.org", max_recipients=2, max_refused=1)
    server = serving(settings=settings, before=b"EHLO" + OPENING)
    server.feed(b"RCPT TO:<u@example.com>\r\n" * 4)
    assert server.codes[3:] == [250, 452, 452, 452]
    assert len(server.session.accepted) == 2


def test_after_too_many_refused_lines_the_server_goes(serving):
    server = serving(settings=ServerSettings("mx.example.org", max_refused=3))
    server.feed(b"FOO\r\n" * 5)
    assert server.codes == [500, 500, 500, 421]
    assert server.session.state is State.CLOSED


def test_a_command_line_without_an_end_is_refused_while_it_is_read(serving):
    server = serving(
        settings=ServerSettings("mx.example.org", limits=Limits(max_command_octets=600))
    )
    server.feed(b"NOOP " + b"x" * 700)
    assert server.codes == [500]
    assert server.session.state is State.BROKEN


def test_a_message_too_large_is_refused_while_it_is_read(in_content):
    settings = ServerSettings("mx.example.org", limits=Limits(max_message_octets=1000))
    server = in_content(settings=settings)
    server.feed(b"0123456789\r\n" * 90)
    assert server.codes[-1] == 552
    assert server.session.state is State.BROKEN
    assert server.contents == []


# Line ends


@pytest.mark.parametrize("end", [b"\n", b"\r", b"\r\r\n", b"\0\r\n", b"\n\r\n"])
def test_only_crlf_ends_a_command_and_after_anything_else_nothing_is_read(serving, end):
    server = serving(before=b"EHLO a\r\n")
    server.feed(b"NOOP" + end + b"MAIL FROM:<evil@example.org>\r\n")
    assert server.codes == [250, 500]
    assert server.session.state is State.BROKEN


ENDS = [
    b"\n.\n",
    b"\n.\r\n",
    b"\r.\r",
    b"\r.\r\n",
    b"\r\n.\n",
    b"\r\n.\r",
    b"\r\n\r.\r\n",
    b"\r\n.\r\r\n",
    b"\r\r\n.\r\r\n",
    b"\n\n.\r\n",
    b"\r\n.\0\r\n",
    b"\r\n\0.\r\n",
    b"\r\n .\r\n",
    b"\r\n..\r\n",
    b"\r\n.\r\0\n",
]


@pytest.mark.parametrize("protocol", Protocol)
@pytest.mark.parametrize("end", ENDS, ids=repr)
@pytest.mark.parametrize("by_octet", [False, True], ids=["whole", "by octet"])
def test_content_ends_at_crlf_dot_crlf_only_and_nothing_is_smuggled(
    in_content, protocol, end, by_octet
):
    server = in_content(protocol)
    smuggled = (
        b"Subject: a\r\n\r\nfirst" + end + b"MAIL FROM:<evil@example.org>\r\n"
        b"RCPT TO:<victim@example.com>\r\nDATA\r\nsmuggled\r\n.\r\nQUIT\r\n"
    )
    for piece in [bytes((octet,)) for octet in smuggled] if by_octet else [smuggled]:
        server.feed(piece)
    if any(octet in end.replace(b"\r\n", b"") for octet in b"\r\n\0"):
        assert server.contents == []
        assert server.codes[-1] == 550
        assert server.session.state is State.BROKEN
    else:
        assert len(server.contents) == 1
        assert b"smuggled" in server.contents[0]
    assert [event.sender.mailbox for event in server.events if isinstance(event, MailFrom)] == [
        "s@example.org"
    ]


def test_lmtp_refuses_broken_content_once_for_each_recipient(serving):
    server = serving(
        Protocol.LMTP, before=b"LHLO" + OPENING + b"RCPT TO:<u@example.com>\r\nDATA\r\n"
    )
    server.feed(b"a\nb\r\n.\r\n")
    assert server.written[-1].count(b"550 5.6.0") == 2
    assert server.refusals[-1].answer.times == 2


@pytest.mark.parametrize("name", ["", "a b", "mx_1", "[192.0.2.300]"])
def test_the_name_of_a_server_is_a_domain_or_an_address_literal(name):
    with pytest.raises(ValueError, match="no domain"):
        ServerSettings(name)


@pytest.mark.parametrize("name", ["max_recipients", "max_refused"])
def test_a_server_takes_at_least_one_recipient_and_one_mistake(name):
    assert getattr(ServerSettings("mx.example.org", **{name: 1}), name) == 1
    with pytest.raises(ValueError, match="at least one"):
        ServerSettings("mx.example.org", **{name: 0})
