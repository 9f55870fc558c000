"""Octets to `Reply`.

Rule 1: framing first (RFC 5321, Section 4.2): one complete reply and nothing else, else
`ReplySyntaxError`, with the same verdict whether metadata was negotiated or not.
Rule 2: an engine reads each line alone (ABNF: received-line); all decisions stand above it, here
and in `judgement`, so two engines that agree on lines agree on replies.
Rule 3: metadata never makes an error: what breaks a rule is kept with the reason.
"""

from __future__ import annotations

from typing import Final

from reply_metadata._generated import reply_grammar
from reply_metadata.errors import ReplyFault, ReplySyntaxError
from reply_metadata.framing import CRLF, reply_error
from reply_metadata.groups import NO_METADATA, Metadata
from reply_metadata.judgement import FoundGroup, Reading, found_groups, judged
from reply_metadata.judgement import LineReader as LineReader
from reply_metadata.limits import DEFAULT_LIMITS, Limits
from reply_metadata.values import Ignored, IgnoredReason, ReadLine, Reply, Verdict

# RFC 5321, Section 3.4: in 251 and 551 the first "<" opens the forward-path, not an echoed path.
FORWARD_PATH_CODES: Final = frozenset({251, 551})

# The grammar takes no other codes; digits are looked up, never handed to `int` (it takes "2_5").
_CODES: Final = {
    b"%d%d%d" % (first, second, third): first * 100 + second * 10 + third
    for first in range(2, 6)
    for second in range(6)
    for third in range(10)
}


def parse_reply(
    data: bytes,
    *,
    negotiated: bool,
    limits: Limits = DEFAULT_LIMITS,
    command: str | None = None,
    recipient: bytes | None = None,
    lmtp: bool = False,
    read_line: LineReader = reply_grammar.received_line,
) -> Reply:
    """Read one reply.

    RFC 5321, Section 4.2; Draft: #reading.  ABNF: received-line.

    Args:
        data: exactly one complete reply with its CRLFs.
        negotiated: whether the server listed REPLYMETA in the last EHLO or LHLO reply; without it
            nothing is metadata.
        limits: the limits of this reader and of the draft.
        command: what the reply answers, when known: a verb in upper case, "BDAT LAST" for the last
            chunk.  Without it, rules about commands are not applied.
        recipient: the path sent in the RCPT command this reply is about, with or without "<>".
        lmtp: whether the connection speaks LMTP; counts only together with `command`.
        read_line: the engine.

    Raises:
        ReplySyntaxError: the octets are not one complete reply, or break a limit of this reader.
    """
    return _Reader(negotiated, limits, command, recipient, lmtp, read_line).parse(data)


def was_read_as_sent(reply: Reply, command: str | None, *, lmtp: bool) -> bool:
    """Whether `parse_reply` with negotiated metadata and these arguments made the reply."""
    # Asked for every reply that is sent: a plain tuple is made faster than one with names.
    reading: object = (True, DEFAULT_LIMITS, command, None, lmtp, reply_grammar.received_line)
    return reply._reader == reading


class _Reader(Reading):
    """Reads replies in one way."""

    __slots__ = ()

    def parse(self, data: bytes) -> Reply:
        """Read another reply in the same way."""
        length = len(data)
        limits = self.limits
        if (
            data.find(CRLF) == length - 2
            and length <= limits.max_received_line_octets
            and length <= limits.max_received_reply_octets
        ):  # the usual case: one line, read once and checked by the grammar alone
            line = self.read_line(data[:-2])
            if line is not None and line[1] != b"-":
                code, _, enhanced_code, _, _, _ = line
                if enhanced_code is None or enhanced_code[0] != code[0]:
                    return Reply(_CODES[code], None, data, self, (line,))
                return Reply(_CODES[code], enhanced_code.decode("ascii"), data, self, (line,))
        return self._parse_lines(data)

    def _parse_lines(self, data: bytes) -> Reply:
        error = reply_error(data, self.limits)
        if error is not None:
            raise error
        lines: list[ReadLine] = []
        for number, octets in enumerate(data.split(CRLF)[:-1], 1):
            line = self.read_line(octets)
            if line is None:
                raise ReplySyntaxError(ReplyFault.BAD_CODE, octets, number, 0)
            lines.append(line)
        code = lines[0][0]
        return Reply(_CODES[code], _agreed_code(code, lines), data, self, tuple(lines))

    def judge(self, reply: Reply, read_lines: tuple[ReadLine, ...]) -> Verdict:
        """The groups with their statuses, and the reasons for ignoring them all."""
        if not self.negotiated:
            return NO_METADATA, ()
        forward_path = reply.code in FORWARD_PATH_CODES
        found: list[FoundGroup] = []
        octets = reply.octets.split(CRLF)
        for number, line in enumerate(read_lines, 1):
            if line[4] and not (forward_path and line[3] is not None):
                found += found_groups(octets[number - 1], line, number)
        if not found:
            return NO_METADATA, self._uncoded_groups(read_lines)
        groups, ignored = judged(self, reply, read_lines, found)
        return Metadata(groups), ignored

    def _uncoded_groups(self, read_lines: tuple[ReadLine, ...]) -> tuple[Ignored, ...]:
        """The first line that would hold groups if it had the enhanced code it lacks."""
        for number, (code, _, enhanced_code, _, _, text) in enumerate(read_lines, 1):
            if enhanced_code is None and text is not None and text[:1] in (b"[", b"<"):
                line = self.read_line(b"%b 2.0.0 %b" % (code, text))
                if line is not None and line[4]:
                    return (Ignored(IgnoredReason.ENHANCED_CODE_MISSING, number, 4),)
        return ()


def _agreed_code(code: bytes, lines: list[ReadLine]) -> str | None:
    """The enhanced code of all lines that have one, when its class is that of the reply code.

    RFC 2034, Section 4, has it on every line; lines without one are seen in the field.
    """
    enhanced_codes = {line[2] for line in lines if line[2] is not None}
    if len(enhanced_codes) != 1:
        return None
    (enhanced_code,) = enhanced_codes
    return enhanced_code.decode("ascii") if enhanced_code[0] == code[0] else None
