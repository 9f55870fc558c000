"""The chunks of BDAT as a server takes them: counted octets, until the last one (RFC 3030).

Rule 1: how many octets belong to a chunk is what its BDAT said, whatever they are and whether or
not the chunk is refused; no octet of one is read as a command.
Rule 2: a refused chunk is dropped as it arrives; an accepted one is held until it is whole, so
that octet by octet gives the same.
"""

from __future__ import annotations

from reply_metadata.command_lines import ChunkHeader
from reply_metadata.commands import Chunk
from reply_metadata.errors import ReplyHint
from reply_metadata.events import Content
from reply_metadata.message_content import bare_cr_or_lf
from reply_metadata.receive_buffer import MESSAGE_MALFORMED, CommandBuffer


class ChunkReceiver:
    """Takes the chunks of one content after the other out of the session's buffer."""

    def __init__(self, buffer: CommandBuffer) -> None:
        self._buffer = buffer
        self._missing = 0
        self._refusal: ReplyHint | None = None
        self._content = bytearray()
        self.waiting = False
        """Whether octets of a chunk are awaited."""
        self.last = False
        """Whether that chunk is the last one."""

    @property
    def octet_count(self) -> int:
        """How much of the content came in accepted chunks."""
        return len(self._content)

    def begin(self, header: ChunkHeader, refusal: ReplyHint | None) -> None:
        """A BDAT was read; `refusal` says why its chunk is dropped, if it is."""
        self._missing, self.last = header
        self._refusal = refusal
        self.waiting = True

    def read(self) -> Chunk | Content | ReplyHint | None:
        """A whole chunk, the content after the last one, why it is refused, or None: wait for more.

        Content with a bare CR or LF, or NUL, is refused: a next host could be misled by it.
        """
        if self._refusal is not None:
            self._missing -= self._buffer.discard(self._missing)
            if self._missing:
                return None
            self.waiting = False
            return self._refusal
        octets = self._buffer.next_chunk(self._missing)
        if octets is None:
            return None
        self.waiting = False
        self._content += octets
        if not self.last:
            return Chunk(octets)
        content = bytes(self._content)
        self._content.clear()
        if bare_cr_or_lf(content) is not None:
            return MESSAGE_MALFORMED
        return Content(content)

    def forget(self) -> None:
        """The transaction is over, or cannot go on."""
        self._content.clear()
