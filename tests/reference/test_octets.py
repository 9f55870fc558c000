"""The encoding of values, and the form in which octets of a peer are shown."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from reply_metadata import MetadataSyntaxError
from reply_metadata._generated import reply_grammar
from reply_metadata.octets import decode_value, encode_value, escaped


@pytest.mark.draft("req-encoding-canonical")
def test_every_octet_but_those_that_may_stand_is_encoded():
    as_is = {octet for octet in range(256) if encode_value(bytes((octet,))) == bytes((octet,))}
    assert as_is == set(range(0x21, 0x7F)) - set(b"+<=>[]")
    assert encode_value(b"\0\n\xff [=]") == b"+00+0A+FF+20+5B+3D+5D"


@given(st.binary(min_size=1))
def test_decoding_undoes_encoding_and_the_form_is_that_of_the_grammar(octets):
    sent = encode_value(octets)
    assert reply_grammar.match("argument-value", sent)
    assert decode_value(sent) == octets


@given(st.binary(min_size=1))
def test_the_canonical_form_is_never_longer_than_another_form(octets):
    every = b"".join(b"+%02X" % octet for octet in octets)
    assert decode_value(every) == octets
    assert len(encode_value(octets)) <= len(every)


@pytest.mark.parametrize(
    ("sent", "position"),
    [
        (b"", 0),
        (b"a b", 1),
        (b"a+4", 1),
        (b"a+4a", 1),
        (b"ab+41=", 5),
        (b"[", 0),
        (b"caf\xc3\xa9", 3),
        (b"+41\r\n", 3),
        (b"a\n", 1),
    ],
)
def test_what_is_no_value_is_refused_where_it_goes_wrong(sent, position):
    with pytest.raises(MetadataSyntaxError) as caught:
        decode_value(sent)
    assert (caught.value.position, caught.value.rule) == (position, "argument-value")


@given(st.text() | st.binary())
def test_what_is_shown_is_printable_ascii(data):
    shown = escaped(data)
    assert all(" " <= character <= "~" for character in shown)


@pytest.mark.draft("req-display-escaped")
@pytest.mark.parametrize(
    ("data", "shown"),
    [
        ("a\x1b[2J", r"a\x1b[2J"),
        ("\x07\x7f\x9b", r"\x07\x7f\x9b"),
        ("\u202e\u2066", r"\u202e\u2066"),
        ("\U0001f600", r"\U0001f600"),
        ("\\x41", r"\\x41"),
        ("\udcff", r"\xff"),
        (b"caf\xc3\xa9", r"caf\xc3\xa9"),
    ],
)
def test_controls_overrides_and_look_alikes_are_spelled_out(data, shown):
    assert escaped(data) == shown


@given(st.binary(), st.binary())
def test_different_octets_are_shown_differently(one, other):
    assert (escaped(one) == escaped(other)) == (one == other)
