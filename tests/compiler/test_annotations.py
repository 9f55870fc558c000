"""The comments for tools: read with their places, checked by name and form."""

from pathlib import Path

import pytest

from abnf_compiler.checks.examine import examine
from abnf_compiler.diagnostics import Severity, render
from abnf_compiler.grammar import Grammar
from abnf_compiler.read.annotation_forms import FORMS
from abnf_compiler.read.annotations import Import, read_annotations
from abnf_compiler.source import Source
from abnf_compiler.tree import Annotations, Capture


def annotations(text: str) -> Annotations:
    reading = read_annotations(Source("test.abnf", text))
    assert not reading.diagnostics, [render(each) for each in reading.diagnostics]
    return reading.annotations


def test_lines_of_one_kind_add_up_in_the_order_written() -> None:
    text = "; @start a B\n;@start c\n  ;   @start\ta\n; @prefer b\n; @prefer d e\n"
    assert annotations(text).starts == ("a", "b", "c")
    assert annotations(text).preferred == ("b", "d", "e")


def test_captures_are_gathered_by_rule_and_know_which_repeat() -> None:
    text = "; @capture a: b *c\n; @capture d : e\n; @capture A: F\n"
    assert annotations(text).captures == (
        ("a", (Capture("b", False), Capture("c", True), Capture("f", False))),
        ("d", (Capture("e", False),)),
    )


@pytest.mark.parametrize(
    ("written", "octets"),
    [
        ("a b", "a b"),
        ("   a b  \t", "a b"),
        ("a: b; c", "a: b; c"),
        (r"\x20a\x20", " a "),
        (r"a\r\nb\t\\n", "a\r\nb\t\\n"),
        (r"caf\xC3\xa9\x00", "caf\u00c3\u00a9\x00"),
        ("", ""),
    ],
)
def test_an_example_stands_for_octets(written: str, octets: str) -> None:
    assert annotations(f"; @example Rule: {written}\n").examples == (("rule", octets),)


def test_imports_name_a_document_and_its_rules_with_their_places() -> None:
    source = Source("test.abnf", "; @import rfc3986: IPv4address h16\n")
    (each,) = read_annotations(source).imports
    assert isinstance(each, Import)
    assert each.document == "rfc3986"
    assert [(name.name, name.span.position.column) for name in each.names] == [
        ("IPv4address", 20),
        ("h16", 32),
    ]


@pytest.mark.parametrize(
    "text",
    [
        "; start a\n",
        "a = b ; @start a\n",
        "; see @start a\n",
        "; @ start\n",
        "; @example.org is a host\n",
        "; @@start a\n",
        'a = "; @start b"\n',
        "; @1\n",
    ],
)
def test_other_comments_are_not_annotations(text: str) -> None:
    assert annotations(text) == Annotations()


@pytest.mark.parametrize(
    ("line", "column", "code", "message", "hint"),
    [
        ("; @strat a", 3, "ABNF121", '"@strat"', '"@start"'),
        ("; @party server", 3, "ABNF121", '"@party"', ""),
        ("; @start", 3, "ABNF122", "names no rule", "@start name"),
        ("; @start a, b", 10, "ABNF122", '"a," is not a rule name', "@start name"),
        ("; @start *a", 10, "ABNF122", '"*a" is not a rule name', "@start name"),
        ("; @import rfc3986 a", 3, "ABNF122", 'needs a name and ":"', "@import document"),
        ("; @import ../x: a", 11, "ABNF122", '"../x" is not the name of a document', ""),
        ("; @import rfc3986:", 3, "ABNF122", "names no rule", "@import document"),
        ("; @import: a", 3, "ABNF122", 'needs a name and ":"', "@import document"),
        ("; @capture a b", 3, "ABNF122", 'needs a name and ":"', "@capture rule"),
        ("; @capture a: b b", 17, "ABNF122", "captured twice", "@capture rule"),
        ("; @capture a: **b", 15, "ABNF122", '"**b" is not a rule name', "@capture rule"),
        ("; @example a_b: c", 12, "ABNF122", '"a_b" is not a rule name', "@example rule"),
        ("; @example a", 3, "ABNF122", 'needs a name and ":"', "@example rule"),
        (r"; @example a: b\x2", 16, "ABNF123", r'"\x" is not an escape', ""),
        (r"; @example a: b\q", 16, "ABNF123", r'"\q" is not an escape', ""),
        ("; @example a: b\\", 16, "ABNF123", '"\\" is not an escape', ""),
        ("; @example a: caf\u00e9", 18, "ABNF123", "printable ASCII", "\\xHH"),
        ("; @example a: b\tc", 16, "ABNF123", "printable ASCII", "\\xHH"),
    ],
)
def test_a_wrong_annotation_has_its_place(
    line: str, column: int, code: str, message: str, hint: str
) -> None:
    (found,) = read_annotations(Source("test.abnf", f"a = b\n{line}\n")).diagnostics
    assert (found.code, found.span.position.line, found.span.position.column) == (code, 2, column)
    assert message in found.message
    assert hint in found.hint


