"""The vectors notice every edit of the grammar; a sample here, all of it in `make test-mutants`."""

import dataclasses
import sys
from collections import Counter
from importlib.util import module_from_spec, spec_from_file_location

import pytest

from abnf_compiler.automata.compare import difference, shortest_surplus
from abnf_compiler.automata.dfa import minimal_dfa
from abnf_compiler.automata.normal_form import TooLargeError, to_regex
from abnf_compiler.automata.positions import Positions
from abnf_compiler.grammar import load_resolved
from abnf_compiler.read.reader import read_grammar
from abnf_compiler.resolve.resolver import resolve
from abnf_compiler.sentences.edits import EditKind, edits, reached
from abnf_compiler.source import Source

SAMPLE = 60


def grammar_of(text):
    return resolve(read_grammar(Source("<text>", text + "\n")), fragment=True)


def reasons(rule):
    grammar = grammar_of(f"a = {rule}")
    return {edit.reason for edit in edits(grammar, frozenset({"a"}))}


@pytest.fixture(scope="module")
def program(project):
    spec = spec_from_file_location("grammar_mutants", project / "tests/compiler/grammar_mutants.py")
    module = module_from_spec(spec)
    sys.modules["grammar_mutants"] = module
    spec.loader.exec_module(module)
    yield module
    del sys.modules["grammar_mutants"]


@pytest.fixture(scope="module")
def grammar(project):
    return load_resolved(project / "grammar/reply-metadata.abnf")


@pytest.fixture(scope="module")
def mutants(program, grammar):
    return program.Mutants(grammar, program.read_vectors())


def test_no_edit_of_a_sample_survives_at_any_start_rule(program, mutants) -> None:
    found = list(program.outcomes(mutants, program.sample(mutants, SAMPLE, seed=1)))
    bad = [str(o.edit) for o in found if {"survived", "undecided"} & set(o.at.values())]
    assert bad == []
    assert sum(outcome.verdict == "killed" for outcome in found) > SAMPLE * 0.8


def test_every_kind_of_edit_is_made_and_every_start_rule_is_edited(mutants, grammar) -> None:
    assert {edit.kind for edit in mutants.edits} == set(EditKind)
    edited = {edit.rule.lower() for edit in mutants.edits}
    assert set(grammar.annotations.starts) <= edited


@pytest.mark.parametrize("verdict", [True, False])
def test_an_edit_survives_vectors_of_one_verdict_only(program, grammar, verdict) -> None:
    octets = b"0" if verdict else b"x"
    weak = program.Mutants(grammar, {"delta-seconds": [(octets, verdict)]})
    found = list(program.outcomes(weak, weak.edits))
    assert any(outcome.verdict == "survived" for outcome in found)
    assert "survived at delta-seconds: " in program.report(found)


@pytest.mark.parametrize(
    ("rule", "expected"),
    [
        (
            "%x30-39",
            {f"%x30-39 {end} one {way}" for end in ("from", "to") for way in ("lower", "higher")},
        ),
        ("%x00-FF", {"%x00-FF from one higher", "%x00-FF to one lower"}),
        ("%x41", {"%x41 with %x40 at 0", "%x41 with %x42 at 0"}),
        ("2*4b", {f"2*4b as {bounds}" for bounds in ("1*4", "3*4", "2*3", "2*5")}),
        ("*b", {"*b as 1*", "*b as 0*1"}),
        ("3b", {"3b as 2*3", "3b as 3*4", "3b as 2*2", "3b as 4*4"}),
        ("b / c", {"without the alternative b", "without the alternative c"}),
        (
            "b [ c ]",
            {
                "c mandatory",
                "without [ c ]",
                "[ c ] up to twice",
                "b optional",
                "[ c ] optional",
            },
        ),
    ],
)
def test_the_edits_of_a_rule_are_the_least_changes_of_it(rule, expected) -> None:
    assert reasons(rule) == expected


def test_the_edits_of_an_option_accept_what_they_say() -> None:
    grammar = grammar_of('a = "x" [ "y" ]')
    accepted = {}
    for edit in edits(grammar, frozenset({"a"})):
        if edit.kind is EditKind.OPTION:
            dfa = minimal_dfa(to_regex(edit.apply(grammar), "a"))
            strings = ("x", "xy", "xyy", "xyyy")
            accepted[edit.reason] = [s for s in strings if dfa.accepts(map(ord, s))]
    assert accepted == {
        '"y" mandatory': ["xy"],
        'without [ "y" ]': ["x"],
        '[ "y" ] up to twice': ["x", "xy", "xyy"],
    }


