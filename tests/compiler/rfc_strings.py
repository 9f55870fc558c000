"""Match the recorded strings of 14 RFCs with their rules and compare the verdicts.

    python tests/compiler/rfc_strings.py [DATA] [--rfc NAME] [--earley N] [--seed N]

DATA (else REPLYMETA_TEST_DATA) holds strings/grammars, strings/accepted and strings/rejected.
Rules: a rule is decided by the compiled engine where it has a proven pattern, and every string of
it is matched; elsewhere Earley decides, for a seeded sample of N strings of all such rules (0 is
all of them).  Strings are code points.  A difference stands in rfc_string_differences.toml with
the RFC's words, or the run fails; so does an entry that is no longer a difference.
"""

import json
import os
import sys
import tomllib
from argparse import ArgumentParser, Namespace
from collections.abc import Iterable, Iterator
from pathlib import Path
from random import Random
from time import perf_counter
from typing import NamedTuple, Protocol

from abnf_compiler.automata.normal_form import AutomataError
from abnf_compiler.engines import compiled, earley
from abnf_compiler.engines.refusal import Match
from abnf_compiler.grammar import load_resolved
from abnf_compiler.tree import ResolvedGrammar

DIFFERENCES = Path(__file__).parent / "rfc_string_differences.toml"
EARLEY_SAMPLE = 2000
SEED = 5234
WORDS = {True: "accepted", False: "refused"}


class Recorded(NamedTuple):
    """One string and the verdict other tools gave on it."""

    rfc: str
    rule: str
    string: str
    accepted: bool

    def line(self) -> str:
        """What a difference says."""
        ours = WORDS[not self.accepted]
        recorded = WORDS[self.accepted]
        return f"{self.rfc} {self.rule}: {self.string!a} is {ours}, recorded as {recorded}"


class Tally(NamedTuple):
    """What one engine decided of one RFC."""

    rfc: str
    engine: str
    rules: int
    right: int
    wrong: int
    seconds: float


class Matcher(Protocol):
    def match(self, data: bytes | str, /) -> Match: ...


def grammar_names(data: Path) -> list[str]:
    """The stems of the grammars that have strings."""
    return sorted(file.stem for file in (data / "strings/grammars").glob("*.abnf"))


def load_grammar(data: Path, rfc: str) -> ResolvedGrammar:
    return load_resolved(data / f"strings/grammars/{rfc}.abnf")


def recorded_strings(data: Path, rfc: str) -> dict[str, list[Recorded]]:
    """The recorded verdicts by rule."""
    found: dict[str, list[Recorded]] = {}
    for folder, accepted in (("accepted", True), ("rejected", False)):
        strings = json.loads((data / f"strings/{folder}/{rfc}.json").read_text("utf-8"))
        for rule, texts in strings.items():
            found.setdefault(rule, []).extend(Recorded(rfc, rule, text, accepted) for text in texts)
    return dict(sorted(found.items()))


def matcher_of(grammar: ResolvedGrammar, rule: str) -> tuple[str, Matcher]:
    """The engine that decides a rule: compiled, or Earley where there is no proven pattern."""
    try:
        return compiled.ENGINE, compiled.compile_rule(grammar, rule)
    except AutomataError:
        return earley.ENGINE, earley.compile_rule(grammar, rule)


def wrong_verdicts(matcher: Matcher, strings: Iterable[Recorded]) -> Iterator[Recorded]:
    """The strings on which an engine and the record differ."""
    for each in strings:
        if bool(matcher.match(each.string)) is not each.accepted:
            yield each


def listed_differences(text: str) -> tuple[set[Recorded], list[str]]:
    """The entries of the list of differences, and what is wrong with it."""
    listed: set[Recorded] = set()
    problems: list[str] = []
    verdicts = {word: verdict for verdict, word in WORDS.items()}
    for number, entry in enumerate(tomllib.loads(text)["difference"], start=1):
        if set(entry) != {"rfc", "rule", "string", "recorded", "evidence"}:
            problems.append(f"difference {number}: not the five keys of an entry")
        elif entry["recorded"] not in verdicts:
            problems.append(f"difference {number}: recorded is accepted or refused")
        elif "RFC " not in entry["evidence"]:
            problems.append(f"difference {number}: the evidence names no RFC")
        else:
            verdict = verdicts[entry["recorded"]]
            listed.add(Recorded(entry["rfc"], entry["rule"], entry["string"], verdict))
    return listed, problems


def compare_differences(
    found: Iterable[Recorded], tried: Iterable[Recorded], listed: set[Recorded]
) -> list[str]:
    """What the list does not explain, and what it lists without need."""
    differing = set(found)
    unexplained = differing - listed
    settled = listed - differing
    matched = set(tried)
    return [
        *(each.line() for each in sorted(unexplained)),
        *(
            f"{each.rfc} {each.rule}: {each.string!a} is listed and "
            + ("no longer a difference" if each in matched else "not among the strings")
            for each in sorted(settled)
        ),
    ]


