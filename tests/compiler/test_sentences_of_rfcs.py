"""Sentences and near misses of RFC grammars keep their promises, by engines that did not make them.

A seeded sample of the rules of 14 RFC grammars is derived; some regular ones of them are put to the
minimal automaton and to the measure of coverage, which reads sentences without knowing how they
were made.
"""

from itertools import islice
from random import Random

import pytest

from abnf_compiler.automata.dfa import minimal_dfa
from abnf_compiler.automata.expression import position_count
from abnf_compiler.automata.normal_form import AutomataError, to_regex
from abnf_compiler.grammar import load_resolved
from abnf_compiler.sentences.coverage import measure
from abnf_compiler.sentences.derivation import NEVER, OCTET_LIMIT, Lengths
from abnf_compiler.sentences.derive import Deriver, covering_set
from abnf_compiler.sentences.near_misses import near_misses
from abnf_compiler.sentences.w_method import w_method
from abnf_compiler.tree import NumRange

RFCS = [
    "rfc3986", "rfc4647", "rfc5234", "rfc5322", "rfc5646", "rfc6266", "rfc7230", "rfc7232",
    "rfc7234", "rfc7240", "rfc7838", "rfc8288", "rfc9110", "rfc9116",
]  # fmt: skip
LARGE = 300  # characters of a rule written out
DERIVED = 10  # of each RFC
RULES = 3  # of each RFC, put to the automaton
MAX_OCTETS = 512


@pytest.fixture(scope="module", params=RFCS)
def grammar(request, test_data):
    return load_resolved(test_data / f"strings/grammars/{request.param}.abnf")


def regular_rules(grammar, count):
    names = sorted(grammar.rules)
    Random(len(names)).shuffle(names)
    for name in names:
        try:
            regex = to_regex(grammar, name)
        except AutomataError:
            continue
        if (
            1 < position_count(regex) <= LARGE
            and Lengths(grammar).of(grammar.rules[name].definition) < NEVER
        ):
            yield name, minimal_dfa(regex)
            count -= 1
        if not count:
            return


def test_every_decision_of_a_rule_is_shown_unless_it_needs_more_than_octets(grammar) -> None:
    lengths = Lengths(grammar)
    shown = 0
    for rule in Random(512).sample(sorted(grammar.rules), min(DERIVED, len(grammar.rules))):
        deriver = Deriver(grammar, rule, max_octets=MAX_OCTETS)
        for _ in deriver.covering():
            pass
        for goal in deriver.map.goals():
            node = deriver.map.places[goal.place].node
            if goal in deriver.met:
                shown += 1
            elif isinstance(node, NumRange):
                assert goal.choice > OCTET_LIMIT, (rule, deriver.shows(goal))
            else:
                parts = getattr(node, "items", None) or (node.item,)
                chosen = parts[goal.choice % len(parts)]
                assert lengths.of(chosen) >= NEVER, (rule, deriver.shows(goal))
    assert shown > 50


def test_sentences_are_accepted_and_cover_the_rule_by_an_independent_measure(grammar) -> None:
    rules = 0
    for rule, dfa in regular_rules(grammar, RULES):
        sentences = covering_set(grammar, rule, max_octets=MAX_OCTETS)
        assert all(dfa.accepts(sentence) for sentence in sentences), rule
        coverage = measure(grammar, rule, sentences)
        beyond = [item for item in coverage.missed if not _is_beyond_octets(item)]
        assert beyond == [], (rule, [str(item) for item in beyond])
        assert (coverage.accepted, coverage.refused) == (len(sentences), 0)
        rules += 1
    assert rules


def _is_beyond_octets(item):
    return item.place.text.startswith("%x") and "-" in item.place.text and any(
        int(part, 16) > OCTET_LIMIT for part in item.place.text[2:].split("-")
    )  # fmt: skip


def test_near_misses_are_refused_by_the_automaton_and_say_what_they_break(grammar) -> None:
    found = 0
    for rule, dfa in regular_rules(grammar, RULES):
        for miss in islice(near_misses(grammar, rule), 60):
            assert not dfa.accepts(miss.octets), (rule, miss)
            assert miss.rule.lower() in grammar.rules
            assert miss.reason
            assert 0 <= miss.offset <= len(miss.octets)
            found += 1
    assert found > 20


def test_w_method_suites_have_the_verdicts_of_the_automaton(grammar) -> None:
    for rule, dfa in regular_rules(grammar, 2):
        if len(dfa) < 30:
            for probe in islice(w_method(grammar, rule).probes, 3000):
                assert dfa.accepts(probe.octets) is probe.accepted, (rule, probe)
