"""SMTP Reply Metadata: the reference reading and writing of replies, keys and sessions.

`parse_reply` reads one reply and `build_reply` makes one; the values are in `values` and `keys`,
the sessions without I/O in `client_session` and `server_session`, everything with sockets in
`network`.  Nothing outside the standard library is needed.
"""

from __future__ import annotations

from typing import Final

from reply_metadata.codec import build_reply, parse_reply, text_from_others
from reply_metadata.errors import (
    LocalProtocolError,
    MetadataSyntaxError,
    RemoteProtocolError,
    ReplyMetadataError,
    ReplySyntaxError,
)
from reply_metadata.groups import Argument, GroupStatus, Metadata, MetadataGroup
from reply_metadata.keys import (
    Forward,
    HelpUri,
    QueueId,
    Reason,
    Referral,
    RetryAfter,
    Stored,
    TraceId,
)
from reply_metadata.limits import DEFAULT_LIMITS, Limits
from reply_metadata.values import Ignored, IgnoredReason, Reply, ReplyLine

__version__: Final = "0.1.0"

__all__ = [
    "DEFAULT_LIMITS",
    "Argument",
    "Forward",
    "GroupStatus",
    "HelpUri",
    "Ignored",
    "IgnoredReason",
    "Limits",
    "LocalProtocolError",
    "Metadata",
    "MetadataGroup",
    "MetadataSyntaxError",
    "QueueId",
    "Reason",
    "Referral",
    "RemoteProtocolError",
    "Reply",
    "ReplyLine",
    "ReplyMetadataError",
    "ReplySyntaxError",
    "RetryAfter",
    "Stored",
    "TraceId",
    "build_reply",
    "parse_reply",
    "text_from_others",
]
