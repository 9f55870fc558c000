"""Languages are compared exactly, with a shortest string that tells them apart."""

import pytest

from abnf_compiler.automata.compare import compare_rules, difference, equal, included
from abnf_compiler.automata.dfa import minimal_dfa
from abnf_compiler.automata.expression import EMPTY
from abnf_compiler.automata.normal_form import to_regex
from abnf_compiler.grammar import Grammar, load_resolved

# RFC 5321, Section 4.2: what may follow the code and its separator on a reply line.
RFC5321 = """\
textstring = 1*( %d09 / %d32-126 )
reply-code = %x32-35 %x30-35 %x30-39
reply-line = *( reply-code "-" [ textstring ] CRLF ) reply-code [ SP textstring ] CRLF
"""


def dfa_of(text, rule="a"):
    return minimal_dfa(to_regex(Grammar.from_text(text, fragment=True).resolved, rule))


@pytest.fixture(scope="module")
def grammar(project):
    return load_resolved(project / "grammar/reply-metadata.abnf")


@pytest.mark.parametrize(
    ("left", "right", "only_left", "only_right"),
    [
        ('a = *"x"\n', 'a = [ 1*"x" ]\n', None, None),
        ('a = *%s"x"\n', 'a = *%s"xx"\n', "x", None),
        ("a = %x41-5A\n", "a = %x42-5B\n", "A", "["),
        ('a = "x" / "y"\n', 'a = "y" / "x"\n', None, None),
        ("a = 1*3DIGIT\n", "a = 2*4DIGIT\n", "0", "0000"),
    ],
)
def test_a_shortest_difference_is_found_on_each_side(left, right, only_left, only_right) -> None:
    ours, theirs = dfa_of(left), dfa_of(right)
    found = [difference(ours, theirs), difference(theirs, ours)]
    words = [word if word is None else "".join(map(chr, word)) for word in found]
    assert words == [only_left, only_right]
    assert equal(ours, theirs) == (only_left is None and only_right is None)


def test_the_empty_language_is_within_every_other() -> None:
    empty, some = minimal_dfa(EMPTY), dfa_of('a = "x"\n')
    assert included(empty, some)
    assert not included(some, empty)
    assert equal(empty, empty)


def test_line_text_is_a_textstring_of_rfc_5321(grammar) -> None:
    other = Grammar.from_text(RFC5321).resolved
    found = compare_rules(grammar, "line-text", other, "textstring")
    assert found.only_left is None
    assert found.only_right is not None
    assert not found.equal


def test_a_reply_with_metadata_is_a_reply_of_rfc_5321(grammar) -> None:
    other = Grammar.from_text(RFC5321).resolved
    assert compare_rules(grammar, "reply-with-metadata", other, "reply-line").only_left is None


def test_a_metadata_group_is_a_textstring_and_received_lines_take_every_sent_line(grammar) -> None:
    other = Grammar.from_text(RFC5321).resolved
    assert compare_rules(grammar, "metadata-group", other, "textstring").only_left is None
    sent = minimal_dfa(to_regex(grammar, "line-content"))
    assert included(sent, minimal_dfa(to_regex(grammar, "received-text")))


@pytest.mark.parametrize("key", ["referral", "retry-after", "queue-id", "trace-id", "reason"])
def test_the_arguments_of_every_key_fit_a_metadata_group(grammar, key) -> None:
    text = "group-rest = *( SP metadata-argument )\n; @start group-rest\n"
    own = "".join(
        f"{rule.name} = {rule.definitions[0].definition.span.text}\n"
        for name in (
            "metadata-argument",
            "named-argument",
            "argument-name",
            "argument-value",
            "value-character",
            "encoded-octet",
        )
        for rule in [grammar.rules[name]]
    )
    rest = Grammar.from_text(text + own).resolved
    assert compare_rules(grammar, f"{key}-arguments", rest, "group-rest").only_left is None
