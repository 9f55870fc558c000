"""A reply that is sent over and over with another value: what a busy server says after DATA.

`build_reply` finds the form of a reply, and reads it back, each time.  Here that is done once, with
a sample; of each value is checked what a value can break: its own rule, and the limits.  It cannot
break the form, since as sent it has no space and no bracket (ABNF: argument-value); so the reply is
what the codec's reader would give, and is not read back.  The session looks at its form once more.
"""

from __future__ import annotations

from typing import Final

from reply_metadata.codec_write import build_reply
from reply_metadata.errors import LocalProtocolError
from reply_metadata.key_rules import KEY_ENTRIES, value_fits
from reply_metadata.keys import QueueId, TraceId
from reply_metadata.limits import DEFAULT_LIMITS
from reply_metadata.octets import encode_value
from reply_metadata.values import ReadGroup, Reply

_SAMPLE: Final = "0"


class PreparedReply:
    """A reply of one line with one group.

    Args:
        code: the reply code.
        enhanced_code: the enhanced status code.
        text: what people read.
        key: the key of the group, one with a single opaque value.
        command: what is answered.
        lmtp: whether the connection speaks LMTP.
    """

    def __init__(
        self,
        code: int,
        enhanced_code: str,
        text: str,
        key: type[QueueId | TraceId],
        *,
        command: str,
        lmtp: bool,
    ) -> None:
        self.without_group: Final = build_reply(code, enhanced_code, text)
        """The reply for a client that does not read metadata."""
        self._key = key.KEY.encode("ascii")
        self._rule = KEY_ENTRIES[key.KEY].value or ""
        sample = build_reply(code, enhanced_code, text, (key(_SAMPLE),), command=command, lmtp=lmtp)
        before, found, after = sample.octets.partition(b"[%b %b]" % (self._key, _SAMPLE.encode()))
        if not found:
            raise LocalProtocolError(f"there is no room for {key.KEY} beside the text")
        self._front, self._back = b"%b[%b " % (before, self._key), b"]" + after
        room = DEFAULT_LIMITS.max_line_octets - len(self._front) - len(self._back)
        self._max_octets = min(room, DEFAULT_LIMITS.max_value_octets)
        self._sample = sample

    def with_value(self, value: str) -> Reply:
        """The reply with this value.

        Raises:
            LocalProtocolError: the value is none of the key, or does not fit into the line.
        """
        decoded = value.encode("utf-8", "surrogateescape")
        # Letters and digits, the usual case, are sent as they are.
        sent = decoded if decoded.isalnum() else encode_value(decoded)
        if len(sent) > self._max_octets or not value_fits(self._rule, decoded):
            raise LocalProtocolError(f"no value for a prepared reply: {value!a}")
        sample = self._sample
        code, separator, enhanced_code, path, _, text = sample._read_lines[0]
        groups: list[ReadGroup] = [(self._key, [(None, sent)])]
        line = (code, separator, enhanced_code, path, groups, text)
        octets = self._front + sent + self._back
        return Reply(sample.code, sample.enhanced_code, octets, sample._reader, (line,))
