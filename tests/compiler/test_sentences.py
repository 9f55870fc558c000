"""Sentences cover their rule and are accepted; near misses are refused and say why."""

from itertools import islice

import pytest

from abnf_compiler.engines.compiled import compile_rule
from abnf_compiler.engines.earley import compile_rule as oracle
from abnf_compiler.grammar import load_resolved
from abnf_compiler.read.reader import read_grammar
from abnf_compiler.resolve.resolver import resolve
from abnf_compiler.sentences.derive import Deriver, covering_set, derive
from abnf_compiler.sentences.near_misses import near_misses
from abnf_compiler.source import Source


def grammar_of(text):
    return resolve(read_grammar(Source("<text>", text)), fragment=True)


@pytest.fixture(scope="module")
def grammar(project):
    return load_resolved(project / "grammar/reply-metadata.abnf")


def test_the_covering_sets_meet_every_goal_of_every_rule(grammar) -> None:
    for key in grammar.rules:
        deriver = Deriver(grammar, key)
        list(deriver.covering())
        unmet = [deriver.shows(goal) for goal in deriver.map.goals() if goal not in deriver.met]
        assert unmet == [], key


def test_the_compiled_engine_accepts_every_sentence(grammar) -> None:
    for key in grammar.rules:
        match = compile_rule(grammar, key).match
        for sentence in islice(derive(grammar, key, seed=3), 150):
            assert match(sentence), (key, sentence)


def test_the_oracle_accepts_short_sentences(grammar) -> None:
    for key in ("line-text", "received-line", "stored-arguments", "referral-uri", "free-text"):
        match = oracle(grammar, key).match
        for sentence in islice(derive(grammar, key, seed=5, max_octets=40), 40):
            assert match(sentence), (key, sentence)


@pytest.mark.parametrize(
    ("rule", "sentences"),
    [
        ('a = "x" / %x30-32', {b"x", b"X", b"0", b"2"}),
        ('a = *2"-"', {b"", b"-", b"--"}),
        ("a = 3*5%x2E", {b"...", b"....", b"....."}),
        ('a = [ %s"b" ] %s"c"', {b"bc", b"c"}),
        ('a = %s"Abc"', {b"Abc"}),
        ('a = "(" b ")"\nb = [ a ]', {b"()", b"(())"}),
    ],
)
def test_a_small_rule_is_covered_by_the_strings_one_expects(rule, sentences) -> None:
    assert set(covering_set(grammar_of(rule + "\n"), "a")) >= sentences


def test_a_finite_rule_ends_its_stream_of_sentences() -> None:
    found = list(derive(grammar_of('a = *2( %s"a" / %s"b" )\n'), "a"))
    assert sorted(found) == [b"", b"a", b"aa", b"ab", b"b", b"ba", b"bb"]


def test_no_sentence_comes_twice_or_is_too_long(grammar) -> None:
    found = list(islice(derive(grammar, "line-text", max_octets=30), 400))
    assert len(set(found)) == 400
    assert max(map(len, found)) <= 30


def test_the_seed_decides_the_sentences(grammar) -> None:
    def run(seed):
        return list(islice(derive(grammar, "metadata-group", seed=seed), 60))

    assert run(1) == run(1)
    assert run(1) != run(2)


@pytest.mark.parametrize(
    "rules",
    [
        'a = a "x" / "y"',
        'a = b / "y"\nb = a / a a',
        'a = [ a ] "y"',
        'a = *( a / "y" )',
    ],
)
def test_recursive_rules_end(rules) -> None:
    found = list(islice(derive(grammar_of(rules + "\n"), "a", max_octets=200), 30))
    assert len(found) >= 5


@pytest.mark.parametrize(
    "rules", ["a = <prose>", "a = %x100-1FF", "a = b", 'a = "x" a', "a = %x5.100"]
)
def test_a_rule_without_octet_sentences_has_none(rules) -> None:
    assert list(derive(grammar_of(rules + "\n"), "a")) == []


def test_what_cannot_be_derived_is_avoided() -> None:
    found = set(derive(grammar_of('a = <prose> / %x100 / b / "x"\nb = "y" c\n'), "a"))
    assert found == {b"x", b"X"}


