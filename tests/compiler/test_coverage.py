"""Coverage counts what the readings of a string show, no more and no less."""

import json
from itertools import islice

import pytest

from abnf_compiler.__main__ import main
from abnf_compiler.engines.compiled import compile_rule
from abnf_compiler.grammar import load_resolved
from abnf_compiler.read.reader import read_grammar
from abnf_compiler.resolve.resolver import resolve
from abnf_compiler.sentences.coverage import Aspect, measure
from abnf_compiler.sentences.derive import Deriver, derive
from abnf_compiler.sentences.goals import Goal
from abnf_compiler.sentences.near_misses import near_misses
from abnf_compiler.sentences.readings import LeftRecursionError, Reader
from abnf_compiler.source import Source

FILE = "grammar/reply-metadata.abnf"


def grammar_of(text):
    return resolve(read_grammar(Source("<text>", text + "\n")), fragment=True)


def missed(text, *strings):
    return {item.what for item in measure(grammar_of(text), "a", strings).missed}


@pytest.fixture(scope="module")
def grammar(project):
    return load_resolved(project / FILE)


@pytest.mark.parametrize(
    ("rule", "strings", "expected"),
    [
        ('a = "x" / "y"', [b"x"], {'the alternative %i"y"'}),
        ('a = "x" / "y"', [b"X", b"Y"], set()),
        ('a = "-" [ "+" ]', [b"-"], {'with "+"'}),
        ('a = "-" [ "+" ]', [b"-+"], {'without "+"'}),
        ("a = %x30-39", [b"0", b"5"], {'%x39, an end of "0"-"9"'}),
        ("a = %x30-39", [b"5"], {'%x30, an end of "0"-"9"', '%x39, an end of "0"-"9"'}),
        ('a = *"-"', [b"-"], {'no "-"', 'several "-"'}),
        ('a = *"-"', [b"", b"--"], set()),
        ('a = 1*3"-"', [b"--"], {'the least, 1 x "-"', 'the most, 3 x "-"'}),
        ('a = 1*3"-"', [b"-", b"---"], set()),
        ('a = 2*"-"', [b"--"], {'more than 2 x "-"'}),
        ('a = 2"-"', [b"--"], set()),
        ('a = b / "+"\nb = "-"', [b"+"], {"the alternative b", "the rule"}),
    ],
)
def test_what_a_set_leaves_out_is_named(rule, strings, expected) -> None:
    assert missed(rule, *strings) == expected


def test_refused_strings_show_nothing_and_are_counted() -> None:
    coverage = measure(grammar_of('a = "-" %x30-39'), "A", [b"-", b"0", b"-55", b""])
    assert (coverage.accepted, coverage.refused) == (0, 4)
    assert coverage.percent == 0
    assert measure(grammar_of('a = "-"'), "a", [b"-", b"-"]).accepted == 1


def test_a_part_that_no_whole_reading_takes_does_not_count() -> None:
    assert missed('a = 1*"-" "+" / 1*"-" "."', b"-+", b"--+") >= {'the alternative 1*"-" "."'}


def test_every_reading_of_an_ambiguous_string_counts_and_it_is_said() -> None:
    coverage = measure(grammar_of('a = b / c\nb = "-"\nc = *"-"'), "a", [b"-", b"--", b""])
    assert coverage.ambiguous == 1
    assert coverage.missed == ()
    assert measure(grammar_of('a = *"-" *"-"'), "a", [b"-"]).ambiguous == 1
    assert measure(grammar_of('a = *( 1*"-" )'), "a", [b"--"]).ambiguous == 1


def test_a_repetition_of_what_may_be_empty_ends() -> None:
    coverage = measure(grammar_of('a = 2*3( *"-" )'), "a", [b"", b"-----"])
    assert coverage.accepted == 2


def test_recursive_rules_are_read_and_left_recursion_is_refused() -> None:
    coverage = measure(grammar_of('a = "(" [ a ] ")"'), "a", [b"(())", b"(()"])
    assert (coverage.accepted, coverage.refused, coverage.missed) == (1, 1, ())
    with pytest.raises(LeftRecursionError):
        measure(grammar_of('a = a "-" / "-"'), "a", [b"--"])


