"""How many messages a second a server takes: `python tests/bench/bench_server.py`.

Postfix' smtp-source sends to each server in turns, so that a change of the machine's speed meets
all of them; figures are medians over the rounds, ratios medians of the ratios within a round.
Everything stays on 127.0.0.1.  `make postfix-tools` unpacks smtp-source and smtp-sink without
installing them; without them there is nothing to measure, and that is said.
"""

import argparse
import json
import os
import platform
import socket
import statistics
import subprocess
import sys
import threading
import time
from dataclasses import dataclass, field
from importlib.metadata import PackageNotFoundError, version
from pathlib import Path

PROJECT = Path(__file__).resolve().parents[2]
POSTFIX = PROJECT / "build" / "postfix"
OWN, PLAIN, BARE, OTHER = "ours", "ours, no metadata", "bare Protocol", "aiosmtpd"
SINK, STREAMS, BUFFERED = "smtp-sink", "ours on streams", "bare, buffered"
HOST = "127.0.0.1"
OCTETS = 1000
AIMS = {BARE: 0.7, OTHER: 1.5, PLAIN: 0.95}
"""The least ratio of `ours` to each."""


@dataclass(frozen=True)
class Mode:
    """How smtp-source sends."""

    protocol: str
    sessions: int
    kept: bool
    messages: int

    @property
    def name(self):
        connections = "kept" if self.kept else "new"
        return f"{self.protocol} {self.sessions:>2} sessions, {connections} connections"


MODES = tuple(
    Mode(protocol, sessions, kept, 3000 if kept else 1000)
    for protocol in ("smtp", "lmtp")
    for sessions in (1, 20)
    for kept in (False, True)
)


def postfix_command(name):
    """The words that run a program of Postfix' package, and its environment."""
    folder = POSTFIX / "usr"
    library = [str(path) for path in (folder / "lib/postfix", *folder.glob("lib/*-linux-gnu"))]
    return [str(folder / "sbin" / name)], os.environ | {"LD_LIBRARY_PATH": ":".join(library)}


def free_port():
    with socket.socket() as free:
        free.bind((HOST, 0))
        return free.getsockname()[1]


@dataclass
class Server:
    """A server in a process of its own."""

    kind: str
    protocol: str
    port: int = 0
    process: subprocess.Popen = field(default=None, repr=False)

    def __enter__(self):
        if self.kind == SINK:
            self.port = free_port()
            words, environment = postfix_command("smtp-sink")
            lmtp = ["-L"] if self.protocol == "lmtp" else []
            words += ["-u", "root", *lmtp, f"{HOST}:{self.port}", "100"]
            if os.getuid():
                words[1:3] = []
            self.process = subprocess.Popen(words, env=environment)
            self._wait()
        else:
            file = "bare_server.py" if self.kind in {BARE, BUFFERED} else "mail_servers.py"
            words = [sys.executable, str(Path(__file__).with_name(file))]
            self.process = subprocess.Popen(
                [*words, self.kind, self.protocol],
                stdin=subprocess.PIPE,
                stdout=subprocess.PIPE,
                text=True,
            )
            self.port = int(self.process.stdout.readline())
        return self

    def _wait(self):
        for _ in range(100):
            try:
                socket.create_connection((HOST, self.port), 1).close()
                return
            except OSError:
                time.sleep(0.05)
        raise RuntimeError(f"{self.kind} does not listen")

    def cpu_ns(self):
        """The time the process was on a processor; what it waited for one does not count."""
        return int(Path(f"/proc/{self.process.pid}/schedstat").read_text("ascii").split()[0])

    def __exit__(self, *_details):
        self.process.kill()
        self.process.wait()


def run(server, mode):
    """One run of smtp-source: rate, and processor us a message of the server."""
    words, environment = postfix_command("smtp-source")
    words += ["-s", str(mode.sessions), "-m", str(mode.messages), "-l", str(OCTETS)]
    words += ["-f", "sender@example.org", "-t", "user1@example.com"]
    words += ["-L"] * (mode.protocol == "lmtp") + ["-d"] * mode.kept
    started, busy = time.perf_counter(), server.cpu_ns()
    with subprocess.Popen([*words, f"{HOST}:{server.port}"], env=environment) as source:
        # `wait` with a time of its own would look every 50 ms only, half of what a run may take.
        guard = threading.Timer(60, source.kill)
        guard.start()
        failed = source.wait()
        took = time.perf_counter() - started
        guard.cancel()
    if failed:
        raise subprocess.CalledProcessError(failed, words)
    return mode.messages / took, (server.cpu_ns() - busy) / 1e3 / mode.messages


