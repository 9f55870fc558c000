"""How the parts that `@capture` names are cut out of an accepted string.

One `fullmatch` finds the parts that occur once and, for each list, the stretch of the string that
holds its items; a token pattern (python_tokens.py) then finds the items of a stretch.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass

from abnf_compiler.automata.expression import (
    Alt,
    Captured,
    Regex,
    Repeat,
    Seq,
    alt,
    factored,
    has_captures,
    nullable,
    repeat,
    seq,
    walk,
    without_captures,
)
from abnf_compiler.automata.normal_form import CaptureError, to_regex
from abnf_compiler.emit.python_tokens import Token, item_tokens, proved_tokens
from abnf_compiler.pattern import LinearPattern, linear_pattern
from abnf_compiler.tree import Capture, ResolvedGrammar


@dataclass(frozen=True, slots=True)
class ItemPlan:
    """How the items of some lists are found in stretches, all levels at once.

    rules: the lists.  stretches: numbers of the groups (from 0) that hold their items.
    """

    rules: tuple[str, ...]
    stretches: tuple[int, ...]
    tokens: tuple[Token, ...]

    @property
    def text(self) -> str:
        """The token pattern, for `findall`."""
        return "|".join(token.text for token in self.tokens)


@dataclass(frozen=True, slots=True)
class LevelPlan:
    """How the items of one list are found in stretches, their own lists left for later.

    text: the pattern of an item, for `finditer`.  cut: what its groups are.
    """

    rules: tuple[str, ...]
    stretches: tuple[int, ...]
    text: str
    cut: Cut


@dataclass(frozen=True, slots=True)
class Cut:
    """What the groups of a pattern are for the captures of `rule`.

    groups: for each group the captured rule, None for a stretch of items.
    always: the captured rules that are part of every match.
    can_be_empty: the captured rules whose part may be empty, which is not the same as absent.
    items: how the stretches are cut further.
    """

    rule: str
    captures: tuple[Capture, ...]
    groups: tuple[str | None, ...]
    always: frozenset[str]
    can_be_empty: frozenset[str]
    items: tuple[ItemPlan | LevelPlan, ...]


@dataclass(frozen=True, slots=True)
class CapturePlan:
    """How the captures of a start rule are found: its pattern, for `fullmatch`, and the cut."""

    pattern: LinearPattern
    cut: Cut


def capture_plan(grammar: ResolvedGrammar, rule: str) -> CapturePlan:
    """The plan for a rule that has an `@capture`.

    Raises:
        CaptureError: the captures cannot be found in a way that is proved right.
        AutomataError: the rule has no linear pattern, or two readings and no `@prefer`.
    """
    captures = dict(grammar.annotations.captures)
    regex = to_regex(grammar, rule, captures=True)
    preferred = rule in grammar.annotations.preferred
    pattern, stretches = _line_pattern(regex, rule, preferred)
    return CapturePlan(
        pattern, _cut(rule, captures, pattern.groups, _always_there(pattern.regex), stretches)
    )


def _cut(
    rule: str,
    captures: dict[str, tuple[Capture, ...]],
    groups: tuple[Captured, ...],
    always: frozenset[str],
    stretches: list[Regex],
) -> Cut:
    """`stretches` are numbered by the names of the groups that hold them."""
    members = [
        (number, stretches[int(group.name)])
        for number, group in enumerate(groups)
        if group.repeated
    ]
    return Cut(
        rule,
        captures[rule],
        tuple(None if group.repeated else group.name for group in groups),
        always,
        frozenset(group.name for group in groups if not group.repeated and nullable(group.item)),
        _item_plans(rule, captures, members),
    )


def _always_there(regex: Regex) -> frozenset[str]:
    match regex:
        case Captured(name, repeated, _):
            return frozenset(() if repeated else (name,))
        case Seq(items):
            return frozenset[str]().union(*map(_always_there, items))
        case Alt(items):
            first, *rest = map(_always_there, items)
            return first.intersection(*rest)
        case Repeat(item, minimum, _):
            return _always_there(item) if minimum else frozenset()
        case _:
            return frozenset()


def _line_pattern(regex: Regex, rule: str, preferred: bool) -> tuple[LinearPattern, list[Regex]]:
    """The pattern with a group for each part and stretch, and the stretches with their items.

    Parts are written shorter (`factored`) where their extent stays the same, that is where the
    next character decides it or where it is a committed repetition.
    """
    for shorter in (True, False):
        stretches: list[Regex] = []
        pattern = linear_pattern(
            _skeleton(regex, stretches, rule, shorter), rule=rule, preferred=preferred
        )
        if not shorter or not preferred or _extents_decided(pattern):
            return pattern, stretches
    raise AssertionError("the second round always returns")


def _extents_decided(pattern: LinearPattern) -> bool:
    kept = pattern.marks.forced | pattern.marks.committed
    sites = list(walk(pattern.regex))
    return all(
        site in kept or site + 1 in kept
        for site, part in enumerate(sites)
        if isinstance(part, Captured)
    )


def _skeleton(regex: Regex, stretches: list[Regex], rule: str, shorter: bool) -> Regex:
    """The expression with one `Captured` for each group of the line pattern."""

    def plain(part: Regex) -> Regex:
        bare = without_captures(part)
        return factored(bare) if shorter else bare

    def stretch(part: Regex) -> Regex:
        stretches.append(part)
        return Captured(str(len(stretches) - 1), True, plain(part))

    match regex:
        case Captured(name, False, item):
            return Captured(name, False, plain(item))
        case Captured():
            return stretch(regex)
        case Repeat(item, minimum, maximum) if has_captures(item):
            if maximum == 1:
                return repeat(_skeleton(item, stretches, rule, shorter), minimum, maximum)
            if any(not part.repeated for part in _outermost_captures(item)):
                raise CaptureError(rule, f"rule {rule} captures a part of a loop; write `*name`")
            return stretch(regex)
        case Seq(items):
            return seq(_skeleton(item, stretches, rule, shorter) for item in items)
        case Alt(items):
            return alt(_skeleton(item, stretches, rule, shorter) for item in items)
        case _:
            return factored(regex) if shorter and not has_captures(regex) else regex


def _outermost_captures(regex: Regex) -> Iterator[Captured]:
    if isinstance(regex, Captured):
        yield regex
    elif isinstance(regex, Seq | Alt):
        for item in regex.items:
            yield from _outermost_captures(item)
    elif isinstance(regex, Repeat):
        yield from _outermost_captures(regex.item)


def _item_plans(
    rule: str, captures: dict[str, tuple[Capture, ...]], stretches: list[tuple[int, Regex]]
) -> tuple[ItemPlan | LevelPlan, ...]:
    """One plan for each set of lists that share stretches."""
    plans: list[ItemPlan | LevelPlan] = []
    grouped: dict[tuple[str, ...], list[tuple[int, Regex]]] = {}
    for number, regex in stretches:
        names = tuple(sorted({part.name for part in _outermost_captures(regex)}))
        grouped.setdefault(names, []).append((number, regex))
    seen: set[str] = set()
    for names, members in grouped.items():
        if seen & set(names):
            raise CaptureError(rule, f"rule {rule}: the lists {', '.join(names)} are interwoven")
        seen |= set(names)
        numbers = tuple(number for number, _ in members)
        row = seq(regex if nullable(regex) else repeat(regex, 0, 1) for _, regex in members)
        try:
            plans.append(ItemPlan(names, numbers, item_tokens(row, rule, captures)))
        except CaptureError:
            if len(names) > 1 or names[0] not in captures:
                raise
            plans.append(_level_plan(names[0], captures, numbers, row))
    return tuple(plans)


def _level_plan(
    item_rule: str,
    captures: dict[str, tuple[Capture, ...]],
    numbers: tuple[int, ...],
    row: Regex,
) -> LevelPlan:
    """Items as wholes: one token for each, with a group for each stretch inside it."""
    stretches: list[Regex] = []
    whole: list[Regex] = []

    def marked(regex: Regex) -> Regex:
        match regex:
            case Captured(_, True, item):
                if item not in whole:
                    whole.append(item)
                return Captured("0", True, inner)
            case Seq(items):
                return seq(marked(item) for item in items)
            case Alt(items):
                return alt(marked(item) for item in items)
            case Repeat(item, minimum, maximum):
                return repeat(marked(item), minimum, maximum)
            case _:
                return regex

    item = next(_outermost_captures(row)).item
    inner = _skeleton(item, stretches, item_rule, shorter=True)
    proved = proved_tokens(marked(row), 1)
    if proved is None or whole != [item]:
        raise CaptureError(item_rule, f"the items {item_rule} of a list cannot be told apart")
    token = proved[0]
    cut = _cut(item_rule, captures, token.groups, _always_there(token.regex), stretches)
    return LevelPlan((item_rule,), numbers, token.text, cut)
