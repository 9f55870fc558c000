"""Diagrams show every rule whole, in characters and as SVG that can be read, linked and themed."""

import re
from pathlib import Path
from xml.etree import ElementTree

import pytest

from abnf_compiler.emit.railroad_svg import RAILROAD_CSS, railroad_svg, railroad_svg_of
from abnf_compiler.emit.railroad_text import railroad_text, railroad_text_of
from abnf_compiler.grammar import load_resolved
from abnf_compiler.read.reader import read_grammar, read_leniently
from abnf_compiler.resolve.resolver import resolve
from abnf_compiler.resolve.walk import children, subnodes
from abnf_compiler.source import Source
from abnf_compiler.tree import Reference, Repetition

SVG = "{http://www.w3.org/2000/svg}"
UP, DOWN, LEFT, RIGHT = "up", "down", "left", "right"
ARMS = {
    "─": {LEFT, RIGHT},
    "│": {UP, DOWN},
    "╭": {RIGHT, DOWN},
    "╮": {LEFT, DOWN},
    "╰": {UP, RIGHT},
    "╯": {UP, LEFT},
    "┬": {LEFT, RIGHT, DOWN},
    "┴": {LEFT, RIGHT, UP},
    "├": {UP, DOWN, RIGHT},
    "┤": {UP, DOWN, LEFT},
    "◂": {LEFT, RIGHT},
    "┠": {RIGHT},
    "┨": {LEFT},
}


def grammar_of(text):
    return resolve(read_grammar(Source("<text>", text)), fragment=True)


def drawn(rule, **options):
    return railroad_text(grammar_of(f"a = {rule}\n"), "a", **options)


def loose_ends(picture):
    """The places where a line has an end that meets nothing; a line may end at a word's blank."""
    rows = picture.split("\n")

    def at(row, column):
        inside = 0 <= row < len(rows) and 0 <= column < len(rows[row])
        return rows[row][column] if inside else " "

    found = []
    for number, row in enumerate(rows):
        for column, sign in enumerate(row):
            for arm in ARMS.get(sign, ()):
                step, opposite = {
                    UP: ((-1, 0), DOWN),
                    DOWN: ((1, 0), UP),
                    LEFT: ((0, -1), RIGHT),
                    RIGHT: ((0, 1), LEFT),
                }[arm]
                near = at(number + step[0], column + step[1])
                far = at(number, column + 2 * step[1])
                at_word = step[0] == 0 and near == " " and far not in {" ", *ARMS}
                if opposite not in ARMS.get(near, ()) and not at_word:
                    found.append((number + 1, column + 1, sign, arm))
    return found


@pytest.fixture(scope="module")
def grammar(project: Path):
    return load_resolved(project / "grammar/reply-metadata.abnf")


@pytest.mark.parametrize(
    ("rule", "picture"),
    [
        ('"x"', '┠─ %i"x" ─┨\n'),
        ("b c", "┠─ b ─ c ─┨\n"),
        ("b / c", "┠─┬─ b ─┬─┨\n  ╰─ c ─╯\n"),
        ("b / c / d", "┠─┬─ b ─┬─┨\n  ├─ c ─┤\n  ╰─ d ─╯\n"),
        ("[ b ]", "┠─┬─ b ─┬─┨\n  ╰─────╯\n"),
        ("1*b", "  ╭─◂───╮\n┠─┴─ b ─┴─┨\n"),
        ("*b", "    ╭─◂───╮\n┠─┬─┴─ b ─┴─┬─┨\n  ╰─────────╯\n"),
        ("2*3b", "  ╭─◂ 2-3x ─╮\n┠─┴─ b ─────┴─┨\n"),
        ("2b", "┠─ b ─ b ─┨\n"),
        ("4b", "  ╭─◂ 4x ─╮\n┠─┴─ b ───┴─┨\n"),
        ("*1b", "┠─┬─ b ─┬─┨\n  ╰─────╯\n"),
        ("0b", "┠───┨\n"),
        ('""', "┠───┨\n"),
        (
            "b (c / 1*d) e",
            "┠─ b ─┬─ c ─────┬─ e ─┨\n      │ ╭─◂───╮ │\n      ╰─┴─ d ─┴─╯\n",
        ),
    ],
)
def test_each_form_of_abnf_has_its_picture(rule, picture) -> None:
    assert drawn(rule) == picture


