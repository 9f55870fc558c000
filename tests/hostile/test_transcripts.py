"""Every transcript comes out as stated, on the sessions and over real sockets."""

from __future__ import annotations

import copy
from concurrent.futures import ThreadPoolExecutor

import pytest

from hostile_peers.players import PLAYERS, on_core
from hostile_peers.transcript import CLASSES, Transcript, load

ALL = load()
EVERY = 7
"""Of the transcripts in which time passes, one in so many is played on sockets here."""
IN_TIME = [one for one in ALL if not one.has_clock]
SLOW = [one for one in ALL if one.has_clock][::EVERY]


@pytest.mark.parametrize("attack", CLASSES)
def test_the_sessions_do_what_is_stated(attack):
    wrong = {one.id: on_core(one) for one in ALL if one.attack == attack}
    assert {name: found for name, found in wrong.items() if found} == {}


@pytest.mark.parametrize("attack", CLASSES)
@pytest.mark.parametrize("side", ["asyncio", "blocking"])
def test_the_adapters_do_what_is_stated(side, attack):
    wrong = {one.id: PLAYERS[side](one) for one in IN_TIME if one.attack == attack}
    assert {name: found for name, found in wrong.items() if found} == {}


@pytest.mark.parametrize("side", ["asyncio", "blocking"])
def test_the_adapters_keep_their_deadlines(side):
    with ThreadPoolExecutor(len(SLOW)) as pool:
        wrong = dict(zip([one.id for one in SLOW], pool.map(PLAYERS[side], SLOW), strict=True))
    assert {name: found for name, found in wrong.items() if found} == {}


def spoiled(one: Transcript, change) -> Transcript:
    json = copy.deepcopy(one.json)
    change(json["expected"])
    return Transcript(json)


@pytest.mark.parametrize("side", PLAYERS)
@pytest.mark.parametrize(
    ("name", "change"),
    [
        ("a1-content-lf-dot-lf-first-smtp", lambda end: end.update(end="client")),
        ("a1-content-lf-dot-lf-first-smtp", lambda end: end["codes"].pop()),
        ("a1-content-cr-lf-dot-dot-cr-lf-first-smtp", lambda end: end["delivered"].clear()),
        ("a22-queue-id-to-a-helo-client-lmtp", lambda end: end.update(written=["[OTHER"])),
        ("a18-250xhi-as-mail", lambda end: end.update(end="ended")),
        ("a18-250xhi-as-mail", lambda end: end.update(fault="bad-code")),
        ("a21-key-twice-smtp", lambda end: end["replies"][0][0]["groups"].pop()),
        ("a17-2-replies-for-2-recipients", lambda end: end["replies"][-2].pop()),
        ("a9-referral-to-the-same-host-lmtp", lambda end: end.update(referral=["FOLLOWED"])),
        ("a1-client-content-cr-lf-dot-dot-cr-lf-smtp", lambda end: end.update(never_written=["D"])),
    ],
)
def test_what_is_stated_wrongly_is_noticed(side, name, change):
    (one,) = [one for one in ALL if one.id == name]
    assert PLAYERS[side](one) == []
    assert PLAYERS[side](spoiled(one, change)) != []
