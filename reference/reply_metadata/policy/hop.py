"""What of a reply goes on to the next host.

Draft: #hop-by-hop.

Rule 1: a group goes on only when its key is understood here and the next peer negotiated metadata;
a trusted-hop key, and any private key, only to a trusted peer.
Rule 2: the rest of the text goes on without its control characters, and never looks like metadata.
Rule 3: 421 is about the connection it came on, so it goes on as 451: this connection stays.
Rule 4: REFERRAL never goes on from here: a proxy follows it or drops it.
"""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from typing import Final

from reply_metadata.codec import build_reply, text_from_others
from reply_metadata.groups import GroupStatus, MetadataGroup
from reply_metadata.key_rules import placement_status
from reply_metadata.keys import KEY_ENTRIES, Forward, Referral
from reply_metadata.values import Reply

TRUSTED_HOP_KEYS: Final = frozenset(key for key, entry in KEY_ENTRIES.items() if entry.trusted_hop)
CONNECTION_CODE: Final = 421
CODE_PASSED_ON: Final = 451
MAX_TEXT_OCTETS: Final = 400
"""Of one line, so that it fits into a reply line of 510 octets with its codes and a "Note: "."""
MAX_TEXT_LINES: Final = 20


@dataclass(frozen=True, slots=True)
class HopPolicy:
    """What the operator of a proxy passes on.

    Args:
        trusted: whether trusted-hop keys go on: the peer that sent them and the next one are both
            trusted (Draft: #keys).
        private_keys: private keys that are understood here.
        forward_names: names of FORWARD fields that are accepted; all others are dropped.
    """

    trusted: bool = False
    private_keys: frozenset[str] = frozenset()
    forward_names: frozenset[str] = frozenset()

    def passes(self, group: MetadataGroup) -> bool:
        """Whether a group goes on to a peer that negotiated metadata."""
        if not group.used or group.key == Referral.KEY:
            return False
        if group.private:
            return self.trusted and group.key in self.private_keys
        return self.trusted or group.key not in TRUSTED_HOP_KEYS


NOTHING_TRUSTED: Final = HopPolicy()


def groups_for_next_hop(
    groups: Iterable[MetadataGroup], policy: HopPolicy = NOTHING_TRUSTED
) -> tuple[MetadataGroup, ...]:
    """The groups of a received reply that go on."""
    passed = []
    for group in groups:
        if not policy.passes(group):
            continue
        if group.key == Forward.KEY:
            kept = tuple(item for item in group.arguments if item.name in policy.forward_names)
            if not kept:
                continue
            group = MetadataGroup(group.key, kept)
        passed.append(group)
    return tuple(passed)


def reply_for_next_hop(
    reply: Reply,
    policy: HopPolicy = NOTHING_TRUSTED,
    *,
    negotiated: bool = True,
    command: str | None = None,
    lmtp: bool = True,
) -> Reply:
    """A received reply as it goes on to the client.

    A reply without an enhanced code, or with one that disagrees with its code, gets the general one
    of its class (RFC 3463, Section 3.1): the client was promised one on every line (RFC 2034).

    Args:
        reply: the reply of the host behind this one.
        policy: what is passed on.
        negotiated: whether the client negotiated metadata.
        command: what of the client is answered, when known: a group that may not stand in such a
            reply stays here, as STORED does in front of a client of SMTP.
        lmtp: whether the client speaks LMTP.
    """
    code = CODE_PASSED_ON if reply.code == CONNECTION_CODE else reply.code
    enhanced_code = reply.enhanced_code
    if enhanced_code is None or enhanced_code[0] != f"{code}"[0]:
        enhanced_code = f"{code // 100}.0.0"
    groups = [
        group
        for group in groups_for_next_hop(reply.metadata, policy)
        if group.private
        or placement_status(KEY_ENTRIES[group.key], code, command, lmtp) is GroupStatus.USED
    ]
    return build_reply(code, enhanced_code, human_words(reply), groups, negotiated=negotiated)


def human_words(reply: Reply) -> tuple[str, ...]:
    """The human text, without lines that held nothing but groups, each line cut to fit."""
    words = b"\n".join(line.text for line in reply.lines if line.text.strip())
    return tuple(line[:MAX_TEXT_OCTETS] for line in text_from_others(words)[:MAX_TEXT_LINES])
