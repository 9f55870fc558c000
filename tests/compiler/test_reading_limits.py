"""What the compiler reads without harm: large files, long comments, pages, and deep nesting."""

import json
import subprocess
import sys
import time

import pytest

from abnf_compiler.__main__ import main
from abnf_compiler.checks.examine import examine
from abnf_compiler.source import Source

LONG_LINE = 500_000
MAX_SECONDS = 20
MAX_TIMES_THE_SIZE = 40
MEASURE = """
import json, resource, sys, time
from abnf_compiler.checks.examine import examine
from abnf_compiler.source import Source
examine(Source("small", 'a = "x"\\n'))
unit = 1 if sys.platform == "darwin" else 1024
before = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss
started = time.process_time()
text = open(sys.argv[1], encoding="utf-8").read()
found = examine(Source("big", text)).diagnostics
print(json.dumps({
    "seconds": time.process_time() - started,
    "octets": (resource.getrusage(resource.RUSAGE_SELF).ru_maxrss - before) * unit,
    "codes": sorted({each.code for each in found}),
}))
"""
BROKEN_BY_A_PAGE = """\
   a    =  "x" /



Crocker & Overell           Standards Track                     [Page 3]
\f
RFC 5234                          ABNF                      January 2008


           b
   b    =  %x41-5A
"""


def large_text():
    """2.4 MB: rules that lean on each other, and comment lines full of what is not comment."""
    comment = ('; x"<([ %x ' * LONG_LINE)[:LONG_LINE]
    rules = [
        f'rule-{n} = *( ALPHA / %x30-39 ) [ "text" ] 1*3rule-{n - 1} ; short\n      / "x"\n'
        for n in range(1, 5200)
    ]
    return (
        "\n".join(
            ['rule-0 = "x" rule-5199 / "y"', *rules, *(f'r{n} = "x" {comment}' for n in range(4))]
        )
        + "\n"
    )


def test_a_large_file_with_long_comments_costs_little_time_and_memory(tmp_path) -> None:
    text = large_text()
    assert 2_300_000 < len(text) < 2_500_000
    (tmp_path / "large.abnf").write_text(text, "utf-8")
    done = subprocess.run(
        [sys.executable, "-c", MEASURE, str(tmp_path / "large.abnf")],
        capture_output=True,
        encoding="utf-8",
        check=True,
    )
    measured = json.loads(done.stdout)
    assert measured["codes"] == []
    assert measured["seconds"] < MAX_SECONDS
    assert measured["octets"] < MAX_TIMES_THE_SIZE * len(text)


def test_a_long_chain_that_ends_in_left_recursion_is_checked_in_linear_time() -> None:
    text = 'r0 = r0 "x" / "x"\n' + "".join(f'r{n} = r{n - 1} "x"\n' for n in range(1, 3000))
    started = time.process_time()
    assert [each.code for each in examine(Source("t", text)).diagnostics] == ["ABNF401"]
    assert time.process_time() - started < 5


def test_a_ring_of_rules_is_one_finding() -> None:
    text = "".join(f'r{n} = r{(n + 1) % 900} / "x"\n' for n in range(900))
    (found,) = examine(Source("t", text)).diagnostics
    assert found.code == "ABNF401"
    assert found.message.count("->") == 900


def test_text_with_pages_is_told_to_go_through_extract_and_read_after_it(tmp_path, capsys) -> None:
    path = tmp_path / "rfc.txt"
    path.write_text(BROKEN_BY_A_PAGE)
    assert main(["check", str(path)]) == 1
    assert "abnfc extract" in capsys.readouterr().out
    assert main(["extract", str(path)]) == 0
    (tmp_path / "rfc.abnf").write_text(capsys.readouterr().out)
    assert main(["check", "--strict", str(tmp_path / "rfc.abnf")]) == 0
    assert main(["match", str(tmp_path / "rfc.abnf"), "a", "B"]) == 0
    capsys.readouterr()


DEEPEST = {
    "groups": "( " * 200 + '"y"' + " )" * 200,
    "options": "[" * 199 + ' "y" ' + "]" * 199,
    "rows of options": '[ "x" ' * 99 + '"y"' + " ]" * 99,
    "choices": '( "a" / "b" ' * 66 + '"y"' + " )" * 66,
    "loops": '*( "x" ' * 12 + '"y"' + " )" * 12,
}
COMMANDS = (
    ["check", "--analysis", "FILE"],
    ["match", "FILE", "a", "y"],
    ["match", "--engine", "earley", "FILE", "a", "y"],
    ["parse", "FILE", "a", "y"],
    ["railroad", "FILE", "a"],
    ["railroad", "--text", "FILE", "a"],
    ["railroad", "--artset", "FILE", "a"],
    ["regex", "FILE", "a"],
    ["regex", "--dialect", "javascript", "FILE", "a"],
    ["python", "FILE"],
    ["javascript", "FILE"],
    ["lark", "FILE", "a"],
    ["sentences", "FILE", "a"],
)


@pytest.mark.parametrize("command", COMMANDS, ids=" ".join)
@pytest.mark.parametrize("shape", DEEPEST)
def test_the_deepest_rule_that_is_read_passes_every_later_stage(
    shape, command, tmp_path, capsys
) -> None:
    path = tmp_path / "deep.abnf"
    path.write_text(f"; @start a\na = {DEEPEST[shape]}\n")
    status = main([str(path) if each == "FILE" else each for each in command])
    said = capsys.readouterr().err
    assert "too deep for this command" not in said  # what a RecursionError is answered with
    assert status in (0, 1)
    assert status == 0 or "levels of brackets" in said or command[0] in ("match", "parse")


def test_one_level_more_is_a_finding(tmp_path, capsys) -> None:
    path = tmp_path / "deep.abnf"
    path.write_text(f"a = {'(' * 201}b{')' * 201}\n")
    assert main(["check", str(path)]) == 1
    assert f"{path}:1:1: ABNF109 nested more than 200 levels deep" in capsys.readouterr().out
