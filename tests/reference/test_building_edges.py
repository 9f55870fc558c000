"""Building replies and reading commands: the ends of each rule, to the octet."""

from __future__ import annotations

import pytest

from reply_metadata import (
    Argument,
    Limits,
    LocalProtocolError,
    MetadataGroup,
    MetadataSyntaxError,
    QueueId,
    Referral,
    Stored,
    TraceId,
    build_reply,
    parse_reply,
    text_from_others,
)
from reply_metadata.codec_read import was_read_as_sent
from reply_metadata.command_lines import CommandSyntaxError, parse_command
from reply_metadata.commands import Hello, HelloVerb, MailFrom, Parameter, Quit, Reset, Verify
from reply_metadata.credentials import CredentialsSyntaxError, PlainCredentials
from reply_metadata.errors import ReplyHint
from reply_metadata.extension import allowed_in, offered
from reply_metadata.key_rules import checked_group, value_fits
from reply_metadata.keys import Forward, parse_referral_uri
from reply_metadata.paths import NULL_PATH, Path, PathSyntaxError, is_domain

QUEUE_ID = QueueId("x")


# Replies


def test_groups_without_an_enhanced_code_are_refused_only_for_a_client_that_reads_them():
    for asked in ((), (QUEUE_ID,)):
        plain = build_reply(250, None, "OK", asked, negotiated=False)
        assert plain.to_octets() == b"250 OK\r\n"
    with pytest.raises(LocalProtocolError, match="has an enhanced status code"):
        build_reply(250, None, "OK", (QUEUE_ID,))
    with pytest.raises(LocalProtocolError, match="has an enhanced status code"):
        build_reply(250, None, "OK", command="RCPT")


def test_the_limits_given_are_those_the_reply_is_read_back_with():
    groups = [MetadataGroup("a.b", (Argument(None, str(number)),)) for number in range(20)]
    wide = Limits(max_groups=20)
    assert len(build_reply(250, "2.0.0", "OK", groups, limits=wide).metadata) == 20
    assert len(build_reply(250, "2.0.0", "OK", groups).metadata) == 16


def test_a_key_of_lmtp_is_built_for_lmtp_only():
    stored = (Stored("INBOX"),)
    reply = build_reply(250, "2.0.0", "Saved", stored, command="DATA", lmtp=True)
    assert reply.metadata.used
    with pytest.raises(LocalProtocolError, match=r"no client would use .* not-lmtp"):
        build_reply(250, "2.0.0", "Saved", stored, command="DATA")


def test_text_that_is_no_unicode_and_letters_at_its_ends_stay():
    assert text_from_others("X a\udc80b X") == ("X a?b X",)
    assert text_from_others(b" \tX\x00\tX\t ") == ("X? X",)
    assert text_from_others("\r\n \r\n") == ("No text was given",)


@pytest.mark.parametrize("path", ["a@b.example", "<a b@c.example>", "<>x", "<a@b.example", ""])
def test_what_is_no_path_is_not_echoed(path):
    with pytest.raises(LocalProtocolError, match="no path a reply can echo"):
        build_reply(250, "2.1.5", "OK", (QUEUE_ID,), path=path)


@pytest.mark.parametrize("code", [251, 551])
def test_where_the_path_is_the_new_address_none_is_echoed(code):
    with pytest.raises(LocalProtocolError, match="echoes no path"):
        build_reply(code, f"{code // 100}.1.6", "moved", path="<a@b.example>")


def test_blanks_in_front_of_a_line_go_and_letters_do_not():
    assert build_reply(250, "2.0.0", " \tXylophone").text == "Xylophone"
    assert build_reply(250, "2.0.0", " X").to_octets() == b"250 2.0.0 X\r\n"
    with pytest.raises(LocalProtocolError, match="words for people"):
        build_reply(250, "2.0.0", "OK\n \t")


