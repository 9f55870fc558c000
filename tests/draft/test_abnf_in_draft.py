"""The grammar printed in the draft is the grammar of the file."""

import re
from pathlib import Path
from xml.etree import ElementTree

import pytest

from abnf_compiler.grammar import load_resolved
from abnf_compiler.read.reader import read_grammar
from abnf_compiler.source import Source
from abnf_compiler.tree import ResolvedGrammar

RULE = re.compile(r"(?m)^([A-Za-z][A-Za-z0-9-]*)\s*=")


def sourcecode(path: Path) -> str:
    text = ElementTree.parse(path).getroot().text
    assert text is not None
    return text.strip("\n") + "\n"


@pytest.fixture(scope="module")
def grammar(project: Path) -> ResolvedGrammar:
    return load_resolved(project / "grammar/reply-metadata.abnf")


def test_every_rule_stands_in_exactly_one_fragment(
    grammar: ResolvedGrammar, draft_folder: Path
) -> None:
    printed = [
        name
        for path in sorted((draft_folder / "_generated").glob("abnf-*.xml"))
        if path.stem != "abnf-collected"
        for name in RULE.findall(sourcecode(path))
    ]
    assert sorted(printed) == sorted(rule.name for rule in grammar.own_rules())


def test_the_collected_grammar_reads_back_as_the_file(
    grammar: ResolvedGrammar, draft_folder: Path
) -> None:
    text = sourcecode(draft_folder / "_generated/abnf-collected.xml")
    printed = {
        rule.name: rule.definition for rule in read_grammar(Source("draft", text)).definitions
    }
    for rule in grammar.own_rules():
        assert printed.pop(rule.name) == rule.definition, rule.name
    imported = {r.name for r in grammar.rules.values() if r.origin not in ("", "core")}
    assert set(printed) <= imported


def test_rule_names_in_the_prose_exist(grammar: ResolvedGrammar, draft_folder: Path) -> None:
    from draft_source import read_source

    for element in read_source().iter("tt"):
        text = "".join(element.itertext())
        if re.fullmatch(r"[a-z][a-z0-9]*(-[a-z0-9]+)+", text):
            assert text in grammar.rules, text


def test_no_line_of_the_grammar_is_too_wide_for_the_text_format(draft_folder: Path) -> None:
    for path in (draft_folder / "_generated").glob("abnf-*.xml"):
        assert all(len(line) <= 69 for line in sourcecode(path).splitlines()), path.name