def measured(kinds, rounds, modes):
    """Mode -> kind -> messages per second in each round."""
    found = {mode: {kind: [] for kind in kinds} for mode in modes}
    for protocol in dict.fromkeys(mode.protocol for mode in modes):
        servers = [Server(kind, protocol) for kind in kinds]
        for server in servers:
            server.__enter__()
        try:
            for mode in (mode for mode in modes if mode.protocol == protocol):
                for number in range(rounds + 1):  # the first one warms up
                    for server in servers:
                        figures = run(server, mode)
                        if number:
                            found[mode][server.kind].append(figures)
        finally:
            for server in servers:
                server.__exit__()
    return found


def report(found):
    """The figures as JSON values."""
    rows = []
    for mode, figures in found.items():
        rates = {kind: [rate for rate, _ in each] for kind, each in figures.items()}
        times = {kind: [time_us for _, time_us in each] for kind, each in figures.items()}
        row = {"mode": mode.name}
        row["messages_per_s"] = {
            kind: round(statistics.median(each)) for kind, each in rates.items()
        }
        row["ours_to"] = {kind: _ratio(rates[OWN], rates[kind]) for kind in rates if kind != OWN}
        row["cpu_us"] = {kind: round(statistics.median(each), 1) for kind, each in times.items()}
        row["cpu_of_ours"] = {
            kind: _ratio(times[kind], times[OWN]) for kind in times if kind != OWN
        }
        rows.append(row)
    return {
        "command": "python tests/bench/bench_server.py",
        "octets": OCTETS,
        "versions": {"python": platform.python_version(), "aiosmtpd": _version("aiosmtpd")},
        "least_ratios": AIMS,
        "modes": rows,
    }


def _ratio(ones, others):
    """The median of the ratios within a round."""
    ratios = (one / other for one, other in zip(ones, others, strict=True))
    return round(statistics.median(ratios), 2)


def _version(package):
    try:
        return version(package)
    except PackageNotFoundError:
        return "not installed"


def table(document):
    """The figures for people."""
    kinds = list(document["modes"][0]["messages_per_s"])
    lines = []
    for title, values, ratios in (
        (
            f"messages of {OCTETS} octets a second; in brackets ours to that",
            "messages_per_s",
            "ours_to",
        ),
        (
            "processor time a message of the server, us; in brackets that to ours",
            "cpu_us",
            "cpu_of_ours",
        ),
    ):
        lines += [title, f"{'mode':34}" + "".join(f"{kind:>20}" for kind in kinds)]
        for row in document["modes"]:
            cells = []
            for kind in kinds:
                ratio = row[ratios].get(kind)
                short = ratio is not None and ratio < AIMS.get(kind, 0)
                shown = "" if ratio is None else f" ({ratio:.2f}{'!' if short else ''})"
                cells.append(f"{row[values][kind]:,}{shown}")
            lines.append(f"{row['mode']:34}" + "".join(f"{cell:>20}" for cell in cells))
        lines.append("")
    aims = ", ".join(f"{aim} of {kind}" for kind, aim in AIMS.items())
    lines.append(f"aimed at: ours at least {aims}; '!' marks what falls short")
    return "\n".join(lines)


def main():
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--json", type=Path, metavar="FILE", help="add the figures there")
    parser.add_argument("--rounds", type=int, default=5, help="rounds of every mode (5)")
    parser.add_argument("--streams", action="store_true", help="also our server on streams")
    parser.add_argument("--only", default="", metavar="TEXT", help="modes with this in their name")
    arguments = parser.parse_args()
    if not (POSTFIX / "usr/sbin/smtp-source").exists():
        sys.stdout.write("server: not measured, there is no smtp-source (make postfix-tools)\n")
        return 0
    kinds = [OWN, PLAIN, BARE, BUFFERED, SINK]
    kinds += [OTHER] if _version("aiosmtpd") != "not installed" else []
    kinds += [STREAMS] if arguments.streams else []
    modes = [mode for mode in MODES if arguments.only in mode.name]
    document = report(measured(kinds, arguments.rounds, modes))
    sys.stdout.write(table(document) + "\n")
    if arguments.json is not None:
        arguments.json.parent.mkdir(parents=True, exist_ok=True)
        known = json.loads(arguments.json.read_text("utf-8")) if arguments.json.exists() else {}
        text = json.dumps(known | {"server": document}, indent=2)
        arguments.json.write_text(text + "\n", "utf-8")
    return 0


if __name__ == "__main__":
    sys.exit(main())
