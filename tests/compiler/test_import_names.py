"""Imports under other names, one name in two documents, and imports the caller asks for."""

import pytest

from abnf_compiler.__main__ import main
from abnf_compiler.checks.examine import examine
from abnf_compiler.diagnostics import GrammarError
from abnf_compiler.grammar import Grammar
from abnf_compiler.source import Source


@pytest.fixture
def library(tmp_path):
    def folder(**documents):
        for name, text in documents.items():
            (tmp_path / f"{name}.abnf").write_text(text, "utf-8")
        return tmp_path

    return folder


def codes(text, folder, **options):
    return [
        each.code for each in examine(Source("t", text), library=[folder], **options).diagnostics
    ]


def grammar(text, folder, **options):
    return Grammar.from_text(text, library=[folder], **options)


def test_a_rule_is_imported_under_another_name(library) -> None:
    folder = library(rfc1='host = 1*ALPHA\nother = "-" host\n')
    found = grammar('; @import rfc1: uri-host=host other\nHost = "Host:" uri-host other\n', folder)
    assert found.rule("host").match("Host:ab-cd")
    assert not found.rule("host").match("Host:ab-Host:")
    rules = {rule.name: rule.origin for rule in found.rules if rule.origin != "core"}
    assert rules == {"Host": "", "uri-host": "rfc1", "other": "rfc1"}


def test_what_comes_along_finds_the_rules_of_its_own_document(library) -> None:
    folder = library(one='x = z\nz = y "1"\ny = %x41\n', two='y = z\nz = y2 "2"\ny2 = %x42\n')
    found = grammar('; @import one: x\n; @import two: y\na = x y z\nz = "3" DIGIT\n', folder)
    assert found.diagnostics == ()
    assert found.rule("a").match("A1B234")
    assert {rule.name for rule in found.rules} >= {"z", "one--z", "two--z", "one--y"}


def test_rules_of_two_documents_that_read_alike_are_one_where_they_refer_to_nothing(
    library,
) -> None:
    folder = library(one="x = ows\nows = *%x20\n", two="y = ows\nows = *%x20\n")
    found = grammar("; @import one: x\n; @import two: y\na = x y\n", folder)
    assert [rule.name for rule in found.rules] == ["a", "x", "y", "ows"]


def test_two_rules_asked_for_by_one_name_are_an_error_with_a_way_out(library) -> None:
    folder = library(one='z = "1"\n', two='z = "2"\n')
    text = "; @import one: z\n; @import two: z\na = z\n"
    (found,) = examine(Source("t", text), library=[folder]).diagnostics
    assert found.code == "ABNF208"
    assert found.hint == "import one under another name: ; @import two: other-name=z"
    text = "; @import one: z\n; @import two: y=z\na = z y\n"
    assert grammar(text, folder).rule("a").match("12")


def test_an_own_rule_and_one_asked_for_by_its_name_are_an_error(library) -> None:
    folder = library(one='z = "1"\n')
    assert codes('; @import one: z\na = z\nz = "2"\n', folder) == ["ABNF208"]
    assert codes('; @import one: y=z\na = y z\nz = "2"\n', folder) == []


def test_a_document_may_pass_a_rule_on_under_another_name(library) -> None:
    folder = library(one='; @import two: near=far\nx = near "!"\n', two='far = "f"\n')
    assert grammar("; @import one: x near\na = x near\n", folder).rule("a").match("f!f")


@pytest.mark.parametrize("names", ["=b", "a=", "a==b", "a=b=c", "1=b"])
def test_a_malformed_renaming_is_reported(library, names) -> None:
    assert "ABNF122" in codes(f"; @import one: {names}\na = %x41\n", library(one='b = "1"\n'))


def test_a_renamed_rule_that_is_not_there_is_reported_by_its_name_there(library) -> None:
    text = "; @import one: a2=c\na = a2\n"
    (found,) = examine(Source("t", text), library=[library(one='b = "1"\n')]).diagnostics
    assert (found.code, found.message) == ("ABNF205", 'document "one" has no rule "c"')


def test_a_caller_names_documents_and_what_is_missing_comes_from_them(library) -> None:
    folder = library(one='x = y "1"\n', two='y = "2"\nx = "no"\n')
    text = 'a = x y\nz = "z"\n'
    assert codes(text, folder, imports=["one", "two"]) == []
    found = grammar(text, folder, imports=["one", "two"])
    assert found.rule("a").match("212")
    assert [rule.name for rule in found.rules] == ["a", "z", "x", "y"]


def test_alternatives_are_added_to_a_rule_of_a_named_document(library) -> None:
    folder = library(base='word = "a"\n', more='word =/ "b"\n')
    found = grammar('word =/ "c"\n', folder, imports=["more", "base"])
    assert [bool(found.rule("word").match(each)) for each in "abc"] == [True, False, True]


def test_a_named_document_that_is_not_there_is_said(library) -> None:
    assert codes("a = %x41\n", library(), imports=["none"]) == ["ABNF204"]


def test_what_a_named_document_lacks_is_a_warning_in_a_fragment(library) -> None:
    folder = library(one="x = y\n")
    assert codes("a = x\n", folder, imports=["one"]) == ["ABNF201"]
    with pytest.raises(GrammarError):
        grammar("a = x\n", folder, imports=["one"])
    assert grammar("a = x\n", folder, imports=["one"], fragment=True)


def test_documents_that_extend_each_other_without_end_do_not_hang(library) -> None:
    folder = library(one='x =/ "1"\nx = "2"\n', two='x =/ "3"\nx = "4"\n')
    assert codes("a = x\n", folder, imports=["one", "two"]) != ["ABNF201"]


def test_the_command_takes_documents_by_import(library, tmp_path, capsys) -> None:
    folder = library(one='x = "1"\n')
    (tmp_path / "main.abnf").write_text("a = x\n")
    arguments = ["match", str(tmp_path / "main.abnf"), "a", "1", "--library", str(folder)]
    assert main(arguments) != 0
    assert main([*arguments, "--import", "one"]) == 0
    capsys.readouterr()


def test_prose_that_sends_the_reader_to_the_core_rules_is_the_core_rule(tmp_path) -> None:
    assert codes("SP = <Defined in RFC 5234>\na = SP\n", tmp_path) == []
    assert codes("CTL = <any control character>\na = CTL\n", tmp_path) == ["ABNF209", "ABNF405"]
