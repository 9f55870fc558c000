"""Ambiguity is found with a shortest string, and slow patterns with a string that pumps."""

import re
import time

import pytest

from abnf_compiler.automata.ambiguity import Growth, ambiguous_word, growth
from abnf_compiler.automata.dfa import position_nfa
from abnf_compiler.automata.normal_form import TooLargeError, to_regex
from abnf_compiler.automata.positions import Positions
from abnf_compiler.grammar import Grammar, load_resolved
from abnf_compiler.pattern_text import pattern_text


def regex_of(text):
    return to_regex(Grammar.from_text(text, fragment=True).resolved, "a")


def nfa_of(text):
    return position_nfa(Positions(regex_of(text)))


@pytest.mark.parametrize(
    ("text", "word"),
    [
        ('a = %s"x" / %s"xy"\n', None),
        ('a = *( %s"x" %s"y" )\n', None),
        ('a = *%s"x" %s"x"\n', None),
        ('a = *%s"x" *%s"x"\n', "x"),
        ('a = [ %s"x" ] [ %s"x" ] %s"y"\n', "xy"),
        ('a = *( %s"x" / %s"xy" / %s"yx" )\n', "xyx"),
        ('a = 1*2( 1*2%s"x" )\n', "xx"),
        ('a = *( [ %s"c" ] 1*%s"x" )\n', "xx"),
    ],
)
def test_a_shortest_ambiguous_string_is_found(text, word) -> None:
    found = ambiguous_word(nfa_of(text))
    assert (None if found is None else "".join(map(chr, found))) == word


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ('a = *%s"x" %s"x" *%s"y"\n', Growth.BOUNDED),
        ('a = *( %s"x" / %s"y" ) %s"x" *3( %s"x" / %s"y" )\n', Growth.BOUNDED),
        ('a = [ %s"x" ] [ %s"x" ] [ %s"x" ] *%s"x" %s"!"\n', Growth.BOUNDED),
        ('a = *%s"x" *%s"x" %s"!"\n', Growth.POLYNOMIAL),
        ('a = *( %s"x" / %s"y" ) *( %s"y" / %s"z" ) %s"!"\n', Growth.POLYNOMIAL),
        ('a = *( %s"xy" ) [ %s"x" ] *( %s"yx" ) %s"!"\n', Growth.POLYNOMIAL),
        ('a = *( %s"x" / 1*%s"x" ) %s"!"\n', Growth.EXPONENTIAL),
        ('a = *( [ %s"c" ] 1*%s"x" ) %s"!"\n', Growth.EXPONENTIAL),
        ('a = *( *%s"x" %s"y" / %s"x" ) %s"!"\n', Growth.EXPONENTIAL),
        ('a = *( %s"xy" / %s"x" / %s"yx" ) %s"!"\n', Growth.EXPONENTIAL),
    ],
)
def test_the_growth_is_told_apart(text, expected) -> None:
    report = growth(nfa_of(text))
    assert report.growth is expected
    assert (report.pump is None) == (expected is Growth.BOUNDED)


def ways(nfa, word) -> int:
    """How many ways a matcher can read `word`, whether they lead anywhere or not."""
    counts = {0: 1}
    for code in word:
        bit = 1 << nfa.alphabet.class_of(code)
        after: dict[int, int] = {}
        for state, count in counts.items():
            for mask, target in nfa.moves[state]:
                if mask & bit:
                    after[target] = after.get(target, 0) + count
        counts = after
    return sum(counts.values())


SLOW = [
    'a = *( %s"x" / 1*%s"x" ) %s"!"\n',
    'a = *( %s"x" *( %s"y" / %s"yx" ) ) %s"!"\n',
    'a = *( %s"x" / %s"y" ) *( %s"y" / %s"z" ) %s"!"\n',
    'a = *( %s"xyz" ) [ %s"xy" ] *( %s"zxy" ) %s"!"\n',
    'a = *( %s"ab" / %s"a" %s"b" %s"c" / %s"c" *%s"a" ) %s"!"\n',
]


@pytest.mark.parametrize("text", SLOW)
def test_the_pump_makes_the_ways_grow_as_reported(text) -> None:
    nfa = nfa_of(text)
    report = growth(nfa)
    if report.pump is None:
        assert max(ways(nfa, nfa_word) for nfa_word in [[97, 98, 99] * 20]) <= len(nfa.moves)
        return
    counts = [ways(nfa, report.pump.prefix + report.pump.pump * n) for n in (4, 8, 16)]
    assert counts[0] < counts[1] < counts[2]
    if report.growth is Growth.EXPONENTIAL:
        assert counts[2] >= counts[1] * 2**7


@pytest.mark.timing
def test_the_pump_slows_a_plain_pattern() -> None:
    regex = regex_of('a = *( %s"x" / 1*%s"x" ) %s"!"\n')
    pump = growth(position_nfa(Positions(regex))).pump
    assert pump is not None
    plain = re.compile(pattern_text(regex))

    def seconds(turns) -> float:
        string = "".join(map(chr, pump.prefix + pump.pump * turns))
        started = time.thread_time()
        assert plain.fullmatch(string) is None
        return time.thread_time() - started

    assert seconds(11) > 6 * seconds(8)


def test_the_sending_rules_of_the_grammar_are_unambiguous(project) -> None:
    grammar = load_resolved(project / "grammar/reply-metadata.abnf")
    received = {"received-line", "received-text", "received-content"}
    for rule in grammar.rules:
        word = ambiguous_word(position_nfa(Positions(to_regex(grammar, rule))), rule=rule)
        assert (word is not None) == (rule in received), (rule, word and bytes(word))


def test_the_test_stops_at_its_cap() -> None:
    with pytest.raises(TooLargeError, match="ambiguity"):
        ambiguous_word(nfa_of('a = *( %s"x" / %s"y" ) 40( %s"x" / %s"y" )\n'), rule="a", cap=50)
