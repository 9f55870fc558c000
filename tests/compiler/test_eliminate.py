"""State elimination gives an expression of the same language with one way for each string."""

import pytest

from abnf_compiler.automata.ambiguity import ambiguous_word
from abnf_compiler.automata.compare import equal
from abnf_compiler.automata.dfa import minimal_dfa, position_nfa
from abnf_compiler.automata.eliminate import eliminate
from abnf_compiler.automata.expression import EMPTY
from abnf_compiler.automata.normal_form import TooLargeError, to_regex
from abnf_compiler.automata.positions import Positions
from abnf_compiler.grammar import Grammar, load_resolved
from abnf_compiler.pattern_text import pattern_text


def dfa_of(text):
    return minimal_dfa(to_regex(Grammar.from_text(text, fragment=True).resolved, "a"))


AMBIGUOUS = [
    'a = *( "x" / 1*"x" )\n',
    'a = *( "x" / "y" ) *( "y" / "z" )\n',
    'a = *( "," OWS ) ALPHA *( OWS "," [ OWS ALPHA ] )\nOWS = *( SP / HTAB )\n',
    'a = *( [ *"x" "y" ] "x" )\n',
]


@pytest.mark.parametrize("text", AMBIGUOUS)
def test_the_expression_is_equal_and_unambiguous(text) -> None:
    dfa = dfa_of(text)
    made = eliminate(dfa)
    assert equal(minimal_dfa(made), dfa)
    assert ambiguous_word(position_nfa(Positions(made))) is None


def test_every_start_rule_can_be_eliminated(project) -> None:
    grammar = load_resolved(project / "grammar/reply-metadata.abnf")
    for rule in grammar.annotations.starts:
        dfa = minimal_dfa(to_regex(grammar, rule))
        made = eliminate(dfa, rule=rule)
        assert equal(minimal_dfa(made), dfa), rule


def test_a_counted_run_stays_short() -> None:
    assert pattern_text(eliminate(dfa_of("a = 1*128VCHAR\n"))) == "[!-~]{1,128}"


def test_the_result_is_the_same_each_time() -> None:
    dfa = dfa_of(AMBIGUOUS[2])
    assert pattern_text(eliminate(dfa)) == pattern_text(eliminate(dfa))


def test_what_grows_too_large_is_refused() -> None:
    with pytest.raises(TooLargeError, match="positions"):
        eliminate(dfa_of('a = *( %s"a" / %s"b" ) %s"a" 5( %s"a" / %s"b" )\n'), rule="a", cap=200)


def test_the_empty_language_stays_empty() -> None:
    assert eliminate(minimal_dfa(EMPTY)) == EMPTY
