"""One reply for several recipients: what SMTP without PRDR makes of the results of LMTP.

Rule: nothing is lost, at the price of a second copy.  A 4yz for one recipient makes the client send
to all again; a 5yz makes it tell the sender; only when all succeeded is the answer 2yz.  RFC 2033,
Section 1, names this as the reason for LMTP.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Final

from reply_metadata.values import Reply

_ORDER: Final = {4: 0, 5: 1, 2: 2}


def one_reply_for_all(replies: Sequence[Reply]) -> Reply:
    """The reply that stands for all: the first 4yz, else the first 5yz, else the first.

    Args:
        replies: at least one, each 2yz, 4yz or 5yz.
    """
    return min(replies, key=lambda reply: _ORDER[reply.code // 100])
