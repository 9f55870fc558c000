"""What a server session says by itself, and the form in which any reply goes to its client.

Rule 1: metadata goes only to a client whose last EHLO or LHLO succeeded (Draft: #where); for any
other client the groups are left out and the reply stays.
Rule 2: every reply to a client that reads metadata has the form for it, and says to the draft's own
reader just what was meant.
"""

from __future__ import annotations

from collections.abc import Mapping
from functools import lru_cache, partial
from typing import Final

from reply_metadata import commands
from reply_metadata._generated import reply_grammar
from reply_metadata.codec import build_reply, parse_reply
from reply_metadata.codec_read import was_read_as_sent
from reply_metadata.commands import Command
from reply_metadata.errors import LocalProtocolError, shown
from reply_metadata.extension import allowed_in
from reply_metadata.groups import NO_METADATA, Metadata
from reply_metadata.server_rules import ServerSettings
from reply_metadata.transitions import DIALECTS, Protocol, Step, command_name
from reply_metadata.values import Reply

_USUAL: Final[Mapping[type[Command], tuple[int, str | None, str]]] = {
    commands.StartTls: (220, "2.0.0", "Ready to start TLS"),
    commands.StartData: (354, None, "Start mail input; end with <CRLF>.<CRLF>"),
    commands.Reset: (250, "2.0.0", "OK"),
    commands.Noop: (250, "2.0.0", "OK"),
    commands.Verify: (252, "2.5.2", "Cannot VRFY user, but will accept message"),
    commands.Help: (214, "2.0.0", "See RFC 5321"),
}
_CHALLENGE: Final = parse_reply(b"334 \r\n", negotiated=False)
"""PLAIN: the server asks nothing but the credentials (RFC 4954, Section 4)."""


def usual_reply(command: Command, protocol: Protocol, settings: ServerSettings, tls: bool) -> Reply:
    """The reply to a command that needs no decision.

    Args:
        command: the command.
        protocol: SMTP or LMTP.
        settings: the settings of the session.
        tls: whether TLS is on.

    Raises:
        LocalProtocolError: it needs one.
    """
    match command:
        case commands.Hello(verb=verb):
            extended = verb is DIALECTS[protocol].extended_verb
            lines = settings.keywords(tls=tls) if extended else ()
            return fixed_reply(250, None, "\n".join((settings.host_name, *lines)))
        case commands.Authenticate(credentials=None):
            return _CHALLENGE
        case commands.Chunk(octets=octets):
            return build_reply(250, "2.0.0", f"{len(octets)} octets received")
        case commands.Quit():
            return fixed_reply(221, "2.0.0", f"{settings.host_name} closing connection")
    if type(command) not in _USUAL:
        raise LocalProtocolError("who uses the session answers MAIL, RCPT and AUTH")
    return fixed_reply(*_USUAL[type(command)])


def octets_for_client(reply: Reply, step: Step, protocol: Protocol, *, negotiated: bool) -> bytes:
    """The reply as the client may get it; Draft: #where, #form-sent.

    Raises:
        LocalProtocolError: it would not be read as what was meant.
    """
    for line in reply._read_lines:
        if line[4]:  # groups, read as such or not
            break
    else:
        return _plain(reply.octets, reply.code, step, protocol, negotiated)
    command, lmtp = command_name(step), protocol is Protocol.LMTP
    if negotiated and allowed_in(reply.code, command):
        if was_read_as_sent(reply, command, lmtp=lmtp) and _has_form(reply.octets):
            return reply.octets  # it was read back just as the client will read it
        return _checked(reply.octets, command, lmtp, reply.metadata)
    if reply.metadata:
        if negotiated:
            raise LocalProtocolError(f"no metadata may stand in {reply.code} to {step.value}")
        reply = _without_metadata(reply.code, reply.enhanced_code, reply.text)
    return _plain(reply.octets, reply.code, step, protocol, False)


_has_form: Final = partial(reply_grammar.match, "reply-with-metadata")


def _checked(
    octets: bytes, command: str | None, lmtp: bool, groups: Metadata = NO_METADATA
) -> bytes:
    """A reply in canonical form, when a client finds just these groups in it."""
    if not _has_form(octets):
        raise LocalProtocolError(f"not in the form with metadata: {shown(octets)}")
    read = parse_reply(octets, negotiated=True, command=command, lmtp=lmtp)
    if read.metadata != groups:
        raise LocalProtocolError(f"would be read with other metadata: {shown(octets)}")
    return read.to_octets()


# Remembered, because these are few and sent over and over: replies without metadata.
@lru_cache(maxsize=256)
def _plain(octets: bytes, code: int, step: Step, protocol: Protocol, negotiated: bool) -> bytes:
    command = command_name(step)
    if negotiated and allowed_in(code, command):
        return _checked(octets, command, protocol is Protocol.LMTP)
    return parse_reply(octets, negotiated=False).to_octets()


fixed_reply = lru_cache(maxsize=256)(build_reply)
_without_metadata = lru_cache(maxsize=256)(partial(build_reply, negotiated=False))