def parts(node):
    """A node and everything in it, by its fields."""
    yield node
    if dataclasses.is_dataclass(node):
        for field in dataclasses.fields(node):
            if field.name != "span":
                values = getattr(node, field.name)
                for value in values if isinstance(values, tuple) else (values,):
                    yield from parts(value)


def test_class_ends_bounds_and_alternatives_are_edited_at_every_place(mutants, grammar) -> None:
    expected = Counter()
    nodes = [part for rule in grammar.rules.values() for part in parts(rule.definition)]
    for node in nodes:
        name = type(node).__name__
        if name == "NumRange":
            moves = ((-1, 0), (1, 0), (0, -1), (0, 1))
            ends = [(node.first + low, node.last + high) for low, high in moves]
            expected["range end"] += sum(0 <= low <= high <= 255 for low, high in ends)
        elif name == "CharVal":
            expected["literal"] += 2 * len(node.text)
        elif name == "NumSeries":
            neighbours = [code + step for code in node.values for step in (-1, 1)]
            expected["literal"] += sum(0 <= code <= 255 for code in neighbours)
        elif name == "Option":
            expected["option"] += 3  # the bounds 0 and 1: 1*1, 0*0 (none), 0*2
        elif name == "Alternation":
            expected["alternative dropped"] += len(node.items)
        elif name == "Repetition":
            low, high = node.minimum, node.maximum
            if high is None:
                pairs = [(low - 1, 256), (low + 1, 256), (low, low + 1)]
            else:
                pairs = [(low - 1, high), (low + 1, high), (low, high - 1), (low, high + 1)]
                pairs += [(low - 1, high - 1), (low + 1, high + 1)] if low == high else []
            expected["repetition bound"] += sum(
                one >= 0 and other >= max(one, 1) for one, other in pairs
            )
    found = Counter(edit.kind.value for edit in mutants.edits)
    assert {kind: found[kind] for kind in expected} == dict(expected)
    assert {edit.rule.lower() for edit in mutants.edits} == {
        key
        for key, rule in grammar.rules.items()
        if not all(type(part).__name__ in {"Reference", "str"} for part in parts(rule.definition))
    }


def test_an_edit_changes_one_place_and_leaves_the_grammar_it_came_from() -> None:
    grammar = grammar_of('a = b "." b\nb = 1*3%x30')
    before = dict(grammar.rules)
    for edit in edits(grammar, frozenset({"a", "b"})):
        changed = edit.apply(grammar)
        assert [k for k in before if changed.rules[k] != before[k]] == [edit.rule]
    assert grammar.rules == before


def test_an_edit_says_where_it_is() -> None:
    edit = next(iter(edits(grammar_of('a = "x"\nb = %x30-39'), frozenset({"b"}))))
    assert str(edit) == "<text>:2:5: b: %x30-39 from one lower"


def test_what_a_rule_reaches_includes_itself_and_core_rules() -> None:
    grammar = grammar_of("a = b\nb = DIGIT [ a ]\nc = ALPHA")
    assert reached(grammar, "A") == {"a", "b", "digit"}


def test_the_search_for_a_surplus_agrees_with_minimal_automata(mutants, grammar) -> None:
    checked = 0
    for edit in mutants.edits[::9]:
        for rule in ("metadata-group", "stored-arguments", "free-text"):
            if edit.rule.lower() in mutants.reach[rule]:
                one, other = to_regex(grammar, rule), to_regex(edit.apply(grammar), rule)
                for left, right in ((one, other), (other, one)):
                    quick = shortest_surplus(Positions(left), Positions(right))
                    exact = difference(minimal_dfa(left), minimal_dfa(right))
                    assert (quick is None) is (exact is None)
                    assert quick is None or len(quick) == len(exact)
                    checked += 1
    assert checked > 50


def test_a_search_that_reaches_its_cap_says_so(grammar) -> None:
    one = Positions(to_regex(grammar, "referral-uri"))
    with pytest.raises(TooLargeError, match="pairs of states"):
        shortest_surplus(one, one, rule="referral-uri", cap=5)
