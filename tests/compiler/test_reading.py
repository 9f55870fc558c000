"""ABNF text to syntax tree: every form of RFC 5234 and RFC 7405, and rules cut from the text."""

import time
from random import Random

import pytest

from abnf_compiler.diagnostics import GrammarError, Severity, render
from abnf_compiler.read.reader import read_grammar, read_leniently
from abnf_compiler.source import Source, Span
from abnf_compiler.tree import (
    Alternation,
    CharVal,
    Concatenation,
    Node,
    NumRange,
    NumSeries,
    Option,
    ProseVal,
    Reference,
    Repetition,
)

NOWHERE = Span(Source("", ""), 0, 0)  # equality ignores spans


def ref(name: str) -> Reference:
    return Reference(name, NOWHERE)


def text(value: str, *, case_sensitive: bool = False) -> CharVal:
    return CharVal(value, case_sensitive, NOWHERE)


def series(base: str, *values: int) -> NumSeries:
    return NumSeries(values, base, NOWHERE)


def either(*items: Node) -> Alternation:
    return Alternation(items, NOWHERE)


def row(*items: Node) -> Concatenation:
    return Concatenation(items, NOWHERE)


def times(minimum: int, maximum: int | None, item: Node) -> Repetition:
    return Repetition(minimum, maximum, item, NOWHERE)


def definition(elements: str) -> Node:
    (rule,) = read_grammar(Source("test.abnf", f"a = {elements}\n")).definitions
    return rule.definition


def names(grammar: str) -> list[str]:
    return [each.name for each in read_grammar(Source("test.abnf", grammar)).definitions]


def codes(grammar: str) -> list[str]:
    return [each.code for each in read_leniently(Source("test.abnf", grammar)).diagnostics]


@pytest.mark.parametrize(
    ("elements", "expected"),
    [
        ("b", ref("b")),
        ("b2-c-", ref("b2-c-")),
        ('"text"', text("text")),
        ('""', text("")),
        ('"a;b<c>(d)"', text("a;b<c>(d)")),
        ('"\\"', text("\\")),
        ('%s"Text"', text("Text", case_sensitive=True)),
        ('%S"Text"', text("Text", case_sensitive=True)),
        ('%i"Text"', text("Text")),
        ("%x41", series("x", 0x41)),
        ("%X4a", series("x", 0x4A)),
        ("%x0D.0A.0d", series("x", 13, 10, 13)),
        ("%d13.10", series("d", 13, 10)),
        ("%b1000001", series("b", 65)),
        ("%B1.10.11", series("b", 1, 2, 3)),
        ("%x30-39", NumRange(0x30, 0x39, "x", NOWHERE)),
        ("%d48-57", NumRange(48, 57, "d", NOWHERE)),
        ("%b0-1", NumRange(0, 1, "b", NOWHERE)),
        ("%x00-10FFFF", NumRange(0, 0x10FFFF, "x", NOWHERE)),
        ("%xD800-DFFF", NumRange(0xD800, 0xDFFF, "x", NOWHERE)),
        ("%x0000000041", series("x", 0x41)),
        ('<any text, even ; and ( and ">', ProseVal('any text, even ; and ( and "', NOWHERE)),
        ("<>", ProseVal("", NOWHERE)),
        ("b c", row(ref("b"), ref("c"))),
        ("b / c / d", either(ref("b"), ref("c"), ref("d"))),
        ("b/c", either(ref("b"), ref("c"))),
        ("b c / d e", either(row(ref("b"), ref("c")), row(ref("d"), ref("e")))),
        ("b ( c / d ) e", row(ref("b"), either(ref("c"), ref("d")), ref("e"))),
        ("(b) c", row(ref("b"), ref("c"))),
        ("( ( b ) )", ref("b")),
        ("(b c) d", row(row(ref("b"), ref("c")), ref("d"))),
        ("[b]", Option(ref("b"), NOWHERE)),
        ("[ b / c ]", Option(either(ref("b"), ref("c")), NOWHERE)),
        ("*b", times(0, None, ref("b"))),
        ("1*b", times(1, None, ref("b"))),
        ("*5b", times(0, 5, ref("b"))),
        ("2*5b", times(2, 5, ref("b"))),
        ("1*1b", times(1, 1, ref("b"))),
        ("8b", times(8, 8, ref("b"))),
        ("0b", times(0, 0, ref("b"))),
        ("8HEXDIG", times(8, 8, ref("HEXDIG"))),
        ('2"x"', times(2, 2, text("x"))),
        ("2%x41", times(2, 2, series("x", 0x41))),
        ("0*9999999999b", times(0, 9999999999, ref("b"))),
        ("*( b c )", times(0, None, row(ref("b"), ref("c")))),
        ("*[b]", times(0, None, Option(ref("b"), NOWHERE))),
        ("3<prose>", times(3, 3, ProseVal("prose", NOWHERE))),
    ],
)
def test_every_form_of_an_element_has_its_node(elements: str, expected: Node) -> None:
    assert definition(elements) == expected


