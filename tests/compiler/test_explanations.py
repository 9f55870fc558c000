"""Every code is explained, its bad grammar gets it, and its good grammar gets nothing."""

import re
import subprocess
import sys
from pathlib import Path

import pytest

from abnf_compiler import explanations as module
from abnf_compiler.__main__ import main
from abnf_compiler.commands.explain import what_it_prints
from abnf_compiler.diagnostics import CODES, Severity, page_of
from abnf_compiler.explanations import explanations

KNOWN = explanations()
# The findings whose message leaves nothing to add.
WITHOUT_HINT = {"ABNF104"}  # its expected set names the bracket


def codes_in(printed: str) -> list[str]:
    return re.findall(r"^\S+\.abnf:\d+:\d+: (ABNF\d{3}) (?:warning: )?\S", printed, re.MULTILINE)


def test_every_code_has_an_explanation_in_the_order_of_the_codes() -> None:
    assert list(KNOWN) == list(CODES)
    assert all(each.why.endswith(".") and each.bad != each.good for each in KNOWN.values())


@pytest.mark.parametrize("code", CODES)
def test_the_bad_grammar_gets_its_code_alone_and_the_good_one_is_silent(code: str) -> None:
    each = KNOWN[code]
    status, printed = what_it_prints(each.bad)
    assert set(codes_in(printed)) == {code}
    assert bool(status) == (each.severity is Severity.ERROR)
    assert what_it_prints(each.good) == (0, "")
    assert ("  hint: " in printed) == (code not in WITHOUT_HINT)
    assert ("warning: " in printed) == (each.severity is Severity.WARNING)


@pytest.mark.parametrize("code", ["ABNF101", "ABNF203", "ABNF501", "ABNF502"])
def test_what_is_shown_is_what_the_command_prints(code: str, tmp_path: Path) -> None:
    example = KNOWN[code].bad
    (tmp_path / "example.abnf").write_text(example.text, "utf-8")
    done = subprocess.run(
        [str(Path(sys.executable).with_name("abnfc")), *example.command],
        cwd=tmp_path,
        capture_output=True,
        text=True,
        check=False,
    )
    status, printed = what_it_prints(example) if not example.files else (1, done.stdout)
    found = done.stdout + (done.stderr if status == 2 else "")
    assert (done.returncode, found) == (status, printed)
    assert codes_in(found) == [code] * len(codes_in(found))
    assert codes_in(found)


def test_a_code_without_an_entry_and_a_misspelt_field_are_faults(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    text = module.SOURCE.read_text("utf-8")
    path = tmp_path / "table.toml"
    monkeypatch.setattr(module, "SOURCE", path)
    explanations.cache_clear()
    try:
        path.write_text(text.replace("[ABNF303]", "[ABNF399]"), "utf-8")
        with pytest.raises(ValueError, match="ABNF303, ABNF399"):
            explanations()
        path.write_text(text.replace("about = ", "abuot = ", 1), "utf-8")
        with pytest.raises(ValueError, match="abuot"):
            explanations()
    finally:
        explanations.cache_clear()


def test_explain_prints_what_a_code_means_and_what_its_examples_print(
    capsys: pytest.CaptureFixture[str],
) -> None:
    assert main(["explain", "abnf303", "ABNF203"]) == 0
    out = capsys.readouterr().out
    assert out.startswith("ABNF303 warning: alternative written twice\n")
    assert "example.abnf:1:25: ABNF303 warning: this alternative stands here twice" in out
    assert "with borrowed/http.abnf:\n" in out
    assert page_of("ABNF303") in out
    assert main(["explain"]) == 0
    listed = capsys.readouterr().out.splitlines()
    assert [line.split()[0] for line in listed] == list(CODES)
    assert main(["explain", "ABNF5"]) == 0
    assert re.findall(r"^ABNF\d+", capsys.readouterr().out, re.MULTILINE) == ["ABNF501", "ABNF502"]


def test_a_code_that_does_not_exist_is_an_error_of_usage(
    capsys: pytest.CaptureFixture[str],
) -> None:
    assert main(["explain", "ABNF330"]) == 2
    assert "there is no code ABNF330; did you mean ABNF3" in capsys.readouterr().err


def test_the_help_of_check_names_explain(capsys: pytest.CaptureFixture[str]) -> None:
    with pytest.raises(SystemExit):
        main(["check", "--help"])
    assert capsys.readouterr().out.count("abnfc explain CODE\n") == 1
