"""Whether one form is seen to hold all strings of another, without automata.

Rules: yes is a proof, no means nothing.  An alternative more, a wider set, wider bounds and an
optional part more are seen, at any depth; so single edits of rules that no automaton describes are
decided in one direction.  Names are included only where the caller has proved or assumes it: a
claim about every rule of a recursive group at once, each proved from the claims, holds by
induction over the derivations.
"""

from __future__ import annotations

from typing import TypeAlias

from abnf_compiler.diff_forms import Choice, FormId, Forms, Named, OneOf, Row, Times

Claim: TypeAlias = tuple[FormId, FormId]
"""The first form is within the second."""


class Inclusions:
    """What is known of the forms of one table; `proved` adds claims found elsewhere."""

    def __init__(self, forms: Forms) -> None:
        self._forms = forms
        self._known: dict[Claim, bool] = {}

    def prove(self, small: FormId, large: FormId) -> None:
        """Take note that `small` is within `large`."""
        self._known[small, large] = True

    def within(self, small: FormId, large: FormId) -> bool:
        """Whether `small` is seen to be within `large`."""
        try:
            return self._within(small, large)
        except RecursionError:
            return False

    def prove_together(self, claims: dict[Claim, Claim]) -> set[Claim]:
        """The claims about names that hold, each given with the claim about their definitions.

        They are assumed together, and those that do not follow are dropped until all do.
        """
        left = dict(claims)
        before = dict(self._known)
        while True:
            self._known = {**before, **dict.fromkeys(claims, False), **dict.fromkeys(left, True)}
            kept = {name: body for name, body in left.items() if self.within(*body)}
            if len(kept) == len(left):
                self._known = {**before, **dict.fromkeys(left, True)}
                return set(left)
            left = kept

    def _within(self, small: FormId, large: FormId) -> bool:
        if small == large:
            return True
        claim = (small, large)
        if claim not in self._known:
            self._known[claim] = self._compared(small, large)
        return self._known[claim]

    def _compared(self, small: FormId, large: FormId) -> bool:
        mine, other = self._forms[small], self._forms[large]
        if isinstance(mine, OneOf) and not mine.charset:
            return True
        if isinstance(mine, Choice):
            return all(self._within(item, large) for item in mine.items)
        if isinstance(other, Choice):
            return small in other.items or any(self._within(small, item) for item in other.items)
        if isinstance(mine, Named) or isinstance(other, Named):
            return self._counted_within(small, large)
        if isinstance(mine, OneOf) and isinstance(other, OneOf):
            return not mine.charset - other.charset
        return self._counted_within(small, large) or self._rows(self._items(small), large)

    def _items(self, form: FormId) -> tuple[FormId, ...]:
        each = self._forms[form]
        return each.items if isinstance(each, Row) else (form,)

    def _counted_within(self, small: FormId, large: FormId) -> bool:
        """Whether `small`, as an item and its counts, is within those of `large`."""
        inner, least, most = self._forms.counted(small)
        item, minimum, maximum = self._forms.counted(large)
        if (inner, item) == (small, large) or not self._within(inner, item):
            return False
        return minimum <= least and (maximum is None or (most is not None and most <= maximum))

    def _rows(self, items: tuple[FormId, ...], large: FormId) -> bool:
        """Whether the items in a row are within `large`: a row, or one item repeated."""
        others = self._items(large)
        if len(others) == 1:
            return self._repeated(items, large)
        reached = {0}  # how many of `items` the parts of `large` so far can hold
        for other in others:
            after = set(reached) if self._forms.nullable(other) else set()
            for begin in reached:
                if begin < len(items) and self._within(items[begin], other):
                    after.add(begin + 1)
                if isinstance(self._forms[other], Times):
                    ends = range(begin + 2, len(items) + 1)
                    after.update(end for end in ends if self._repeated(items[begin:end], other))
            reached = after
        return len(items) in reached

    def _repeated(self, items: tuple[FormId, ...], large: FormId) -> bool:
        """Whether the items together are within the repetition `large`."""
        other = self._forms[large]
        if not isinstance(other, Times):
            return False
        low, high = 0, 0
        bounded = True
        for each in items:
            item, least, most = self._forms.counted(each)
            if self._within(each, other.item):
                item, least, most = each, 1, 1
            elif not self._within(item, other.item):
                return False
            low += least
            high += most or 0
            bounded = bounded and most is not None
        fits = other.maximum is None or (bounded and high <= other.maximum)
        return other.minimum <= low and fits
