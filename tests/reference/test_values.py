"""Values are frozen, and an invalid one cannot be built."""

import dataclasses

import pytest

from reply_metadata import (
    Argument,
    GroupStatus,
    Metadata,
    MetadataGroup,
    MetadataSyntaxError,
    QueueId,
    Referral,
    RetryAfter,
    parse_reply,
)


def reply():
    return parse_reply(b"250 2.0.0 [QUEUE-ID x] [a.b y] Ok\r\n", negotiated=True)


@pytest.mark.parametrize("key", ["", "1A", "A B", "A]", "A.", "\u00c4", "A\r\n", ".a", "a..b"])
def test_a_group_has_a_key_the_grammar_takes(key):
    with pytest.raises(MetadataSyntaxError):
        MetadataGroup(key)


@pytest.mark.parametrize("name", ["", "1", "a b", "a=", "a\n", "x" * 33, "\u00e9"])
def test_an_argument_has_a_name_the_grammar_takes(name):
    with pytest.raises(MetadataSyntaxError):
        Argument(name, "x")


def test_only_a_named_argument_may_be_empty():
    assert Argument("a", "").sent() == b"a="
    with pytest.raises(MetadataSyntaxError):
        Argument(None, "")


def test_keys_and_names_have_one_case():
    assert MetadataGroup("queue-id") == MetadataGroup("QUEUE-ID")
    assert MetadataGroup("Org.Example") == MetadataGroup("org.example")
    assert Argument("NAME", "X") == Argument("name", "X")
    assert Argument("name", "x") != Argument("name", "X")


def test_a_group_is_sent_in_its_canonical_form():
    group = MetadataGroup("forward", (Argument("A", "x y"), Argument("b", "")))
    assert group.sent() == b"[FORWARD a=x+20y b=]"


@pytest.mark.parametrize(
    "change",
    [
        lambda value: setattr(value, "code", 1),
        lambda value: setattr(value, "octets", b""),
        lambda value: setattr(value, "new", 1),
        lambda value: delattr(value, "code"),
        lambda value: setattr(value.metadata[0], "key", "A"),
        lambda value: setattr(value.metadata[0].arguments[0], "value", "A"),
        lambda value: setattr(value.lines[0], "text", b""),
    ],
)
def test_no_part_of_a_reply_can_be_changed(change):
    value = reply()
    with pytest.raises((AttributeError, TypeError)):
        change(value)
    assert value == reply()


def test_iterating_metadata_sees_all_groups_and_asking_sees_used_ones():
    metadata = parse_reply(
        b"250 2.0.0 [QUEUE-ID x] [RETRY-AFTER 3] [a.b y] [A.B z] Ok\r\n", negotiated=True
    ).metadata
    assert [group.key for group in metadata] == ["QUEUE-ID", "RETRY-AFTER", "a.b", "a.b"]
    assert metadata.get(QueueId) == QueueId("x")
    assert metadata.all(QueueId) == (QueueId("x"),)
    assert metadata.get(Referral) is None
    assert metadata.get(RetryAfter) is None
    assert metadata.all(RetryAfter) == ()
    assert metadata["retry-after"] == ()
    assert [group.values for group in metadata["A.b"]] == [("y",), ("z",)]
    assert [group.key for group in metadata.used] == ["QUEUE-ID", "a.b", "a.b"]
    assert metadata[1].status is GroupStatus.WRONG_CLASS
    assert metadata[-1:] == (metadata[3],)
    assert metadata == Metadata(tuple(metadata))
    assert hash(metadata) == hash(Metadata(tuple(metadata)))


def test_replies_that_say_the_same_are_equal():
    one = parse_reply(b"250 2.0.0 [QUEUE-ID AB] Ok\r\n", negotiated=True)
    other = parse_reply(b"250 2.0.0 [queue-id +41B] Ok\r\n", negotiated=True)
    assert one == other
    assert hash(one) == hash(other)
    assert one.octets != other.octets
    for different in (
        b"250 2.0.0 [QUEUE-ID ab] Ok\r\n",
        b"250 2.0.0 [QUEUE-ID AB] ok\r\n",
        b"250 2.0.1 [QUEUE-ID AB] Ok\r\n",
        b"251 2.0.0 [QUEUE-ID AB] Ok\r\n",
    ):
        assert parse_reply(different, negotiated=True) != one
    assert parse_reply(one.octets, negotiated=False) != one
    assert one != one.octets


def test_octets_that_are_no_utf8_are_kept_exactly():
    (group,) = parse_reply(b"250 2.0.0 [a.b +FFx] Ok\r\n", negotiated=True).metadata
    assert group.arguments[0].octets == b"\xffx"
    assert group.sent() == b"[a.b +FFx]"


def test_text_that_is_no_utf8_is_shown_escaped_and_kept_as_octets():
    value = parse_reply(b"250-caf\xc3\xa9\r\n250 caf\xe9\r\n", negotiated=True)
    assert value.text == "caf\u00e9\ncaf\\xe9"
    assert value.text_octets == b"caf\xc3\xa9\ncaf\xe9"


def test_the_text_form_of_a_reply_shows_no_raw_octets_of_the_peer():
    assert "\x1b" not in repr(parse_reply(b"250 \x1b[31m\r\n", negotiated=True))


@pytest.mark.parametrize(
    ("code", "name"),
    [(250, "positive"), (354, "intermediate"), (450, "transient"), (550, "permanent")],
)
def test_the_first_digit_of_the_code_says_what_a_reply_means(code, name):
    names = ("positive", "intermediate", "transient", "permanent")
    value = parse_reply(b"%d x\r\n" % code, negotiated=True)
    assert [each for each in names if getattr(value, each)] == [name]


def test_values_are_frozen_and_have_no_dict():
    value = reply()
    for part in (value, value.metadata[0], value.metadata[0].arguments[0], value.lines[0]):
        assert not hasattr(part, "__dict__")
    assert dataclasses.is_dataclass(MetadataGroup)


def test_metadata_shows_its_groups():
    metadata = reply().metadata
    assert repr(metadata) == f"Metadata(({metadata[0]!r}, {metadata[1]!r}))"
