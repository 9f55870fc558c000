"""Floods end with a typed error, within bounded memory, and what is read is read in linear time.

The floods of 64 MiB and the figures: `make hostile-bounds`.
"""

from __future__ import annotations

import json
import subprocess
import sys
import tracemalloc

import pytest

from hostile_peers.bounds import PEAK_OCTETS, WARM_OCTETS, problems, slope
from hostile_peers.floods import FLOODS, MEBI, SEGMENT, feed
from hostile_peers.growth import MOST_SLOPE, slopes
from hostile_peers.server_play import OK
from hostile_peers.socket_floods import flood_client, flood_server

ENDING = [flood for flood in FLOODS if flood.ends]
OVER_SOCKETS = [flood for flood in ENDING if flood.stage != "starttls"]
TOTAL = 8 * MEBI
SMALL = 8192


def names(flood):
    return f"{flood.role}: {flood.name}"


def peak_of(work):
    tracemalloc.start()
    try:
        base = tracemalloc.get_traced_memory()[0]
        tracemalloc.reset_peak()
        work()
        return tracemalloc.get_traced_memory()[1] - base
    finally:
        tracemalloc.stop()


@pytest.mark.parametrize("flood", FLOODS, ids=names)
def test_a_flood_ends_as_stated_within_bounded_memory(flood):
    segment = flood.segments(SEGMENT if flood.ends else SMALL)  # what is answered takes its time
    total = TOTAL if flood.ends else SMALL
    fed = feed(flood, WARM_OCTETS if flood.ends else SMALL, segment)
    found = {"error": fed.error, "octets": fed.octets, "growth": 0}
    found["peak"] = peak_of(lambda: feed(flood, total, segment))
    assert problems(flood, found) == []


def test_the_resident_set_does_not_grow_with_a_flood():
    number = next(at for at, one in enumerate(FLOODS) if one.name == "content lines")
    command = [sys.executable, "-m", "hostile_peers.bounds", "--one", f"{number}", "--mebi", "16"]
    folder = f"{__file__.rpartition('/')[0]}"
    done = subprocess.run(
        command, check=True, capture_output=True, text=True, env={"PYTHONPATH": folder}
    )
    assert problems(FLOODS[number], json.loads(done.stdout)) == []


class Keeps:
    """A buffer without a limit, to see that the measure would notice."""

    def __init__(self):
        self.octets = bytearray()


def test_a_reader_that_keeps_all_is_noticed():
    kept = Keeps()
    segment = b"x" * SEGMENT
    peak = peak_of(lambda: [kept.octets.extend(segment) for _ in range(TOTAL // SEGMENT)])
    assert peak > PEAK_OCTETS
    found = {"error": "x", "octets": SEGMENT, "growth": 0, "peak": peak}
    assert problems(ENDING[0], found) == ["peak over 1 MiB"]


class Handler:
    def sender(self, _mail):
        return OK

    def recipient(self, _mail, _recipient):
        return OK

    def content(self, _mail, _recipients, _content):
        return [OK]

    def forget(self):
        return None


@pytest.mark.parametrize("kind", ["asyncio", "blocking"])
@pytest.mark.parametrize("flood", OVER_SOCKETS, ids=names)
def test_a_flood_over_a_socket_ends_soon(kind, flood):
    segment = flood.segments()
    if flood.role == "client":
        reason, written = flood_client(kind, flood, TOTAL, segment)
        assert reason.startswith(("protocol error", "the server refused"))
    else:
        # What a server drops while its client may read why is not bounded by octets but by time.
        said, written = flood_server(kind, lambda *_: Handler(), flood, TOTAL, segment)
        assert said.rpartition(b"\r\n")[0].rpartition(b"\r\n")[2][:1] in (b"4", b"5")
    assert written <= TOTAL + SEGMENT


@pytest.mark.parametrize("kind", ["asyncio", "blocking"])
@pytest.mark.parametrize("name", ["continuation lines", "one line", "one line of content"])
def test_memory_is_bounded_over_a_socket(kind, name):
    (flood,) = [one for one in FLOODS if one.name == name]
    segment = flood.segments()

    def work():
        if flood.role == "client":
            flood_client(kind, flood, TOTAL, segment)
        else:
            flood_server(kind, lambda *_: Handler(), flood, TOTAL, segment)

    work()
    assert peak_of(work) <= PEAK_OCTETS


def test_a_slope_is_that_of_a_power():
    lengths = [2**power for power in range(14, 21)]
    assert slope(lengths, [length * 3e-9 for length in lengths]) == pytest.approx(1)
    assert slope(lengths, [length**2 * 3e-9 for length in lengths]) == pytest.approx(2)


@pytest.mark.timing
def test_time_grows_no_faster_than_length():
    lengths = tuple(2**power for power in range(14, 19))
    wrong = {
        f"{name}, segments of {segment}": found
        for name, segment, found, _ in slopes(lengths, (1, 1460, 65_536), 3)
        if found > MOST_SLOPE
    }
    assert wrong == {}
