"""ABNF becomes an expression of the same language, or an error that says why not."""

import pytest

from abnf_compiler.automata.dfa import minimal_dfa
from abnf_compiler.automata.expression import Alt, Captured, Chars, Repeat, nullable, walk
from abnf_compiler.automata.normal_form import (
    MAX_NESTING,
    MAX_POSITIONS,
    NoAutomatonError,
    NotRegularError,
    TooLargeError,
    rule_cycles,
    to_regex,
)
from abnf_compiler.grammar import Grammar, load_resolved


def grammar_of(text):
    return Grammar.from_text(text, fragment=True).resolved


def language(text, rule="a"):
    dfa = minimal_dfa(to_regex(grammar_of(text), rule))
    return lambda string: dfa.accepts([ord(char) for char in string])


@pytest.mark.parametrize(
    ("text", "accepted", "refused"),
    [
        ('a = "xY"', ["xY", "Xy", "XY"], ["x", "xYx", ""]),
        ('a = %s"xY"', ["xY"], ["XY", "xy"]),
        ('a = %i"xY"', ["XY"], ["x"]),
        ('a = "k\u00e9"'.replace("\u00e9", "-"), ["K-"], ["\u212a-"]),
        ("a = %x61.62 / %d67-70", ["ab", "C", "F"], ["AB", "c"]),
        ('a = ""', [""], ["x"]),
        ('a = 2*3"x"', ["xx", "xxx"], ["x", "xxxx"]),
        ('a = 2"x"', ["xx"], ["x", "xxx"]),
        ('a = *2"x"', ["", "xx"], ["xxx"]),
        ('a = 2*"x"', ["xx", "xxxxx"], ["x", ""]),
        ('a = 0"x" "y"', ["y"], ["xy"]),
        ('a = *( *"x" / [ "y" ] )', ["", "xyx", "yyxx"], ["z"]),
        ('a = 3*( [ "x" ] )', ["", "x", "xxxx"], ["y"]),
        ('a = 2*3( *"x" "y" )', ["yy", "xyxxyy"], ["y", "yyyy"]),
        ('a = [ "x" / "" ] "y"', ["y", "xy"], ["x"]),
    ],
)
def test_the_language_is_that_of_the_abnf(text, accepted, refused) -> None:
    accepts = language(f"{text}\n")
    assert [each for each in accepted if not accepts(each)] == []
    assert [each for each in refused if accepts(each)] == []


@pytest.mark.parametrize(
    ("text", "accepted", "refused"),
    [
        ('a = "x" a / "y"', ["y", "xxy"], ["x", "yx"]),
        ('a = a "x" / "y"', ["y", "yxx"], ["xy"]),
        ('a = "x" [ a ]', ["x", "xxx"], [""]),
        ('a = "x" b / "y"\nb = "z" a / "w" b / "v"', ["y", "xzy", "xwwv", "xzxv"], ["x", "xw"]),
        ('a = b "x" / "1"\nb = a "z" / "2"', ["1", "2x", "1zx", "2xzx"], ["1z", ""]),
        ('a = "x" *1a', ["x", "xx"], [""]),
        ('a = ldh\nldh = *( ALPHA / DIGIT / "-" ) let-dig\nlet-dig = ALPHA', ["a-b"], ["a-"]),
    ],
)
def test_tail_recursion_on_either_side_is_a_repetition(text, accepted, refused) -> None:
    accepts = language(f"{text}\n")
    assert [each for each in accepted if not accepts(each)] == []
    assert [each for each in refused if accepts(each)] == []


@pytest.mark.parametrize(
    ("text", "cycle"),
    [
        ('a = "(" [ a ] ")"', ("a",)),
        ('a = *( "x" a )', ("a",)),
        ('a = "x" a / a "y" / "z"', ("a",)),
        ('a = "x" b\nb = "(" c ")" / "1"\nc = b', ("b", "c")),
    ],
)
def test_other_recursion_is_refused_and_the_cycle_named(text, cycle) -> None:
    with pytest.raises(NotRegularError) as caught:
        to_regex(grammar_of(f"{text}\n"), "a")
    assert caught.value.cycle == cycle
    assert " -> ".join((*cycle, cycle[0])) in str(caught.value)


def test_recursion_elsewhere_does_not_matter() -> None:
    grammar = grammar_of('a = "x"\nb = "(" b ")" / a\n')
    assert to_regex(grammar, "A") == Chars(to_regex(grammar, "a").charset)
    assert rule_cycles(grammar, "a") == ()
    assert rule_cycles(grammar, "b") == (("b",),)


def test_what_is_too_large_is_refused_in_time() -> None:
    doubling = "".join(f"r{n} = r{n + 1} r{n + 1}\n" for n in range(500)) + 'r500 = "x"\n'
    with pytest.raises(TooLargeError) as caught:
        to_regex(grammar_of(doubling), "r0")
    assert caught.value.cap == MAX_POSITIONS
    nested = "".join(f'r{n} = [ "x" r{n + 1} ]\n' for n in range(500)) + 'r500 = "x"\n'
    with pytest.raises(TooLargeError) as caught:
        to_regex(grammar_of(nested), "r0")
    assert caught.value.cap == MAX_NESTING
    with pytest.raises(TooLargeError):
        to_regex(grammar_of('a = 30000"x"\n'), "a")


def test_a_long_chain_of_rules_needs_no_recursion() -> None:
    chain = "".join(f"r{n} = r{n + 1}\n" for n in range(2000)) + 'r2000 = "x"\n'
    assert isinstance(to_regex(grammar_of(chain), "r0"), Chars)


def test_prose_has_no_automaton() -> None:
    with pytest.raises(NoAutomatonError, match="a string of some kind"):
        to_regex(grammar_of("a = <a string of some kind>\n"), "a")


def test_loops_never_have_an_empty_body_nor_choices_two_empty_alternatives(project) -> None:
    grammar = load_resolved(project / "grammar/reply-metadata.abnf")
    texts = ['a = *( *"x" [ "y" ] ) / *"z" / [ "w" ] / ""\n', 'a = 2*( *( *"x" ) / "y" )\n']
    rules = [(grammar, rule) for rule in grammar.rules] + [(grammar_of(t), "a") for t in texts]
    for each, rule in rules:
        for part in walk(to_regex(each, rule)):
            assert not (isinstance(part, Repeat) and nullable(part.item)), rule
            assert not (isinstance(part, Alt) and sum(map(nullable, part.items)) > 1), rule


def test_captures_nest_as_the_annotations_do(project) -> None:
    grammar = load_resolved(project / "grammar/reply-metadata.abnf")
    regex = to_regex(grammar, "received-line", captures=True)
    outer = [part for part in walk(regex) if isinstance(part, Captured)]
    names = [part.name for part in outer if part.name.startswith("metadata")]
    assert names[:2] == ["metadata-group", "metadata-key"]
    group = next(part for part in outer if part.name == "metadata-group")
    assert group.repeated
    inner = [part.name for part in walk(group.item) if isinstance(part, Captured)]
    assert inner == [
        "metadata-key",
        "metadata-argument",
        "argument-value",
        "argument-name",
        "argument-value",
    ]
