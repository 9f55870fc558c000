"""The minimal automaton has the language of its expression and explains what it refuses."""

import random
import re

import pytest

from abnf_compiler.automata.dfa import (
    Dfa,
    determinise,
    minimal_dfa,
    minimise,
    position_nfa,
    refusal_of,
)
from abnf_compiler.automata.expression import EMPTY
from abnf_compiler.automata.normal_form import TooLargeError, to_regex
from abnf_compiler.automata.positions import Positions
from abnf_compiler.grammar import Grammar, load_resolved


def regex_of(text, rule="a"):
    return to_regex(Grammar.from_text(text, fragment=True).resolved, rule)


def codes(text):
    return [ord(char) for char in text]


PATTERNS = [
    ('a = *( "x" / "y" ) "x" ( "x" / "y" )\n', "[xXyY]*[xX][xXyY]"),
    ('a = *( %s"ab" / %s"a" ) %s"b"\n', "(ab|a)*b"),
    ('a = 2*4( %s"a" / %s"ab" ) *%s"b"\n', "(a|ab){2,4}b*"),
    ('a = [ %s"a" ] [ %s"b" ] *( %s"ab" )\n', "a?b?(ab)*"),
    ('a = *( *%s"a" %s"b" / [ %s"a" ] )\n', "(a*b|a?)*"),
    ('a = *( 2*3( %s"a" ) / %s"bb" )\n', "((a{2,3})|bb)*"),
]


@pytest.mark.parametrize(("text", "pattern"), PATTERNS)
def test_the_automaton_agrees_with_re(text, pattern) -> None:
    dfa = minimal_dfa(regex_of(text))
    chance = random.Random(1)
    strings = {"".join(chance.choices("abxy", k=chance.randint(0, 9))) for _ in range(2500)}
    for string in strings:
        assert dfa.accepts(codes(string)) == bool(re.fullmatch(pattern, string)), string


@pytest.mark.parametrize(
    ("text", "states"),
    [
        ('a = *"x"\n', 1),
        ('a = "x" / "y" / "z"\n', 2),
        ('a = *( %s"a" / %s"b" ) %s"a" 3( %s"a" / %s"b" )\n', 16),
        ("a = 5*7DIGIT\n", 8),
    ],
)
def test_the_automaton_is_minimal(text, states) -> None:
    assert len(minimal_dfa(regex_of(text))) == states


def test_no_two_states_of_a_minimal_automaton_are_alike(project) -> None:
    grammar = load_resolved(project / "grammar/reply-metadata.abnf")
    for rule in grammar.rules:
        dfa = minimal_dfa(to_regex(grammar, rule))
        block = [state in dfa.accepting for state in range(len(dfa))]
        while True:
            rows = [
                (block[state], *(block[t] if t >= 0 else None for t in row))
                for state, row in enumerate(dfa.moves)
            ]
            numbers = {row: number for number, row in enumerate(dict.fromkeys(rows))}
            refined = [numbers[row] for row in rows]
            if len(numbers) == len(set(block)):
                break
            block = refined
        assert len(numbers) == len(dfa), rule
        assert len(minimise(dfa)) == len(dfa)


def test_a_refusal_gives_the_offset_and_what_was_expected() -> None:
    dfa = minimal_dfa(regex_of('a = 1*DIGIT [ ":" %x61-63 ]\n'))
    refusal = dfa.refusal(codes("12:z"))
    assert refusal is not None
    assert (refusal.position, "".join(map(chr, refusal.expected)), refusal.may_end) == (
        3,
        "abc",
        False,
    )
    early = dfa.refusal(codes("12:"))
    assert early is not None
    assert (early.position, early.may_end) == (3, False)
    long = dfa.refusal(codes("1x"))
    assert long is not None
    assert (long.position, long.may_end) == (1, True)
    assert ":" in map(chr, long.expected)
    assert dfa.refusal(codes("12")) is None


def test_a_refusal_is_the_same_read_from_the_positions(project) -> None:
    grammar = load_resolved(project / "grammar/reply-metadata.abnf")
    chance = random.Random(4)
    for rule in ("metadata-group", "referral-uri", "reply-with-metadata", "free-text"):
        regex = to_regex(grammar, rule)
        nfa, dfa = position_nfa(Positions(regex)), minimal_dfa(regex)
        start = list(dfa.shortest() or ())
        for _ in range(300):
            string = list(start)
            for _ in range(chance.randint(0, 3)):
                string.insert(chance.randint(0, len(string)), chance.randrange(256))
            assert refusal_of(nfa, string) == dfa.refusal(string), (rule, string)


def test_expected_after_a_prefix() -> None:
    dfa = minimal_dfa(regex_of('a = "[" 1*DIGIT "]"\n'))
    assert {chr(code) for code in dfa.expected_after(codes("[1")) or ()} == set("0123456789]")
    assert dfa.expected_after(codes("x")) is None


def test_every_state_leads_to_a_shortest_accepted_string(project) -> None:
    grammar = load_resolved(project / "grammar/reply-metadata.abnf")
    dfa = minimal_dfa(to_regex(grammar, "metadata-group"))
    assert bytes(dfa.shortest() or ()) == b"[A]"
    for state in range(len(dfa)):
        assert dfa.run(dfa.shortest_from(state), state) in dfa.accepting


def test_the_empty_language_has_an_automaton_that_refuses_everything() -> None:
    dfa = minimal_dfa(EMPTY)
    assert isinstance(dfa, Dfa)
    assert dfa.is_empty
    assert dfa.shortest() is None
    assert not dfa.accepts([])
    assert dfa.refusal([]) is not None


def test_too_many_states_are_refused() -> None:
    regex = regex_of('a = *( %s"a" / %s"b" ) %s"a" 12( %s"a" / %s"b" )\n')
    with pytest.raises(TooLargeError, match="states"):
        determinise(position_nfa(Positions(regex)), rule="a", cap=1000)
