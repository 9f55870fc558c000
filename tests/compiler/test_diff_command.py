"""abnfc diff in a shell: a table or one JSON document, 0, 1 on request, 2 for unusable input."""

import io
import json
import os
import subprocess
import sys
from pathlib import Path

import pytest

from abnf_compiler import Grammar
from abnf_compiler.__main__ import main
from abnf_compiler.read.escapes import unescaped

GRAMMAR = "grammar/reply-metadata.abnf"


@pytest.fixture(autouse=True)
def in_project(project: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(project)


@pytest.fixture
def run(capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch):
    def run_abnfc(*arguments: str | Path, stdin: str = "") -> tuple[int, str, str]:
        monkeypatch.setattr(sys, "stdin", io.TextIOWrapper(io.BytesIO(stdin.encode())))
        try:
            status = main(["diff", *map(str, arguments)])
        except SystemExit as ended:
            status = int(ended.code or 0)
        captured = capsys.readouterr()
        return status, captured.out, captured.err

    return run_abnfc


@pytest.fixture
def files(tmp_path: Path):
    def written(*texts: str) -> list[Path]:
        paths = [tmp_path / f"{number}.abnf" for number in range(len(texts))]
        for path, text in zip(paths, texts, strict=True):
            path.write_text(text, "utf-8")
        return paths

    return written


@pytest.fixture
def edited(tmp_path: Path) -> Path:
    text = Path(GRAMMAR).read_text("utf-8")
    path = tmp_path / "edited.abnf"
    new = text.replace('= ALPHA / DIGIT / "-"\n', '= ALPHA / DIGIT / "-" / "_"\n')
    assert new != text
    path.write_text(new, "utf-8")
    return path


def test_the_table_is_aligned_and_shows_what_changed_with_escaped_witnesses(run, edited) -> None:
    status, out, err = run("--library", "grammar/borrowed", GRAMMAR, edited)
    assert (status, err) == (0, "abnfc: 57 rules: 48 equal, 9 wider\n")
    lines = out.splitlines()
    assert lines[0].split("  ")[0] == "rule"
    columns = [lines[0].index(word) for word in ("result", "only OLD", "only NEW")]
    for line in lines[1:]:
        assert line[columns[0] :].startswith("wider  ")
        assert line[columns[1] :].startswith("-  ")
        assert line[columns[2]] == '"'
        assert all(line[column - 1] == " " for column in columns)
    assert '"200 2.0.0 [a_] a\\r\\n"  through key-character' in lines[1]
    assert lines[-1].split() == ["key-character", "wider", "-", '"_"']


def test_rules_that_are_the_same_are_listed_on_request(run, files) -> None:
    old, new = files('a = "x"\nb = *1a\n', 'a = "x"\nb = [ a ]\n')
    assert run(old, new) == (
        0,
        "rule  result  only OLD  only NEW\nb     equal   -         -         written differently\n",
        "abnfc: 2 rules: 2 equal\n",
    )
    assert "a     equal" in run("--all", old, new)[1]
    assert "a     equal" in run("--rule", "A", old, new)[1]
    assert run(old, old) == (0, "", "abnfc: 2 rules: 2 equal\n")


def test_witnesses_are_quoted_escaped_and_cut(run, files) -> None:
    old, new = files(
        'a = "\\" / %x22 / %x0D\nb = ""\nc = 100"x"\nd = %x1F600\n',
        'a = %x78 %x22 %x5C\nb = "b"\nc = 101"x"\nd = %xFF\n',
    )
    rows = {line.split()[0]: line for line in run(old, new)[1].splitlines()}
    assert '"\\x22"' in rows["a"] or '"\\\\"' in rows["a"] or '"\\r"' in rows["a"]
    assert '"x\\x22\\\\"' in rows["a"]
    assert rows["b"].split()[2:] == ['""', '"b"']
    assert f'"{"x" * 48}..." (100 long)' in rows["c"]
    assert rows["d"].split()[2:] == ['"\U0001f600"', '"\\xFF"']


def test_json_is_one_document_whose_witnesses_can_be_matched(run, edited) -> None:
    status, out, _ = run(
        *("--json", "--library", "grammar/borrowed", "--rule", "METADATA-KEY"),
        *("--rule", "number32", GRAMMAR, edited),
    )
    document = json.loads(out)
    assert status == 0
    assert list(document) == ["old", "new", "equal", "counts", "rules"]
    assert document["counts"]["wider"] == document["counts"]["equal"] == 1
    key, number = document["rules"]
    witness = key.pop("only_new")
    assert key == {
        "rule": "metadata-key",
        "relation": "wider",
        "exact": True,
        "proof": "automata",
        "only_old": None,
        "rewritten": False,
        "through": ["key-character"],
        "note": "",
    }
    assert list(number) == [*list(key)[:5], "only_new", *list(key)[5:]]
    assert (number["relation"], number["proof"]) == ("equal", "definition")
    assert (witness["codes"], witness["shortest"]) == ([*map(ord, witness["text"])], True)
    grammars = [Grammar.from_file(name, library=["grammar/borrowed"]) for name in (GRAMMAR, edited)]
    verdicts = [each.rule("metadata-key").match(unescaped(witness["text"])) for each in grammars]
    assert list(map(bool, verdicts)) == [False, True]


def test_what_is_not_decided_says_so(run, files) -> None:
    old, new = files('a = "(" [ a ] ")"\n', 'a = "()" / "(" a ")" / "x"\n')
    _, out, err = run(old, new)
    assert "a     wider (bounded)" in out
    assert "no string found that only the old rule accepts up to " in out
    assert err == "abnfc: 1 rule: 1 wider\n"
    old, new = files("a = 1*30000DIGIT\n", "a = 1*30001DIGIT\n")
    assert "a     not decided" in run(old, new)[1]
    assert "positions" in run(old, new)[1]


def test_the_exit_status_is_1_on_request_unless_all_is_equal(run, files) -> None:
    old, new, same = files('a = "x"\nb = a\n', 'a = "x"\nb = "y"\n', 'a = "X"\nb = a\n')
    assert run(old, new)[0] == 0
    assert run("--exit-code", old, new)[0] == 1
    assert run("--exit-code", "--json", old, new)[0] == 1
    assert run("--exit-code", "--rule", "a", old, new)[0] == 0
    assert run("--exit-code", old, same)[0] == 0
    added = files('a = "x"\n', 'a = "x"\nb = a\n')
    assert run("--exit-code", *added)[0] == 1
    bounded = files('a = "(" [ a ] ")"\n', 'a = "()" / "(" a ")"\n')
    assert run("--exit-code", *bounded)[0] == 1


def test_one_grammar_may_be_standard_input(run, files) -> None:
    (old,) = files('a = "x"\n')
    assert '"y"' in run(old, "-", stdin='a = "x" / "y"\n')[1]
    status, out, err = run("-", "-", stdin='a = "x"\n')
    assert (status, out) == (2, "")
    assert "standard input" in err


def test_fragments_may_lack_rules(run, files) -> None:
    old, new = files('a = b "x"\n', 'a = b "x" / "c" %x0A b\n')
    assert run(old, new)[0] == 2
    status, out, _ = run("--fragment", old, new)
    assert status == 0
    assert 'only the new rule would accept "c" %x0A <b>' in out


def test_faulty_grammars_are_unusable_and_the_findings_of_both_are_printed(run, files) -> None:
    old, new = files("a = nosuch\n", 'a = "x\n')
    status, out, err = run("--json", old, new)
    assert (status, out) == (2, "")
    assert f"{old}:1:5: ABNF201 " in err
    assert f"{new}:1:5: ABNF102 " in err
    for arguments in (
        (old, "no-such-file.abnf"),
        ("grammar", GRAMMAR),
        (GRAMMAR,),
        ("--rule", "no-such-rule", GRAMMAR, GRAMMAR),
        ("--nonsense", GRAMMAR, GRAMMAR),
    ):
        status, out, err = run(*arguments)
        assert (status, out) == (2, "")
        assert err
        assert "Traceback" not in err


def test_the_example_of_the_help_runs(run) -> None:
    status, text, _ = run("--help")
    assert status == 0
    words = text.partition("example:\n")[2].split()
    assert words[:2] == ["abnfc", "diff"]
    assert run(*words[2:])[0] == 0


def test_one_edit_of_the_project_grammar_is_compared_quickly(edited: Path) -> None:
    arguments = ["diff", "--library", "grammar/borrowed", GRAMMAR, str(edited)]
    seconds = []
    for _ in range(3):
        before = os.times()
        result = subprocess.run(
            [sys.executable, "-m", "abnf_compiler", *arguments],
            capture_output=True,
            check=False,
            env={**os.environ, "PYTHONPATH": "grammar"},
        )
        after = os.times()
        assert (result.returncode, result.stdout[:4]) == (0, b"rule")
        seconds.append(
            after.children_user
            - before.children_user
            + after.children_system
            - before.children_system
        )
    assert min(seconds) < 1.5
