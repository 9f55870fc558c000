"""Generated pipelined sessions: no reply is given to a command it does not belong to."""

from __future__ import annotations

import pytest

from hostile_peers import sessions
from reply_metadata.client_session import ClientSession
from reply_metadata.errors import RemoteProtocolError
from reply_metadata.events import NEED_DATA

COUNT = 1500


def test_no_reply_of_1500_sessions_is_given_to_another_command():
    answered, kinds = sessions.play(range(COUNT))
    assert answered > 5 * COUNT
    for name in (*set(sessions.HOW), "end: protocol-error", "end: timed-out", "end: ended"):
        assert kinds[name] > COUNT / 50, name


class MixesUp(ClientSession):
    def receive_octets(self, data):
        super().receive_octets(data.replace(b"#3#", b"#4#"))


class GoesOn(ClientSession):
    def next_event(self):
        try:
            return super().next_event()
        except RemoteProtocolError:
            return NEED_DATA


@pytest.mark.parametrize("wrong", [MixesUp, GoesOn])
def test_a_session_that_does_otherwise_is_noticed(monkeypatch, wrong):
    monkeypatch.setattr(sessions, "ClientSession", wrong)
    with pytest.raises(AssertionError, match=r"^session \d+: "):
        sessions.play(range(200))
