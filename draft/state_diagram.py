"""The states of a session as a diagram in text and SVG, drawn from the table of transitions.

A state is a row, a way between states is a column: "o" where it begins, "<" where it ends.  Several
transitions share a column when they begin and end at the same states.

Rule: the table is the only source; what changes no state is left out here, and nothing else is.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from string import ascii_lowercase
from typing import Final
from xml.sax.saxutils import escape

Row = tuple[str, str, str, str, str, str]
"""Protocols, state, step, answer, next state, who: as `transitions_as_rows` gives them."""

CLOSING: Final = "421"
_FROM, _TO, _THROUGH = "o", "<", "|"


@dataclass(frozen=True, slots=True)
class Way:
    """One column: from any of `sources` to `target`, when one of `events` happens.

    letter: its name in the diagram. events: step and answers, in words.
    """

    letter: str
    sources: tuple[str, ...]
    target: str
    events: tuple[str, ...]


def ways(rows: Iterable[Row], names: Sequence[str]) -> tuple[Way, ...]:
    """The columns, in the order of the table.

    Args:
        rows: the table.
        names: every state, in the order of the rows of the diagram.

    Raises:
        ValueError: a state is not among the names, or there are more columns than letters.
    """
    moving = [row for row in rows if row[1] != row[4]]
    sources: dict[tuple[str, ...], dict[str, None]] = {}
    for protocols, state, step, answer, after, who in moving:
        event: tuple[str, ...] = (after, step, answer, protocols, who)
        if answer == CLOSING:
            event = (after, CLOSING)
        sources.setdefault(event, {})[state] = None
    columns: dict[tuple[str, tuple[str, ...]], list[tuple[str, ...]]] = {}
    for event, found in sources.items():
        between = (event[0], tuple(sorted(found, key=names.index)))
        columns.setdefault(between, []).append(event[1:])
    if len(columns) > len(ascii_lowercase):
        raise ValueError(f"{len(columns)} ways between states, more than there are letters")
    return tuple(
        Way(letter, begin, target, tuple(_words(events)))
        for letter, ((target, begin), events) in zip(ascii_lowercase, columns.items(), strict=False)
    )


def _words(events: Sequence[tuple[str, ...]]) -> Iterable[str]:
    """`EHLO 2yz`; answers to one step together, and what only one protocol or one side does."""
    answers: dict[tuple[str, ...], list[str]] = {}
    for event in events:
        if event == (CLOSING,):
            yield f"{CLOSING}, as an answer or unasked"
            continue
        step, answer, protocols, who = event
        answers.setdefault((step, protocols, who), []).append(answer)
    for (step, protocols, who), found in answers.items():
        notes = [protocols] if "/" not in protocols else []
        notes += [f"read by a {who}, never sent"] if who != "both" else []
        said = " or ".join(answer for answer in found if answer != "-")
        yield f"{step} {said}".strip() + (f" ({', '.join(notes)})" if notes else "")


def _marks(way: Way, names: Sequence[str]) -> Mapping[int, str]:
    """What a column shows in each row it touches."""
    at = [names.index(state) for state in (*way.sources, way.target)]
    marks = dict.fromkeys(range(min(at), max(at) + 1), _THROUGH)
    marks |= dict.fromkeys(at[:-1], _FROM)
    return marks | {at[-1]: _TO}


def text_diagram(rows: Sequence[Row], names: Sequence[str]) -> str:
    """The diagram in ASCII, lines ended by LF; arguments and errors of `ways`."""
    columns = ways(rows, names)
    width = max(map(len, names)) + 2
    marks = [_marks(way, names) for way in columns]
    lines = [" " * width + " ".join(way.letter for way in columns)]
    for number, name in enumerate(names):
        cells = " ".join(column.get(number, " ") for column in marks)
        lines.append((name.ljust(width) + cells).rstrip())
    return "\n".join(lines) + "\n"


_STEP, _ROW, _LEFT, _TOP, _CHARACTER = 22, 26, 14, 30, 8.6


def svg_diagram(rows: Sequence[Row], names: Sequence[str]) -> str:
    """The diagram as SVG in black, in the profile of RFC 7996; arguments and errors of `ways`."""
    columns = ways(rows, names)
    begin = _LEFT + max(map(len, names)) * _CHARACTER + _STEP
    width, height = begin + len(columns) * _STEP, _TOP + len(names) * _ROW
    parts = [_text(_LEFT, _TOP + number * _ROW + 5, name) for number, name in enumerate(names)]
    for column, way in enumerate(columns):
        x = begin + column * _STEP
        parts.append(_text(x, 16, way.letter, "middle"))
        parts += _column(x, _marks(way, names))
    guides = "".join(
        f'<line x1="{_LEFT + len(name) * _CHARACTER + 8:g}" y1="{_TOP + number * _ROW}"'
        f' x2="{width - _STEP:g}" y2="{_TOP + number * _ROW}"'
        ' stroke="black" stroke-width="0.5" stroke-dasharray="1,5"/>'
        for number, name in enumerate(names)
    )
    return (
        f'<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 {width:g} {height:g}"'
        f' width="{width:g}" height="{height:g}">\n'
        "<title>The states of a session and the ways between them</title>\n"
        "<desc>A row for each state, a column for each way: a ring where it begins, an arrow to"
        " the left where it ends. The legend names the columns.</desc>\n"
        f"{guides}\n" + "\n".join(parts) + "\n</svg>\n"
    )


def _column(x: float, marks: Mapping[int, str]) -> Iterable[str]:
    first, last = _TOP + min(marks) * _ROW, _TOP + max(marks) * _ROW
    yield f'<line x1="{x:g}" y1="{first}" x2="{x:g}" y2="{last}" stroke="black"/>'
    for number, mark in marks.items():
        y = _TOP + number * _ROW
        if mark == _FROM:
            yield f'<circle cx="{x:g}" cy="{y}" r="4" fill="white" stroke="black"/>'
        elif mark == _TO:
            tip = f"{x - 8:g},{y} {x + 3:g},{y - 5} {x + 3:g},{y + 5}"
            yield f'<polygon points="{tip}" fill="black"/>'


def _text(x: float, y: float, words: str, anchor: str = "start") -> str:
    return (
        f'<text x="{x:g}" y="{y:g}" font-family="monospace" font-size="14"'
        f' text-anchor="{anchor}">{escape(words)}</text>'
    )