def test_an_unknown_word_is_a_warning_and_lists_the_known_ones() -> None:
    (found,) = read_annotations(Source("test.abnf", "; @party server\n")).diagnostics
    assert found.severity is Severity.WARNING
    assert set(found.expected) == {f'"@{word}"' for word in FORMS}


@pytest.mark.parametrize("word", FORMS)
def test_the_hint_for_a_wrong_form_is_the_form_of_the_table(word: str) -> None:
    (found,) = read_annotations(Source("test.abnf", f"; @{word} ?\n")).diagnostics
    assert found.hint == f"write: {FORMS[word].form}"
    assert FORMS[word].form.startswith(f"; @{word} ")


def grammar_of(text: str, *folders: Path) -> Grammar:
    return Grammar.from_text(text, library=folders)


def test_prose_means_the_rule_it_is_bound_to(tmp_path: Path) -> None:
    text = "; @prose OCTET: any  octet\n; @prose word: a Word\na = 1*<Any octet> [ <a word> ]\n"
    grammar = grammar_of(text + 'word = "w"\nb = <a word>\n')
    assert grammar.diagnostics == ()
    assert grammar.rule("a").match(b"\x00\xff")
    assert grammar.rule("b").match("W")
    assert not grammar.rule("b").match("x")
    (tmp_path / "doc.abnf").write_text("c = <see elsewhere>\n", "utf-8")
    imported = grammar_of("; @import doc: c\n; @prose DIGIT: see elsewhere\na = c\n", tmp_path)
    assert (imported.diagnostics, bool(imported.rule("a").match("7"))) == ((), True)


@pytest.mark.parametrize(
    ("text", "codes"),
    [
        ("; @prose b: x\na = <x>\n", ["ABNF207", "ABNF405"]),
        ("; @prose DIGIT: y\na = <x>\n", ["ABNF309", "ABNF405"]),
        ("; @prose a: x\na = <x>\n", ["ABNF405"]),
        ("; @prose DIGIT: <x>\na = <x>\n", ["ABNF122", "ABNF405"]),
        ("; @prose DIGIT:\na = <x>\n", ["ABNF122", "ABNF405"]),
        ("; @prose DIGIT: x\na = <x>\n", []),
    ],
)
def test_a_binding_names_a_rule_and_a_prose_value_that_exist(text: str, codes: list[str]) -> None:
    assert [each.code for each in examine(Source("a.abnf", text)).diagnostics] == codes


def test_an_unused_binding_names_prose_that_is_near() -> None:
    found = examine(Source("a.abnf", "; @prose DIGIT: any octett\na = <any octet>\n")).diagnostics
    assert found[0].hint == "there is <any octet>"


def test_a_core_rule_in_angle_brackets_is_that_rule() -> None:
    grammar = grammar_of('a = "x" <CRLF>\n')  # as RFC 821 writes them; RFC 5234, Section 2.1
    assert grammar.diagnostics == ()
    assert grammar.rule("a").match("x\r\n")
