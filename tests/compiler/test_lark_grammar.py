"""The character-level Lark grammar says exactly what the ABNF says, rule for rule."""

import time
from dataclasses import replace
from itertools import islice
from pathlib import Path

import pytest
from lark import Lark
from lark.exceptions import UnexpectedInput

from abnf_compiler.automata.charset import CharSet
from abnf_compiler.diagnostics import GrammarError
from abnf_compiler.emit.lark_grammar import emit_lark, write_lark
from abnf_compiler.emit.lark_names import abnf_rule, character_class, lark_rule
from abnf_compiler.engines.compiled import compile_rule
from abnf_compiler.grammar import load_resolved
from abnf_compiler.read.reader import read_grammar
from abnf_compiler.resolve.resolver import resolve
from abnf_compiler.sentences.derive import derive
from abnf_compiler.sentences.near_misses import near_misses
from abnf_compiler.source import Source


def grammar_of(text):
    return resolve(read_grammar(Source("<text>", text)), fragment=True)


def lark_of(text, start="a"):
    return Lark(emit_lark(grammar_of(text)), parser="earley", lexer="dynamic", start=start)


def accepts(parser, text):
    try:
        parser.parse(text)
    except UnexpectedInput:
        return False
    return True


@pytest.fixture(scope="module")
def grammar(project: Path):
    return load_resolved(project / "grammar/reply-metadata.abnf")


def test_every_rule_is_a_lark_rule_of_its_name_and_names_turn_back(grammar) -> None:
    lines = emit_lark(grammar).splitlines()
    for key in grammar.rules:
        assert abnf_rule(lark_rule(key)) == key
        assert sum(line.startswith(f"{lark_rule(key)}:") for line in lines) == 1


def test_the_first_line_says_where_the_grammar_comes_from(grammar) -> None:
    text = emit_lark(grammar, source_sha256="0" * 64, command="make generate")
    assert text.startswith(
        "// Generated from reply-metadata.abnf by make generate; SHA-256 of the source: 0000"
    )
    assert text.isascii()


def test_any_rule_may_be_the_start(grammar) -> None:
    starts = [lark_rule(key) for key in grammar.rules]
    parser = Lark(emit_lark(grammar), parser="earley", lexer="dynamic", start=starts)
    assert parser.parse("[REFERRAL smtp://backend2/]", start="metadata_group")
    assert parser.parse("+5B", start="encoded_octet")


def test_every_octet_is_matched_by_itself_only() -> None:
    for value in range(256):
        parser = lark_of(f"a = %x{value:02X}\n")
        assert accepts(parser, chr(value))
        assert not accepts(parser, chr(value ^ 1))
        assert not accepts(parser, chr(value) * 2)


def test_every_octet_is_right_as_an_end_of_a_range_and_beside_others() -> None:
    for value in range(255):
        parser = lark_of(f"a = %x{value:02X}-{value + 1:02X} / %x21 / %x5D / %x7E\n")
        wanted = {value, value + 1, 0x21, 0x5D, 0x7E}
        for other in {value - 1, value + 2, 0x22, 0x5C, 0x5E, 0x2D, *wanted} - {-1}:
            assert accepts(parser, chr(other)) is (other in wanted), (value, other)


@pytest.mark.parametrize("value", [0xD7FF, 0xD800, 0xDFFF, 0xFFFF, 0x10000, 0x10FFFF])
def test_code_points_beyond_octets_and_surrogates_are_exact(value) -> None:
    parser = lark_of(f"a = %x100-{value:X}\n")
    assert accepts(parser, chr(value))
    assert not accepts(parser, "\xff")
    if value < 0x10FFFF:
        assert not accepts(parser, chr(value + 1))


@pytest.mark.parametrize(("letter", "other"), [("k", "\u212a"), ("s", "\u017f"), ("i", "\u0130")])
def test_only_ascii_letters_have_another_case(letter, other) -> None:
    parser = lark_of(f'a = "{letter}x"\n')
    assert accepts(parser, f"{letter}X")
    assert accepts(parser, f"{letter.upper()}x")
    assert not accepts(parser, f"{other}x")


def test_case_counts_where_the_grammar_says_so() -> None:
    parser = lark_of('a = %s"Ab" / %x43.64\n')
    found = {text for text in ("Ab", "ab", "AB", "Cd", "cd") if accepts(parser, text)}
    assert found == {"Ab", "Cd"}


@pytest.mark.parametrize(
    ("repeat", "counts"),
    [
        ("*", {0, 1, 49, 60}),
        ("1*", {1, 2, 60}),
        ("3*", {3, 4, 60}),
        ("*3", {0, 1, 2, 3}),
        ("2*49", {2, 3, 48, 49}),
        ("2*50", {2, 3, 49, 50}),
        ("2*51", {2, 3, 50, 51}),
        ("*128", {0, 1, 127, 128}),
        ("50", {50}),
        ("130", {130}),
        ("100*131", {100, 130, 131}),
        ("0", {0}),
        ("*1", {0, 1}),
        ("1*1", {1}),
        ("0*9999999999", {0, 1, 100}),
        ("3*9999999999", {3, 4, 100}),
    ],
)
def test_repetition_bounds_are_exact(repeat, counts) -> None:
    parser = lark_of(f'a = {repeat}%s"x"\n')
    probes = {0, 1, 2, 3, 4, 48, 49, 50, 51, 52, 99, 100, 127, 128, 129, 130, 131, 132} | counts
    low, high = repeat.partition("*")[::2] if "*" in repeat else (repeat, repeat)
    for count in probes:
        wanted = int(low or 0) <= count <= int(high or 1 << 40)
        assert accepts(parser, "x" * count) is wanted, count
        assert wanted or count not in counts


