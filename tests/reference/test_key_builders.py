"""Each key from builder to wire and back, and each bad argument named in the error."""

from __future__ import annotations

import tomllib

import pytest
from hypothesis import given
from hypothesis import strategies as st

from reply_metadata import (
    Forward,
    HelpUri,
    LocalProtocolError,
    MetadataSyntaxError,
    QueueId,
    Reason,
    Referral,
    RetryAfter,
    Stored,
    TraceId,
    build_reply,
    parse_reply,
)
from reply_metadata.groups import Argument, MetadataGroup
from reply_metadata.keys import KEY_ENTRIES, TYPED_KEYS

VISIBLE = st.characters(min_codepoint=0x21, max_codepoint=0x7E)
OPAQUE = st.text(VISIBLE, min_size=1, max_size=60)
WORDS = st.text(
    st.characters(exclude_categories=("Cs", "Cc")), min_size=1, max_size=20
)  # free-text: no controls
NAMES = st.from_regex(r"[a-z][a-z0-9._-]{0,15}", fullmatch=True)
LABELS = st.from_regex(r"[a-z][a-z0-9]{0,9}", fullmatch=True)
URIS = st.builds(
    "smtp://{}{}{}".format,
    LABELS | st.ip_addresses(v=4).map(str) | st.ip_addresses(v=6).map("[{}]".format),
    st.just("") | st.integers(1, 65535).map(":{}".format),
    st.sampled_from(("", "/")),
)
NUMBERS = st.integers(1, 2**32 - 1)
VALUES = {
    Referral: st.builds(Referral, st.lists(URIS, min_size=1, max_size=6).map(tuple)),
    RetryAfter: st.builds(RetryAfter, st.integers(0, 9_999_999)),
    QueueId: st.builds(QueueId, OPAQUE),
    TraceId: st.builds(TraceId, OPAQUE),
    Reason: st.builds(Reason, st.from_regex(r"[A-Za-z0-9._:-]{1,64}", fullmatch=True)),
    HelpUri: st.builds(
        HelpUri,
        st.from_regex(
            r"(https|http)://[a-z]{1,9}/[a-z0-9?=&%]{0}[a-z0-9?=&]{0,30}", fullmatch=True
        ),
    ),
    Forward: st.builds(
        Forward,
        st.dictionaries(NAMES, WORDS | st.just(""), min_size=1, max_size=3).map(
            lambda fields: tuple(fields.items())
        ),
    ),
    Stored: st.builds(Stored, WORDS)
    | st.builds(Stored, WORDS, NUMBERS, NUMBERS)
    | st.builds(Stored, WORDS, NUMBERS, NUMBERS, OPAQUE)
    | st.builds(Stored, WORDS, guid=OPAQUE),
}


def where(key):
    """A reply code, its enhanced code and a command that the key may stand in the reply to."""
    entry = KEY_ENTRIES[key]
    first = entry.classes[0]
    command = (tuple(entry.commands or ()) or ("RCPT",))[0]
    return int(f"{first}50"), f"{first}.0.0", command


def test_every_key_has_values_here():
    assert set(VALUES) == set(TYPED_KEYS)


@pytest.mark.parametrize("key", TYPED_KEYS, ids=lambda key: key.KEY)
@given(st.data())
def test_a_value_goes_to_the_wire_and_comes_back(key, data):
    value = data.draw(VALUES[key])
    code, enhanced, command = where(key.KEY)
    reply = build_reply(code, enhanced, "words", [value], command=command, lmtp=True)
    octets = reply.to_octets()
    assert octets.isascii()
    assert b"\r" not in octets[:-2]
    read = parse_reply(octets, negotiated=True, command=command, lmtp=True)
    if len(value.to_group().sent()) <= 400:
        assert read.metadata.get(key) == value
        assert read.metadata.all(key) == (value,)
        assert key.from_group(read.metadata[0]) == value
        assert read.metadata[0].sent() == value.to_group().sent()


