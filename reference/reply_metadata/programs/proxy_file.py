"""The configuration file of a proxy: TOML, every name checked, nothing followed that is not listed.
Names of files in it count from its folder.

[proxy]
listen = "127.0.0.1:2424"
name = "proxy.example.org"
protocol = "lmtp"                       # what clients speak: "lmtp" or "smtp"
backend_protocol = "lmtp"               # what the hosts behind speak
trusted_clients = ["192.0.2.0/24"]      # who may see trusted-hop metadata
forward_names = ["node"]                # FORWARD fields of trusted peers that go on to them
logged_fields = ["node"]                # FORWARD fields of trusted peers that go into the log
private_keys = []                       # private keys that go on to them
reply_timeout_s = 30                    # for a reply of a host behind
result_timeout_s = 300                  # for a reply of a host behind to the content
recipient_timeout_s = 120               # for one recipient, all referrals included

[tls]
backends = "required"                   # STARTTLS with them: "off", "opportunistic", "required"
ca_file = "/etc/proxy/ca.pem"           # who signs their certificates; default: the system's list
certificate = "/etc/proxy/cert.pem"     # offer STARTTLS to clients with this
key = "/etc/proxy/key.pem"

[backends]                              # mailbox, "@domain" or "*" = host
"*" = "backend1:2424"

[hosts]                                 # names that are not looked up
backend1 = ["192.0.2.7"]

[referral]                              # off unless follow = true
follow = true
trusted_peers = ["192.0.2.0/24"]        # whose referrals count
allowed_networks = ["192.0.2.0/24"]     # where they may lead
allowed_ports = ["24", "2424-2430"]
hop_limit = 3
dovecot_redirects = false               # also follow Dovecot's 550 5.2.900
"""

from __future__ import annotations

import ssl
from collections.abc import Callable
from dataclasses import dataclass
from ipaddress import ip_address
from pathlib import Path
from typing import Final, TypeVar

from reply_metadata.errors import LocalProtocolError
from reply_metadata.groups import MetadataGroup
from reply_metadata.keys import Forward
from reply_metadata.network.backend import Dialer
from reply_metadata.network.client_tls import ClientTls, TlsMode, client_tls, server_tls
from reply_metadata.network.proxy import Backend, ProxySettings
from reply_metadata.network.resolver import SystemResolver, TableResolver
from reply_metadata.policy.hop import HopPolicy
from reply_metadata.policy.referral import (
    DEFAULT_HOP_LIMIT,
    Address,
    Network,
    ReferralPolicy,
)
from reply_metadata.programs.arguments import host_and_port, network, ports
from reply_metadata.programs.toml_file import FileMistake, TomlTable
from reply_metadata.server_rules import ServerSettings
from reply_metadata.timeouts import ClientTimeouts
from reply_metadata.transitions import Protocol

_Value = TypeVar("_Value")

DEFAULT_REPLY_TIMEOUT_S: Final = 30
DEFAULT_RESULT_TIMEOUT_S: Final = 300
DEFAULT_RECIPIENT_TIMEOUT_S: Final = 120
"""The three together stay below what clients of the proxy wait (RFC 5321, Section 4.5.3.2)."""
_MAX_TIMEOUT_S: Final = 3600
_PROTOCOLS: Final = {"lmtp": Protocol.LMTP, "smtp": Protocol.SMTP}
_TLS_MODES: Final = {mode.value: mode for mode in TlsMode}


@dataclass(frozen=True, slots=True)
class ProxyFile:
    """What a file says.

    Args:
        listen: where the proxy listens.
        protocol: what its clients speak.
        server: the settings of its sessions with them.
        proxy: everything else.
        tls: what STARTTLS is offered with, if it is.
    """

    listen: tuple[str, int]
    protocol: Protocol
    server: ServerSettings
    proxy: ProxySettings
    tls: ssl.SSLContext | None = None


def read_proxy_file(path: Path) -> ProxyFile:
    """Read a configuration file.

    Raises:
        OSError: it cannot be read.
        FileMistake: it is no TOML, or says what a proxy does not understand.
    """
    top = TomlTable.of_file(path)
    general, tls, backends, hosts, referral = (
        top.table(name) for name in ("proxy", "tls", "backends", "hosts", "referral")
    )
    top.done()
    server = general.read("name", _expecting("a host name", _server_settings))
    name, names = server.host_name, _expecting("the name of a FORWARD field", _field_name)
    protocol = general.one_of("protocol", _PROTOCOLS, "lmtp")
    networks = _expecting("a network such as 192.0.2.0/24", network)
    settings = ProxySettings(
        routes=_routes(backends),
        dialer=_dialer(name, general, _client_tls(tls, path.parent)),
        referral=_referral(referral, networks),
        hop=HopPolicy(
            trusted=True,
            private_keys=frozenset(
                general.read_each(
                    "private_keys",
                    _expecting("a private key such as org.example.id", _private_key),
                )
            ),
            forward_names=frozenset(general.read_each("forward_names", names)),
        ),
        trusted_clients=general.read_each("trusted_clients", networks),
        resolver=_resolver(hosts),
        logged_fields=frozenset(general.read_each("logged_fields", names)),
        recipient_timeout_s=_seconds(general, "recipient_timeout_s", DEFAULT_RECIPIENT_TIMEOUT_S),
    )
    listen = general.read("listen", _expecting("HOST:PORT", host_and_port))
    file = ProxyFile(listen, protocol, server, settings, _server_tls(tls, path.parent))
    general.done()
    tls.done()
    return file


