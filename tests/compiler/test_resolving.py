"""Names: "=/" merged, core rules found, imports followed, what is unknown said with its place."""

from pathlib import Path

import pytest

from abnf_compiler.diagnostics import Diagnostic, GrammarError, Severity, render
from abnf_compiler.read.reader import read_leniently
from abnf_compiler.resolve.core_rules import core_rules
from abnf_compiler.resolve.library import Library
from abnf_compiler.resolve.resolver import UNDEFINED, Resolution, resolve, resolve_leniently
from abnf_compiler.resolve.walk import references
from abnf_compiler.source import Source, Span
from abnf_compiler.tree import Alternation, CharVal, ProseVal, Reference, ResolvedGrammar

NOWHERE = Span(Source("", ""), 0, 0)


def resolution(
    text: str, *library: Path, fragment: bool = False, name: str = "test.abnf"
) -> Resolution:
    tree = read_leniently(Source(name, text))
    assert not [each for each in tree.diagnostics if each.code != "ABNF113"]
    return resolve_leniently(tree, Library(library), fragment=fragment)


def clean(text: str, *library: Path) -> ResolvedGrammar:
    result = resolution(text, *library)
    assert not result.diagnostics, [render(each) for each in result.diagnostics]
    return result.grammar


def findings(text: str, *library: Path, fragment: bool = False) -> list[tuple[str, int, int]]:
    found = resolution(text, *library, fragment=fragment).diagnostics
    return [(each.code, *place(each)) for each in found]


def place(found: Diagnostic) -> tuple[int, int]:
    return found.span.position.line, found.span.position.column


def library(folder: Path, **documents: str) -> Path:
    for name, text in documents.items():
        (folder / f"{name}.abnf").write_text(text, "utf-8")
    return folder


def test_rules_stand_in_file_order_then_imported_then_core(tmp_path: Path) -> None:
    lib = library(tmp_path, other="y = z DIGIT\nz = WSP\nunused = ALPHA\n")
    grammar = clean("; @import other: y\nb = a y\na = CR\n", lib)
    assert [(rule.name, rule.origin) for rule in grammar.rules.values()] == [
        ("b", ""),
        ("a", ""),
        ("y", "other"),
        ("z", "other"),
        ("CR", "core"),
        ("DIGIT", "core"),
        ("HTAB", "core"),
        ("SP", "core"),
        ("WSP", "core"),
    ]


def test_incremental_alternatives_are_added_in_order() -> None:
    rule = clean('a = "1" / "2"\nb = a\nA =/ "3"\na =/ "4" "5"\n').rules["a"]
    assert isinstance(rule.definition, Alternation)
    assert [item.span.text for item in rule.definition.items] == ['"1"', '"2"', '"3"', '"4" "5"']
    assert rule.name == "a"
    assert len(rule.definitions) == 3


def test_incremental_alternatives_before_their_rule_are_an_error() -> None:
    assert findings('a =/ "1"\na = "2"\n') == [("ABNF203", 1, 1)]
    assert findings('a =/ "1"\na =/ "2"\n') == [("ABNF203", 1, 1)]
    (found,) = resolution('a =/ "1"\n', fragment=True).diagnostics
    assert found.severity is Severity.WARNING


def test_a_rule_defined_twice_is_an_error_at_its_second_place() -> None:
    result = resolution('a = "1"\nA = "2"\na =/ "3"\n')
    assert [(each.code, place(each)) for each in result.diagnostics] == [("ABNF202", (2, 1))]
    assert "line 1" in result.diagnostics[0].message
    definition = result.grammar.rules["a"].definition
    assert isinstance(definition, Alternation)
    assert [item.span.text for item in definition.items] == ['"1"', '"3"']


def test_an_undefined_rule_is_reported_once_where_it_is_first_used() -> None:
    assert findings('a = b / c\nd = B / "x"\n') == [("ABNF201", 1, 5), ("ABNF201", 1, 9)]


