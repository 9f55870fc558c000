"""Hostile strings come from every loop of a rule and are refused however long they are."""

import random

import pytest

from abnf_compiler.automata.dfa import minimal_dfa
from abnf_compiler.automata.expression import factored
from abnf_compiler.automata.normal_form import to_regex
from abnf_compiler.automata.pumps import pumped_families
from abnf_compiler.grammar import Grammar, load_resolved


def families(text):
    grammar = Grammar.from_text(text).resolved
    regex = factored(to_regex(grammar, "a"))
    dfa = minimal_dfa(regex)
    return dfa, pumped_families(regex, dfa)


def shown(family):
    return tuple("".join(map(chr, part)) for part in (family.prefix, family.pump))


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ('a = %s"x"\n', set()),
        ('a = 2*5%s"x"\n', set()),
        ('a = *%s"x" %s"y"\n', {("", "x")}),
        ('a = %s"(" *( %s"x" *%s"y" ) %s")"\n', {("(", "x"), ("(x", "y")}),
        ('a = 1*( %s"x" / %s"yz" ) "!"\n', {("", "x"), ("", "yz")}),
        ('a = 3*%s"x" "!"\n', {("xx", "x")}),
        ('a = [ %s"q" ] *( %s"b" [ %s"c" ] ) %s"d"\n', {("", "b")}),
        ('a = "1" a / "2"\n', {("", "1")}),
    ],
)
def test_each_loop_gives_a_family_for_each_way_to_begin_its_turn(text, expected) -> None:
    _, found = families(text)
    assert {shown(family) for family in found} == expected


def test_a_loop_that_takes_everything_is_accepted_and_says_so() -> None:
    _, (family,) = families("a = *%x00-10FFFF\n")
    assert not family.refused


@pytest.mark.parametrize(
    ("text", "suffix"),
    [
        ('a = *%s"x" %s"y"\n', (0,)),  # no string has NUL
        ("a = *%x00-10FFFF %x00\n", ()),  # only ending too early is refused
        ("a = *( %x00-10FFFF %x00-10FFFF )\n", ()),
        ("a = *%x61 %x00-10FFFF\n", (0x61, 0x62)),
    ],
)
def test_the_end_is_a_wrong_character_else_an_early_end(text, suffix) -> None:
    dfa, found = families(text)
    assert found
    for family in found:
        assert family.refused
        for length in (0, 7, 8, 50, 51):
            assert not dfa.accepts(family.string(length))
    if suffix == (0,):
        assert {family.suffix for family in found} == {suffix}


def random_node(chance, depth):
    kind = chance.random()
    if depth == 0 or kind < 0.3:
        return chance.choice(('%s"x"', '%s"y"', '%s"xy"', "%x78-79", "%x79-7A"))
    if kind < 0.55:
        return f"*( {random_node(chance, depth - 1)} )"
    if kind < 0.7:
        return f"[ {random_node(chance, depth - 1)} ]"
    mark = " / " if kind < 0.85 else " "
    return f"( {mark.join(random_node(chance, depth - 1) for _ in range(2))} )"


def test_verdicts_and_lengths_are_as_promised_for_random_rules() -> None:
    chance = random.Random(16384)
    loops = 0
    for _ in range(250):
        dfa, found = families(f"a = {random_node(chance, 4)}\n")
        for family in found:
            loops += 1
            for length in (1, 30, 31, 32, 33, 200):
                string = family.string(length)
                assert dfa.accepts(string) is not family.refused, family
                assert len(string) <= max(
                    length, len(family.prefix) + len(family.pump) + len(family.suffix)
                )
    assert loops > 150


def test_every_rule_of_the_grammar_with_a_loop_has_a_refused_family(project) -> None:
    grammar = load_resolved(project / "grammar/reply-metadata.abnf")
    for rule in grammar.annotations.starts:
        regex = factored(to_regex(grammar, rule))
        found = pumped_families(regex, minimal_dfa(regex))
        assert bool(found) is (rule not in {
            "delta-seconds", "number32", "opaque-identifier", "reason-token",
        })  # fmt: skip
        assert all(family.refused for family in found)
