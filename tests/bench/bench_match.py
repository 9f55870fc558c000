"""Match throughput on five RFC rules: our compiled engine beside other ABNF parsers.

Rules.  Every parser reads the same ABNF (bench_rules.py) and answers with a verdict; what is timed
is one pass over the strings it gives the right verdict on, and ours on the same strings in the
same round.  The ratio is the median over the rounds.  A parser that is not installed is named and
left out; strings that it refuses although the RFC accepts them are counted.
"""

import statistics
import time
import warnings
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass, field
from importlib.util import find_spec
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any

import node_peers
from bench_rules import BenchRule, abnf_module, bench_rules

from abnf_compiler.emit.javascript import emit_javascript

OURS = "ours: Rule.match"
AIMS = {"PyPI abnf": 10.0, "node-abnf": 1.0}
PASS_SECONDS = 0.003
WARM_SECONDS = 0.2  # Node compiles what runs often
RULE_SECONDS = 2.0  # for one parser on one rule, or three rounds where those take longer

Seconds = Callable[[Sequence[int], int], float]


@dataclass
class Matcher:
    """One parser of one rule: `seconds(indices, turns)` times turns over some of the strings."""

    name: str
    seconds: Seconds
    accepted: list[int]
    turns: int = 1
    times: list[float] = field(default_factory=list)
    ours: list[float] = field(default_factory=list)

    def calibrate(self) -> None:
        """Find how many turns make a round, once warm."""
        once = max(self.seconds(self.accepted, 1), 1e-7)
        warm = max(1, int(WARM_SECONDS / once))
        if warm > 1:
            once = max(self.seconds(self.accepted, warm) / warm, 1e-7)
        self.turns = max(1, int(PASS_SECONDS / once))

    def round(self, own: "Matcher") -> None:
        """One round of this parser and of ours on the same strings."""
        turns = own.turns
        self.times.append(self.seconds(self.accepted, self.turns) / self.turns)
        self.ours.append(own.seconds(self.accepted, turns) / turns)

    @property
    def ratio(self) -> float:
        """How many times as long as ours."""
        return statistics.median(a / b for a, b in zip(self.times, self.ours, strict=True))


def timed(match: Callable[[str], object], strings: Sequence[str]) -> Seconds:
    """The timing of a function in this process."""

    def seconds(indices: Sequence[int], turns: int) -> float:
        chosen = [strings[index] for index in indices]
        rounds = range(turns)
        started = time.perf_counter()
        for _ in rounds:
            for string in chosen:
                match(string)
        return time.perf_counter() - started

    return seconds


def our_matcher(rule: BenchRule) -> Matcher:
    """The compiled engine as a program calls it."""
    match = rule.grammar.rule(rule.rule).match
    for string in rule.strings:
        assert match(string, engine="compiled"), f"{rule.title}: {string!a} is refused"
    return Matcher(OURS, timed(match, rule.strings), list(range(len(rule.strings))))


def pypi_matcher(rule: BenchRule) -> Matcher:
    """PyPI abnf with its own grammar where it has one, else with the text all others get."""
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        import abnf
        import abnf.parser

        if rule.module is not None:
            cls = abnf_module(rule.module)
        else:
            cls = type("BenchRules", (abnf.Rule,), {})
            cls.load_grammar(rule.text(core=False, line_end="\r\n"))
    parse = cls(rule.rule).parse_all
    accepted = []
    for number, string in enumerate(rule.strings):
        try:
            parse(string)
        except abnf.ParseError:
            continue
        accepted.append(number)
    name = f"PyPI abnf ({abnf.parser._BACKEND})"
    return Matcher(name, timed(parse, rule.strings), accepted)


def node_matcher(
    rule: BenchRule, engine: str, node: node_peers.Node, scratch: Path
) -> tuple[Matcher | None, str]:
    """A parser in Node, or why there is none."""
    name = f"{rule.title}/{engine}"
    request: dict[str, Any] = {"load": name, "engine": engine, "rule": rule.rule}
    if engine == "our module":
        module = scratch / f"{rule.rule}.mjs"
        module.write_text(emit_javascript(rule.grammar.resolved, rules=[rule.rule]), "utf-8")
        request |= {"rule": rule.rule.lower(), "module": str(module)}
    else:
        request["abnf"] = rule.text(core=True, line_end="\r\n")
    answer = node.ask(request | {"strings": rule.strings})
    if "missing" in answer:
        return None, "not installed (make bench-peers)"
    if "error" in answer:
        return None, answer["error"].splitlines()[0]
    accepted = [number for number, verdict in enumerate(answer["accepted"]) if verdict]

    def seconds(indices: Sequence[int], turns: int) -> float:
        return node.seconds(name, indices, turns)

    shown = "ours: JavaScript module" if engine == "our module" else engine
    return Matcher(shown, seconds, accepted), ""


