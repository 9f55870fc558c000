"""A W-method suite tells its rule from every automaton with no more states."""

from random import Random

import pytest

from abnf_compiler.__main__ import main
from abnf_compiler.automata.charset import Alphabet, CharSet
from abnf_compiler.automata.dfa import Dfa, minimal_dfa
from abnf_compiler.automata.normal_form import (
    NoAutomatonError,
    NotRegularError,
    TooLargeError,
    to_regex,
)
from abnf_compiler.engines.compiled import compile_rule
from abnf_compiler.grammar import load_resolved
from abnf_compiler.read.reader import read_grammar
from abnf_compiler.resolve.resolver import resolve
from abnf_compiler.sentences import w_method as module
from abnf_compiler.sentences.w_method import Symbols, suite, w_method
from abnf_compiler.source import Source

FILE = "grammar/reply-metadata.abnf"


def grammar_of(text):
    return resolve(read_grammar(Source("<text>", text + "\n")), fragment=True)


def dfa_of(text):
    return minimal_dfa(to_regex(grammar_of(text), "a"))


class Machine:
    """A complete automaton: all octets outside the classes of `like` are one class more."""

    def __init__(self, like, rows, accepting):
        self.alphabet, self.rows, self.accepting = like.alphabet, rows, accepting

    def accepts(self, octets):
        state = 0
        for octet in octets:
            state = self.rows[state][self.alphabet.class_of(octet)]
        return state in self.accepting

    def same_as(self, dfa):
        """Whether it accepts what `dfa` accepts; the two are walked side by side."""
        rows = completed(dfa)
        seen, stack = {(0, 0)}, [(0, 0)]
        while stack:
            mine, other = stack.pop()
            if (mine in self.accepting) != (other in dfa.accepting):
                return False
            for pair in zip(self.rows[mine], rows[other], strict=True):
                if pair not in seen:
                    seen.add(pair)
                    stack.append(pair)
        return True


def completed(dfa):
    """The rows of an automaton with its dead state and the class of unused octets written out."""
    sink = len(dfa)
    rows = [[sink if target < 0 else target for target in (*row, -1)] for row in dfa.moves]
    return [*rows, [sink] * (len(dfa.alphabet.classes) + 1)]


def passes(candidate, probes):
    return all(candidate.accepts(probe.octets) is probe.accepted for probe in probes)


def wrong_machines(dfa):
    """Every automaton that has one move or one end of `dfa` wrong and another language."""
    rows = completed(dfa)
    for state, row in enumerate(rows):
        yield Machine(dfa, rows, set(dfa.accepting) ^ {state})
        for number, target in enumerate(row):
            for other in range(len(rows)):
                if other != target:
                    edited = [list(each) for each in rows]
                    edited[state][number] = other
                    yield Machine(dfa, edited, set(dfa.accepting))


@pytest.fixture(scope="module")
def grammar(project):
    return load_resolved(project / FILE)


RULES = ['*( %s"xy" )', '1*2%s"x" [ %s"y" ]', '*%s"x" %s"y" *%s"x"', '*( %s"x" / %s"y" )']


@pytest.mark.parametrize("partial", [True, False])
@pytest.mark.parametrize("rule", RULES)
def test_only_the_rule_itself_passes_among_automata_of_its_size(rule, partial) -> None:
    dfa = dfa_of(f"a = {rule}")
    tests = suite(dfa, partial=partial)
    random = Random(7)
    width = len(dfa.alphabet.classes) + 1
    for _ in range(6000):
        rows = [[random.randrange(tests.states) for _ in range(width)] for _ in range(tests.states)]
        accepting = {state for state in range(tests.states) if random.random() < 0.5}
        candidate = Machine(dfa, rows, accepting)
        assert passes(candidate, tests.probes) is candidate.same_as(dfa), (rows, accepting)
    assert passes(dfa, tests.probes)


@pytest.mark.parametrize("rule", ["argument-value", "delta-seconds", "number32", "free-text"])
@pytest.mark.parametrize("partial", [True, False])
def test_every_wrong_move_and_every_wrong_end_is_noticed(grammar, rule, partial) -> None:
    dfa = minimal_dfa(to_regex(grammar, rule))
    probes = suite(dfa, partial=partial).probes
    wrong = list(wrong_machines(dfa))
    assert len(wrong) > 50
    for candidate in wrong:
        assert passes(candidate, probes) is candidate.same_as(dfa)


