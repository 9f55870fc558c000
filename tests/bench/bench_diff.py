"""How long `abnfc diff` takes on two pairs of RFC grammars from the test data.

Rule: the time is that of the processor, so that a busy machine counts for less; the aim is 10 s.
"""

import os
import time
from pathlib import Path

from abnf_compiler.diff import diff_grammars
from abnf_compiler.grammar import load_resolved

PAIRS = (
    ("rfc-abnf/rfc2822.abnf", "rfc-abnf/rfc5322.abnf"),
    ("strings/grammars/rfc7230.abnf", "strings/grammars/rfc9110.abnf"),
)
AIM_SECONDS = 10.0


def report() -> dict[str, object]:
    """The figures as JSON values; none without REPLYMETA_TEST_DATA."""
    folder = os.environ.get("REPLYMETA_TEST_DATA")
    if not folder:
        return {"pairs": [], "missing": {"RFC grammars": "REPLYMETA_TEST_DATA is not set"}}
    rows = []
    for old, new in PAIRS:
        started = time.process_time()
        grammars = [load_resolved(Path(folder, name), fragment=True) for name in (old, new)]
        found = diff_grammars(*grammars)
        seconds = time.process_time() - started
        rows.append(
            {
                "old": Path(old).stem,
                "new": Path(new).stem,
                "rules": len(found.rules),
                "exact": sum(row.exact for row in found.rules),
                "seconds": round(seconds, 2),
                "aim": AIM_SECONDS,
                "met": seconds <= AIM_SECONDS,
            }
        )
    return {"pairs": rows, "missing": {}}


def missed(document) -> list[str]:
    """The pairs that took longer than aimed at."""
    return [
        f"diff {row['old']} {row['new']}: {row['seconds']} s"
        for row in document["pairs"]
        if not row["met"]
    ]


def table(document) -> str:
    """The figures for people."""
    lines = [f"{'abnfc diff':30}{'rules':>7}{'exact':>7}{'cpu s':>8}  aim <= {AIM_SECONDS:g}"]
    for row in document["pairs"]:
        names = f"{row['old']} {row['new']}"
        lines.append(f"{names:30}{row['rules']:>7}{row['exact']:>7}{row['seconds']:>8.2f}")
    lines += [f"{name}: left out, {why}" for name, why in document["missing"].items()]
    lines += [f"MISSED: {each}" for each in missed(document)]
    return "\n".join(lines)
