"""abnfc diff: equal is proved, every witness is real, what is open says how far it was searched."""

import re
from dataclasses import replace
from itertools import product
from pathlib import Path
from random import Random

import pytest

from abnf_compiler import Grammar
from abnf_compiler import diff as diffing
from abnf_compiler.diff import Bounds, GrammarDiff, Proof, Relation, RuleDiff, diff_grammars
from abnf_compiler.diff_calls import SMALL_PARTS
from abnf_compiler.engines import earley
from abnf_compiler.fmt import format_grammar
from abnf_compiler.source import Source
from abnf_compiler.tree import (
    Alternation,
    CharVal,
    Concatenation,
    Node,
    Option,
    Repetition,
    ResolvedGrammar,
)

GRAMMAR = "grammar/reply-metadata.abnf"
CHANGED = {Relation.WIDER, Relation.NARROWER, Relation.INCOMPARABLE}
NESTED = 'a = "(" [ a ] ")"\n'


@pytest.fixture(scope="module")
def ours(project: Path) -> ResolvedGrammar:
    return Grammar.from_file(project / GRAMMAR).resolved


def read(text: str, *, fragment: bool = False) -> ResolvedGrammar:
    return Grammar.from_text(text, fragment=fragment).resolved


def compared(old: str, new: str, *, fragment: bool = False, **options: object) -> GrammarDiff:
    return diff_grammars(read(old, fragment=fragment), read(new, fragment=fragment), **options)


def one(old: str, new: str, **options: object) -> RuleDiff:
    return compared(old, new, **options).rule("a")


def words(row: RuleDiff) -> tuple[str | None, str | None]:
    found = (row.only_old, row.only_new)
    return tuple(each and "".join(map(chr, each.codes)) for each in found)


def with_rule(grammar: ResolvedGrammar, key: str, definition: Node) -> ResolvedGrammar:
    rule = replace(grammar.rules[key], definition=definition)
    return replace(grammar, rules={**grammar.rules, key: rule})


def rewritten(node: Node, random: Random) -> Node:
    """The same language, written in another way wherever there is one."""
    match node:
        case Alternation(items):
            shuffled = [rewritten(item, random) for item in items]
            random.shuffle(shuffled)
            return replace(node, items=tuple(shuffled))
        case Concatenation(items):
            return replace(node, items=tuple(rewritten(item, random) for item in items))
        case Option(item):
            return Repetition(0, 1, rewritten(item, random), node.span)
        case Repetition(0, 1, item):
            return Option(rewritten(item, random), node.span)
        case Repetition(least, most, item) if least > 0:
            again = rewritten(item, random)
            rest = replace(node, minimum=least - 1, maximum=most and most - 1, item=again)
            return Concatenation((again, rest), node.span)
        case Repetition(_, _, item):
            return replace(node, item=rewritten(item, random))
        case CharVal(text, False):
            return replace(node, text=text.swapcase())
        case _:
            return node


@pytest.mark.parametrize(
    ("old", "new"),
    [
        ("1*DIGIT", "DIGIT *DIGIT"),
        ('[ "x" ]', '*1"X"'),
        ('"ab" / %x30 / DIGIT', '( %x30-38 / "9" ) / "Ab"'),
        ('%s"ab"', "%x61.62"),
        ('( "a" ( "b" "c" ) )', '"abc"'),
        ('*( 1*"x" )', '[ 1*"x" ]'),
        ('2"x" 1*3"x"', '3*5"x"'),
        ('"" / "x"', '[ "x" ]'),
        ('2( [ "x" ] )', '*2"x"'),
        ('2( *"x" *"y" )', '*2( *"x" *"y" )'),
        ('1*( "." "x" )', '"." "x" *( "." "x" )'),
    ],
)
def test_other_ways_to_write_a_definition_are_equal_by_definition(old: str, new: str) -> None:
    row = one(f"a = {old}\n", f"a = {new}\n")
    assert (row.relation, row.proof, row.exact, row.rewritten) == (
        Relation.EQUAL,
        Proof.DEFINITION,
        True,
        True,
    )


