# Generated from reply-metadata.abnf by make generate; SHA-256 of the source: 02227b23faceed97358b6c28fc56cd0c4bc3da080d000a204ed7bb61609427c1
# SPDX-License-Identifier: BSD-3-Clause
"""Patterns of the start rules of reply-metadata.abnf, for octets.

Made by `make generate`.
Every pattern is proved to take time linear in the length of its input; the comment beside each
says how.  Do not edit.
"""

from __future__ import annotations

import re
from collections.abc import Mapping
from functools import cache
from types import MappingProxyType
from typing import Final, TypeAlias

SOURCE_SHA256: Final = "02227b23faceed97358b6c28fc56cd0c4bc3da080d000a204ed7bb61609427c1"
"""SHA-256 of the grammar file."""

MetadataArgument: TypeAlias = tuple[bytes | None, bytes | None]
"""ABNF: metadata-argument. In order: argument-name, argument-value."""

MetadataGroup: TypeAlias = tuple[bytes, list[MetadataArgument]]
"""ABNF: metadata-group. In order: metadata-key, *metadata-argument."""

ReceivedLine: TypeAlias = tuple[
    bytes, bytes | None, bytes | None, bytes | None, list[MetadataGroup], bytes | None
]
"""ABNF: received-line. In order: received-code, line-separator, enhanced-status-code, reply-
path, *metadata-group, remaining-text.
"""

