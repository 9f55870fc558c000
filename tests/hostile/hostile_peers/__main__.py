"""Play every transcript on every side and print what came of it: `make hostile`."""

from __future__ import annotations

import argparse
import sys
import time
from collections import Counter
from concurrent.futures import ThreadPoolExecutor

from hostile_peers.players import PLAYERS
from hostile_peers.transcript import CLASSES, Transcript, load

_WAITING = 6


def problems_of(name: str, transcript: Transcript) -> list[str]:
    """What is not as it should be; an exception is a problem, too."""
    try:
        return PLAYERS[name](transcript)
    except Exception as error:  # noqa: BLE001  whatever a side does, the others are still played
        return [f"{type(error).__name__}: {error}"]


def main() -> int:
    """Print a line a problem, then counts a class and a side; 1 when there was a problem."""
    parser = argparse.ArgumentParser(prog="python -m hostile_peers", description=__doc__)
    parser.add_argument("--side", choices=PLAYERS, action="append", help="only this side")
    parser.add_argument("--id", default="", help="only transcripts with this in their id")
    arguments = parser.parse_args()
    played = [one for one in load() if arguments.id in one.id]
    sides = arguments.side or list(PLAYERS)
    right: Counter[tuple[str, str]] = Counter()
    seconds: dict[str, float] = {}
    for side in sides:
        began = time.monotonic()
        with ThreadPoolExecutor(_WAITING if side != "core" else 1) as pool:
            # Those in which time passes wait most of the time: several at once.
            slow = {one.id: pool.submit(problems_of, side, one) for one in played if one.has_clock}
            quick = {one.id: problems_of(side, one) for one in played if not one.has_clock}
        for transcript in played:
            found = quick.get(transcript.id)
            found = slow[transcript.id].result() if found is None else found
            right[side, transcript.attack] += not found
            for problem in found:
                sys.stdout.write(f"{side}: {transcript.id}: {problem}\n")
        seconds[side] = time.monotonic() - began
    total = Counter(one.attack for one in played)
    sys.stdout.write("class  transcripts  " + "  ".join(f"{side:>8}" for side in sides) + "\n")
    for attack in CLASSES:
        counts = "  ".join(f"{right[side, attack]:8}" for side in sides)
        sys.stdout.write(f"{attack:5}  {total[attack]:11}  {counts}\n")
    sums = {side: sum(right[side, attack] for attack in CLASSES) for side in sides}
    counts = "  ".join(f"{sums[side]:8}" for side in sides)
    sys.stdout.write(f"all    {len(played):11}  {counts}\n")
    times = "  ".join(f"{seconds[side]:7.1f}s" for side in sides)
    sys.stdout.write(f"time   {'':11}  {times}\n")
    return any(count != len(played) for count in sums.values())


if __name__ == "__main__":
    sys.exit(main())
