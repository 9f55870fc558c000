"""From octets as they arrive to complete replies, command lines, messages and chunks.

Rule 1: limits hold while octets arrive: asked after each segment, a buffer never holds more than
its limit and that segment.
Rule 2: linear time: each octet is looked at a fixed number of times, however it arrives.
Rule 3: octet by octet gives the same as all at once.
Rule 4: what was not asked for stays, in `pending`, so that a session can refuse it.
Rule 5: after an error a buffer gives nothing but that error: the connection is out of step.
"""

from __future__ import annotations

from typing import Final, NoReturn

from reply_metadata.errors import RemoteProtocolError, ReplyHint
from reply_metadata.framing import CRLF, reply_error
from reply_metadata.limits import DEFAULT_LIMITS, Limits

COMMAND_TOO_LONG: Final = ReplyHint(500, "5.5.2", "Line too long")
COMMAND_MALFORMED: Final = ReplyHint(500, "5.5.2", "Only CR LF ends a line")
MESSAGE_TOO_LONG: Final = ReplyHint(552, "5.3.4", "Message too big")
MESSAGE_MALFORMED: Final = ReplyHint(550, "5.6.0", "A NUL, or a line that CR LF does not end")


class _OctetBuffer:
    """Octets received and not given out; knows how far they were searched for the end of a line."""

    __slots__ = ("_error", "_limits", "_scanned", "pending")

    def __init__(self, limits: Limits = DEFAULT_LIMITS) -> None:
        self._limits = limits
        self.pending: Final = bytearray()
        """Octets received and not yet given out; to be looked at only."""
        self._scanned = 0
        self._error: RemoteProtocolError | None = None

    def receive_octets(self, data: bytes) -> None:
        """Take octets; never raises for what they are."""
        if self._error is None:
            self.pending.extend(data)

    def clear(self) -> None:
        """Forget all that is pending (RFC 3207, Section 4.2: before TLS starts)."""
        del self.pending[:]
        self._scanned = 0

    def _line_end(self) -> int:
        """The offset after the next LF not passed yet, or 0; each octet is searched once."""
        end = self.pending.find(b"\n", self._scanned) + 1
        self._scanned = end or len(self.pending)
        return end

    def _take(self, count: int) -> bytes:
        taken = bytes(self.pending[:count])
        del self.pending[:count]
        self._scanned = 0
        return taken

    def _fail(self, error: RemoteProtocolError) -> NoReturn:
        self._error = error
        self.clear()
        raise error

    def _raise_again(self) -> None:
        if self._error is not None:
            raise self._error.with_traceback(None)


class ReplyBuffer(_OctetBuffer):
    """Splits what a server sends into complete replies.

    RFC 5321, Section 4.2.1: the last line of a reply is the one without a hyphen after its code.
    Only limits and the ends of lines are decided here; `parse_reply` decides the rest.
    """

    __slots__ = ("_line_start", "_lines")

    def __init__(self, limits: Limits = DEFAULT_LIMITS) -> None:
        super().__init__(limits)
        self._line_start = 0
        self._lines = 0

    def clear(self) -> None:
        """Forget all that is pending (RFC 3207, Section 4.2: before TLS starts)."""
        super().clear()
        self._lines = self._line_start = 0

    def next_reply(self) -> bytes | None:
        """The octets of the next complete reply with its CRLFs, or None when more are needed.

        Raises:
            ReplySyntaxError: a limit is broken, or a bare LF ends a line.
        """
        self._raise_again()
        octets = self.pending
        limits = self._limits
        while True:
            end = self._line_end()
            reached = end or len(octets)
            if reached > self._line_start and (
                self._lines >= limits.max_received_reply_lines
                or reached - self._line_start > limits.max_received_line_octets
                or reached > limits.max_received_reply_octets
                or (end and octets[end - 2 : end] != CRLF)
            ):
                # An earlier line may have a fault that only this looks for.
                read = bytes(octets[:reached])
                self._fail(reply_error(read, limits) or RemoteProtocolError("no reply"))
            if not end:
                return None
            last = octets[self._line_start + 3 : self._line_start + 4] != b"-"
            self._lines += 1
            self._line_start = end
            if last:
                self._lines = self._line_start = 0
                return self._take(end)