def test_a_suite_without_its_longer_strings_lets_an_error_pass(grammar) -> None:
    dfa = minimal_dfa(to_regex(grammar, "argument-value"))
    probes = [probe for probe in suite(dfa).probes if len(probe.octets) < 3]
    wrong = [candidate for candidate in wrong_machines(dfa) if not candidate.same_as(dfa)]
    assert any(passes(candidate, probes) for candidate in wrong)


def test_the_verdicts_are_those_of_the_compiled_engine(grammar) -> None:
    for rule in ("metadata-group", "free-text", "reason-token", "received-line"):
        match = compile_rule(grammar, rule).match
        for probe in w_method(grammar, rule, symbols=Symbols.ENDS).probes:
            assert bool(match(probe.octets)) is probe.accepted, (rule, probe)


def test_the_seed_decides_the_order_and_nothing_else(grammar) -> None:
    one, again, other = (w_method(grammar, "delta-seconds", seed=seed) for seed in (1, 1, 2))
    assert one == again
    assert one.probes != other.probes
    assert set(one.probes) == set(other.probes)


def test_the_partial_suite_is_no_larger_and_more_symbols_make_more_strings(grammar) -> None:
    whole = w_method(grammar, "metadata-group", partial=False)
    partial = w_method(grammar, "metadata-group")
    assert set(partial.probes) < set(whole.probes)
    sizes = [len(w_method(grammar, "delta-seconds", symbols=kind).probes) for kind in Symbols]
    assert sizes == sorted(sizes)
    assert w_method(grammar, "delta-seconds", symbols=Symbols.OCTETS).symbols == 256


def test_the_dead_state_counts_and_an_all_accepting_rule_has_none() -> None:
    assert suite(dfa_of("a = *%x00-FF")).states == 1
    assert suite(dfa_of("a = *%x00-7F")).states == 2


@pytest.mark.parametrize("rule", ["a = %x100-1FF", "a = %x5.100"])
def test_what_no_octets_make_is_refused_everywhere(rule) -> None:
    tests = suite(dfa_of(rule))
    assert tests.states == 1
    assert tests.probes
    assert not any(probe.accepted for probe in tests.probes)


def test_a_rule_that_is_not_regular_has_a_typed_refusal() -> None:
    with pytest.raises(NotRegularError, match="recursion in the middle"):
        w_method(grammar_of('a = "(" [ a ] ")"'), "a")
    with pytest.raises(NoAutomatonError):
        w_method(grammar_of("a = <prose>"), "a")


def test_a_rule_that_is_too_large_has_a_typed_refusal(grammar, monkeypatch) -> None:
    with pytest.raises(TooLargeError, match="states for a complete suite"):
        w_method(grammar_of("a = 1001%x30"), "a")
    monkeypatch.setattr(module, "MAX_STRINGS", 10)
    with pytest.raises(TooLargeError, match="strings for a complete suite"):
        w_method(grammar, "delta-seconds")


def test_the_command_prints_verdict_and_string_and_reports_the_sizes(project, capsys) -> None:
    assert main(["sentences", "--w-method", str(project / FILE), "delta-seconds"]) == 0
    out, err = capsys.readouterr()
    lines = out.splitlines()
    assert {line.split("\t")[0] for line in lines} == {"accepted", "refused"}
    assert f"{len(lines)} strings" in err
    assert "9 states, 3 symbols" in err


def test_the_command_refuses_a_part_of_a_suite_and_a_recursive_rule(tmp_path, capsys) -> None:
    file = tmp_path / "a.abnf"
    file.write_text('a = "(" [ a ] ")"\n')
    assert main(["sentences", "--w-method", "--count", "3", str(file), "a"]) == 2
    assert "not complete" in capsys.readouterr().err
    assert main(["sentences", "--w-method", str(file), "a"]) == 1
    assert "not regular" in capsys.readouterr().err


def test_a_dfa_of_nothing_has_a_suite_of_one_state() -> None:
    empty = Dfa(Alphabet([CharSet.single(0x78)]), [[-1]], ())
    assert suite(empty).states == 1
