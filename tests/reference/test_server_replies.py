"""The form in which a reply goes to a client: what was read in one way is sent to any client."""

from __future__ import annotations

import pytest

from reply_metadata import LocalProtocolError, build_reply, parse_reply
from reply_metadata.keys import QueueId
from reply_metadata.server_replies import octets_for_client
from reply_metadata.transitions import Protocol, Step

OCTETS = b"250 2.0.0 [QUEUE-ID 4aF] Saved\r\n"


@pytest.mark.parametrize("command", ["DATA", None])
def test_a_reply_built_with_or_without_its_command_goes_out_as_built(command):
    reply = build_reply(250, "2.0.0", "Saved", (QueueId("4aF"),), command=command)
    sent = octets_for_client(reply, Step.LAST_RESULT, Protocol.SMTP, negotiated=True)
    assert sent == reply.octets == OCTETS
    plain = octets_for_client(reply, Step.LAST_RESULT, Protocol.SMTP, negotiated=False)
    assert plain == b"250 2.0.0 Saved\r\n"


def test_what_was_read_as_text_goes_out_as_text_only_where_it_is_text():
    reply = parse_reply(OCTETS, negotiated=False)
    plain = octets_for_client(reply, Step.LAST_RESULT, Protocol.SMTP, negotiated=False)
    assert plain == OCTETS
    with pytest.raises(LocalProtocolError, match="read with other metadata"):
        octets_for_client(reply, Step.LAST_RESULT, Protocol.SMTP, negotiated=True)


def test_what_was_read_in_a_lax_form_goes_out_in_the_form_sent_or_not_at_all():
    reply = parse_reply(b"250 2.0.0 [queue-id 4aF]\r\n", negotiated=True, command="DATA")
    with pytest.raises(LocalProtocolError, match="not in the form"):
        octets_for_client(reply, Step.LAST_RESULT, Protocol.SMTP, negotiated=True)
