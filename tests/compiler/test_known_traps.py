"""Every trap that other tools fell into, and every wish of their users, with what answers it.

The first table are grammars that get a finding (or none), the second what is answered by a command
or an engine, with the test that proves it.  Sources: the TODO and the issues of "Bill's ABNF
Parser" (bap, the IETF's checker), the issues of node-abnf, go-abnf, declaresub/abnf and apg-java,
and RFCs whose grammars are known for them.
"""

import ast
import io
import re
import sys
from pathlib import Path

import pytest

from abnf_compiler.__main__ import main
from abnf_compiler.checks.examine import examine
from abnf_compiler.diagnostics import Severity
from abnf_compiler.read.extract_text import extract_text
from abnf_compiler.source import Source

FINDINGS = [  # (who met it, grammar, "line:column CODE" of each finding, part of the first hint)
    ("bap TODO: recursive rules", 'a = a "x" / "y"', "1:5 ABNF401", "write a repetition"),
    ("bap TODO: 0*1x", "a = 0*1DIGIT", "1:5 ABNF307", "write [ DIGIT ]"),
    ("bap TODO: 0*1(x)", 'a = 0*1(DIGIT "x")', "1:5 ABNF307", 'write [ DIGIT "x" ]'),
    ("toolkit: 1*1x", "a = 1*1DIGIT", "1:5 ABNF307", "write DIGIT"),
    ('bap TODO: leading "="', "= DIGIT\na = DIGIT", "1:1 ABNF101", 'missing before "="'),
    ('bap TODO: "a" / "A"', 'a = "a" / DIGIT / "A"', "1:19 ABNF303", "of either case"),
    ("bap TODO: foo / foo", "a = foo / foo\nfoo = DIGIT", "1:11 ABNF303", "take one of them out"),
    ('bap TODO: ".."', "a = %x30..39", "1:9 ABNF101", "one hyphen"),
    (
        "bap TODO: foo = bar, baz not indented",
        "foo = DIGIT\nfoo2",
        "2:5 ABNF101",
        "name = elements",
    ),
    ("the same, of two words", "foo = DIGIT\nDIGIT DIGIT", "2:7 ABNF101", "the line not indented"),
    ("the same, with a slash", "foo = DIGIT\n/ ALPHA", "2:1 ABNF101", "indent the continuation"),
    ("bap TODO: indentation", "a = DIGIT\n b = DIGIT", "2:2 ABNF111", "in the same column"),
    ("bap issue 5, RFC 2045: :=", "a := DIGIT", "1:3 ABNF101", 'ABNF defines a rule with "="'),
    ("RFC 821: ::=", "<a> ::= DIGIT", "1:1 ABNF101", "without angle brackets"),
    ("BNF: ::=", "a ::= DIGIT", "1:3 ABNF101", 'ABNF defines a rule with "="'),
    ("bap issue 11: undefined rule", "a = nothing", "1:5 ABNF201", "define it, or import it"),
    ("bap warning: name in two cases", "a = B\nb = DIGIT", "1:5 ABNF302", "in one way"),
    ("node-abnf issue 10: =/ on undefined", "a =/ DIGIT", "1:1 ABNF203", '"="'),
    ("=/ before =", "a =/ DIGIT\na = ALPHA", "1:1 ABNF203", 'the definition with "=" first'),
    ("go-abnf issue 106: core rules restated", "DIGIT = %x30-39\na = DIGIT", "", ""),
    ("core rule with another meaning", "DIGIT = %x31-39", "1:1 ABNF209", "another name"),
    ("declaresub issue 245: prose", "a = <RFC 3986 host>", "1:5 ABNF405", "@import rfc3986: a"),
    (
        "declaresub issue 252: matches nothing",
        "a = a DIGIT",
        "1:1 ABNF402 1:5 ABNF401",
        "that ends",
    ),
    (
        "RFC 9051: tagged-ext-comp",
        'a = DIGIT / a *( SP a ) / "(" a ")"',
        "1:13 ABNF401",
        "repetition",
    ),
    ("RFC 822: 1ALPHA / 1ALPHA", "a = 1DIGIT", "1:5 ABNF307", "write DIGIT"),
    ("RFC 822: 2*2x", "a = 2*2DIGIT", "1:5 ABNF307", "write 2DIGIT"),
    ("8HEXDIG is a count", "a = 8HEXDIG", "", ""),
    ("1x before a name with a digit", "a = 1*2a1\na1 = DIGIT", "", ""),
    ("0x: a value of C", "a = 0x41\nx41 = DIGIT", "1:5 ABNF307", "write %x41"),
    ("%x0D.0A", "a = %x0D.0A", "", ""),
    ("%x without digits", "a = %x", "1:5 ABNF101", "%x41"),
    ('""', 'a = "" / DIGIT', "", ""),
    ('a quotation mark in a string: """', 'a = """', "1:7 ABNF102", "write %x22 or DQUOTE"),
    ('a quotation mark in a string: "\\""', r'a = "\""', "1:8 ABNF102", "write %x22 or DQUOTE"),
    ("%s and %i", 'a = %s"x" / %i"y"', "", ""),
    ("%s without a string", "a = %s DIGIT", "1:5 ABNF101", '%s"text"'),
    ("0*9999999999", "a = 0*9999999999DIGIT", "", ""),
    ("%x110000", "a = %x110000", "1:5 ABNF107", "%x00-10FFFF"),
    ("a surrogate", "a = %xD800-DFFF", "1:5 ABNF407", "%xE000"),
    ("a comment alone on a continuation line", "a = DIGIT\n  ; c\n  / ALPHA ; d\n ;\n", "", ""),
    ("bap issue 40: a comment before =", "a ; c\n ; d\n = ; e\n DIGIT", "", ""),
    ("an empty line inside a rule", "a = DIGIT\n\n  / ALPHA", "2:1 ABNF113", "take the line out"),
    ("tabs as indentation", "a = DIGIT\n\t/ ALPHA\nb = a", "", ""),
    ("CRLF", "a = DIGIT\r\n  / ALPHA\r\n", "", ""),
    ("no line end at the end", "a = DIGIT", "", ""),
    ("a mark of byte order", "\ufeffa = DIGIT\n", "", ""),
    ("twice =", "a = DIGIT\nA = ALPHA", "2:1 ABNF202", '"=/"'),
    ("nesting", f"a = {'(' * 300}DIGIT{')' * 300}", "1:1 ABNF109", "a rule of its own"),
    ("RFC 9110: #rule", "a = 1#DIGIT", "1:6 ABNF101", "RFC 9110"),
    ("a range backwards", "a = %x39-30", "1:5 ABNF403", "exchange"),
    ("a repetition backwards", "a = 3*2DIGIT", "1:5 ABNF404", "2*3"),
]


