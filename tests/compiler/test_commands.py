"""abnfc in a shell: results on stdout, messages on stderr, 0, 1 or 2, and never a traceback."""

import io
import json
import os
import re
import shlex
import subprocess
import sys
from pathlib import Path

import pytest

from abnf_compiler import Grammar
from abnf_compiler.__main__ import main
from abnf_compiler.commands import COMMANDS
from abnf_compiler.read.escapes import unescaped

GRAMMAR = "grammar/reply-metadata.abnf"
INSTALL = "pip install 'smtp-reply-metadata[compiler]'"


@pytest.fixture(autouse=True)
def in_project(project: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(project)


@pytest.fixture
def run(capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch):
    def run_abnfc(*arguments: str | Path, stdin: bytes = b"") -> tuple[int, str, str]:
        monkeypatch.setattr(sys, "stdin", io.TextIOWrapper(io.BytesIO(stdin)))
        try:
            status = main([str(each) for each in arguments])
        except SystemExit as ended:
            status = int(ended.code or 0)
        captured = capsys.readouterr()
        return status, captured.out, captured.err

    return run_abnfc


def in_shell(*arguments: str, code: str = "", **options: object) -> subprocess.CompletedProcess:
    program = code or "import sys; from abnf_compiler.__main__ import main; sys.exit(main())"
    return subprocess.run(
        [sys.executable, "-c", program, *arguments],
        capture_output=True,
        check=False,
        env={**os.environ, "PYTHONPATH": "grammar"},
        **options,
    )


def cpu_seconds(*arguments: str) -> float:
    """The least processor time of three runs, which other load disturbs little."""
    times = []
    for _ in range(3):
        before = os.times()
        in_shell(*arguments)
        after = os.times()
        times.append(
            after.children_user
            - before.children_user
            + after.children_system
            - before.children_system
        )
    return min(times)


def test_check_of_the_project_grammar_is_clean_and_quick(run) -> None:
    assert run("check", GRAMMAR) == (0, "", "abnfc: 57 rules, 0 errors, 0 warnings\n")
    assert run("check", "--examples", "--strict", GRAMMAR)[0] == 0
    assert cpu_seconds("check", GRAMMAR) < 0.5


def test_help_is_quick_and_loads_no_parser(run) -> None:
    assert cpu_seconds("--help") < 0.2
    probe = "import sys\nfrom abnf_compiler.__main__ import main\ntry: main(['--help'])\n"
    probe += "except SystemExit: sys.exit('lark' in sys.modules)"
    assert in_shell(code=probe).returncode == 0


def test_help_lists_every_command_and_each_has_an_example_that_runs(run) -> None:
    status, out, _ = run("--help")
    assert status == 0
    for command in COMMANDS:
        assert re.search(rf"^    {command}( |$)", out, re.MULTILINE)
        status, text, _ = run(command, "--help")
        assert status == 0
        example = text.partition("example:\n")[2].strip()
        words = shlex.split(example.partition(" > ")[0])
        assert words[:2] == ["abnfc", command]
        assert run(*words[1:])[0] == 0, example


def test_check_prints_findings_and_fails_on_errors_only(run, tmp_path: Path) -> None:
    path = tmp_path / "a.abnf"
    path.write_text("a = Digit\n", "utf-8")
    status, out, err = run("check", path)
    assert status == 0
    assert out.startswith(f"{path}:1:5: ABNF302 warning: ")
    assert err == "abnfc: 1 rule, 0 errors, 1 warning\n"
    assert run("check", "--strict", path)[0] == 1
    path.write_text("a = b\n", "utf-8")
    assert run("check", path)[0] == 1
    assert run("check", "--fragment", path)[0] == 0


def test_check_reads_several_files_and_standard_input(run) -> None:
    status, out, _ = run("check", GRAMMAR, "-", stdin=b"a = b\n")
    assert status == 1
    assert out.startswith("<stdin>:1:5: ABNF201 ")


def test_check_finds_imports_in_libraries(run, tmp_path: Path) -> None:
    (tmp_path / "doc.abnf").write_text("x = DIGIT\n", "utf-8")
    text = b"; @import doc: x\na = x\n"
    assert run("check", "-", stdin=text)[0] == 1
    assert run("check", "--library", tmp_path, "-", stdin=text)[:2] == (0, "")


def test_check_matches_examples_on_request(run) -> None:
    text = b'; @example a: xxy\n; @example a: \\x78\\x79\n; @example a: xx\na = 1*"x"\n'
    assert run("check", "-", stdin=text)[0] == 0
    status, out, _ = run("check", "--examples", "-", stdin=text)
    assert status == 1
    assert run("check", "--examples", "-", stdin=text + b"b = c\n")[1].count("ABNF") == 1
    assert re.findall(r"^<stdin>:(\d+:\d+): (\w+)", out, re.MULTILINE) == [
        ("1:17", "ABNF406"),
        ("2:15", "ABNF406"),
    ]


def test_check_as_json_is_one_document(run) -> None:
    status, out, _ = run("check", "--json", GRAMMAR, "-", stdin=b"a = b\n")
    assert status == 1
    first, second = json.loads(out)["files"]
    assert (first["file"], first["diagnostics"]) == (GRAMMAR, [])
    assert "metadata-group" in first["rules"]
    assert second["diagnostics"][0]["code"] == "ABNF201"


def test_match_says_accepted_or_where_it_stopped(run) -> None:
    assert run("match", GRAMMAR, "metadata-group", "[QUEUE-ID 4XyZ1]") == (
        0,
        "accepted by metadata-group (compiled)\n",
        "",
    )
    status, out, err = run("match", GRAMMAR, "DELTA-SECONDS", "30O")
    assert (status, err) == (1, "")
    *shown, expected = out.splitlines()
    assert shown == [
        "refused by delta-seconds at line 1, column 3, offset 2 (compiled)",
        "  30O",
        "    ^",
    ]
    assert expected.startswith("  expected: a digit, ")


def test_match_shows_the_line_it_stopped_in_escaped(run) -> None:
    data = b"250-2.0.0 OK\r\n250 2.0.0 \\\x1b[31m\r\n"
    status, out, _ = run("match", GRAMMAR, "reply-with-metadata", stdin=data)
    lines = out.splitlines()
    assert (status, lines[0].partition(" (")[0]) == (
        1,
        "refused by reply-with-metadata at line 2, column 12, offset 25",
    )
    assert lines[1:3] == ["  250 2.0.0 \\\\\\x1B[31m\\r\\n", "              ^"]


def test_match_reads_strings_by_code_point_or_octet(run) -> None:
    assert run("match", GRAMMAR, "free-text", "caf\u00e9")[0] == 1
    assert run("match", "--encode", "utf-8", GRAMMAR, "free-text", "caf\u00e9")[0] == 0
    assert run("match", "--escapes", GRAMMAR, "free-text", r"caf\xC3\xA9")[0] == 0
    assert run("match", GRAMMAR, "free-text", stdin="caf\u00e9".encode())[0] == 0
    assert run("match", "-", "a", "x", stdin=b'a = "x"\n')[0] == 0


def test_match_as_json_is_one_document(run) -> None:
    _, out, _ = run("match", "--json", GRAMMAR, "number32", "0")
    expected = Grammar.from_file(GRAMMAR).rule("number32").match("0").expected
    assert expected
    assert json.loads(out) == {
        "file": GRAMMAR,
        "rule": "number32",
        "accepted": False,
        "engine": "compiled",
        "position": 0,
        "line": 1,
        "column": 1,
        "expected": list(expected),
    }
    _, out, _ = run("match", "--json", GRAMMAR, "reply-with-metadata", stdin=b"250-2.0.0 a\r\n250!")
    document = json.loads(out)
    assert [document[name] for name in ("position", "line", "column")] == [16, 2, 4]


def test_match_takes_the_engine_it_is_told(run) -> None:
    text = b'a = "(" *a ")"\n'
    assert "(earley)" in run("match", "-", "a", "(())", stdin=text)[1]
    assert "(earley)" in run("match", "--engine", "earley", GRAMMAR, "number32", "1")[1]
    status, out, err = run("match", "--engine", "compiled", "-", "a", "()", stdin=text)
    assert (status, out) == (2, "")
    assert "a -> a" in err


def test_sentences_are_accepted_and_near_misses_refused(run) -> None:
    rule = Grammar.from_file(GRAMMAR).rule("reply-with-metadata")
    _, out, _ = run("sentences", "--count", "20", GRAMMAR, rule.name)
    assert len(set(out.splitlines())) == 20
    for line in out.splitlines():
        assert rule.match(unescaped(line).encode("latin-1")), line
    _, out, _ = run("sentences", "--near-misses", GRAMMAR, rule.name)
    assert len(set(out.splitlines())) == 10
    for line in out.splitlines():
        string, _, reason = line.partition("\t")
        assert reason
        assert not rule.match(unescaped(string).encode("latin-1")), line
    assert run("sentences", "--near-misses", "-", "a", stdin=b'a = "(" *a ")"\n')[0] == 0


def test_lark_text_is_read_by_lark(run) -> None:
    from lark import Lark

    _, out, _ = run("lark", GRAMMAR, "referral-uri")
    Lark(out, start="referral_uri").parse("smtp://backend2/")
    status, out, _ = run("lark", "--lines", GRAMMAR, "received-line")
    assert status == 0
    Lark(out, start="received_line", parser="lalr").parse("250 2.0.0 OK")
    assert run("lark", "--lines", GRAMMAR)[0] == 2


def test_a_regex_is_a_python_pattern_and_its_proof_goes_to_stderr(run) -> None:
    status, out, err = run("regex", GRAMMAR, "port-number")
    assert status == 0
    assert re.fullmatch(out.strip(), "2525")
    assert not re.fullmatch(out.strip(), "02525")
    assert "port-number is " in err
    status, out, err = run("regex", "-", "a", stdin=b'a = "(" *a ")"\n')
    assert (status, out) == (1, "")
    assert "a -> a" in err


def test_a_start_rule_that_is_not_regular_makes_no_python_module(run) -> None:
    status, out, err = run("python", "-", stdin=b'; @start a\na = "(" *a ")"\n')
    assert (status, out) == (1, "")
    assert err.startswith("abnfc: <stdin>: ")
    assert "Traceback" not in err


@pytest.mark.parametrize("command", ["match", "sentences", "lark", "python", "regex", "railroad"])
def test_a_chain_of_more_rules_than_python_may_recurse_is_no_traceback(run, command: str) -> None:
    chain = "; @start r0\n" + "".join(f"r{number} = r{number + 1}\n" for number in range(1200))
    rule = [] if command == "python" else ["r0"]
    string = ["x"] if command == "match" else []
    status, _, err = run(command, "-", *rule, *string, stdin=(chain + 'r1200 = "x"\n').encode())
    assert status in (0, 2)
    assert "Traceback" not in err


def test_a_diagram_is_svg_or_text(run) -> None:
    _, out, _ = run("railroad", "--link", "/rules/{rule}.html", GRAMMAR, "metadata-group")
    assert out.startswith("<svg ")
    assert '"/rules/metadata-key.html"' in out
    _, out, _ = run("railroad", "--text", "--ascii", GRAMMAR, "metadata-group")
    assert out.isascii()
    assert "metadata-key" in out


@pytest.mark.parametrize(
    "arguments",
    [
        (),
        ("nonsense",),
        ("check",),
        ("check", "no-such-file.abnf"),
        ("check", "grammar"),
        ("check", "--nonsense", GRAMMAR),
        ("check", "a\0b"),
        ("match", "no-such-file.abnf", "a", "b"),
        ("match", GRAMMAR, "no-such-rule", "x"),
        ("match", GRAMMAR, "number32", "x", "--engine", "magic"),
        ("match", GRAMMAR, "number32", "x", "--encode", "no-such-encoding"),
        ("match", GRAMMAR, "number32", "\u00e9", "--encode", "ascii"),
        ("match", GRAMMAR, "number32", "\\q", "--escapes"),
        ("match", "-", "number32", "-"),
        ("parse", "-", "number32", "-"),
        ("parse", GRAMMAR, "no-such-rule", "x"),
        ("parse", GRAMMAR, "number32", "1", "--named", "DIGIT,no-such-rule"),
        ("sentences", GRAMMAR, "number32", "--count", "2_0"),
        ("regex", GRAMMAR, "no-such-rule"),
        ("railroad", GRAMMAR, "no-such-rule"),
    ],
)
def test_what_cannot_be_used_ends_with_2_and_a_message(run, arguments: tuple[str, ...]) -> None:
    status, out, err = run(*arguments)
    assert (status, out) == (2, "")
    assert err
    assert "Traceback" not in err


@pytest.mark.parametrize(
    "command", ["match", "parse", "sentences", "lark", "python", "regex", "railroad"]
)
def test_a_grammar_with_errors_is_unusable_input(run, command: str) -> None:
    rule = [] if command == "python" else ["a"]
    status, out, err = run(
        command, "-", *rule, *(["x"] * (command in ("match", "parse"))), stdin=b"a = b\n"
    )
    assert (status, out) == (2, "")
    assert err.startswith("<stdin>:1:5: ABNF201 ")


def test_input_that_is_not_utf_8_is_unusable(run) -> None:
    status, _, err = run("check", "-", stdin=b"a = b ; caf\xe9\n")
    assert (status, err.splitlines()[0]) == (2, "abnfc: cannot read -: octet 11 is not UTF-8")


@pytest.mark.parametrize("package", ["lark", "railroad"])
def test_without_its_package_a_command_names_the_pip_line(package: str) -> None:
    code = f"import sys; sys.modules[{package!r}] = None\n"
    code += "from abnf_compiler.__main__ import main; sys.exit(main())"
    arguments = {"lark": ["check", GRAMMAR], "railroad": ["railroad", GRAMMAR, "number32"]}
    result = in_shell(*arguments[package], code=code)
    assert (result.returncode, result.stdout) == (2, b"")
    assert result.stderr.decode() == f"abnfc: {package} is not installed: {INSTALL}\n"


def test_a_reader_that_goes_away_is_no_traceback() -> None:
    process = subprocess.Popen(
        [
            *(sys.executable, "-m", "abnf_compiler"),
            *("sentences", GRAMMAR, "free-text", "--count", "100000"),
        ],
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        env={**os.environ, "PYTHONPATH": "grammar"},
    )
    assert process.stdout is not None
    assert process.stderr is not None
    process.stdout.readline()
    process.stdout.close()
    assert process.stderr.read() == b""
    process.stderr.close()
    assert process.wait() == 2


def test_output_can_be_printed_in_any_encoding() -> None:
    text = "a = caf\u00e9\n".encode()
    environment = {**os.environ, "PYTHONPATH": "grammar", "PYTHONIOENCODING": "ascii"}
    result = subprocess.run(
        [sys.executable, "-m", "abnf_compiler", "check", "-"],
        input=text,
        capture_output=True,
        check=False,
        env=environment,
    )
    assert result.returncode == 1
    assert b"Traceback" not in result.stderr
    assert b"caf\\xe9" in result.stdout