@pytest.mark.parametrize("key", TYPED_KEYS, ids=lambda key: key.KEY)
def test_a_value_may_stand_where_the_table_says_and_nowhere_else(key, project):
    row = tomllib.loads((project / "grammar" / "keys.toml").read_text("utf-8"))[key.KEY]
    sample = row["sample"].encode("ascii") + b"\r\n"
    text = sample.partition(b"[")[2]
    for first in "245":
        for command in ("MAIL", "RCPT", "DATA", "NOOP"):
            for lmtp in (False, True):
                octets = f"{first}50 {first}.0.0 [".encode("ascii") + text
                (group,) = parse_reply(octets, negotiated=True, command=command, lmtp=lmtp).metadata
                allowed = first in row["classes"] and command in row.get("commands", [command])
                assert group.used == (allowed and (lmtp or not row.get("lmtp_only", False)))


@pytest.mark.parametrize(
    ("build", "bad", "rule"),
    [
        (lambda: Referral(("smtp://b/", "smtp://u@b/")), b"smtp://u@b/", "referral-uri"),
        (lambda: Referral(("smtp://b:70000/",)), b"smtp://b:70000/", "referral-uri"),
        (lambda: RetryAfter(-1), b"-1", "delta-seconds"),
        (lambda: RetryAfter(10_000_000), b"10000000", "delta-seconds"),
        (lambda: QueueId("a b"), b"a b", "opaque-identifier"),
        (lambda: TraceId("x" * 129), b"x" * 129, "opaque-identifier"),
        (lambda: Reason("a b"), b"a b", "reason-token"),
        (lambda: HelpUri("javascript:x"), b"javascript:x", "help-uri"),
        (lambda: Forward((("a", "ok"), ("b", "x\ny"))), b"x\ny", "free-text"),
        (lambda: Stored("a\x85b"), b"a\xc2\x85b", "free-text"),
        (lambda: Stored("m", uidvalidity=0, uid=1), b"0", "number32"),
        (lambda: Stored("m", uidvalidity=1, uid=2**32), b"4294967296", "number32"),
        (lambda: Stored("m", guid="a b"), b"a b", "opaque-identifier"),
    ],
)
def test_the_error_names_the_bad_argument_and_its_rule(build, bad, rule):
    with pytest.raises(MetadataSyntaxError) as caught:
        build()
    assert (caught.value.data, caught.value.rule) == (bad, rule)
    assert f"is no {rule}" in str(caught.value)


@pytest.mark.parametrize(
    ("build", "rule", "expected"),
    [
        (lambda: Referral(()), "referral-arguments", "one more argument"),
        (lambda: Referral(("smtp://b/",) * 9), "referral-arguments", "fewer arguments"),
        (lambda: Forward(()), "forward-arguments", "one more argument"),
        (
            lambda: Forward(tuple((f"n{number}", "") for number in range(17))),
            "forward-arguments",
            "fewer arguments",
        ),
        (lambda: Stored("m", uid=1), "stored-arguments", "one more argument"),
        (lambda: Stored(""), "stored-arguments", "no empty value"),
        (lambda: Stored("m", guid=""), "stored-arguments", "no empty value"),
    ],
)
def test_the_error_says_what_is_missing_or_too_much(build, rule, expected):
    with pytest.raises(MetadataSyntaxError) as caught:
        build()
    assert caught.value.rule == rule
    assert expected in str(caught.value)


# Private keys are data


@pytest.mark.draft("req-private-key")
def test_a_private_key_is_data_with_arguments_of_any_form():
    group = MetadataGroup(
        "org.example.x", (Argument(None, "a b"), Argument("n", ""), Argument(None, "\u00e9"))
    )
    reply = build_reply(250, "2.0.0", "words", [group])
    (read,) = parse_reply(reply.to_octets(), negotiated=True).metadata
    assert (read.key, read.used, read.private) == ("org.example.x", True, True)
    assert [(one.name, one.value) for one in read.arguments] == [
        (None, "a b"),
        ("n", ""),
        (None, "\u00e9"),
    ]
    assert "org.example.x" not in KEY_ENTRIES


def sent_with(key):
    return build_reply(250, "2.0.0", "words", [MetadataGroup(key, ())])


@pytest.mark.parametrize("key", ["org", "1.x", ".x", "x.", "a b.c", "org.example\r\n"])
def test_what_is_no_key_is_no_private_key(key):
    with pytest.raises((MetadataSyntaxError, LocalProtocolError)):
        sent_with(key)


def test_a_private_key_longer_than_the_limit_is_never_sent():
    assert sent_with("x" * 62 + ".y").metadata[0].private
    assert sent_with("x" * 63 + ".y").to_octets() == b"250 2.0.0 words\r\n"
