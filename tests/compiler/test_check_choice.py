"""Which findings `abnfc check` shows, how it ends, and when it uses colours."""

import io
import json
import os
import pty
import re
import subprocess
import sys
from pathlib import Path

import pytest

from abnf_compiler.__main__ import main
from abnf_compiler.diagnostics import COLOURED, render
from abnf_compiler.read.reader import read_leniently
from abnf_compiler.source import Source

WARNINGS = 'a = B / "x" / "X" / 0*1c ; caf\u00e9\nb = c\nc = b "y" / "z"\n'  # 302 303 304 307 401
ESCAPE = re.compile(r"\x1b\[[0-9;]*m")


@pytest.fixture
def run(capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch):
    def run_check(*arguments: str, stdin: str = WARNINGS) -> tuple[int, list[str], str]:
        monkeypatch.setattr(sys, "stdin", io.TextIOWrapper(io.BytesIO(stdin.encode())))
        try:
            status = main(["check", *arguments, "-"])
        except SystemExit as ended:
            status = int(ended.code or 0)
        captured = capsys.readouterr()
        return status, re.findall(r"^<stdin>\S+ (ABNF\d+)", captured.out, re.M), captured.err

    return run_check


@pytest.mark.parametrize(
    ("arguments", "codes"),
    [
        ([], "302 303 307 304 401"),
        (["--select", "ABNF3"], "302 303 307 304"),
        (["--select", "ABNF303,ABNF4"], "303 401"),
        (["--select", "ABNF303", "--select", "abnf401"], "303 401"),
        (["--ignore", "ABNF30"], "401"),
        (["--ignore", "ABNF302, ABNF304"], "303 307 401"),
        (["--select", "ABNF3", "--ignore", "ABNF303"], "302 307 304"),
        (["--select", "ABNF5"], ""),
    ],
)
def test_warnings_are_chosen_by_code_or_the_start_of_codes(run, arguments, codes) -> None:
    status, found, err = run(*arguments)
    assert (status, found) == (0, [f"ABNF{each}" for each in codes.split()])
    hidden = 5 - len(found)
    assert (f", {hidden} hidden" in err) == bool(hidden)
    assert run("--strict", *arguments)[0] == int(bool(found))


@pytest.mark.parametrize("choice", ["--select=ABNF304", "--ignore=ABNF201", "--ignore=ABNF2,ABNF1"])
def test_an_error_is_never_hidden(run, choice) -> None:
    status, found, err = run(choice, stdin="a = c\nb := d\n")
    assert (status, found) == (1, ["ABNF201", "ABNF101"])
    assert ("ABNF201 is an error here; errors cannot be ignored" in err) == (
        choice == "--ignore=ABNF201"
    )


def test_what_is_a_warning_in_a_fragment_can_be_ignored_there(run) -> None:
    assert run("--fragment", "--ignore", "ABNF201", stdin="a = c\n") == (
        0,
        [],
        "abnfc: 1 rule, 0 errors, 0 warnings, 1 hidden\n",
    )


@pytest.mark.parametrize(
    "codes", ["ABNF", "ABNF9", "ABNF330", "X", "", "ABNF303,,ABNF304", "ABNF3033"]
)
@pytest.mark.parametrize("option", ["--select", "--ignore"])
def test_a_code_that_does_not_exist_is_an_error_of_usage(run, option, codes) -> None:
    status, found, err = run(option, codes)
    assert (status, found) == (2, [])
    assert "no code begins with" in err


def test_json_holds_what_is_chosen(run, capsys, monkeypatch) -> None:
    monkeypatch.setattr(sys, "stdin", io.TextIOWrapper(io.BytesIO(WARNINGS.encode())))
    main(["check", "--json", "--select", "ABNF303", "-"])
    (file,) = json.loads(capsys.readouterr().out)["files"]
    (only,) = file["diagnostics"]
    assert (only["code"], only["page"]) == ("ABNF303", "reference/diagnostics.html#abnf303")
    assert (only["line"], only["column"], only["severity"]) == (1, 15, "warning")


def test_several_errors_are_reported_in_one_run(run) -> None:
    text = 'a = (\nb = "x\nc = d |\n1e = f\ng = %x1Z 9-8\nh = i\ni = i\nj = %x2-1\nk = 3*2"x"\n'
    status, found, _ = run(stdin=text)
    assert status == 1
    assert len(found) == 10
    assert set(found) == {
        "ABNF104", "ABNF102", "ABNF101", "ABNF401", "ABNF402", "ABNF403", "ABNF404",
    }  # fmt: skip


def test_lines_too_long_are_errors_on_request(run) -> None:
    text = f'; @example a: {"x" * 70}\na = "{"b" * 61}"  ; c\n; {"d" * 68}\n'
    assert run(stdin=text)[:2] == (0, [])
    assert run("--max-columns", "69", stdin=text)[:2] == (1, ["ABNF501", "ABNF501"])
    assert run("--max-columns", "72", stdin=text)[:2] == (0, [])
    assert run("--max-columns", "6_9", stdin=text)[0] == 2


def on_a_terminal(path: Path, *arguments: str, **environment: str) -> str:
    """What `abnfc check` writes when its standard output is a terminal."""
    master, slave = pty.openpty()
    kept = {name: value for name, value in os.environ.items() if name not in ("NO_COLOR", "TERM")}
    process = subprocess.Popen(
        [Path(sys.executable).with_name("abnfc"), "check", *arguments, path],
        stdout=slave,
        stderr=subprocess.DEVNULL,
        env={**kept, "TERM": "xterm", **environment},
    )
    os.close(slave)
    shown = b""
    try:
        while chunk := os.read(master, 4096):
            shown += chunk
    except OSError:  # Linux reports the other end's closing as an error
        pass
    process.wait()
    os.close(master)
    return shown.decode().replace("\r\n", "\n")


def test_colours_are_for_terminals_that_want_them(tmp_path: Path, run) -> None:
    path = tmp_path / "a.abnf"
    path.write_text("a = b | c\nd = 0*1DIGIT\n", "utf-8")
    coloured = on_a_terminal(path)
    plain = subprocess.run(
        [Path(sys.executable).with_name("abnfc"), "check", path],
        capture_output=True,
        text=True,
        check=False,
    ).stdout
    assert "\x1b" not in plain
    assert "\x1b[1;31mABNF101\x1b[0m" in coloured
    assert "\x1b[1;33mABNF307\x1b[0m" in coloured
    assert ESCAPE.sub("", coloured) == plain
    assert on_a_terminal(path, NO_COLOR="1") == plain
    assert on_a_terminal(path, NO_COLOR="") == coloured
    assert on_a_terminal(path, TERM="dumb") == plain
    assert "\x1b" not in on_a_terminal(path, "--json")


def test_every_colour_is_switched_off_again() -> None:
    (found,) = read_leniently(Source("a.abnf", "a = \x1b[31m\n")).diagnostics
    text = render(found, COLOURED)
    assert "\x1b[31m" not in text
    for line in text.split("\n"):
        assert line.count("\x1b[0m") * 2 == line.count("\x1b")