@pytest.mark.parametrize(
    ("rule", "label"),
    [
        ("%x30-39", '"0"-"9"'),
        ("%x80-BF", "%x80-BF"),
        ("%x20", "%x20"),
        ("%d13.10", "%x0D.0A"),
        ("%x5C", '"\\"'),
        ("%x41.42", '%s"AB"'),
        ('%s"Ab"', '%s"Ab"'),
        ('"Ab"', '%i"Ab"'),
        ('"[-1-]"', '"[-1-]"'),
        ("%x22", "%x22"),
        ("%x10FFFF", "%x10FFFF"),
        ("<any text>", "<any text>"),
    ],
)
def test_a_terminal_is_shown_as_people_read_it(rule, label) -> None:
    assert drawn(rule) == f"┠─ {label} ─┨\n"


def test_ascii_diagrams_hold_nothing_but_ascii(grammar) -> None:
    assert drawn("*b / [ c ]", ascii_only=True) == (
        "      .-<---.\n|-+-+-+- b -+-+-+-|\n  | '---------' |\n  '-+- c -+-----'\n    '-----'\n"
    )
    for key in grammar.rules:
        assert railroad_text(grammar, key, ascii_only=True).isascii()


def test_no_line_of_our_diagrams_ends_in_nothing_or_passes_the_margin(grammar) -> None:
    for key in grammar.rules:
        picture = railroad_text(grammar, key)
        assert loose_ends(picture) == [], picture
        assert max(map(len, picture.splitlines())) <= 69


def test_the_check_for_loose_ends_finds_one() -> None:
    assert loose_ends("┠─┬─ b ─┬─┨\n  ╰─────  \n") != []
    assert loose_ends("┠─ b   ─┨\n") != []


@pytest.mark.parametrize("width", [40, 52, 69, 100])
def test_long_rows_turn_into_several_and_stay_connected(width) -> None:
    rule = " ".join(f"[ rule-{number} ] 1*( b{number} / c )" for number in range(9))
    picture = drawn(rule, width=width)
    assert loose_ends(picture) == []
    assert max(map(len, picture.splitlines())) <= width
    for number in range(9):
        assert f" rule-{number} " in picture


def test_what_is_nested_too_deep_is_drawn_apart_under_a_number() -> None:
    nested = "*( x / [ " * 14 + "deep" + " ] )" * 14
    picture = drawn(nested)
    assert loose_ends(picture) == []
    assert max(map(len, picture.splitlines())) <= 69
    numbers = {int(found) for found in re.findall(r"^\((\d+)\):$", picture, re.MULTILINE)}
    used = {int(found) for found in re.findall(r"─ \((\d+)\) ", picture)}
    assert numbers == used == set(range(1, len(numbers) + 1))
    assert " deep " in picture


def test_deep_nesting_takes_no_exponential_time() -> None:
    grammar = grammar_of("a = " + "( x [ y " * 60 + "z" + " ] )" * 60 + "\n")
    assert " z " in railroad_text(grammar, "a")
    assert ">z<" in railroad_svg(grammar, "a", link=lambda key: "")


def test_our_diagrams_name_everything_their_rules_name(grammar) -> None:
    for key, rule in grammar.rules.items():
        picture = railroad_text(grammar, key)
        for node in subnodes(rule.definition):
            if isinstance(node, Reference):
                assert f" {node.name} " in picture


def svg_of(grammar, key, link=lambda key: f"{key}.html"):
    text = railroad_svg(grammar, key, link=link)
    return ElementTree.fromstring(text), text


def test_the_svg_has_a_role_a_title_and_a_description(grammar) -> None:
    for key, rule in grammar.rules.items():
        svg, _ = svg_of(grammar, key)
        assert svg.get("role") == "group"
        assert "data-search-exclude" in svg.attrib
        title, description = svg.find(f"{SVG}title"), svg.find(f"{SVG}desc")
        assert title.text == rule.name
        assert svg.get("aria-labelledby").split() == [title.get("id"), description.get("id")]


def test_every_rule_in_the_svg_is_one_link_with_a_name(grammar) -> None:
    for key, rule in grammar.rules.items():
        svg, _ = svg_of(grammar, key)
        links = list(svg.iter(f"{SVG}a"))
        named = [node.name for node in subnodes(rule.definition) if isinstance(node, Reference)]
        assert {link.find(f"{SVG}text").text for link in links} == set(named)
        for link in links:
            name = link.find(f"{SVG}text").text
            assert link.get("href") == f"{name.lower()}.html"
            assert link.get("aria-label") == f"rule {name}"
            assert link.find(f"{SVG}rect").get("rx") is None


