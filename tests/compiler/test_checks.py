"""What the checks find in a grammar that can be read, and what they leave alone."""

import time
from pathlib import Path

import pytest

from abnf_compiler.checks.examine import examine
from abnf_compiler.diagnostics import Diagnostic, Severity, has_errors, render
from abnf_compiler.source import Source


def found(text: str, *library: Path) -> tuple[Diagnostic, ...]:
    return examine(Source("test.abnf", text), library=library).diagnostics


def codes(text: str, *library: Path) -> list[str]:
    return [each.code for each in found(text, *library)]


def test_the_grammar_of_the_project_reads_clean(project: Path) -> None:
    path = project / "grammar/reply-metadata.abnf"
    source = Source(path.name, path.read_text("utf-8"))
    examination = examine(source, library=[path.parent / "borrowed"])
    assert not examination.diagnostics, [render(each) for each in examination.diagnostics]
    assert len(examination.grammar.own_rules()) > 50


def test_a_rule_that_no_start_rule_reaches_is_unused() -> None:
    text = "; @start a\na = b\nb = c\nc = DIGIT\nd = c e\ne = DIGIT\n"
    assert [(each.code, each.span.text) for each in found(text)] == [
        ("ABNF301", "d"),
        ("ABNF301", "e"),
    ]


def test_without_start_rules_nothing_is_unused() -> None:
    assert codes("a = DIGIT\nb = DIGIT\n") == []


def test_an_import_that_nothing_uses_is_reported(tmp_path: Path) -> None:
    (tmp_path / "doc.abnf").write_text("x = y\ny = DIGIT\nz = DIGIT\n", "utf-8")
    (only,) = found("; @import doc: x z\na = x\n", tmp_path)
    assert (only.code, only.span.text) == ("ABNF305", "z")
    assert codes("; @import doc: x\n; @start x\na = DIGIT\n", tmp_path) == ["ABNF301"]
    assert codes('; @import doc: x\nx =/ "more"\n', tmp_path) == []


def test_a_capture_must_be_reached_by_its_rule() -> None:
    text = "; @capture a: b *c d a\na = b\nb = c\nc = DIGIT\nd = DIGIT\n"
    assert [(each.code, each.span.text) for each in found(text)] == [
        ("ABNF306", "d"),
        ("ABNF306", "a"),
    ]


def test_each_other_spelling_of_a_name_is_reported_once() -> None:
    text = "a = Bb bb bB / digit / DIGIT\nbb = bB Bb\nBB =/ a\n"
    assert [(each.code, each.span.text) for each in found(text) if each.code == "ABNF302"] == [
        ("ABNF302", "Bb"),
        ("ABNF302", "bB"),
        ("ABNF302", "digit"),
        ("ABNF302", "BB"),
    ]


def test_an_alternative_written_twice_is_reported() -> None:
    (only,) = found('a = "x" / ( %x41 "y" ) / "x" / ( %x41 "z" )\n')
    assert (only.code, only.span.position.column) == ("ABNF303", 26)
    assert codes('a = "x" / ( %s"x" "y" ) / %s"X" "Z"\n') == []


@pytest.mark.parametrize(
    ("alternatives", "same"),
    [
        ('"a" / b / c / d / "A"', '"A"'),  # the item of bap's TODO
        ("b / c / B", "B"),
        ("b / <c> / C", "C"),
        ('"ab" / ( %i"A" "b" )', '%i"A" "b"'),
        ('%s"ab" / %x61.62', "%x61.62"),
        ('%x61-61 / %s"a"', '%s"a"'),
        ("[ b ] / *1b", "*1b"),
        ("c / 1b / b", "b"),
    ],
)
def test_alternatives_that_are_the_same_by_their_form_are_written_twice(
    alternatives: str, same: str
) -> None:
    text = f'a = {alternatives}\nb = "q"\nc = "r"\nd = "s"\n'
    assert [each.span.text for each in found(text) if each.code == "ABNF303"] == [same]


def test_what_an_increment_adds_is_compared_with_the_rule() -> None:
    text = 'a = "x" / "y"\na =/ "z" / "Y"\n'
    assert [(each.code, each.span.position.line) for each in found(text)] == [("ABNF303", 2)]


