"""Generated from grammar/keys.toml by `make generate`; do not edit.

SHA-256 of the source: a2537c546c4a79a8e80edc1cb2e97417154657a3951ddbcd2448ae8e73cac018
"""

# SPDX-License-Identifier: BSD-3-Clause

from __future__ import annotations

from typing import Final, NamedTuple


class KeyEntry(NamedTuple):
    """One row of the key table; Draft: #keys.

    Args:
        key: the key, upper case.
        hop: "any", or "trusted": it goes only between hosts that trust each other.
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
    hop: str
    classes: tuple[str, ...]
    not_codes: tuple[int, ...]
    commands: tuple[str, ...]
    lmtp_only: bool
    repeatable: bool
    arguments: str
    value: str | None
    any_name: str | None
    names: dict[str, str]

    @property
    def trusted_hop(self) -> bool:
        """Whether it may go only between hosts that trust each other."""
        return self.hop == "trusted"


KEY_ENTRIES: Final[dict[str, KeyEntry]] = {
    "REFERRAL": KeyEntry(
        key="REFERRAL",
        hop="trusted",
        classes=("4", "5",),
        not_codes=(421,),
        commands=("MAIL", "RCPT",),
        lmtp_only=False,
        repeatable=False,
        arguments="referral-arguments",
        value="referral-uri",
        any_name=None,
        names={},
    ),
    "RETRY-AFTER": KeyEntry(
        key="RETRY-AFTER",
        hop="any",
        classes=("4",),
        not_codes=(),
        commands=(),
        lmtp_only=False,
        repeatable=False,
        arguments="retry-after-arguments",
        value="delta-seconds",
        any_name=None,
        names={},
    ),
    "QUEUE-ID": KeyEntry(
        key="QUEUE-ID",
        hop="any",
        classes=("2",),
        not_codes=(),
        commands=("DATA", "BDAT",),
        lmtp_only=False,
        repeatable=False,
        arguments="queue-id-arguments",
        value="opaque-identifier",
        any_name=None,
        names={},
    ),
    "TRACE-ID": KeyEntry(
        key="TRACE-ID",
        hop="any",
        classes=("2", "4", "5",),
        not_codes=(),
        commands=(),
        lmtp_only=False,
        repeatable=False,
        arguments="trace-id-arguments",
        value="opaque-identifier",
        any_name=None,
        names={},
    ),
    "REASON": KeyEntry(
        key="REASON",
        hop="any",
        classes=("4", "5",),
        not_codes=(),
        commands=(),
        lmtp_only=False,
        repeatable=False,
        arguments="reason-arguments",
        value="reason-token",
        any_name=None,
        names={},
    ),
    "HELP-URI": KeyEntry(
        key="HELP-URI",
        hop="any",
        classes=("4", "5",),
        not_codes=(),
        commands=(),
        lmtp_only=False,
        repeatable=False,
        arguments="help-uri-arguments",
        value="help-uri",
        any_name=None,
        names={},
    ),
    "FORWARD": KeyEntry(
        key="FORWARD",
        hop="trusted",
        classes=("2", "4", "5",),
        not_codes=(),
        commands=(),
        lmtp_only=False,
        repeatable=False,
        arguments="forward-arguments",
        value=None,
        any_name="free-text",
        names={},
    ),
    "STORED": KeyEntry(
        key="STORED",
        hop="trusted",
        classes=("2",),
        not_codes=(),
        commands=("DATA", "BDAT",),
        lmtp_only=True,
        repeatable=False,
        arguments="stored-arguments",
        value=None,
        any_name=None,
        names={"mailbox": "free-text", "uidvalidity": "number32", "uid": "number32", "guid": "opaque-identifier"},
    ),
}
"""Every key of the first edition by its name in upper case."""
