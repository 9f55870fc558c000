"""The key table at work: may this group be used, and if not, why not.

Rule 1: what a key allows is data (`_generated.key_table`, from grammar/keys.toml); the checks here
are the same for every key.
Rule 2: the form of arguments and values is decided by the generated grammar; only limits that ABNF
cannot state are checked by hand, and stand in one table.
Rule 3: one group, one status: the first check that fails, in the order written here.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any, Final

from reply_metadata._generated import reply_grammar
from reply_metadata._generated.key_table import KEYS
from reply_metadata.errors import MetadataSyntaxError
from reply_metadata.groups import USED, Argument, GroupStatus, MetadataGroup
from reply_metadata.octets import decode_matched_value
from reply_metadata.values import ReadArgument


@dataclass(frozen=True, slots=True)
class KeyEntry:
    """One row of the key table; Draft: #keys.

    Args:
        key: the key, upper case.
        trusted_hop: whether it may go only between hosts that trust each other.
        classes: the first digits of the reply codes it may stand in.
        not_codes: reply codes of these classes it may not stand in.
        commands: verbs whose replies may carry it; empty for any.
        lmtp_only: only in the per-recipient replies of LMTP.
        repeatable: whether it may stand more than once in a reply.
        arguments: the rule for all that follows the key, as sent.
        value: the rule for each decoded value without a name, or None when there is none.
        any_name: the rule for each decoded value under any name, or None.
        names: the rule for the decoded value of each known name, in the order they are sent.
    """

    key: str
    trusted_hop: bool
    classes: str
    not_codes: tuple[int, ...]
    commands: tuple[str, ...]
    lmtp_only: bool
    repeatable: bool
    arguments: str
    value: str | None
    any_name: str | None
    names: Mapping[str, str]


def _entry(key: str, row: Mapping[str, Any]) -> KeyEntry:
    return KeyEntry(
        key=key,
        trusted_hop=row["hop"] == "trusted",
        classes=row["classes"],
        not_codes=tuple(row["not_codes"] or ()),
        commands=tuple(row["commands"] or ()),
        lmtp_only=row["lmtp_only"],
        repeatable=row["repeatable"],
        arguments=row["arguments"],
        value=row["value"],
        any_name=row["any_name"],
        names=dict(row["names"] or {}),
    )


KEY_ENTRIES: Final[Mapping[str, KeyEntry]] = {key: _entry(key, row) for key, row in KEYS.items()}
"""Every key of the first edition by its name in upper case."""


def _port_fits(uri: bytes) -> bool:
    port = uri.removesuffix(b"/").rpartition(b":")[2]
    return len(port) != 5 or not port.isdigit() or int(port) <= 0xFFFF


def _number32_fits(number: bytes) -> bool:
    return int(number) <= 0xFFFF_FFFF


# Comments of the grammar: "at most 65535" at port-number, "1 to 2^32 - 1" at number32.
_PROSE_LIMITS: Final[Mapping[str, Callable[[bytes], bool]]] = {
    "referral-uri": _port_fits,
    "number32": _number32_fits,
}


def placement_status(entry: KeyEntry, code: int, command: str | None, lmtp: bool) -> GroupStatus:
    """Whether a key may stand in a reply with this code to this command; Draft: #keys.

    Without a command, the rules about commands and about LMTP are not applied.
    """
    if str(code)[0] not in entry.classes:
        return GroupStatus.WRONG_CLASS
    if code in entry.not_codes:
        return GroupStatus.WRONG_CODE
    if command is not None:
        if entry.commands and command.partition(" ")[0] not in entry.commands:
            return GroupStatus.WRONG_COMMAND
        if entry.lmtp_only and not lmtp:
            return GroupStatus.NOT_LMTP
    return USED


def arguments_status(
    entry: KeyEntry, sent: Sequence[ReadArgument], arguments: Sequence[Argument]
) -> GroupStatus:
    """Whether the arguments are what the key takes; Draft: #errors.

    Names the key does not know are left out; known ones may stand in any order.

    Args:
        entry: the key's row.
        sent: the arguments as sent; well-formed, no name twice.
        arguments: the same, decoded.
    """
    if not entry.names and entry.any_name is None:
        return _values_status(entry, [value or b"" for name, value in sent if name is None])
    if entry.value is None and any(argument.name is None for argument in arguments):
        return GroupStatus.SURPLUS_ARGUMENT
    known = list(zip(arguments, sent, strict=True))
    if entry.names:
        order = list(entry.names)
        known = [both for both in known if both[0].name in entry.names]
        known.sort(key=lambda both: order.index(both[0].name or ""))
    as_sent = b"".join([_as_sent(*argument) for _, argument in known])
    if not reply_grammar.match(entry.arguments, as_sent):
        return _why_refused(entry, [argument for argument, _ in known])
    for argument, (_, value) in known:
        if value is None:
            continue  # the arguments rule decides where a value may be empty
        name = argument.name
        rule = entry.value if name is None else entry.names.get(name, entry.any_name)
        if rule is None or not value_fits(rule, decode_matched_value(value)):
            return GroupStatus.BAD_VALUE
    return USED


def _values_status(entry: KeyEntry, values: Sequence[bytes]) -> GroupStatus:
    """The same for a key that knows no names."""
    if not values:
        return GroupStatus.MISSING_ARGUMENT
    if not reply_grammar.match(entry.arguments, b" " + b" ".join(values)):
        return GroupStatus.SURPLUS_ARGUMENT  # one by one they are well-formed
    rule = entry.value or ""
    for value in values:
        if not value_fits(rule, decode_matched_value(value)):
            return GroupStatus.BAD_VALUE
    return USED


def _as_sent(name: bytes | None, value: bytes | None) -> bytes:
    if name is None:
        return b" " + (value or b"")
    return b" " + name + b"=" + (value or b"")


def _why_refused(entry: KeyEntry, known: Sequence[Argument]) -> GroupStatus:
    """Why the arguments rule refuses well-formed arguments: it counts them and wants values."""
    if not known:
        return GroupStatus.MISSING_ARGUMENT
    if entry.names:
        if all(argument.value for argument in known):
            return GroupStatus.MISSING_ARGUMENT
        return GroupStatus.BAD_VALUE
    return GroupStatus.SURPLUS_ARGUMENT


def checked_group(group: MetadataGroup) -> MetadataGroup:
    """The group, when its arguments are what its key takes.

    Raises:
        MetadataSyntaxError: a reader would not use it, whatever reply it stood in.
    """
    entry = KEY_ENTRIES[group.key]
    sent = [argument.parts() for argument in group.arguments]
    status = arguments_status(entry, sent, group.arguments)
    if status is not USED:
        raise MetadataSyntaxError(group.sent(), 0, entry.arguments, (status.value,))
    return group


def value_fits(rule: str, decoded: bytes) -> bool:
    """Whether decoded octets are a value of a layer 3 rule, limits in prose included."""
    if not reply_grammar.match(rule, decoded):
        return False
    return rule not in _PROSE_LIMITS or _PROSE_LIMITS[rule](decoded)
