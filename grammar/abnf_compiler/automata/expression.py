"""Regular expressions over character sets: the form between ABNF and automata.

Rules, kept by the constructors `seq`, `alt` and `repeat` (never build the classes directly):

1. The body of a `Repeat` is never nullable, so no loop can turn without reading.
2. At most one item of an `Alt` is nullable, so there is one way only to match nothing.
3. The order of the alternatives is the order of the grammar, which is the preference where
   a rule is marked `@prefer`; rewriting keeps it.

By 1 and 2 a path through the expression that reads nothing is unique, which is what makes the
position automaton (positions.py) count the ways of a backtracking matcher exactly.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from typing import Final, TypeAlias

from abnf_compiler.automata.charset import CharSet


@dataclass(frozen=True, slots=True)
class Empty:
    """Matches nothing at all, not even the empty string."""


@dataclass(frozen=True, slots=True)
class Epsilon:
    """Matches the empty string only."""


@dataclass(frozen=True, slots=True)
class Chars:
    """One character of a set."""

    charset: CharSet


@dataclass(frozen=True, slots=True)
class Seq:
    """Two or more expressions in a row."""

    items: tuple[Regex, ...]


@dataclass(frozen=True, slots=True)
class Alt:
    """Two or more alternatives, preferred first."""

    items: tuple[Regex, ...]


@dataclass(frozen=True, slots=True)
class Repeat:
    """`item` from `minimum` to `maximum` times (None is no bound), longer preferred."""

    item: Regex
    minimum: int
    maximum: int | None


@dataclass(frozen=True, slots=True)
class Captured:
    """The part of the match that belongs to the rule `name`; `repeated` when it is a list."""

    name: str
    repeated: bool
    item: Regex


Regex: TypeAlias = Empty | Epsilon | Chars | Seq | Alt | Repeat | Captured

EMPTY: Final = Empty()
EPSILON: Final = Epsilon()


def nullable(regex: Regex) -> bool:
    """Whether the expression matches the empty string."""
    match regex:
        case Epsilon():
            return True
        case Empty() | Chars():
            return False
        case Seq(items):
            return all(nullable(item) for item in items)
        case Alt(items):
            return any(nullable(item) for item in items)
        case Repeat(_, minimum, _):
            return minimum == 0
        case Captured(_, _, item):
            return nullable(item)


def children(regex: Regex) -> tuple[Regex, ...]:
    """The direct parts of an expression."""
    match regex:
        case Seq(items) | Alt(items):
            return items
        case Repeat(item, _, _) | Captured(_, _, item):
            return (item,)
        case _:
            return ()


def walk(regex: Regex) -> Iterator[Regex]:
    """The expression and all its parts, parents first."""
    yield regex
    for part in children(regex):
        yield from walk(part)


def has_captures(regex: Regex) -> bool:
    """Whether some part of the expression is captured."""
    return any(isinstance(part, Captured) for part in walk(regex))


def without_captures(regex: Regex) -> Regex:
    """The same language, with no part captured."""
    match regex:
        case Captured(_, _, item):
            return without_captures(item)
        case Seq(items):
            return seq(without_captures(item) for item in items)
        case Alt(items):
            return alt(without_captures(item) for item in items)
        case Repeat(item, minimum, maximum):
            return repeat(without_captures(item), minimum, maximum)
        case _:
            return regex


def position_count(regex: Regex) -> int:
    """How many positions the expression has once bounded repetitions are written out."""
    match regex:
        case Chars():
            return 1
        case Repeat(item, minimum, maximum):
            copies = max(minimum, 1) if maximum is None else maximum
            return copies * position_count(item)
        case _:
            return sum(position_count(part) for part in children(regex))


def nesting(regex: Regex) -> int:
    """How many levels of parts within parts the expression has."""
    return 1 + max((nesting(part) for part in children(regex)), default=0)


def chars(charset: CharSet) -> Regex:
    """One character of `charset`; `EMPTY` when the set is empty."""
    return Chars(charset) if charset else EMPTY


def seq(items: Iterable[Regex]) -> Regex:
    """The items in a row."""
    flat: list[Regex] = []
    for item in items:
        match item:
            case Empty():
                return EMPTY
            case Epsilon():
                pass
            case Seq(inner):
                flat.extend(inner)
            case _:
                flat.append(item)
    if not flat:
        return EPSILON
    return flat[0] if len(flat) == 1 else Seq(tuple(flat))


def alt(items: Iterable[Regex]) -> Regex:
    """One of the items, preferred first; repeats and second ways to match nothing go."""
    flat: list[Regex] = []
    for item in items:
        flat.extend(item.items if isinstance(item, Alt) else (item,))
    kept: list[Regex] = []
    has_nullable = False
    for item in flat:
        if nullable(item):
            if has_nullable:
                item = nonempty(item)
            has_nullable = True
        if isinstance(item, Empty) or (item in kept and not has_captures(item)):
            continue
        if isinstance(item, Chars) and kept and isinstance(kept[-1], Chars):
            kept[-1] = Chars(kept[-1].charset | item.charset)
        else:
            kept.append(item)
    if not kept:
        return EMPTY
    if len(kept) == 1:
        return kept[0]
    if isinstance(kept[-1], Epsilon):
        return repeat(alt(kept[:-1]), 0, 1)
    return Alt(tuple(kept))


def repeat(item: Regex, minimum: int, maximum: int | None) -> Regex:
    """`item` from `minimum` to `maximum` times, in star normal form.

    A nullable body loses its empty match: (E)* is the same language as (E without nothing)*
    (A. Brueggemann-Klein, "Regular expressions into finite automata", 1993).
    """
    if maximum == 0 or isinstance(item, Epsilon):
        return EPSILON
    if isinstance(item, Empty):
        return EPSILON if minimum == 0 else EMPTY
    if (minimum, maximum) == (1, 1):
        return item
    if nullable(item):
        if maximum == 1:
            return item
        if maximum is None and not has_captures(item):
            return repeat(_loop_body(item), 0, None)
        return repeat(nonempty(item), 0, maximum)
    if isinstance(item, Repeat) and item.minimum == 1:
        if (minimum, maximum) == (0, 1):
            return Repeat(item.item, 0, item.maximum)
        if maximum is None:
            return Repeat(item.item, minimum, None)
    return Repeat(item, minimum, maximum)


def nonempty(regex: Regex) -> Regex:
    """The same expression without its empty match, in the same order of preference."""
    if not nullable(regex):
        return regex
    match regex:
        case Alt(items):
            return alt(nonempty(item) for item in items)
        case Seq(items):
            return alt(
                seq((nonempty(item), *items[index + 1 :])) for index, item in enumerate(items)
            )
        case Repeat(item, _, maximum):
            return repeat(item, 1, maximum)
        case Captured(name, repeated, item):
            return Captured(name, repeated, nonempty(item))
        case _:
            return EMPTY


def _loop_body(regex: Regex) -> Regex:
    """A body without empty match whose unbounded repetition is that of `regex`."""
    if not nullable(regex):
        return regex
    match regex:
        case Alt(items) | Seq(items):
            return alt(_loop_body(item) for item in items)
        case Repeat(item, _, _) | Captured(_, _, item):
            return _loop_body(item)
        case _:
            return EMPTY


def _same_start(left: Regex, right: Regex) -> int:
    """How many leading parts two alternatives share."""
    ours = left.items if isinstance(left, Seq) else (left,)
    theirs = right.items if isinstance(right, Seq) else (right,)
    shared = 0
    for mine, other in zip(ours, theirs, strict=False):
        if mine != other or has_captures(mine):
            break
        shared += 1
    return shared


def factored(regex: Regex) -> Regex:
    """The same language, alternatives that begin alike joined: `ab / ac` becomes `a(b / c)`.

    Only neighbours are joined.  Captured parts are kept as they are.
    """
    match regex:
        case Seq(items):
            return seq(factored(item) for item in items)
        case Repeat(item, minimum, maximum):
            return repeat(factored(item), minimum, maximum)
        case Captured(name, repeated, item):
            return Captured(name, repeated, factored(item))
        case Alt(items):
            joined: list[Regex] = []
            for item in (factored(item) for item in items):
                shared = _same_start(joined[-1], item) if joined else 0
                if shared:
                    left = joined.pop()
                    mine = left.items if isinstance(left, Seq) else (left,)
                    other = item.items if isinstance(item, Seq) else (item,)
                    tails = alt((seq(mine[shared:]), seq(other[shared:])))
                    joined.append(seq((*mine[:shared], _option_last(tails))))
                else:
                    joined.append(item)
            return alt(joined)
        case _:
            return regex


def _option_last(regex: Regex) -> Regex:
    """`nothing / E` as `E / nothing`: the same language with the longer match first."""
    if isinstance(regex, Alt) and any(isinstance(item, Epsilon) for item in regex.items):
        rest = factored(alt(item for item in regex.items if not isinstance(item, Epsilon)))
        return repeat(rest, 0, 1)
    return factored(regex) if isinstance(regex, Alt) else regex