@pytest.mark.parametrize(
    ("alternatives", "surplus"),
    [
        ('ALPHA / "a"', ['"a"']),
        ("HEXDIG / DIGIT", ["DIGIT"]),
        ("%x30-34 / %x35-39 / DIGIT", ["%x30-34", "%x35-39", "DIGIT"]),
        ('"get" / %s"GET"', ['%s"GET"']),
        ('%x41 / %x42 / %x41-42 / "x"', ["%x41", "%x42", "%x41-42"]),
        ('%s"a" / %s"A" / ALPHA', ['%s"a"', '%s"A"']),
        ('ALPHA / DIGIT / "-"', []),
        ('%s"GET" / %s"get"', []),
        ('"a" / "ab"', []),
        ("1*DIGIT / DIGIT", []),
    ],
)
def test_an_alternative_that_the_others_hold_adds_nothing(
    alternatives: str, surplus: list[str]
) -> None:
    findings = found(f"a = {alternatives}\n")
    assert [each.span.text for each in findings if each.code == "ABNF308"] == surplus


@pytest.mark.parametrize(
    ("element", "form"),
    [
        ('0*1"x"', '[ "x" ]'),
        ('*1"x"', '[ "x" ]'),
        ('*1( "x" b )', '[ "x" b ]'),
        ('1*1"x"', '"x"'),
        ('1"x"', '"x"'),
        ("2*2b", "2b"),
        ('[ [ "x" ] ]', '[ "x" ]'),
        ("[ *b ]", "*b"),
        ("[ *3b ]", "*3b"),
        ("*1[ b ]", "[ b ]"),
        ("0x41", "%x41"),
        ("0b", 'take it out, or write ""'),
        ("*0b", 'take it out, or write ""'),
    ],
)
def test_a_roundabout_repetition_has_a_plain_form(element: str, form: str) -> None:
    findings = found(f'a = "p" {element} "q"\nb = "x"\nx41 = "y"\n')
    (only,) = [each for each in findings if each.code == "ABNF307"]
    assert form in only.hint
    assert only.span.text == element


@pytest.mark.parametrize(
    "element", ["*b", "1*b", "0*3b", "2b", "1*2b", "[ b ]", "[ 1*b ]", "*( [ b ] )"]
)
def test_plain_repetitions_are_left_alone(element: str) -> None:
    assert codes(f'a = "p" {element} "q"\nb = "x"\n') == []


@pytest.mark.parametrize(
    ("value", "code"), [("%xD800", "D800"), ("%x0-DFFF", "DFFF"), ("%d65.56320", "DC00")]
)
def test_a_surrogate_is_in_no_text(value: str, code: str) -> None:
    (only,) = found(f"a = {value}\n")
    assert (only.code, only.severity) == ("ABNF407", Severity.WARNING)
    assert f"%x{code} " in only.message


def test_a_range_that_only_passes_the_surrogates_is_left_alone() -> None:
    assert codes("a = %x20-D7FF / %xE000-FFFD\n") == []
    assert codes("a = %x5D-10FFFF\n") == []  # RFC 8259, Section 7


def test_characters_outside_ascii_in_a_comment_are_reported_once() -> None:
    (only,) = found("a = DIGIT ; caf\u00e9\n; \u00e9\n")
    assert (only.code, only.span.text) == ("ABNF304", "\u00e9")


@pytest.mark.parametrize(
    ("text", "circle"),
    [
        ('a = a "x" / "y"\n', "a -> a"),
        ('a = b "x"\nb = c / "y"\nc = a "z"\n', "a -> b -> c -> a"),
        ('a = "y" / *b ( [c] a "x" )\nb = "b"\nc = "c"\n', "a -> a"),
        ('a = b a / "y"\nb = *( c )\nc = [ "x" ] *DIGIT\n', "a -> a"),
        ('a = b a / "y"\nb = 1*c\nc = [ "x" ]\n', "a -> a"),
        ('a = "" a / "y"\n', "a -> a"),
        ('a = 0"x" a / "y"\n', "a -> a"),
        ('a = 2*3( [a] "x" )\n', "a -> a"),
        ('a = "x" b / "y"\nb = [ "-" ] b "z" / DIGIT\n', "b -> b"),
        ('; @start a\na = "x" / A "y"\n', "a -> a"),
    ],
)
def test_left_recursion_is_found_direct_indirect_and_hidden(text: str, circle: str) -> None:
    messages = [each.message for each in found(text) if each.code == "ABNF401"]
    assert len(messages) == 1
    assert messages[0].endswith(circle)


@pytest.mark.parametrize(
    "text",
    [
        'a = "x" a / "y"\n',
        'a = "(" *a ")"\n',
        'a = b a / "y"\nb = 1*DIGIT\n',
        'a = "x" / "" "y" [a]\n',
        'a = *0a "x"\n',
        'a = 1*( "x" [b] )\nb = a\n',
    ],
)
def test_other_recursion_is_left_alone(text: str) -> None:
    assert "ABNF401" not in codes(text)