@pytest.mark.parametrize(
    ("old", "new"),
    [
        ('*( "x" "y" ) "x"', '"x" *( "y" "x" )'),
        ('"a" "b" / "a" "c"', '"a" ( "b" / "c" )'),
        ('2*3( "x" "x" )', '4"x" / 6"x"'),
        ('"x" / "x" a', '1*"x"'),
    ],
)
def test_other_ways_that_need_thought_are_equal_by_automata(old: str, new: str) -> None:
    row = one(f"a = {old}\n", f"a = {new}\n")
    assert (row.relation, row.proof, row.exact) == (Relation.EQUAL, Proof.AUTOMATA, True)


@pytest.mark.parametrize(
    ("old", "new", "relation", "only_old", "only_new"),
    [
        ("1*3DIGIT", "1*4DIGIT", Relation.WIDER, None, "0000"),
        ("%x30-39", "%x30-38", Relation.NARROWER, "9", None),
        ('"a" / "bb"', '"a" / "cc" / "c"', Relation.INCOMPARABLE, "bb", "c"),
        ('*"x"', '1*"x"', Relation.NARROWER, "", None),
        ('"a"', '%s"a"', Relation.NARROWER, "A", None),
        ("%x0-FF", "%x0-10FFFF", Relation.WIDER, None, "\u0100"),
        ('*( "x" "x" )', '*( "x" "x" "x" )', Relation.INCOMPARABLE, "xx", "xxx"),
    ],
)
def test_a_regular_rule_is_compared_with_a_shortest_string_for_each_direction(
    old: str, new: str, relation: Relation, only_old: str | None, only_new: str | None
) -> None:
    row = one(f"a = {old}\n", f"a = {new}\n")
    assert (row.relation, row.proof, row.exact) == (relation, Proof.AUTOMATA, True)
    assert words(row) == (only_old, only_new)
    assert all(each.shortest for each in (row.only_old, row.only_new) if each)


def test_rules_come_and_go_and_show_through_the_rules_that_use_them() -> None:
    result = compared('a = b\nb = c\nc = "x"\ngone = "g"\n', 'new = "n"\nA = B\nb = c\nc = "y"\n')
    assert [(each.name, each.relation.value, each.through) for each in result.rules] == [
        ("A", "incomparable", ("c",)),
        ("b", "incomparable", ("c",)),
        ("c", "incomparable", ()),
        ("gone", "removed", ()),
        ("new", "added", ()),
    ]
    assert not result.equal


def test_imported_rules_are_listed_only_where_they_differ(tmp_path: Path) -> None:
    sides = []
    for side, octet in (("old", '"x"'), ("new", '"y"')):
        (tmp_path / side).mkdir()
        (tmp_path / side / "doc.abnf").write_text(f"i = {octet}\nj = DIGIT\n", "utf-8")
        text = "; @import doc: i j\na = i\nb = j\n"
        sides.append(Grammar.from_text(text, library=[tmp_path / side]).resolved)
    assert [each.name for each in diff_grammars(*sides).rules] == ["a", "b", "i"]
    assert diff_grammars(*sides).rule("b").relation is Relation.EQUAL
    assert diff_grammars(*sides, rules=["J", "digit"]).equal


def test_a_core_rule_need_not_be_restated() -> None:
    for body in ("DIGIT", '"x"'):
        result = compared(f"a = {body}\nDIGIT = %x30-39\n", f"a = {body}\n")
        assert result.equal
        assert [each.name for each in result.rules] == ["a", "DIGIT"]


def test_the_project_grammar_equals_itself_in_any_layout_and_order(ours, project: Path) -> None:
    text = (project / GRAMMAR).read_text("utf-8")
    library = [project / "grammar" / "borrowed"]
    laid_out = format_grammar(Source("x", text), width=50)
    assert laid_out != text
    again = Grammar.from_text(laid_out, library=library).resolved
    for new in (again, replace(ours, rules=dict(reversed(ours.rules.items())))):
        result = diff_grammars(ours, new)
        assert result.equal
        assert len(result.rules) == len(ours.own_rules())
        assert not any(each.rewritten for each in result.rules)


