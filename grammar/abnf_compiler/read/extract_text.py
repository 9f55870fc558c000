"""ABNF out of RFCs and Internet-Drafts in text form, where nothing marks it.

Rules: a candidate is a run of rules "name = ..." in one column, set off from the text around it.
It counts as ABNF when no more of its rules are unreadable than readable, and when one of them
shows more of ABNF than names (`rank = a / b` may be arithmetic), or shares a name with rules that
do, or is a string in their column. A broken rule between sound ones stays, so that `check` can say
what is wrong with it.
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from functools import lru_cache
from typing import Final

from abnf_compiler.diagnostics import has_errors
from abnf_compiler.read.extract_block import Block, Piece, make_block
from abnf_compiler.read.extract_pages import Line, lines_without_pages
from abnf_compiler.read.reader import read_leniently
from abnf_compiler.source import Source
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
    RuleDefinition,
)

_START: Final = re.compile(r"[ \t]*[A-Za-z][A-Za-z0-9-]*(?:[ \t]+=/?|=/?(?=[ \t]|$))")
_STATEMENT: Final = re.compile(r"[^;]*[^\s;];")  # a line of C or the like, not an empty comment
_HEADING: Final = re.compile(
    r"(?:Appendix[ \t]+)?(?P<number>[A-Z]|[0-9]+(?:\.[0-9]+)*|[A-Z](?:\.[0-9]+)+)[.:]?[ \t]+[^ \t.]"
)
_MAX_RULE: Final = 20_000  # characters of a rule; nothing printed on paper comes near
_MAX_PARTS: Final = 4  # paragraphs that one rule may run over
_CORE: Final = frozenset(  # RFC 5234, Appendix B.1
    {"alpha", "bit", "char", "cr", "crlf", "ctl", "digit", "dquote"}
    | {"hexdig", "htab", "lf", "lwsp", "octet", "sp", "vchar", "wsp"}
)


@dataclass(frozen=True, slots=True)
class _Candidate:
    """Lines `first` to `last` (exclusive); `rules` are its rules, None those that do not read."""

    first: int
    last: int
    rules: tuple[RuleDefinition | None, ...]
    section: str


def extract_text(source: Source) -> tuple[Block, ...]:
    """The runs of lines that read as ABNF rules, in document order."""
    lines = lines_without_pages(source)
    candidates = [each for each in _candidates(lines) if _is_set_off(lines, each)]
    plain = [each for each in candidates if any(map(_shows_abnf, _sound(each)))]
    columns = {_column(lines[each.first]) for each in plain}
    names = _CORE.union(rule.name.lower() for each in plain for rule in _sound(each))
    uses = {name for each in plain for rule in _sound(each) for name in _references(rule)}
    blocks: list[Block] = []
    for candidate in candidates:
        in_column = _column(lines[candidate.first]) in columns
        if any(
            _shows_abnf(rule)
            or rule.name.lower() in uses
            or names & _references(rule)
            or (in_column and isinstance(rule.definition, CharVal))
            for rule in _sound(candidate)
        ):
            pieces = [
                Piece(f"{line.text}\n", line.offset)
                for line in lines[candidate.first : candidate.last]
            ]
            block = make_block(source, pieces, candidate.section, "")
            if block is not None:
                blocks.append(block)
    return tuple(blocks)


def _sound(candidate: _Candidate) -> list[RuleDefinition]:
    return [rule for rule in candidate.rules if rule is not None]


def _candidates(lines: Sequence[Line]) -> Iterator[_Candidate]:
    """The runs of rules in one column of which at least half can be read."""
    section = ""
    number = used = 0
    while number < len(lines):
        if _begins_part(lines, number):
            heading = _HEADING.match(lines[number].text)
            section = heading["number"] if heading is not None else section
        if _START.match(lines[number].text):
            first = _with_comments_above(lines, number, used)
            rules, used = _read_run(lines, number)
            sound = sum(rule is not None for rule in rules)
            if sound and sound * 2 >= len(rules):
                yield _Candidate(first, used, rules, section)
            number = used
        else:
            number += 1


def _read_run(lines: Sequence[Line], number: int) -> tuple[tuple[RuleDefinition | None, ...], int]:
    """The rules from `number` on that start in its column, and the line after the last."""
    column = _column(lines[number])
    rules: list[RuleDefinition | None] = []
    end = following = number
    while (
        following < len(lines)
        and _START.match(lines[following].text)
        and _column(lines[following]) == column
    ):
        rule, end = _read_rule(lines, following)
        rules.append(rule)
        following = end
        while following < len(lines) and (
            not lines[following].text or _is_comment(lines[following])
        ):
            following += 1
            if lines[following - 1].text and _column(lines[following - 1]) >= column:
                end = following
    return tuple(rules), end


def _read_rule(lines: Sequence[Line], number: int) -> tuple[RuleDefinition | None, int]:
    """The rule that starts at `number` and the line after it; it may run over an empty line."""
    column = _column(lines[number])
    end = _end_of_part(lines, number + 1, column)
    rule = _definition(lines[number:end])
    first_end = end
    for _ in range(_MAX_PARTS):
        following = end
        while following < len(lines) and not lines[following].text:
            following += 1
        if following == len(lines) or _column(lines[following]) <= column:
            break
        turned = lines[following].turned
        if rule is not None and not turned and lines[following].text.lstrip()[0] != "/":
            break
        end = _end_of_part(lines, following + 1, column)
        longer = _definition(lines[number:end])
        if longer is not None:
            rule, first_end = longer, end
        elif rule is not None:
            break
    return rule, first_end


def _end_of_part(lines: Sequence[Line], number: int, column: int) -> int:
    """The line after the last right of `column`, up to an empty line or a page break."""
    while (
        number < len(lines)
        and lines[number].text
        and not lines[number].turned
        and _column(lines[number]) > column
    ):
        number += 1
    return number


def _begins_part(lines: Sequence[Line], number: int) -> bool:
    """Whether an empty line or a page break stands above the line."""
    return number == 0 or not lines[number - 1].text or lines[number].turned


def _definition(lines: Sequence[Line]) -> RuleDefinition | None:
    """The rule the lines make, if they read as one."""
    text = "\n".join(line.text for line in lines if line.text)
    if len(text) > _MAX_RULE or _STATEMENT.fullmatch(lines[0].text):
        return None
    return _rule(text)


@lru_cache(maxsize=1000)  # documents say the same rule again in an appendix
def _rule(text: str) -> RuleDefinition | None:
    tree = read_leniently(Source("", text))
    if has_errors(tree.diagnostics) or len(tree.definitions) != 1:
        return None
    return tree.definitions[0]


def _with_comments_above(lines: Sequence[Line], number: int, used: int) -> int:
    """The first of the comment lines in the column of the rule at `number`, right above it."""
    column = _column(lines[number])
    first = number
    for above in range(number - 1, used - 1, -1):
        if lines[above].text:
            if not _is_comment(lines[above]) or _column(lines[above]) != column:
                break
            first = above
    return first


def _is_set_off(lines: Sequence[Line], candidate: _Candidate) -> bool:
    """Whether no line of text in the same or a deeper column touches the run; long runs may."""
    if len(_sound(candidate)) > 2:
        return True
    column = _column(lines[candidate.first])
    above = lines[candidate.first - 1] if candidate.first else None
    below = lines[candidate.last] if candidate.last < len(lines) else None
    touched_above = (
        above is not None
        and above.text
        and not lines[candidate.first].turned
        and _column(above) >= column
    )
    touched_below = below and below.text and not below.turned and _column(below) >= column
    return not touched_above and not touched_below


def _shows_abnf(rule: RuleDefinition) -> bool:
    """Whether the rule holds what formulas and settings do not: a value, an option, `*`, `=/`."""
    if rule.incremental:
        return True
    if isinstance(rule.definition, CharVal | ProseVal):
        return False
    return any(
        isinstance(node, CharVal | ProseVal | NumRange | NumSeries | Option)
        or (isinstance(node, Repetition) and node.minimum != node.maximum)
        for node in _nodes(rule.definition)
    )


def _references(rule: RuleDefinition) -> set[str]:
    return {node.key for node in _nodes(rule.definition) if isinstance(node, Reference)}


def _nodes(node: Node) -> Iterator[Node]:
    pending = [node]
    while pending:
        each = pending.pop()
        yield each
        if isinstance(each, Alternation | Concatenation):
            pending += each.items
        elif isinstance(each, Option | Repetition):
            pending.append(each.item)


def _column(line: Line) -> int:
    text = line.text.expandtabs()
    return len(text) - len(text.lstrip())


def _is_comment(line: Line) -> bool:
    return line.text.lstrip().startswith(";")