RULES: Final[Mapping[str, bytes]] = MappingProxyType(
    {
        # unambiguous
        "reply-with-metadata": (
            rb"(?>(?:[245][0-5][0-9]-[245]\.[0-9]{1,3}+\.[0-9]{1,3}+ (?>(?>"
            rb"(?:\[[A-Za-z][\-0-9A-Za-z]*+(?>(?:\.[\-0-9A-Za-z]++)*)(?>(?: "
            rb"(?>[A-Za-z][\-.0-9A-Z_a-z]{0,31}+=(?>(?:[!-*,-;?-Z\\\^-\~]++|\+[0-9A-F]{2})*)|(?>"
            rb"(?:[!-*,-;?-Z\\\^-\~]++|\+[0-9A-F]{2})+)))*)\] )*)[!-;=-Z\\-\~][\x09 -\~]*+|<(?>"
            rb"(?:[!\#-;=?-\[\]-\~]++|\x22(?>(?:[ !\#-\[\]-\~]++|\\[ -\~])*)\x22)*)>(?> (?>"
            rb"(?:\[[A-Za-z][\-0-9A-Za-z]*+(?>(?:\.[\-0-9A-Za-z]++)*)(?>(?: "
            rb"(?>[A-Za-z][\-.0-9A-Z_a-z]{0,31}+=(?>(?:[!-*,-;?-Z\\\^-\~]++|\+[0-9A-F]{2})*)|(?>"
            rb"(?:[!-*,-;?-Z\\\^-\~]++|\+[0-9A-F]{2})+)))*)\] )*)[!-;=-Z\\-\~][\x09 -\~]*+"
            rb"|[!-\~][\x09 -\~]*+))\x0d\x0a)*)[245][0-5][0-9] [245]\.[0-9]{1,3}+\.[0-9]{1,3}+ (?>"
            rb"(?>(?:\[[A-Za-z][\-0-9A-Za-z]*+(?>(?:\.[\-0-9A-Za-z]++)*)(?>(?: "
            rb"(?>[A-Za-z][\-.0-9A-Z_a-z]{0,31}+=(?>(?:[!-*,-;?-Z\\\^-\~]++|\+[0-9A-F]{2})*)|(?>"
            rb"(?:[!-*,-;?-Z\\\^-\~]++|\+[0-9A-F]{2})+)))*)\] )*)[!-;=-Z\\-\~][\x09 -\~]*+|<(?>"
            rb"(?:[!\#-;=?-\[\]-\~]++|\x22(?>(?:[ !\#-\[\]-\~]++|\\[ -\~])*)\x22)*)>(?> (?>"
            rb"(?:\[[A-Za-z][\-0-9A-Za-z]*+(?>(?:\.[\-0-9A-Za-z]++)*)(?>(?: "
            rb"(?>[A-Za-z][\-.0-9A-Z_a-z]{0,31}+=(?>(?:[!-*,-;?-Z\\\^-\~]++|\+[0-9A-F]{2})*)|(?>"
            rb"(?:[!-*,-;?-Z\\\^-\~]++|\+[0-9A-F]{2})+)))*)\] )*)[!-;=-Z\\-\~][\x09 -\~]*+"
            rb"|[!-\~][\x09 -\~]*+))\x0d\x0a"
        ),
        # deterministic
        "ehlo-line-metadata": rb"[Rr][Ee][Pp][Ll][Yy][Mm][Ee][Tt][Aa](?>(?: [!-\~]++)*)",
        # commit
        "received-line": (
            rb"([2-5][0-5][0-9])(?:([ \-])(?:([245]\.[0-9]{1,3}+\.[0-9]{1,3}+)(?: (?:(<(?>"
            rb"(?:[!\#-;=?-\[\]-\~]++|\x22(?>(?:[ !\#-\[\]-\~]++|\\[ -\~])*)\x22)*)>) )?((?>"
            rb"(?:\[[A-Za-z][\-0-9A-Za-z]*+(?>(?:\.[\-0-9A-Za-z]++)*)(?>(?: "
            rb"(?>[A-Za-z][\-.0-9A-Z_a-z]{0,31}+=(?>(?:[!-*,-;?-Z\\\^-\~]++|\+[0-9A-F]{2})*)|(?>"
            rb"(?:[!-*,-;?-Z\\\^-\~]++|\+[0-9A-F]{2})+)))*)\] )*))(?:(\[[A-Za-z][\-0-9A-Za-z]*+(?>"
            rb"(?:\.[\-0-9A-Za-z]++)*)(?>(?: (?>[A-Za-z][\-.0-9A-Z_a-z]{0,31}+=(?>"
            rb"(?:[!-*,-;?-Z\\\^-\~]++|\+[0-9A-F]{2})*)|(?>(?:[!-*,-;?-Z\\\^-\~]++"
            rb"|\+[0-9A-F]{2})+)))*)\])|([\x01-\x09\x0b\x0c\x0e-\xff]*+)))?|"
            rb"([\x01-\x09\x0b\x0c\x0e-\xff]*+)))?"
        ),
        # unambiguous
        "line-text": (
            rb"(?>(?:\[[A-Za-z][\-0-9A-Za-z]*+(?>(?:\.[\-0-9A-Za-z]++)*)(?>(?: "
            rb"(?>[A-Za-z][\-.0-9A-Z_a-z]{0,31}+=(?>(?:[!-*,-;?-Z\\\^-\~]++|\+[0-9A-F]{2})*)|(?>"
            rb"(?:[!-*,-;?-Z\\\^-\~]++|\+[0-9A-F]{2})+)))*)\] )*)[!-;=-Z\\-\~][\x09 -\~]*+|<(?>"
            rb"(?:[!\#-;=?-\[\]-\~]++|\x22(?>(?:[ !\#-\[\]-\~]++|\\[ -\~])*)\x22)*)>(?> (?>"
            rb"(?:\[[A-Za-z][\-0-9A-Za-z]*+(?>(?:\.[\-0-9A-Za-z]++)*)(?>(?: "
            rb"(?>[A-Za-z][\-.0-9A-Z_a-z]{0,31}+=(?>(?:[!-*,-;?-Z\\\^-\~]++|\+[0-9A-F]{2})*)|(?>"
            rb"(?:[!-*,-;?-Z\\\^-\~]++|\+[0-9A-F]{2})+)))*)\] )*)[!-;=-Z\\-\~][\x09 -\~]*+"
            rb"|[!-\~][\x09 -\~]*+)"
        ),
        # unambiguous
        "metadata-group": (
            rb"\[([A-Za-z][\-0-9A-Za-z]*+(?>(?:\.[\-0-9A-Za-z]++)*))((?>(?: "
            rb"(?>[A-Za-z][\-.0-9A-Z_a-z]{0,31}+=(?>(?:[!-*,-;?-Z\\\^-\~]++|\+[0-9A-F]{2})*)|(?>"
            rb"(?:[!-*,-;?-Z\\\^-\~]++|\+[0-9A-F]{2})+)))*))\]"
        ),
        # deterministic
        "argument-value": rb"(?>(?:[!-*,-;?-Z\\\^-\~]++|\+[0-9A-F]{2})+)",
        # deterministic
        "referral-arguments": rb"(?>(?: (?>(?:[!-*,-;?-Z\\\^-\~]++|\+[0-9A-F]{2})+)){1,8})",
        # deterministic
        "retry-after-arguments": rb" (?>(?:[!-*,-;?-Z\\\^-\~]++|\+[0-9A-F]{2})+)",
        # deterministic
        "queue-id-arguments": rb" (?>(?:[!-*,-;?-Z\\\^-\~]++|\+[0-9A-F]{2})+)",
        # deterministic
        "trace-id-arguments": rb" (?>(?:[!-*,-;?-Z\\\^-\~]++|\+[0-9A-F]{2})+)",
        # deterministic
        "reason-arguments": rb" (?>(?:[!-*,-;?-Z\\\^-\~]++|\+[0-9A-F]{2})+)",
        # deterministic
        "help-uri-arguments": rb" (?>(?:[!-*,-;?-Z\\\^-\~]++|\+[0-9A-F]{2})+)",
        # deterministic
        "forward-arguments": (
            rb"(?>(?: [A-Za-z][\-.0-9A-Z_a-z]{0,31}+=(?>(?:[!-*,-;?-Z\\\^-\~]++"
            rb"|\+[0-9A-F]{2})*)){1,16})"
        ),
        # unambiguous
        "stored-arguments": (
            rb" [Mm][Aa][Ii][Ll][Bb][Oo][Xx]=(?>(?:[!-*,-;?-Z\\\^-\~]++|\+[0-9A-F]{2})+)"
            rb"(?: [Uu][Ii][Dd][Vv][Aa][Ll][Ii][Dd][Ii][Tt][Yy]=(?>(?:[!-*,-;?-Z\\\^-\~]++"
            rb"|\+[0-9A-F]{2})+) [Uu][Ii][Dd]=(?>(?:[!-*,-;?-Z\\\^-\~]++|\+[0-9A-F]{2})+))?"
            rb"(?: [Gg][Uu][Ii][Dd]=(?>(?:[!-*,-;?-Z\\\^-\~]++|\+[0-9A-F]{2})+))?"
        ),
        # unambiguous
        "referral-uri": (
            rb"[Ss][Mm][Tt][Pp]://(?:(?>(?:[0-9A-Za-z](?>(?:-*+[0-9A-Za-z])*)\.)*)[A-Za-z](?>"
            rb"(?:-*+[0-9A-Za-z])*)|(?>1[0-9]{2}|2(?>[0-4][0-9]|5[0-5])|[1-9][0-9]|[0-9])\."
            rb"(?>1[0-9]{2}|2(?>[0-4][0-9]|5[0-5])|[1-9][0-9]|[0-9])\.(?>1[0-9]{2}|2(?>[0-4][0-9]"
            rb"|5[0-5])|[1-9][0-9]|[0-9])\.(?>1[0-9]{2}|2(?>[0-4][0-9]|5[0-5])|[1-9][0-9]|[0-9])|\["
            rb"(?:(?>(?:[0-9A-Fa-f]{1,4}+:){6})(?>[0-9A-Fa-f]{1,4}+:[0-9A-Fa-f]{1,4}+|(?>1[0-9]{2}"
            rb"|2(?>[0-4][0-9]|5[0-5])|[1-9][0-9]|[0-9])\.(?>1[0-9]{2}|2(?>[0-4][0-9]|5[0-5])"
            rb"|[1-9][0-9]|[0-9])\.(?>1[0-9]{2}|2(?>[0-4][0-9]|5[0-5])|[1-9][0-9]|[0-9])\."
            rb"(?>1[0-9]{2}|2(?>[0-4][0-9]|5[0-5])|[1-9][0-9]|[0-9]))|::(?>"
            rb"(?:[0-9A-Fa-f]{1,4}+:){5})(?>[0-9A-Fa-f]{1,4}+:[0-9A-Fa-f]{1,4}+|(?>1[0-9]{2}|2"
            rb"(?>[0-4][0-9]|5[0-5])|[1-9][0-9]|[0-9])\.(?>1[0-9]{2}|2(?>[0-4][0-9]|5[0-5])"
            rb"|[1-9][0-9]|[0-9])\.(?>1[0-9]{2}|2(?>[0-4][0-9]|5[0-5])|[1-9][0-9]|[0-9])\."
            rb"(?>1[0-9]{2}|2(?>[0-4][0-9]|5[0-5])|[1-9][0-9]|[0-9]))|[0-9A-Fa-f]{0,4}+::(?>"
            rb"(?:[0-9A-Fa-f]{1,4}+:){4})(?>[0-9A-Fa-f]{1,4}+:[0-9A-Fa-f]{1,4}+|(?>1[0-9]{2}|2"
            rb"(?>[0-4][0-9]|5[0-5])|[1-9][0-9]|[0-9])\.(?>1[0-9]{2}|2(?>[0-4][0-9]|5[0-5])"
            rb"|[1-9][0-9]|[0-9])\.(?>1[0-9]{2}|2(?>[0-4][0-9]|5[0-5])|[1-9][0-9]|[0-9])\."
            rb"(?>1[0-9]{2}|2(?>[0-4][0-9]|5[0-5])|[1-9][0-9]|[0-9]))|(?:"
            rb"(?:[0-9A-Fa-f]{1,4}+:)?[0-9A-Fa-f]{1,4}+)?::(?>(?:[0-9A-Fa-f]{1,4}+:){3})"
            rb"(?>[0-9A-Fa-f]{1,4}+:[0-9A-Fa-f]{1,4}+|(?>1[0-9]{2}|2(?>[0-4][0-9]|5[0-5])"
            rb"|[1-9][0-9]|[0-9])\.(?>1[0-9]{2}|2(?>[0-4][0-9]|5[0-5])|[1-9][0-9]|[0-9])\."
            rb"(?>1[0-9]{2}|2(?>[0-4][0-9]|5[0-5])|[1-9][0-9]|[0-9])\.(?>1[0-9]{2}|2(?>[0-4][0-9]"
            rb"|5[0-5])|[1-9][0-9]|[0-9]))|(?:(?:[0-9A-Fa-f]{1,4}+:){0,2}[0-9A-Fa-f]{1,4}+)?::(?>"
            rb"(?:[0-9A-Fa-f]{1,4}+:){2})(?>[0-9A-Fa-f]{1,4}+:[0-9A-Fa-f]{1,4}+|(?>1[0-9]{2}|2"
            rb"(?>[0-4][0-9]|5[0-5])|[1-9][0-9]|[0-9])\.(?>1[0-9]{2}|2(?>[0-4][0-9]|5[0-5])"
            rb"|[1-9][0-9]|[0-9])\.(?>1[0-9]{2}|2(?>[0-4][0-9]|5[0-5])|[1-9][0-9]|[0-9])\."
            rb"(?>1[0-9]{2}|2(?>[0-4][0-9]|5[0-5])|[1-9][0-9]|[0-9]))|(?:"
            rb"(?:[0-9A-Fa-f]{1,4}+:){0,3}[0-9A-Fa-f]{1,4}+)?::[0-9A-Fa-f]{1,4}+:"
            rb"(?>[0-9A-Fa-f]{1,4}+:[0-9A-Fa-f]{1,4}+|(?>1[0-9]{2}|2(?>[0-4][0-9]|5[0-5])"
            rb"|[1-9][0-9]|[0-9])\.(?>1[0-9]{2}|2(?>[0-4][0-9]|5[0-5])|[1-9][0-9]|[0-9])\."
            rb"(?>1[0-9]{2}|2(?>[0-4][0-9]|5[0-5])|[1-9][0-9]|[0-9])\.(?>1[0-9]{2}|2(?>[0-4][0-9]"
            rb"|5[0-5])|[1-9][0-9]|[0-9]))|(?:(?:[0-9A-Fa-f]{1,4}+:){0,4}[0-9A-Fa-f]{1,4}+)?::"
            rb"(?>[0-9A-Fa-f]{1,4}+:[0-9A-Fa-f]{1,4}+|(?>1[0-9]{2}|2(?>[0-4][0-9]|5[0-5])"
            rb"|[1-9][0-9]|[0-9])\.(?>1[0-9]{2}|2(?>[0-4][0-9]|5[0-5])|[1-9][0-9]|[0-9])\."
            rb"(?>1[0-9]{2}|2(?>[0-4][0-9]|5[0-5])|[1-9][0-9]|[0-9])\.(?>1[0-9]{2}|2(?>[0-4][0-9]"
            rb"|5[0-5])|[1-9][0-9]|[0-9]))|(?:(?:[0-9A-Fa-f]{1,4}+:){0,5}[0-9A-Fa-f]{1,4}+)?::"
            rb"[0-9A-Fa-f]{1,4}+|(?:(?:[0-9A-Fa-f]{1,4}+:){0,6}[0-9A-Fa-f]{1,4}+)?::)\])"
            rb"(?::[1-9][0-9]{0,4}+)?/?+"
        ),
        # deterministic
        "delta-seconds": rb"0|[1-9][0-9]{0,6}+",
        # deterministic
        "opaque-identifier": rb"[!-\~]{1,128}+",
        # deterministic
        "reason-token": rb"[\-.0-:A-Z_a-z]{1,64}+",
        # deterministic
        "help-uri": (
            rb"(?>[Hh][Tt][Tt][Pp](?>[Ss]://|://)|[Mm][Aa][Ii][Ll][Tt][Oo]:)(?>"
            rb"(?:[!\#$\&-;=?-\[\]_a-z\~]++|%[0-9A-Fa-f]{2})+)"
        ),
        # deterministic
        "free-text": (
            rb"(?>(?:[ -\~]++|\xc2[\xa0-\xbf]|[\xc3-\xdf][\x80-\xbf]|\xe0[\xa0-\xbf][\x80-\xbf]"
            rb"|[\xe1-\xec][\x80-\xbf]{2}|\xed[\x80-\x9f][\x80-\xbf]|[\xee\xef][\x80-\xbf]{2}"
            rb"|\xf0[\x90-\xbf][\x80-\xbf]{2}|[\xf1-\xf3][\x80-\xbf]{3}"
            rb"|\xf4[\x80-\x8f][\x80-\xbf]{2})+)"
        ),
        # deterministic
        "number32": rb"[1-9][0-9]{0,9}+",
    }
)
"""Start rule -> pattern for `fullmatch`."""