def test_a_reply_may_fill_its_limit_to_the_octet():
    octets = b"450 4.2.1 [TRACE-ID x] Later\r\n"
    for name in ("max_reply_octets", "max_line_octets"):
        full = build_reply(
            450, "4.2.1", "Later", (TraceId("x"),), limits=Limits(**{name: len(octets)})
        )
        assert (full.to_octets(), full.dropped) == (octets, ())
        less = Limits(**{name: len(octets) - 1})
        reply = build_reply(450, "4.2.1", "Later", (TraceId("x"),), limits=less)
        assert (reply.to_octets(), len(reply.dropped)) == (b"450 4.2.1 Later\r\n", 1)
    with pytest.raises(LocalProtocolError, match="a line of 17 octets is over 16"):
        build_reply(450, "4.2.1", "Later", limits=Limits(max_line_octets=16))
    assert build_reply(450, "4.2.1", "Later", limits=Limits(max_line_octets=17)).code == 450


@pytest.mark.parametrize("code", [400, 450, 550])
def test_a_failure_with_groups_has_its_text_on_one_line_behind_path_and_groups(code):
    first = code // 100
    reply = build_reply(code, f"{first}.2.1", ["a", "b"], (TraceId("t"),), path="<u@e.example>")
    assert reply.to_octets() == b"%d %d.2.1 <u@e.example> [TRACE-ID t] a b\r\n" % (code, first)
    several = build_reply(
        code, f"{first}.2.1", ["a", "b"], (TraceId("t"),), multiline_failures=True
    )
    assert several.to_octets() == (
        b"%d-%d.2.1 [TRACE-ID t] a\r\n%d %d.2.1 b\r\n" % (code, first, code, first)
    )


def test_a_success_keeps_its_lines():
    reply = build_reply(250, "2.0.0", ["a", "b"], (QUEUE_ID,))
    assert reply.to_octets() == b"250-2.0.0 [QUEUE-ID x] a\r\n250 2.0.0 b\r\n"


def test_metadata_may_stand_in_the_classes_and_commands_of_the_draft():
    assert [code for code in (299, 300, 399, 400) if allowed_in(code, "MAIL")] == [299, 400]
    assert [code for code in (299, 399, 400) if allowed_in(code, "BDAT")] == [400]
    assert allowed_in(299, "BDAT LAST")
    assert allowed_in(250, None)
    assert not allowed_in(354, None)


def test_the_keyword_may_have_blanks_behind_it_and_no_letters_in_front():
    assert offered([b"mx.example.org", b"REPLYMETA  "])
    assert offered([b"mx.example.org", b"SIZE 1", b"replymeta V=2"])
    assert not offered([b"mx.example.org", b"XREPLYMETA", b"REPLYMETAX", b"X"])
    assert not offered([b"REPLYMETA"])
    assert not offered([])


# Values of keys


@pytest.mark.parametrize(
    ("uri", "fits"),
    [
        (b"smtp://a.example:65535/", True),
        (b"smtp://a.example:65536/", False),
        (b"smtp://a.example:9999", True),
        (b"smtp://[2001:db8::12345]/", False),
        (b"smtp://[2001:db8::1234]", True),
        (b"smtp://abcde", True),
        (b"smtp://99999.example", True),
    ],
)
def test_the_port_of_a_referral_is_at_most_65535(uri, fits):
    assert value_fits("referral-uri", uri) is fits


@pytest.mark.parametrize(
    ("uri", "target"),
    [
        ("smtp://a1.example/", ("a1.example", None, False)),
        ("smtp://192.0.2.7:24", ("192.0.2.7", 24, True)),
        ("smtp://[2001:db8::1]", ("2001:db8::1", None, True)),
        ("smtp://[::ffff:192.0.2.7]", ("::ffff:192.0.2.7", None, True)),
        ("smtp://[::a]/", ("::a", None, True)),
    ],
)
def test_the_parts_of_a_referral(uri, target):
    assert parse_referral_uri(uri) == target
    assert Referral((uri,)).targets == (target,)


