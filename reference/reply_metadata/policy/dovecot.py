"""Dovecot's own redirect, read as a REFERRAL: a named compatibility option, off by default.

Dovecot 2.4 answers RCPT in LMTP with `550 5.2.900 <path> user%40domain@192.0.2.7:24 Referral`: an
authority of RFC 3986 in the first line, with no keyword and no registered code.

Rule 1: exactly that form, an IP address and a port included; anything else is a plain failure.
Rule 2: the user part is not used: RCPT keeps the address it had, as Dovecot itself does.
Rule 3: it is read in replies to RCPT and in LMTP only; the caller sees to that.
"""

from __future__ import annotations

import re
from typing import Final

from reply_metadata.errors import MetadataSyntaxError
from reply_metadata.keys import Referral
from reply_metadata.values import Reply

DOVECOT_HOP_LIMIT: Final = 5
"""How many redirects Dovecot itself follows for one recipient (LMTP_PROXY_DEFAULT_TTL)."""

_REDIRECT: Final = re.compile(
    rb"(?:<[^<>\x00-\x20\x7f-\xff]*> )?(?:[A-Za-z0-9._~!$&'()*,;=:-]|%[0-9A-Fa-f]{2})*"
    rb"@(?P<host>[0-9.]+|\[[0-9A-Fa-f:.]+\]):(?P<port>[0-9]{1,5})(?: .*)?"
)
_CODES: Final = b"550-5.2.900 ", b"550 5.2.900 "


def dovecot_redirect(reply: Reply) -> Referral | None:
    """The referral that a Dovecot redirect means, or None when the reply is none.

    Args:
        reply: the reply to an RCPT command.
    """
    first_line = reply.lines[0].octets
    if not first_line.startswith(_CODES):
        return None
    match = _REDIRECT.fullmatch(first_line, len(_CODES[0]))
    if match is None:
        return None
    try:
        return Referral((f"smtp://{match['host'].decode('ascii')}:{int(match['port'])}/",))
    except MetadataSyntaxError:
        return None