def test_a_bound_that_does_not_fit_is_left_out_but_not_the_rest() -> None:
    deriver = Deriver(grammar_of('a = 1*9999999999%s"x"\n'), "a", max_octets=10)
    found = {derivation.sentence() for _, derivation in deriver.covering()}
    assert {b"x", b"xx"} <= found
    assert max(map(len, found)) <= 10


def test_an_unknown_rule_is_a_key_error(grammar) -> None:
    with pytest.raises(KeyError):
        next(derive(grammar, "no-such-rule"))
    with pytest.raises(KeyError):
        next(near_misses(grammar, "no-such-rule"))


def test_every_near_miss_is_refused_by_the_compiled_engine(grammar) -> None:
    for key in grammar.rules:
        match = compile_rule(grammar, key).match
        for miss in near_misses(grammar, key, count=120):
            assert not match(miss.octets), (key, miss)


def test_the_oracle_refuses_near_misses_too(grammar) -> None:
    for key in ("metadata-group", "referral-uri", "stored-arguments", "uri-host"):
        match = oracle(grammar, key).match
        for miss in near_misses(grammar, key, count=40, max_octets=40):
            assert not match(miss.octets), (key, miss)


@pytest.mark.parametrize(
    ("rule", "owner", "reason"),
    [
        ("delta-seconds", "delta-seconds", '%x30 is one below "1"-"9"'),
        ("port-number", "port-number", '%x3A is one above "1"-"9"'),
        ("metadata-group", "metadata-group", "metadata-key is missing"),
        ("ehlo-line-metadata", "ehlo-line-metadata", 'the last octet of %i"REPLYMETA" is missing'),
        ("argument-value", "encoded-octet", "1 of at least 2 DIGIT / %x41-46"),
        ("encoded-octet", "encoded-octet", '%x47 is one above "A"-"F"'),
        ("named-argument", "named-argument", "argument-name is missing"),
        ("referral-uri", "IPv6address", "h16 is missing"),
        ("stored-arguments", "stored-arguments", '[ SP "guid=" argument-value ] stands twice'),
        ("free-text", "free-text", "%x00 after the end"),
    ],
)
def test_a_near_miss_names_the_rule_and_what_is_wrong(grammar, rule, owner, reason) -> None:
    assert (owner, reason) in {(miss.rule, miss.reason) for miss in near_misses(grammar, rule)}


def test_the_offset_of_a_near_miss_is_where_the_string_was_changed(grammar) -> None:
    misses = list(near_misses(grammar, "metadata-group"))
    missing = next(miss for miss in misses if miss.octets == b"[]")
    assert missing.offset == 1
    surplus = next(miss for miss in misses if miss.reason == "%x00 after the end")
    assert surplus.octets[surplus.offset :] == b"\x00"


def test_repetition_bounds_are_missed_by_one_on_both_sides(grammar) -> None:
    reasons = {
        miss.reason: miss.octets for miss in reversed(list(near_misses(grammar, "reason-token")))
    }
    over = next(octets for reason, octets in reasons.items() if "65 of at most 64" in reason)
    under = next(octets for reason, octets in reasons.items() if "0 of at least 1" in reason)
    assert (len(over), under) == (65, b"")


def test_a_literal_in_another_case_is_a_near_miss_only_where_case_counts() -> None:
    exact = grammar_of('a = %s"Abc"\n')
    folded = grammar_of('a = "Abc"\n')
    assert any(miss.octets == b"aBC" for miss in near_misses(exact, "a"))
    assert not any(miss.octets.lower() == b"abc" for miss in near_misses(folded, "a"))


def test_a_rule_that_accepts_everything_has_no_near_miss() -> None:
    assert list(near_misses(grammar_of("a = *%x00-FF\n"), "a")) == []


def test_the_judge_decides_which_changes_are_near_misses(grammar) -> None:
    assert list(near_misses(grammar, "delta-seconds", refused=lambda octets: False)) == []
    only = list(near_misses(grammar, "delta-seconds", refused=lambda octets: len(octets) > 7))
    assert only
    assert all(len(miss.octets) > 7 for miss in only)


def test_each_thing_that_can_be_wrong_comes_once_before_any_comes_twice(grammar) -> None:
    labels = [miss.fault for miss in near_misses(grammar, "metadata-group")]
    first_repeat = next(i for i, label in enumerate(labels) if label in labels[:i])
    assert set(labels) == set(labels[:first_repeat])
