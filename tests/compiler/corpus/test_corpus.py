"""Every grammar of the corpus is read as the committed table says; `make check-corpus` does all."""

import json
import sys
from dataclasses import replace
from random import Random

import corpus as program
import pytest
from corpus_grammars import MODULES, RFC_TEXTS, SELF_CONTAINED, corpus_grammars
from corpus_outputs import CorpusError, JavaScriptCase, Outputs, outputs_of, svgcheck

from abnf_compiler.emit.railroad_svg import railroad_svg
from abnf_compiler.grammar import Grammar

DRAWN = 60  # rules of the sample whose outputs are made
LARGE = 120  # characters of a rule that is made into a pattern in no time
MADE = ("outputs", "without pattern")


@pytest.fixture(scope="module")
def grammars(test_data, tmp_path_factory):
    return corpus_grammars(test_data, tmp_path_factory.mktemp("corpus") / "abnf")


@pytest.fixture(scope="module")
def table():
    return json.loads(program.TABLE.read_text("utf-8"))


def test_the_table_is_that_of_these_grammars_as_they_are_read_now(grammars, table) -> None:
    fresh = [program.row(each, each.examined(), Outputs()) for each in grammars]
    assert [{k: v for k, v in row.items() if k not in MADE} for row in fresh] == [
        {k: v for k, v in row.items() if k not in MADE} for row in table["grammars"]
    ]
    assert table["generated"].endswith(program.digest(grammars))


def test_the_table_has_all_sets_whole_and_every_rule_drawn(table) -> None:
    rows = table["grammars"]
    sizes = {kind: sum(row["set"] == kind for row in rows) for kind in program.SETS}
    assert sizes == {RFC_TEXTS: 56, SELF_CONTAINED: 14, MODULES: 33}
    for row in rows:
        outputs = row["outputs"]
        assert outputs["page"] == outputs["rfc"] == outputs["text"] == row["rules"]
        assert outputs.get("python", 0) + sum(row["without pattern"].values()) == row["rules"]


def test_a_sample_of_rules_has_right_diagrams_and_patterns(grammars, tmp_path) -> None:
    examined = [grammar.examined().grammar for grammar in grammars]
    rules = [
        (grammar, rule)
        for grammar in examined
        for rule in grammar.own_rules()
        if len(rule.definition.span.text) <= LARGE
    ]
    made = []
    for grammar, rule in Random(5234).sample(rules, DRAWN):
        outputs = outputs_of(grammar, [rule])
        assert outputs.counts["rfc"] == 1
        made.append((grammar.name, outputs))
    assert sum(outputs.counts["python"] for _, outputs in made) > DRAWN / 4
    assert "the right verdict on" in program.run_javascript(made, tmp_path) or not program.node()


def test_the_modules_of_a_grammar_give_the_verdicts_of_its_automata(grammars, tmp_path) -> None:
    (grammar,) = (each for each in grammars if each.kind == RFC_TEXTS and each.name == "rfc9208")
    outputs = outputs_of(grammar.examined().grammar)
    assert outputs.counts["modules"] == 1
    program.run_javascript([(grammar.name, outputs)], tmp_path)


def test_javascript_that_is_wrong_is_noticed(node, tmp_path) -> None:
    wrong = Outputs(cases=[JavaScriptCase("a", "^(?:b)$", "", [("b", True), ("c", True)])])
    with pytest.raises(CorpusError, match='"string":"c"'):
        program.run_javascript([("test", wrong)], tmp_path)


def test_a_diagram_for_pages_does_not_pass_as_one_for_an_rfc() -> None:
    grammar = Grammar.from_text('a = "x" / b\nb = DIGIT\n').resolved
    assert "aria-labelledby" in svgcheck(railroad_svg(grammar, "a", link=lambda key: ""))
    assert not svgcheck(railroad_svg(grammar, "a", link=lambda key: "", profile="rfc"))


def says(text, status):
    """An `abnfc` that prints a line and ends."""

    def abnfc(arguments):
        sys.stdout.write(f"{text}\n")
        return status

    return abnfc


def test_a_crash_a_strange_line_and_a_slow_check_fail(grammars, monkeypatch) -> None:
    grammar = replace(grammars[0], imports=())

    def crash(arguments):
        raise RecursionError

    monkeypatch.setattr(program, "abnfc", crash)
    with pytest.raises(RecursionError):
        program.checked(grammar)
    monkeypatch.setattr(program, "abnfc", says("something is wrong", 1))
    with pytest.raises(CorpusError, match="something is wrong"):
        program.checked(grammar)
    monkeypatch.setattr(program, "abnfc", says("a:1:1: ABNF101 x", 0))
    with pytest.raises(CorpusError, match="status 0"):
        program.checked(grammar)
    monkeypatch.setattr(program, "abnfc", lambda arguments: 0)
    monkeypatch.setattr(program, "LIMIT_S", 0.0)
    with pytest.raises(CorpusError, match="took"):
        program.checked(grammar)