def _expecting(words: str, read: Callable[[str], _Value]) -> Callable[[str], _Value]:
    """A reader whose errors say what is expected."""

    def read_or_explain(text: str) -> _Value:
        try:
            return read(text)
        except ValueError as error:
            raise ValueError(f"expected {words}, found {text!r} ({error})") from error

    return read_or_explain


def _seconds(table: TomlTable, key: str, default: int) -> int:
    return table.number(key, default, 1, _MAX_TIMEOUT_S)


def _server_settings(name: str) -> ServerSettings:
    try:
        return ServerSettings(name)
    except LocalProtocolError as error:
        raise ValueError(f"{error}") from error


def _field_name(text: str) -> str:
    return Forward(((text, ""),)).fields[0][0]


def _private_key(text: str) -> str:
    group = MetadataGroup(text)
    if not group.private:
        raise ValueError("a private key has a dot")
    return group.key


def _dialer(name: str, table: TomlTable, tls: ClientTls | None) -> Dialer:
    protocol = table.one_of("backend_protocol", _PROTOCOLS, "lmtp")
    wait = _seconds(table, "reply_timeout_s", DEFAULT_REPLY_TIMEOUT_S)
    result = _seconds(table, "result_timeout_s", DEFAULT_RESULT_TIMEOUT_S)
    timeouts = ClientTimeouts(wait, wait, wait, wait, result)
    return Dialer(name, protocol, timeouts, tls=tls)


def _routes(table: TomlTable) -> dict[str, Backend]:
    routes = {}
    for name in table:
        if name != "*" and "@" not in name:
            expected = 'expected a mailbox, "@domain" or "*" in front of "="'
            raise FileMistake(table.key(name), expected, f'did you mean "@{name}"?')
        where = table.read(name, _expecting("HOST:PORT", host_and_port))
        routes[name.lower()] = Backend(*where)
    if not routes:
        raise FileMistake(table.where, "expected at least one host", 'such as "*" = "b1:2424"')
    return routes


def _resolver(table: TomlTable) -> SystemResolver | TableResolver:
    hosts: dict[str, tuple[Address, ...]] = {}
    for name in table:
        hosts[name.lower()] = table.read_each(name, _expecting("an IP address", ip_address))
    return TableResolver(hosts, SystemResolver()) if hosts else SystemResolver()


def _file_name(table: TomlTable, key: str, folder: Path) -> Path | None:
    name = table.take(key, str, "")
    return folder / name if name else None


def _client_tls(table: TomlTable, folder: Path) -> ClientTls | None:
    mode = table.one_of("backends", _TLS_MODES, TlsMode.OFF.value)
    ca_file = _file_name(table, "ca_file", folder)
    if ca_file is not None and mode is not TlsMode.REQUIRED:
        hint = 'certificates are checked with backends = "required" only'
        raise FileMistake(table.key("ca_file"), "expected none here", hint)
    return _loaded(table.key("ca_file"), lambda: client_tls(mode, ca_file))


def _server_tls(table: TomlTable, folder: Path) -> ssl.SSLContext | None:
    certificate, key = (_file_name(table, name, folder) for name in ("certificate", "key"))
    if certificate is None and key is None:
        return None
    if certificate is None or key is None:
        missing = "certificate" if certificate is None else "key"
        hint = "certificate and key stand together"
        raise FileMistake(table.key(missing), "expected the name of a file", hint)
    return _loaded(table.key("certificate"), lambda: server_tls(certificate, key))


def _loaded(where: str, load: Callable[[], _Value]) -> _Value:
    """What was loaded; a file that cannot be is a mistake in the configuration."""
    try:
        return load()
    except OSError as error:
        raise FileMistake(where, f"expected files in PEM that can be read: {error}") from error


def _referral(table: TomlTable, networks: Callable[[str], Network]) -> ReferralPolicy:
    ports_read = _expecting("ports such as 24 or 2424-2430", ports)
    policy = ReferralPolicy(
        follow=table.take("follow", bool, False),
        trusted_peers=table.read_each("trusted_peers", networks),
        allowed_networks=table.read_each("allowed_networks", networks),
        allowed_ports=table.read_each("allowed_ports", ports_read),
        hop_limit=table.number("hop_limit", DEFAULT_HOP_LIMIT, 1, DEFAULT_HOP_LIMIT),
        dovecot_redirects=table.take("dovecot_redirects", bool, False),
    )
    table.done()
    return policy
