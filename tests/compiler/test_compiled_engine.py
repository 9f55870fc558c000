"""The compiled engine gives the verdict of the rule, and says in words what it expected."""

import pytest

from abnf_compiler.automata.charset import CODE_POINT_LIMIT, CharSet
from abnf_compiler.automata.normal_form import AutomataError
from abnf_compiler.engines.compiled import compile_rule
from abnf_compiler.engines.refusal import expected_words
from abnf_compiler.grammar import Grammar, load_resolved


def rule_of(text, rule="a"):
    return compile_rule(Grammar.from_text(text, fragment=True).resolved, rule)


@pytest.fixture(scope="module")
def grammar(project):
    return load_resolved(project / "grammar/reply-metadata.abnf")


def test_the_examples_of_the_grammar_are_accepted(grammar) -> None:
    assert grammar.annotations.examples
    for rule, text in grammar.annotations.examples:
        match = compile_rule(grammar, rule).match(text.encode("latin-1"))
        assert match, (rule, text)
        assert (match.engine, match.position, match.expected) == ("compiled", len(text), ())


@pytest.mark.parametrize(
    ("data", "position", "expected"),
    [
        (b"", 0, ('"["',)),
        (b"QUEUE-ID 4XyZ1]", 0, ('"["',)),
        (b"[QUEUE-ID 4XyZ1", 15, ("SP", '"]"')),
        (b"[1]", 1, ("a letter",)),
        (b"[A  b]", 3, ('a printable character but not "<" or "=" or ">" or "[" or "]"',)),
        (b"[A +4x]", 5, ("a digit", '"A" to "F"')),
        (b"[A]x", 3, ("the end",)),
        (b"[A.]", 3, ("a letter", "a digit", '"-"')),
    ],
)
def test_a_refusal_says_where_and_what_was_expected(grammar, data, position, expected) -> None:
    match = compile_rule(grammar, "metadata-group").match(data)
    assert not match
    assert match.position == position
    assert set(expected) <= set(match.expected)


def test_a_string_is_matched_by_code_point_and_octets_by_octet(grammar) -> None:
    rule = compile_rule(grammar, "free-text")
    assert rule.match("caf\u00e9".encode())
    assert not rule.match("caf\u00e9")
    assert rule.match("cafe")


def test_characters_above_255_match_in_strings_only() -> None:
    rule = rule_of('a = 1*( %x100-10FFFF / "x" )\n')
    assert rule.match("x\u20ac")
    assert rule.match(chr(CODE_POINT_LIMIT))
    assert rule.match(b"xx")
    refused = rule.match(b"x\xe9")
    assert (refused.accepted, refused.position) == (False, 1)
    assert not rule_of("a = %x100-10FFFF\n").match(b"x")


def test_rule_names_have_no_case(grammar) -> None:
    assert compile_rule(grammar, "NUMBER32").match(b"42")


def test_an_unknown_rule_is_a_key_error(grammar) -> None:
    with pytest.raises(KeyError):
        compile_rule(grammar, "no-such-rule")


def test_a_recursive_rule_is_refused() -> None:
    with pytest.raises(AutomataError, match="a -> a"):
        rule_of('a = "(" *a ")"\n')


def test_a_rule_too_large_for_one_automaton_still_explains_itself() -> None:
    rule = rule_of('a = *( %s"x" / %s"y" ) %s"x" 16( %s"x" / %s"y" ) "!"\n')
    assert rule.dfa is None
    refused = rule.match("x" * 17 + "?")
    assert refused.position == 17
    assert '"!"' in refused.expected


@pytest.mark.parametrize(
    ("intervals", "words"),
    [
        ([(0x30, 0x39)], ("a digit",)),
        ([(0x31, 0x39)], ('"1" to "9"',)),
        ([(0x41, 0x5A), (0x61, 0x7A), (0x2D, 0x2D)], ("a letter", '"-"')),
        ([(0x41, 0x46), (0x61, 0x66)], ('"a" to "f"',)),
        ([(0x58, 0x58), (0x78, 0x78)], ('"x"',)),
        ([(0x20, 0x21), (0x0D, 0x0D)], ("CR", "SP", '"!"')),
        ([(0x21, 0x7E)], ("a printable character",)),
        (
            [(0x21, 0x21), (0x23, 0x5A), (0x5C, 0x7E)],
            (
                '")"',
                '">"',
                '"]"',
                '"}"',
                'a printable character but not DQUOTE or "["',
            ),
        ),
        ([(0x80, 0xFF)], ("%x80-FF",)),
        ([(0x00, 0x00), (0x07, 0x07)], ("NUL", "%x07")),
        ([], ()),
    ],
)
def test_expected_sets_are_told_in_words(intervals, words) -> None:
    assert expected_words(CharSet.of(intervals)) == words
    assert expected_words(CharSet.of(intervals), may_end=True) == (*words, "the end")
