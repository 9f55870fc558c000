"""What is wrong with octets that are not one reply: used on failure only.

RFC 5321, Sections 4.2 and 4.2.1: three digits, then space, hyphen or the end of the line; only
CR LF ends a line.  The verdict itself comes from the grammar; `line_fault` only explains it, and a
test holds that it explains every refusal and nothing else.
"""

from __future__ import annotations

import re
from typing import Final, TypeAlias

from reply_metadata.errors import ReplyFault, ReplySyntaxError
from reply_metadata.limits import Limits

CRLF: Final = b"\r\n"
_NOT_IN_LINES: Final = re.compile(rb"[\x00\r\n]")
_CODE_DIGITS: Final = (frozenset(b"2345"), frozenset(b"012345"), frozenset(b"0123456789"))
_FaultAt: TypeAlias = tuple[ReplyFault, int]


def line_fault(line: bytes) -> _FaultAt | None:
    """What is wrong with one line without its CRLF, and at which octet; None when it is right."""
    misplaced = _misplaced(line)
    if misplaced is not None:
        return misplaced
    for offset, digits in enumerate(_CODE_DIGITS):
        if offset >= len(line) or line[offset] not in digits:
            return ReplyFault.BAD_CODE, offset
    if len(line) > 3 and line[3] not in b" -":
        return ReplyFault.BAD_SEPARATOR, 3
    return None


def _misplaced(line: bytes) -> _FaultAt | None:
    """The first octet that may not stand in a line."""
    found = _NOT_IN_LINES.search(line)
    if found is None:
        return None
    return ReplyFault.NUL if found[0] == b"\0" else ReplyFault.BAD_LINE_END, found.start()


def reply_error(data: bytes, limits: Limits) -> ReplySyntaxError | None:
    """The first thing in `data` that keeps it from being one complete reply, or None.

    Octet order decides which is first, so a reply that arrives octet by octet fails the same way.
    """
    number = start = 0
    more = True
    while more:
        number += 1
        line_end = data.find(b"\n", start) + 1 or len(data)
        line = data[start:line_end].removesuffix(CRLF)
        if number > limits.max_received_reply_lines and start < len(data):
            return ReplySyntaxError(ReplyFault.TOO_MANY_LINES, b"", number, 0)
        fault_at = _over_limit(start, line_end, limits)
        if fault_at is not None:
            line = data[start : start + fault_at[1] + 1]
        elif len(line) == line_end - start:  # no CRLF: not all here, or wrong before that shows
            fault_at = _misplaced(line.removesuffix(b"\r")) or (ReplyFault.INCOMPLETE, len(line))
        else:
            fault_at = line_fault(line)
            if fault_at is None and line[:3] != data[:3]:
                fault_at = ReplyFault.CODE_MISMATCH, 0
        if fault_at is not None:
            return ReplySyntaxError(fault_at[0], line, number, fault_at[1])
        start = line_end
        more = line[3:4] == b"-"
    if start < len(data):
        return ReplySyntaxError(ReplyFault.TRAILING_OCTETS, data[start:], number + 1, 0)
    return None


def _over_limit(start: int, line_end: int, limits: Limits) -> _FaultAt | None:
    """The limit that a line breaks first, and the first octet of the line that is too much."""
    line_room = limits.max_received_line_octets
    reply_room = limits.max_received_reply_octets - start
    if line_end - start <= min(line_room, reply_room):
        return None
    if line_room <= reply_room:
        return ReplyFault.LINE_TOO_LONG, line_room
    return ReplyFault.REPLY_TOO_LONG, reply_room