def test_an_undefined_rule_of_a_fragment_is_a_warning_and_leads_to_prose() -> None:
    result = resolution("a = b\n", fragment=True)
    (found,) = result.diagnostics
    assert (found.code, found.severity) == ("ABNF201", Severity.WARNING)
    rule = result.grammar.rules["b"]
    assert rule.origin == UNDEFINED
    assert rule.definition == ProseVal("b", NOWHERE)
    assert rule not in result.grammar.own_rules()


def test_a_broken_rule_is_not_called_undefined() -> None:
    tree = read_leniently(Source("test.abnf", '; @start b\na = b\nb = "x\n'))
    result = resolve_leniently(tree, Library())
    assert not result.diagnostics
    assert result.grammar.rules["b"].origin == UNDEFINED


def test_an_undefined_rule_has_a_hint_where_it_may_be_found(tmp_path: Path) -> None:
    lib = library(tmp_path, rfc1="host = DIGIT\n", rfc2="x = host\nhost = ALPHA\n")
    (found,) = resolution("a = Host\n", lib).diagnostics
    assert found.hint == "add: ; @import rfc1: Host (also in rfc2)"
    (tmp_path / "rfc0.abnf").write_bytes(b"host = caf\xe9\n")
    (found,) = resolution("a = host\n", lib, lib).diagnostics
    assert found.hint == "add: ; @import rfc1: host (also in rfc2)"
    (found,) = resolution("a = metdata-key\nmetadata-key = a\n").diagnostics
    assert found.hint == 'did you mean "metadata-key"?'
    (found,) = resolution("a = HEXDIGIT\n").diagnostics
    assert found.hint == 'did you mean "HEXDIG"?'


def test_names_in_annotations_must_be_rules() -> None:
    text = "; @start a b\n; @prefer c\n; @capture a: d\n; @example e: x\na = DIGIT\n"
    assert findings(text) == [
        ("ABNF207", 1, 12),
        ("ABNF207", 2, 11),
        ("ABNF207", 3, 15),
        ("ABNF207", 4, 12),
    ]


def test_a_core_rule_that_only_an_annotation_names_is_there() -> None:
    grammar = clean('; @start CRLF\na = "x"\n')
    assert list(grammar.rules) == ["a", "cr", "crlf", "lf"]


def test_core_rules_are_those_of_the_rfc() -> None:
    names = [rule.name for rule in core_rules().values()]
    assert " ".join(names) == (
        "ALPHA BIT CHAR CR CRLF CTL DIGIT DQUOTE HEXDIG HTAB LF LWSP OCTET SP VCHAR WSP"
    )


@pytest.mark.parametrize(
    "restated",
    [
        "ALPHA = %x41-5A / %x61-7A",
        "alpha = %d65-90 / %d97-122",
        "ALPHA = %x61-7A / %x41-4F / %x50-5A",
        'BIT = "1" / "0"',
        'BIT = %s"0" / %x31',
        'HEXDIG = DIGIT / "a" / "b" / "c" / "d" / "e" / "f"',
        "HEXDIG = %x30-39 / %x41-46 / %x61-66",
        "CRLF = %x0D %x0A",
        "CRLF = %d13.10",
        "DQUOTE = %d34",
        "LWSP = *(WSP / CRLF WSP)",
        "WSP = %x09 / %x20",
        "CTL = %d0-31 / %d127",
    ],
)
def test_an_equal_core_rule_may_be_restated_silently(restated: str) -> None:
    grammar = clean(restated + "\n")
    assert next(iter(grammar.rules.values())).origin == ""


@pytest.mark.parametrize(
    "restated",
    [
        "ALPHA = %x41-5A",
        "CHAR = %x00-7F",
        "CRLF = LF",
        'HEXDIG = DIGIT / %s"A" / "B" / "C" / "D" / "E" / "F"',
        "CR = <ASCII CR, carriage return>",
        "DIGIT = 1%x30-39",
        "SP = 1*%x20",
        "WSP = [SP / HTAB]",
        "VCHAR = VCHAR",
    ],
)
def test_a_different_core_rule_is_a_warning(restated: str) -> None:
    (found,) = resolution(restated + "\n").diagnostics
    assert (found.code, found.severity) == ("ABNF209", Severity.WARNING)


