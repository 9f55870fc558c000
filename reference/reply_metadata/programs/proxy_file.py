"""The configuration file of a proxy: TOML, every name checked, nothing followed that is not listed.

[proxy]
listen = "127.0.0.1:2424"
protocol = "lmtp"                       # what clients speak: "lmtp" or "smtp"
name = "proxy.example.org"
trusted_clients = ["192.0.2.0/24"]      # who may see trusted-hop metadata
forward_names = ["node"]                # FORWARD fields that go on to them
private_keys = []                       # private keys that go on to them

[backends]                              # mailbox, "@domain" or "*" = LMTP host
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

import tomllib
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from ipaddress import ip_address
from pathlib import Path
from typing import Final, TypeVar

from reply_metadata.network.backend import Dialer
from reply_metadata.network.proxy import Backend, ProxySettings
from reply_metadata.network.resolver import SystemResolver, TableResolver
from reply_metadata.policy.hop import HopPolicy
from reply_metadata.policy.referral import DEFAULT_HOP_LIMIT, ReferralPolicy
from reply_metadata.programs.arguments import host_and_port, network
from reply_metadata.server_rules import ServerSettings
from reply_metadata.transitions import Protocol

_Value = TypeVar("_Value")
_PROTOCOLS: Final = {"lmtp": Protocol.LMTP, "smtp": Protocol.SMTP}


@dataclass(frozen=True, slots=True)
class ProxyFile:
    """What a file says."""

    listen: tuple[str, int]
    protocol: Protocol
    server: ServerSettings
    proxy: ProxySettings


class _Section:
    """One table of the file; `done` says that nothing is left over."""

    def __init__(self, data: Mapping[str, object], name: str) -> None:
        self._name = name
        self._left = _table(data, name)

    def take(self, key: str, kind: type[_Value], default: _Value | None = None) -> _Value:
        """A value of one type; a missing one is an error unless there is a default."""
        value = self._left.pop(key, default)
        if value is None:
            raise ValueError(f"[{self._name}] has no {key}")
        if type(value) is not kind:
            raise ValueError(f"[{self._name}] {key} is no {kind.__name__}")
        return value

    def take_each(self, key: str, read: Callable[[str], _Value]) -> tuple[_Value, ...]:
        """A list of texts, each read; empty when it is missing."""
        return tuple(
            read(item) for item in _texts(f"[{self._name}] {key}", self._left.pop(key, []))
        )

    def done(self) -> None:
        """Raise ValueError for a name nobody asked for."""
        if self._left:
            raise ValueError(f"[{self._name}] knows no {', '.join(sorted(self._left))}")


def read_proxy_file(path: Path) -> ProxyFile:
    """Read a configuration file.

    Raises:
        OSError: it cannot be read.
        ValueError: it is no TOML, or says what a proxy does not understand.
    """
    data = tomllib.loads(path.read_text("utf-8"))
    unknown = sorted(set(data) - {"proxy", "backends", "hosts", "referral"})
    if unknown:
        raise ValueError(f"there is no section {', '.join(unknown)}")
    general = _Section(data, "proxy")
    protocol = general.take("protocol", str, "lmtp")
    if protocol not in _PROTOCOLS:
        raise ValueError(f"[proxy] protocol is {protocol!r}, not lmtp or smtp")
    name = general.take("name", str)
    settings = ProxySettings(
        routes=_routes(_table(data, "backends")),
        dialer=Dialer(name),
        referral=_referral(_Section(data, "referral")),
        hop=HopPolicy(
            trusted=True,
            private_keys=frozenset(general.take_each("private_keys", str.lower)),
            forward_names=frozenset(general.take_each("forward_names", str.lower)),
        ),
        trusted_clients=general.take_each("trusted_clients", network),
        resolver=_resolver(_table(data, "hosts")),
    )
    listen = host_and_port(general.take("listen", str))
    general.done()
    return ProxyFile(listen, _PROTOCOLS[protocol], ServerSettings(name), settings)


def _routes(values: Mapping[str, object]) -> dict[str, Backend]:
    routes = {}
    for name, where in values.items():
        if name != "*" and "@" not in name:
            raise ValueError(f'[backends] {name!r} is no mailbox, "@domain" or "*"')
        if not isinstance(where, str):
            raise ValueError(f"[backends] {name} is no HOST:PORT")
        routes[name.lower()] = Backend(*host_and_port(where))
    if not routes:
        raise ValueError("[backends] names no host")
    return routes


def _resolver(values: Mapping[str, object]) -> SystemResolver | TableResolver:
    if not values:
        return SystemResolver()
    return TableResolver(
        {
            name.lower(): tuple(ip_address(item) for item in _texts(f"[hosts] {name}", addresses))
            for name, addresses in values.items()
        },
        SystemResolver(),
    )


def _referral(section: _Section) -> ReferralPolicy:
    policy = ReferralPolicy(
        follow=section.take("follow", bool, False),
        trusted_peers=section.take_each("trusted_peers", network),
        allowed_networks=section.take_each("allowed_networks", network),
        allowed_ports=section.take_each("allowed_ports", _ports),
        hop_limit=section.take("hop_limit", int, DEFAULT_HOP_LIMIT),
        dovecot_redirects=section.take("dovecot_redirects", bool, False),
    )
    section.done()
    return policy


def _ports(text: str) -> range:
    """The ports of "24" or "2424-2430"."""
    first, _, last = text.partition("-")
    if not (text.isascii() and first.isdigit() and (last.isdigit() or text == first)):
        raise ValueError(f"{text!r} is no port or range of ports")
    return range(int(first), int(last or first) + 1)


def _table(data: Mapping[str, object], name: str) -> dict[str, object]:
    """A table of the file, empty when it is missing."""
    values = data.get(name, {})
    if not isinstance(values, dict):
        raise ValueError(f"[{name}] is no table")
    return dict(values)


def _texts(name: str, value: object) -> list[str]:
    if isinstance(value, list) and all(isinstance(item, str) for item in value):
        return value
    raise ValueError(f"{name} is no list of strings")
