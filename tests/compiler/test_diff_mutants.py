"""Mutants of grammars: abnfc diff refuses, reports or proves equal each single edit."""

import re
from collections.abc import Iterator
from dataclasses import replace
from itertools import product
from pathlib import Path
from random import Random

import pytest

from abnf_compiler import Grammar, GrammarError
from abnf_compiler.diff import Proof, Relation, RuleDiff, diff_grammars
from abnf_compiler.engines import compiled
from abnf_compiler.tree import (
    Alternation,
    Concatenation,
    Node,
    NumRange,
    Option,
    Repetition,
    ResolvedGrammar,
)

GRAMMAR = "grammar/reply-metadata.abnf"
CHANGED = {Relation.WIDER, Relation.NARROWER, Relation.INCOMPARABLE}


@pytest.fixture(scope="module")
def ours(project: Path) -> ResolvedGrammar:
    return Grammar.from_file(project / GRAMMAR).resolved


def with_rule(grammar: ResolvedGrammar, key: str, definition: Node) -> ResolvedGrammar:
    rule = replace(grammar.rules[key], definition=definition)
    return replace(grammar, rules={**grammar.rules, key: rule})


def edits(node: Node) -> Iterator[Node]:
    """`node` with one end of a class, one bound, one alternative or one option changed."""
    match node:
        case NumRange(first, last):
            for low, high in ((first - 1, last), (first + 1, last), (first, last - 1)):
                if 0 <= low <= high:
                    yield replace(node, first=low, last=high)
            yield replace(node, last=last + 1)
        case Repetition(least, most, _):
            highest = [None] if most is None else [most - 1, most, most + 1]
            for low, high in product((least - 1, least, least + 1), highest):
                changed = (low != least) != (high != most)
                if changed and low >= 0 and (high is None or high >= max(low, 1)):
                    yield replace(node, minimum=low, maximum=high)
        case Option(item):
            yield item
        case Alternation(items):
            for index in range(len(items)):
                rest = (*items[:index], *items[index + 1 :])
                yield rest[0] if len(rest) == 1 else replace(node, items=rest)
    if isinstance(node, Alternation | Concatenation):
        for index, item in enumerate(node.items):
            for edit in edits(item):
                yield replace(node, items=(*node.items[:index], edit, *node.items[index + 1 :]))
    elif isinstance(node, Option | Repetition):
        yield from (replace(node, item=edit) for edit in edits(node.item))


def words(row: RuleDiff) -> tuple[str | None, str | None]:
    found = (row.only_old, row.only_new)
    return tuple(each and "".join(map(chr, each.codes)) for each in found)


def assert_told_apart(row: RuleDiff, old: ResolvedGrammar, new: ResolvedGrammar) -> None:
    """The compiled engine agrees with every witness of a row."""
    for word, mine, other in zip(words(row), (old, new), (new, old), strict=True):
        if word is not None:
            assert compiled.compile_rule(mine, row.name).match(word), row
            assert not compiled.compile_rule(other, row.name).match(word), row
    assert (row.only_old is not None) == (row.relation in CHANGED - {Relation.WIDER})
    assert (row.only_new is not None) == (row.relation in CHANGED - {Relation.NARROWER})


def test_each_single_edit_of_the_project_grammar_is_reported_or_proved_equal(ours) -> None:
    seen = []
    for rule in ours.own_rules():
        for definition in edits(rule.definition):
            new = with_rule(ours, rule.key, definition)
            row = diff_grammars(ours, new, rules=[rule.name]).rule(rule.name)
            assert row.exact, row
            assert row.relation in CHANGED | {Relation.EQUAL}, row
            assert_told_apart(row, ours, new)
            seen.append(row)
    assert len(seen) > 250
    equal = {each.name for each in seen if each.relation is Relation.EQUAL}
    assert equal == {"received-text", "received-content", "help-uri"}  # redundant on purpose


def test_an_edit_is_followed_into_every_rule_that_uses_the_edited_one(ours) -> None:
    mutants = [(rule.key, each) for rule in ours.own_rules() for each in edits(rule.definition)]
    for key, definition in Random(1).sample(mutants, 12):
        new = with_rule(ours, key, definition)
        for row in diff_grammars(ours, new).rules:
            assert row.exact, row
            assert row.relation in CHANGED | {Relation.EQUAL}, row
            if row.relation in CHANGED:
                assert row.name == ours.rules[key].name or row.through == (ours.rules[key].name,)
            assert_told_apart(row, ours, new)


def put(pattern: str, new: str):
    """A mutation: one match of `pattern`, drawn by lot, replaced."""

    def mutated(text: str, random: Random) -> str | None:
        found = list(re.finditer(pattern, text, re.MULTILINE))
        if not found:
            return None
        match = random.choice(found)
        return text[: match.start()] + match.expand(new) + text[match.end() :]

    return mutated


MUTATIONS = {
    "a quote less": put('"', ""),
    "a slash twice": put(" / ", " / / "),
    "a slash less": put(" / ", " "),
    "bounds exchanged": put(r'(?<![\w"])(\d+)\*(\d+)', r"\2*\1"),
    "ends of a range exchanged": put(r"%x([0-9A-F]+)-([0-9A-F]+)", r"%x\2-\1"),
    "a closing bracket less": put(r"[\])]", ""),
    "an opening bracket less": put(r"[\[(]", ""),
    "a name misspelt": put(r"(?<=[ (\[*])([a-z][\w-]+)", r"\1x"),
    "a definition less": put(r"^[A-Za-z][\w-]* *=[^\n]*\n(?:[ \t][^\n]*\n)*", ""),
    "a definition twice": put(r"^([A-Za-z][\w-]* *=[^\n]*\n(?:[ \t][^\n]*\n)*)", r"\1\1"),
    "an equals sign twice": put(" = ", " == "),
    "an unknown base": put("%x", "%q"),
    "elements exchanged": put(r"(?<=[ (])([\w-]+) ([\w-]+)(?=[ )\n])", r"\2 \1"),
}


def test_mutated_rfc_grammars_are_refused_or_changed_or_proved_equal(test_data: Path) -> None:
    outcomes: dict[str, set[str]] = {name: set() for name in MUTATIONS}
    for path in sorted((test_data / "strings" / "grammars").glob("*.abnf")):
        text = path.read_text("utf-8")
        old = Grammar.from_text(text).resolved
        for name, mutated in MUTATIONS.items():
            mutant = mutated(text, Random(f"{path.name}/{name}"))
            if mutant is None:
                continue
            try:
                new = Grammar.from_text(mutant).resolved
            except GrammarError:
                outcomes[name].add("refused")
                continue
            both = old.rules.keys() & new.rules.keys()
            touched = [k for k in both if old.rules[k].definition != new.rules[k].definition]
            rows = diff_grammars(
                old, new, rules=[*touched, *(old.rules.keys() ^ new.rules.keys())]
            ).rules
            for row in rows:
                settled = row.exact or row.relation in CHANGED
                assert settled, (path.name, name, row)
                if row.proof is Proof.AUTOMATA:
                    assert_told_apart(row, old, new)
            relations = {row.relation for row in rows} - {Relation.EQUAL}
            outcomes[name].add("changed" if relations else "equal")
    assert all(outcomes.values()), "a mutation that applies nowhere"
    assert "changed" in outcomes["a slash less"]
    assert outcomes["a quote less"] == outcomes["bounds exchanged"] == {"refused"}