def matchers(
    rule: BenchRule, node: node_peers.Node, scratch: Path, missing: dict[str, str]
) -> Iterator[Matcher]:
    """Every parser that can be had for a rule."""
    if find_spec("abnf_rust") is None:
        missing["PyPI abnf (rust)"] = "abnf-rust is not installed"
    yield pypi_matcher(rule)
    for engine in node_peers.ENGINES:
        if not node.installed:
            missing[engine] = "there is no node"
            continue
        found, why = node_matcher(rule, engine, node, scratch)
        if found is None:
            missing[engine if "not installed" in why else f"{engine}, {rule.title}"] = why
        else:
            yield found


def measure(rule: BenchRule, peers: Sequence[Matcher], rounds: int) -> list[dict[str, object]]:
    """Run all parsers of a rule in turns; one row of figures for each."""
    own = our_matcher(rule)
    own.calibrate()
    able = [peer for peer in peers if peer.accepted]
    for peer in able:
        peer.calibrate()
    counts = {}
    for peer in able:
        once = peer.seconds(peer.accepted, 1) * peer.turns
        counts[peer.name] = max(min(3, rounds), min(rounds, int(RULE_SECONDS / once)))
    for number in range(rounds):
        own.round(own)
        for peer in able:
            if number < counts[peer.name]:
                peer.round(own)
    return [row(rule, each) for each in (own, *peers)]


def row(rule: BenchRule, matcher: Matcher) -> dict[str, object]:
    """The figures of one parser."""
    found: dict[str, object] = {
        "name": matcher.name,
        "accepted": len(matcher.accepted),
        "strings": len(rule.strings),
    }
    if matcher.times:
        characters = sum(len(rule.strings[number]) for number in matcher.accepted)
        median = statistics.median(matcher.times)
        found |= {
            "median_us_per_string": round(median / len(matcher.accepted) * 1e6, 3),
            "characters_per_us": round(characters / median / 1e6, 3),
            "ratio": 1.0 if matcher.name == OURS else round(matcher.ratio, 2),
            "rounds": len(matcher.times),
        }
    aim = next((aim for name, aim in AIMS.items() if matcher.name.startswith(name)), None)
    if aim is not None and matcher.times:
        found |= {"aim": aim, "met": matcher.ratio >= aim}
    return found


def report(rounds: int, packages: Path = node_peers.PACKAGES) -> dict[str, object]:
    """The figures of all rules as JSON values."""
    missing: dict[str, str] = {}
    rules = []
    if find_spec("abnf") is None:
        return {"rules": [], "missing": {"PyPI abnf": "not installed; it has the RFC grammars"}}
    with node_peers.Node(packages) as node, TemporaryDirectory() as scratch:
        for rule in bench_rules():
            peers = list(matchers(rule, node, Path(scratch), missing))
            rows = measure(rule, peers, rounds)
            rules.append(
                {"title": rule.title, "grammar": rule.source, "rule": rule.rule, "parsers": rows}
            )
    return {
        "ratio_to": OURS,
        "rules": rules,
        "missing": missing,
    }


def missed(document) -> list[str]:
    """The aims that were not met."""
    return [
        f"{rule['title']}: {row['name']} takes {row['ratio']} times as long as ours, "
        f"aimed at {row['aim']:g}"
        for rule in document["rules"]
        for row in rule["parsers"]
        if row.get("met") is False
    ]


def table(document) -> str:
    """The figures for people."""
    head = f"{'match, by rule and parser':34}{'us/string':>11}{'char/us':>10}{'ratio':>11}"
    lines = [f"{head}  strings accepted"]
    for rule in document["rules"]:
        lines.append(f"{rule['title']}, {rule['rule']} of {rule['grammar']}")
        for each in rule["parsers"]:
            strings = f"{each['accepted']} of {each['strings']}"
            if "ratio" not in each:
                lines.append(f"  {each['name']:32}{'accepts none':>32}  {strings}")
                continue
            aim = f"  aim >= {each['aim']:g}" if "aim" in each else ""
            figures = f"{each['median_us_per_string']:>11,.2f}{each['characters_per_us']:>10,.2f}"
            lines.append(f"  {each['name']:32}{figures}{each['ratio']:>11,.2f}  {strings}{aim}")
    lines += [f"{name}: left out, {why}" for name, why in document["missing"].items()]
    lines += [f"MISSED: {each}" for each in missed(document)]
    return "\n".join(lines)