class Run:
    """One comparison: what was tried, what was wrong, and what waits for Earley."""

    def __init__(self, data: Path) -> None:
        self._data = data
        self.tried: list[Recorded] = []
        self.wrong: list[Recorded] = []
        self.waiting: list[Recorded] = []
        self.recorded = {True: 0, False: 0}

    def compiled(self, rfc: str) -> Tally:
        """Decide the rules of an RFC that have a pattern; leave the strings of the others."""
        started = perf_counter()
        grammar = load_grammar(self._data, rfc)
        rules = tried = wrong = 0
        for rule, strings in recorded_strings(self._data, rfc).items():
            for each in strings:
                self.recorded[each.accepted] += 1
            try:
                matcher = compiled.compile_rule(grammar, rule)
            except AutomataError:
                self.waiting += strings
                continue
            found = list(wrong_verdicts(matcher, strings))
            self.tried += strings
            self.wrong += found
            rules, tried, wrong = rules + 1, tried + len(strings), wrong + len(found)
        seconds = perf_counter() - started
        return Tally(rfc, compiled.ENGINE, rules, tried - wrong, wrong, seconds)

    def earley(self, rfc: str, chosen: list[Recorded]) -> Tally:
        """Decide the chosen strings of an RFC with Earley."""
        started = perf_counter()
        grammar = load_grammar(self._data, rfc)
        by_rule: dict[str, list[Recorded]] = {}
        for each in chosen:
            by_rule.setdefault(each.rule, []).append(each)
        found = [
            wrong
            for rule, strings in by_rule.items()
            for wrong in wrong_verdicts(earley.compile_rule(grammar, rule), strings)
        ]
        self.tried += chosen
        self.wrong += found
        seconds = perf_counter() - started
        right = len(chosen) - len(found)
        return Tally(rfc, earley.ENGINE, len(by_rule), right, len(found), seconds)


def sample(waiting: list[Recorded], size: int, seed: int, listed: set[Recorded]) -> list[Recorded]:
    """A seeded sample (0: everything); what the list of differences names is always in it."""
    if not size or size >= len(waiting):
        return waiting
    chosen = set(Random(seed).sample(waiting, size)) | (listed & set(waiting))
    return [each for each in waiting if each in chosen]


def show(tally: Tally) -> None:
    """One line of the table."""
    rfc, engine, rules, right, wrong, seconds = tally
    sys.stdout.write(
        f"{rfc:8} {rules:6} {right + wrong:8} {engine:9} {right:7} {wrong:6} {seconds:8.1f}\n"
    )
    sys.stdout.flush()


def compare(data: Path, arguments: Namespace) -> int:
    """Print the table; the number of problems."""
    listed, problems = listed_differences(DIFFERENCES.read_text("utf-8"))
    names = arguments.rfc or grammar_names(data)
    listed = {each for each in listed if each.rfc in names or not arguments.rfc}
    run = Run(data)
    sys.stdout.write("rfc       rules  strings engine      right  wrong  seconds\n")
    tallies = []
    for rfc in names:
        tallies.append(run.compiled(rfc))
        show(tallies[-1])
    waiting = len(run.waiting)
    chosen = sample(run.waiting, arguments.earley, arguments.seed, listed)
    for rfc in sorted({each.rfc for each in chosen}):
        tallies.append(run.earley(rfc, [each for each in chosen if each.rfc == rfc]))
        show(tallies[-1])
    problems += compare_differences(run.wrong, run.tried, listed)
    sys.stdout.writelines(f"{problem}\n" for problem in problems)
    right = sum(tally.right for tally in tallies)
    accepted, refused = run.recorded[True], run.recorded[False]
    compiled_strings = len(run.tried) - len(chosen)
    sys.stdout.write(
        f"recorded: {accepted + refused:,} strings, {accepted:,} accepted and {refused:,} refused\n"
        f"matched: {len(run.tried):,}, compiled {compiled_strings:,} (every string of its rules), "
        f"Earley {len(chosen):,} of {waiting:,} (seed {arguments.seed})\n"
        f"{right:,} right, {len(run.wrong)} wrong; "
        f"{len(listed)} listed differences, {len(problems)} problems\n"
    )
    return len(problems)


def main() -> int:
    """Exit 1 when a verdict is wrong without a listed reason, 2 without data."""
    parser = ArgumentParser(description="Compare verdicts with those recorded for 14 RFCs.")
    parser.add_argument("data", metavar="DATA", nargs="?", help="the folder of test data")
    parser.add_argument("--rfc", action="append", help="only this grammar; may be given again")
    parser.add_argument(
        "--earley", type=int, default=EARLEY_SAMPLE, help="strings for Earley, 0: all"
    )
    parser.add_argument("--seed", type=int, default=SEED, help="of the sample for Earley")
    arguments = parser.parse_args()
    folder = arguments.data or os.environ.get("REPLYMETA_TEST_DATA")
    if not folder:
        sys.stderr.write("rfc_strings: name the data, or set REPLYMETA_TEST_DATA\n")
        return 2
    return 1 if compare(Path(folder), arguments) else 0


if __name__ == "__main__":
    sys.exit(main())
