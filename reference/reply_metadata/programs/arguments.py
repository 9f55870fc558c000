"""What several subcommands read from their command lines: addresses, networks, mailboxes.

Rule: each reader raises `ValueError` with words for the person who wrote the text; `argument` makes
an argparse type of it.
"""

from __future__ import annotations

import argparse
from collections.abc import Callable
from ipaddress import ip_network
from typing import Final, TypeVar

from reply_metadata.paths import Path
from reply_metadata.policy.referral import Network

MAX_SECONDS: Final = 10_000_000
"""Above the largest RETRY-AFTER; infinity and "nan" are no times."""

_Value = TypeVar("_Value")


def argument(read: Callable[[str], _Value]) -> Callable[[str], _Value]:
    """A reader as the type of an argument, so that its words reach the user."""

    def read_or_explain(text: str) -> _Value:
        try:
            return read(text)
        except ValueError as error:
            raise argparse.ArgumentTypeError(str(error)) from error

    return read_or_explain


def host_and_port(text: str) -> tuple[str, int]:
    """A host and a port from `127.0.0.1:2424`, `[::1]:2424` or `backend1:24`."""
    host, colon, port = text.rpartition(":")
    if not colon or not host or not (port.isascii() and port.isdigit()) or int(port) > 65535:
        raise ValueError(f"{text!r} is no HOST:PORT")
    if host.startswith("[") and host.endswith("]"):
        return host[1:-1], int(port)
    if ":" in host:
        raise ValueError(f"{text!r}: an IPv6 address stands in brackets")
    return host, int(port)


def network(text: str) -> Network:
    """A network such as `192.0.2.0/24`."""
    try:
        return ip_network(text)
    except ValueError as error:
        raise ValueError(f"{text!r} is no network: {error}") from error


def mailbox(text: str) -> Path:
    """A mailbox such as `user1@example.com`."""
    return Path.of(text)


def mailbox_and_value(text: str) -> tuple[str, str]:
    """A mailbox in lower case, and what stands after the last "=" that follows its domain."""
    address, at, rest = text.rpartition("@")
    domain, _, value = rest.partition("=")
    path = Path.of(f"{address}{at}{domain}")
    return path.mailbox.lower(), value


def ports(text: str) -> range:
    """The ports of `24` or `2424-2430`."""
    first, dash, last = text.partition("-")
    numbers = [first, last] if dash else [first]
    if not all(one.isascii() and one.isdigit() and len(one) < 6 for one in numbers):
        raise ValueError(f"{text!r} is no port or range of ports, such as 24 or 2424-2430")
    found = range(int(first), int(numbers[-1]) + 1)
    if not found or found[0] < 1 or found[-1] > 65535:
        raise ValueError(f"{text!r}: ports go from 1 to 65535, the lower one first")
    return found


def seconds(text: str) -> float:
    """A positive number of seconds, such as `30` or `0.5`."""
    try:
        value = float(text)
    except ValueError:
        value = 0.0
    if not 0 < value <= MAX_SECONDS:
        raise ValueError(f"{text!r} is no number of seconds above 0")
    return value
