"""Command lines as a server reads them: one line, one command, or the answer to what is none.

Rule 1: `parse_command` takes what `to_octets` gives, with any case of the verb, and nothing laxer:
no space after the colon, no bare path (RFC 5321, Sections 3.3 and 4.1.1), and no 8-bit octet but in
the paths of MAIL and RCPT, which are UTF-8 then (RFC 6531, Section 3.3).
Rule 2: no line that may hold a password is shown in an error.
Rule 3: a refused line says what a server answers to it (`reply_hint`).
"""

from __future__ import annotations

import re
from collections.abc import Mapping
from functools import lru_cache
from typing import Final, NamedTuple

from reply_metadata import commands, errors
from reply_metadata.commands import Authenticate, AuthResponse, Command, Hello, HelloVerb, Parameter
from reply_metadata.credentials import CredentialsSyntaxError, PlainCredentials
from reply_metadata.errors import LocalProtocolError, RemoteProtocolError, ReplyHint, shown
from reply_metadata.paths import MAX_PATH_OCTETS, Path, PathSyntaxError, SmtpUtf8Needed


class CommandSyntaxError(errors.CommandRefused):
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

_NOT_IMPLEMENTED_VERBS: Final = frozenset({"BURL", "ETRN", "EXPN", "SAML", "SEND", "SOML", "TURN"})
_BARE: Final = {
    kind.name: kind
    for kind in (commands.StartTls, commands.StartData, commands.Reset, commands.Quit)
}
_WITH_TEXT: Final = {kind.name: kind for kind in (commands.Noop, commands.Verify, commands.Help)}
_HINTS: Final[Mapping[tuple[type[LocalProtocolError], str], ReplyHint]] = {
    (PathSyntaxError, "MAIL"): BAD_SENDER,
    (PathSyntaxError, "RCPT"): BAD_RECIPIENT,
    (SmtpUtf8Needed, "MAIL"): NEEDS_SMTPUTF8,
}

_CONTROL: Final = re.compile(rb"[\x00-\x1f\x7f]")
_CHUNK_HEADER: Final = re.compile(rb"(?i:BDAT) ([0-9]{1,20})(?: ((?i:LAST)))? *")
# Inside quotes neither ">" nor a space ends the path; "++" gives nothing back.
_PATH: Final = re.compile(r'<((?:[^ "<>\\]++|"(?:[^"\\]++|\\[\x20-\x7e])*")*)>')


def parse_command(line: bytes) -> Command:
    """The command one line is, given without its CRLF.

    RFC 5321, Section 4.1.1.

    Raises:
        CommandSyntaxError: it is none; `reply_hint` is the answer.
    """
    # The same few come over and over, as long as RFC 5321, Section 4.5.3.1.4, has them at most.
    remembered = len(line) <= 512 and line[:4].upper() != b"AUTH"  # it may hold a password
    return _parse_again(line) if remembered else _parse(line)


def _parse(line: bytes) -> Command:
    verb, _, argument = line.partition(b" ")
    name = verb.upper().decode("latin-1")
    if _CONTROL.search(line) or not (line.isascii() or name in ("MAIL", "RCPT")):
        raise CommandSyntaxError(
            f"a command is printable ASCII: {_shown(line)}", reply_hint=UNKNOWN_COMMAND
        )
    try:
        command = _command(name, argument.decode("utf-8", "surrogateescape"))
    except LocalProtocolError as error:
        hint = _HINTS.get((type(error), name), BAD_ARGUMENTS)
        raise CommandSyntaxError(str(error), reply_hint=hint) from error
    if command is None:
        hint = NOT_IMPLEMENTED if name in _NOT_IMPLEMENTED_VERBS else UNKNOWN_COMMAND
        raise CommandSyntaxError(f"no such command: {_shown(line)}", reply_hint=hint)
    return command


_parse_again = lru_cache(maxsize=256)(_parse)


def _command(name: str, argument: str) -> Command | None:
    """The command, or None when there is no such verb."""
    if name in _WITH_TEXT:
        return _WITH_TEXT[name](argument)
    if name in _BARE:
        if argument.strip():
            raise LocalProtocolError(f"{name} has no argument")
        return _BARE[name]()
    match name:
        case "HELO" | "EHLO" | "LHLO":
            return Hello(HelloVerb(name), argument.rstrip(" "))
        case "MAIL":
            return commands.MailFrom(*_path_and_parameters("FROM:", argument))
        case "RCPT":
            return commands.RcptTo(*_path_and_parameters("TO:", argument))
        case "AUTH":
            mechanism, separator, response = argument.partition(" ")
            if mechanism.upper() != "PLAIN":
                raise CommandSyntaxError("AUTH: not PLAIN", reply_hint=NO_SUCH_MECHANISM)
            return Authenticate(_credentials(response.encode("ascii")) if separator else None)
    return None


def _path_and_parameters(prefix: str, argument: str) -> tuple[Path, tuple[Parameter, ...]]:
    """The path and the parameters after `FROM:` or `TO:`."""
    after_prefix = argument[len(prefix) :]
    # What is much longer than a path may be is not searched for one.
    match = _PATH.match(after_prefix, 0, 4 * MAX_PATH_OCTETS)
    rest = after_prefix[match.end() :] if match else ""
    if match is None or rest[:1] not in {"", " "} or argument[: len(prefix)].upper() != prefix:
        raise LocalProtocolError(f"{prefix} and a path are missing")
    words = [word.partition("=") for word in rest.split(" ") if word]
    parameters = [Parameter(keyword, value if found else None) for keyword, found, value in words]
    if len({item.keyword for item in parameters}) != len(parameters):
        raise LocalProtocolError("a parameter stands twice")
    return Path.of(match[1]), tuple(parameters)


class ChunkHeader(NamedTuple):
    """The line of a BDAT: how many octets follow it, and whether they are the last."""

    size: int
    last: bool


def parse_chunk_header(line: bytes) -> ChunkHeader | None:
    """The BDAT a line is (RFC 3030, Section 2), or None when it is another command.

    Raises:
        RemoteProtocolError: what follows BDAT is wrong: where its chunk ends is not known, and it
            must not be read as commands.
    """
    if line[:4].upper() != b"BDAT":
        return None
    match = _CHUNK_HEADER.fullmatch(line)
    if match is None:
        raise RemoteProtocolError(f"no size of a chunk: {shown(line)}", reply_hint=BAD_ARGUMENTS)
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