def test_the_verdict_is_that_of_the_compiled_engine(grammar) -> None:
    for rule in ("metadata-group", "referral-uri", "received-line", "stored-arguments"):
        match = compile_rule(grammar, rule).match
        strings = list(islice(derive(grammar, rule, seed=2, max_octets=60), 40))
        strings += [m.octets for m in near_misses(grammar, rule, count=40, max_octets=60)]
        reader = Reader(grammar, rule)
        for octets in strings:
            assert reader.read(octets).accepted is bool(match(octets)), (rule, octets)


def test_the_decisions_of_a_derivation_are_found_again(grammar) -> None:
    for rule in ("metadata-group", "referral-uri", "free-text", "received-line"):
        deriver = Deriver(grammar, rule, max_octets=100)
        for _, derivation in islice(deriver.covering(), 25):
            reader = Reader(grammar, rule)
            reader.read(derivation.sentence())
            for goal in set(deriver.map.met(derivation)) - {Goal(0, -1)}:
                node = deriver.map.places[goal.place].node
                if type(node).__name__ != "CharVal":
                    assert goal.choice in reader.decisions[id(node)], deriver.shows(goal)


def test_the_vectors_show_all_of_every_start_rule(grammar, project) -> None:
    for rule in grammar.annotations.starts:
        text = (project / f"tests/vectors/_generated/{rule}.json").read_text("utf-8")
        strings = [
            record["raw"].encode() if "raw" in record else bytes.fromhex(record["raw_hex"])
            for record in json.loads(text)["vectors"]
            if record["accepted"]
        ]
        coverage = measure(grammar, rule, strings)
        assert coverage.refused == 0
        assert [str(item) for item in coverage.missed] == [], rule


def test_the_command_names_the_place_of_what_is_missed(tmp_path, capsys) -> None:
    file, strings = tmp_path / "a.abnf", tmp_path / "strings"
    file.write_text('a = "x" /\n    "y" %x0A\n')
    strings.write_text("x\n")
    assert main(["coverage", str(file), "a", str(strings)]) == 0
    out = capsys.readouterr().out
    assert out.startswith("a: 66.6 % (2 of 3), 1 string\n")
    assert f"missed: {file}:2:5: a: the alternative " in out
    strings.write_text("x\ny\\n\n")
    assert main(["coverage", "--fail-under", "100", str(file), "a", str(strings)]) == 0
    assert "100.0 %" in capsys.readouterr().out


def test_the_command_fails_under_a_percentage_and_prints_json(tmp_path, project, capsys) -> None:
    strings = tmp_path / "strings"
    strings.write_text("0\n")
    arguments = ["coverage", str(project / FILE), "delta-seconds", str(strings)]
    assert main([*arguments, "--fail-under", "90", "--json"]) == 1
    document = json.loads(capsys.readouterr().out)
    assert document["accepted"] == 1
    assert document["shown"][Aspect.ALTERNATIVE.value] == {"shown": 1, "of": 2}
    assert {"file", "line", "column", "kind", "rule", "what"} == set(document["missed"][0])


def test_the_command_reads_vectors_of_the_rule_only(project, capsys) -> None:
    vectors = str(project / "tests/vectors/_generated/number32.json")
    assert main(["coverage", str(project / FILE), "number32", vectors, "--fail-under", "100"]) == 0
    assert main(["coverage", str(project / FILE), "help-uri", vectors]) == 0
    assert "help-uri: 0.0 %" in capsys.readouterr().out


@pytest.mark.parametrize(
    ("name", "text", "message"),
    [
        ("s", "x\n\\q\n", "s:2:"),
        ("s.json", "[1]", "not a file of vectors"),
        ("s", "\u20ac", "s:1:"),
    ],
)
def test_strings_that_cannot_be_read_are_a_usage_error(
    tmp_path, capsys, name, text, message
) -> None:
    file = tmp_path / "a.abnf"
    file.write_text('a = "x"\n')
    (tmp_path / name).write_text(text, "utf-8")
    assert main(["coverage", str(file), "a", str(tmp_path / name)]) == 2
    assert message in capsys.readouterr().err