@pytest.mark.parametrize(
    "rule",
    [
        "*31( b / c / d / e / f )",
        "*49( b / c / [ d ] / *e / 1*f )",
        " ".join("[ b ]" for _ in range(30)),
        " ".join("( b / c / d )" for _ in range(30)),
        " ".join("*3( b / c )" for _ in range(20)),
        "*200( *200( *200b ) )",
        "( " * 50 + "b" + " / c ) [ d ]" * 50,
    ],
)
def test_no_form_of_rule_is_multiplied_out(rule) -> None:
    began = time.monotonic()
    text = f'a = {rule}\nb = "b"\nc = "c"\nd = "d"\ne = "e"\nf = "f"\n'
    parser = lark_of(text)
    assert len(parser.rules) < 2500
    assert accepts(parser, "b") or accepts(parser, "b" * 30)
    assert time.monotonic() - began < 10


@pytest.mark.parametrize(
    ("rules", "accepted", "refused"),
    [
        ('a = ""', [""], ["x"]),
        ('a = "" / "x"', ["", "x"], ["xx"]),
        ('a = [ "" ] "x" *""', ["x"], ["", "xx"]),
        ('a = *( *"x" ) "y"', ["y", "xxy"], ["x", "yx"]),
        ('a = *[ "x" ]', ["", "xxx"], ["y"]),
        ('a = 2*3[ "x" ]', ["", "x", "xxx"], ["xxxx"]),
        ('a = a "x" / "y"', ["y", "yxx"], ["x", "xy"]),
        ('a = "(" [ a ] ")"', ["()", "(())"], ["(", "())", ""]),
        ('a = "x" a / ""', ["", "xx"], ["y"]),
        ('a-b = "x"\na = a-b 1*2( a-b / "y" )', ["xx", "xyx"], ["x", "xxxx"]),
        ("a = *b\nb = [ c ]\nc = %x0A / %x0D", ["", "\n", "\r\n"], [" "]),
    ],
)
def test_empty_strings_loops_and_recursion_are_right(rules, accepted, refused) -> None:
    parser = lark_of(rules + "\n")
    assert [text for text in accepted if not accepts(parser, text)] == []
    assert [text for text in refused if accepts(parser, text)] == []


def test_terminals_stand_for_the_characters_of_the_tree(grammar) -> None:
    written = write_lark(grammar)
    for name, charset in written.terminals.items():
        assert f"\n{name}: /{character_class(charset)}/\n" in written.text
    assert written.terminals["X5B"] == CharSet.single(0x5B)


def test_only_what_the_start_reaches_is_written_when_a_start_is_given(grammar) -> None:
    text = write_lark(grammar, start="Delta-Seconds").text
    assert "\ndelta_seconds:" in text
    assert "metadata_group" not in text


def test_what_no_parser_can_match_is_refused_with_its_place() -> None:
    with pytest.raises(GrammarError) as caught:
        emit_lark(grammar_of("a = b <prose> b\nb = DIGIT\n"))
    assert (caught.value.first.code, caught.value.column) == ("ABNF405", 7)


def test_a_rule_that_is_missing_is_refused_with_the_place_that_needs_it() -> None:
    whole = grammar_of('a = DIGIT b\nb = "x"\n')
    without = replace(whole, rules={key: whole.rules[key] for key in ("a", "digit")})
    with pytest.raises(GrammarError) as caught:
        emit_lark(without)
    assert (caught.value.first.code, caught.value.column) == ("ABNF201", 11)


def test_prose_that_the_start_does_not_reach_does_no_harm() -> None:
    assert write_lark(grammar_of('a = "x"\nb = <prose>\n'), start="a").text


def test_the_same_grammar_gives_the_same_bytes(project: Path, grammar) -> None:
    assert emit_lark(load_resolved(project / "grammar/reply-metadata.abnf")) == emit_lark(grammar)


def test_lark_and_the_compiled_engine_agree_on_every_rule(grammar) -> None:
    starts = [lark_rule(key) for key in grammar.rules]
    parser = Lark(
        emit_lark(grammar), parser="earley", lexer="dynamic", start=starts, ambiguity="forest"
    )
    compared = 0
    for key in grammar.rules:
        compiled = compile_rule(grammar, key)
        strings = list(islice(derive(grammar, key, seed=7, max_octets=28), 14))
        strings += [miss.octets for miss in near_misses(grammar, key, seed=7, count=14)]
        for octets in strings:
            if len(octets) > 48:
                continue
            try:
                parser.parse(octets.decode("latin-1"), start=lark_rule(key))
                verdict = True
            except UnexpectedInput:
                verdict = False
            assert verdict is bool(compiled.match(octets)), (key, octets)
            compared += 1
    assert compared > 1200