def test_nodes_stand_where_the_text_is() -> None:
    source = Source("test.abnf", '  rule = one / 2*3( "two" / %x41-5A )\n')
    (rule,) = read_grammar(source).definitions
    assert isinstance(rule.definition, Alternation)
    one, repeated = rule.definition.items
    assert one.span.text == "one"
    assert (one.span.position.line, one.span.position.column) == (1, 10)
    assert repeated.span.text == '2*3( "two" / %x41-5A )'
    assert isinstance(repeated, Repetition)
    assert repeated.item.span.text == '"two" / %x41-5A'
    assert rule.name_span.text == "rule"
    assert rule.span.text == 'rule = one / 2*3( "two" / %x41-5A )'


@pytest.mark.parametrize("line_end", ["\n", "\r\n"])
@pytest.mark.parametrize("last", [True, False])
def test_line_ends_are_lf_or_crlf_and_the_last_may_be_missing(line_end: str, last: bool) -> None:
    lines = ["; a comment", "", "a = b ; first", "\t/ c", "", "b =/ %x41", "  ; indented"]
    grammar = line_end.join(lines) + (line_end if last else "")
    first, second = read_grammar(Source("test.abnf", grammar)).definitions
    assert first.definition == either(ref("b"), ref("c"))
    assert first.comment == "first"
    assert (first.incremental, second.incremental) == (False, True)
    assert second.definition == series("x", 0x41)
    assert second.comment == "indented"


def test_a_rule_ends_where_a_line_is_not_indented_more() -> None:
    assert names("a = b\n  c\n\td\ne = f\n") == ["a", "e"]
    assert names("   a = b\n     c\n   e = f\n") == ["a", "e"]


def test_name_and_definition_may_stand_on_different_lines() -> None:
    assert names("a\n =\n  b ; comment\n  ; another\n  c\nd = e") == ["a", "d"]
    assert names("a\n = b\nc\n = d\n") == ["a", "c"]


def test_a_tab_counts_as_indentation() -> None:
    assert names("a = b /\n\tc\nd = e\n") == ["a", "d"]
    assert names("    a = b /\n\tc\n    d = e\n") == ["a", "d"]


def test_the_span_of_a_rule_holds_its_indented_comments_only() -> None:
    grammar = "a = b ; one\n    ; two\n; section\n\nc = d\n"
    first, second = read_grammar(Source("test.abnf", grammar)).definitions
    assert first.span.text == "a = b ; one\n    ; two"
    assert first.comment == "one\ntwo"
    assert second.span.text == "c = d"


def test_a_rule_in_another_column_is_read_with_a_warning() -> None:
    tree = read_grammar(Source("test.abnf", "a = b\n   c = d\n     e\nf = g\n"))
    assert [each.name for each in tree.definitions] == ["a", "c", "f"]
    assert [(each.code, each.span.position.line) for each in tree.diagnostics] == [("ABNF111", 2)]


def test_an_interrupted_rule_is_read_with_a_warning() -> None:
    tree = read_grammar(Source("test.abnf", "a = b\n\n  / c\nd = e\n; here\n  / f\n"))
    assert [each.definition for each in tree.definitions] == [
        either(ref("b"), ref("c")),
        either(ref("e"), ref("f")),
    ]
    assert [each.code for each in tree.diagnostics] == ["ABNF113", "ABNF113"]


def test_a_byte_order_mark_is_no_part_of_the_first_rule() -> None:
    assert names("\ufeffa = b\n  c\nd = e\n") == ["a", "d"]


@pytest.mark.parametrize("char", ["\f", "\v", "\x1c", "\x85", "\xa0", "\u2028", "\x00"])
def test_what_python_calls_white_space_is_not_a_blank_of_abnf(char: str) -> None:
    assert codes(f"a = b{char}\nc = d\n") == ["ABNF110"]
    assert codes(f"a = b{char}c\n") == ["ABNF110"]
    assert codes(f"a = b\n{char}\nc = d\n") == ["ABNF110"]


