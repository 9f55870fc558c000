"""The RFC that defines a missing rule is named, from one table that agrees with the RFCs."""

import warnings
from importlib import import_module

import pytest

from abnf_compiler.checks.examine import examine
from abnf_compiler.read.reader import read_leniently
from abnf_compiler.resolve.core_rules import core_rules
from abnf_compiler.resolve.well_known import defining_documents, rfc_number, well_known_rules
from abnf_compiler.source import Source
from abnf_compiler.tree import ProseVal

NOT_RULES = {"rfc3986": {"result"}, "rfc7230": None}
"""What the texts of the grammars hold besides: an algorithm, and prose taken for rules."""
HELD_BY_ABNF = ("3339", "3629", "3986", "5322", "5646", "7230", "9051", "9110", "9111")


def defined(text):
    return {
        each.name.lower()
        for each in read_leniently(Source("", text)).definitions
        if not each.incremental and not isinstance(each.definition, ProseVal)
    } - core_rules().keys()


@pytest.mark.parametrize("number", HELD_BY_ABNF)
def test_the_table_has_the_rules_of_the_modules_of_abnf(number) -> None:
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        grammar = import_module(f"abnf.grammars.rfc{number}").Rule.grammar
    text = grammar if isinstance(grammar, str) else "\n".join(grammar)
    names = well_known_rules()[f"rfc{number}"]
    assert defined(text) <= names
    assert number == "7230" or names <= defined(text)  # RFC 7230: abnf leaves out the start lines


def test_the_table_has_the_rules_of_the_grammars_of_rfcs(test_data) -> None:
    compared = 0
    for document, names in well_known_rules().items():
        path = test_data / f"rfc-abnf/{document}.abnf"
        if path.is_file():
            compared += 1
            noise = NOT_RULES.get(document, set())
            assert noise is None or defined(path.read_text("utf-8")) - names == noise
    assert compared >= 9


def test_no_name_is_that_of_a_core_rule_and_every_document_is_an_rfc() -> None:
    for document, names in well_known_rules().items():
        assert rfc_number(document) is not None
        assert names
        assert not names & core_rules().keys()


def test_an_rfc_is_not_sent_to_its_successors() -> None:
    wanted = {"mailbox", "astring"}
    assert defining_documents(wanted, "rfc4314.abnf")["astring"] == ("rfc3501",)
    assert defining_documents(wanted, "dir/rfc9208.abnf")["astring"] == ("rfc9051", "rfc3501")
    assert defining_documents(wanted, "mine.abnf")["astring"] == ("rfc9051", "rfc3501")


def test_the_document_that_has_most_of_what_is_missing_comes_first() -> None:
    assert defining_documents({"mailbox"})["mailbox"][0] == "rfc5322"
    assert defining_documents({"mailbox", "nstring"})["mailbox"][0] == "rfc9051"
    smtp = {"mailbox", "reply-line", "ehlo-line"}
    assert defining_documents(smtp)["mailbox"][0] == "rfc5321"


def test_a_name_that_no_document_has_is_left_out() -> None:
    assert defining_documents({"no-such-rule"}) == {}


def test_a_name_of_one_letter_is_nobodys() -> None:
    assert any("b" in rules for rules in well_known_rules().values())
    assert defining_documents({"b", "nstring"}).keys() == {"nstring"}


def test_a_missing_rule_is_reported_with_the_rfcs_that_define_it() -> None:
    text = "x = nstring mailbox\ncapability =/ %x41\n"
    found = examine(Source("rfc8970.abnf", text), fragment=True).diagnostics
    hints = {each.span.text: each.hint for each in found}
    assert hints["nstring"] == (
        "RFC 3501 defines it; with that grammar in a --library directory add:"
        " ; @import rfc3501: nstring"
    )
    assert hints["mailbox"].startswith("RFC 3501 defines it (RFC 5322 and RFC 2822 too)")
    assert hints["capability"].endswith("; @import rfc3501: capability")


def test_a_document_of_the_library_is_named_before_the_table(tmp_path) -> None:
    (tmp_path / "mine.abnf").write_text('nstring = "x"\nother =/ "y"\n')
    found = examine(Source("a", "a = nstring other\n"), library=[tmp_path]).diagnostics
    assert [each.hint for each in found] == [
        "add: ; @import mine: nstring",
        "define it, or import it by ; @import",
    ]