def test_each_circle_is_reported_once() -> None:
    text = 'a = b / "x"\nb = a / c "y"\nc = b "z" / d\nd = d "w" / "v"\n'
    messages = [each.message.rpartition(": ")[2] for each in found(text)]
    assert messages == ["a -> b -> a", "c -> b -> c", "d -> d"]


@pytest.mark.parametrize(
    ("text", "names"),
    [
        ("a = a\n", ["a"]),
        ('a = "x" a\n', ["a"]),
        ('a = "x" b\nb = "y" a / a a\n', ["a", "b"]),
        ('a = 1*b / c\nb = "x" b\nc = b\n', ["a", "b", "c"]),
        ('a = [b] "x"\nb = "x" b\n', ["b"]),
    ],
)
def test_a_rule_that_matches_nothing_is_an_error(text: str, names: list[str]) -> None:
    assert [each.span.text for each in found(text) if each.code == "ABNF402"] == names
    assert has_errors(found(text))


def test_ranges_and_repetitions_must_not_end_before_they_begin() -> None:
    text = 'a = %x39-30 / %d9-8 / 5*3"x" / 2"x" / %x30-30\n'
    assert [(each.code, each.span.text) for each in found(text)] == [
        ("ABNF403", "%x39-30"),
        ("ABNF403", "%d9-8"),
        ("ABNF404", '5*3"x"'),
    ]
    assert has_errors(found(text))


def test_prose_is_a_warning_and_says_where_the_rule_comes_from() -> None:
    (only,) = found("host = <host, see [RFC3986], Section 3.2.2>\n")
    assert (only.code, only.severity) == ("ABNF405", Severity.WARNING)
    assert only.hint == "add: ; @import rfc3986: host"
    (only,) = found("CHAR8 = <defined in RFC 822>\n")
    assert only.hint == "add: ; @import rfc0822: CHAR8"
    (only,) = found("a = DIGIT / <any text>\n")
    assert only.hint == "define a rule for it and add: ; @prose rule: any text"


def test_findings_stand_in_the_order_of_the_text() -> None:
    text = "; @start a\na = b / %x2-1\nc = (\nd = D\n"
    places = [each.span.start for each in found(text)]
    assert places == sorted(places)
    expected = "ABNF104 ABNF201 ABNF301 ABNF302 ABNF401 ABNF402 ABNF403"
    assert " ".join(sorted(set(codes(text)))) == expected


@pytest.mark.parametrize(
    "text",
    [
        "".join(f"r{n} = r{n + 1}\n" for n in range(3000)) + "r3000 = r0\n",
        "".join(f"r{n} = [r{n + 1}] r{n + 1}\n" for n in range(3000)) + 'r3000 = "x"\n',
        "".join(f"r{n} = r{n - 1} / r{n + 1}\n" for n in range(1, 2000))
        + 'r0 = "x"\nr2000 = "x"\n',
        "a = " + "[ b / " * 99 + "c" + " ]" * 99 + "\nb = a\nc = DIGIT\n",
    ],
)
def test_large_grammars_are_checked_in_time_and_without_recursion(text: str) -> None:
    started = time.process_time()
    found(text)
    assert time.process_time() - started < 10


@pytest.mark.parametrize("folder", ["rfc-abnf", "strings/grammars"])
def test_grammars_of_published_rfcs_are_checked(test_data: Path, folder: str) -> None:
    files = sorted((test_data / folder).glob("*.abnf"))
    assert files
    for path in files:
        source = Source(path.name, path.read_text("utf-8"))
        started = time.process_time()
        whole = examine(source, library=[path.parent])
        assert time.process_time() - started < 2, path.name
        for each in whole.diagnostics:
            assert render(each).startswith(f"{path.name}:"), path.name
        part = examine(source, library=[path.parent], fragment=True)
        missing = [each for each in part.diagnostics if each.code in ("ABNF201", "ABNF203")]
        assert not has_errors(missing), path.name
        if folder == "strings/grammars":
            assert {each.code for each in whole.diagnostics} <= {"ABNF302", "ABNF307"}, path.name


def test_what_rfc_7628_lacks_is_found_in_rfc_5802(test_data: Path) -> None:
    folder = test_data / "rfc-abnf"
    path = folder / "rfc7628.abnf"
    (only,) = examine(Source(path.name, path.read_text("utf-8")), library=[folder]).diagnostics
    assert (only.code, only.hint) == ("ABNF201", "add: ; @import rfc5802: gs2-header")