@pytest.mark.parametrize("uri", ["", "smtp://", "http://a", "smtp://\udc80", "smtp://[a", "x"])
def test_what_is_no_referral_is_refused_with_its_octets(uri):
    with pytest.raises(MetadataSyntaxError) as caught:
        parse_referral_uri(uri)
    assert caught.value.data == uri.encode("utf-8", "surrogateescape")
    assert (caught.value.position, caught.value.rule) == (0, "referral-uri")


def test_values_made_from_a_list_are_kept_as_tuples_with_names_in_lower_case():
    assert Referral(["smtp://a"]).uris == ("smtp://a",)
    assert hash(Referral(["smtp://a"])) == hash(Referral(("smtp://a",)))
    assert Forward([("Name", "V")]).fields == (("name", "V"),)
    with pytest.raises(MetadataSyntaxError):
        Forward((("a", "1"), ("A", "2")))


def test_a_group_that_a_reader_would_use_is_given_back_and_another_is_an_error():
    group = QUEUE_ID.to_group()
    assert checked_group(group) is group
    with pytest.raises(MetadataSyntaxError, match=r"QUEUE-ID.*queue-id-arguments"):
        checked_group(MetadataGroup("QUEUE-ID"))


# Commands


def test_blanks_at_the_end_of_a_command_do_not_count():
    assert parse_command(b"RSET  ") == Reset()
    assert parse_command(b"QUIT ") == Quit()
    assert parse_command(b"EHLO mxX  ") == Hello(HelloVerb.EHLO, "mxX")
    assert parse_command(b"mail from:<>  ") == MailFrom(NULL_PATH)
    assert parse_command(b"MAIL FROM:<>  SIZE=1  BODY=7BIT ").parameters[1].value == "7BIT"


@pytest.mark.parametrize("line", [b"MAIL FRAM:<a@b.example>", b"RCPT TA:<a@b.example>", b"MAIL"])
def test_another_word_in_front_of_a_path_is_refused(line):
    with pytest.raises(CommandSyntaxError, match="a path are missing") as caught:
        parse_command(line)
    assert caught.value.reply_hint == ReplyHint(501, "5.5.4", "Syntax error in arguments")


@pytest.mark.parametrize("verb", [b"AUTH", b"auth"])
def test_of_a_line_with_a_password_only_the_verb_is_shown(verb):
    with pytest.raises(CommandSyntaxError) as caught:
        parse_command(verb + b" PLAIN \x00secret")
    assert str(caught.value) == "a command is printable ASCII: AUTH and more"
    with pytest.raises(CommandSyntaxError, match="no such command: 'FOO bar'"):
        parse_command(b"FOO bar")


@pytest.mark.parametrize("argument", ["", " ", "  "])
def test_vrfy_has_an_argument(argument):
    with pytest.raises(LocalProtocolError, match="VRFY has an argument"):
        Verify(argument)


# Credentials


def test_each_part_of_credentials_has_at_most_255_octets():
    longest = PlainCredentials("u" * 255, "p" * 255, "a" * 255)
    assert PlainCredentials.parse(longest.to_octets()) == longest
    for parts in (("u" * 256, "p"), ("u", "p" * 256), ("u", "p", "ä" * 128)):
        with pytest.raises(CredentialsSyntaxError, match="longer than 255"):
            PlainCredentials(*parts)


@pytest.mark.parametrize(
    "octets", [b"AHUAc A==", b"AHUAcA==AHUAcA==", b"AHUAcA", b"=AHUAcA=", b"AHUA\ncA=="]
)
def test_credentials_are_one_piece_of_base64_and_nothing_else(octets):
    assert PlainCredentials.parse(b"AHUAcA==") == PlainCredentials("u", "p")
    with pytest.raises(CredentialsSyntaxError, match="base64"):
        PlainCredentials.parse(octets)


# Paths


def test_the_null_path_is_the_only_one_without_a_local_part_and_a_domain():
    assert NULL_PATH.is_null
    assert not Path.of("Postmaster").is_null
    assert not Path.of('""@example.org').is_null


