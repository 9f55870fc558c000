"""What becomes of the groups found in a reply: a status each, and reasons to ignore them all.

Draft: #errors, #limits, #where.
Rule 1: when lines disagree on the enhanced code, or a limit of the draft is broken, no group of the
reply is used; the reply code still counts.
Rule 2: otherwise each group stands or falls alone, but for keys that may stand once only: these are
counted over all lines, before any argument is looked at.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Iterator, Sequence
from typing import Final, NamedTuple, TypeAlias

from reply_metadata.extension import allowed_in
from reply_metadata.framing import CRLF
from reply_metadata.groups import (
    USED,
    Argument,
    GroupStatus,
    MetadataGroup,
    canonical_key,
    read_argument,
    read_group,
)
from reply_metadata.key_rules import KEY_ENTRIES, arguments_status, placement_status
from reply_metadata.limits import Limits
from reply_metadata.values import Ignored, IgnoredReason, ReadGroup, ReadLine, Reply

# C0 and C1 controls, and what surrogateescape makes of octets that are no UTF-8.
_NOT_TEXT: Final = re.compile("[\x00-\x1f\x7f-\x9f\udc80-\udcff]")

LineReader: TypeAlias = Callable[[bytes], ReadLine | None]
"""An engine: the captures of received-line for one line without CRLF, or None when it refuses."""


class Reading(NamedTuple):
    """How a reply is read: all arguments of `parse_reply` but the octets."""

    negotiated: bool
    limits: Limits
    command: str | None
    recipient: bytes | None
    lmtp: bool
    read_line: LineReader


_STATUS_WHEN_IGNORED: Final = {
    None: GroupStatus.REPLY_IGNORED,
    IgnoredReason.TOO_MANY_ARGUMENTS: GroupStatus.TOO_MANY_ARGUMENTS,
}

FoundGroup: TypeAlias = tuple[ReadGroup, int, int, int]
"""A group as the engine gave it; its line, from 1; its first octet there; its length."""


def found_groups(octets: bytes, line: ReadLine, number: int) -> list[FoundGroup]:
    """The groups of one line with their places; the first "]" of a group is its end."""
    _, _, enhanced_code, path, groups, _ = line
    offset = 4 if enhanced_code is None else 5 + len(enhanced_code)
    if path is not None:
        offset += len(path) + 1
    found: list[FoundGroup] = []
    for group in groups:
        end = octets.index(b"]", offset) + 1
        found.append((group, number, offset, end - offset))
        offset = end + 1
    return found


def judged(
    reading: Reading, reply: Reply, lines: Sequence[ReadLine], found: Sequence[FoundGroup]
) -> tuple[tuple[MetadataGroup, ...], tuple[Ignored, ...]]:
    """Every group found, as data with its status, in wire order; and why all are ignored."""
    ignored = _reasons_to_ignore(reading.limits, reply, lines, found)
    allowed = allowed_in(reply.code, reading.command)
    keys = [canonical_key(read[0].decode("ascii")) for read, _, _, _ in found]
    groups = []
    for key, found_group in zip(keys, found, strict=True):
        read, line, offset, length = found_group
        path = lines[line - 1][3]
        arguments = tuple([read_argument(name, value) for name, value in read[1]])
        if ignored:
            reason = group_over_limit(reading.limits, read, length)
            status = _STATUS_WHEN_IGNORED.get(reason, GroupStatus.TOO_LONG)
        elif not allowed:
            status = GroupStatus.NO_METADATA_HERE
        elif path is not None and not same_path(path, reading.recipient):
            status = GroupStatus.WRONG_RECIPIENT
        else:
            status = _status(reading, reply.code, keys, key, arguments)
        groups.append(read_group(key, arguments, status, line, offset))
    return tuple(groups), ignored


def same_path(path: bytes, recipient: bytes | None) -> bool:
    """Whether an echoed path is the one that was sent: equal but for ASCII case in the domain.

    RFC 5321, Section 2.4: the case of a local part counts.  None: it is not known what was sent.
    """
    if recipient is None:
        return True
    echoed = path.removeprefix(b"<").removesuffix(b">").rpartition(b"@")
    wanted = recipient.removeprefix(b"<").removesuffix(b">").rpartition(b"@")
    return echoed[0] == wanted[0] and echoed[2].lower() == wanted[2].lower()


def _status(
    reading: Reading, code: int, keys: Sequence[str], key: str, arguments: Sequence[Argument]
) -> GroupStatus:
    """The status of a group that may stand here; the order of the checks is that of the draft."""
    entry = KEY_ENTRIES.get(key)
    if entry is not None:
        if len(keys) > 1 and not entry.repeatable and keys.count(key) > 1:
            return GroupStatus.DUPLICATE_KEY
        status = placement_status(entry, code, reading.command, reading.lmtp)
        if status is not USED:
            return status
    elif "." not in key:
        return GroupStatus.UNKNOWN_KEY
    status = _form_status(arguments)
    return status if status is not USED or entry is None else arguments_status(entry, arguments)


def _form_status(arguments: Sequence[Argument]) -> GroupStatus:
    """What holds for the arguments of every group, whatever its key."""
    names = [argument.name for argument in arguments if argument.name is not None]
    if len(set(names)) < len(names):
        return GroupStatus.DUPLICATE_NAME
    for argument in arguments:
        if _NOT_TEXT.search(argument.value) is not None:
            no_utf8 = any("\udc80" <= one <= "\udcff" for one in argument.value)
            return GroupStatus.NOT_UTF8 if no_utf8 else GroupStatus.CONTROL_CHARACTER
    return USED


def _reasons_to_ignore(
    limits: Limits, reply: Reply, lines: Sequence[ReadLine], found: Sequence[FoundGroup]
) -> tuple[Ignored, ...]:
    """Why all metadata of the reply is ignored, each reason once, where it shows first."""
    if (
        len(found) == 1
        and len(lines) == 1
        and reply.enhanced_code is not None
        and len(reply.octets) <= limits.max_line_octets <= limits.max_reply_octets
        and group_over_limit(limits, found[0][0], found[0][3]) is None
    ):
        return ()  # the usual case; nothing else can be wrong with it
    reasons: dict[IgnoredReason, Ignored] = {}
    octets = reply.octets.split(CRLF)
    for ignored in (*_broken_lines(limits, lines, octets), *_over(limits, found)):
        reasons.setdefault(ignored.reason, ignored)
    return tuple(reasons.values())


def _broken_lines(
    limits: Limits, lines: Sequence[ReadLine], octets: Sequence[bytes]
) -> Iterator[Ignored]:
    first_code = lines[0][2]
    class_digit = lines[0][0][0]
    room = limits.max_reply_octets
    for number, line in enumerate(lines, 1):
        length = len(octets[number - 1]) + 2
        enhanced_code = line[2]
        if enhanced_code is None:
            yield Ignored(IgnoredReason.ENHANCED_CODE_MISSING, number, min(4, length - 2))
        elif enhanced_code[0] != class_digit:
            yield Ignored(IgnoredReason.CLASSES_DISAGREE, number, 4)
        elif first_code is not None and enhanced_code != first_code:
            yield Ignored(IgnoredReason.ENHANCED_CODES_DIFFER, number, 4)
        if length > limits.max_line_octets:
            yield Ignored(IgnoredReason.LINE_TOO_LONG, number, limits.max_line_octets)
        if length > room:
            yield Ignored(IgnoredReason.REPLY_TOO_LONG, number, max(0, room))
        room -= length
    if len(lines) > limits.max_reply_lines:
        yield Ignored(IgnoredReason.TOO_MANY_LINES, limits.max_reply_lines + 1, 0)


def _over(limits: Limits, found: Sequence[FoundGroup]) -> Iterator[Ignored]:
    if len(found) > limits.max_groups:
        _, line, offset, _ = found[limits.max_groups]
        yield Ignored(IgnoredReason.TOO_MANY_GROUPS, line, offset)
    for group, line, offset, length in found:
        reason = group_over_limit(limits, group, length)
        if reason is not None:
            yield Ignored(reason, line, offset)


def group_over_limit(limits: Limits, group: ReadGroup, length: int) -> IgnoredReason | None:
    """The limit of the draft that a group of this length breaks, or None; Draft: #limits."""
    key, arguments = group
    if length > limits.max_group_octets:
        return IgnoredReason.GROUP_TOO_LONG
    if len(arguments) > limits.max_arguments:
        return IgnoredReason.TOO_MANY_ARGUMENTS
    private = b"." in key
    if len(key) > (limits.max_private_key_octets if private else limits.max_registered_key_octets):
        return IgnoredReason.KEY_TOO_LONG
    most = limits.max_value_octets
    if length > most and any(value is not None and len(value) > most for _, value in arguments):
        return IgnoredReason.VALUE_TOO_LONG
    return None
