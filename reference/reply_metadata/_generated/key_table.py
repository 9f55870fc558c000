"""Generated from grammar/keys.toml by `make generate`; do not edit.

SHA-256 of the source: a2537c546c4a79a8e80edc1cb2e97417154657a3951ddbcd2448ae8e73cac018
"""

# SPDX-License-Identifier: BSD-3-Clause

from __future__ import annotations

from typing import Final, TypedDict


class KeyEntry(TypedDict):
    """One key of the table; see grammar/keys.toml."""

    hop: str
    classes: tuple[str, ...]
    not_codes: tuple[int, ...]
    commands: tuple[str, ...] | None
    lmtp_only: bool
    repeatable: bool
    arguments: str
    value: str | None
    any_name: str | None
    names: dict[str, str]


KEYS: Final[dict[str, KeyEntry]] = {
    "REFERRAL": {
        "hop": "trusted",
        "classes": ("4", "5",),
        "not_codes": (421,),
        "commands": ("MAIL", "RCPT",),
        "lmtp_only": False,
        "repeatable": False,
        "arguments": "referral-arguments",
        "value": "referral-uri",
        "any_name": None,
        "names": {},
    },
    "RETRY-AFTER": {
        "hop": "any",
        "classes": ("4",),
        "not_codes": (),
        "commands": None,
        "lmtp_only": False,
        "repeatable": False,
        "arguments": "retry-after-arguments",
        "value": "delta-seconds",
        "any_name": None,
        "names": {},
    },
    "QUEUE-ID": {
        "hop": "any",
        "classes": ("2",),
        "not_codes": (),
        "commands": ("DATA", "BDAT",),
        "lmtp_only": False,
        "repeatable": False,
        "arguments": "queue-id-arguments",
        "value": "opaque-identifier",
        "any_name": None,
        "names": {},
    },
    "TRACE-ID": {
        "hop": "any",
        "classes": ("2", "4", "5",),
        "not_codes": (),
        "commands": None,
        "lmtp_only": False,
        "repeatable": False,
        "arguments": "trace-id-arguments",
        "value": "opaque-identifier",
        "any_name": None,
        "names": {},
    },
    "REASON": {
        "hop": "any",
        "classes": ("4", "5",),
        "not_codes": (),
        "commands": None,
        "lmtp_only": False,
        "repeatable": False,
        "arguments": "reason-arguments",
        "value": "reason-token",
        "any_name": None,
        "names": {},
    },
    "HELP-URI": {
        "hop": "any",
        "classes": ("4", "5",),
        "not_codes": (),
        "commands": None,
        "lmtp_only": False,
        "repeatable": False,
        "arguments": "help-uri-arguments",
        "value": "help-uri",
        "any_name": None,
        "names": {},
    },
    "FORWARD": {
        "hop": "trusted",
        "classes": ("2", "4", "5",),
        "not_codes": (),
        "commands": None,
        "lmtp_only": False,
        "repeatable": False,
        "arguments": "forward-arguments",
        "value": None,
        "any_name": "free-text",
        "names": {},
    },
    "STORED": {
        "hop": "trusted",
        "classes": ("2",),
        "not_codes": (),
        "commands": ("DATA", "BDAT",),
        "lmtp_only": True,
        "repeatable": False,
        "arguments": "stored-arguments",
        "value": None,
        "any_name": None,
        "names": {"mailbox": "free-text", "uidvalidity": "number32", "uid": "number32", "guid": "opaque-identifier"},
    },
}