def test_the_domain_of_a_mailbox_counts_without_regard_to_case():
    path = Path.of("a@Example.org")
    assert path.same_mailbox(Path.of("a@eXAMPLE.org"))
    assert not path.same_mailbox(Path.of("a@example.com"))
    assert not path.same_mailbox(Path.of("A@example.org"))


@pytest.mark.parametrize("point", [0xD800, 0xDC80, 0xDFFF])
def test_half_a_character_is_part_of_no_mailbox(point):
    with pytest.raises(PathSyntaxError):
        Path.of(f"a{chr(point)}@ä.example")


def test_paths_and_their_parts_may_be_as_long_as_rfc_5321_has_them():
    assert Path.of("a" * 64 + "@example.org").local_part == "a" * 64
    assert Path.of("ä" * 32 + "@example.org").local_part == "ä" * 32
    for local_part in ("a" * 65, "ä" * 33):
        with pytest.raises(PathSyntaxError, match="local part is longer than 64"):
            Path.of(f"{local_part}@example.org")
    domain = "b." * 120 + "cc"
    longest = "a" * (256 - 2 - 1 - len(domain)) + "@" + domain
    assert len(Path.of(longest).to_octets()) == 256
    for too_long in (f"a{longest}", f"a@{'ä.' * 83}cccc"):
        with pytest.raises(PathSyntaxError, match="longer than 256"):
            Path.of(too_long)


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("[IPv6:2001:db8::1]", True),
        ("[ipv6:::1]", True),
        ("[IPv6:2001:db8::12345]", False),
        ("[IPv6:x]", False),
        ("[IPv6:]", False),
        ("[192.0.2.7]", True),
        ("[192.0.2.07]", False),
        ("[2001:db8::1]", False),
        ("b." * 127 + "a", True),
        ("b." * 127 + "aa", False),
        ("ä.example", False),
    ],
)
def test_a_domain_is_one_of_rfc_5321(text, expected):
    assert is_domain(text) is expected


@pytest.mark.parametrize("verb", ["BURL", "ETRN", "EXPN", "SAML", "SEND", "SOML", "TURN"])
def test_a_command_that_exists_elsewhere_is_not_implemented(verb):
    for line in (verb, f"{verb.lower()} x"):
        with pytest.raises(CommandSyntaxError) as caught:
            parse_command(line.encode("ascii"))
        assert caught.value.reply_hint == ReplyHint(502, "5.5.1", "Command not implemented")


@pytest.mark.parametrize(
    ("keyword", "extension"),
    [
        ("BODY", "8BITMIME"),  # RFC 6152
        ("SIZE", "SIZE"),  # RFC 1870
        ("RET", "DSN"),  # RFC 3461, as the next three
        ("ENVID", "DSN"),
        ("NOTIFY", "DSN"),
        ("ORCPT", "DSN"),
    ],
)
def test_a_parameter_belongs_to_the_extension_of_its_rfc(keyword, extension):
    assert Parameter(keyword.lower(), "1").extension == extension


def test_a_reply_knows_whether_it_was_read_as_a_client_will_read_it():
    octets = b"250 2.1.5 [QUEUE-ID x] OK\r\n"
    read = parse_reply(octets, negotiated=True, command="DATA", lmtp=True)
    assert was_read_as_sent(read, "DATA", lmtp=True)
    assert was_read_as_sent(parse_reply(octets, negotiated=True), None, lmtp=False)
    assert not was_read_as_sent(read, "DATA", lmtp=False)
    assert not was_read_as_sent(read, "RCPT", lmtp=True)
    for other in (
        parse_reply(octets, negotiated=False, command="DATA", lmtp=True),
        parse_reply(octets, negotiated=True, command="DATA", lmtp=True, recipient=b"<a@b>"),
        parse_reply(
            octets, negotiated=True, command="DATA", lmtp=True, limits=Limits(max_groups=1)
        ),
    ):
        assert not was_read_as_sent(other, "DATA", lmtp=True)
