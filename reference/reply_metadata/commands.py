"""The commands of SMTP and LMTP as frozen events: what a client sends and a server reads.

Rule 1: a command that can be built can be sent: its octets are one line of ASCII ending in CRLF.
Rule 2: `parse_command` takes what `to_octets` gives, with any case of the verb, and nothing laxer:
no space after the colon, no bare path, no 8-bit octet (RFC 5321, Sections 3.3 and 4.1.1).
Rule 3: a refused line says what a server answers to it (`reply_hint`).
"""

from __future__ import annotations

import re
from collections.abc import Callable
from dataclasses import dataclass
from enum import Enum
from typing import Final

from reply_metadata.errors import LocalProtocolError, RemoteProtocolError, ReplyHint, shown
from reply_metadata.paths import Path, PathSyntaxError, is_domain, split_path

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


class CommandSyntaxError(RemoteProtocolError):
    """A command line that cannot be read; `reply_hint` is the answer to it."""


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
class Quit:
    """QUIT: the client goes after the answer (RFC 5321, Section 4.1.1.10)."""

    def to_octets(self) -> bytes:
        """The command line."""
        return b"QUIT\r\n"


Command = Hello | MailFrom | RcptTo | StartData | Reset | Noop | Verify | Quit

UNKNOWN_COMMAND: Final = ReplyHint(500, "5.5.2", "Command not recognized")
NOT_IMPLEMENTED: Final = ReplyHint(502, "5.5.1", "Command not implemented")
BAD_ARGUMENTS: Final = ReplyHint(501, "5.5.4", "Syntax error in arguments")
BAD_SENDER: Final = ReplyHint(501, "5.1.7", "Bad sender address syntax")
BAD_RECIPIENT: Final = ReplyHint(501, "5.1.3", "Bad recipient address syntax")

_NOT_IMPLEMENTED_VERBS: Final = frozenset(
    {"AUTH", "BDAT", "BURL", "ETRN", "EXPN", "HELP", "SAML", "SEND", "SOML", "STARTTLS", "TURN"}
)


def parse_command(line: bytes) -> Command:
    """The command one line is, given without its CRLF.

    RFC 5321, Section 4.1.1.

    Raises:
        CommandSyntaxError: it is none; `reply_hint` is the answer.
    """
    if not line.isascii() or any(octet < 0x20 or octet == 0x7F for octet in line):
        raise CommandSyntaxError(
            f"a command is printable ASCII: {shown(line)}", reply_hint=UNKNOWN_COMMAND
        )
    verb, _, argument = line.partition(b" ")
    name = verb.decode("ascii").upper()
    reader = _READERS.get(name)
    if reader is None:
        known = name in _NOT_IMPLEMENTED_VERBS
        hint = NOT_IMPLEMENTED if known else UNKNOWN_COMMAND
        raise CommandSyntaxError(f"no such command: {shown(line)}", reply_hint=hint)
    try:
        return reader(name, argument)
    except LocalProtocolError as error:
        raise CommandSyntaxError(str(error), reply_hint=BAD_ARGUMENTS) from error


def _read_hello(name: str, argument: bytes) -> Command:
    return Hello(HelloVerb(name), argument.decode("ascii").rstrip(" "))


def _read_mail(_name: str, argument: bytes) -> Command:
    octets, parameters = _path_and_parameters(argument, b"FROM:")
    try:
        return MailFrom(Path.parse(octets), parameters)
    except (PathSyntaxError, LocalProtocolError) as error:
        raise CommandSyntaxError(str(error), reply_hint=BAD_SENDER) from error


def _read_rcpt(_name: str, argument: bytes) -> Command:
    octets, parameters = _path_and_parameters(argument, b"TO:")
    try:
        return RcptTo(Path.parse(octets), parameters)
    except (PathSyntaxError, LocalProtocolError) as error:
        raise CommandSyntaxError(str(error), reply_hint=BAD_RECIPIENT) from error


def _read_bare(name: str, argument: bytes) -> Command:
    if argument.strip():
        raise CommandSyntaxError(f"{name} has no argument", reply_hint=BAD_ARGUMENTS)
    bare: dict[str, Command] = {"DATA": StartData(), "RSET": Reset(), "QUIT": Quit()}
    return bare[name]


def _read_noop(_name: str, argument: bytes) -> Command:
    return Noop(argument.decode("ascii"))


def _read_verify(_name: str, argument: bytes) -> Command:
    return Verify(argument.decode("ascii"))


_READERS: Final[dict[str, Callable[[str, bytes], Command]]] = {
    "HELO": _read_hello,
    "EHLO": _read_hello,
    "LHLO": _read_hello,
    "MAIL": _read_mail,
    "RCPT": _read_rcpt,
    "DATA": _read_bare,
    "RSET": _read_bare,
    "QUIT": _read_bare,
    "NOOP": _read_noop,
    "VRFY": _read_verify,
}


def _path_and_parameters(argument: bytes, prefix: bytes) -> tuple[bytes, tuple[Parameter, ...]]:
    """The path and the parameters after `FROM:` or `TO:`."""
    if argument[: len(prefix)].upper() != prefix:
        raise CommandSyntaxError(
            f"{prefix.decode('ascii')} is missing: {shown(argument)}", reply_hint=BAD_ARGUMENTS
        )
    parts = split_path(argument[len(prefix) :].rstrip(b" "))
    if parts is None:
        raise CommandSyntaxError(f"no path: {shown(argument)}", reply_hint=BAD_ARGUMENTS)
    octets, rest = parts
    parameters = []
    for word in rest.decode("ascii").split():
        keyword, separator, value = word.partition("=")
        parameters.append(Parameter(keyword, value if separator else None))
    if len({item.keyword for item in parameters}) != len(parameters):
        raise CommandSyntaxError(
            f"a parameter stands twice: {shown(argument)}", reply_hint=BAD_ARGUMENTS
        )
    return octets, tuple(parameters)


def _line(text: str) -> bytes:
    return text.encode("ascii") + b"\r\n"


def _path_line(verb: str, path: Path, parameters: tuple[Parameter, ...]) -> bytes:
    return _line(" ".join([f"{verb}:{path.to_octets().decode('ascii')}", *map(str, parameters)]))


def _check_text(text: str) -> None:
    if _TEXT.fullmatch(text) is None:
        raise LocalProtocolError(f"{text!r} is not printable ASCII")
