"""Draft fragments are well-formed, fit the margins, and read back as the grammar they show."""

from pathlib import Path

import pytest
from lxml import etree

from abnf_compiler.diagnostics import GrammarError
from abnf_compiler.emit.rfcxml import collected_abnf, emit_rfcxml
from abnf_compiler.grammar import load_resolved
from abnf_compiler.read.reader import read_grammar
from abnf_compiler.resolve.resolver import resolve
from abnf_compiler.source import Source
from abnf_compiler.tree import ProseVal


def grammar_of(text, name="<text>"):
    return resolve(read_grammar(Source(name, text)), fragment=True)


def abnf_in(fragment):
    return etree.fromstring(fragment.encode("utf-8")).text.removeprefix("\n")


@pytest.fixture(scope="module")
def grammar(project: Path):
    return load_resolved(project / "grammar/reply-metadata.abnf")


def test_there_is_a_fragment_for_each_section_and_the_whole(grammar) -> None:
    assert list(emit_rfcxml(grammar)) == [
        "abnf-collected.xml",
        "abnf-layer-1-read.xml",
        "abnf-layer-1-sent.xml",
        "abnf-layer-2.xml",
        "abnf-layer-3.xml",
    ]


def test_a_fragment_is_one_sourcecode_element_after_the_generated_line(grammar) -> None:
    for name, text in emit_rfcxml(grammar).items():
        assert text.startswith("<!-- Generated from reply-metadata.abnf by make generate; SHA-256")
        element = etree.fromstring(text.encode("utf-8"))
        assert element.tag == "sourcecode"
        stem = name.removeprefix("abnf-").removesuffix(".xml")
        markers = {"markers": "true"} if stem == "collected" else {}
        assert dict(element.attrib) == {
            "type": "abnf",
            "name": f"reply-metadata-{stem}.abnf",
            **markers,
        }


def test_no_line_is_longer_than_a_draft_can_show(grammar) -> None:
    for text in emit_rfcxml(grammar).values():
        assert max(map(len, abnf_in(text).splitlines())) <= 69


def test_rules_stand_as_written_without_annotations(grammar) -> None:
    for text in emit_rfcxml(grammar).values():
        assert "; @" not in abnf_in(text)
    sent = abnf_in(emit_rfcxml(grammar)["abnf-layer-1-sent.xml"])
    with_comment = next(line for line in grammar.text.splitlines() if line.startswith("text-start"))
    assert "; not" in with_comment
    assert f"\n{with_comment}\n" in sent
    assert sent.startswith("reply-with-metadata ")


def test_the_sections_together_read_back_as_the_rules_of_the_file(grammar) -> None:
    texts = emit_rfcxml(grammar)
    joined = "".join(abnf_in(text) for name, text in texts.items() if name != "abnf-collected.xml")
    again = {each.name: each for each in read_grammar(Source("draft", joined)).definitions}
    assert len(again) == len(grammar.own_rules())
    for rule in grammar.own_rules():
        assert again[rule.name].definition == rule.definition


def test_the_collected_grammar_reads_back_with_prose_for_what_is_imported(grammar) -> None:
    text = abnf_in(emit_rfcxml(grammar)["abnf-collected.xml"])
    again = grammar_of(text, "collected")
    for rule in grammar.own_rules():
        assert again.rules[rule.key].definition == rule.definition
    prose = {
        rule.name: rule.definition.text
        for rule in again.own_rules()
        if isinstance(rule.definition, ProseVal)
    }
    assert prose == {
        "IPv4address": "IPv4address, see RFC 3986, Section 3.2.2",
        "IPv6address": "IPv6address, see RFC 3986, Section 3.2.2",
        "UTF8-3": "UTF8-3, see RFC 3629, Section 4",
        "UTF8-4": "UTF8-4, see RFC 3629, Section 4",
        "UTF8-tail": "UTF8-tail, see RFC 3629, Section 4",
    }


def test_the_collected_grammar_keeps_headings_and_drops_what_speaks_of_the_file(grammar) -> None:
    text = collected_abnf(grammar)
    assert text.startswith("; Layer 1, sent: what a server puts on the wire\n\n")
    assert "README" not in text
    assert "; Rules of other documents\n\nIPv4address " in text
    assert " = <IPv4address, see RFC 3986, Section 3.2.2>\n" in text


def test_stubs_stand_under_the_equals_signs_of_the_file_where_they_fit(grammar) -> None:
    lines = collected_abnf(grammar).splitlines()
    stub = next(line for line in lines if line.startswith("UTF8-tail"))
    rule = next(line for line in lines if line.startswith("human-text"))
    assert stub.index("=") == rule.index("=")


def test_a_grammar_that_imports_nothing_has_no_stubs() -> None:
    assert collected_abnf(grammar_of("a = DIGIT\n")) == "a = DIGIT\n"


def test_markup_in_a_grammar_stays_text() -> None:
    source = 'a = "<&>]]>" ; </sourcecode> & <!-- x\n'
    for text in emit_rfcxml(grammar_of(source, 'x"<&>.abnf')).values():
        assert abnf_in(text) == source


def test_groups_hold_the_rules_asked_for_in_that_order(grammar) -> None:
    texts = emit_rfcxml(grammar, groups={"referral": ["referral-uri", "Referral-Arguments"]})
    assert abnf_in(texts["abnf-referral.xml"]).startswith("referral-uri ")
    assert "\nreferral-arguments " in abnf_in(texts["abnf-referral.xml"])


def test_a_group_with_an_unknown_rule_or_a_taken_name_is_refused(grammar) -> None:
    with pytest.raises(KeyError):
        emit_rfcxml(grammar, groups={"x": ["no-such-rule"]})
    with pytest.raises(ValueError, match="layer-2"):
        emit_rfcxml(grammar, groups={"layer-2": ["referral-uri"]})


def test_a_line_that_is_too_long_is_refused_with_its_place() -> None:
    long = grammar_of("a = b" + " b" * 40 + '\nb = "x"\n', "long.abnf")
    with pytest.raises(GrammarError) as caught:
        emit_rfcxml(long)
    assert (caught.value.path, caught.value.line, caught.value.column) == ("long.abnf", 1, 70)
    assert "at most 69" in str(caught.value)


def test_sixty_nine_columns_fit_and_seventy_do_not() -> None:
    fitting = "a = b ; ".ljust(69, "x")
    assert emit_rfcxml(grammar_of(f'{fitting}\nb = "x"\n'))
    with pytest.raises(GrammarError):
        emit_rfcxml(grammar_of(f'{fitting}x\nb = "x"\n'))


def test_the_same_grammar_gives_the_same_bytes(project: Path, grammar) -> None:
    assert emit_rfcxml(load_resolved(project / "grammar/reply-metadata.abnf")) == emit_rfcxml(
        grammar
    )
