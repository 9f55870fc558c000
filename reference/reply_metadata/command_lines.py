"""Command lines as a server reads them: one line, one command, or the answer to what is none.

Rule 1: `parse_command` takes what `to_octets` gives, with any case of the verb, and nothing laxer:
no space after the colon, no bare path (RFC 5321, Sections 3.3 and 4.1.1), and no 8-bit octet but in
the paths of MAIL and RCPT, which are UTF-8 then (RFC 6531, Section 3.3).
Rule 2: no line that may hold a password is shown in an error.
Rule 3: a refused line says what a server answers to it (`reply_hint`).
"""

from __future__ import annotations

import re
from collections.abc import Callable
from typing import Final, NamedTuple

from reply_metadata.commands import (
    Authenticate,
    AuthResponse,
    Command,
    Hello,
    HelloVerb,
    Help,
    MailFrom,
    Noop,
    Parameter,
    Quit,
    RcptTo,
    Reset,
    StartData,
    StartTls,
    Verify,
)
from reply_metadata.credentials import CredentialsSyntaxError, PlainCredentials
from reply_metadata.errors import LocalProtocolError, RemoteProtocolError, ReplyHint, shown
from reply_metadata.paths import Path, PathSyntaxError, split_path


class CommandSyntaxError(RemoteProtocolError):
    """A command line that cannot be read; `reply_hint` is the answer to it."""


UNKNOWN_COMMAND: Final = ReplyHint(500, "5.5.2", "Command not recognized")
NOT_IMPLEMENTED: Final = ReplyHint(502, "5.5.1", "Command not implemented")
BAD_ARGUMENTS: Final = ReplyHint(501, "5.5.4", "Syntax error in arguments")
NO_SUCH_MECHANISM: Final = ReplyHint(504, "5.5.4", "Only PLAIN is known")
BAD_CREDENTIALS: Final = ReplyHint(501, "5.5.2", "Cannot read the credentials")
CANCELLED: Final = ReplyHint(501, "5.7.0", "Authentication cancelled")
NEEDS_SMTPUTF8: Final = ReplyHint(553, "5.6.7", "That address needs SMTPUTF8")
BAD_SENDER: Final = ReplyHint(501, "5.1.7", "Bad sender address syntax")
BAD_RECIPIENT: Final = ReplyHint(501, "5.1.3", "Bad recipient address syntax")

_VERBS_WITH_PATHS: Final = frozenset({b"MAIL ", b"RCPT "})
_CHUNK_HEADER: Final = re.compile(rb"(?i:BDAT) ([0-9]{1,20})(?: ((?i:LAST)))? *")
_NOT_IMPLEMENTED_VERBS: Final = frozenset({"BURL", "ETRN", "EXPN", "SAML", "SEND", "SOML", "TURN"})


def parse_command(line: bytes) -> Command:
    """The command one line is, given without its CRLF.

    RFC 5321, Section 4.1.1.

    Raises:
        CommandSyntaxError: it is none; `reply_hint` is the answer.
    """
    may_be_utf8 = line[:5].upper() in _VERBS_WITH_PATHS
    if not (line.isascii() or may_be_utf8) or any(octet < 0x20 or octet == 0x7F for octet in line):
        raise CommandSyntaxError(
            f"a command is printable ASCII: {_shown(line)}", reply_hint=UNKNOWN_COMMAND
        )
    verb, _, argument = line.partition(b" ")
    name = verb.decode("ascii").upper()
    reader = _READERS.get(name)
    if reader is None:
        known = name in _NOT_IMPLEMENTED_VERBS
        hint = NOT_IMPLEMENTED if known else UNKNOWN_COMMAND
        raise CommandSyntaxError(f"no such command: {_shown(line)}", reply_hint=hint)
    try:
        return reader(name, argument)
    except LocalProtocolError as error:
        raise CommandSyntaxError(str(error), reply_hint=BAD_ARGUMENTS) from error