def test_a_core_rule_may_be_extended() -> None:
    rule = clean("VCHAR =/ %xA0-FF\na = VCHAR\n").rules["vchar"]
    assert rule.origin == ""
    assert isinstance(rule.definition, Alternation)
    assert [each.span.text for each in rule.definition.items] == ["%x21-7E", "%xA0-FF"]


def test_a_name_in_angle_brackets_is_the_rule_of_that_name() -> None:
    grammar = clean('a = 1*<B> / <no rule> / [ <CR> / <b> ]\nb = "x"\nc = <c>\nd = CR\n')
    names = [each.name for each in references(grammar.rules["a"].definition)]
    assert names == ["B", "CR", "b"]
    assert grammar.rules["c"].definition == ProseVal("c", NOWHERE)


def test_an_import_brings_what_it_needs_across_documents(tmp_path: Path) -> None:
    lib = library(
        tmp_path,
        one='; @import two: far\nnear = far other\nother = "o"\nunneeded = missing\n',
        two='; @import three: farther\nfar = farther\nother = "different, not needed"\n',
        three="farther = %x41\n",
    )
    grammar = clean("; @import one: near\na = near\n", lib)
    assert [(rule.name, rule.origin) for rule in grammar.rules.values()] == [
        ("a", ""),
        ("near", "one"),
        ("far", "two"),
        ("other", "one"),
        ("farther", "three"),
    ]


def test_an_import_may_be_passed_on_by_the_document_that_imports_it(tmp_path: Path) -> None:
    lib = library(tmp_path, one="; @import two: x\na = x\n", two='x = "x"\n')
    assert clean("; @import one: x\nb = x\n", lib).rules["x"].origin == "two"


def test_the_first_directory_that_has_a_document_wins(tmp_path: Path) -> None:
    (tmp_path / "first").mkdir()
    (tmp_path / "second").mkdir()
    first = library(tmp_path / "first", doc='x = "first"\n')
    second = library(tmp_path / "second", doc='x = "second"\n', more='y = "y"\n')
    grammar = clean("; @import doc: x\n; @import more: y\na = x y\n", first, second)
    assert grammar.rules["x"].definition == CharVal("first", False, NOWHERE)


def test_alternatives_may_be_added_to_an_imported_rule(tmp_path: Path) -> None:
    lib = library(tmp_path, doc='x = "1"\nx =/ "2"\ny = x\n')
    rule = clean('; @import doc: y\na = y\nx =/ "3"\n', lib).rules["x"]
    assert rule.origin == ""
    assert isinstance(rule.definition, Alternation)
    assert [each.span.text for each in rule.definition.items] == ['"1"', '"2"', '"3"']
    lib = library(tmp_path, one='; @import doc: x\nx =/ "3"\n')
    rule = clean("; @import one: x\na = x\n", lib).rules["x"]
    assert rule.origin == "doc"
    assert isinstance(rule.definition, Alternation)
    assert len(rule.definition.items) == 3


def test_two_different_rules_of_one_name_are_an_error_where_both_are_asked_for(
    tmp_path: Path,
) -> None:
    lib = library(tmp_path, one='x = z\nz = "1"\n', two='y = z\nz = "2"\n', same='z = "1"\n')
    assert [code for code, _, _ in findings('; @import one: z\na = z\nz = "3"\n', lib)] == [
        "ABNF208"
    ]
    assert findings('; @import one: x\na = x\nz = "3"\n', lib) == []
    assert findings('; @import one: x\na = x\nz = %i"1"\n', lib) == []
    result = resolution("; @import one: z\n; @import two: z\na = z\n", lib)
    (found,) = result.diagnostics
    assert found.code == "ABNF208"
    assert found.span.source.name.endswith("two.abnf")
    assert "one.abnf:2" in found.message
    assert findings("; @import one: x\n; @import two: y\na = x y\n", lib) == []
    assert findings("; @import one: x\n; @import same: z\na = x z\n", lib) == []


