"""What a broken grammar's author reads: place, caret, expected set and hint."""

import re
from pathlib import Path

import pytest

from abnf_compiler.diagnostics import (
    CODES,
    GrammarError,
    Severity,
    as_json,
    finding,
    in_order,
    render,
)
from abnf_compiler.read.reader import read_leniently
from abnf_compiler.source import Source, Span


def only(grammar: str) -> str:
    (found,) = read_leniently(Source("test.abnf", grammar)).diagnostics
    return render(found)


def test_a_finding_shows_place_line_caret_expected_and_hint() -> None:
    assert only("a = b\nrule := c\n") == (
        'test.abnf:2:6: ABNF101 ":=" cannot stand here\n'
        "  rule := c\n"
        "       ^^\n"
        '  expected: "=" or "=/"\n'
        '  hint: ABNF defines a rule with "="'
    )


def test_the_caret_stands_under_its_character_behind_tabs() -> None:
    lines = only("a\t=\tb\t|\tc\n").splitlines()
    assert lines[0].startswith("test.abnf:1:7: ")
    assert lines[1][lines[2].index("^")] == "|"
    assert "\t" not in lines[1]


def test_a_long_line_is_cut_around_the_caret() -> None:
    lines = only("a = " + "b / " * 100 + "| " + " / c" * 100 + "\n").splitlines()
    assert len(lines[1]) <= 102
    assert lines[1][lines[2].index("^")] == "|"


def test_control_characters_of_a_grammar_do_not_reach_the_terminal() -> None:
    rendered = only("a = \x1b[31mb\n")
    assert "\x1b" not in rendered
    assert "U+001B" in rendered


@pytest.mark.parametrize(
    ("rule", "expected"),
    [
        ("a\n", ['"=" or "=/"']),
        ("a = b )\n", ["an element", '"/"', "the end of the rule"]),
        ("a = ( b ]\n", ["an element", '"/"', 'a closing ")"']),
        ("a = [ b )\n", ["an element", '"/"', 'a closing "]"']),
        ("a = b / \n", ["an element"]),
        ("= b\n", ["a rule name"]),
        ("a = ( b\n", ['a closing ")"']),
        ("a = [ b\n", ['a closing "]"']),
        ("a = 2**b\n", ["an element"]),
    ],
)
def test_the_expected_set_is_in_words(rule: str, expected: list[str]) -> None:
    (line,) = [each for each in only(rule).splitlines() if each.startswith("  expected: ")]
    for words in expected:
        assert words in line
    assert not re.search(r"\b[A-Z]{2,}\b|\$END|_VAL", line)


