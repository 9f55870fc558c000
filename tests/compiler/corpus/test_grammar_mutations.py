"""Single mutations of valid grammars are settled; a sample here, `make grammar-mutations` all."""

from types import SimpleNamespace

import grammar_mutations as program
import pytest

from abnf_compiler.diff import Relation

SAMPLE = ("rfc-abnf/rfc3986.abnf", "rfc-abnf/rfc4616.abnf", "strings/grammars/rfc7240.abnf")


def test_a_sample_of_mutants_is_refused_or_changed_or_proved_equal(test_data) -> None:
    results = list(program.outcomes(test_data, SAMPLE, each=2, seed=1))
    assert [each for each in results if each.verdict == program.UNSETTLED] == []
    right, syntax = program.caret_share(results)
    assert right >= program.CARET_SHARE * syntax > 20
    assert {each.verdict for each in results} == {program.REFUSED, program.CHANGED, program.EQUAL}
    assert {each.mutant.mutation for each in results} == set(program.MUTATIONS)


def test_there_are_thirteen_mutations_and_twenty_grammars() -> None:
    assert len({each.name for each in program.MUTATIONS}) == len(program.MUTATIONS) == 13
    assert len(set(program.GRAMMARS)) == 20


def test_a_mutation_changes_one_place_and_no_comment_or_prose() -> None:
    text = 'a = b / <x / y> ; c / d\n    / "e / f"\n'
    made = list(program.mutants("test", text, each=9, seed=0))
    assert len({each.mutation for each in made}) > 5
    for mutant in made:
        assert "<x / y> ; c / d" in mutant.text
        assert mutant.text != text
        lines = zip(text.split("\n"), mutant.text.split("\n"), strict=False)
        changed = [number for number, (old, new) in enumerate(lines, 1) if old != new]
        assert changed[0] == mutant.line or mutant.mutation.name == "a definition twice"


def test_a_mutant_that_diff_neither_reports_nor_proves_equal_fails(
    test_data, monkeypatch, capsys
) -> None:
    row = SimpleNamespace(name="a", relation=Relation.NO_DIFFERENCE_FOUND, exact=False)
    monkeypatch.setattr(program, "GRAMMARS", SAMPLE[1:2])
    monkeypatch.setattr(program.outcomes, "__defaults__", (SAMPLE[1:2],))
    monkeypatch.setattr("sys.argv", ["program", str(test_data)])
    assert program.main() == 0
    monkeypatch.setattr(program, "diff_grammars", lambda *_, **__: SimpleNamespace(rules=[row]))
    assert program.main() == 1
    assert "unsettled: a" in capsys.readouterr().out


def test_a_grammar_that_is_not_valid_is_no_ground_to_stand_on(tmp_path) -> None:
    (tmp_path / "x.abnf").write_text("a = b\n")
    with pytest.raises(ValueError, match="no valid grammar"):
        list(program.outcomes(tmp_path, ["x.abnf"]))
