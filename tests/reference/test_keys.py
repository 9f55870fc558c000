"""Typed values of the keys, and the table behind them."""

import tomllib

import pytest
from hypothesis import given
from hypothesis import strategies as st

from reply_metadata import (
    Forward,
    HelpUri,
    MetadataSyntaxError,
    QueueId,
    Reason,
    Referral,
    RetryAfter,
    Stored,
    TraceId,
    parse_reply,
)
from reply_metadata._generated import reply_grammar
from reply_metadata.keys import KEY_ENTRIES, TYPED_KEYS, parse_referral_uri

SAMPLES = [
    Referral(("smtp://backend2/", "smtp://[2001:db8::1]:24/")),
    RetryAfter(0),
    RetryAfter(9_999_999),
    QueueId("4XyZ1"),
    TraceId("a+b<=>[c]"),
    Reason("policy:greylist-7"),
    HelpUri("https://example.org/help?id=7"),
    Forward((("node", "7"), ("note", ""), ("name", "Caf\u00e9 \u2615"))),
    Stored("Archive/Caf\u00e9 2026"),
    Stored("INBOX", uidvalidity=7, uid=4_294_967_295, guid="x"),
]


@pytest.mark.parametrize("value", SAMPLES, ids=lambda value: value.KEY)
def test_a_typed_value_comes_back_from_its_group(value):
    group = value.to_group()
    assert group.key == value.KEY
    assert type(value).from_group(group) == value


@pytest.mark.parametrize("value", SAMPLES, ids=lambda value: value.KEY)
def test_a_typed_value_comes_back_from_a_reply(value):
    code = KEY_ENTRIES[value.KEY].classes[0].encode()
    data = code + b"50 " + code + b".0.0 " + value.to_group().sent() + b" text\r\n"
    assert parse_reply(data, negotiated=True).metadata.get(type(value)) == value


@pytest.mark.parametrize(
    "build",
    [
        lambda: Referral(()),
        lambda: Referral(("smtp://b/",) * 9),
        lambda: Referral(("lmtp://b/",)),
        lambda: Referral(("smtp://b/", "smtp://b:70000/")),
        lambda: RetryAfter(-1),
        lambda: RetryAfter(10_000_000),
        lambda: QueueId(""),
        lambda: QueueId("a b"),
        lambda: QueueId("x" * 129),
        lambda: TraceId("a\r\nb"),
        lambda: TraceId("caf\u00e9"),
        lambda: Reason("a b"),
        lambda: Reason("x" * 65),
        lambda: HelpUri("javascript:alert(1)"),
        lambda: HelpUri("https://example.org/ x"),
        lambda: Forward(()),
        lambda: Forward((("a", "1"), ("A", "2"))),
        lambda: Forward((("a", "x\ny"),)),
        lambda: Forward(tuple((f"n{number}", "") for number in range(17))),
        lambda: Stored(""),
        lambda: Stored("x", uid=1),
        lambda: Stored("x", uidvalidity=1),
        lambda: Stored("x", uidvalidity=1, uid=4_294_967_296),
        lambda: Stored("x", uidvalidity=0, uid=1),
        lambda: Stored("x", guid=""),
        lambda: Stored("a\x85b"),
    ],
)
def test_a_value_its_rule_refuses_cannot_be_built(build):
    with pytest.raises(MetadataSyntaxError):
        build()


@pytest.mark.draft("req-referral-parser")
@pytest.mark.parametrize(
    ("uri", "target"),
    [
        ("smtp://backend2/", ("backend2", None, False)),
        ("smtp://backend2", ("backend2", None, False)),
        ("SMTP://mail-2.Example.org:24/", ("mail-2.Example.org", 24, False)),
        ("smtp://192.0.2.7:65535", ("192.0.2.7", 65535, True)),
        ("smtp://[2001:db8::1]:24/", ("2001:db8::1", 24, True)),
        ("smtp://[::ffff:192.0.2.7]", ("::ffff:192.0.2.7", None, True)),
        ("smtp://10.example/", ("10.example", None, False)),
    ],
)
def test_a_referral_uri_is_taken_apart(uri, target):
    assert parse_referral_uri(uri) == target


@pytest.mark.draft("req-referral-parser")
@pytest.mark.parametrize(
    "uri",
    [
        "smtp://back\r\nend2/",
        " smtp://backend2/",
        "smtp://backend2/\n",
        "smtp://a@b@c/",
        "smtp://user:secret@b/",
        "smtp://h\\@evil/",
        "smtp://\uff4cocalhost/",
        "smtp://h/?\x00",
        "smtp://h/?q",
        "smtp://h/#f",
        "smtp://h/path",
        "smtp://h//",
        "smtp://h%0d%0aRSET/",
        "smtp://127.1/",
        "smtp://0x7f000001/",
        "smtp://2130706433/",
        "smtp://256.0.0.1/",
        "smtp://01.2.3.4/",
        "smtp://2001:db8::1/",
        "smtp://[2001:db8::1/",
        "smtp://[::1%25eth0]/",
        "smtp://b:/",
        "smtp://b:0/",
        "smtp://b:025/",
        "smtp://b:65536/",
        "smtp://b:99999999999999999999/",
        "smtp://-b/",
        "smtp://b-/",
        "smtp://b./",
        "smtp://.b/",
        "smtp:///",
        "smtp://",
        "smtps://b/",
        "",
    ],
)
def test_a_hostile_referral_uri_is_refused(uri):
    with pytest.raises(MetadataSyntaxError):
        parse_referral_uri(uri)


@given(st.text(max_size=20) | st.from_regex(r"smtp://[0-9a-zA-Z.:\[\]@/-]{0,20}", fullmatch=True))
def test_no_text_breaks_the_reader_of_referral_uris(uri):
    try:
        target = parse_referral_uri(uri)
    except MetadataSyntaxError:
        return
    assert uri.isascii()
    assert target.host
    assert target.host in uri
    assert target.port is None or 0 < target.port < 65536


def test_every_key_of_the_table_has_a_typed_value_and_rules_that_exist(project):
    table = tomllib.loads((project / "grammar" / "keys.toml").read_text("utf-8"))
    assert set(KEY_ENTRIES) == set(table) == {typed.KEY for typed in TYPED_KEYS}
    for entry in KEY_ENTRIES.values():
        named = [entry.arguments, entry.value, entry.any_name, *entry.names.values()]
        assert all(rule in reply_grammar.RULES for rule in named if rule is not None)


def test_every_sample_of_the_table_is_used_in_a_reply_to_a_command_it_may_answer(project):
    table = tomllib.loads((project / "grammar" / "keys.toml").read_text("utf-8"))
    for key, row in table.items():
        command = row.get("commands", ["RCPT"])[0]
        data = row["sample"].encode("ascii") + b"\r\n"
        (group,) = parse_reply(data, negotiated=True, command=command, lmtp=True).metadata
        assert (group.key, group.used) == (key, True)
