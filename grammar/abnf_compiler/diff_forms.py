"""Definitions in one canonical form, so that two ways to write the same thing are one value.

Rules: every step keeps the language: names outside a recursion are read through; letters of
insensitive strings, ranges and values are sets of characters, joined where they are alternatives;
the order of alternatives goes; `[x]` is `*1x`; `x *x` is `1*x`; brackets go.  Forms are numbers in
one table, so equal forms are equal numbers.  Two different forms may still be one language.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable
from dataclasses import dataclass
from typing import Final, TypeAlias

from abnf_compiler.automata.charset import CharSet
from abnf_compiler.resolve.walk import folded
from abnf_compiler.tree import (
    Alternation,
    CharVal,
    Concatenation,
    Node,
    NumRange,
    NumSeries,
    Option,
    ProseVal,
    Reference,
    Repetition,
)

FormId: TypeAlias = int
NOTHING: Final[FormId] = 0
"""The form of the empty string."""


@dataclass(frozen=True, slots=True)
class OneOf:
    """One character of a set."""

    charset: CharSet


@dataclass(frozen=True, slots=True)
class Row:
    """No form, or two and more in a row, none of them a row."""

    items: tuple[FormId, ...]


@dataclass(frozen=True, slots=True)
class Choice:
    """Two or more alternatives in any order, none of them a choice, one set at most."""

    items: frozenset[FormId]


@dataclass(frozen=True, slots=True)
class Times:
    """`item` from `minimum` to `maximum` times; None is no bound."""

    item: FormId
    minimum: int
    maximum: int | None


@dataclass(frozen=True, slots=True)
class Named:
    """What only a name stands for: prose, a recursive rule, or one of a recursive group.

    `scope` keeps apart what shares a name: a grammar, or the definitions of the whole group.
    """

    name: str
    scope: object


Form: TypeAlias = OneOf | Row | Choice | Times | Named


class Forms:
    """The table of all forms, and the constructors that keep them canonical."""

    def __init__(self) -> None:
        self._forms: list[Form] = []
        self._ids: dict[Form, FormId] = {}
        self._nullable: list[bool] = []
        self._id(Row(()))

    def __getitem__(self, form: FormId) -> Form:
        return self._forms[form]

    def _id(self, form: Form) -> FormId:
        if form not in self._ids:
            self._ids[form] = len(self._forms)
            self._forms.append(form)
            self._nullable.append(self._matches_nothing(form))
        return self._ids[form]

    def named(self, name: str, scope: object) -> FormId:
        """The form of a name."""
        return self._id(Named(name, scope))

    def one_of(self, charset: CharSet) -> FormId:
        """The form of one character of a set."""
        return self._id(OneOf(charset))

    def nullable(self, form: FormId) -> bool:
        """Whether the form is seen to match the empty string; a name is not."""
        return self._nullable[form]

    def _matches_nothing(self, form: Form) -> bool:
        match form:
            case Row(items):
                return all(map(self.nullable, items))
            case Choice(items):
                return any(map(self.nullable, items))
            case Times(item, minimum):
                return minimum == 0 or self.nullable(item)
            case _:
                return False

    def counted(self, form: FormId) -> tuple[FormId, int, int | None]:
        """A form as an item and how often it stands."""
        each = self._forms[form]
        if isinstance(each, Times):
            return each.item, each.minimum, each.maximum
        return form, 1, 1

    def row(self, items: Iterable[FormId]) -> FormId:
        """Forms in a row: rows in it dissolved, neighbours of one item counted together."""
        flat: list[FormId] = []
        for item in items:
            form = self._forms[item]
            if isinstance(form, Row) and not self._is_repeated(flat, item, form):
                for each in form.items:
                    self._append(flat, each)
            else:
                self._append(flat, item)
        return flat[0] if len(flat) == 1 else self._id(Row(tuple(flat)))

    def _is_repeated(self, flat: list[FormId], item: FormId, row: Row) -> bool:
        """Whether `flat` ends with a row, alone or repeated, to which `item` adds another."""
        if not flat or not row.items:
            return False
        return self.counted(flat[-1])[0] == item or flat[-len(row.items) :] == list(row.items)

    def _append(self, flat: list[FormId], form: FormId) -> None:
        """Add a form to a row, counted together with the same before it."""
        item = self.counted(form)[0]
        row = self._forms[item]
        if flat and self.counted(flat[-1])[0] == item:
            form = self._together(flat.pop(), form)
        if isinstance(row, Row) and row.items:
            length = len(row.items)
            while flat[-length:] == list(row.items):
                del flat[-length:]
                form = self._together(item, form)
        flat.append(form)

    def _together(self, left: FormId, right: FormId) -> FormId:
        item, least, most = self.counted(left)
        _, more, even_more = self.counted(right)
        bound = None if most is None or even_more is None else most + even_more
        return self.times(item, least + more, bound)

    def choice(self, items: Iterable[FormId]) -> FormId:
        """One of the forms: choices in it dissolved, sets joined, options taken out."""
        pending, kept = list(items), set[FormId]()
        charset, optional = CharSet(), False
        while pending:
            item = pending.pop()
            match self._forms[item]:
                case OneOf(members):
                    charset = charset | members
                case Choice(alternatives):
                    pending += alternatives
                case Row(()):
                    optional = True
                case Times(inner, 0, 1):
                    optional = True
                    pending.append(inner)
                case _:
                    kept.add(item)
        if charset:
            kept.add(self.one_of(charset))
        if not kept:
            return NOTHING if optional else self.one_of(charset)
        one = kept.pop() if len(kept) == 1 else self._id(Choice(frozenset(kept)))
        return self.times(one, 0, 1) if optional else one

    def times(self, item: FormId, minimum: int, maximum: int | None) -> FormId:
        """A form repeated; repetitions of repetitions are one where the counts have no gap."""
        if maximum == 0 or item == NOTHING:
            return NOTHING
        if self.nullable(item):
            minimum = 0
            if maximum == 1:
                return item
        if (minimum, maximum) == (1, 1):
            return item
        each = self._forms[item]
        if isinstance(each, Times):
            counts = _product((minimum, maximum), (each.minimum, each.maximum))
            if counts is not None:
                return self.times(each.item, *counts)
        return self._id(Times(item, minimum, maximum))

    def of(self, node: Node, lookup: Callable[[Reference | ProseVal], FormId]) -> FormId:
        """The form of a definition; `lookup` gives that of a name in it."""

        def combine(each: Node, parts: list[FormId]) -> FormId:
            match each:
                case Reference() | ProseVal():
                    return lookup(each)
                case Alternation():
                    return self.choice(parts)
                case Concatenation():
                    return self.row(parts)
                case Option():
                    return self.times(parts[0], 0, 1)
                case Repetition(minimum, maximum):
                    return self.times(parts[0], minimum, maximum)
                case CharVal(text, case_sensitive):
                    return self.row(self.one_of(_letter(char, case_sensitive)) for char in text)
                case NumSeries(values):
                    return self.row(self.one_of(CharSet.single(value)) for value in values)
                case NumRange(first, last):
                    return self.one_of(CharSet.of([(first, last)]))

        return folded(node, combine)


_Counts: TypeAlias = tuple[int, int | None]


def _product(outer: _Counts, inner: _Counts) -> _Counts | None:
    """The counts of `inner` repeated by those of `outer`, when they are all from one to another."""
    (low, high), (least, most) = outer, inner
    if low != high:
        next_begins = (low + 1) * least  # later gaps are smaller than the first
        if next_begins > 1 and (low == 0 or (most is not None and next_begins > low * most + 1)):
            return None
    return low * least, None if high is None or most is None else high * most


def _letter(char: str, case_sensitive: bool) -> CharSet:
    """The characters that one character of a quoted string stands for (RFC 7405)."""
    code = ord(char)
    if not case_sensitive and char.isascii() and char.isalpha():
        return CharSet.of([(code & ~0x20, code & ~0x20), (code | 0x20, code | 0x20)])
    return CharSet.single(code)