class ChunkHeader(NamedTuple):
    """The line of a BDAT: how many octets follow it, and whether they are the last."""

    size: int
    last: bool


def parse_chunk_header(line: bytes) -> ChunkHeader | None:
    """The BDAT a line is (RFC 3030, Section 2), or None when it is another command.

    Raises:
        CommandSyntaxError: what follows BDAT is wrong: where its chunk ends is not known.
    """
    if line[:4].upper() != b"BDAT":
        return None
    match = _CHUNK_HEADER.fullmatch(line)
    if match is None:
        raise CommandSyntaxError(f"no size of a chunk: {shown(line)}", reply_hint=BAD_ARGUMENTS)
    return ChunkHeader(int(match[1]), match[2] is not None)


def parse_auth_response(line: bytes) -> AuthResponse:
    """The line after 334, without its CRLF (RFC 4954, Section 4).

    Raises:
        CommandSyntaxError: it holds no credentials, or the client gave up.
    """
    if line == b"*":
        raise CommandSyntaxError("the client gave up", reply_hint=CANCELLED)
    return AuthResponse(_credentials(line))


def _credentials(octets: bytes) -> PlainCredentials:
    try:
        return PlainCredentials.parse(octets)
    except CredentialsSyntaxError as error:
        raise CommandSyntaxError(f"AUTH: {error}", reply_hint=BAD_CREDENTIALS) from error


def _shown(line: bytes) -> str:
    """A line for an error text; of AUTH only the verb."""
    return "AUTH and more" if line[:4].upper() == b"AUTH" else shown(line)


def _read_auth(_name: str, argument: bytes) -> Command:
    mechanism, separator, response = argument.partition(b" ")
    if mechanism.upper() != b"PLAIN":
        raise CommandSyntaxError("AUTH: not PLAIN", reply_hint=NO_SUCH_MECHANISM)
    return Authenticate(_credentials(response) if separator else None)


def _read_hello(name: str, argument: bytes) -> Command:
    return Hello(HelloVerb(name), argument.decode("ascii").rstrip(" "))


def _read_mail(_name: str, argument: bytes) -> Command:
    octets, parameters = _path_and_parameters(argument, b"FROM:")
    try:
        sender = Path.parse(octets)
        if sender.needs_smtputf8 and not any(one.keyword == "SMTPUTF8" for one in parameters):
            raise CommandSyntaxError("a sender in UTF-8, no SMTPUTF8", reply_hint=NEEDS_SMTPUTF8)
        return MailFrom(sender, parameters)
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
    return _BARE[name]


def _read_text(name: str, argument: bytes) -> Command:
    kinds: dict[str, Callable[[str], Command]] = {"NOOP": Noop, "VRFY": Verify, "HELP": Help}
    return kinds[name](argument.decode("ascii"))


_BARE: Final[dict[str, Command]] = {
    "STARTTLS": StartTls(),
    "DATA": StartData(),
    "RSET": Reset(),
    "QUIT": Quit(),
}
_READERS: Final[dict[str, Callable[[str, bytes], Command]]] = {
    **dict.fromkeys(("HELO", "EHLO", "LHLO"), _read_hello),
    "AUTH": _read_auth,
    "MAIL": _read_mail,
    "RCPT": _read_rcpt,
    **dict.fromkeys(_BARE, _read_bare),
    **dict.fromkeys(("NOOP", "VRFY", "HELP"), _read_text),
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
    if not rest.isascii():
        raise CommandSyntaxError("parameters are ASCII", reply_hint=BAD_ARGUMENTS)
    for word in rest.decode("ascii").split():
        keyword, separator, value = word.partition("=")
        parameters.append(Parameter(keyword, value if separator else None))
    if len({item.keyword for item in parameters}) != len(parameters):
        raise CommandSyntaxError(
            f"a parameter stands twice: {shown(argument)}", reply_hint=BAD_ARGUMENTS
        )
    return octets, tuple(parameters)
