"""Token patterns: the items of lists in a string that is accepted already.

`findall` with the token pattern finds one token after the other: each begins a list item and
holds the captured parts of it.  The pattern may be simpler than the grammar (a part is a run of
the characters it can be made of); it is taken only when `proved_tokens` shows, on the position
automaton of the stretch that holds the items, that

A. inside a token the next character, or the order of trying, decides every choice;
B. a token tried earlier never matches a prefix where a later one stands;
C. no token matches where none stands, so that `findall` skips what lies between;
D. what is read in vain is bounded: the ways inside tokens are, and a token tried where it does
   not stand stops after a bounded number of characters.

By A, B and C the tokens found are those of the grammar; by D finding them takes linear time.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

from abnf_compiler.automata.ambiguity import Growth, growth
from abnf_compiler.automata.charset import CharSet
from abnf_compiler.automata.determinism import matches_prefix, reads_without_end
from abnf_compiler.automata.dfa import position_nfa
from abnf_compiler.automata.expression import (
    EPSILON,
    Alt,
    Captured,
    Chars,
    Regex,
    Repeat,
    Seq,
    alt,
    children,
    factored,
    has_captures,
    nullable,
    repeat,
    seq,
    walk,
)
from abnf_compiler.automata.normal_form import CaptureError, TooLargeError
from abnf_compiler.automata.positions import Part, Positions
from abnf_compiler.pattern import local_marks
from abnf_compiler.pattern_text import part_text
from abnf_compiler.tree import Capture


@dataclass(frozen=True, slots=True)
class Token:
    """One alternative of a token pattern.

    begins: the list items that begin with it, outermost first.  groups: the captured rule of each
    of its groups, in order.  sure: numbers of groups (from 0, in the token) one of which always
    takes something, so that it tells the token from others.
    """

    begins: tuple[str, ...]
    text: str
    groups: tuple[str, ...]
    sure: tuple[int, ...]


def item_tokens(
    stretch: Regex, rule: str, captures: dict[str, tuple[Capture, ...]]
) -> tuple[Token, ...]:
    """The token pattern for the items of a stretch, proved right.

    Raises:
        CaptureError: no token pattern could be proved right.
    """
    splitter = _Splitter(rule, captures)
    split = splitter.split(stretch, (), EPSILON)
    for candidate in (_widened(split), _shortened(split), split):
        tokens = _flat(candidate, splitter.begins)
        if tokens is not None:
            return tokens
    raise CaptureError(rule, f"rule {rule}: its list items cannot be told apart token by token")


class _Splitter:
    """Cuts an expression with lists into tokens: `Captured` parts named by their number."""

    def __init__(self, rule: str, captures: dict[str, tuple[Capture, ...]]) -> None:
        self._rule = rule
        self._captures = captures
        self.begins: list[tuple[str, ...]] = []
        self._known: list[Regex] = []

    def split(self, regex: Regex, begins: tuple[str, ...], lead: Regex) -> Regex:
        """`lead` and then `regex`, with the tokens marked; `begins` start with the first."""
        match regex:
            case Captured(name, True, item):
                if name not in self._captures:
                    return self._token(seq((lead, Captured(name, False, item))), (*begins, name))
                return self.split(item, (*begins, name), lead)
            case _ if not has_lists(regex):
                if not begins and not has_captures(regex):
                    return seq((lead, regex))
                return self._token(seq((lead, regex)), begins)
            case Repeat(item, minimum, maximum):
                self._refuse_open(begins)
                return seq((lead, repeat(self.split(item, (), EPSILON), minimum, maximum)))
            case Alt(items):
                return alt(self.split(item, begins, lead) for item in items)
            case Seq(items):
                return self._row(items, begins, lead)
            case _:
                raise AssertionError("an expression with lists has parts")

    def _row(self, items: tuple[Regex, ...], begins: tuple[str, ...], lead: Regex) -> Regex:
        made: list[Regex] = []
        run: list[Regex] = [lead]
        for item in items:
            if not has_lists(item):
                run.append(item)
                continue
            if any(map(has_captures, run)):
                made.append(self._token(seq(run), begins))
                begins, run = (), []
            made.append(self.split(item, begins, seq(run)))
            begins, run = (), []
        if any(map(has_captures, run)):
            raise CaptureError(self._rule, f"rule {self._rule} captures a part after a list")
        return seq((*made, *run))

    def _refuse_open(self, begins: tuple[str, ...]) -> None:
        if begins:
            raise CaptureError(
                self._rule, f"rule {begins[-1]} begins with a list, so its items have no mark"
            )

    def _token(self, regex: Regex, begins: tuple[str, ...]) -> Regex:
        if not begins or _captures_in_loop(regex):
            raise CaptureError(
                self._rule, f"rule {self._rule} captures a part of a loop; write `*name`"
            )
        for number, known in enumerate(self._known):
            if known == regex and self.begins[number] == begins:
                return Captured(str(number), True, regex)
        self._known.append(regex)
        self.begins.append(begins)
        return Captured(str(len(self._known) - 1), True, regex)


def has_lists(regex: Regex) -> bool:
    """Whether some part is an item of a list."""
    return any(isinstance(part, Captured) and part.repeated for part in walk(regex))


def _captures_in_loop(regex: Regex) -> bool:
    if isinstance(regex, Repeat) and regex.maximum != 1:
        return has_captures(regex)
    return any(_captures_in_loop(part) for part in children(regex))


def _widened(regex: Regex) -> Regex:
    """Each captured part as a run of the characters it is made of."""
    match regex:
        case Captured(name, False, item) if not isinstance(item, Chars) and not nullable(item):
            sets = CharSet.of(
                interval
                for part in walk(item)
                if isinstance(part, Chars)
                for interval in part.charset.intervals
            )
            return Captured(name, False, repeat(Chars(sets), 1, None))
        case _:
            return _rebuilt(regex, _widened)


def _shortened(regex: Regex) -> Regex:
    """Each captured part with alternatives that begin alike joined."""
    match regex:
        case Captured(name, False, item):
            return Captured(name, False, factored(item))
        case _:
            return _rebuilt(regex, _shortened)


def _rebuilt(regex: Regex, change: Callable[[Regex], Regex]) -> Regex:
    match regex:
        case Captured(name, repeated, item):
            return Captured(name, repeated, change(item))
        case Seq(items):
            return seq(change(item) for item in items)
        case Alt(items):
            return alt(change(item) for item in items)
        case Repeat(item, minimum, maximum):
            return repeat(change(item), minimum, maximum)
        case _:
            return regex


@dataclass(frozen=True, slots=True)
class ProvedToken:
    """A token whose proof holds: its number, its pattern, and the captured part of each group."""

    number: int
    text: str
    groups: tuple[Captured, ...]
    regex: Regex


def proved_tokens(regex: Regex, count: int) -> tuple[ProvedToken, ...] | None:
    """The tokens 0 to `count` - 1 of an expression in an order of trying; None without a proof.

    The tokens stand in `regex` as `Captured` lists named by their number.
    """
    positions = Positions(regex)
    marks = local_marks(positions)
    copies: dict[int, list[Part]] = {number: [] for number in range(count)}
    outside = set(range(len(positions.charsets)))
    inside_until = 0
    for part in positions.parts:
        if part.number < inside_until or not _is_token(part):
            continue
        assert isinstance(part.regex, Captured)
        inside_until = part.after
        copies[int(part.regex.name)].append(part)
        outside -= set(range(part.low, part.high))
        inner = positions.parts[part.number : part.after]
        if part.nullable is not None or any(each.site not in marks.forced for each in inner):
            return None
    try:
        if growth(position_nfa(positions)).growth is not Growth.BOUNDED:
            return None
    except TooLargeError:
        return None

    def stray(number: int, entries: list[int]) -> bool:
        token = copies[number][0]
        return matches_prefix(positions, token, entries) or reads_without_end(
            positions, token, entries
        )

    if any(stray(number, sorted(outside)) for number in copies):
        return None
    starts = {
        number: [position for part in parts for position, _ in part.first]
        for number, parts in copies.items()
    }
    order = _order_of_trying(list(copies), lambda early, late: stray(early, starts[late]))
    if order is None:
        return None
    tokens: list[ProvedToken] = []
    for number in order:
        part = copies[number][0].parts[0]
        text, groups = part_text(part.regex, part.site, marks)
        tokens.append(ProvedToken(number, text, groups, part.regex))
    return tuple(tokens)


def _is_token(part: Part) -> bool:
    return isinstance(part.regex, Captured) and part.regex.repeated


def _flat(regex: Regex, begins: list[tuple[str, ...]]) -> tuple[Token, ...] | None:
    """The tokens of a split expression for `findall`, which gives b"" for an absent group."""
    tokens: list[Token] = []
    for proved in proved_tokens(regex, len(begins)) or ():
        sure = _sure_groups(proved.regex, proved.groups)
        if sure is None or any(nullable(group.item) for group in proved.groups):
            return None
        names = tuple(group.name for group in proved.groups)
        tokens.append(Token(begins[proved.number], proved.text, names, sure))
    return tuple(tokens) or None


def _order_of_trying(numbers: list[int], hides: Callable[[int, int], bool]) -> list[int] | None:
    """An order in which nothing tried earlier matches where a later one stands."""
    left = list(numbers)
    order: list[int] = []
    while left:
        for number in left:
            if not any(hides(number, other) for other in left if other != number):
                order.append(number)
                left.remove(number)
                break
        else:
            return None
    return order


def _sure_groups(regex: Regex, groups: tuple[Captured, ...]) -> tuple[int, ...] | None:
    """Groups one of which takes part in every match of a token."""
    match regex:
        case Captured():
            return (next(n for n, group in enumerate(groups) if group is regex),)
        case Seq(items):
            found = [_sure_groups(item, groups) for item in items]
            return next((numbers for numbers in found if numbers is not None), None)
        case Alt(items):
            each = [_sure_groups(item, groups) for item in items]
            if any(numbers is None for numbers in each):
                return None
            return tuple(sorted({number for numbers in each for number in numbers or ()}))
        case Repeat(item, minimum, _):
            return _sure_groups(item, groups) if minimum else None
        case _:
            return None
