"""Sets of characters behave as sets, and an alphabet keeps apart what they tell apart."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from abnf_compiler.automata.charset import CODE_POINT_LIMIT, Alphabet, CharSet, bits

SMALL = 40
intervals = st.lists(st.tuples(st.integers(0, SMALL), st.integers(0, SMALL)), max_size=6)


def as_set(charset):
    return set(charset)


@given(intervals, intervals)
def test_the_operators_are_those_of_sets(left, right) -> None:
    a, b = CharSet.of(left), CharSet.of(right)
    assert as_set(a | b) == as_set(a) | as_set(b)
    assert as_set(a & b) == as_set(a) & as_set(b)
    assert as_set(a - b) == as_set(a) - as_set(b)
    assert as_set(a.complement(SMALL)) == set(range(SMALL + 1)) - as_set(a)
    assert len(a) == len(as_set(a))
    assert bool(a) == bool(as_set(a))


@given(intervals)
def test_equal_sets_are_equal_values_whatever_they_were_made_of(made) -> None:
    one = CharSet.of(made)
    again = CharSet.of((code, code) for code in reversed(list(one)))
    assert one == again
    assert hash(one) == hash(again)
    assert all(
        last + 1 < first
        for (_, last), (first, _) in zip(again.intervals, again.intervals[1:], strict=False)
    )


@given(intervals, st.integers(0, SMALL + 2))
def test_membership_is_that_of_the_intervals(made, code) -> None:
    assert (code in CharSet.of(made)) == any(first <= code <= last for first, last in made)


@given(st.lists(intervals, max_size=5))
def test_an_alphabet_parts_the_characters_as_the_sets_do(several) -> None:
    sets = [CharSet.of(each) for each in several]
    alphabet = Alphabet(sets)
    for code in range(SMALL + 2):
        number = alphabet.class_of(code)
        assert (number >= 0) == any(code in charset for charset in sets)
        if number >= 0:
            assert code in alphabet.classes[number]
            mine = [code in charset for charset in sets]
            assert all(
                [other in charset for charset in sets] == mine for other in alphabet.classes[number]
            )
    for charset in sets:
        assert alphabet.charset(alphabet.mask(charset)) == charset


def test_code_points_up_to_the_last_are_characters() -> None:
    charset = CharSet.of([(0x80, CODE_POINT_LIMIT)])
    assert CODE_POINT_LIMIT in charset
    assert charset.complement(CODE_POINT_LIMIT) == CharSet.of([(0, 0x7F)])


@pytest.mark.parametrize(
    ("made", "sample"),
    [([(0x20, 0x7E)], "a"), ([(0x20, 0x60)], "A"), ([(0x20, 0x3F)], "0"), ([(0, 0x2F)], "!")],
)
def test_the_sample_of_a_set_reads_well(made, sample) -> None:
    assert chr(CharSet.of(made).sample()) == sample


def test_bits_lists_the_classes_of_a_mask() -> None:
    assert list(bits(0b101001)) == [0, 3, 5]
