"""Two readings, one reading, and a shortest string with two: held against every reading there is.

The readings of short strings are listed here without any automaton: every derivation is followed,
and a reading is the sequence of the places that its characters were read at.
"""

from collections import defaultdict
from random import Random

import pytest

from abnf_compiler.automata.ambiguity import ambiguous_word
from abnf_compiler.automata.dfa import position_nfa
from abnf_compiler.automata.expression import Alt, Chars, Empty, Epsilon, Repeat, Seq
from abnf_compiler.automata.nested_ambiguity import nested_readings
from abnf_compiler.automata.normal_form import NotRegularError, to_regex
from abnf_compiler.automata.positions import Positions
from abnf_compiler.automata.predictive import is_predictive
from abnf_compiler.automata.unroll import Unrolling
from abnf_compiler.diagnostics import GrammarError
from abnf_compiler.grammar import Grammar
from abnf_compiler.tree import Alternation, CharVal, Concatenation, Option, Reference, Repetition

LENGTH = 4
DEPTH = 5
MOST = 4_000


class TooManyError(Exception):
    """A grammar with more readings than a test has time for."""


def both(left, right, length):
    if len(left) * len(right) > MOST:
        raise TooManyError
    return {
        (one + other, places + more)
        for one, places in left
        for other, more in right
        if len(one) + len(other) <= length
    }


def of_regex(regex, length, path=()):
    """Every (string, places) of an expression; each turn of a repetition is a place of its own."""
    match regex:
        case Empty():
            return set()
        case Epsilon():
            return {("", ())}
        case Chars(charset):
            return {(chr(code), (path,)) for code in charset} if length else set()
        case Alt(items):
            return set().union(
                *(of_regex(item, length, (*path, n)) for n, item in enumerate(items))
            )
        case Seq(items):
            found = {("", ())}
            for n, item in enumerate(items):
                found = both(found, of_regex(item, length, (*path, n)), length)
            return found
        case Repeat(item, minimum, maximum):
            found = set() if minimum else {("", ())}
            row = {("", ())}
            for turn in range(length + minimum if maximum is None else maximum):
                row = both(row, of_regex(item, length, (*path, turn)), length)
                found |= row if turn + 1 >= minimum else set()
            return found


def of_rule(rules, node, length, path=(), depth=DEPTH):
    """Every (string, places) of a definition, references followed `depth` times at most."""
    match node:
        case CharVal(text):
            return {(text, ((*path, id(node)),))} if len(text) <= length else set()
        case Reference():
            inner = rules[node.key].definition
            below = (*path, id(node))
            return of_rule(rules, inner, length, below, depth - 1) if depth and length else set()
        case Alternation(items):
            return set().union(*(of_rule(rules, each, length, path, depth) for each in items))
        case Concatenation(items):
            found = {("", ())}
            for item in items:
                left = length - min((len(word) for word, _ in found), default=length)
                found = both(found, of_rule(rules, item, left, path, depth), length)
            return found
        case Option(item):
            return {("", ())} | of_rule(rules, item, length, path, depth)
        case Repetition(0, None, item):
            found = row = {("", ())}
            for turn in range(length):
                row = both(row, of_rule(rules, item, length, (*path, turn), depth), length)
                found = found | row
            return found


def several(readings) -> set[str]:
    """The strings with two readings."""
    counts = defaultdict(set)
    for word, places in readings:
        counts[word].add(places)
    return {word for word, each in counts.items() if len(each) > 1}


def shortest(words) -> int | None:
    return min(map(len, words), default=None)


def random_regular(chance: Random, depth: int = 3) -> str:
    if not depth or chance.random() < 0.3:
        return chance.choice(['%s"x"', '%s"y"', '%s"xy"', "%x78-79"])
    parts = [random_regular(chance, depth - 1) for _ in range(chance.randint(1, 3))]
    joined = chance.choice([" ", " / "]).join(parts)
    form = chance.choice(["( {} )", "[ {} ]", "*( {} )", "1*( {} )", "*2( {} )", "2*3( {} )"])
    return form.format(joined)


def test_the_shortest_string_with_two_readings_is_shortest_for_regular_rules() -> None:
    chance = Random("regular")
    seen = {True: 0, False: 0}
    for _ in range(250):
        text = f"a = {random_regular(chance)}\n"
        regex = to_regex(Grammar.from_text(text).resolved, "a")
        if len(Positions(regex).charsets) > 14:
            continue
        try:
            words = several(of_regex(regex, LENGTH))
        except TooManyError:
            continue
        found = ambiguous_word(position_nfa(Positions(regex)))
        seen[found is not None] += 1
        if found is None or len(found) > LENGTH:
            assert not words, text
        else:
            assert "".join(map(chr, found)) in words, text
            assert len(found) == shortest(words), text
    assert min(seen.values()) > 40


def random_nested(chance: Random) -> str:
    """A rule that calls itself; each alternative begins with a character or the rule itself."""
    alternatives = {'%s"x"'}
    apart = chance.random() < 0.6  # whether they begin with characters of their own
    firsts = ['%s"("', '%s"["'] if apart else chance.choices(['%s"x"', '%s"y"', "a"], k=3)
    for first in firsts:
        row = [first]
        for _ in range(chance.randint(1, 2 if apart else 3)):
            row.append(
                chance.choice(["a", '%s"x"', '%s"y"', "[ a ]", '*( %s"y" a )', '[ %s"y" ]', "*a"])
            )
        alternatives.add(" ".join([*row, '%s")"'] if apart else row))
    return f"a = {' / '.join(sorted(alternatives))}\n"


