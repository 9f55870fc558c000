"""Time against length: what is read once, whole, in segments of several sizes.

Limits are lifted to twice the length, so that all of it is read; those of the draft stay.
"""

from __future__ import annotations

import gc
import sys
import time
from collections.abc import Callable, Iterator

from hostile_peers.bounds import slope
from hostile_peers.floods import (
    MEBI,
    Fed,
    Flood,
    prepared,
)
from reply_metadata.limits import Limits

LENGTHS = tuple(2**power for power in range(14, 21))
SEGMENTS = (1, 7, 1460, 65_536, 2 * MEBI)
MOST_SLOPE = 1.15
HUGE = Limits(
    max_received_line_octets=4 * MEBI, max_received_reply_octets=4 * MEBI, max_received_reply_lines=MEBI,
    max_command_octets=4 * MEBI, max_message_octets=4 * MEBI, max_message_line_octets=4 * MEBI,
)  # fmt: skip


def _line(begin: bytes, unit: bytes) -> Callable[[int], bytes]:
    return lambda length: begin + unit * ((length - len(begin)) // len(unit)) + b"\r\n"


WHOLE: dict[tuple[str, str, str], Callable[[int], bytes]] = {
    # role, stage, name -> the octets of a length, complete
    ("client", "reply", "one line"): _line(b"250 2.1.0 ", b"x"),
    ("client", "reply", "groups"): _line(b"250 2.1.0 ", b"[A b] "),
    ("client", "reply", "open groups"): _line(b"250 2.1.0 ", b"[A "),
    ("client", "reply", "arguments"): _line(b"250 2.1.0 [A", b" a=b"),
    ("client", "reply", "encodings"): _line(b"250 2.1.0 [A ", b"+41"),
    ("client", "reply", "quotes"): _line(b'250 2.1.0 <"', b'\\"'),
    ("client", "reply", "open brackets"): _line(b"250 2.1.0 ", b"["),
    ("client", "reply", "lines"): lambda n: b"250-2.1.0 [A b] more\r\n" * (n // 22) + b"250 2.1.0 x\r\n",
    ("client", "reply", "short lines"): lambda n: b"250-\r\n" * (n // 6) + b"250 x\r\n",
    ("client", "keywords", "keyword lines"): lambda n: b"250-LIMITS A=1\r\n" * (n // 16) + b"250 REPLYMETA\r\n",
    ("server", "hello", "a command line"): _line(b"NOOP ", b"x"),
    ("server", "hello", "a path"): _line(b"MAIL FROM:<", b"a@"),
    ("server", "hello", "a quoted path"): _line(b'MAIL FROM:<"', b"a\\ "),
    ("server", "hello", "quotes in a path"): _line(b"MAIL FROM:<", b'""a'),
    ("server", "hello", "parameters"): _line(b"MAIL FROM:<> ", b"A=B "),
    ("server", "hello", "commands"): lambda n: (b"NOOP " + b"x" * 500 + b"\r\n") * (n // 507),
    ("server", "content", "content lines"): lambda n: b"x" * 70 + b"\r\n" + (b"y" * 70 + b"\r\n") * (n // 72) + b".\r\n",
    ("server", "content", "dots"): lambda n: b"..\r\n" * (n // 4) + b".\r\n",
    ("server", "content", "a content line"): lambda n: b"x" * n + b"\r\n.\r\n",
    ("server", "transaction", "a chunk"): lambda n: b"BDAT %d LAST\r\n" % n + b"x" * n,
    ("server", "transaction", "chunks"): lambda n: (b"BDAT 500\r\n" + b"x" * 500) * (n // 510),
}  # fmt: skip


def seconds(role: str, stage: str, octets: bytes, segment: int) -> float:
    """The processor time of reading it, everything asked of what was read."""
    flood = Flood(role, "", b"x", stage=stage)
    session, drain = prepared(flood, HUGE)
    pieces = [octets[at : at + segment] for at in range(0, len(octets), segment)]
    receive = session.receive_octets  # type: ignore[attr-defined]  # both kinds have it
    fed = Fed()
    gc.collect()
    gc.disable()  # as timeit does: how often it runs depends on what else lives
    began = time.thread_time()
    for piece in pieces:
        receive(piece)
        drain(fed)
    taken = time.thread_time() - began
    gc.enable()
    assert fed.answers or fed.error in {"500", "501"}, (role, stage, octets[:40], fed)
    return taken


def slopes(
    lengths: tuple[int, ...], segments: tuple[int, ...], rounds: int
) -> Iterator[tuple[str, int, float, float]]:
    """Name, segment size, slope, and the time of the longest; rounds are interleaved."""
    for (role, stage, name), octets_of in WHOLE.items():
        inputs = [octets_of(length) for length in lengths]
        for segment in segments:
            rounds_of_times = [
                [seconds(role, stage, octets, segment) for octets in inputs] for _ in range(rounds)
            ]
            least = [min(times) for times in zip(*rounds_of_times, strict=True)]
            yield f"{role}: {name}", segment, slope(lengths, least), least[-1]


def main() -> int:
    """Print a line a shape and segment size; 1 when one is not linear."""
    failed = 0
    sys.stdout.write(f"{LENGTHS[0]} to {LENGTHS[-1]} octets     segment    slope  seconds\n")
    for name, segment, found, longest in slopes(LENGTHS, SEGMENTS, 3):
        failed += found > MOST_SLOPE
        verdict = "ok" if found <= MOST_SLOPE else f"over {MOST_SLOPE}"
        sys.stdout.write(f"{name:26} {segment:9} {found:8.2f} {longest:8.3f}  {verdict}\n")
    return bool(failed)


if __name__ == "__main__":
    sys.exit(main())
