"""The configuration file of a proxy: TOML, every name checked, nothing followed that is not listed.

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
private_key = "/etc/proxy/key.pem"

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
from reply_metadata.policy.referral import DEFAULT_HOP_LIMIT, Address, ReferralPolicy
from reply_metadata.programs.arguments import host_and_port, network, ports
from reply_metadata.programs.toml_sections import ConfigurationError, Section, read_toml
from reply_metadata.server_rules import ServerSettings
from reply_metadata.timeouts import ClientTimeouts
from reply_metadata.transitions import Protocol

_Loaded = TypeVar("_Loaded")

SECTIONS: Final = ("proxy", "tls", "backends", "hosts", "referral")
DEFAULT_REPLY_TIMEOUT_S: Final = 30.0
DEFAULT_RESULT_TIMEOUT_S: Final = 300.0
DEFAULT_RECIPIENT_TIMEOUT_S: Final = 120.0
"""The three together stay below what clients of the proxy wait (RFC 5321, Section 4.5.3.2)."""
_PROTOCOLS: Final = {"lmtp": Protocol.LMTP, "smtp": Protocol.SMTP}
_HOST_AND_PORT: Final = "HOST:PORT"
_FIELD_NAME: Final = "the name of a FORWARD field"
_PRIVATE_KEY: Final = "a private key such as org.example.id"
_NETWORK: Final = "a network such as 192.0.2.0/24"


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
        ConfigurationError: it is no TOML, or says what a proxy does not understand.
    """
    sections = {name: Section(name, values) for name, values in read_toml(path, SECTIONS).items()}
    general, tls = sections["proxy"], sections["tls"]
    server = general.take_with("name", _server_settings, "a host name")
    protocol = _PROTOCOLS[general.take("protocol", str, "lmtp", choices=list(_PROTOCOLS))]
    settings = ProxySettings(
        routes=_routes(sections["backends"]),
        dialer=_dialer(server.host_name, general, _client_tls(tls)),
        referral=_referral(sections["referral"]),
        hop=HopPolicy(
            trusted=True,
            private_keys=frozenset(general.take_each("private_keys", _private_key, _PRIVATE_KEY)),
            forward_names=frozenset(general.take_each("forward_names", _field_name, _FIELD_NAME)),
        ),
        trusted_clients=general.take_each("trusted_clients", network, _NETWORK),
        resolver=_resolver(sections["hosts"]),
        logged_fields=frozenset(general.take_each("logged_fields", _field_name, _FIELD_NAME)),
        recipient_timeout_s=general.take_seconds(
            "recipient_timeout_s", DEFAULT_RECIPIENT_TIMEOUT_S
        ),
    )
    listen = general.take_with("listen", host_and_port, _HOST_AND_PORT)
    file = ProxyFile(listen, protocol, server, settings, _server_tls(tls))
    for section in sections.values():
        section.done()
    return file


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


def _dialer(name: str, section: Section, tls: ClientTls | None) -> Dialer:
    protocol = section.take("backend_protocol", str, "lmtp", choices=list(_PROTOCOLS))
    wait = section.take_seconds("reply_timeout_s", DEFAULT_REPLY_TIMEOUT_S)
    result = section.take_seconds("result_timeout_s", DEFAULT_RESULT_TIMEOUT_S)
    timeouts = ClientTimeouts(wait, wait, wait, wait, result)
    return Dialer(name, _PROTOCOLS[protocol], timeouts, tls=tls)


def _routes(section: Section) -> dict[str, Backend]:
    routes = {}
    for name, where in section.rest(host_and_port, _HOST_AND_PORT):
        if name != "*" and "@" not in name:
            expected = 'a mailbox, "@domain" or "*" in front of "="'
            hint = f'did you mean "@{name}"?'
            raise ConfigurationError(section.place(name), expected, repr(name), hint)
        routes[name.lower()] = Backend(*where)
    if not routes:
        hint = 'such as "*" = "backend1:2424"'
        raise ConfigurationError("[backends]", "at least one host", hint=hint)
    return routes


def _resolver(section: Section) -> SystemResolver | TableResolver:
    hosts: dict[str, tuple[Address, ...]] = {}
    for name, addresses in section.rest_of_lists(ip_address, "an IP address"):
        hosts[name.lower()] = addresses
    return TableResolver(hosts, SystemResolver()) if hosts else SystemResolver()


def _client_tls(section: Section) -> ClientTls | None:
    modes = [mode.value for mode in TlsMode]
    mode = TlsMode(section.take("backends", str, TlsMode.OFF.value, choices=modes))
    ca_file = section.take_path("ca_file")
    if ca_file is not None and mode is not TlsMode.REQUIRED:
        expected, hint = "nothing", 'certificates are checked with backends = "required" only'
        raise ConfigurationError(section.place("ca_file"), expected, f"{ca_file}", hint)
    return _loaded(section.place("ca_file"), lambda: client_tls(mode, ca_file))


def _server_tls(section: Section) -> ssl.SSLContext | None:
    certificate, key = section.take_path("certificate"), section.take_path("private_key")
    if certificate is None and key is None:
        return None
    if certificate is None or key is None:
        missing = "certificate" if certificate is None else "private_key"
        hint = "certificate and private_key stand together"
        raise ConfigurationError(section.place(missing), "the name of a file", hint=hint)
    return _loaded(section.place("certificate"), lambda: server_tls(certificate, key))


def _loaded(place: str, load: Callable[[], _Loaded]) -> _Loaded:
    """What was loaded; a file that cannot be is a mistake in the configuration."""
    try:
        return load()
    except OSError as error:
        raise ConfigurationError(place, "files in PEM that can be read", f"{error}") from error


def _referral(section: Section) -> ReferralPolicy:
    hop_limit = section.take("hop_limit", int, DEFAULT_HOP_LIMIT)
    if hop_limit < 1:
        raise ConfigurationError(section.place("hop_limit"), "a number from 1", f"{hop_limit}")
    return ReferralPolicy(
        follow=section.take("follow", bool, False),
        trusted_peers=section.take_each("trusted_peers", network, _NETWORK),
        allowed_networks=section.take_each("allowed_networks", network, _NETWORK),
        allowed_ports=section.take_each("allowed_ports", ports, "ports such as 24 or 2424-2430"),
        hop_limit=hop_limit,
        dovecot_redirects=section.take("dovecot_redirects", bool, False),
    )
