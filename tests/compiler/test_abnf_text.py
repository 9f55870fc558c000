"""The text of a rule is cut out of its file, and sections are found by their headings."""

from pathlib import Path

import pytest

from abnf_compiler.emit.abnf_text import abnf_of, without_annotations
from abnf_compiler.emit.sections import sections
from abnf_compiler.grammar import load_resolved
from abnf_compiler.read.reader import read_grammar
from abnf_compiler.resolve.resolver import resolve
from abnf_compiler.source import Source


def grammar_of(text):
    return resolve(read_grammar(Source("<text>", text)), fragment=True)


def text_of(text, rule="a"):
    return abnf_of(grammar_of(text).rules[rule])


@pytest.fixture(scope="module")
def grammar(project: Path):
    return load_resolved(project / "grammar/reply-metadata.abnf")


def test_a_rule_of_one_line_is_that_line() -> None:
    assert text_of('a =  "x"   ; why\nb = a\n') == 'a =  "x"   ; why\n'


def test_continuation_lines_and_their_comments_belong_to_the_rule() -> None:
    text = 'a = "x"\n    / "y" ; one\n    ; two\n      ; three\n'
    assert text_of(text + "\n; not this\nb = a\n") == text


def test_a_comment_at_the_margin_belongs_to_no_rule() -> None:
    assert text_of('a = "x"\n; about b\nb = "y"\n') == 'a = "x"\n'


def test_incremental_definitions_follow_in_order() -> None:
    assert text_of('a = "x"\nb = a\na =/ "y"\n') == 'a = "x"\na =/ "y"\n'


def test_indented_rules_are_moved_to_the_margin_with_their_lines() -> None:
    text = '   a = "x"\n       / "y"\n       ; why\n   b = a\n'
    assert text_of(text) == 'a = "x"\n    / "y"\n    ; why\n'


def test_the_last_rule_needs_no_line_end_and_crlf_is_read() -> None:
    assert text_of('b = "x"\r\na = "y"\r\n  / b') == 'a = "y"\n  / b\n'


def test_a_semicolon_in_a_string_is_no_comment() -> None:
    assert text_of('a = ";" ; end\nb = a\n') == 'a = ";" ; end\n'


def test_the_rules_of_our_grammar_stand_in_it_letter_for_letter(grammar) -> None:
    for rule in grammar.own_rules():
        assert abnf_of(rule) in grammar.text
    borrowed = grammar.rules["ipv6address"]
    assert abnf_of(borrowed) in borrowed.definitions[0].name_span.source.text


def test_annotations_are_taken_out_and_nothing_else(grammar) -> None:
    text = without_annotations(grammar)
    assert "; @" not in text
    assert "\n\n\n" not in text
    left = [line for line in grammar.text.splitlines() if line and not line.startswith("; @")]
    assert [line for line in text.splitlines() if line] == left


def test_the_sections_of_our_grammar_have_the_names_the_draft_includes(grammar) -> None:
    found = sections(grammar)
    assert [each.name for each in found] == [
        "layer-1-sent",
        "layer-1-read",
        "layer-2",
        "layer-3",
    ]
    assert found[1].title == "Layer 1, read: one line as a client reads it, without its CRLF"
    assert found[1].note.startswith("Ambiguous on purpose:")


def test_every_own_rule_stands_in_one_section(grammar) -> None:
    keys = [key for section in sections(grammar) for key in section.rule_keys]
    assert sorted(keys) == sorted(rule.key for rule in grammar.own_rules())


def test_a_file_without_headings_is_one_section() -> None:
    (only,) = sections(grammar_of('; the file\n; @start a\n\na = b\nb = "x"\n'))
    assert (only.name, only.title, only.rule_keys) == ("rules", "", ("a", "b"))


def test_rules_before_the_first_heading_are_a_section_and_empty_ones_are_not() -> None:
    found = sections(grammar_of('a = "x"\n\n; One: here\n\n; Two: there\n\nb = a\n'))
    assert [(each.name, each.rule_keys) for each in found] == [("rules", ("a",)), ("two", ("b",))]


def test_headings_of_one_name_get_numbers() -> None:
    found = sections(grammar_of('; Part: x\n\na = "x"\n\n; Part: y\n\nb = a\n'))
    assert [each.name for each in found] == ["part", "part-2"]


def test_a_comment_right_above_a_rule_is_no_heading() -> None:
    assert len(sections(grammar_of('; about a\na = "x"\n\n; about b\nb = a\n'))) == 1
