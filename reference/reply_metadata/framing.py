"""What is wrong with octets that are not one reply: used on failure only.

RFC 5321, Sections 4.2 and 4.2.1: three digits, then space, hyphen or the end of the line; only
CR LF ends a line.  The verdict itself comes from the grammar; `line_fault` only explains it, and a
test holds that it explains every refusal and nothing else.
"""

from __future__ import annotations

import re
from typing import Final

from reply_metadata.errors import ReplyFault, ReplySyntaxError
from reply_metadata.limits import Limits

CRLF: Final = b"\r\n"
_NOT_IN_LINES: Final = re.compile(rb"[\x00\r\n]")
_CODE_DIGITS: Final = (frozenset(b"2345"), frozenset(b"012345"), frozenset(b"0123456789"))


def line_fault(line: bytes) -> tuple[ReplyFault, int] | None:
    """What is wrong with one line without its CRLF, and at which octet; None when it is right."""
    misplaced = _NOT_IN_LINES.search(line)
    if misplaced is not None:
        fault = ReplyFault.NUL if misplaced[0] == b"\0" else ReplyFault.BAD_LINE_END
        return fault, misplaced.start()
    for offset, digits in enumerate(_CODE_DIGITS):
        if offset >= len(line) or line[offset] not in digits:
            return ReplyFault.BAD_CODE, offset
    if len(line) > 3 and line[3] not in b" -":
        return ReplyFault.BAD_SEPARATOR, 3
    return None


def reply_error(data: bytes, limits: Limits) -> ReplySyntaxError | None:
    """The first thing in `data` that keeps it from being one complete reply, or None.

    Octet order decides which is first, so a reply that arrives octet by octet fails the same way.
    """
    number = 0
    start = 0
    while True:
        number += 1
        end = data.find(b"\n", start)
        line_end = len(data) if end < 0 else end + 1
        if number > limits.max_received_reply_lines and start < len(data):
            return ReplySyntaxError(ReplyFault.TOO_MANY_LINES, b"", number, 0)
        fault_at = _over_limit(start, line_end, limits)
        if fault_at is not None:
            fault, offset = fault_at
            return ReplySyntaxError(fault, data[start : start + offset + 1], number, offset)
        line = data[start:line_end]
        if not line.endswith(CRLF):
            return _unended(line, number)
        line = line[:-2]
        fault_at = line_fault(line)
        if fault_at is None and line[:3] != data[:3]:
            fault_at = ReplyFault.CODE_MISMATCH, 0
        if fault_at is not None:
            fault, offset = fault_at
            return ReplySyntaxError(fault, line, number, offset)
        start = line_end
        if line[3:4] != b"-":
            break
    if start < len(data):
        return ReplySyntaxError(ReplyFault.TRAILING_OCTETS, data[start:], number + 1, 0)
    return None


def _over_limit(start: int, line_end: int, limits: Limits) -> tuple[ReplyFault, int] | None:
    """The limit that a line breaks first, and the first octet of the line that is too much."""
    line_room = limits.max_received_line_octets
    reply_room = limits.max_received_reply_octets - start
    if line_end - start <= min(line_room, reply_room):
        return None
    if line_room <= reply_room:
        return ReplyFault.LINE_TOO_LONG, line_room
    return ReplyFault.REPLY_TOO_LONG, reply_room


def _unended(line: bytes, number: int) -> ReplySyntaxError:
    """A line that has no CRLF: bad in itself, ended by a bare LF, or not all here."""
    if line.endswith(b"\n"):
        fault = line_fault(line[:-1]) or (ReplyFault.BAD_LINE_END, len(line) - 1)
        if fault[0] in (ReplyFault.BAD_CODE, ReplyFault.BAD_SEPARATOR):
            fault = (ReplyFault.BAD_LINE_END, len(line) - 1)
        return ReplySyntaxError(fault[0], line, number, fault[1])
    inner = line.removesuffix(b"\r")
    misplaced = _NOT_IN_LINES.search(inner)
    if misplaced is not None:
        fault = line_fault(inner) or (ReplyFault.BAD_LINE_END, misplaced.start())
        return ReplySyntaxError(fault[0], line, number, fault[1])
    return ReplySyntaxError(ReplyFault.INCOMPLETE, line, number, len(line))
