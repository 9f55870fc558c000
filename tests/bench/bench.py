"""How long parsing takes, by which parser: `python tests/bench/bench.py`.

Four parts: one reply line (here), match throughput on RFC rules (bench_match.py), time against
length of hostile strings (slopes.py), and `abnfc diff` on RFC grammars (bench_diff.py).  All
parsers of a part run in turns, so that a change of the machine's speed meets all of them.  The
ratio is the median over the rounds of a parser's time to the yardstick's in the same round.  A
parser that is not installed is named and left out.  Exit 1 when an aim of the second or third part
is missed.
"""

import argparse
import json
import platform
import statistics
import subprocess
import sys
import time
import warnings
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from importlib.metadata import PackageNotFoundError, version
from pathlib import Path

PROJECT = Path(__file__).resolve().parents[2]
sys.path[:0] = [str(PROJECT / "reference"), str(PROJECT / "grammar"), str(Path(__file__).parent)]

import bench_diff  # noqa: E402  the path is set above
import bench_match  # noqa: E402
import hand_written  # noqa: E402
import node_peers  # noqa: E402
import slopes  # noqa: E402

from reply_metadata import Referral, parse_reply  # noqa: E402
from reply_metadata._generated import reply_grammar  # noqa: E402

REPLY = b"450 4.4.4 [REFERRAL smtp://backend2/] Redirected\r\n"
LINE = REPLY[:-2]
YARDSTICK = "hand-written re"
ROUND_SECONDS = 0.004
PARTS = ("reply", "match", "slopes", "diff")
WITH_SESSIONS = "the same with both sessions"
START_AIM_MS = 60
GRAMMAR = PROJECT / "grammar" / "reply-metadata.abnf"

Parse = Callable[[], object]


@dataclass
class Variant:
    """One parser under test; `wants` is its ratio to the yardstick that is aimed at."""

    name: str
    parse: Parse
    wants: float | None = None
    calls: int = 1
    microseconds: list[float] = field(default_factory=list)

    def calibrate(self) -> None:
        """Find how many calls make a round."""
        started = time.perf_counter()
        self.parse()
        once = max(time.perf_counter() - started, 1e-7)
        if once < ROUND_SECONDS / 10:
            started = time.perf_counter()
            for _ in range(100):
                self.parse()
            once = (time.perf_counter() - started) / 100
        self.calls = max(1, int(ROUND_SECONDS / once))

    def run(self) -> None:
        """One round."""
        parse = self.parse
        calls = range(self.calls)
        started = time.perf_counter()
        for _ in calls:
            parse()
        self.microseconds.append((time.perf_counter() - started) / self.calls * 1e6)


def own_variants() -> list[Variant]:
    """The parsers of this project that need nothing else, and the yardstick."""
    assert hand_written.received_line(LINE) == reply_grammar.received_line(LINE) is not None
    assert parse_reply(REPLY, negotiated=True).metadata.get(Referral) is not None
    return [
        Variant("generated received_line", lambda: reply_grammar.received_line(LINE), 1.3),
        Variant(YARDSTICK, lambda: hand_written.received_line(LINE)),
        Variant("parse_reply", lambda: parse_reply(REPLY, negotiated=True), 4.0),
        Variant("parse_reply, groups judged", lambda: parse_reply(REPLY, negotiated=True).metadata),
        Variant(
            "parse_reply, groups judged, text",
            lambda: read_all(parse_reply(REPLY, negotiated=True)),
        ),
    ]


def read_all(reply) -> object:
    """Ask for everything a reply holds."""
    return reply.code, reply.enhanced_code, reply.metadata, reply.ignored, reply.text


def lark_variants() -> list[Variant]:
    """Lark on the emitted grammars: LALR with one token a part, Earley on characters."""
    from abnf_compiler.engines import earley
    from abnf_compiler.grammar import load_resolved
    from reply_metadata import lark_engine

    assert lark_engine.read_line(LINE) == reply_grammar.received_line(LINE)
    oracle = earley.compile_rule(load_resolved(GRAMMAR), "received-line")
    assert oracle.match(LINE)
    return [
        Variant("Lark LALR", lambda: lark_engine.read_line(LINE)),
        Variant("Lark Earley, parse tree", lambda: oracle.parse(LINE)),
    ]


def abnf_variants() -> list[Variant]:
    """PyPI abnf on the same ABNF file; it gives a parse tree."""
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        import abnf
        import abnf.parser
        from abnf.grammars import rfc3629, rfc3986

    class ReplyRule(abnf.Rule):
        """The rules of reply-metadata.abnf."""

    for borrowed, names in (
        (rfc3986, ("IPv4address", "IPv6address")),
        (rfc3629, ("UTF8-3", "UTF8-4", "UTF8-tail")),
    ):
        for name in names:
            ReplyRule(name, borrowed.Rule(name).definition)
    ReplyRule.load_grammar(GRAMMAR.read_text("utf-8").replace("\n", "\r\n"))
    rule = ReplyRule("received-line")
    text = LINE.decode("latin-1")
    assert rule.parse_all(text)
    backend = getattr(abnf.parser, "_BACKEND", "python")
    return [Variant(f"PyPI abnf ({backend}), parse tree", lambda: rule.parse_all(text))]


OPTIONAL: Sequence[tuple[str, Callable[[], list[Variant]]]] = (
    ("lark", lark_variants),
    ("abnf", abnf_variants),
)


