"""Time against length of hostile strings: the slope in log-log, for every emitted pattern.

Rules.  The strings come from the automaton of each rule (abnf_compiler.automata.pumps): for each
loop a prefix, the turn again and again, and an end that refuses, and the pump that would slow the
plain translation.  Lengths go from 16 KiB to 1 MiB; a time is the minimum of 7 runs that take the
lengths in turns.  A slope above the limit is measured again, since a busy machine only adds time.
"""

import gc
import math
import re
import statistics
import time
from collections.abc import Callable, Iterable, Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path

import node_peers
from bench_rules import BenchRule, bench_rules

from abnf_compiler.automata.dfa import minimal_dfa
from abnf_compiler.automata.expression import factored
from abnf_compiler.automata.normal_form import to_regex
from abnf_compiler.automata.pumps import (
    PumpedFamily,
    accepting_end,
    pumped_families,
    refusing_end,
)
from abnf_compiler.emit.javascript_pattern import javascript_pattern
from abnf_compiler.grammar import load_resolved
from abnf_compiler.pattern import LinearPattern, rule_pattern
from abnf_compiler.tree import ResolvedGrammar
from reply_metadata._generated import reply_grammar

LENGTHS = tuple(1024 * size for size in (16, 64, 256, 1024))
RUNS = 7
LIMIT = 1.15
ATTEMPTS = 3
LEAST_SECONDS = 20e-6

Timer = Callable[[int], float]
"""The seconds of so many calls with one string."""

Prepare = Callable[[PumpedFamily, int], Timer]
"""The timer of the member of a family that has about that length; it checks the verdict."""


@dataclass(frozen=True)
class Subject:
    """Something that reads strings of a rule, and the families of strings put to it."""

    name: str
    prepare: Prepare
    families: Sequence[PumpedFamily]


@dataclass(frozen=True)
class Slope:
    """The slope of one family, and the time of its longest string."""

    family: PumpedFamily
    value: float
    longest_ms: float


def in_python(call: Callable[..., object], *, octets: bool) -> Prepare:
    """The timing of a function that gives None where it refuses."""

    def prepare(family: PumpedFamily, length: int) -> Timer:
        codes = family.string(length)
        data = bytes(codes) if octets else "".join(map(chr, codes))
        assert (call(data) is None) is family.refused, shown(family)

        def timer(calls: int) -> float:
            started = time.thread_time()
            for _ in range(calls):
                call(data)
            return time.thread_time() - started

        return timer

    return prepare


def in_node(node: node_peers.Node, source: str, flags: str) -> Prepare:
    """The timing of a regular expression in Node."""

    def prepare(family: PumpedFamily, length: int) -> Timer:
        prefix, pump, suffix = words(family)
        request = {"source": source, "flags": flags, "prefix": prefix, "pump": pump}
        request |= {"suffix": suffix, "turns": family.turns(length)}

        def timer(calls: int) -> float:
            answer = node.ask(request | {"calls": calls})
            assert answer.get("matched") is not family.refused, (answer, shown(family))
            return float(answer["seconds"])

        return timer

    return prepare


def words(family: PumpedFamily) -> tuple[str, str, str]:
    """The prefix, pump and suffix as strings."""
    prefix, pump, suffix = (
        "".join(map(chr, part)) for part in (family.prefix, family.pump, family.suffix)
    )
    return prefix, pump, suffix


def shown(family: PumpedFamily) -> str:
    """The family in ASCII."""
    prefix, pump, suffix = map(ascii, words(family))
    return f"{prefix} {pump}* {suffix}"


def families_of(grammar: ResolvedGrammar, rule: str, pattern: LinearPattern) -> list[PumpedFamily]:
    """The loops of the rule and of its pattern, and what slows the plain translation."""
    regex = factored(to_regex(grammar, rule))
    dfa = minimal_dfa(regex, rule=rule)
    found = dict.fromkeys(pumped_families(regex, dfa))
    found |= dict.fromkeys(pumped_families(pattern.regex, dfa))
    slow = pattern.proof.plain.pump
    if slow is not None:
        end = refusing_end(dfa, slow.prefix, slow.pump)
        assert end is not None, "what slows a matcher is refused in the end"
        found[PumpedFamily(slow.prefix, slow.pump, end, True)] = None
    return list(found)


def accepted_too(
    grammar: ResolvedGrammar, rule: str, families: Sequence[PumpedFamily]
) -> list[PumpedFamily]:
    """The families, and those of them that an end makes accepted."""
    dfa = minimal_dfa(to_regex(grammar, rule), rule=rule)
    accepted = [
        PumpedFamily(each.prefix, each.pump, accepting_end(dfa, each.prefix, each.pump), False)
        for each in families
    ]
    return [*families, *(each for each in accepted if dfa.accepts(each.string(300)))]


