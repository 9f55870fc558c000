"""Metadata groups: frozen values, and an invalid one cannot be built.

Rule 1: names are kept in their canonical case (registered keys upper, private keys and argument
names lower), since case has no meaning in them; values are kept exactly.
Rule 2: every well-formed group is kept, with a status that says whether it may be used.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, field
from enum import Enum
from typing import ClassVar, Final, Protocol, Self, SupportsIndex, TypeVar, overload

from reply_metadata._generated import reply_grammar
from reply_metadata.errors import MetadataSyntaxError
from reply_metadata.octets import decode_matched_value, encode_value


class GroupStatus(Enum):
    """Whether a group is used, or the one reason why not; Draft: #errors."""

    USED = "used"
    UNKNOWN_KEY = "unknown-key"
    DUPLICATE_KEY = "duplicate-key"
    WRONG_CLASS = "wrong-class"
    WRONG_CODE = "wrong-code"
    WRONG_COMMAND = "wrong-command"
    NOT_LMTP = "not-lmtp"
    WRONG_RECIPIENT = "wrong-recipient"
    NO_METADATA_HERE = "no-metadata-here"
    DUPLICATE_NAME = "duplicate-name"
    MISSING_ARGUMENT = "missing-argument"
    SURPLUS_ARGUMENT = "surplus-argument"
    BAD_VALUE = "bad-value"
    NOT_UTF8 = "not-utf-8"
    CONTROL_CHARACTER = "control-character"
    TOO_LONG = "too-long"
    TOO_MANY_ARGUMENTS = "too-many-arguments"
    REPLY_IGNORED = "reply-ignored"


USED: Final = GroupStatus.USED
"""The status by its own name: looking up a member of an enumeration takes its time."""


def _only_group(sent: bytes) -> tuple[bytes, list[tuple[bytes | None, bytes | None]]] | None:
    """What the grammar finds in a group as sent; None when it is not one group and no more.

    Keys and names have no start rule of their own, so they are tried in a line.
    """
    read = reply_grammar.received_line(b"250 2.0.0 " + sent)
    return read[4][0] if read is not None and len(read[4]) == 1 and read[5] is None else None


@dataclass(frozen=True, slots=True)
class Argument:
    """One argument of a group: `value`, or `name=` with a value that may be empty.

    ABNF: metadata-argument.

    Args:
        name: None, or the name; kept in lower case.
        value: the decoded value.  Octets that are no UTF-8 (only in a received group, whose status
            is then `NOT_UTF8`) stand as U+DC80 to U+DCFF, Python's `surrogateescape`.
    """

    name: str | None
    value: str

    def __post_init__(self) -> None:
        if self.name is None:
            if not self.value:
                raise MetadataSyntaxError(b"", 0, "metadata-argument", ("a value or a name",))
            return
        sent = self.name.encode("utf-8", "surrogateescape")
        if _only_group(b"[A " + sent + b"=]") != (b"A", [(sent, None)]):
            raise MetadataSyntaxError(sent, 0, "argument-name")
        object.__setattr__(self, "name", self.name.lower())

    @property
    def octets(self) -> bytes:
        """The decoded octets of the value."""
        return self.value.encode("utf-8", "surrogateescape")

    def sent(self) -> bytes:
        """The canonical form as sent, without the space in front."""
        value = encode_value(self.octets)
        return value if self.name is None else self.name.encode("ascii") + b"=" + value


