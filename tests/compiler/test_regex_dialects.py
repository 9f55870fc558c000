"""`abnfc regex`: one rule as a pattern for Python or JavaScript, right and linear, or refused."""

import json
import re

import pytest

from abnf_compiler.__main__ import main

SLOW = """\
a = *( 1*ALPHA ) "!"
b = *( ALPHA / ALPHA ALPHA ) "."
c = "(" [ c ] ")"
d = 1*%x1F600-1F64F
"""
WORDS = ("", "!", "ab!", "ab", "ab.", "a.", ".", "()", "!!", "\U0001f600", "\U0001f600!")


@pytest.fixture
def path(tmp_path):
    (tmp_path / "a.abnf").write_text(SLOW)
    return str(tmp_path / "a.abnf")


def run(capsys, *arguments):
    status = main(["regex", *arguments])
    captured = capsys.readouterr()
    return status, captured.out.rstrip("\n"), captured.err


@pytest.mark.parametrize("rule", ["a", "b", "d"])
def test_both_dialects_give_the_same_verdicts(rule, path, node, capsys) -> None:
    _, python, _ = run(capsys, path, rule)
    _, script, note = run(capsys, "--dialect", "javascript", path, rule)
    flags = "u" if 'flag "u"' in note else ""
    assert flags == ("u" if rule == "d" else "")
    program = f"""
        const pattern = new RegExp({json.dumps(script)}, {json.dumps(flags)});
        for (const word of {json.dumps(WORDS)}) console.log(JSON.stringify(pattern.test(word)));
    """
    verdicts = [re.fullmatch(python, word) is not None for word in WORDS]
    assert node(program, text=True) == verdicts
    assert True in verdicts


@pytest.mark.parametrize("rule", ["a", "b"])
def test_javascript_has_no_atomic_group_and_python_says_why_it_is_linear(
    rule, path, capsys
) -> None:
    status, script, note = run(capsys, "--dialect", "javascript", path, rule)
    assert status == 0
    assert "(?>" not in script
    assert not re.search(r"[*+?}]\+", script)
    assert re.search(r"is (deterministic|eliminated): [A-Z].+\. For a binary string", note)
    status, _, note = run(capsys, path, rule)
    assert (status, note.count("\n")) == (0, 1)


@pytest.mark.parametrize("dialect", ["python", "javascript"])
def test_a_rule_that_is_not_regular_is_refused_with_the_reason(dialect, path, capsys) -> None:
    status, pattern, note = run(capsys, "--dialect", dialect, path, "c")
    assert (status, pattern) == (1, "")
    assert "rule c is not regular: recursion in the middle: c -> c" in note


def test_an_unknown_dialect_is_a_usage_error(path, capsys) -> None:
    with pytest.raises(SystemExit) as stopped:
        main(["regex", "--dialect", "perl", path, "a"])
    assert stopped.value.code == 2
    assert "python" in capsys.readouterr().err


def test_a_long_hostile_string_takes_no_time_in_javascript(path, node, capsys) -> None:
    _, script, _ = run(capsys, "--dialect", "javascript", path, "a")
    program = f"""
        const pattern = new RegExp({json.dumps(script)});
        console.log(JSON.stringify(pattern.test("a".repeat(20000))));
    """
    assert node(program, text=True) == [False]
