"""The commands of SMTP and LMTP as frozen events: what a client sends and a server reads.

Rule: a command that can be built can be sent: its octets are one line ending in CRLF, of ASCII but
for the paths of a transaction with SMTPUTF8.
Reading them is `command_lines`.
"""

from __future__ import annotations

import re
from dataclasses import dataclass, field
from enum import Enum
from typing import ClassVar, Final

from reply_metadata.credentials import PlainCredentials
from reply_metadata.errors import LocalProtocolError
from reply_metadata.extension import LAST_CHUNK
from reply_metadata.paths import Path, PathSyntaxError, SmtpUtf8Needed, is_domain

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

    @property
    def name(self) -> str:
        """The verb."""
        return self.verb.value

    def to_octets(self) -> bytes:
        """The command line."""
        return _line(self.name, self.domain)


@dataclass(frozen=True, slots=True)
class MailFrom:
    """MAIL: the reverse-path and the parameters of a transaction (RFC 5321, Section 4.1.1.2)."""

    name: ClassVar[str] = "MAIL"
    sender: Path
    parameters: tuple[Parameter, ...] = ()

    def __post_init__(self) -> None:
        if not self.sender.domain and not self.sender.is_null:
            raise PathSyntaxError("only a recipient may be <Postmaster> without a domain")
        if self.sender.needs_smtputf8 and not self.smtputf8:
            raise SmtpUtf8Needed("a sender that is not ASCII needs SMTPUTF8")

    @property
    def smtputf8(self) -> bool:
        """Whether the paths of the transaction may be UTF-8 (RFC 6531, Section 3.4)."""
        return any(one.keyword == "SMTPUTF8" for one in self.parameters)

    def to_octets(self) -> bytes:
        """The command line."""
        return _line("MAIL", f"FROM:<{self.sender.mailbox}>", *self.parameters)


@dataclass(frozen=True, slots=True)
class RcptTo:
    """RCPT: one recipient of the transaction (RFC 5321, Section 4.1.1.3)."""

    name: ClassVar[str] = "RCPT"
    recipient: Path
    parameters: tuple[Parameter, ...] = ()

    def __post_init__(self) -> None:
        if self.recipient.is_null:
            raise PathSyntaxError("a recipient is not the null path")

    def to_octets(self) -> bytes:
        """The command line."""
        return _line("RCPT", f"TO:<{self.recipient.mailbox}>", *self.parameters)


@dataclass(frozen=True, slots=True)
class Chunk:
    """BDAT and its octets, counted and never looked at (RFC 3030, Section 2).

    Args:
        octets: part of the content; no dot is stuffed.
        last: whether the content ends here.
    """

    octets: bytes = field(repr=False)
    last: bool = False

    @property
    def name(self) -> str:
        """The verb, with LAST in the last one."""
        return LAST_CHUNK if self.last else "BDAT"

    def to_octets(self) -> bytes:
        """The command line and the chunk."""
        return _line("BDAT", len(self.octets), *["LAST"] * self.last) + self.octets


@dataclass(frozen=True, slots=True)
class Authenticate:
    """AUTH PLAIN (RFC 4954, Section 4; RFC 4616).

    Args:
        credentials: the initial response; None: the server asks for them with 334.
    """

    name: ClassVar[str] = "AUTH"
    credentials: PlainCredentials | None = None

    def to_octets(self) -> bytes:
        """The command line."""
        response = b"" if self.credentials is None else b" " + self.credentials.to_octets()
        return b"AUTH PLAIN" + response + b"\r\n"


@dataclass(frozen=True, slots=True)
class AuthResponse:
    """The line a client sends after 334 (RFC 4954, Section 4).

    Args:
        credentials: None: the client gives up, with "*".
    """

    name: ClassVar[str] = "(AUTH response)"
    credentials: PlainCredentials | None = None

    def to_octets(self) -> bytes:
        """The line."""
        return (b"*" if self.credentials is None else self.credentials.to_octets()) + b"\r\n"


@dataclass(frozen=True, slots=True)
class _Bare:
    """A command that is its verb alone."""

    name: ClassVar[str]

    def to_octets(self) -> bytes:
        """The command line."""
        return _line(self.name)


class StartTls(_Bare):
    """STARTTLS: the TLS handshake follows when the answer is 220 (RFC 3207, Section 4)."""

    __slots__ = ()
    name = "STARTTLS"


class StartData(_Bare):
    """DATA: the content follows when the answer is 354 (RFC 5321, Section 4.1.1.4)."""

    __slots__ = ()
    name = "DATA"


class Reset(_Bare):
    """RSET: the transaction is dropped (RFC 5321, Section 4.1.1.5)."""

    __slots__ = ()
    name = "RSET"


class Quit(_Bare):
    """QUIT: the client goes after the answer (RFC 5321, Section 4.1.1.10)."""

    __slots__ = ()
    name = "QUIT"


@dataclass(frozen=True, slots=True)
class _WithText:
    """A command whose argument is any text."""

    name: ClassVar[str]
    argument: str = ""

    def __post_init__(self) -> None:
        if _TEXT.fullmatch(self.argument) is None:
            raise LocalProtocolError(f"{self.argument!r} is not printable ASCII")

    def to_octets(self) -> bytes:
        """The command line."""
        return _line(self.name, *([self.argument] if self.argument else ()))


class Noop(_WithText):
    """NOOP: nothing but an answer (RFC 5321, Section 4.1.1.9)."""

    __slots__ = ()
    name = "NOOP"


class Help(_WithText):
    """HELP, with which people look around (RFC 5321, Section 4.1.1.8)."""

    __slots__ = ()
    name = "HELP"


class Verify(_WithText):
    """VRFY, which every server answers somehow (RFC 5321, Sections 3.5 and 4.5.1)."""

    __slots__ = ()
    name = "VRFY"

    def __post_init__(self) -> None:
        super().__post_init__()
        if not self.argument.strip():
            raise LocalProtocolError("VRFY has an argument")


BareCommand = StartTls | StartData | Reset | Quit
TextCommand = Noop | Verify | Help
Command = (
    Hello | Authenticate | AuthResponse | MailFrom | RcptTo | Chunk | BareCommand | TextCommand
)


def _line(*words: object) -> bytes:
    return " ".join(map(str, words)).encode("utf-8") + b"\r\n"