def reply_subjects(grammar: ResolvedGrammar) -> Iterator[Subject]:
    """Every pattern of the generated reply_grammar module, and the functions that cut captures."""
    for rule, pattern in reply_grammar.RULES.items():
        families = families_of(grammar, rule, rule_pattern(grammar, rule))
        match = in_python(re.compile(pattern).fullmatch, octets=True)
        yield Subject(f"reply_grammar.RULES {rule}", match, families)
        name = rule.replace("-", "_")
        if hasattr(reply_grammar, name):
            call = in_python(getattr(reply_grammar, name), octets=True)
            both = accepted_too(grammar, rule, families)
            yield Subject(f"reply_grammar.{name}()", call, both)


def rfc_subjects(rules: Iterable[BenchRule]) -> Iterator[Subject]:
    """The patterns of the rules of the match table."""
    for each in rules:
        grammar = each.grammar.resolved
        pattern = rule_pattern(grammar, each.rule)
        families = families_of(grammar, each.rule, pattern)
        match = in_python(re.compile(pattern.text).fullmatch, octets=False)
        yield Subject(each.title, match, families)


def javascript_subjects(
    node: node_peers.Node, grammar: ResolvedGrammar, rules: Iterable[BenchRule]
) -> Iterator[Subject]:
    """The same rules as regular expressions of JavaScript."""
    named = [(f"JavaScript {rule}", grammar, rule) for rule in reply_grammar.RULES]
    named += [(f"JavaScript {each.title}", each.grammar.resolved, each.rule) for each in rules]
    for name, of, rule in named:
        pattern = javascript_pattern(of, rule)
        families = families_of(of, rule, rule_pattern(of, rule))
        yield Subject(name, in_node(node, pattern.source, pattern.flags), families)


def log_slope(times: Sequence[float], lengths: Sequence[int]) -> float:
    """The slope of the straight line nearest to the logarithms."""
    return statistics.linear_regression(
        [math.log(length) for length in lengths], [math.log(each) for each in times]
    ).slope


def slope_of(prepare: Prepare, family: PumpedFamily, lengths: Sequence[int] = LENGTHS) -> Slope:
    """The slope of one family, measured again while it is above the limit."""
    timers = [prepare(family, length) for length in lengths]
    once = [max(timer(1), 1e-7) for timer in timers]
    calls = [max(1, math.ceil(LEAST_SECONDS / each)) for each in once]
    best = [math.inf] * len(lengths)
    for _ in range(ATTEMPTS):
        for _ in range(RUNS):
            for number, timer in enumerate(timers):
                spent = timer(calls[number]) / calls[number]
                best[number] = min(best[number], max(spent, 1e-9))
        if log_slope(best, lengths) <= LIMIT:
            break
    return Slope(family, log_slope(best, lengths), best[-1] * 1e3)


def measure(subject: Subject) -> dict[str, object]:
    """The figures of one subject; without a loop there is nothing to measure."""
    gc.collect()
    gc.disable()  # passes of the collector over a growing result are not the subject's time
    try:
        slopes = [slope_of(subject.prepare, family) for family in subject.families]
    finally:
        gc.enable()
    found: dict[str, object] = {"name": subject.name, "families": len(slopes)}
    if slopes:
        worst = max(slopes, key=lambda slope: slope.value)
        found |= {
            "slope": round(worst.value, 3),
            "longest_ms": round(max(slope.longest_ms for slope in slopes), 3),
            "worst": shown(worst.family),
            "met": worst.value <= LIMIT,
        }
    return found


def report(grammar_file: Path, packages: Path = node_peers.PACKAGES) -> dict[str, object]:
    """The figures of all subjects as JSON values."""
    grammar = load_resolved(grammar_file)
    missing: dict[str, str] = {}
    try:
        rules = bench_rules()
        for each in rules:
            each.grammar.rule(each.rule)
    except ModuleNotFoundError as error:
        rules, missing["RFC rules"] = [], f"{error.name} is not installed"
    rows = [measure(each) for each in (*reply_subjects(grammar), *rfc_subjects(rules))]
    with node_peers.Node(packages) as node:
        if node.installed:
            rows += [measure(each) for each in javascript_subjects(node, grammar, rules)]
        else:
            missing["JavaScript"] = "there is no node"
    return {
        "lengths": list(LENGTHS),
        "runs": RUNS,
        "limit": LIMIT,
        "patterns": rows,
        "missing": missing,
    }


def missed(document) -> list[str]:
    """The patterns above the limit."""
    return [
        f"{row['name']}: slope {row['slope']} on {row['worst']}"
        for row in document["patterns"]
        if row.get("met") is False
    ]


def table(document) -> str:
    """The figures for people."""
    head = f"{'pattern':40}{'families':>9}{'1 MiB, ms':>11}{'slope':>8}"
    lines = [f"time against length of hostile strings, aim: slope <= {document['limit']}", head]
    for row in document["patterns"]:
        if "slope" not in row:
            lines.append(f"{row['name']:40}{0:>9}  no loop")
            continue
        figures = f"{row['families']:>9}{row['longest_ms']:>11.2f}{row['slope']:>8.3f}"
        lines.append(f"{row['name']:40}{figures}  {row['worst']}")
    lines += [f"{name}: left out, {why}" for name, why in document["missing"].items()]
    lines += [f"MISSED: {each}" for each in missed(document)]
    return "\n".join(lines)