def test_what_is_alike_is_decided_without_automata(ours, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(diffing, "Languages", None)
    random = Random(0)
    definitions = {key: rewritten(rule.definition, random) for key, rule in ours.rules.items()}
    rules = {key: replace(ours.rules[key], definition=each) for key, each in definitions.items()}
    result = diff_grammars(ours, replace(ours, rules=rules))
    assert result.equal
    assert {each.proof for each in result.rules} == {Proof.DEFINITION}
    assert sum(each.rewritten for each in result.rules) > 30
    edited = with_rule(ours, "port-number", ours.rules["digit"].definition)
    untouched = ["received-line", "reply-with-metadata", "free-text", "domain-name"]
    assert diff_grammars(ours, edited, rules=untouched).equal


@pytest.mark.parametrize(
    ("old", "new", "relation", "only_old", "only_new"),
    [
        (NESTED, 'a = "(" [ a / "x" ] ")"\n', Relation.WIDER, None, "(x)"),
        (NESTED, 'a = "(" *2a ")"\n', Relation.WIDER, None, "(()())"),
        (NESTED, 'a = "(" a ")" / "[]"\n', Relation.INCOMPARABLE, "()", "[]"),
        ('a = b "x"\nb = "(" [ b ] ")"\n', 'a = b "y"\nb = "(" [ b ] ")"\n', None, "()x", "()y"),
        ('a = "+" a a / "1"\n', 'a = "+" a a / "2"\n', Relation.INCOMPARABLE, "1", "2"),
    ],
)
def test_a_recursive_rule_is_decided_where_definitions_and_strings_show_it(
    old: str, new: str, relation: Relation | None, only_old: str | None, only_new: str | None
) -> None:
    row = one(old, new)
    assert (row.relation, row.exact) == (relation or Relation.INCOMPARABLE, True)
    assert words(row) == (only_old, only_new)
    for word, mine, other in zip(words(row), (old, new), (new, old), strict=True):
        if word is not None:
            assert earley.compile_rule(read(mine), "a").match(word)
            assert not earley.compile_rule(read(other), "a").match(word)


def test_recursive_rules_are_equal_only_by_their_definitions() -> None:
    assert one(NESTED, 'a = "(" *1a ")"\n').proof is Proof.DEFINITION
    row = one(NESTED, 'a = "()" / "(" a ")"\n')
    assert (row.relation, row.proof, row.exact) == (
        Relation.NO_DIFFERENCE_FOUND,
        Proof.SEARCH,
        False,
    )
    assert re.search(r"up to \d+ octets / \d+ strings$", row.note)
    inside = ('*( "x" "y" ) "x"', '"x" *( "y" "x" )')
    row = one(*(f'a = "(" [ a ] b ")"\nb = {each}\n' for each in inside))
    assert (row.relation, row.proof) == (Relation.EQUAL, Proof.DEFINITION)
    around = 'a = b "x" / b "y"\n', 'a = b ( "x" / "y" )\n'
    assert one(*(f'{each}b = "(" [ b ] ")"\n' for each in around)).relation is Relation.EQUAL


def test_a_witness_of_a_search_with_open_ends_is_labelled() -> None:
    row = one(NESTED, 'a = "()" / "(" a ")" / "x"\n')
    assert (row.relation, row.exact, words(row)) == (Relation.WIDER, False, (None, "x"))
    assert row.note.startswith("no string found that only the old rule accepts up to ")


def test_work_above_a_bound_is_a_label_and_no_crash() -> None:
    low = Bounds(pairs=1, steps=40, sentences=0)
    row = one('a = *( "x" "y" ) "x"\n', 'a = "x" *( "y" "x" )\n', bounds=low)
    assert (row.relation, row.exact) == (Relation.NOT_DECIDED, False)
    assert "more than" in row.note
    for old, new in ((30_000, 30_001), (1, 10**30)):
        row = one(f'a = 1*{old}( "x" "y" )\nb = a\n', f'a = 1*{new}( "x" "y" )\nb = a\n')
        assert row.relation is Relation.NOT_DECIDED
        assert "positions" in row.note
    chain = "".join(f"r{number} = r{number + 1}\n" for number in range(1200))
    rows = compared(f'{chain}r1200 = "x"\n', f'{chain}r1200 = "y"\n').rules
    assert {row.relation for row in rows} == {Relation.INCOMPARABLE}
    deep = chain.replace("\n", ' "x" / "z"\n')
    row = compared(f'{deep}r1200 = "x"\n', f'{deep}r1200 = "y"\n', rules=["r0"]).rules[0]
    assert row.relation is Relation.NOT_DECIDED


def test_large_parts_are_called_without_another_result(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("abnf_compiler.diff_calls.SMALL", 0)
    monkeypatch.setattr("abnf_compiler.diff_blueprint.SMALL_PARTS", (0, SMALL_PARTS[1]))
    old = 'a = *( b "," ) b\nb = *c "." c\nc = 1*"x" / "y" [ c ]\n'
    row = one(old, old.replace('1*"x"', '2*"x"'))
    assert (row.relation, row.proof, words(row)) == (
        Relation.NARROWER,
        Proof.AUTOMATA,
        (".x", None),
    )
    assert one(old, old.replace('*( b "," ) b', 'b *( "," b )')).relation is Relation.EQUAL


def test_a_rule_too_large_to_be_written_out_is_compared_all_the_same() -> None:
    text = "a = " + " / ".join(f'"{number}" b' for number in range(60)) + "\nb = *500%x61-7A"
    row = one(f'{text} "."\n', f'{text} ";"\n')
    assert (row.relation, words(row)) == (Relation.INCOMPARABLE, ("0.", "0;"))


def test_prose_and_rules_from_elsewhere_are_taken_for_what_they_are() -> None:
    same = one("a = 1*x <y>\n", "a = x *x <y>\n", fragment=True)
    assert (same.relation, same.exact) == (Relation.EQUAL, True)
    proved = one('a = "b" x / "b" <y>\n', 'a = "b" ( x / <y> )\n', fragment=True)
    assert (proved.relation, proved.exact) == (Relation.EQUAL, True)
    real = one('a = "b" x / "c"\n', 'a = "b" x\n', fragment=True)
    assert (real.relation, words(real)) == (Relation.NARROWER, ("c", None))
    open_one = one('a = x / "c"\n', "a = x\n", fragment=True)
    assert (open_one.relation, words(open_one)) == (Relation.NOT_DECIDED, (None, None))
    assert 'if prose stood for itself, only the old rule would accept "c"' in open_one.note


def test_names_that_neither_grammar_defines_are_refused() -> None:
    with pytest.raises(LookupError, match="did you mean"):
        compared('abc = "x"\n', 'abc = "y"\n', rules=["abd"])
    with pytest.raises(LookupError):
        compared("a = b\n", "a = b\n", fragment=True, rules=["b"])


def random_definition(chance, depth):
    kind = chance.random()
    if depth == 0 or kind < 0.35:
        return chance.choice(['%s"x"', '%s"y"', '%s"z"', "%x78-79"])
    item = random_definition(chance, depth - 1)
    if kind < 0.7:
        return chance.choice([f"*( {item} )", f"*2( {item} )", f"[ {item} ]"])
    return f"( {item}{chance.choice([' / ', ' '])}{random_definition(chance, depth - 1)} )"


def test_witnesses_of_random_rules_are_shortest_by_trying_every_string() -> None:
    chance = Random(2822)
    strings = ["".join(each) for n in range(6) for each in product("xyz", repeat=n)]
    relations = set()
    for _ in range(100):
        old, new = (Grammar.from_text(f"a = {random_definition(chance, 3)}\n") for _ in range(2))
        row = diff_grammars(old.resolved, new.resolved).rule("a")
        relations.add(row.relation)
        accepted = [{each for each in strings if side.rule("a").match(each)} for side in (old, new)]
        for mine, other, sides, witness in (
            (accepted[0], accepted[1], (old, new), row.only_old),
            (accepted[1], accepted[0], (new, old), row.only_new),
        ):
            shortest = min(map(len, mine - other), default=None)
            if witness is None:
                assert shortest is None
                continue
            text = "".join(map(chr, witness.codes))
            assert [bool(side.rule("a").match(text)) for side in sides] == [True, False]
            assert witness.shortest
            assert len(text) == shortest if shortest is not None else len(text) > 5
    assert {Relation.EQUAL, Relation.WIDER, Relation.NARROWER, Relation.INCOMPARABLE} <= relations
