"""The picture of the states is whole: every move of the table is in it, and nothing else."""

from xml.etree import ElementTree

import pytest

from record import emit_states
from reply_metadata.transitions import State, transitions_as_rows
from state_diagram import svg_diagram, text_diagram, ways

ROWS = transitions_as_rows()
NAMES = [state.value for state in State]


def drawn_moves(text: str) -> set[tuple[str, str, str]]:
    """(letter, from, to) of every way in the text diagram."""
    letters, *lines = text.splitlines()
    names = {line[: letters.index("a")].strip(): line for line in lines}
    moves = set()
    for column, letter in enumerate(letters):
        if letter != " ":
            marks = {name: line[column : column + 1] for name, line in names.items()}
            (target,) = [name for name, mark in marks.items() if mark == "<"]
            moves |= {(letter, name, target) for name, mark in marks.items() if mark == "o"}
    return moves


def test_every_move_of_the_table_is_drawn_and_no_other() -> None:
    moves = drawn_moves(text_diagram(ROWS, NAMES))
    assert {(begin, end) for _, begin, end in moves} == {
        (row[1], row[4]) for row in ROWS if row[1] != row[4]
    }


def test_the_columns_name_each_step_with_its_answers() -> None:
    events = {way.letter: "; ".join(way.events) for way in ways(ROWS, NAMES)}
    moves = drawn_moves(text_diagram(ROWS, NAMES))
    for _, begin, step, answer, end, _ in ROWS:
        if begin == end:
            continue
        found = [events[letter] for letter, *way in moves if way == [begin, end]]
        wanted = answer if answer == "421" else step
        assert any(wanted in words and answer.strip("-") in words for words in found), (begin, step)


def test_a_change_of_the_table_changes_text_and_picture() -> None:
    fewer = [row for row in ROWS if row[2] != "STARTTLS"]
    assert text_diagram(fewer, NAMES) != text_diagram(ROWS, NAMES)
    assert svg_diagram(fewer, NAMES) != svg_diagram(ROWS, NAMES)


def test_a_state_without_a_name_is_an_error() -> None:
    with pytest.raises(ValueError, match="adrift"):
        text_diagram([*ROWS, ("SMTP", "adrift", "NOOP", "2yz", "ready", "both")], NAMES)


def test_more_ways_than_letters_are_an_error() -> None:
    many = [("SMTP", NAMES[n % 7], f"S{n}", "2yz", NAMES[7 + n // 7], "both") for n in range(40)]
    with pytest.raises(ValueError, match="letters"):
        ways(many, NAMES)


def test_picture_and_text_have_the_same_marks() -> None:
    picture = ElementTree.fromstring(svg_diagram(ROWS, NAMES))
    text = text_diagram(ROWS, NAMES)
    marks = text[text.index("\n") :]
    ring, arrow = (len(picture.findall(f".//{{*}}{tag}")) for tag in ("circle", "polygon"))
    assert arrow == marks.count("<") == len(ways(ROWS, NAMES))
    assert ring == len(drawn_moves(text))


def test_the_draft_shows_both_forms() -> None:
    figure = ElementTree.fromstring(emit_states()["states-figure.xml"])
    assert [artwork.get("type") for artwork in figure.iter("artwork")] == ["svg", "ascii-art"]