def test_a_rule_of_prose_gives_way_to_an_import_of_its_name(tmp_path: Path) -> None:
    lib = library(tmp_path, rfc7230="OWS = *( SP / HTAB )\n")
    grammar = clean("; @import rfc7230: OWS\na = OWS\nOWS = <OWS, see [RFC7230]>\n", lib)
    assert grammar.rules["ows"].origin == "rfc7230"


def test_what_cannot_be_imported_is_said_once_and_not_called_undefined(tmp_path: Path) -> None:
    lib = library(tmp_path, doc="host = DIGIT\n", broken="x = (\ny = x\n")
    assert findings("; @import none: x y\na = x y\n", lib) == [("ABNF204", 1, 11)]
    assert findings("; @import doc: x\na = x\n", lib) == [("ABNF205", 1, 16)]
    assert findings("; @import doc: DIGIT\na = DIGIT\n", lib) == []
    (found,) = resolution("; @import doc: hosts\na = hosts\n", lib).diagnostics
    assert found.hint == 'did you mean "host"?'
    (found,) = resolution("; @import broken: y\na = y\n", lib).diagnostics
    assert (found.code, Path(found.span.source.name).name) == ("ABNF104", "broken.abnf")
    (tmp_path / "latin.abnf").write_bytes(b"; caf\xe9\nx = y\n")
    assert findings("; @import latin: x\na = x\n", lib) == [("ABNF204", 1, 11)]


def test_a_rule_that_an_imported_document_lacks_is_reported_there(tmp_path: Path) -> None:
    lib = library(tmp_path, doc="x = y\n")
    (found,) = resolution("; @import doc: x\na = x\n", lib).diagnostics
    assert (found.code, Path(found.span.source.name).name) == ("ABNF201", "doc.abnf")


@pytest.mark.parametrize(
    ("documents", "way"),
    [
        ({"one": "; @import one: y\nx = y\n"}, "one -> one"),
        ({"one": "; @import two: y\nx = y\n", "two": "; @import one: z\ny = z\n"}, "one -> two"),
        ({"one": "; @import test: a\nx = a\n"}, "test -> one -> test"),
    ],
)
def test_documents_that_import_each_other_are_an_error(
    tmp_path: Path, documents: dict[str, str], way: str
) -> None:
    text = "; @import one: x\na = x\n"
    lib = library(tmp_path, test=text, **documents)
    tree = read_leniently(Source(str(tmp_path / "test.abnf"), text))
    (found,) = resolve_leniently(tree, Library([lib])).diagnostics
    assert found.code == "ABNF206"
    assert way in found.message


def test_two_ways_to_one_document_are_no_circle(tmp_path: Path) -> None:
    lib = library(
        tmp_path,
        one="; @import base: z\nx = z\n",
        two="; @import base: z\ny = z\n",
        base='z = "z"\n',
    )
    assert len(clean("; @import one: x\n; @import two: y\na = x y\n", lib).rules) == 4


def test_strict_resolving_raises_what_lenient_resolving_reports() -> None:
    tree = read_leniently(Source("test.abnf", "a = b\n"))
    with pytest.raises(GrammarError) as caught:
        resolve(tree)
    assert [each.code for each in caught.value.diagnostics] == ["ABNF201"]
    assert isinstance(resolve(tree, fragment=True).rules["a"].definition, Reference)


def test_a_long_chain_of_rules_is_resolved() -> None:
    text = "".join(f"r{number} = r{number + 1}\n" for number in range(3000)) + "r3000 = ALPHA\n"
    assert len(clean(text).rules) == 3002
