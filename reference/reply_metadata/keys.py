"""The keys of the first edition as typed values, made on demand from a used group.

Draft: #keys.  Rule 1: a value that its key's rule refuses cannot be built.  Rule 2: `to_group` and
`from_group` are each other's inverse.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import ClassVar, Final, NamedTuple

from reply_metadata.errors import MetadataSyntaxError
from reply_metadata.groups import Argument, MetadataGroup
from reply_metadata.key_rules import KEY_ENTRIES, KeyEntry, checked_group, value_fits

__all__ = [
    "KEY_ENTRIES",
    "TYPED_KEYS",
    "Forward",
    "HelpUri",
    "KeyEntry",
    "QueueId",
    "Reason",
    "Referral",
    "ReferralTarget",
    "RetryAfter",
    "Stored",
    "TraceId",
    "parse_referral_uri",
]


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
    if not value_fits("referral-uri", octets):
        raise MetadataSyntaxError(octets, 0, "referral-uri")
    authority = uri[len("smtp://") :].removesuffix("/")
    if authority.startswith("["):
        host, _, after = authority[1:].partition("]")
        port = after.removeprefix(":")
        return ReferralTarget(host, int(port) if port else None, True)
    host, _, port = authority.partition(":")
    # The grammar wants a letter first in the last label of a name, so a digit means an address.
    address = host.rpartition(".")[2][:1].isdigit()
    return ReferralTarget(host, int(port) if port else None, address)


@dataclass(frozen=True, slots=True)
class Referral:
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

    def to_group(self) -> MetadataGroup:
        """The group that says this."""
        return MetadataGroup(self.KEY, tuple(Argument(None, uri) for uri in self.uris))

    @classmethod
    def from_group(cls, group: MetadataGroup) -> Referral:
        """The value a used group holds."""
        return cls(group.values)


@dataclass(frozen=True, slots=True)
class RetryAfter:
    """RETRY-AFTER: after how many seconds another attempt may succeed; Draft: #key-retry-after."""

    KEY: ClassVar[str] = "RETRY-AFTER"
    seconds: int

    def __post_init__(self) -> None:
        if self.seconds < 0:
            raise MetadataSyntaxError(str(self.seconds).encode("ascii"), 0, "delta-seconds")
        checked_group(self.to_group())

    def to_group(self) -> MetadataGroup:
        """The group that says this."""
        return MetadataGroup(self.KEY, (Argument(None, f"{self.seconds:d}"),))

    @classmethod
    def from_group(cls, group: MetadataGroup) -> RetryAfter:
        """The value a used group holds."""
        return cls(int(group.values[0]))


@dataclass(frozen=True, slots=True)
class QueueId:
    """QUEUE-ID: the id under which the server logs the message; Draft: #key-queue-id."""

    KEY: ClassVar[str] = "QUEUE-ID"
    value: str

    def __post_init__(self) -> None:
        checked_group(self.to_group())

    def to_group(self) -> MetadataGroup:
        """The group that says this."""
        return MetadataGroup(self.KEY, (Argument(None, self.value),))

    @classmethod
    def from_group(cls, group: MetadataGroup) -> QueueId:
        """The value a used group holds."""
        return cls(group.values[0])


@dataclass(frozen=True, slots=True)
class TraceId:
    """TRACE-ID: a correlation id for the logs of both sides; Draft: #key-trace-id."""

    KEY: ClassVar[str] = "TRACE-ID"
    value: str

    def __post_init__(self) -> None:
        checked_group(self.to_group())

    def to_group(self) -> MetadataGroup:
        """The group that says this."""
        return MetadataGroup(self.KEY, (Argument(None, self.value),))

    @classmethod
    def from_group(cls, group: MetadataGroup) -> TraceId:
        """The value a used group holds."""
        return cls(group.values[0])


@dataclass(frozen=True, slots=True)
class Reason:
    """REASON: the operator's own code for the policy that decided; Draft: #key-reason."""

    KEY: ClassVar[str] = "REASON"
    token: str

    def __post_init__(self) -> None:
        checked_group(self.to_group())

    def to_group(self) -> MetadataGroup:
        """The group that says this."""
        return MetadataGroup(self.KEY, (Argument(None, self.token),))

    @classmethod
    def from_group(cls, group: MetadataGroup) -> Reason:
        """The value a used group holds."""
        return cls(group.values[0])


@dataclass(frozen=True, slots=True)
class HelpUri:
    """HELP-URI: where a person can read on; never fetched by itself; Draft: #key-help-uri."""

    KEY: ClassVar[str] = "HELP-URI"
    uri: str

    def __post_init__(self) -> None:
        checked_group(self.to_group())

    def to_group(self) -> MetadataGroup:
        """The group that says this."""
        return MetadataGroup(self.KEY, (Argument(None, self.uri),))

    @classmethod
    def from_group(cls, group: MetadataGroup) -> HelpUri:
        """The value a used group holds."""
        return cls(group.values[0])


@dataclass(frozen=True, slots=True)
class Forward:
    """FORWARD: fields from a backend for the proxy in front of it; Draft: #key-forward.

    Args:
        fields: pairs of a name (kept in lower case) and a value, which may be empty.
    """

    KEY: ClassVar[str] = "FORWARD"
    fields: tuple[tuple[str, str], ...]

    def __post_init__(self) -> None:
        fields = tuple((name.lower(), value) for name, value in self.fields)
        if len({name for name, _ in fields}) < len(fields):
            raise MetadataSyntaxError(self.to_group().sent(), 0, "forward-arguments")
        object.__setattr__(self, "fields", fields)
        checked_group(self.to_group())

    def to_group(self) -> MetadataGroup:
        """The group that says this."""
        return MetadataGroup(self.KEY, tuple(Argument(*field) for field in self.fields))

    @classmethod
    def from_group(cls, group: MetadataGroup) -> Forward:
        """The value a used group holds."""
        return cls(tuple(group.named.items()))


@dataclass(frozen=True, slots=True)
class Stored:
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

    def __post_init__(self) -> None:
        checked_group(self.to_group())

    def to_group(self) -> MetadataGroup:
        """The group that says this."""
        arguments = [Argument("mailbox", self.mailbox)]
        for name, value in (
            ("uidvalidity", self.uidvalidity),
            ("uid", self.uid),
            ("guid", self.guid),
        ):
            if value is not None:
                arguments.append(Argument(name, str(value)))
        return MetadataGroup(self.KEY, tuple(arguments))

    @classmethod
    def from_group(cls, group: MetadataGroup) -> Stored:
        """The value a used group holds."""
        named = group.named
        uid = named.get("uid")
        uidvalidity = named.get("uidvalidity")
        return cls(
            named["mailbox"],
            None if uidvalidity is None else int(uidvalidity),
            None if uid is None else int(uid),
            named.get("guid"),
        )


TYPED_KEYS: Final = (Referral, RetryAfter, QueueId, TraceId, Reason, HelpUri, Forward, Stored)
"""The typed value of every key of the first edition."""
