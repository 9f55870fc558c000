"""The commands of SMTP and LMTP as frozen events: what a client sends and a server reads.

Rule: a command that can be built can be sent: its octets are one line ending in CRLF, of ASCII but
for the paths of a transaction with SMTPUTF8.
Reading them is `command_lines`.
"""

from __future__ import annotations

import re
from dataclasses import dataclass, field
from enum import Enum
from typing import Final

from reply_metadata.credentials import PlainCredentials
from reply_metadata.errors import LocalProtocolError
from reply_metadata.paths import Path, is_domain

_KEYWORD: Final = re.compile(r"[A-Za-z0-9][A-Za-z0-9-]*")
_PARAMETER_VALUE: Final = re.compile(r"[\x21-\x3c\x3e-\x7e]+")
_TEXT: Final = re.compile(r"[\x20-\x7e]*")
_EXTENSION_OF_PARAMETER: Final = {
    "BODY": "8BITMIME",  # RFC 6152
    **dict.fromkeys(("RET", "ENVID", "NOTIFY", "ORCPT"), "DSN"),  # RFC 3461
}


class HelloVerb(Enum):
    """The three greetings of a client (RFC 5321, Section 4.1.1.1; RFC 2033, Section 4.1)."""

    HELO = "HELO"
    EHLO = "EHLO"
    LHLO = "LHLO"


@dataclass(frozen=True, slots=True)
class Parameter:
    """A parameter of MAIL or RCPT: RFC 5321, Section 4.1.2, esmtp-param.

    Args:
        keyword: kept in upper case, since case has no meaning in it.
        value: None when there is no "=".
    """

    keyword: str
    value: str | None = None

    def __post_init__(self) -> None:
        if _KEYWORD.fullmatch(self.keyword) is None:
            raise LocalProtocolError(f"{self.keyword!r} is no esmtp-keyword")
        if self.value is not None and _PARAMETER_VALUE.fullmatch(self.value) is None:
            raise LocalProtocolError(f"{self.value!r} is no esmtp-value")
        object.__setattr__(self, "keyword", self.keyword.upper())

    @property
    def extension(self) -> str:
        """The EHLO keyword of the extension the parameter belongs to; most have its own name."""
        return _EXTENSION_OF_PARAMETER.get(self.keyword, self.keyword)

    def __str__(self) -> str:
        return self.keyword if self.value is None else f"{self.keyword}={self.value}"


@dataclass(frozen=True, slots=True)
class Hello:
    """HELO, EHLO or LHLO with the client's domain or address literal."""

    verb: HelloVerb
    domain: str

    def __post_init__(self) -> None:
        if not is_domain(self.domain):
            raise LocalProtocolError(f"{self.domain!r} is no domain or address literal")

    def to_octets(self) -> bytes:
        """The command line."""
        return _line(f"{self.verb.value} {self.domain}")


@dataclass(frozen=True, slots=True)
class MailFrom:
    """MAIL: the reverse-path and the parameters of a transaction (RFC 5321, Section 4.1.1.2)."""

    sender: Path
    parameters: tuple[Parameter, ...] = ()

    def __post_init__(self) -> None:
        if not self.sender.domain and not self.sender.is_null:
            raise LocalProtocolError("only a recipient may be <Postmaster> without a domain")
        if self.sender.needs_smtputf8 and not self.smtputf8:
            raise LocalProtocolError("a sender that is not ASCII needs SMTPUTF8")

    @property
    def smtputf8(self) -> bool:
        """Whether the paths of the transaction may be UTF-8 (RFC 6531, Section 3.4)."""
        return any(one.keyword == "SMTPUTF8" for one in self.parameters)

    def to_octets(self) -> bytes:
        """The command line."""
        return _path_line("MAIL FROM", self.sender, self.parameters)


@dataclass(frozen=True, slots=True)
class RcptTo:
    """RCPT: one recipient of the transaction (RFC 5321, Section 4.1.1.3)."""

    recipient: Path
    parameters: tuple[Parameter, ...] = ()

    def __post_init__(self) -> None:
        if self.recipient.is_null:
            raise LocalProtocolError("a recipient is not the null path")

    def to_octets(self) -> bytes:
        """The command line."""
        return _path_line("RCPT TO", self.recipient, self.parameters)


