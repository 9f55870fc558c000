"""The key table at work: may this group be used, and if not, why not.

Rule 1: what a key allows is data (`_generated.key_table`, from grammar/keys.toml); the checks here
are the same for every key.
Rule 2: the form of arguments and values is decided by the generated grammar; only limits that ABNF
cannot state are checked by hand, and stand in one table.
Rule 3: one group, one status: the first check that fails, in the order written here.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from typing import Final

from reply_metadata._generated import reply_grammar
from reply_metadata._generated.key_table import KEY_ENTRIES as KEY_ENTRIES
from reply_metadata._generated.key_table import KeyEntry as KeyEntry
from reply_metadata.errors import MetadataSyntaxError
from reply_metadata.groups import USED, Argument, GroupStatus, MetadataGroup


def _port_fits(uri: bytes) -> bool:
    port = uri.removesuffix(b"/").rpartition(b":")[2]
    return not port.isdigit() or int(port) <= 0xFFFF


# Comments of the grammar: "at most 65535" at port-number, "1 to 2^32 - 1" at number32.
_PROSE_LIMITS: Final[Mapping[str, Callable[[bytes], bool]]] = {
    "referral-uri": _port_fits,
    "number32": lambda number: int(number) <= 0xFFFF_FFFF,
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


def arguments_status(entry: KeyEntry, arguments: Sequence[Argument]) -> GroupStatus:
    """Whether arguments, no name twice, are what the key takes; Draft: #errors.

    Names the key does not know are left out; known ones may stand in any order.
    """
    known: list[tuple[Argument, str]] = []
    for argument in arguments:
        name = argument.name
        rule = entry.value if name is None else entry.names.get(name, entry.any_name)
        if rule is not None:
            known.append((argument, rule))
        elif name is None:
            return GroupStatus.SURPLUS_ARGUMENT
    if not known:
        return GroupStatus.MISSING_ARGUMENT
    if entry.names:
        order = [None, *entry.names]
        known.sort(key=lambda pair: order.index(pair[0].name))
    as_sent = b"".join([b" " + argument.sent() for argument, _ in known])
    if not reply_grammar.match(entry.arguments, as_sent):  # it counts, and says what may be empty
        if not entry.names:
            return GroupStatus.SURPLUS_ARGUMENT
        empty = any(not argument.value for argument, _ in known)
        return GroupStatus.BAD_VALUE if empty else GroupStatus.MISSING_ARGUMENT
    for argument, rule in known:
        if argument.value and not value_fits(rule, argument.octets):
            return GroupStatus.BAD_VALUE
    return USED


_EXPECTED: Final = {
    GroupStatus.MISSING_ARGUMENT: "one more argument",
    GroupStatus.SURPLUS_ARGUMENT: "fewer arguments",
    GroupStatus.BAD_VALUE: "no empty value",
}


def checked_group(group: MetadataGroup) -> MetadataGroup:
    """The group, when its arguments are what its key takes.

    Raises:
        MetadataSyntaxError: a reader would not use it, whatever reply it stood in.
    """
    entry = KEY_ENTRIES[group.key]
    status = arguments_status(entry, group.arguments)
    if status is not USED:
        for argument in group.arguments:
            rule = entry.value if argument.name is None else entry.names.get(argument.name)
            rule = rule or entry.any_name
            if rule and argument.value and not value_fits(rule, argument.octets):
                raise MetadataSyntaxError(argument.octets, 0, rule)
        raise MetadataSyntaxError(group.sent(), 0, entry.arguments, (_EXPECTED[status],))
    return group


def value_fits(rule: str, decoded: bytes) -> bool:
    """Whether decoded octets are a value of a layer 3 rule, limits in prose included."""
    if not reply_grammar.match(rule, decoded):
        return False
    return rule not in _PROSE_LIMITS or _PROSE_LIMITS[rule](decoded)