@pytest.mark.parametrize(
    ("text", "expected", "hint"),
    [row[1:] for row in FINDINGS],
    ids=[row[0].replace("/", "|") for row in FINDINGS],
)
def test_a_known_trap_has_its_finding_or_none(text: str, expected: str, hint: str) -> None:
    found = examine(Source("a.abnf", text)).diagnostics
    places = [
        f"{each.span.position.line}:{each.span.position.column} {each.code}" for each in found
    ]
    assert " ".join(places) == expected
    if found:
        assert hint in found[0].hint
        assert found[0].hint


ANSWERS = [  # (who asked, the test that proves the answer)
    ("bap TODO: word-wrap output", "test_fmt.py::test_the_laws_hold_for_any_grammar"),
    (
        "bap TODO: read dependencies, core too",
        "test_commands.py::test_check_finds_imports_in_libraries",
    ),
    ("bap TODO: parse inputs", "test_commands.py::test_match_says_accepted_or_where_it_stopped"),
    ("bap TODO: madlibs", "test_commands.py::test_sentences_are_accepted_and_near_misses_refused"),
    (
        "bap issue 11: exit status",
        "test_commands.py::test_check_prints_findings_and_fails_on_errors_only",
    ),
    (
        "bap issue 37: bogons of an RFC",
        "test_known_traps.py::test_formulas_of_an_rfc_are_not_taken_for_rules",
    ),
    ("author-tools 433: ABNF in XML", "test_extract.py"),
    (
        "apg-java issue 12: Ldh-str",
        "test_traps.py::test_a_repetition_gives_back_what_its_follower_needs",
    ),
    ("odata-abnf PR 128: 8HEXDIG", "test_traps.py::test_a_number_before_a_name_is_a_count"),
    (
        "RFC 4466, 5258, 9051",
        "test_traps.py::test_left_recursion_that_may_add_nothing_is_decided_by_earley",
    ),
    ("%x0D.0A", "test_traps.py::test_a_series_is_its_values_in_a_row"),
    ('""', "test_traps.py::test_the_empty_string_matches_nothing_but_itself"),
    (
        "0*9999999999",
        "test_traps.py::test_a_huge_maximum_is_refused_by_the_pattern_and_decided_by_earley",
    ),
    ("declaresub 2.8.1: ASCII-only folding", "test_traps.py::test_only_ascii_letters_fold_case"),
    ("%s and %i", "test_traps.py::test_case_counts_where_the_string_says_so"),
    (
        "RFC 6265: cookie-value",
        "test_traps.py::test_a_nullable_alternative_first_does_not_end_the_choice",
    ),
    (
        "declaresub issue 144: RecursionError",
        "test_checks.py::test_large_grammars_are_checked_in_time_and_without_recursion",
    ),
    ("securitytxt 83: check in a build", "test_check_choice.py::test_an_error_is_never_hidden"),
]


@pytest.mark.parametrize("answer", [row[1] for row in ANSWERS], ids=[row[0] for row in ANSWERS])
def test_what_users_asked_for_has_a_test(answer: str) -> None:
    name, _, function = answer.partition("::")
    tree = ast.parse((Path(__file__).parent / name).read_text("utf-8"))
    names = {node.name for node in tree.body if isinstance(node, ast.FunctionDef)}
    assert function in names if function else any(each.startswith("test_") for each in names)


def test_the_exit_status_says_whether_a_grammar_can_be_used(
    capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    for _, text, expected, _ in FINDINGS:
        monkeypatch.setattr(sys, "stdin", io.TextIOWrapper(io.BytesIO(text.encode())))
        found = examine(Source("<stdin>", text)).diagnostics
        status = main(["check", "-"])
        assert status == int(any(each.severity is Severity.ERROR for each in found)), text
        printed = re.findall(r"^<stdin>:(\S+): (\S+) ", capsys.readouterr().out, re.MULTILINE)
        assert " ".join(f"{place} {code}" for place, code in printed) == expected


def test_formulas_of_an_rfc_are_not_taken_for_rules() -> None:
    page = """\
   Appendix B of RFC 3986 breaks a reference into its components:

      $1 = http:
      $2 = http
      $6 = <undefined>
      $8 = #Related

   and its Section 5.3 puts them together:

      result = ""

      if defined(scheme) then
         append scheme to result;

   while its Section 3.3 has a rule:

      path-empty    = 0<pchar>
      pchar         = unreserved / pct-encoded / sub-delims / ":" / "@"
"""
    blocks = extract_text(Source("rfc3986.txt", page))
    rules = [name for block in blocks for name in re.findall(r"(?m)^\S+", block.text)]
    # `result = ""` is a rule by its form, and nothing in the text says that it is none.
    assert rules == ["result", "path-empty", "pchar"]
