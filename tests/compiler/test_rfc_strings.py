"""The verdicts on strings of 14 RFCs are those other tools gave; `make rfc-strings` tries all."""

import runpy
from itertools import islice
from pathlib import Path
from random import Random
from types import SimpleNamespace

import pytest

from abnf_compiler.automata.expression import position_count
from abnf_compiler.automata.normal_form import AutomataError, to_regex
from abnf_compiler.engines import compiled, earley

RULES = 16  # of each RFC
LARGE = 400  # characters of a rule written out; larger ones take seconds to compile
SHORT = 24  # characters Earley reads in a few milliseconds
ATEXT = {"rfc": "rfc5322", "rule": "atext", "string": "@", "recorded": "accepted"}


@pytest.fixture(scope="module")
def program(project: Path):
    return SimpleNamespace(**runpy.run_path(str(project / "tests/compiler/rfc_strings.py")))


def size_of(grammar, rule):
    try:
        return position_count(to_regex(grammar, rule))
    except AutomataError:
        return None


def test_a_sample_of_the_strings_gets_the_recorded_verdict(program, test_data: Path) -> None:
    random = Random(5234)
    listed, _ = program.listed_differences(program.DIFFERENCES.read_text("utf-8"))
    engines: dict[str, int] = {}
    for rfc in program.grammar_names(test_data):
        grammar = program.load_grammar(test_data, rfc)
        strings = program.recorded_strings(test_data, rfc)
        order = random.sample(sorted(strings), len(strings))
        sizes = ((rule, size_of(grammar, rule)) for rule in order)
        for rule, size in islice((each for each in sizes if (each[1] or 0) <= LARGE), RULES):
            if size is None:
                short = [each for each in strings[rule] if len(each.string) <= SHORT]
                engine, matcher = earley.ENGINE, earley.compile_rule(grammar, rule)
                chosen = random.sample(short, min(3, len(short)))
            else:
                engine, matcher = compiled.ENGINE, compiled.compile_rule(grammar, rule)
                chosen = strings[rule]
            assert set(program.wrong_verdicts(matcher, chosen)) <= listed
            engines[engine] = engines.get(engine, 0) + len(chosen)
    assert engines["compiled"] > 10_000
    assert engines["earley"] > 20


def test_strings_are_code_points_and_octets_are_octets(program, test_data: Path) -> None:
    grammar = program.load_grammar(test_data, "rfc9116")
    rule = compiled.compile_rule(grammar, "comment")
    strings = program.recorded_strings(test_data, "rfc9116")["comment"]
    high = [each for each in strings if any(ord(character) > 0xFF for character in each.string)]
    assert high
    assert all(bool(rule.match(each.string)) is each.accepted for each in high)
    for each in strings:
        if all(ord(character) <= 0xFF for character in each.string):
            assert bool(rule.match(each.string.encode("latin-1"))) is each.accepted


def test_the_list_of_differences_is_well_formed(program) -> None:
    _, problems = program.listed_differences(program.DIFFERENCES.read_text("utf-8"))
    assert problems == []


def entry(**changed: str) -> str:
    values = ATEXT | {"evidence": "RFC 5322, Section 3.2.3: no specials"} | changed
    lines = [f'{key} = "{value}"' for key, value in values.items() if value]
    return "\n".join(["[[difference]]", *lines, ""])


@pytest.mark.parametrize(
    ("changed", "problem"),
    [
        ({"evidence": "it is so"}, "names no RFC"),
        ({"evidence": ""}, "five keys"),
        ({"recorded": "yes"}, "accepted or refused"),
    ],
)
def test_an_entry_without_evidence_is_a_problem(program, changed, problem) -> None:
    listed, problems = program.listed_differences(entry(**changed))
    assert not listed
    assert problem in problems[0]


def test_only_a_listed_difference_is_no_problem(program) -> None:
    listed, problems = program.listed_differences(entry())
    assert problems == []
    (wrong,) = listed
    assert program.compare_differences([wrong], [wrong], listed) == []
    assert program.compare_differences([wrong], [wrong], set()) == [
        "rfc5322 atext: '@' is refused, recorded as accepted"
    ]


def test_an_entry_that_is_no_longer_a_difference_is_a_problem(program) -> None:
    listed, _ = program.listed_differences(entry())
    (settled,) = program.compare_differences([], listed, listed)
    assert settled.endswith("is listed and no longer a difference")
    (unknown,) = program.compare_differences([], [], listed)
    assert unknown.endswith("is listed and not among the strings")


def test_an_engine_that_is_wrong_is_found(program, test_data: Path) -> None:
    grammar = program.load_grammar(test_data, "rfc5322")
    rule = compiled.compile_rule(grammar, "ALPHA")
    strings = program.recorded_strings(test_data, "rfc5322")["atext"]
    wrong = list(program.wrong_verdicts(rule, strings))
    assert wrong
    assert all(each.accepted for each in wrong)


def test_the_sample_holds_every_listed_string(program) -> None:
    waiting = [program.Recorded("rfc5234", "rule", str(each), True) for each in range(500)]
    listed = set(waiting[:5])
    chosen = program.sample(waiting, 20, 1, listed)
    assert listed <= set(chosen)
    assert 20 <= len(chosen) <= 25
    assert chosen == program.sample(waiting, 20, 1, listed)
    assert program.sample(waiting, 0, 1, set()) == waiting
