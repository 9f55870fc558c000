"""The grammar as a Python program uses it: read, ask for rules, match, hand over to Lark."""

import itertools
from pathlib import Path

import pytest

import abnf_compiler
from abnf_compiler import Grammar, GrammarError, UnknownRuleError
from abnf_compiler.automata.normal_form import AutomataError
from abnf_compiler.grammar import load_resolved
from abnf_compiler.tree import Reference

BALANCED = 'balanced = "(" *balanced ")"\n'


@pytest.fixture(scope="module")
def grammar(project: Path) -> Grammar:
    return Grammar.from_file(project / "grammar/reply-metadata.abnf")


def test_everything_in_all_can_be_imported() -> None:
    for name in abnf_compiler.__all__:
        assert getattr(abnf_compiler, name).__name__ == name
    with pytest.raises(AttributeError, match="no attribute 'Grammer'"):
        _ = abnf_compiler.Grammer


def test_a_file_is_read_with_the_documents_in_borrowed_beside_it(grammar: Grammar) -> None:
    assert grammar.diagnostics == ()
    assert grammar.name.endswith("reply-metadata.abnf")
    assert grammar.rule("IPv6address").origin == "rfc3986"
    assert grammar.rule("ipv6ADDRESS") is grammar.rule("IPv6address")
    assert grammar.rules[0].name == "reply-with-metadata"
    assert [rule.name for rule in grammar.rules] == [
        rule.name for rule in grammar.resolved.rules.values()
    ]


def test_a_rule_has_its_name_and_definition(grammar: Grammar) -> None:
    rule = grammar.rule("letter-digit")
    assert (rule.name, rule.origin, repr(rule)) == ("letter-digit", "", "<Rule letter-digit>")
    assert [each.name for each in rule.definition.items] == ["ALPHA", "DIGIT"]
    assert isinstance(rule.definition.items[0], Reference)


def test_emitters_get_the_same_grammar_from_a_path(project: Path, grammar: Grammar) -> None:
    assert load_resolved(project / "grammar/reply-metadata.abnf") == grammar.resolved


def test_a_text_can_be_a_grammar_and_its_warnings_are_kept() -> None:
    grammar = Grammar.from_text("a = Digit / <prose>\n", name="mine")
    assert [each.code for each in grammar.diagnostics] == ["ABNF302", "ABNF405"]
    assert grammar.diagnostics[0].span.source.name == "mine"


def test_a_grammar_with_errors_cannot_be_had() -> None:
    with pytest.raises(GrammarError) as caught:
        Grammar.from_text("a = b\nc := d\n")
    assert [each.code for each in caught.value.diagnostics] == ["ABNF201", "ABNF101"]
    assert str(caught.value).startswith("<text>:1:5: ABNF201 ")
    Grammar.from_text("a = b\n", fragment=True)


def test_a_file_keeps_its_line_ends_and_places(tmp_path: Path) -> None:
    path = tmp_path / "crlf.abnf"
    path.write_bytes(b"\xef\xbb\xbfa = b\r\n  / c\r\nb = DIGIT\r\nc = 2d\r\n")
    with pytest.raises(GrammarError) as caught:
        Grammar.from_file(path)
    assert (caught.value.line, caught.value.column) == (4, 6)
    path.write_bytes(b"a = b\r\nb = DIGIT\r\n")
    assert Grammar.from_file(str(path)).resolved.text == "a = b\r\nb = DIGIT\r\n"


def test_an_unknown_rule_is_named_with_a_near_one(grammar: Grammar) -> None:
    with pytest.raises(UnknownRuleError, match='no rule "metdata-group"; did you mean "metadata-g'):
        grammar.rule("metdata-group")


def test_regular_rules_are_matched_by_the_compiled_engine(grammar: Grammar) -> None:
    rule = grammar.rule("metadata-group")
    match = rule.match(b"[REFERRAL smtp://backend2/]")
    assert match
    assert (match.accepted, match.engine, match.position) == (True, "compiled", 27)
    refused = rule.match("[REFERRAL smtp://backend2/")
    assert not refused
    assert refused.position == 26
    assert refused.expected


def test_recursive_rules_are_matched_by_the_earley_engine() -> None:
    rule = Grammar.from_text(BALANCED).rule("balanced")
    assert rule.match("(()(()))").engine == "earley"
    assert not rule.match(b"(()")
    with pytest.raises(AutomataError):
        rule.match("()", engine="compiled")


