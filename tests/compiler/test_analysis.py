"""What is known about a rule is true, and `abnfc check --analysis` says it."""

import io
import json
import re
import sys
from pathlib import Path

import pytest

from abnf_compiler import Analysis, Grammar
from abnf_compiler.__main__ import main
from abnf_compiler.automata.ambiguity import Growth
from abnf_compiler.emit.analysis_text import analysis_text

RULES = """
; @start start
start   = fixed / nested / slow / squares / twice / plain
fixed   = "a" / "b"
tail    = "x" [ tail ]
nested  = "(" *nested ")"
slow    = *( "x" / "xx" ) "z"
squares = *"x" *"x"
twice   = "p" / "p" "q" / %x70
plain   = ("l" / "l" "m") "n"
"""
PROSE = 'good = "x"\nbad = good <prose>\nworse = [ "(" worse ")" ] bad\n'


@pytest.fixture(scope="module")
def rules() -> Grammar:
    return Grammar.from_text(RULES)


@pytest.fixture
def run(capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch):
    def run_check(*arguments: str, stdin: str = RULES) -> tuple[int, str]:
        monkeypatch.setattr(sys, "stdin", io.TextIOWrapper(io.BytesIO(stdin.encode())))
        status = main(["check", "--analysis", *arguments])
        return status, capsys.readouterr().out

    return run_check


def test_the_analysis_of_a_rule_is_made_once(rules: Grammar) -> None:
    facts = rules.rule("fixed").analysis
    assert isinstance(facts, Analysis)
    assert rules.rule("FIXED").analysis is facts


def test_a_deterministic_rule_is_linear_everywhere(rules: Grammar) -> None:
    facts = rules.rule("fixed").analysis
    assert (facts.regular, facts.recursive, facts.deterministic) == (True, False, True)
    assert (facts.ambiguous, facts.witness, facts.states) == (False, None, 2)
    assert (facts.backtracking.growth, facts.engine) == (Growth.BOUNDED, "compiled")


def test_choices_that_need_more_than_one_character_are_not_deterministic(rules: Grammar) -> None:
    facts = rules.rule("plain").analysis
    assert (facts.deterministic, facts.ambiguous) == (False, False)
    assert facts.backtracking.growth is Growth.BOUNDED


def test_recursion_at_one_end_is_regular_and_other_recursion_is_not(rules: Grammar) -> None:
    tail, nested = rules.rule("tail").analysis, rules.rule("nested").analysis
    assert (tail.regular, tail.recursive, tail.engine) == (True, True, "compiled")
    assert (nested.regular, nested.recursive, nested.engine) == (False, True, "earley")
    assert nested.cycles == (("nested",),)
    assert (nested.ambiguous, nested.backtracking, nested.states) == (False, None, None)


def test_an_ambiguous_rule_has_a_shortest_string_with_two_readings(rules: Grammar) -> None:
    twice = rules.rule("twice").analysis
    assert (twice.ambiguous, chr(twice.witness[0]).lower()) == (True, "p")
    assert "".join(map(chr, rules.rule("slow").analysis.witness)).lower() == "xxz"


def test_alternatives_that_are_the_same_characters_are_one_reading() -> None:
    grammar = Grammar.from_text("a = DIGIT / HEXDIG / ALPHA\nb = 1*DIGIT / 1*HEXDIG\n")
    assert grammar.rule("a").analysis.ambiguous is False
    assert grammar.rule("b").analysis.ambiguous is True


def test_backtracking_is_told_apart_by_how_it_grows(rules: Grammar) -> None:
    assert rules.rule("slow").analysis.backtracking.growth is Growth.EXPONENTIAL
    assert rules.rule("squares").analysis.backtracking.growth is Growth.POLYNOMIAL
    assert rules.rule("twice").analysis.backtracking.growth is Growth.BOUNDED


def test_the_page_of_a_rule_says_what_decides_it_and_why(rules: Grammar) -> None:
    texts = {name: analysis_text(rules.resolved, name) for name in ("nested", "slow", "twice")}
    assert "Lark's Earley parser, character by character: no automaton" in texts["nested"]
    assert "The next character decides every choice" in texts["nested"]
    assert "Unambiguous: every string has one reading." in texts["nested"]
    assert "one pattern of Python's `re` in linear time" in texts["slow"]
    assert "exponential time on " in texts["slow"]
    assert re.search(r"Ambiguous: .+ has two readings; ", texts["twice"])
    searched = analysis_text(Grammar.from_text('p = "a" p "a" / "a" / ""\n').resolved, "p")
    assert re.search(r"No string of up to [0-9]+ characters has two readings", searched)