def test_terminals_are_round_and_no_links(grammar) -> None:
    svg, _ = svg_of(grammar, "metadata-group")
    boxes = [group for group in svg.iter(f"{SVG}g") if group.get("class") == "terminal"]
    assert [box.find(f"{SVG}text").text for box in boxes] == ['"["', '"]"']
    assert all(float(box.find(f"{SVG}rect").get("rx")) > 0 for box in boxes)


def test_a_rule_without_address_is_square_but_no_link(grammar) -> None:
    svg, _ = svg_of(grammar, "metadata-group", link=lambda key: "")
    assert list(svg.iter(f"{SVG}a")) == []
    boxes = [group for group in svg.iter(f"{SVG}g") if group.get("class") == "rule"]
    assert [box.find(f"{SVG}text").text for box in boxes] == [
        "metadata-key",
        "SP",
        "metadata-argument",
    ]


def test_the_svg_fixes_no_colour_and_its_styles_exist(grammar) -> None:
    for key in grammar.rules:
        _, text = svg_of(grammar, key)
        colours = set(re.findall(r'(?:fill|stroke|color)="([^"]*)"', text))
        assert colours <= {"none", "currentColor"}
        assert " style=" not in text
        assert "<script" not in text
        for kind in re.findall(r'<(?:g|text) class="([a-z]+)"', text):
            assert kind in {"terminal", "rule", "comment"}
    for name in (".terminal", ".comment", " a "):
        assert name in RAILROAD_CSS


def test_our_diagrams_fit_the_column_of_a_page(grammar) -> None:
    for key in grammar.rules:
        svg, _ = svg_of(grammar, key)
        assert float(svg.get("width")) <= 664, key
        assert svg.get("viewBox") == f"0 0 {svg.get('width')} {svg.get('height')}"


def test_everything_drawn_lies_inside_the_picture(grammar) -> None:
    for key in grammar.rules:
        svg, _ = svg_of(grammar, key)
        width, height = float(svg.get("width")), float(svg.get("height"))
        for box in svg.iter(f"{SVG}rect"):
            x, y = float(box.get("x")), float(box.get("y"))
            assert x >= 0
            assert y >= 0
            assert x + float(box.get("width")) <= width
            assert y + float(box.get("height")) <= height


def test_hostile_names_and_literals_are_escaped() -> None:
    grammar = grammar_of("a = \"<script>alert('&')</script>\" b\n")
    svg, text = svg_of(grammar, "a", link=lambda key: '"><script>')
    assert "<script" not in text
    assert next(svg.iter(f"{SVG}a")).get("href") == '"><script>'


def test_the_same_rule_gives_the_same_bytes(project: Path, grammar) -> None:
    again = load_resolved(project / "grammar/reply-metadata.abnf")
    for key in grammar.rules:
        assert svg_of(grammar, key)[1] == svg_of(again, key)[1]
        assert railroad_text(grammar, key) == railroad_text(again, key)


def drawn_nodes(node):
    """A node and all below it, without what stands zero times and is not drawn."""
    if isinstance(node, Repetition) and node.maximum == 0:
        return
    yield node
    for child in children(node):
        yield from drawn_nodes(child)


def test_every_rule_of_the_rfcs_has_both_diagrams(test_data: Path) -> None:
    files = sorted(test_data.glob("rfc-abnf/*.abnf")) + sorted(
        test_data.glob("strings/grammars/*.abnf")
    )
    assert len(files) >= 70
    count = 0
    for file in files:
        source = Source(file.name, file.read_text("utf-8"))
        for definition in read_leniently(source).definitions:
            count += 1
            picture = railroad_text_of(definition.definition)
            assert max(map(len, picture.splitlines())) <= 69, (file.name, definition.name)
            assert loose_ends(picture) == [], picture
            svg = ElementTree.fromstring(
                railroad_svg_of(
                    definition.definition,
                    name=definition.name,
                    description="",
                    link=lambda key: key,
                )
            )
            shown = {text.text for text in svg.iter(f"{SVG}text")}
            for node in drawn_nodes(definition.definition):
                if isinstance(node, Reference):
                    assert node.name in shown
                    assert f" {node.name} " in picture
    assert count > 2400
