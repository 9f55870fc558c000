"""The slope of time against length is that of the matcher, and a slow pattern is found."""

import re
from importlib import import_module

import pytest

from abnf_compiler.automata.pumps import PumpedFamily
from abnf_compiler.grammar import load_resolved
from abnf_compiler.pattern import rule_pattern

LENGTHS = (500, 1000, 2000, 4000)
X_TO_THE_END = PumpedFamily((), (ord("x"),), (0,), True)


@pytest.fixture(scope="module")
def slopes():
    return import_module("slopes")


def test_the_slope_of_a_power_is_its_exponent(slopes) -> None:
    for exponent in (0, 1, 1.5, 2):
        times = [length**exponent * 1e-9 for length in LENGTHS]
        assert slopes.log_slope(times, LENGTHS) == pytest.approx(exponent)


def test_a_quadratic_pattern_is_above_the_limit(slopes) -> None:
    prepare = slopes.in_python(re.compile("x*x*y").fullmatch, octets=False)
    slope = slopes.slope_of(prepare, X_TO_THE_END, LENGTHS)
    assert slope.value > slopes.LIMIT
    row = {"name": "slow", "slope": slope.value, "worst": slopes.shown(slope.family), "met": False}
    assert slopes.missed({"patterns": [row]}) == [f"slow: slope {slope.value} on '' 'x'* '\\x00'"]


def test_a_string_with_another_verdict_than_promised_stops_the_benchmark(slopes) -> None:
    prepare = slopes.in_python(re.compile("x*\0").fullmatch, octets=False)
    with pytest.raises(AssertionError, match="'x'"):
        prepare(X_TO_THE_END, 100)


def test_every_generated_pattern_and_function_is_a_subject(slopes, project) -> None:
    from reply_metadata._generated import reply_grammar

    grammar = load_resolved(project / "grammar/reply-metadata.abnf")
    subjects = {each.name: each for each in slopes.reply_subjects(grammar)}
    rules = {name.split()[1] for name in subjects if " " in name}
    assert rules == set(reply_grammar.RULES)
    assert {"reply_grammar.received_line()", "reply_grammar.metadata_group()"} <= set(subjects)
    for subject in subjects.values():
        for family in subject.families:
            subject.prepare(family, 300)
    accepted = [f for f in subjects["reply_grammar.received_line()"].families if not f.refused]
    assert len(accepted) > 10


def test_what_slows_a_plain_translation_is_among_the_strings(slopes, project) -> None:
    grammar = load_resolved(project / "grammar/reply-metadata.abnf")
    pattern = rule_pattern(grammar, "received-line")
    pump = pattern.proof.plain.pump
    found = slopes.families_of(grammar, "received-line", pattern)
    assert any((each.prefix, each.pump) == (pump.prefix, pump.pump) for each in found)


def test_a_rule_without_a_loop_has_a_line_of_its_own(slopes) -> None:
    row = slopes.measure(slopes.Subject("none", lambda family, length: None, ()))
    assert row == {"name": "none", "families": 0}
    document = {"limit": slopes.LIMIT, "patterns": [row], "missing": {"JavaScript": "no node"}}
    assert "no loop" in slopes.table(document)
    assert "JavaScript: left out, no node" in slopes.table(document)
