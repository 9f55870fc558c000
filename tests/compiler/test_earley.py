"""The oracle decides every grammar, gives the place of a refusal, and the tree of rules."""

import json
from itertools import islice
from pathlib import Path
from random import Random
from string import ascii_letters, digits

import pytest

from abnf_compiler.automata.charset import CharSet
from abnf_compiler.diagnostics import GrammarError
from abnf_compiler.engines.compiled import compile_rule as compiled_rule
from abnf_compiler.engines.earley import ParseNode, RefusedError, compile_rule
from abnf_compiler.engines.refusal import expected_words
from abnf_compiler.grammar import load_resolved
from abnf_compiler.read.reader import read_grammar
from abnf_compiler.resolve.resolver import resolve
from abnf_compiler.sentences.derive import derive
from abnf_compiler.source import Source


def rule_of(text, rule="a"):
    return compile_rule(resolve(read_grammar(Source("<text>", text)), fragment=True), rule)


@pytest.fixture(scope="module")
def grammar(project: Path):
    return load_resolved(project / "grammar/reply-metadata.abnf")


def test_octets_are_read_as_octets_and_strings_as_code_points() -> None:
    octets = rule_of("a = %xC3 %xA9\n")
    assert octets.match(b"\xc3\xa9")
    assert octets.match("\u00c3\u00a9")
    assert not octets.match("\u00e9")
    assert rule_of("a = %x10FFFF\n").match("\U0010ffff")


@pytest.mark.parametrize(
    ("data", "position", "characters", "may_end"),
    [
        (b"", 0, "[", False),
        (b"[", 1, ascii_letters, False),
        (b"[A", 2, ascii_letters + digits + " -.]", False),
        (b"[A]x", 3, "", True),
        (b"[A +", 4, digits + "ABCDEF", False),
        (b"[\xff", 1, ascii_letters, False),
    ],
)
def test_a_refusal_tells_where_and_what_was_expected(
    grammar, data, position, characters, may_end
) -> None:
    match = compile_rule(grammar, "metadata-group").match(data)
    assert not match
    assert (match.engine, match.position) == ("earley", position)
    charset = CharSet.of((ord(character), ord(character)) for character in characters)
    assert match.expected == expected_words(charset, may_end=may_end)


def test_an_accepted_string_has_its_length_as_position(grammar) -> None:
    match = compile_rule(grammar, "Metadata-Group").match(b"[A b=+5B]")
    assert (bool(match), match.position, match.expected) == (True, 9, ())


def changed(octets, random):
    at = random.randint(0, len(octets))
    piece = bytes([random.choice((0x20, 0x2B, 0x3D, 0x5B, 0x5D, 0x31, 0x41, 0x0D, 0xC3, 0x00))])
    return octets[:at] + random.choice((b"", piece)) + octets[at + random.choice((0, 1)) :]


def test_both_engines_tell_the_same_verdict_place_and_expectation(grammar) -> None:
    random = Random(7)
    for key in ("metadata-group", "line-text", "referral-uri", "stored-arguments", "free-text"):
        earley, compiled = compile_rule(grammar, key), compiled_rule(grammar, key)
        for sentence in islice(derive(grammar, key, max_octets=30), 40):
            for octets in (sentence, changed(sentence, random), sentence[:-1]):
                mine, theirs = earley.match(octets), compiled.match(octets)
                assert (mine.accepted, mine.position) == (theirs.accepted, theirs.position)
                assert mine.expected == theirs.expected, (key, octets)


def test_the_tree_names_rules_with_their_places(grammar) -> None:
    tree = compile_rule(grammar, "named-argument").parse(b"a1=+41")
    assert tree == ParseNode(
        "named-argument",
        0,
        6,
        (
            ParseNode(
                "argument-name",
                0,
                2,
                (ParseNode("alpha", 0, 1), ParseNode("digit", 1, 2)),
            ),
            ParseNode(
                "argument-value",
                3,
                6,
                (
                    ParseNode(
                        "encoded-octet",
                        3,
                        6,
                        (ParseNode("digit", 4, 5), ParseNode("digit", 5, 6)),
                    ),
                ),
            ),
        ),
    )


def test_rules_that_match_nothing_have_a_place_of_no_length(grammar) -> None:
    tree = rule_of('a = "x" b "y" b\nb = *"z"\n').parse(b"xyz")
    assert tree.children == (ParseNode("b", 1, 1), ParseNode("b", 2, 3))


def test_the_parse_of_every_example_spans_it_and_nests(grammar) -> None:
    def check(node):
        last = node.start
        for child in node.children:
            assert last <= child.start <= child.end <= node.end
            last = child.end
            check(child)

    for rule, text in grammar.annotations.examples:
        tree = compile_rule(grammar, rule).parse(text)
        assert (tree.rule, tree.start, tree.end) == (rule, 0, len(text))
        check(tree)


def test_parsing_what_does_not_match_raises_with_the_match(grammar) -> None:
    with pytest.raises(RefusedError) as caught:
        compile_rule(grammar, "delta-seconds").parse(b"01")
    assert caught.value.match.position == 1
    assert caught.value.match.expected == expected_words(CharSet(), may_end=True)


@pytest.mark.parametrize(
    ("rules", "accepted", "refused"),
    [
        ('a = "(" *a ")"', [b"()", b"(()())"], [b"", b"(", b"())", b"(()"]),
        ('a = a "+" a / "1"', [b"1", b"1+1+1"], [b"1+", b"+1", b""]),
        ('a = [ a ] "x" / b\nb = [ a ] "y"', [b"xy", b"yx", b"xxyy"], [b"", b"z"]),
        ('a = "x" a "x" / "y"', [b"y", b"xxyxx"], [b"xy", b"yx", b"xyxx"]),
        ('a = *( *"x" *"y" )', [b"", b"xyxy", b"yyx"], [b"z"]),
        ("a = b c\nb = *DIGIT\nc = 2DIGIT", [b"12", b"12345"], [b"1", b""]),
    ],
)
def test_grammars_that_are_not_regular_or_ambiguous_are_decided(rules, accepted, refused) -> None:
    rule = rule_of(rules + "\n")
    assert [text for text in accepted if not rule.match(text)] == []
    assert [text for text in refused if rule.match(text)] == []
    for text in accepted:
        assert rule.parse(text).end == len(text)


def test_prose_is_refused_only_where_the_rule_needs_it() -> None:
    text = 'a = "x"\nb = <prose>\n'
    assert rule_of(text, "a").match(b"x")
    with pytest.raises(GrammarError, match="prose"):
        rule_of(text, "b")


def test_an_unknown_rule_is_a_key_error(grammar) -> None:
    with pytest.raises(KeyError):
        compile_rule(grammar, "no-such-rule")


def test_strings_of_the_rfcs_get_the_verdict_other_tools_gave_them(test_data: Path) -> None:
    random = Random(5234)
    compared = 0
    for folder, wanted in (("accepted", True), ("rejected", False)):
        for file in sorted((test_data / "strings" / folder).glob("*.json")):
            grammar = load_resolved(test_data / f"strings/grammars/{file.stem}.abnf")
            strings = json.loads(file.read_text("utf-8"))
            for name in random.sample(sorted(strings), min(9, len(strings))):
                rule = compile_rule(grammar, name)
                short = [text for text in strings[name] if len(text) <= 24]
                for text in random.sample(short, min(3, len(short))):
                    assert bool(rule.match(text)) is wanted, (file.stem, name, text)
                    compared += 1
    assert compared > 250
