"""A parse names the rules in a string with their places, for a program and in a shell."""

import io
import json
import sys
from pathlib import Path

import pytest

from abnf_compiler import Grammar, ParseNode, RefusedError, UnknownRuleError
from abnf_compiler.__main__ import main

GRAMMAR = "grammar/reply-metadata.abnf"
LIST = 'list = item *( "," item )\nitem = [ name ":" ] 1*DIGIT\nname = 1*ALPHA\n'
PROSE = 'a = "x" <prose>\n'


@pytest.fixture
def run(project: Path, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch):
    monkeypatch.chdir(project)

    def run_abnfc(*arguments: str, stdin: str | bytes = LIST) -> tuple[int, str, str]:
        data = stdin.encode() if isinstance(stdin, str) else stdin
        monkeypatch.setattr(sys, "stdin", io.TextIOWrapper(io.BytesIO(data)))
        status = main(["parse", *arguments])
        captured = capsys.readouterr()
        return status, captured.out, captured.err

    return run_abnfc


@pytest.fixture(scope="module")
def numbers() -> Grammar:
    return Grammar.from_text(LIST)


def test_the_tree_has_the_names_the_grammar_writes(project: Path) -> None:
    grammar = Grammar.from_file(project / GRAMMAR)
    tree = grammar.rule("uri-host").parse("[::1]", named=["IPV6ADDRESS"])
    assert tree == ParseNode("uri-host", 0, 5, (ParseNode("IPv6address", 1, 4),))


def test_rules_left_out_give_their_place_to_what_is_in_them(numbers: Grammar) -> None:
    rule = numbers.rule("list")
    names = ParseNode("name", 0, 2), ParseNode("name", 5, 6)
    assert rule.parse("ab:1,c:22", named=["name"]) == ParseNode("list", 0, 9, names)
    items = ParseNode("item", 0, 4, names[:1]), ParseNode("item", 5, 9, names[1:])
    assert rule.parse(b"ab:1,c:22", named=["Item", "NAME"]) == ParseNode("list", 0, 9, items)
    assert rule.parse("1", named=[]) == ParseNode("list", 0, 1)
    digit = ParseNode("item", 0, 1, (ParseNode("DIGIT", 0, 1),))
    assert rule.parse("1") == ParseNode("list", 0, 1, (digit,))


def test_the_root_stays_and_a_rule_inside_itself_is_kept_each_time() -> None:
    rule = Grammar.from_text('a = "(" *a ")"\nb = a\n').rule("b")
    inner = ParseNode("a", 0, 4, (ParseNode("a", 1, 3),))
    assert rule.parse("(())", named=["a"]) == ParseNode("b", 0, 4, (inner,))


def test_places_count_code_points_of_a_string_and_octets_of_bytes() -> None:
    rule = Grammar.from_text("a = *b\nb = %x80-10FFFF\n").rule("a")
    assert [node.end for node in rule.parse("\u20ac\u20ac").children] == [1, 2]
    assert [node.end for node in rule.parse("\u20ac".encode()).children] == [1, 2, 3]


def test_what_cannot_be_parsed_raises(numbers: Grammar) -> None:
    with pytest.raises(RefusedError) as refused:
        numbers.rule("list").parse("1,x")
    assert (refused.value.match.accepted, refused.value.match.position) == (False, 3)
    with pytest.raises(UnknownRuleError, match="did you mean"):
        numbers.rule("list").parse("1", named=["itme"])


def test_a_long_string_has_a_deep_tree() -> None:
    rule = Grammar.from_text('a = [ a ] "x"\n').rule("a")  # Earley is slow with the other end
    tree = rule.parse("x" * 3000)
    depth = 0
    while tree.children:
        (tree,) = tree.children
        depth += 1
    assert depth == 2999


def test_the_command_shows_one_line_for_each_rule(run) -> None:
    assert run("-", "LIST", "ab:1,22", "--named", "name,item") == (
        0,
        '0-7  list "ab:1,22"\n0-4    item "ab:1"\n0-2      name "ab"\n5-7    item "22"\n',
        "",
    )


def test_named_may_be_given_again_and_controls_are_escaped(run) -> None:
    grammar = "a = b c\nb = CRLF\nc = HTAB\n"
    status, out, _ = run("-", "a", "\\r\\n\\t", "--escapes", *NAMED, stdin=grammar)
    assert (status, out) == (0, '0-3  a "\\r\\n\\t"\n0-2    b "\\r\\n"\n2-3    c "\\t"\n')


NAMED = ("--named", "b", "--named", "c")


def test_json_has_the_tree(run) -> None:
    status, out, _ = run("-", "list", "ab:1", "--json", "--named", "name")
    name = {"rule": "name", "start": 0, "end": 2, "children": []}
    tree = {"rule": "list", "start": 0, "end": 4, "children": [name]}
    wanted = {"file": "<stdin>", "rule": "list", "accepted": True, "tree": tree}
    assert (status, json.loads(out)) == (0, wanted)


def test_a_refused_string_ends_with_1_and_its_place(run) -> None:
    status, out, err = run("-", "list", "1,;")
    assert (status, err) == (1, "")
    assert out.startswith(
        "refused by list at line 1, column 3, offset 2 (earley)\n  1,;\n    ^\n  expected: "
    )
    status, out, _ = run("-", "list", "1,;", "--json")
    document = json.loads(out)
    assert (status, document["accepted"], document["position"]) == (1, False, 2)
    assert (document["line"], document["column"]) == (1, 3)
    assert document["tree"] is None
    assert document["expected"]


def test_standard_input_is_octets(run) -> None:
    status, out, _ = run(GRAMMAR, "free-text", "--named", "utf8-non-ascii", stdin=b"a\xc3\xa9")
    assert status == 0
    assert '1-3    utf8-non-ascii "\\xC3\\xA9"' in out


def test_prose_cannot_be_parsed(run) -> None:
    status, out, err = run("-", "a", "x", stdin=PROSE)
    assert (status, out) == (2, "")
    assert "is prose" in err