def cold_start_ms(code: str, runs: int = 9) -> float:
    """The median time of a whole process that runs `code`."""
    found = []
    for _ in range(runs):
        started = time.perf_counter()
        subprocess.run([sys.executable, "-I", "-c", code], check=True)
        found.append((time.perf_counter() - started) * 1e3)
    return statistics.median(found)


def measured(rounds: int) -> tuple[list[Variant], list[str]]:
    """All variants, run in turns, and the names of packages that are missing."""
    variants, missing = own_variants(), []
    for package, make in OPTIONAL:
        try:
            variants += make()
        except ModuleNotFoundError as error:
            if error.name is None or error.name.partition(".")[0] != package:
                raise
            missing.append(package)
    for variant in variants:
        variant.calibrate()
    for _ in range(rounds):
        for variant in variants:
            variant.run()
    return variants, missing


def versions() -> dict[str, str]:
    """Python and the packages that took part."""
    found = {"python": platform.python_version()}
    for package in ("lark", "abnf", "abnf-rust"):
        try:
            found[package] = version(package)
        except PackageNotFoundError:
            found[package] = "not installed"
    return found | node_peers.versions()


def report(variants: Sequence[Variant], start_ms: dict[str, float]) -> dict[str, object]:
    """The figures as JSON values."""
    yardstick = next(variant for variant in variants if variant.name == YARDSTICK).microseconds
    rows = []
    for variant in variants:
        ratios = [own / base for own, base in zip(variant.microseconds, yardstick, strict=True)]
        rows.append(
            {
                "name": variant.name,
                "median_us": round(statistics.median(variant.microseconds), 3),
                "min_us": round(min(variant.microseconds), 3),
                "ratio": round(statistics.median(ratios), 2),
                "aim": variant.wants,
            }
        )
    return {
        "reply": REPLY.decode("ascii"),
        "ratio_to": YARDSTICK,
        "cold_start_ms": {name: round(value, 1) for name, value in start_ms.items()},
        "variants": rows,
    }


def table(document, missing: Sequence[str]) -> str:
    """The figures for people."""
    lines = [f"one reply line: {LINE.decode('ascii')}", ""]
    lines.append(f"{'parser':34}{'median us':>11}{'min us':>11}{'ratio':>9}  aim")
    for row in document["variants"]:
        aim = "" if row["aim"] is None else f"<= {row['aim']}"
        figures = f"{row['median_us']:>11,.2f}{row['min_us']:>11,.2f}{row['ratio']:>9,.2f}"
        lines.append(f"{row['name']:34}{figures}  {aim}".rstrip())
    lines += [f"{package}: not installed, left out" for package in missing]
    lines.append("")
    for name, value in document["cold_start_ms"].items():
        aim = f", aim under {START_AIM_MS}" if name == WITH_SESSIONS else ""
        lines.append(f"{name:34}{value:>8.1f} ms for a whole process{aim}")
    return "\n".join(lines)


def reply_part(rounds: int) -> dict[str, object]:
    """Measure the parsers of one reply line and print their table."""
    variants, missing = measured(rounds)
    path = f"import sys; sys.path.insert(0, {str(PROJECT / 'reference')!r});"
    parse_one = f"parse_reply({REPLY!r}, negotiated=True).metadata"
    start_ms = {
        name: cold_start_ms(code)
        for name, code in {
            "python alone": "pass",
            "import and one parse": f"{path} from reply_metadata import parse_reply; {parse_one}",
            WITH_SESSIONS: (
                f"{path} from reply_metadata import client_session, parse_reply, server_session;"
                + parse_one
            ),
        }.items()
    }
    document = report(variants, start_ms)
    sys.stdout.write(table(document, missing) + "\n")
    return document


def main() -> int:
    """Measure, print, and write the JSON file when one is named."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--json", type=Path, metavar="FILE", help="write the figures there too")
    parser.add_argument("--rounds", type=int, default=151, help="rounds of every parser (151)")
    parser.add_argument(
        "--part", choices=PARTS, action="append", help="only this part; may be given again"
    )
    arguments = parser.parse_args()
    parts = arguments.part or PARTS
    document: dict[str, object] = {
        "command": " ".join(["python tests/bench/bench.py", *sys.argv[1:]]),
        "versions": versions(),
    }
    missed: list[str] = []
    if "reply" in parts:
        document |= reply_part(arguments.rounds)
    if "match" in parts:
        document["match"] = found = bench_match.report(min(arguments.rounds, 31))
        sys.stdout.write("\n" + bench_match.table(found) + "\n")
        missed += bench_match.missed(found)
    if "slopes" in parts:
        document["slopes"] = found = slopes.report(GRAMMAR)
        sys.stdout.write("\n" + slopes.table(found) + "\n")
        missed += slopes.missed(found)
    if "diff" in parts:
        document["diff"] = found = bench_diff.report()
        sys.stdout.write("\n" + bench_diff.table(found) + "\n")
    shown = ", ".join(f"{name} {value}" for name, value in versions().items())
    sys.stdout.write(f"\n{shown}\n")
    if arguments.json is not None:
        arguments.json.parent.mkdir(parents=True, exist_ok=True)
        arguments.json.write_text(json.dumps(document, indent=2) + "\n", "utf-8")
    return 1 if missed else 0


if __name__ == "__main__":
    sys.exit(main())
