"""The configuration file of `replymeta serve`: `serve_example.toml` beside this says all it can.

Rule: the example is the documentation; a test reads it, runs it, and compares it with the defaults.
"""

from __future__ import annotations

import ssl
from dataclasses import dataclass, replace
from importlib.resources import files
from pathlib import Path
from typing import Final

from reply_metadata import paths
from reply_metadata.errors import ReplyMetadataError
from reply_metadata.limits import DEFAULT_LIMITS
from reply_metadata.network.local_delivery import LocalSettings, Quota
from reply_metadata.network.passwords import PasswordHash, PasswordTable
from reply_metadata.network.reception import DEFAULT_SERVICE_LIMITS, ServiceLimits
from reply_metadata.policy.recipient import (
    Decision,
    Defer,
    Deliver,
    Refer,
    Reject,
    reply_to_recipient,
)
from reply_metadata.programs.arguments import host_and_port, mailbox, network
from reply_metadata.programs.toml_file import FileMistake, TomlTable
from reply_metadata.server_rules import ServerSettings
from reply_metadata.timeouts import ServerTimeouts
from reply_metadata.transitions import Protocol

DEFAULT_LISTEN: Final = "127.0.0.1:2424"
DEFAULT_GRACE_S: Final = 10
_PROTOCOLS: Final = {"lmtp": Protocol.LMTP, "smtp": Protocol.SMTP}
_FULL: Final = {"defer": False, "reject": True}
_MANY: Final = 2**31
_KINDS: Final = ("refer", "defer", "reject")
_QUOTAS: Final = ("octets", "messages")
_EXAMPLE: Final = "{ quota_octets = 50000000 }"


@dataclass(frozen=True, slots=True)
class ServeFile:
    """What a file says."""

    listen: tuple[str, int]
    protocol: Protocol
    server: ServerSettings
    local: LocalSettings
    limits: ServiceLimits
    tls: ssl.SSLContext | None
    verify: PasswordTable | None
    grace_s: int


def example_file() -> str:
    """The commented example."""
    return files(__package__).joinpath("serve_example.toml").read_text("utf-8")


def read_serve_file(path: Path) -> ServeFile:
    """Read a configuration file; relative paths in it count from its folder.

    Raises:
        OSError: it cannot be read.
        FileMistake: it is no TOML, or says what a server does not understand.
    """
    top = TomlTable.of_file(path)
    general, limits = top.table("server"), top.table("limits")
    users, trusted_users = _users(top.table("users"))
    tls = _tls(top.table("tls"), path.parent) if "tls" in top else None
    if users and tls is None:
        raise FileMistake("[users]", "needs [tls]", "AUTH PLAIN is offered inside TLS only")
    maildir = top.table("maildir")
    decisions, quotas = _recipients(top.table("recipients"))
    file = ServeFile(
        listen=general.read("listen", host_and_port, DEFAULT_LISTEN),
        protocol=general.one_of("protocol", _PROTOCOLS, "lmtp"),
        server=_server(general.read("name", _name), limits),
        local=LocalSettings(
            folder=path.parent / maildir.take("folder", str),
            others=decisions.pop("*", Reject()),
            decisions=decisions,
            quotas=quotas,
            trusted_peers=general.read_each("trusted_clients", network),
            trusted_users=trusted_users,
            send_trace_id=general.take("send_trace_id", bool, True),
        ),
        limits=_service(limits),
        tls=tls,
        verify=PasswordTable(users) if users else None,
        grace_s=general.number("grace_s", DEFAULT_GRACE_S, 0, 3600),
    )
    for table in (general, limits, maildir, top):
        table.done()
    return file


def _server(name: str, table: TomlTable) -> ServerSettings:
    usual = ServerSettings(name)
    most = table.number("message_octets", DEFAULT_LIMITS.max_message_octets, 65_536, _MANY)
    return replace(
        usual,
        max_recipients=table.number("recipients", usual.max_recipients, 1, 100_000),
        max_refused=table.number("refused", usual.max_refused, 1, 100_000),
        limits=replace(DEFAULT_LIMITS, max_message_octets=most),
        timeouts=ServerTimeouts(
            table.number("command_s", int(usual.timeouts.command_s), 1, 86_400),
            table.number("content_s", int(usual.timeouts.content_s), 1, 86_400),
        ),
    )


