"""The keys of the first edition as typed values, made on demand from a used group.

Draft: #keys.  Rule 1: a value that its key's rule refuses cannot be built.  Rule 2: `to_group` and
`from_group` are each other's inverse.
"""

from __future__ import annotations

import re
from dataclasses import dataclass, fields
from typing import ClassVar, Final, NamedTuple, Self

from reply_metadata.errors import MetadataSyntaxError
from reply_metadata.groups import Argument, MetadataGroup
from reply_metadata.key_rules import KEY_ENTRIES as KEY_ENTRIES
from reply_metadata.key_rules import checked_group, value_fits

_URI_PARTS: Final = re.compile(
    r"smtp://(?:\[(?P<literal>[^]]+)\]|(?P<host>[^:/]+))(?::(?P<port>[0-9]+))?/?", re.IGNORECASE
)


class ReferralTarget(NamedTuple):
    """Where a referral URI points.

    ABNF: referral-uri.

    Args:
        host: the domain name or address as written, an IPv6 address without its brackets.
        port: the port, or None when the URI leaves it to the connection the reply came on.
        address: whether the host is an IP address.
    """

    host: str
    port: int | None
    address: bool


def parse_referral_uri(uri: str) -> ReferralTarget:
    """Read a referral URI with the draft's own grammar, nothing else.

    ABNF: referral-uri.  Libraries drop CR LF silently or map full-width letters to other hosts.

    Raises:
        MetadataSyntaxError: the grammar refuses it, or its port is above 65535.
    """
    octets = uri.encode("utf-8", "surrogateescape")
    parts = _URI_PARTS.fullmatch(uri)
    if parts is None or not value_fits("referral-uri", octets):
        raise MetadataSyntaxError(octets, 0, "referral-uri")
    host = parts["literal"] or parts["host"]
    # The grammar wants a letter first in the last label of a name, so a digit means an address.
    address = parts["literal"] is not None or host.rpartition(".")[2][:1].isdigit()
    return ReferralTarget(host, int(parts["port"]) if parts["port"] else None, address)


@dataclass(frozen=True, slots=True)
class _KeyValue:
    """A key whose only argument is the one field of its value."""

    KEY: ClassVar[str]

    def __post_init__(self) -> None:
        checked_group(self.to_group())

    def to_group(self) -> MetadataGroup:
        """The group that says this."""
        return MetadataGroup(self.KEY, tuple(self._arguments()))

    def _arguments(self) -> list[Argument]:
        return [Argument(None, str(getattr(self, field.name))) for field in fields(self)]

    @classmethod
    def from_group(cls, group: MetadataGroup) -> Self:
        """The value a used group holds."""
        return cls(*group.values)


@dataclass(frozen=True, slots=True)
class Referral(_KeyValue):
    """REFERRAL: where the recipient is served, preferred first; Draft: #key-referral.

    Args:
        uris: one to eight `smtp://` URIs.
    """

    KEY: ClassVar[str] = "REFERRAL"
    uris: tuple[str, ...]

    def __post_init__(self) -> None:
        object.__setattr__(self, "uris", tuple(self.uris))
        checked_group(self.to_group())

    @property
    def targets(self) -> tuple[ReferralTarget, ...]:
        """The hosts and ports of the URIs, in the same order."""
        return tuple(parse_referral_uri(uri) for uri in self.uris)

    def _arguments(self) -> list[Argument]:
        return [Argument(None, uri) for uri in self.uris]

    @classmethod
    def from_group(cls, group: MetadataGroup) -> Self:
        """The value a used group holds."""
        return cls(group.values)


@dataclass(frozen=True, slots=True)
class RetryAfter(_KeyValue):
    """RETRY-AFTER: after how many seconds another attempt may succeed; Draft: #key-retry-after."""

    KEY: ClassVar[str] = "RETRY-AFTER"
    seconds: int

    @classmethod
    def from_group(cls, group: MetadataGroup) -> Self:
        """The value a used group holds."""
        return cls(int(group.values[0]))


@dataclass(frozen=True, slots=True)
class QueueId(_KeyValue):
    """QUEUE-ID: the id under which the server logs the message; Draft: #key-queue-id."""

    KEY: ClassVar[str] = "QUEUE-ID"
    value: str


@dataclass(frozen=True, slots=True)
class TraceId(_KeyValue):
    """TRACE-ID: a correlation id for the logs of both sides; Draft: #key-trace-id."""

    KEY: ClassVar[str] = "TRACE-ID"
    value: str


@dataclass(frozen=True, slots=True)
class Reason(_KeyValue):
    """REASON: the operator's own code for the policy that decided; Draft: #key-reason."""

    KEY: ClassVar[str] = "REASON"
    token: str


@dataclass(frozen=True, slots=True)
class HelpUri(_KeyValue):
    """HELP-URI: where a person can read on; never fetched by itself; Draft: #key-help-uri."""

    KEY: ClassVar[str] = "HELP-URI"
    uri: str


@dataclass(frozen=True, slots=True)
class Forward(_KeyValue):
    """FORWARD: fields from a backend for the proxy in front of it; Draft: #key-forward.

    Args:
        fields: pairs of a name (kept in lower case) and a value, which may be empty.
    """

    KEY: ClassVar[str] = "FORWARD"
    fields: tuple[tuple[str, str], ...]

    def __post_init__(self) -> None:
        named = tuple((name.lower(), value) for name, value in self.fields)
        if len(dict(named)) < len(named):
            raise MetadataSyntaxError(self.to_group().sent(), 0, "forward-arguments")
        object.__setattr__(self, "fields", named)
        checked_group(self.to_group())

    def _arguments(self) -> list[Argument]:
        return [Argument(name, value) for name, value in self.fields]

    @classmethod
    def from_group(cls, group: MetadataGroup) -> Self:
        """The value a used group holds."""
        return cls(tuple(group.named.items()))


@dataclass(frozen=True, slots=True)
class Stored(_KeyValue):
    """STORED: where the message was saved for the recipient; Draft: #key-stored.

    Args:
        mailbox: the name of the mailbox.
        uidvalidity: its UIDVALIDITY; together with `uid` or not at all.
        uid: the message's UID in it.
        guid: an id of the message that no other message has.
    """

    KEY: ClassVar[str] = "STORED"
    mailbox: str
    uidvalidity: int | None = None
    uid: int | None = None
    guid: str | None = None

    def _arguments(self) -> list[Argument]:
        given = [(field.name, getattr(self, field.name)) for field in fields(self)]
        return [Argument(name, str(value)) for name, value in given if value is not None]

    @classmethod
    def from_group(cls, group: MetadataGroup) -> Self:
        """The value a used group holds."""
        named = group.named
        numbers = [int(named[name]) if name in named else None for name in ("uidvalidity", "uid")]
        return cls(named["mailbox"], numbers[0], numbers[1], named.get("guid"))


TYPED_KEYS: Final = (Referral, RetryAfter, QueueId, TraceId, Reason, HelpUri, Forward, Stored)
"""The typed value of every key of the first edition."""
