"""Command lines: what is sent is read back, and what RFC 5321 does not allow is refused."""

from __future__ import annotations

import pytest

from reply_metadata import command_lines
from reply_metadata.command_lines import CommandSyntaxError, parse_command
from reply_metadata.commands import (
    Authenticate,
    Hello,
    HelloVerb,
    Help,
    MailFrom,
    Noop,
    Parameter,
    Quit,
    RcptTo,
    Reset,
    StartData,
    StartTls,
    Verify,
)
from reply_metadata.credentials import PlainCredentials
from reply_metadata.errors import LocalProtocolError
from reply_metadata.message_content import content_as_sent, content_from_text
from reply_metadata.paths import NULL_PATH, Path, PathSyntaxError

COMMANDS = [
    Hello(HelloVerb.EHLO, "client.example.org"),
    Hello(HelloVerb.LHLO, "[192.0.2.7]"),
    Hello(HelloVerb.HELO, "[IPv6:2001:db8::1]"),
    MailFrom(NULL_PATH),
    MailFrom(Path.of("a@example.org"), (Parameter("size", "12"), Parameter("BODY", "8BITMIME"))),
    RcptTo(Path.of("Postmaster")),
    RcptTo(Path.of('"a> [REFERRAL smtp://evil.example/] "@example.org')),
    MailFrom(Path.of("älpha@exämple.org"), (Parameter("SMTPUTF8"),)),
    RcptTo(Path.of('"ö ü"@例え.example')),
    StartTls(),
    Authenticate(),
    Authenticate(PlainCredentials("user", "pass word", "other")),
    StartData(),
    Reset(),
    Noop(),
    Noop("and more"),
    Verify("someone"),
    Help(),
    Help("MAIL"),
    Quit(),
]


@pytest.mark.parametrize("command", COMMANDS, ids=str)
def test_what_is_sent_is_read_back(command):
    octets = command.to_octets()
    assert octets.endswith(b"\r\n")
    assert octets.count(b"\r") == octets.count(b"\n") == 1
    assert parse_command(octets[:-2]) == command
    verb, separator, rest = octets[:-2].partition(b" ")
    assert parse_command(verb.lower() + separator + rest) == command


@pytest.mark.parametrize(
    ("line", "code", "enhanced_code"),
    [
        (b"", 500, "5.5.2"),
        (b"FOO", 500, "5.5.2"),
        (b"MAIL\xc3", 500, "5.5.2"),
        (b"NOOP \x1b[31m", 500, "5.5.2"),
        (b"EXPN list", 502, "5.5.1"),
        (b"STARTTLS now", 501, "5.5.4"),
        (b"EHLO", 501, "5.5.4"),
        (b"EHLO -a", 501, "5.5.4"),
        (b"EHLO [192.0.2.256]", 501, "5.5.4"),
        (b"MAIL FROM: <a@example.org>", 501, "5.5.4"),
        (b"MAIL FROM:a@example.org", 501, "5.5.4"),
        (b"MAIL FROM:<a@example.org", 501, "5.5.4"),
        (b"MAIL FROM:<a@b@example.org>", 501, "5.1.7"),
        (b"MAIL FROM:<Postmaster>", 501, "5.1.7"),
        (b"MAIL FROM:<a@example.org>SIZE=1", 501, "5.5.4"),
        (b"MAIL FROM:<a@example.org> SIZE=1 size=2", 501, "5.5.4"),
        (b"MAIL FROM:<a@example.org> =1", 501, "5.5.4"),
        (b"RCPT TO:<>", 501, "5.1.3"),
        (b"RCPT TO:<nobody>", 501, "5.1.3"),
        (b"RCPT TO:<.a@example.org>", 501, "5.1.3"),
        (b"RCPT TO:<" + b"a" * 65 + b"@example.org>", 501, "5.1.3"),
        (b"RCPT TO:<a@" + b"a." * 127 + b"org>", 501, "5.1.3"),
        (b"DATA now", 501, "5.5.4"),
        (b"MAIL FROM:<\xc3\xa4@example.org>", 553, "5.6.7"),
        (b"MAIL FROM:<\xc3@example.org> SMTPUTF8", 501, "5.1.7"),
        (b"MAIL FROM:<\xc2\x85@example.org> SMTPUTF8", 501, "5.1.7"),
        (b"MAIL FROM:<a@example.org> SMTPUTF8 \xc3\xa4", 501, "5.5.4"),
        (b"RCPT TO:<" + b"\xc3\xa4" * 33 + b"@example.org>", 501, "5.1.3"),
        (b"EHLO ex\xc3\xa4mple.org", 500, "5.5.2"),
        (b"VRFY \xc3\xa4", 500, "5.5.2"),
        (b"AUTH", 504, "5.5.4"),
        (b"AUTH CRAM-MD5", 504, "5.5.4"),
        (b"AUTH PLAIN =", 501, "5.5.2"),
        (b"VRFY", 501, "5.5.4"),
    ],
)
def test_what_is_no_command_is_refused_with_the_code_for_it(line, code, enhanced_code):
    with pytest.raises(CommandSyntaxError) as caught:
        parse_command(line)
    assert caught.value.reply_hint[:2] == (code, enhanced_code)


