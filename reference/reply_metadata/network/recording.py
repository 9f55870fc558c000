"""A record of who wrote what on which connection.

Rule: octets are recorded as they are written; a record changes nothing.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from enum import Enum


class Side(Enum):
    """Who wrote."""

    CLIENT = "C"
    SERVER = "S"


Record = Callable[[Side, bytes], None]
"""What a connection tells about its octets."""


@dataclass(frozen=True, slots=True)
class Written:
    """One write: the connection, the side and the octets."""

    hop: str
    side: Side
    octets: bytes


@dataclass(slots=True)
class Recording:
    """All writes of several connections, in the order they were made."""

    written: list[Written] = field(default_factory=list)

    def of_hop(self, hop: str) -> Record:
        """What to give to a connection to record it under that name."""

        def record(side: Side, octets: bytes) -> None:
            self.written.append(Written(hop, side, octets))

        return record

    def hops(self) -> tuple[str, ...]:
        """The names of the connections, in the order they first wrote."""
        return tuple(dict.fromkeys(item.hop for item in self.written))

    def lines_of(self, hop: str) -> Iterator[tuple[Side, str]]:
        """The lines of a connection, without CRLF, a character an octet.

        How they were cut into segments does not show.
        """
        rest = dict.fromkeys(Side, b"")
        for item in self.written:
            if item.hop == hop:
                *complete, rest[item.side] = (rest[item.side] + item.octets).split(b"\r\n")
                yield from ((item.side, line.decode("latin-1")) for line in complete)


def unrecorded(_side: Side, _octets: bytes) -> None:
    """Record nothing."""