@pytest.mark.parametrize(
    ("rule", "place", "hint"),
    [
        ("a := b", 3, 'defines a rule with "="'),
        ("a ::= b", 3, 'defines a rule with "="'),
        ("a: b", 2, 'defines a rule with "="'),
        ("a -> b", 3, 'a rule with "="'),
        ("a => b", 4, 'a rule with "="'),
        ("a b c", 3, 'is "=" missing'),
        ("a = b | c", 7, 'alternatives by "/"'),
        ("a = 'b'", 5, "double quotes"),
        ("a = 'b", 5, "double quotes"),
        ('a = "b', 5, "%x22 or DQUOTE"),
        ("a = <b", 5, "stays on one line"),
        ('a = "b""c"', 8, "%x22 or DQUOTE"),
        ("a = %x30..39", 9, "%x30-39"),
        ('a = "a".."z"', 8, "%x30-39"),
        ("a = %x30-%x39", 9, "%x30-39"),
        ('a = "a"-"z"', 8, "%x30-39"),
        ("a = %x30.31-39", 12, "a series has dots only"),
        ("a = %x110000", 5, "%x00-10FFFF"),
        ("a = %x", 5, "%x41"),
        ("a = %xZZ", 5, "%x41"),
        ("a = %dA", 5, "%d65"),
        ("a = %b2", 5, "%b1000001"),
        ("a = %u0041", 5, "base x, d or b"),
        ("a = %s b", 5, '%s"text"'),
        ("1a = b", 1, "begins with a letter"),
        ("_a = b", 1, "begins with a letter"),
        ("-a = b", 1, "begins with a letter"),
        ("a_b = c", 2, 'no "_"'),
        ("a = b_c", 6, 'no "_"'),
        ("<a> = b", 1, "without angle brackets"),
        ("a = b = c", 7, "a line of its own"),
        ("a = b*", 7, "before its element"),
        ("a = b* / c", 8, "before its element"),
        ("a = (b)* c", 8, "right before the element"),
        ("a = b?", 6, "[ elements ]"),
        ("a = b+", 6, "1*element"),
        ("a = { b }", 5, "*( elements )"),
        ("a = b, c", 6, "separated by blanks"),
        ("a = b . c", 7, "separated by blanks"),
        ("a = 1#b", 6, "RFC 9110"),
        ("a = #b", 5, "RFC 9110"),
        ("a = b )", 7, "nothing is open"),
        ("a = ( b ]", 9, "in the order they opened"),
        ("a = b /", 8, 'missing after "/"'),
        ("a =", 4, 'name = ""'),
        ("a", 2, "name = elements"),
        ("/ b", 1, "indent the continuation lines"),
        ("= b", 1, "rule name is missing"),
        ("a = 3 b", 5, "right before the element"),
        ("a = \u201cb\u201d", 5, "plain quotation mark"),
        ("a = b \u2013 c", 7, "plain hyphen"),
        ("a = caf\u00e9", 8, "%xC3.A9"),
        ('a = "caf\u00e9"', 9, "%xC3.A9"),
        ('a = "b\tc"', 7, "%x09"),
        ("a = \fb", 5, "page break"),
        ("a = b\rc", 6, "%x0D"),
        ("a = " + "(" * 300 + ")" * 300, 1, "rule of its own"),
    ],
)
def test_a_common_mistake_has_its_place_and_a_hint(rule: str, place: int, hint: str) -> None:
    found = read_leniently(Source("test.abnf", rule + "\n")).diagnostics
    assert found, rule
    assert (found[0].span.position.line, found[0].span.position.column) == (1, place)
    assert hint in found[0].hint
    assert found[0].hint


def test_every_code_is_given_somewhere(project: Path) -> None:
    package = project / "grammar/abnf_compiler"
    texts = [path.read_text("utf-8") for path in package.rglob("*.py")]
    for code in CODES:
        assert sum(text.count(code) for text in texts) > 1, code


def test_an_error_carries_path_line_column_and_every_finding() -> None:
    source = Source("test.abnf", "a = b\n  c\n")
    warning = finding("ABNF301", "unused", Span(source, 0, 1))
    error = finding("ABNF201", "undefined", Span(source, 8, 9))
    problem = GrammarError(in_order([error, warning, error]))
    assert problem.diagnostics == (warning, error)
    assert (problem.path, problem.line, problem.column) == ("test.abnf", 2, 3)
    assert str(problem) == f"{render(warning)}\n{render(error)}"
    assert "warning: unused" in str(problem)
    assert "error: " not in str(problem)


def test_a_finding_as_json_has_its_place_from_begin_to_end() -> None:
    source = Source("test.abnf", "a = b\n  cc\n")
    found = finding("ABNF201", "undefined", Span(source, 8, 10), expected=("x",), hint="y")
    assert as_json(found) == {
        "file": "test.abnf",
        "line": 2,
        "column": 3,
        "end_line": 2,
        "end_column": 5,
        "code": "ABNF201",
        "severity": Severity.ERROR.value,
        "message": "undefined",
        "expected": ["x"],
        "hint": "y",
        "page": "reference/diagnostics.html#abnf201",
    }


def test_a_finding_at_the_end_of_the_text_can_be_shown() -> None:
    source = Source("test.abnf", "a =")
    assert render(finding("ABNF101", "early", Span(source, 3, 3))).endswith("  a =\n     ^")
    assert render(finding("ABNF112", "none", Span(Source("t", ""), 0, 0))) == "t:1:1: ABNF112 none"
