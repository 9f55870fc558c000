"""A repetition is committed only where keeping what it took loses nothing."""

import pytest

from abnf_compiler.automata.ambiguity import Growth, growth
from abnf_compiler.automata.commit import commit_check, committed_nfa, is_prefix_code
from abnf_compiler.automata.compare import equal
from abnf_compiler.automata.dfa import determinise, minimal_dfa
from abnf_compiler.automata.expression import Chars, Repeat, walk
from abnf_compiler.automata.normal_form import to_regex
from abnf_compiler.automata.positions import Positions
from abnf_compiler.grammar import Grammar, load_resolved


def regex_of(text):
    return to_regex(Grammar.from_text(text, fragment=True).resolved, "a")


def first_check(text):
    positions = Positions(regex_of(text))
    part = next(part for part in positions.parts if isinstance(part.regex, Repeat))
    return commit_check(positions, part)


SAFE = [
    'a = *( "[" ALPHA "]" ) *VCHAR\n',
    'a = [ "<" ALPHA ">" ] *VCHAR\n',
    'a = *"x" *"x" "y"\n',
    'a = 1*( "[" *ALPHA "] " ) *( VCHAR / SP )\n',
]

UNSAFE = [
    ('a = *( 1*ALPHA "." ) 1*ALPHA "."\n', "lose"),
    ('a = *( "x" / "xy" ) *VCHAR\n', "begins a longer"),
    ('a = [ "x" ] "x" *"y"\n', "lose"),
    ('a = *( "[" ALPHA "]" ) "[" ALPHA "]" *VCHAR\n', "lose"),
]


@pytest.mark.parametrize("text", SAFE)
def test_a_safe_repetition_is_found_safe(text) -> None:
    assert first_check(text).safe


@pytest.mark.parametrize(("text", "reason"), UNSAFE)
def test_an_unsafe_repetition_is_refused_with_a_string_that_shows_it(text, reason) -> None:
    check = first_check(text)
    assert not check.safe
    assert reason in check.reason
    assert check.witness


@pytest.mark.parametrize("text", SAFE)
def test_the_automaton_of_a_committed_matcher_has_the_same_language(text) -> None:
    regex = regex_of(text)
    site = next(site for site, part in enumerate(walk(regex)) if isinstance(part, Repeat))
    committed = committed_nfa(regex, frozenset({site}))
    assert equal(determinise(committed), minimal_dfa(regex))


@pytest.mark.parametrize(("text", "reason"), UNSAFE[2:])
def test_committing_unsafely_would_change_the_language(text, reason) -> None:
    regex = regex_of(text)
    site = next(site for site, part in enumerate(walk(regex)) if isinstance(part, Repeat))
    committed = committed_nfa(regex, frozenset({site}))
    assert not equal(determinise(committed), minimal_dfa(regex)), reason


def test_the_metadata_groups_of_a_received_line_are_committed_without_loss(project) -> None:
    grammar = load_resolved(project / "grammar/reply-metadata.abnf")
    regex = to_regex(grammar, "received-line")
    positions = Positions(regex)
    loops = [
        part
        for part in positions.parts
        if isinstance(part.regex, Repeat)
        and not isinstance(part.regex.item, Chars)
        and commit_check(positions, part).safe
    ]
    words = [(part, minimal_dfa(part.regex)) for part in loops]
    groups = [p for p, dfa in words if dfa.accepts(b"[A b=c] [D] ") and not dfa.accepts(b"x")]
    assert groups
    committed = committed_nfa(regex, frozenset({groups[0].site}))
    assert growth(committed).growth is Growth.BOUNDED
    assert equal(determinise(committed), minimal_dfa(regex))


def test_a_prefix_code_is_told_from_other_languages() -> None:
    assert is_prefix_code(minimal_dfa(regex_of('a = *"x" "y"\n')))
    assert not is_prefix_code(minimal_dfa(regex_of('a = "x" *"y"\n')))
