"""The Diagnostic-Code of a notification: nothing internal in it, folded so that it comes back."""

from __future__ import annotations

from email.parser import BytesParser
from email.policy import SMTP

import pytest
from hypothesis import given
from hypothesis import strategies as st

from reply_metadata import Forward, Reason, Referral, RetryAfter, TraceId, build_reply, parse_reply
from reply_metadata.groups import Argument, MetadataGroup
from reply_metadata.policy.dsn import diagnostic_code, diagnostic_code_field
from reply_metadata.policy.hop import TRUSTED_HOP_KEYS

INTERNAL = (
    Referral(("smtp://backend2.internal.example:2424/",)),
    Forward((("node", "7"),)),
    MetadataGroup("org.example.internal", (Argument(None, "secret"),)),
)
PUBLIC = (RetryAfter(300), Reason("greylist"), TraceId("7f3a9c"))


def received(octets):
    return parse_reply(octets, negotiated=True, command="RCPT", lmtp=True)


def unfolded(field):
    """What a reader of RFC 5322 makes of a field: each CRLF in front of a space is taken out."""
    return field.replace(b"\r\n ", b" ").removesuffix(b"\r\n")


def read_back(field):
    """The reply the field shows, read as a client with the extension reads it."""
    name, _, value = unfolded(field).partition(b": ")
    kind, _, line = value.partition(b"; ")
    assert (name, kind) == (b"Diagnostic-Code", b"smtp")
    return received(line + b"\r\n")


def test_a_dsn_shows_no_trusted_hop_key_no_private_one_and_none_it_does_not_know():
    reply = received(
        b"450 4.4.4 [REFERRAL smtp://backend2/] [REASON busy] [org.example.x y] [NEW a] Moved\r\n"
    )
    assert diagnostic_code(reply) == "smtp; 450 4.4.4 [REASON busy] Moved"


def test_what_is_shown_can_be_read_again_and_is_what_may_be_shown():
    reply = build_reply(450, "4.4.4", "Redirected", (*INTERNAL, *PUBLIC))
    shown = read_back(diagnostic_code_field(reply))
    assert [group.key for group in shown.metadata] == ["RETRY-AFTER", "REASON", "TRACE-ID"]
    assert (shown.code, shown.enhanced_code, shown.text) == (450, "4.4.4", "Redirected")
    for value in PUBLIC:
        assert shown.metadata.get(type(value)) == value
    for hidden in (b"REFERRAL", b"backend2", b"FORWARD", b"node", b"org.example", b"secret"):
        assert hidden not in diagnostic_code_field(reply)


@pytest.mark.parametrize(
    ("octets", "value"),
    [
        (b"550 5.1.1 No such user\r\n", "smtp; 550 5.1.1 No such user"),
        (b"550\r\n", "smtp; 550"),
        (b"550 plain words\r\n", "smtp; 550 plain words"),
        (b"550-5.1.1 one\r\n550 5.1.1 two\r\n", "smtp; 550 5.1.1 one two"),
        (b"550 5.1.1 \x1b[31mred \xff\r\n", "smtp; 550 5.1.1 ?[31mred ?"),
        (b"421 4.7.0 go\r\n", "smtp; 421 4.7.0 go"),
    ],
)
def test_the_value_is_one_line_of_ascii(octets, value):
    assert diagnostic_code(received(octets)) == value


@pytest.mark.parametrize(
    "text",
    ["[TSS04] Messages deferred", "[REFERRAL smtp://backend2/] x", "<a@b.example> [TSS04] x"],
)
def test_text_that_would_look_like_metadata_does_not(text):
    octets = f"421 4.7.0 {text}\r\n".encode("ascii")
    reply = parse_reply(octets, negotiated=False)
    assert diagnostic_code(reply) == f"smtp; 421 4.7.0 Note: {text}"
    assert len(read_back(diagnostic_code_field(reply)).metadata) == 0


def test_a_mail_library_reads_the_folded_field():
    text = "A long explanation that needs more than one line of a notification, " * 4
    field = diagnostic_code_field(build_reply(550, "5.7.1", text, (Reason("policy"),)))
    parsed = BytesParser(policy=SMTP).parsebytes(field + b"\r\n", headersonly=True)
    assert parsed["Diagnostic-Code"] == f"smtp; 550 5.7.1 [REASON policy] {text}".rstrip(" ")
    assert field.count(b"\r\n") > 3


@given(
    st.text(st.characters(min_codepoint=32, max_codepoint=126), max_size=400),
    st.sets(st.sampled_from(range(len(INTERNAL + PUBLIC)))),
)
def test_folding_loses_nothing_and_hides_everything_internal(text, numbers):
    groups = [(INTERNAL + PUBLIC)[number] for number in sorted(numbers)]
    reply = build_reply(450, "4.4.4", text if text.strip(" ") else "words", groups)
    field = diagnostic_code_field(reply)
    assert field.isascii()
    assert field.endswith(b"\r\n")
    lines = field.removesuffix(b"\r\n").split(b"\r\n")
    assert all(line.strip(b" ") for line in lines)
    assert all(line.startswith(b" ") for line in lines[1:])
    assert all(len(line) <= 78 or b" " not in line.lstrip(b" ") for line in lines[1:])
    assert unfolded(field) == b"Diagnostic-Code: " + diagnostic_code(reply).encode("ascii")
    assert not {group.key for group in read_back(field).metadata} & TRUSTED_HOP_KEYS
