"""A prepared reply is the one `build_reply` makes, and refuses what that refuses."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from reply_metadata import LocalProtocolError, MetadataSyntaxError, build_reply, parse_reply
from reply_metadata.keys import QueueId, TraceId
from reply_metadata.network.prepared_reply import PreparedReply

SAVED = {
    lmtp: PreparedReply(250, "2.0.0", "Saved", QueueId, command="DATA", lmtp=lmtp)
    for lmtp in (True, False)
}


@pytest.mark.parametrize("lmtp", [True, False])
@given(
    value=st.text(max_size=140)
    | st.text(st.characters(max_codepoint=0x9F), max_size=5)
    | st.text("[]+<>= \r\n\0\udc80ä", max_size=100)
)
def test_a_prepared_reply_is_the_one_that_would_be_built(lmtp, value):
    try:
        built = build_reply(250, "2.0.0", "Saved", (QueueId(value),), command="DATA", lmtp=lmtp)
    except (MetadataSyntaxError, LocalProtocolError):
        built = None
    if built is None or built.dropped:
        with pytest.raises(LocalProtocolError):
            SAVED[lmtp].with_value(value)
        return
    prepared = SAVED[lmtp].with_value(value)
    assert prepared == built
    assert prepared.octets == prepared.to_octets() == built.octets
    read = parse_reply(prepared.octets, negotiated=True, command="DATA", lmtp=lmtp)
    assert read.metadata.get(QueueId) == QueueId(value)


def test_without_its_group_it_is_plain():
    assert SAVED[True].without_group.octets == b"250 2.0.0 Saved\r\n"


def test_a_text_that_leaves_no_room_is_refused_at_once():
    with pytest.raises(LocalProtocolError, match="no room"):
        PreparedReply(250, "2.0.0", "x" * 490, TraceId, command="MAIL", lmtp=False)