def test_what_is_said_of_the_readings_of_recursive_rules_is_true() -> None:
    chance = Random("nested")
    seen = {"unambiguous": 0, "shortest": 0, "searched": 0}
    for _ in range(240):
        text = random_nested(chance)
        try:
            grammar = Grammar.from_text(text).resolved
            to_regex(grammar, "a")
        except NotRegularError:
            pass
        except GrammarError:
            continue
        else:
            continue
        found = nested_readings(grammar, "a")
        try:
            words = several(of_rule(grammar.rules, grammar.rules["a"].definition, 3))
        except TooManyError:
            continue
        least = shortest(words)
        if found.ambiguous is False:
            seen["unambiguous"] += 1
            assert least is None, text
        elif found.witness is None:
            seen["searched"] += 1
            assert least is None or least > found.searched, text
        else:
            if len(found.witness) <= 3:
                assert "".join(map(chr, found.witness)) in words, text
            if found.shortest:
                seen["shortest"] += 1
                assert least is None or least >= len(found.witness), text
    assert min(seen["unambiguous"], seen["shortest"]) > 20, seen


@pytest.mark.parametrize(
    ("text", "word"),
    [
        ('a = DIGIT / a *( SP a ) / "(" a ")"\n', "0"),  # as in RFC 4466, Section 3
        ('a = ( n / r ) *( "," a )\nr = n ":" n\nn = 1*DIGIT / "*"\n', "0,0,0"),  # RFC 3501
        ('a = a "+" a / DIGIT\n', "0+0+0"),
        ('a = %s"if" a [ %s"else" a ] / %s"x"\n', "ififxelsex"),  # the dangling else
        ('a = b "!" / c "!"\nb = [ b ] "x" [ b ] "y"\nc = 1*( "x" "y" )\n', "xy!"),
    ],
)
def test_known_ambiguities_have_their_shortest_string(text: str, word: str) -> None:
    facts = Grammar.from_text(text).rule("a").analysis
    assert (facts.regular, facts.ambiguous, facts.shortest) == (False, True, True)
    assert "".join(map(chr, facts.witness)).lower() == word
    assert (facts.deterministic, facts.engine) == (False, "earley")


@pytest.mark.parametrize(
    "text",
    [
        'a = "(" *a ")"\n',
        'a = t *( "+" t )\nt = DIGIT / "(" a ")"\n',
        'a = o / l / s\no = "{" [ s ":" a *( "," s ":" a ) ] "}"\nl = "[" [ a *( "," a ) ] "]"\n'
        "s = DQUOTE *ALPHA DQUOTE\n",
        'a = "x" a "y" / "z"\n',
        'a = "" / "x" a "y"\n',
        'a = "<" 2a ">" / 2*3DIGIT "."\n',
        'a = ( DIGIT / HEXDIG ) [ "(" a ")" ]\n',
    ],
)
def test_a_rule_whose_next_character_decides_is_unambiguous(text: str) -> None:
    facts = Grammar.from_text(text).rule("a").analysis
    assert (facts.regular, facts.deterministic, facts.ambiguous) == (False, True, False)
    assert (facts.witness, facts.searched) == (None, None)


@pytest.mark.parametrize(
    "text",
    [
        'a = "x" a "x" / "x"\n',
        'a = "x" a "x" / "x" "y"\n',
        'a = a "x" / "y" [ a ]\n',
        'a = [ "x" ] [ a "y" ] "x"\n',
        'a = 1*2"x" a "x" / "y"\n',
        'a = *"x" a "x" / "y"\n',
        'a = ( "" / [ "x" ] ) "y" [ "(" a ")" ]\n',
        'a = *2[ "x" ] "y" [ "(" a ")" ]\n',
    ],
)
def test_a_choice_left_open_is_not_predictive(text: str) -> None:
    assert not is_predictive(Grammar.from_text(text).resolved, "a")


def test_the_copy_has_all_readings_up_to_the_length_it_says() -> None:
    grammar = Grammar.from_text('a = "((" a ")" / "x"\n').resolved
    unrolling = Unrolling(grammar, "a")
    assert unrolling.least_lengths["a"] == 1
    assert [unrolling.covered(depth) for depth in range(4)] == [3, 6, 9, 12]
    copy = unrolling.written_out(1)
    assert copy is not None
    assert to_regex(*copy) == to_regex(
        Grammar.from_text('a = "((" ( "x" ) ")" / "x"\n').resolved, "a"
    )
    endless = Unrolling(Grammar.from_text('a = a [ "y" ] / "xx"\n').resolved, "a")
    assert [endless.covered(depth) for depth in range(3)] == [1, 1, 1]


def test_a_rule_that_cannot_be_searched_far_says_how_far() -> None:
    text = 'a = b a b / b\nb = 1*400( "p" / "q" ) "r"\n'  # one reading for every string
    facts = Grammar.from_text(text).rule("a").analysis
    assert (facts.ambiguous, facts.witness) == (None, None)
    assert 1 <= facts.searched < 20