def test_both_engines_give_one_verdict_place_and_expected_set(grammar: Grammar) -> None:
    rule = grammar.rule("referral-uri")
    for text in (
        "smtp://backend2/",
        "smtp://backend2:0/",
        "SMTP://[::1]",
        "smtp:/",
        "",
        "smtp://é",
    ):
        compiled = rule.match(text, engine="compiled")
        earley = rule.match(text, engine="earley")
        assert (compiled.engine, earley.engine) == ("compiled", "earley")
        assert (compiled.accepted, compiled.position) == (earley.accepted, earley.position), text
        assert compiled.expected == earley.expected, text


def test_octets_and_code_points_are_told_apart(grammar: Grammar) -> None:
    rule = grammar.rule("free-text")
    assert rule.match("caf\u00e9".encode())
    assert not rule.match("caf\u00e9")


def test_what_rests_on_prose_cannot_be_matched_but_other_rules_can() -> None:
    grammar = Grammar.from_text("a = b / <prose>\nb = DIGIT\nc = <away>\n", fragment=True)
    assert grammar.rule("b").match("1")
    with pytest.raises(GrammarError, match="ABNF405"):
        grammar.rule("a").match("1")


@pytest.mark.parametrize(
    "text",
    [
        BALANCED,
        'a = "x" a / "y"\n',
        'a = *"x" "x"\n',
        'a = "(" [ a *( "," a ) ] ")"\n',
        'a = b "." b\nb = 1*%x61-62 [ b2 ]\nb2 = "+" b\n',
        'a = *( %x61-79 / "+" 2( %x78-7A / "." ) ) [ "(" ]\n',
        'a = ( %x61 / "b" ) *( %x61-62 / "x" / ")" ) "." %x00-FF\n',
    ],
)
def test_lalr_is_taken_where_it_is_shown_to_be_sound(text: str) -> None:
    grammar = Grammar.from_text(text)
    rule = grammar.rules[0]
    result = grammar.to_lark(rule.name)
    assert (result.sound, result.lark.options.parser) == (True, "lalr")
    alphabet = ["z", *sorted(set("(),xyab.+") & set(text))]
    for length in range(6):
        for letters in itertools.product(alphabet[:5], repeat=length):
            string = "".join(letters)
            assert accepts(result.lark, string) == bool(rule.match(string, engine="earley")), string


def accepts(lark, string: str) -> bool:
    from lark.exceptions import UnexpectedInput

    try:
        lark.parse(string)
    except UnexpectedInput:
        return False
    return True


@pytest.mark.parametrize(
    ("text", "why"),
    [
        ("a = ALPHA / HEXDIG\n", "reduce/reduce"),
        ('a = "x" a "x" / "x"\n', "shift/reduce"),
        ('a = b "1" / c "1"\nb = "x"\nc = "x"\n', "reduce/reduce"),
    ],
)
def test_elsewhere_earley_is_taken_and_the_answer_says_why(text: str, why: str) -> None:
    grammar = Grammar.from_text(text)
    result = grammar.to_lark("a")
    assert (result.sound, result.lark.options.parser) == (True, "earley")
    assert why in result.reason


def test_lalr_can_be_had_on_request_and_says_that_it_is_not_sound() -> None:
    grammar = Grammar.from_text('a = "x" a "x" / "x"\n')
    result = grammar.to_lark("a", parser="lalr")
    assert not result.sound
    assert grammar.rule("a").match("xxx")
    assert not accepts(result.lark, "xxx")
    assert accepts(grammar.to_lark("a", parser="earley").lark, "xxx")
    with pytest.raises(ValueError, match="reduce/reduce"):
        Grammar.from_text('a = b "1" / c "1"\nb = "x"\nc = "x"\n').to_lark("a", parser="lalr")


def test_the_python_of_the_readme_runs(project: Path, monkeypatch, capsys) -> None:
    readme = (project / "grammar/README.md").read_text("utf-8")
    code = readme.partition("```python\n")[2].partition("```")[0]
    monkeypatch.chdir(project)
    exec(compile(code, "README.md", "exec"), {})
    said = [line.partition("  # ")[2] for line in code.splitlines() if "  # " in line]
    assert said[0] == "False 26"
    assert capsys.readouterr().out.splitlines() == said