@dataclass(frozen=True, slots=True)
class StartData:
    """DATA: the content follows when the answer is 354 (RFC 5321, Section 4.1.1.4)."""

    def to_octets(self) -> bytes:
        """The command line."""
        return b"DATA\r\n"


@dataclass(frozen=True, slots=True)
class Chunk:
    """BDAT and its octets, counted and never looked at (RFC 3030, Section 2).

    Args:
        octets: part of the content; no dot is stuffed.
        last: whether the content ends here.
    """

    octets: bytes = field(repr=False)
    last: bool = False

    def to_octets(self) -> bytes:
        """The command line and the chunk."""
        return b"BDAT %d%s\r\n" % (len(self.octets), b" LAST" * self.last) + self.octets


@dataclass(frozen=True, slots=True)
class Reset:
    """RSET: the transaction is dropped (RFC 5321, Section 4.1.1.5)."""

    def to_octets(self) -> bytes:
        """The command line."""
        return b"RSET\r\n"


@dataclass(frozen=True, slots=True)
class Noop:
    """NOOP: nothing but an answer (RFC 5321, Section 4.1.1.9)."""

    argument: str = ""

    def __post_init__(self) -> None:
        _check_text(self.argument)

    def to_octets(self) -> bytes:
        """The command line."""
        return _line(f"NOOP {self.argument}".rstrip())


@dataclass(frozen=True, slots=True)
class Verify:
    """VRFY, which every server answers somehow (RFC 5321, Sections 3.5 and 4.5.1)."""

    argument: str

    def __post_init__(self) -> None:
        _check_text(self.argument)
        if not self.argument.strip():
            raise LocalProtocolError("VRFY has an argument")

    def to_octets(self) -> bytes:
        """The command line."""
        return _line(f"VRFY {self.argument}")


@dataclass(frozen=True, slots=True)
class Help:
    """HELP, with which people look around (RFC 5321, Section 4.1.1.8)."""

    argument: str = ""

    def __post_init__(self) -> None:
        _check_text(self.argument)

    def to_octets(self) -> bytes:
        """The command line."""
        return _line(f"HELP {self.argument}".rstrip())


@dataclass(frozen=True, slots=True)
class StartTls:
    """STARTTLS: the TLS handshake follows when the answer is 220 (RFC 3207, Section 4)."""

    def to_octets(self) -> bytes:
        """The command line."""
        return b"STARTTLS\r\n"


@dataclass(frozen=True, slots=True)
class Authenticate:
    """AUTH PLAIN (RFC 4954, Section 4; RFC 4616).

    Args:
        credentials: the initial response; None: the server asks for them with 334.
    """

    credentials: PlainCredentials | None = None

    def to_octets(self) -> bytes:
        """The command line."""
        if self.credentials is None:
            return b"AUTH PLAIN\r\n"
        return b"AUTH PLAIN " + self.credentials.to_octets() + b"\r\n"


@dataclass(frozen=True, slots=True)
class AuthResponse:
    """The line a client sends after 334 (RFC 4954, Section 4).

    Args:
        credentials: None: the client gives up, with "*".
    """

    credentials: PlainCredentials | None = None

    def to_octets(self) -> bytes:
        """The line."""
        return (b"*" if self.credentials is None else self.credentials.to_octets()) + b"\r\n"


@dataclass(frozen=True, slots=True)
class Quit:
    """QUIT: the client goes after the answer (RFC 5321, Section 4.1.1.10)."""

    def to_octets(self) -> bytes:
        """The command line."""
        return b"QUIT\r\n"


Command = (
    Hello
    | StartTls
    | Authenticate
    | AuthResponse
    | MailFrom
    | RcptTo
    | StartData
    | Chunk
    | Reset
    | Noop
    | Verify
    | Help
    | Quit
)


def _line(text: str) -> bytes:
    return text.encode("utf-8") + b"\r\n"


def _path_line(verb: str, path: Path, parameters: tuple[Parameter, ...]) -> bytes:
    return _line(" ".join([f"{verb}:{path.to_octets().decode('utf-8')}", *map(str, parameters)]))


def _check_text(text: str) -> None:
    if _TEXT.fullmatch(text) is None:
        raise LocalProtocolError(f"{text!r} is not printable ASCII")
