"""Names to addresses, once for each connection.

Rule 1: an address literal is never looked up, and nothing is an address but what `ipaddress` says:
the C library takes `127.1` and `0x7f000001` for addresses.
Rule 2: what comes back is what is connected to; nobody resolves a second time in between.
"""

from __future__ import annotations

import asyncio
import socket
from collections.abc import Mapping
from ipaddress import ip_address
from typing import Final, Protocol

from reply_metadata.paths import is_domain
from reply_metadata.policy.referral import Address

MAX_ADDRESSES: Final = 4
"""Of one name: more would only be more hosts to wait for."""


class Resolver(Protocol):
    """What finds the addresses of a host."""

    async def addresses(self, host: str) -> tuple[Address, ...]:
        """The addresses of a host name or literal, preferred first; () when there are none."""
        ...


def literal(host: str) -> Address | None:
    """The address a host is written as, or None when it is a name."""
    try:
        return ip_address(host)
    except ValueError:
        return None


class SystemResolver:
    """Asks the operating system."""

    async def addresses(self, host: str) -> tuple[Address, ...]:
        """The addresses of a host name or literal, preferred first; () when there are none."""
        address = literal(host)
        if address is not None:
            return (address,)
        if not is_domain(host) or host.rpartition(".")[2][:1].isdigit():
            return ()
        loop = asyncio.get_running_loop()
        try:
            found = await loop.getaddrinfo(host, None, type=socket.SOCK_STREAM)
        except OSError:
            return ()
        unique = dict.fromkeys(str(item[4][0]).partition("%")[0] for item in found)
        return tuple(ip_address(text) for text in unique)[:MAX_ADDRESSES]


class TableResolver:
    """Answers from a table, for closed networks, demonstrations and tests.

    Args:
        table: host name in lower case -> addresses.
        others: what is asked for names that are not in the table; None: they have no address.
    """

    def __init__(
        self, table: Mapping[str, tuple[Address, ...]], others: Resolver | None = None
    ) -> None:
        self._table = table
        self._others = others

    async def addresses(self, host: str) -> tuple[Address, ...]:
        """The addresses of a host name or literal, preferred first; () when there are none."""
        address = literal(host)
        if address is not None:
            return (address,)
        if self._others is None or host.lower() in self._table:
            return self._table.get(host.lower(), ())
        return await self._others.addresses(host)