_RECEIVED_LINE: Final = re.compile(RULES["received-line"]).fullmatch
_RECEIVED_LINE_METADATA_GROUP: Final = re.compile(
    rb"\[([\-.0-9A-Za-z]++)| (?>([\-.0-9A-Z_a-z]++)=([!-;?-Z\\\^-\~]++)?|([!-;?-Z\\\^-\~]++))"
).findall

_METADATA_GROUP: Final = re.compile(RULES["metadata-group"]).fullmatch
_METADATA_GROUP_METADATA_ARGUMENT: Final = re.compile(
    rb" (?>([\-.0-9A-Z_a-z]++)=([!-;?-Z\\\^-\~]++)?|([!-;?-Z\\\^-\~]++))"
).findall


@cache
def _pattern(rule: str) -> re.Pattern[bytes]:
    return re.compile(RULES[rule])


def match(rule: str, octets: bytes) -> bool:
    """Whether the start rule `rule`, in lower case, accepts the whole of `octets`.

    Raises:
        KeyError: no such start rule.
    """
    return _pattern(rule).fullmatch(octets) is not None


def received_line(octets: bytes) -> ReceivedLine | None:
    """The captures of `received-line` in `octets`; None when the rule refuses them.

    ABNF: received-line.
    A part that is there and empty is b'', one that is absent is None.
    """
    found = _RECEIVED_LINE(octets)
    if found is None:
        return None
    (
        received_code,
        line_separator,
        enhanced_status_code,
        reply_path,
        stretch,
        stretch_2,
        remaining_text,
        remaining_text_2,
    ) = found.groups()
    metadata_group_list: list[MetadataGroup] = []
    if stretch_2:
        stretch = stretch + stretch_2 if stretch else stretch_2
    if stretch:
        metadata_argument_list: list[MetadataArgument] = []
        for key, name, value, value_2 in _RECEIVED_LINE_METADATA_GROUP(stretch):
            if key:
                metadata_argument_list = []
                metadata_group_list.append((key, metadata_argument_list))
            else:
                metadata_argument_list.append((name or None, value or value_2 or None))
    return (
        received_code,
        line_separator,
        enhanced_status_code,
        reply_path,
        metadata_group_list,
        remaining_text_2 if remaining_text is None else remaining_text,
    )


def metadata_group(octets: bytes) -> MetadataGroup | None:
    """The captures of `metadata-group` in `octets`; None when the rule refuses them.

    ABNF: metadata-group.
    """
    found = _METADATA_GROUP(octets)
    if found is None:
        return None
    metadata_key, stretch = found.groups()
    metadata_argument_list: list[MetadataArgument] = []
    if stretch:
        for name, value, value_2 in _METADATA_GROUP_METADATA_ARGUMENT(stretch):
            metadata_argument_list.append((name or None, value or value_2 or None))
    return metadata_key, metadata_argument_list
