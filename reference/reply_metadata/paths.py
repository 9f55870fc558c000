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

MAX_LOCAL_PART_OCTETS: Final = 64
"""RFC 5321, Section 4.5.3.1.1."""
MAX_DOMAIN_OCTETS: Final = 255
"""RFC 5321, Section 4.5.3.1.2."""
MAX_PATH_OCTETS: Final = 256
"""RFC 5321, Section 4.5.3.1.3: punctuation included."""

_UTF8: Final = "\u00a0-\ud7ff\ue000-\U0010ffff"
# Every repetition below is over one set or begins with an octet its neighbours lack: linear time.
_ATOM: Final = rf"[A-Za-z0-9!#$%&'*+/=?^_`{{|}}~{_UTF8}-]+"
_DOT_STRING: Final = rf"{_ATOM}(?:\.{_ATOM})*"
_QUOTED_STRING: Final = rf'"(?:[\x20\x21\x23-\x5b\x5d-\x7e{_UTF8}]|\\[\x20-\x7e])*"'
_LABEL: Final = rf"[A-Za-z0-9{_UTF8}]+(?:-+[A-Za-z0-9{_UTF8}]+)*"
_DOMAIN: Final = rf"{_LABEL}(?:\.{_LABEL})*"
_LITERAL: Final = r"\[[\x21-\x5a\x5e-\x7e]+\]"
_ROUTE: Final = rf"@{_DOMAIN}(?:,@{_DOMAIN})*:"

_MAILBOX: Final = re.compile(
    rf"(?:{_ROUTE})?(?P<local>{_DOT_STRING}|{_QUOTED_STRING})@(?P<domain>{_DOMAIN}|{_LITERAL})"
)
_DOMAIN_OR_LITERAL: Final = re.compile(rf"(?:{_DOMAIN}|{_LITERAL})")
_PATH_THEN_REST: Final = re.compile(
    rb"(<(?:[\x21\x23-\x3b\x3d\x3f-\x5b\x5d-\x7e\x80-\xff]"
    rb'|"(?:[\x20\x21\x23-\x5b\x5d-\x7e\x80-\xff]|\\[\x20-\x7e])*")*>)'
    rb"(?: (.+))?",
    re.DOTALL,
)


class PathSyntaxError(ValueError):
    """The octets are no path of RFC 5321, or longer than its limits."""


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
        if not self.domain:
            if self.local_part and self.local_part.lower() != "postmaster":
                raise PathSyntaxError(f"{self.local_part!r} has no domain")
            return
        match = _MAILBOX.fullmatch(self.mailbox)
        if match is None or match["local"] != self.local_part:
            raise PathSyntaxError(f"{self.mailbox!r} is no mailbox")
        if len(self.local_part.encode("utf-8")) > MAX_LOCAL_PART_OCTETS:
            raise PathSyntaxError("the local part is longer than 64 octets")
        if self.domain.isascii() and not is_domain(self.domain):
            raise PathSyntaxError(f"{self.domain!r} is no domain or address literal")
        if len(self.to_octets()) > MAX_PATH_OCTETS:
            raise PathSyntaxError("the path is longer than 256 octets")

    @classmethod
    def parse(cls, octets: bytes) -> Path:
        """The path these octets are, "<" and ">" included.

        Raises:
            PathSyntaxError: they are none.
        """
        if octets[:1] != b"<" or octets[-1:] != b">":
            raise PathSyntaxError("a path stands between < and >")
        if len(octets) > MAX_PATH_OCTETS:
            raise PathSyntaxError("the path is longer than 256 octets")
        try:
            text = octets[1:-1].decode("utf-8")
        except UnicodeDecodeError as error:
            raise PathSyntaxError("a path is ASCII or UTF-8") from error
        if text == "" or text.lower() == "postmaster":
            return cls(text, "")
        match = _MAILBOX.fullmatch(text)
        if match is None:
            raise PathSyntaxError(f"{text!r} is no mailbox")
        return cls(match["local"], match["domain"])

    @classmethod
    def of(cls, mailbox: str) -> Path:
        """The path of a mailbox written without "<" and ">", as people write it."""
        try:
            return cls.parse(b"<" + mailbox.encode("utf-8") + b">")
        except UnicodeEncodeError as error:
            raise PathSyntaxError(f"{mailbox!r} is no Unicode text") from error

    @property
    def mailbox(self) -> str:
        """The path without "<" and ">"."""
        return f"{self.local_part}@{self.domain}" if self.domain else self.local_part

    @property
    def is_null(self) -> bool:
        """Whether it is the null reverse-path `<>` (RFC 5321, Section 4.5.5)."""
        return not self.local_part and not self.domain

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


NULL_PATH: Final = Path("", "")


def split_path(argument: bytes) -> tuple[bytes, bytes] | None:
    """The path an argument of MAIL or RCPT begins with, and what follows its space; or None."""
    match = _PATH_THEN_REST.fullmatch(argument)
    return None if match is None else (match[1], match[2] or b"")


def is_domain(text: str) -> bool:
    """Whether the text is a Domain or an IPv4 or IPv6 address-literal of RFC 5321."""
    if (
        len(text) > MAX_DOMAIN_OCTETS
        or not text.isascii()
        or _DOMAIN_OR_LITERAL.fullmatch(text) is None
    ):
        return False
    if not text.startswith("["):
        return True
    literal = text[1:-1]
    try:
        if literal[:5].lower() == "ipv6:":
            IPv6Address(literal[5:])
        else:
            IPv4Address(literal)
    except AddressValueError:
        return False
    return True
