"""Message content as a client sends it: dots stuffed, ended by CRLF "." CRLF and nothing else.

RFC 5321, Sections 2.3.8, 4.1.1.4 and 4.5.2.  Reading it is `receive_buffer.CommandBuffer`.

Rule: a CR or LF that is not part of a CRLF is an error, never a line end.  What one host takes for
the end of the content and the next host does not is how mail is smuggled (CVE-2023-51764).
A NUL is an error, too: RFC 5322, Section 4, forbids to make one, RFC 6152 excludes it, and a host
that drops it sees the end in CRLF NUL "." CRLF.
"""

from __future__ import annotations

import re
from typing import Final

from reply_metadata.errors import LocalProtocolError

_BARE_CR_OR_LF: Final = re.compile(rb"\r(?!\n)|(?<!\r)\n|\0")
_LINE_START_WITH_DOT: Final = re.compile(rb"(?m)^\.")


def content_as_sent(content: bytes) -> bytes:
    """The content as it goes on the wire, with the line that ends it.

    A missing CRLF at its end is added (RFC 5321, Section 4.1.1.4).

    Raises:
        LocalProtocolError: a CR or LF stands alone in it, or a NUL.
    """
    found = bare_cr_or_lf(content)
    if found is not None:
        raise LocalProtocolError(f"octet {found} of the content is a bare CR or LF, or NUL")
    if content and not content.endswith(b"\r\n"):
        content += b"\r\n"
    return _LINE_START_WITH_DOT.sub(b"..", content) + b".\r\n"


def bare_cr_or_lf(content: bytes) -> int | None:
    """Where the first NUL stands, or CR or LF that is not part of a CRLF, or None."""
    found = _BARE_CR_OR_LF.search(content)
    return None if found is None else found.start()


def content_from_text(octets: bytes) -> bytes:
    """The content of a file whose lines end in LF, CR or CRLF: each becomes a CRLF.

    For the user's own message only: a relay that did this to mail would be the smuggler.
    """
    return re.sub(rb"\r\n|\r|\n", b"\r\n", octets)
