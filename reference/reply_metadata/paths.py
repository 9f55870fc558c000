"""Paths and mailboxes as RFC 5321, Section 4.1.2, has them: parsed whole or refused.

Rule 1: a path is found in a command with its quoted strings understood, so that a ">" or a space
inside quotes ends nothing (`RCPT TO:<"a> [REFERRAL smtp://evil.example/] "@example.org>`).
Rule 2: octets above 127 are UTF-8 as RFC 6531, Section 3.3, adds it, without C1 controls; whether
a transaction may have them is for `smtputf8` to say.
Rule 3: what is kept is text of the grammar below and nothing else; it can be echoed safely.
"""

from __future__ import annotations

import re
from dataclasses import dataclass
from ipaddress import AddressValueError, IPv4Address, IPv6Address
from typing import Final

from reply_metadata.errors import LocalProtocolError

MAX_LOCAL_PART_OCTETS: Final = 64
"""RFC 5321, Section 4.5.3.1.1."""
MAX_DOMAIN_OCTETS: Final = 255
"""RFC 5321, Section 4.5.3.1.2."""
MAX_PATH_OCTETS: Final = 256
"""RFC 5321, Section 4.5.3.1.3: punctuation included."""

# Sets name what they lack, all of it below U+00A0: ranges up to U+10FFFF take long to compile.
# Every repetition below is over one set or begins with an octet its neighbours lack: linear time.
_ATOM: Final = r"[^\x00-\x20\"(),.:;<>@\[\\\]\x7f-\x9f]+"
_DOT_STRING: Final = rf"{_ATOM}(?:\.{_ATOM})*"
_QUOTED_STRING: Final = r'"(?:[^\x00-\x1f"\\\x7f-\x9f]|\\[\x20-\x7e])*"'
_LETTERS: Final = r"[^\x00-/:-@\[-`{-\x9f]+"
_LABEL: Final = rf"{_LETTERS}(?:-+{_LETTERS})*"
_DOMAIN: Final = rf"{_LABEL}(?:\.{_LABEL})*"
_LITERAL: Final = r"\[[\x21-\x5a\x5e-\x7e]+\]"
_ROUTE: Final = rf"@{_DOMAIN}(?:,@{_DOMAIN})*:"

_DOMAIN_OR_LITERAL: Final = re.compile(rf"(?:{_DOMAIN}|{_LITERAL})")
_MAILBOX: Final = re.compile(
    rf"(?:{_ROUTE})?(?P<local>{_DOT_STRING}|{_QUOTED_STRING})@(?P<domain>{_DOMAIN}|{_LITERAL})"
    r"|(?P<alone>(?ai:postmaster)?)"
)


class PathSyntaxError(LocalProtocolError, ValueError):
    """No path of RFC 5321, or longer than its limits, or none that may stand there."""


class SmtpUtf8Needed(PathSyntaxError):
    """A path that may stand only in a transaction with SMTPUTF8 (RFC 6531)."""


@dataclass(frozen=True, slots=True)
class Path:
    """A forward-path or reverse-path: RFC 5321, Section 4.1.2.

    A source route is taken off when read, as Section 4.1.1.3 and Appendix C advise.

    Args:
        local_part: as written, quotes included; "" only in the null reverse-path.
        domain: domain or address literal as written; "" only in `<>` and `<Postmaster>`.
    """

    local_part: str
    domain: str

    def __post_init__(self) -> None:
        if _parts(self.mailbox) != (self.local_part, self.domain):
            raise PathSyntaxError(f"{self.mailbox!r} has other parts")

    @classmethod
    def of(cls, mailbox: str) -> Path:
        """The path of a mailbox written without "<" and ">", as people write it.

        Raises:
            PathSyntaxError: it is none.
        """
        return cls(*_parts(mailbox))

    @property
    def mailbox(self) -> str:
        """The path without "<" and ">"."""
        return f"{self.local_part}@{self.domain}" if self.domain else self.local_part

    @property
    def is_null(self) -> bool:
        """Whether it is the null reverse-path `<>` (RFC 5321, Section 4.5.5)."""
        return not self.local_part

    def to_octets(self) -> bytes:
        """The path as sent, "<" and ">" included."""
        return b"<" + self.mailbox.encode("utf-8") + b">"

    @property
    def needs_smtputf8(self) -> bool:
        """Whether it may stand only in a transaction with SMTPUTF8 (RFC 6531)."""
        return not self.mailbox.isascii()

    def same_mailbox(self, other: Path) -> bool:
        """Whether both name one mailbox: domains without regard to case (RFC 5321, Section 2.4)."""
        return self.local_part == other.local_part and self.domain.lower() == other.domain.lower()


def _parts(mailbox: str) -> tuple[str, str]:
    """Local part and domain of what stands between "<" and ">"."""
    match = _MAILBOX.fullmatch(mailbox)
    if match is None or any("\ud800" <= one <= "\udfff" for one in mailbox):
        raise PathSyntaxError(f"{mailbox!r} is no mailbox")
    if len(mailbox.encode("utf-8")) > MAX_PATH_OCTETS - 2:
        raise PathSyntaxError(f"the path is longer than {MAX_PATH_OCTETS} octets")
    if match["domain"] is None:
        return match["alone"], ""
    local_part, domain = match["local"], match["domain"]
    if len(local_part.encode("utf-8")) > MAX_LOCAL_PART_OCTETS:
        raise PathSyntaxError(f"the local part is longer than {MAX_LOCAL_PART_OCTETS} octets")
    if domain.isascii() and not is_domain(domain):
        raise PathSyntaxError(f"{domain!r} is no domain or address literal")
    return local_part, domain


def is_domain(text: str) -> bool:
    """Whether the text is a Domain or an IPv4 or IPv6 address-literal of RFC 5321."""
    if len(text) > MAX_DOMAIN_OCTETS or not text.isascii():
        return False
    if _DOMAIN_OR_LITERAL.fullmatch(text) is None:
        return False
    if text.startswith("["):
        literal = text[1:-1]
        try:
            if literal[:5].lower() == "ipv6:":
                IPv6Address(literal[5:])
            else:
                IPv4Address(literal)
        except AddressValueError:
            return False
    return True


NULL_PATH: Final = Path("", "")