def test_a_source_route_is_taken_off():
    command = parse_command(b"RCPT TO:<@one.example,@two.example:user@example.org>")
    assert command == RcptTo(Path("user", "example.org"))


@pytest.mark.parametrize(
    "text",
    ["a b@example.org", "a\r\nDATA@example.org", "\x85@example.org", "\ud800@example.org", ""],
)
def test_a_path_that_could_not_be_sent_cannot_be_built(text):
    with pytest.raises((PathSyntaxError, LocalProtocolError)):
        RcptTo(Path.of(text))


@pytest.mark.parametrize(
    ("local_part", "domain"),
    [
        ("user", ""),
        ("@one.example:user", "example.org"),
        ("us er", "example.org"),
        ("\ud800", "example.org"),
        ("ä" * 33, "example.org"),
        ("user", "ä..example"),
        ("a" * 65, "example.org"),
        ("user", "[192.0.2.256]"),
        ("a" * 60, "b." * 98 + "example"),
    ],
)
def test_parts_that_make_no_path_are_refused(local_part, domain):
    with pytest.raises(PathSyntaxError):
        Path(local_part, domain)


@pytest.mark.parametrize("keyword", ["", "A B", "A\r\nDATA", "=", "-A"])
def test_a_parameter_that_could_not_be_sent_cannot_be_built(keyword):
    with pytest.raises(LocalProtocolError):
        Parameter(keyword, "1")


def test_mailboxes_are_the_same_without_regard_to_case_of_the_domain_only():
    path = Path.of("User@Example.ORG")
    assert path.same_mailbox(Path.of("User@example.org"))
    assert not path.same_mailbox(Path.of("user@example.org"))


@pytest.mark.parametrize(
    ("content", "sent"),
    [
        (b"", b".\r\n"),
        (b"Hi\r\n", b"Hi\r\n.\r\n"),
        (b"Hi", b"Hi\r\n.\r\n"),
        (b".\r\n..\r\n.a", b"..\r\n...\r\n..a\r\n.\r\n"),
    ],
)
def test_dots_are_stuffed_and_the_end_is_added(content, sent):
    assert content_as_sent(content) == sent


@pytest.mark.parametrize(
    "content",
    [
        b"a\nb",
        b"a\rb\r\n",
        b"\r\n.\n",
        b"a\r",
        b"\n.\r\n",
        b"\r\r\n",
        b"\r\n\0.\r\n",
        b"\r\n.\0\r\n",
    ],
)
def test_a_client_never_sends_a_bare_cr_or_lf_or_a_nul(content):
    with pytest.raises(LocalProtocolError):
        content_as_sent(content)


def test_the_lines_of_a_text_file_become_lines_of_a_message():
    assert content_from_text(b"a\nb\r\nc\rd\n") == b"a\r\nb\r\nc\r\nd\r\n"


@pytest.mark.parametrize("value", ["", "a b", "a=b", "a\r\nDATA", "\x7f", "\u00e4"])
def test_a_parameter_value_that_could_not_be_sent_cannot_be_built(value):
    with pytest.raises(LocalProtocolError):
        Parameter("SIZE", value)


@pytest.mark.parametrize("text", ["a\r\nDATA", "\u00e4", "\0", "\x7f"])
@pytest.mark.parametrize("kind", [Noop, Help, Verify])
def test_text_that_could_not_be_sent_makes_no_command(kind, text):
    with pytest.raises(LocalProtocolError):
        kind(text)


@pytest.mark.parametrize(
    "domain", ["", "a_b", "a..b", "-a", "a-", "ä", "[1.2.3]", "b." * 127 + "aa"]
)
def test_a_client_greets_with_a_domain_or_an_address_literal_only(domain):
    with pytest.raises(LocalProtocolError):
        Hello(HelloVerb.EHLO, domain)


def test_a_client_may_greet_with_the_longest_domain():
    domain = "b." * 127 + "a"
    assert Hello(HelloVerb.EHLO, domain).to_octets() == f"EHLO {domain}\r\n".encode()


def test_lines_of_usual_length_are_remembered_but_none_that_may_hold_a_password():
    remembered = command_lines._parse_again
    credentials = PlainCredentials("user", "pass word").to_octets()
    for line, count in (
        (b"NOOP " + 507 * b"x", 1),
        (b"NOOP " + 508 * b"x", 0),
        (b"AUTH PLAIN " + credentials, 0),
        (b"auth PLAIN " + credentials, 0),
        (b"DATA", 1),
    ):
        remembered.cache_clear()
        command = parse_command(line)
        assert parse_command(line) == command
        assert remembered.cache_info().currsize == count, line


def test_no_more_than_256_lines_are_remembered():
    for number in range(300):
        parse_command(b"NOOP %d" % number)
    assert command_lines._parse_again.cache_info().currsize == 256


@pytest.mark.parametrize("line", [b"NOOP \xc3", b"RCPT TO:<a@b> X=\x01", b"AUTHX"])
def test_what_is_refused_is_refused_again(line):
    for _ in range(2):
        with pytest.raises(CommandSyntaxError):
            parse_command(line)
