"""Memory and time against length, measured: `make hostile-bounds`.

Each flood runs in a process of its own that has been warmed by a small one of the same kind.
"""

from __future__ import annotations

import argparse
import json
import math
import subprocess
import sys
import time
import tracemalloc
from collections.abc import Sequence
from pathlib import Path

from hostile_peers.floods import FLOODS, MEBI, SEGMENT, Flood, feed

PEAK_OCTETS = MEBI
RESIDENT_OCTETS = 4 * MEBI
WARM_OCTETS = 4 * SEGMENT


def resident(reset: bool = False) -> int:
    """The most memory this process has had, since the last reset (Linux)."""
    if reset:
        Path("/proc/self/clear_refs").write_text("5", "ascii")
    status = Path("/proc/self/status").read_text("ascii")
    (kilo_octets,) = [line.split()[1] for line in status.splitlines() if line.startswith("VmHWM")]
    return int(kilo_octets) * 1024


def measured(flood: Flood, total: int) -> dict[str, object]:
    """Feed it twice: for the resident set, then for the peak that Python allocated."""
    segment = flood.segments()
    total = min(total, flood.most)
    feed(flood, WARM_OCTETS, segment)
    before = resident(reset=True)
    began = time.perf_counter()
    fed = feed(flood, total, segment)
    seconds = time.perf_counter() - began
    growth = resident() - before
    tracemalloc.start()
    feed(flood, WARM_OCTETS, segment)
    base = tracemalloc.get_traced_memory()[0]
    tracemalloc.reset_peak()
    feed(flood, total if flood.ends else min(total, MEBI // 4), segment)
    peak = tracemalloc.get_traced_memory()[1] - base
    tracemalloc.stop()
    return {
        "octets": fed.octets, "error": fed.error, "answers": fed.answers,
        "peak": peak, "growth": growth, "seconds": seconds,
    }  # fmt: skip


def problems(flood: Flood, found: dict[str, object]) -> list[str]:
    """Which bound is broken."""
    wrong = []
    if flood.ends:
        if not found["error"]:
            wrong.append("no error")
        elif int(str(found["octets"])) > flood.within + len(flood.first) + 2 * SEGMENT:
            wrong.append("ended too late")
    elif found["error"]:
        wrong.append(f"ended by {found['error']}")
    if int(str(found["peak"])) > PEAK_OCTETS:
        wrong.append("peak over 1 MiB")
    if int(str(found["growth"])) > RESIDENT_OCTETS:
        wrong.append("resident growth over 4 MiB")
    return wrong


def slope(lengths: Sequence[int], seconds: Sequence[float]) -> float:
    """The slope of log time over log length: 1 is linear."""
    x = [math.log(length) for length in lengths]
    y = [math.log(one) for one in seconds]
    mean_x, mean_y = sum(x) / len(x), sum(y) / len(y)
    above = sum((a - mean_x) * (b - mean_y) for a, b in zip(x, y, strict=True))
    return above / sum((a - mean_x) ** 2 for a in x)


def main() -> int:
    """Print a line a flood; 1 when a bound is broken."""
    parser = argparse.ArgumentParser(prog="python -m hostile_peers.bounds", description=__doc__)
    parser.add_argument("--mebi", type=int, default=64, help="octets of each flood, in MiB")
    parser.add_argument("--one", type=int, help="measure only this flood, and print JSON")
    arguments = parser.parse_args()
    if arguments.one is not None:
        print(json.dumps(measured(FLOODS[arguments.one], arguments.mebi * MEBI)))  # noqa: T201
        return 0
    failed = 0
    write = sys.stdout.write
    write(f"{arguments.mebi} MiB of        ended after      by  peak kB  resident kB  seconds\n")
    for number, flood in enumerate(FLOODS):
        command = [sys.executable, "-m", "hostile_peers.bounds", "--one", str(number)]
        done = subprocess.run(
            [*command, "--mebi", str(arguments.mebi)], check=True, capture_output=True, text=True
        )
        found = json.loads(done.stdout)
        wrong = problems(flood, found)
        failed += bool(wrong)
        octets = "-" if found["octets"] is None else found["octets"]
        write(
            f"{flood.role}: {flood.name:32} {octets:>9} {found['error'] or '-':>19}"
            f" {found['peak'] // 1024:8} {found['growth'] // 1024:8} {found['seconds']:8.2f}"
            f"  {'; '.join(wrong) or 'ok'}\n"
        )
    return bool(failed)


if __name__ == "__main__":
    sys.exit(main())