def test_one_broken_rule_costs_only_itself() -> None:
    tree = read_leniently(Source("t", 'a = "x\nb = )\nc = d\ne := f\ng = (h\ni = j\n'))
    assert [each.name for each in tree.definitions] == ["c", "i"]
    assert tree.broken == {"a", "b", "e", "g"}
    assert [each.code for each in tree.diagnostics] == ["ABNF102", "ABNF101", "ABNF101", "ABNF104"]
    with pytest.raises(GrammarError) as caught:
        read_grammar(tree.source)
    assert len(caught.value.diagnostics) == 4


def test_a_blank_must_follow_an_element_and_must_not_follow_a_repeat() -> None:
    assert codes('a = "x""y"\n') == ["ABNF106"]
    assert codes("a = (b)(c)\n") == ["ABNF106"]
    assert codes("a = b[c]\n") == ["ABNF106"]
    assert codes("a = b*c\n") == ["ABNF106"]
    assert codes("a = 3 b\n") == ["ABNF105"]
    assert codes("a = 1*\n  b\n") == ["ABNF105"]
    assert codes('a = (b) "x" [c] *d\n') == []


def test_values_end_at_the_last_code_point() -> None:
    assert codes("a = %x110000\n") == ["ABNF107"]
    assert codes("a = %x0-110000\n") == ["ABNF107"]
    assert codes("a = %d1114111\n") == []


@pytest.mark.parametrize("form", ["%d{}", "{}b", "*{}b", "{}*b"])
def test_numbers_that_python_would_refuse_are_reported(form: str) -> None:
    assert codes(f"a = {form.format('9' * 5000)}\n") == ["ABNF108"]


def test_long_repetition_bounds_are_exact() -> None:
    assert definition(f"1*{'9' * 900}b") == times(1, int("9" * 900), ref("b"))


def test_200_levels_are_read_and_201_are_not() -> None:
    assert definition("(" * 200 + "b" + ")" * 200) == ref("b")
    assert codes("a = " + "(" * 201 + "b" + ")" * 201) == ["ABNF109"]
    assert codes("a = " + "[" * 199 + "b" + "]" * 199) == []
    assert codes("a = " + "[" * 200 + "b" + "]" * 200) == ["ABNF109"]
    assert codes("a = " + "*[" * 101 + "b" + "]" * 101) == ["ABNF109"]


@pytest.mark.parametrize("bracket", ["(", "[", "*(", "1*2[", "b ("])
def test_deep_nesting_is_a_finding_and_never_a_crash(bracket: str) -> None:
    assert set(codes("a = " + bracket * 30_000 + "b\n")) == {"ABNF109"}


def test_an_empty_text_has_no_rule() -> None:
    assert codes("") == ["ABNF112"]
    assert codes("\n; only a comment\n\n") == ["ABNF112"]


def test_a_long_grammar_is_read_in_linear_time() -> None:
    grammar = "".join(f"rule-{number} = *( a / %x41-5A ) [ b ]\n" for number in range(1000))
    started = time.process_time()
    assert len(names(grammar)) == 1000
    assert time.process_time() - started < 5


def test_no_text_makes_the_reader_fail(project) -> None:
    text = (project / "grammar/reply-metadata.abnf").read_text("utf-8")
    pieces = [*'()[]"<>=/;*3_\n\r\t \x00\u00e9', "%x", "%s", "; @start", "..", "\\x"]
    pieces += ["; @example a:", "; @capture a: ", "%x110000", "5*3", "=/"]
    random = Random(7)
    for _ in range(1500):
        start = random.randrange(len(text))
        part = text[start : start + random.randrange(300)]
        for _ in range(random.randrange(10)):
            place = random.randrange(len(part) + 1)
            part = part[:place] + random.choice(pieces) + part[place + random.choice((0, 0, 2)) :]
        for found in read_leniently(Source("test.abnf", part)).diagnostics:
            assert render(found).startswith("test.abnf:"), part


@pytest.mark.parametrize("folder", ["rfc-abnf", "strings/grammars"])
def test_grammars_of_published_rfcs_are_read(test_data, folder: str) -> None:
    files = sorted((test_data / folder).glob("*.abnf"))
    assert len(files) == {"rfc-abnf": 56, "strings/grammars": 14}[folder]
    for path in files:
        started = time.process_time()
        tree = read_leniently(Source(path.name, path.read_text("utf-8")))
        assert time.process_time() - started < 2, path.name
        assert tree.definitions, path.name
        assert not [each for each in tree.diagnostics if each.severity is Severity.ERROR], path.name