def test_a_rule_that_needs_prose_has_no_engine() -> None:
    grammar = Grammar.from_text(PROSE)
    assert [grammar.rule(name).analysis.engine for name in ("good", "bad", "worse")] == [
        "compiled",
        "",
        "",
    ]


def test_the_command_says_it_in_one_line_for_each_rule(run) -> None:
    status, out = run("-")
    assert status == 0
    found = [line.split(": ", 2) for line in out.splitlines() if line.startswith("<stdin>: ")]
    lines = {rule: facts for _, rule, facts in found}
    assert lines["fixed"] == (
        "reachable, regular, deterministic, unambiguous, backtracking linear, 2 states, "
        "engine compiled, pattern deterministic"
    )
    assert lines["nested"] == (
        "reachable, recursive (nested -> nested), not regular, deterministic, unambiguous, "
        "engine earley"
    )
    assert lines["tail"].startswith("not reachable, recursive (tail -> tail), regular, ")
    assert 'ambiguous on "xxz"' in lines["slow"]
    assert "backtracking exponential on " in lines["slow"]
    assert "backtracking polynomial on " in lines["squares"]


def test_json_has_the_same_facts_and_null_for_what_is_not_known(run) -> None:
    status, out = run("--json", "-")
    facts = {each["rule"]: each for each in json.loads(out)["files"][0]["analysis"]}
    assert status == 0
    assert set(facts) == {line.split(" ")[0] for line in RULES.splitlines()[2:]}
    assert facts["slow"]["backtracking"] == "exponential"
    assert facts["slow"]["backtracking_pump"]
    assert facts["fixed"]["backtracking"] == "linear"
    assert facts["fixed"]["backtracking_pump"] is None
    assert [chr(code).lower() for code in facts["twice"]["ambiguous_string"]] == ["p"]
    assert (facts["tail"]["reachable"], facts["start"]["reachable"]) == (False, True)
    nested = facts["nested"]
    assert (nested["regular"], nested["engine"], nested["cycles"]) == (
        False,
        "earley",
        [["nested"]],
    )
    assert (nested["ambiguous"], nested["deterministic"]) == (False, True)
    assert [nested[key] for key in ("backtracking", "states", "proof")] == [None] * 3
    assert facts["twice"]["ambiguous_string_is_shortest"] is True
    assert facts["fixed"]["ambiguous_string_is_shortest"] is None
    assert nested["note"]


def test_what_was_searched_of_a_recursive_rule_is_said(run) -> None:
    text = 'p = %s"a" p %s"a" / %s"a" / ""\nq = q "+" q / "1"\n'
    lines = run("-", stdin=text)[1].splitlines()
    assert re.search(r" p: .*, unambiguous up to [0-9]+ characters, engine earley$", lines[-2])
    assert 'ambiguous on "1+1+1", engine earley' in lines[-1]
    facts = json.loads(run("--json", "-", stdin=text)[1])["files"][0]["analysis"]
    assert facts[0]["ambiguous"] is None
    assert facts[0]["unambiguous_up_to"] > 5
    assert facts[1]["ambiguous_string_is_shortest"] is True


def test_nothing_is_reachable_or_not_without_a_start(run) -> None:
    _, out = run("--json", "--fragment", "-", stdin=PROSE)
    facts = json.loads(out)["files"][0]["analysis"]
    assert [each["reachable"] for each in facts] == [None] * 3
    assert [each["regular"] for each in facts] == [True, None, None]
    _, out = run("--fragment", "-", stdin=PROSE)
    assert "<stdin>: bad: no engine: it needs prose\n" in out


def test_a_grammar_with_errors_has_no_analysis(run) -> None:
    status, out = run("-", stdin='a = "x"\nb = c\n')
    assert status == 1
    assert "regular" not in out
    status, out = run("--json", "-", stdin='a = "x"\nb = c\n')
    assert json.loads(out)["files"][0]["analysis"] == []


def test_without_the_option_the_document_is_as_it_was(
    capsys: pytest.CaptureFixture[str], project: Path
) -> None:
    main(["check", "--json", str(project / "grammar/reply-metadata.abnf")])
    (file,) = json.loads(capsys.readouterr().out)["files"]
    assert set(file) == {"file", "rules", "diagnostics"}


def test_every_rule_of_the_project_is_regular_compiled_and_known(project: Path) -> None:
    grammar = Grammar.from_file(project / "grammar/reply-metadata.abnf")
    for rule in grammar.rules:
        facts = rule.analysis
        assert (facts.regular, facts.engine, facts.note) == (True, "compiled", ""), rule
        assert facts.backtracking.growth is not Growth.EXPONENTIAL