class CommandBuffer(_OctetBuffer):
    """Splits what a client sends into command lines, message data and chunks."""

    __slots__ = ("_message",)

    def __init__(self, limits: Limits = DEFAULT_LIMITS) -> None:
        super().__init__(limits)
        self._message = bytearray()

    def clear(self) -> None:
        """Forget all that is pending (RFC 3207, Section 4.2: before TLS starts)."""
        super().clear()
        del self._message[:]

    def next_command(self) -> bytes | None:
        """The next command line without its CRLF, or None when more octets are needed.

        RFC 5321, Section 4.1.1.

        Raises:
            RemoteProtocolError: the line is over-long, or holds NUL, a bare CR or a bare LF.
        """
        self._raise_again()
        end = self._line_end()
        if (end or len(self.pending)) > self._limits.max_command_octets:
            self._refuse("the command line is too long", COMMAND_TOO_LONG)
        if not end:
            return None
        line = self._take(end)
        if not line.endswith(CRLF) or line.find(b"\r") != end - 2 or b"\0" in line:
            self._refuse("the command line holds a NUL, a bare CR or a bare LF", COMMAND_MALFORMED)
        return line[:-2]

    def next_message(self) -> bytes | None:
        """The message data up to CRLF "." CRLF, dots taken out, or None when more are needed.

        RFC 5321, Sections 4.1.1.4 and 4.5.2.  To be asked from the 354 reply on, until it gives a
        message.  No other sequence ends the data: a bare CR or LF, or NUL, is refused, so that two
        servers can never disagree where a message ends (CVE-2023-51764 and its kin).

        Raises:
            RemoteProtocolError: the message or a line is over-long, or holds a bare CR, LF or NUL.
        """
        self._raise_again()
        octets = self.pending
        last = octets.rfind(b"\n", self._scanned) + 1
        if last:
            end = 0 if octets.startswith(b".\r\n") else octets.find(b"\r\n.\r\n", 0, last) + 2
            ended = end != 1
            self._add_lines(bytes(octets[: end if ended else last]))
            self._take(end + 3 if ended else last)
            if ended:
                message, self._message = self._message, bytearray()
                return bytes(message)
        self._scanned = len(octets)  # what is left holds no LF
        if len(octets) > self._limits.max_message_line_octets:
            self._refuse("the message was refused: a line is too long", MESSAGE_TOO_LONG)
        return None

    def _add_lines(self, lines: bytes) -> None:
        """Add complete lines to the message, judged together; one by one when one is wrong."""
        longest, most = self._limits.max_message_line_octets, self._limits.max_message_octets
        text = lines.replace(b"\r\n.", b"\r\n")[lines.startswith(b".") :]
        size, start = len(self._message), 0
        if (
            lines.count(b"\r\n") == lines.count(b"\r") == lines.count(b"\n")
            and b"\0" not in lines
            and (len(lines) <= longest or max(map(len, lines.split(b"\n"))) < longest)
            and size + len(text) <= most
        ):
            self._message += text
            return
        while True:  # the first line that is wrong says what is
            end = lines.index(b"\n", start) + 1
            line = lines[start:end]
            if len(line) > longest:
                self._refuse("the message was refused: a line is too long", MESSAGE_TOO_LONG)
            if not line.endswith(CRLF) or line.find(b"\r") != len(line) - 2 or b"\0" in line:
                self._refuse("the message was refused: a bare CR or LF, or NUL", MESSAGE_MALFORMED)
            size += len(line) - line.startswith(b".")
            if size > most:
                self._refuse("the message was refused: it is too long", MESSAGE_TOO_LONG)
            start = end

    def next_chunk(self, count: int) -> bytes | None:
        """Exactly `count` octets (RFC 3030, Section 2: BDAT), or None when more are needed.

        Raises:
            RemoteProtocolError: `count` is above the limit of a message.
        """
        self._raise_again()
        if count > self._limits.max_message_octets:
            self._refuse("the message was refused: it is too long", MESSAGE_TOO_LONG)
        return None if len(self.pending) < count else self._take(count)

    def discard(self, count: int) -> int:
        """Drop up to `count` octets unseen; how many there were."""
        self._raise_again()
        return len(self._take(count))

    def _refuse(self, why: str, hint: ReplyHint) -> NoReturn:
        self._fail(RemoteProtocolError(why, reply_hint=hint))
