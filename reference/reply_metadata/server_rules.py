"""What a server is told once, and what it says to the parameters of MAIL and RCPT.

RFC 5321, Sections 4.1.1.11 and 4.5.3.1; RFC 1870 (SIZE); RFC 6152 (8BITMIME); RFC 6531
(SMTPUTF8).
"""

from __future__ import annotations

import re
from dataclasses import dataclass, field
from typing import Final

from reply_metadata.commands import MailFrom, RcptTo
from reply_metadata.errors import ReplyHint
from reply_metadata.extension import KEYWORD, REQUIRED_KEYWORD
from reply_metadata.limits import DEFAULT_LIMITS, Limits
from reply_metadata.paths import is_domain
from reply_metadata.timeouts import DEFAULT_SERVER_TIMEOUTS, ServerTimeouts

_UNKNOWN_PARAMETER: Final = ReplyHint(555, "5.5.4", "Parameter not recognized")
_BAD_VALUE: Final = ReplyHint(501, "5.5.4", "Bad parameter value")
_TOO_LARGE: Final = ReplyHint(552, "5.3.4", "Message too large")
_MAIL_PARAMETERS: Final = {  # the form of the value, "" when there is none
    "SIZE": re.compile("[0-9]{1,20}"),  # RFC 1870, Section 3
    "BODY": re.compile("(?i:7BIT|8BITMIME)"),
    "SMTPUTF8": re.compile(""),
}


@dataclass(frozen=True, slots=True)
class ServerSettings:
    """How a server session behaves.

    Args:
        host_name: the domain in greeting, EHLO reply, 221 and 421.
        offer_starttls: whether STARTTLS is listed until TLS is on.
        offer_auth: whether AUTH PLAIN is listed once TLS is on.
        offer_metadata: whether REPLYMETA is listed to this client.
        max_recipients: accepted recipients of one transaction.  RFC 5321, Section 4.5.3.1.8, wants
            at least 100.
        max_refused: lines refused before the client gets a 421.  Postfix stops at 20.
        limits: how much is read, and how large a message may be.
        timeouts: how long the client may take.
    """

    host_name: str
    offer_starttls: bool = False
    offer_auth: bool = False
    offer_metadata: bool = True
    max_recipients: int = 100
    max_refused: int = 20
    limits: Limits = field(default=DEFAULT_LIMITS)
    timeouts: ServerTimeouts = field(default=DEFAULT_SERVER_TIMEOUTS)

    def __post_init__(self) -> None:
        if not is_domain(self.host_name):
            raise ValueError(f"{self.host_name!r} is no domain or address literal")
        if self.max_recipients < 1 or self.max_refused < 1:
            raise ValueError("a server takes at least one recipient and one refused line")

    def keywords(self, *, tls: bool) -> tuple[str, ...]:
        """The lines after the first of the reply to EHLO or LHLO.

        Args:
            tls: whether TLS is on: STARTTLS is not listed then (RFC 3207, Section 4.2), and AUTH
                PLAIN only then (RFC 4954, Section 9).
        """
        listed = {
            "PIPELINING": True,
            "8BITMIME": True,
            "CHUNKING": True,
            f"SIZE {self.limits.max_message_octets}": True,
            "STARTTLS": self.offer_starttls and not tls,
            "AUTH PLAIN": self.offer_auth and tls,
            "SMTPUTF8": True,
            REQUIRED_KEYWORD: True,
            KEYWORD: self.offer_metadata,
        }
        return tuple(keyword for keyword, offered in listed.items() if offered)


def refusal_of_parameters(
    command: MailFrom | RcptTo, settings: ServerSettings, *, extended: bool
) -> ReplyHint | None:
    """Why the parameters of a command are refused, or None when they are right.

    Args:
        command: MAIL or RCPT.
        settings: the settings of the session.
        extended: whether EHLO or LHLO succeeded; after HELO there are no parameters.
    """
    has_parameters = extended and isinstance(command, MailFrom)
    for parameter in command.parameters:
        form = _MAIL_PARAMETERS.get(parameter.keyword)
        if form is None or not has_parameters:
            return _UNKNOWN_PARAMETER
        value = parameter.value or ""
        if form.fullmatch(value) is None:
            return _BAD_VALUE
        if parameter.keyword == "SIZE" and int(value) > settings.limits.max_message_octets:
            return _TOO_LARGE
    return None