def _service(table: TomlTable) -> ServiceLimits:
    usual = DEFAULT_SERVICE_LIMITS
    return ServiceLimits(
        connections=table.number("connections", usual.connections, 1, 100_000),
        per_client=table.number("per_client", usual.per_client, 1, 100_000),
        spare=table.number("spare", usual.spare, 0, 100_000),
        commands=table.number("commands", usual.commands, 1, _MANY),
        retry_after_s=table.number("retry_after_s", usual.retry_after_s, 0, 9_999_999),
    )


def _tls(table: TomlTable, folder: Path) -> ssl.SSLContext:
    certificate, key = (folder / table.take(name, str) for name in ("certificate", "key"))
    table.done()
    context = ssl.create_default_context(ssl.Purpose.CLIENT_AUTH)
    try:
        context.load_cert_chain(certificate, key)
    except ssl.SSLError as error:
        raise FileMistake("[tls]", f"certificate and key do not fit: {error.reason}") from error
    except OSError as error:
        hint = f"paths count from {folder}"
        raise FileMistake("[tls]", f"certificate or key: {error.strerror}", hint) from error
    return context


def _users(table: TomlTable) -> tuple[dict[str, PasswordHash], frozenset[str]]:
    hashes, trusted = {}, set()
    for name in table:
        user = table.table(name)
        hashes[name] = user.read("password", PasswordHash.parse)
        if user.take("trusted", bool, False):
            trusted.add(name)
        user.done()
    return hashes, frozenset(trusted)


def _recipients(table: TomlTable) -> tuple[dict[str, Decision], dict[str, Quota]]:
    decisions: dict[str, Decision] = {}
    quotas: dict[str, Quota] = {}
    for name in table:
        key = _pattern(table, name)
        if key in decisions:
            raise FileMistake(table.key(name), "stands twice", "case does not count")
        decisions[key], quota = _decision(table, name)
        if quota is not None and key == "*":
            raise FileMistake(table.key(name), "has no quota", 'give one to an "@domain"')
        if quota is not None:
            quotas[key] = quota
    return decisions, quotas


def _pattern(table: TomlTable, name: str) -> str:
    if name == "*":
        return name
    try:
        if name.startswith("@") and paths.is_domain(name[1:]):
            return name.lower()
        return mailbox(name).mailbox.lower()
    except ValueError as error:
        raise FileMistake(table.key(name), 'expected a mailbox, "@domain" or "*"') from error


def _decision(table: TomlTable, name: str) -> tuple[Decision, Quota | None]:
    """What is done with a recipient; tried, so that it can be sent later."""
    if not table.holds_table(name):
        table.one_of(name, {"local": None})
        return Deliver(), None
    said = table.table(name)
    decision: Decision = Deliver()
    quota = None
    match [kind for kind in _KINDS if kind in said]:
        case ["refer"]:
            uris = said.read_each("refer", str)
            decision = Refer(uris, permanent=said.take("permanent", bool, False))
        case ["defer"]:
            decision = Defer(said.number("defer", 0, 0, _MANY))
        case ["reject"]:
            decision = Reject(said.take("reject", str))
        case []:
            quota = _quota(said)
        case kinds:
            raise FileMistake(said.where, f"says {' and '.join(kinds)}", "one of them decides")
    said.done()
    try:
        reply_to_recipient(decision)
    except ReplyMetadataError as error:
        raise FileMistake(said.where, f"cannot be sent: {error}") from error
    return decision, quota


def _quota(said: TomlTable) -> Quota:
    octets, messages = (said.number(f"quota_{what}", 0, 0, 2**62) for what in _QUOTAS)
    if not octets and not messages:
        raise FileMistake(
            said.where, "expected refer, defer, reject or a quota", f"for example {_EXAMPLE}"
        )
    return Quota(octets or None, messages or None, said.one_of("when_full", _FULL, "defer"))


def _name(text: str) -> str:
    if not paths.is_domain(text):
        raise ValueError(f"{text!r} is no domain or address literal")
    return text
