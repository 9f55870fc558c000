"""What becomes of the groups found in a reply: a status each, and reasons to ignore them all.

Draft: #errors, #limits, #where.
Rule 1: when lines disagree on the enhanced code, or a limit of the draft is broken, no group of the
reply is used; the reply code still counts.
Rule 2: otherwise each group stands or falls alone, but for keys that may stand once only: these are
counted over all lines, before any argument is looked at.
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Sequence
from typing import Final, Protocol, TypeAlias

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
from reply_metadata.values import Ignored, IgnoredReason, ReadArgument, ReadGroup, ReadLine, Reply

_CONTROL_CHARACTER: Final = re.compile("[\x00-\x1f\x7f-\x9f]")
_NO_UTF8: Final = re.compile("[\udc80-\udcff]")  # what surrogateescape makes of such octets


class Reading(Protocol):
    """What is known besides the octets: see `parse_reply`."""

    @property
    def limits(self) -> Limits:
        """The limits of the draft."""
        ...

    @property
    def command(self) -> str | None:
        """What the reply answers."""
        ...

    @property
    def recipient(self) -> bytes | None:
        """The path in the RCPT command the reply is about."""
        ...

    @property
    def lmtp(self) -> bool:
        """Whether the connection speaks LMTP."""
        ...


FoundGroup: TypeAlias = tuple[ReadGroup, int, int, int]
"""A group as the engine gave it; its line, from 1; its first octet there; its length."""


def found_groups(line: ReadLine, number: int) -> list[FoundGroup]:
    """The groups of one line with their places.

    An engine gives no offsets; they follow, since single spaces and brackets are all there is
    between the captured parts.
    """
    _, _, enhanced_code, path, groups, _ = line
    offset = 4 if enhanced_code is None else 5 + len(enhanced_code)
    if path is not None:
        offset += len(path) + 1
    found: list[FoundGroup] = []
    for group in groups:
        length = 2 + len(group[0])
        for name, value in group[1]:
            length += 1
            if name is not None:
                length += len(name) + 1
            if value is not None:
                length += len(value)
        found.append((group, number, offset, length))
        offset += length + 1
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
        (_, sent), line, offset, _ = found_group
        arguments = tuple([read_argument(name, value) for name, value in sent])
        if ignored:
            status = _status_when_ignored(reading.limits, found_group)
        elif not allowed:
            status = GroupStatus.NO_METADATA_HERE
        elif reading.recipient is not None and _other(reading.recipient, lines[line - 1][3]):
            status = GroupStatus.WRONG_RECIPIENT
        else:
            status = _status(reading, reply.code, keys, key, sent, arguments)
        groups.append(read_group(key, arguments, status, line, offset))
    return tuple(groups), ignored


def _other(recipient: bytes, path: bytes | None) -> bool:
    return path is not None and not same_path(path, recipient)


def same_path(path: bytes, recipient: bytes) -> bool:
    """Whether an echoed path is the one that was sent: equal but for ASCII case in the domain.

    RFC 5321, Section 2.4: the case of a local part counts.
    """
    echoed = path.removeprefix(b"<").removesuffix(b">").rpartition(b"@")
    wanted = recipient.removeprefix(b"<").removesuffix(b">").rpartition(b"@")
    return echoed[0] == wanted[0] and echoed[2].lower() == wanted[2].lower()


def _status(
    reading: Reading,
    code: int,
    keys: Sequence[str],
    key: str,
    sent: Sequence[ReadArgument],
    arguments: Sequence[Argument],
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
    if len(sent) != 1 or b"+" in (sent[0][1] or b""):  # one plain value has no form to get wrong
        status = _form_status(sent, arguments)
        if status is not USED:
            return status
    return USED if entry is None else arguments_status(entry, sent, arguments)


def _form_status(sent: Sequence[ReadArgument], arguments: Sequence[Argument]) -> GroupStatus:
    """What holds for the arguments of every group, whatever its key."""
    if len(arguments) > 1:
        names = [argument.name for argument in arguments if argument.name is not None]
        if len(set(names)) < len(names):
            return GroupStatus.DUPLICATE_NAME
    for (_, value), argument in zip(sent, arguments, strict=True):
        if value is None or b"+" not in value:
            continue  # printable ASCII, by the grammar
        if _NO_UTF8.search(argument.value) is not None:
            return GroupStatus.NOT_UTF8
        if _CONTROL_CHARACTER.search(argument.value) is not None:
            return GroupStatus.CONTROL_CHARACTER
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
        and _group_over_limit(limits, found[0]) is None
    ):
        return ()  # the usual case; nothing else can be wrong with it
    reasons: dict[IgnoredReason, Ignored] = {}
    octets = reply.octets.split(CRLF)
    for reason, line, offset in (*_broken_lines(limits, lines, octets), *_over(limits, found)):
        if reason not in reasons:
            reasons[reason] = Ignored(reason, line, offset)
    return tuple(reasons.values())


def _broken_lines(
    limits: Limits, lines: Sequence[ReadLine], octets: Sequence[bytes]
) -> Iterator[tuple[IgnoredReason, int, int]]:
    first_code = lines[0][2]
    class_digit = lines[0][0][0]
    total = 0
    for number, line in enumerate(lines, 1):
        length = len(octets[number - 1]) + 2
        enhanced_code = line[2]
        if enhanced_code is None:
            yield IgnoredReason.ENHANCED_CODE_MISSING, number, min(4, length - 2)
        elif enhanced_code[0] != class_digit:
            yield IgnoredReason.CLASSES_DISAGREE, number, 4
        elif first_code is not None and enhanced_code != first_code:
            yield IgnoredReason.ENHANCED_CODES_DIFFER, number, 4
        if length > limits.max_line_octets:
            yield IgnoredReason.LINE_TOO_LONG, number, limits.max_line_octets
        if total + length > limits.max_reply_octets:
            yield IgnoredReason.REPLY_TOO_LONG, number, max(0, limits.max_reply_octets - total)
        total += length
    if len(lines) > limits.max_reply_lines:
        yield IgnoredReason.TOO_MANY_LINES, limits.max_reply_lines + 1, 0


def _over(limits: Limits, found: Sequence[FoundGroup]) -> Iterator[tuple[IgnoredReason, int, int]]:
    if len(found) > limits.max_groups:
        _, line, offset, _ = found[limits.max_groups]
        yield IgnoredReason.TOO_MANY_GROUPS, line, offset
    for group in found:
        reason = _group_over_limit(limits, group)
        if reason is not None:
            yield reason, group[1], group[2]


def _group_over_limit(limits: Limits, found: FoundGroup) -> IgnoredReason | None:
    (key, arguments), _, _, length = found
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


def _status_when_ignored(limits: Limits, found: FoundGroup) -> GroupStatus:
    reason = _group_over_limit(limits, found)
    if reason is None:
        return GroupStatus.REPLY_IGNORED
    if reason is IgnoredReason.TOO_MANY_ARGUMENTS:
        return GroupStatus.TOO_MANY_ARGUMENTS
    return GroupStatus.TOO_LONG