@dataclass(frozen=True, slots=True)
class MetadataGroup:
    """A key and its arguments, with the reader's verdict.

    ABNF: metadata-group.

    Args:
        key: the key; a private key (with a ".") is kept in lower case, any other in upper case.
        arguments: in wire order, repeated names kept.
        status: `USED`, or why a reader does not use the group.
        line: the line it was read from, from 1; 0 for a group made here.
        offset: the octet of its "[" in that line, from 0.
    """

    key: str
    arguments: tuple[Argument, ...] = ()
    status: GroupStatus = GroupStatus.USED
    line: int = field(default=0, compare=False)
    offset: int = field(default=0, compare=False)

    def __post_init__(self) -> None:
        key = self.key.encode("utf-8", "surrogateescape")
        if _only_group(b"[" + key + b"]") != (key, []):
            raise MetadataSyntaxError(key, 0, "metadata-key")
        object.__setattr__(self, "key", canonical_key(self.key))
        object.__setattr__(self, "arguments", tuple(self.arguments))

    @property
    def used(self) -> bool:
        """Whether a reader may act on the group."""
        return self.status is GroupStatus.USED

    @property
    def private(self) -> bool:
        """Whether the key is private, and so means what two parties agreed on."""
        return "." in self.key

    @property
    def values(self) -> tuple[str, ...]:
        """The values without a name, in order."""
        return tuple(item.value for item in self.arguments if item.name is None)

    @property
    def named(self) -> dict[str, str]:
        """The values with a name."""
        return {item.name: item.value for item in self.arguments if item.name is not None}

    def sent(self) -> bytes:
        """The canonical form as sent, brackets included."""
        words = [self.key.encode("ascii"), *(item.sent() for item in self.arguments)]
        return b"[" + b" ".join(words) + b"]"


def slot_setters(cls: type) -> list[Callable[[object, object], None]]:
    """What sets each slot of an instance of a frozen class while it is being made, in order.

    The only way past the guard of a frozen class that needs no check, and the fastest.
    """
    return [cls.__dict__[name].__set__ for name in cls.__dict__["__slots__"]]


_new = object.__new__
_set_name, _set_value = slot_setters(Argument)
_set_key, _set_arguments, _set_status, _set_line, _set_offset = slot_setters(MetadataGroup)


def read_argument(name: bytes | None, value: bytes | None) -> Argument:
    """An argument the grammar has accepted, from its parts as sent."""
    argument = _new(Argument)
    _set_name(argument, None if name is None else name.decode("ascii").lower())
    if value is None:
        _set_value(argument, "")
    elif b"+" in value:
        _set_value(argument, decode_matched_value(value).decode("utf-8", "surrogateescape"))
    else:
        _set_value(argument, value.decode("ascii"))
    return argument


def read_group(
    key: str, arguments: tuple[Argument, ...], status: GroupStatus, line: int, offset: int
) -> MetadataGroup:
    """A group the grammar has accepted; the key in its canonical case."""
    group = _new(MetadataGroup)
    _set_key(group, key)
    _set_arguments(group, arguments)
    _set_status(group, status)
    _set_line(group, line)
    _set_offset(group, offset)
    return group


def canonical_key(key: str) -> str:
    """The one case a key is kept in; keys compare without regard to ASCII case."""
    return key.lower() if "." in key else key.upper()


class TypedKey(Protocol):
    """What the typed values of `keys` have in common."""

    KEY: ClassVar[str]

    def to_group(self) -> MetadataGroup:
        """The group that says this."""
        ...

    @classmethod
    def from_group(cls, group: MetadataGroup, /) -> Self:
        """The value a used group holds."""
        ...


_Value = TypeVar("_Value", bound=TypedKey)


class Metadata(tuple[MetadataGroup, ...]):
    """All groups of a reply in wire order, whatever their status.

    `metadata.get(Referral)` and `metadata["REFERRAL"]` see used groups only; iterating sees all.
    """

    __slots__ = ()

    @overload
    def __getitem__(self, key: SupportsIndex, /) -> MetadataGroup: ...
    @overload
    def __getitem__(self, key: slice | str, /) -> tuple[MetadataGroup, ...]: ...
    def __getitem__(
        self, key: SupportsIndex | slice | str, /
    ) -> MetadataGroup | tuple[MetadataGroup, ...]:
        if isinstance(key, str):
            return tuple(group for group in self.used if group.key == canonical_key(key))
        return super().__getitem__(key)

    def __repr__(self) -> str:
        return f"Metadata({super().__repr__()})"

    @property
    def used(self) -> tuple[MetadataGroup, ...]:
        """The groups a reader may act on."""
        return tuple(group for group in self if group.used)

    def get(self, key: type[_Value]) -> _Value | None:
        """The typed value of the first used group of that key, or None."""
        return next(iter(self.all(key)), None)

    def all(self, key: type[_Value]) -> tuple[_Value, ...]:
        """The typed values of all used groups of that key."""
        return tuple(key.from_group(group) for group in self[key.KEY])


NO_METADATA: Final = Metadata()
