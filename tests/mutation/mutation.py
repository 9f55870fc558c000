"""Mutation score of the codec and the sessions: `python tests/mutation/mutation.py`.

Each mutant is one edit of the core (`mutators`); the tests of tests/reference that run the edited
line must fail.  Edits that change nothing a caller can see stand with their reason in
equivalent.toml and are not counted.  Results are kept in build/mutation.json and are used again
while the core, and for survivors the tests, stay the same.
"""

from __future__ import annotations

import argparse
import hashlib
import importlib.util
import json
import os
import random
import sys
import time
import tomllib
from collections import Counter
from pathlib import Path

PROJECT = Path(__file__).resolve().parents[2]
PACKAGE_FOLDER = PROJECT / "reference" / "reply_metadata"
TESTS = PROJECT / "tests" / "reference"
EQUIVALENT = Path(__file__).with_name("equivalent.toml")
RESULTS = PROJECT / "build" / "mutation.json"
LEARNED = PROJECT / "build" / "mutation-lines.json"
SCORE_WANTED = 90.0
STATUS = ("survived", "found", "found by time")
# They start processes of their own, compare engines, or test what stands above the core.
LEFT_OUT = ("test_parse_program.py", "test_engines_agree.py", "test_imports.py", "test_rooms.py")
LEFT_OUT += ("test_hop_policy.py", "test_referral_policy.py", "test_retry_policy.py")

sys.path[:0] = [str(Path(__file__).parent)]

import sessions  # noqa: E402  the path is set above
from mutators import Mutant, Mutants  # noqa: E402


def rooms() -> dict[str, list[str]]:
    """The modules of each room of the core, as the import contract has them."""
    path = PROJECT / "tests" / "lint" / "core_size.py"
    spec = importlib.util.spec_from_file_location("core_size", path)
    core_size = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(core_size)
    found = core_size.core_rooms((PROJECT / "pyproject.toml").read_text("utf-8"))
    return dict(zip(("values", "codec", "sessions"), found, strict=True))


def digest(paths) -> str:
    """One number for the contents of files."""
    whole = hashlib.sha256()
    for path in sorted(paths):
        whole.update(path.name.encode() + b"\0" + path.read_bytes())
    return whole.hexdigest()


def test_files() -> list[str]:
    """The test files that take part, relative to the project."""
    found = [path for path in sorted(TESTS.glob("test_*.py")) if path.name not in LEFT_OUT]
    return [str(path.relative_to(PROJECT)) for path in found]


def learn(modules, core: str, tests: str) -> dict:
    """Run all tests once: who runs which line, and how long each takes."""
    if LEARNED.exists():
        known = json.loads(LEARNED.read_text("utf-8"))
        if known.get("key") == [core, tests]:
            return known
    LEARNED.parent.mkdir(exist_ok=True)
    LEARNED.unlink(missing_ok=True)

    def work() -> int:
        plugin = sessions.Learning(modules, LEARNED)
        return sessions.run_tests(test_files(), plugin)

    child = sessions.forked(work)
    _, status = os.waitpid(child, 0)
    if status or not LEARNED.exists():
        sys.exit("the tests of tests/reference do not pass: there is nothing to compare with")
    known = json.loads(LEARNED.read_text("utf-8"))
    known["key"] = [core, tests]
    LEARNED.write_text(json.dumps(known), "utf-8")
    return known


class Run:
    """One run over the chosen mutants."""

    def __init__(self, arguments, mutants: list[Mutant], learned: dict, results: dict) -> None:
        self.mutants = mutants
        self.learned = learned
        self.results = results
        self.quick = arguments.quick
        self.done = 0
        self.started = self.saved = time.monotonic()
        self.turns = sessions.InTurns(arguments.jobs, self.take)

    def take(self, mutant: Mutant, result: int) -> None:
        """A mutant has its result."""
        if result == sessions.NOT_TRIED:
            sessions.VOICE.write(f"could not be tried: {mutant.identity}\n")
            raise SystemExit(1)
        self.results["mutants"][mutant.identity] = STATUS[result]
        self.done += 1
        if time.monotonic() - self.saved > 10:
            self.save()
            seconds = self.saved - self.started
            sessions.VOICE.write(f"{self.done} of {len(self.mutants)} mutants in {seconds:.0f} s\n")

    def save(self) -> None:
        """Keep the results so far."""
        RESULTS.write_text(json.dumps(self.results, indent=1) + "\n", "utf-8")
        self.saved = time.monotonic()

    def contexts(self, mutant: Mutant) -> set[str]:
        """Who ran the line."""
        return set(self.learned["lines"].get(mutant.module, {}).get(str(mutant.line), ()))

    def needs_imports(self, mutant: Mutant) -> bool:
        """Whether an edit of a function shows in full only to who imports anew."""
        return "import" in self.contexts(mutant) or "super()" in mutant.text

    def tests_for(self, mutant: Mutant) -> list[str]:
        """The tests to run, the quickest first; all of them for what importing alone runs."""
        seconds = self.learned["seconds"]
        found = self.contexts(mutant) if mutant.function else seconds
        return sorted((name for name in found if name in seconds), key=seconds.__getitem__)

    def files_of(self, module: str, tests: list[str]) -> list[list[str]]:
        """The files of tests, the quickest first: those that name the module, then the others."""
        seconds: Counter[str] = Counter()
        for name in tests:
            seconds[name.partition("::")[0]] += self.learned["seconds"][name]
        near: list[str] = []
        others: list[str] = []
        for name in sorted(seconds, key=seconds.__getitem__):
            names_it = f"reply_metadata.{module} " in (PROJECT / name).read_text("utf-8")
            (near if names_it else others).append(name)
        return [files for files in (near, others) if files]

    def go(self) -> None:
        """Try every mutant: in place where that shows, anew where importing runs the line."""
        in_functions = [one for one in self.mutants if one.function]
        child = sessions.forked(lambda: self.in_place(in_functions))
        if os.waitpid(child, 0)[1]:
            raise SystemExit("the mutants of functions could not be tried")
        known = json.loads(RESULTS.read_text("utf-8"))["mutants"]
        self.results["mutants"].update(known)
        self.done += len(in_functions)
        for mutant in self.mutants:
            if mutant.function and known[mutant.identity] != STATUS[sessions.SURVIVED]:
                continue
            if mutant.function and not self.needs_imports(mutant):
                continue
            tests = self.tests_for(mutant) or list(self.learned["seconds"])
            path = PACKAGE_FOLDER / f"{mutant.module}.py"
            files = self.files_of(mutant.module, tests)

            def work(mutant=mutant, path=path, files=files) -> int:
                return sessions.run_anew(mutant, path, files, quick=self.quick)

            self.turns.start(mutant, work, self.seconds_for(tests))
        self.turns.finish()
        self.save()

    def seconds_for(self, tests: list[str]) -> float:
        """How long a mutant may take."""
        usual = sum(self.learned["seconds"][name] for name in tests)
        return float(sessions.FEWEST_SECONDS + 10 * usual)

    def in_place(self, mutants: list[Mutant]) -> int:
        """The mutants of functions, all in forks of one session."""
        chosen = []
        for mutant in mutants:
            tests = self.tests_for(mutant)
            if tests:
                chosen.append((mutant, tests, self.seconds_for(tests)))
            else:
                self.take(mutant, sessions.SURVIVED)
        plugin = sessions.InPlace(self.turns, chosen)
        exit_code = sessions.run_tests(test_files(), plugin, quick=self.quick)
        self.save()
        return exit_code


def report(mutants: list[Mutant], results: dict[str, str], equivalent: dict[str, str]) -> float:
    """Print score and survivors; the score."""
    by_module: dict[str, Counter[str]] = {}
    for mutant in mutants:
        status = results[mutant.identity]
        if mutant.identity in equivalent:
            status = "equivalent"
        by_module.setdefault(mutant.module, Counter())[status] += 1
        if status == "survived":
            sys.stdout.write(f"{mutant.module}.py:{mutant.line}: survived: {mutant.identity}\n")
    whole = sum(by_module.values(), Counter())
    sys.stdout.write(f"\n{'module':18}{'mutants':>9}{'found':>8}{'equivalent':>12}{'score':>9}\n")
    for name, counts in [*sorted(by_module.items()), ("all", whole)]:
        sys.stdout.write(
            f"{name:18}{counts.total():>9,}{found(counts):>8,}{counts['equivalent']:>12,}"
            f"{score(counts):>8.1f}%\n"
        )
    return score(whole)


def found(counts: Counter[str]) -> int:
    return counts["found"] + counts["found by time"]


def score(counts: Counter[str]) -> float:
    """The share of the mutants that count and were found."""
    return 100 * found(counts) / max(1, counts.total() - counts["equivalent"])


def main() -> int:
    """Try the mutants and print the score; 1 when it is too low."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("modules", nargs="*", help="modules (default: codec and sessions)")
    parser.add_argument("--jobs", type=int, default=os.cpu_count(), help="processes at a time")
    parser.add_argument("--sample", type=int, help="try this many mutants, drawn by the seed")
    parser.add_argument("--seed", type=int, default=1, help="the seed of the sample (1)")
    parser.add_argument(
        "--quick", action="store_true", help="leave out tests with hypothesis: a lower bound"
    )
    parser.add_argument("--fresh", action="store_true", help="use no results of earlier runs")
    arguments = parser.parse_args()
    os.chdir(PROJECT)
    sessions.quiet_hypothesis()
    by_room = rooms()
    modules = arguments.modules or sorted(by_room["codec"] + by_room["sessions"])
    mutants = [
        mutant
        for module in modules
        for mutant in Mutants(module, (PACKAGE_FOLDER / f"{module}.py").read_text("utf-8")).found
    ]
    every = len(mutants)
    if arguments.sample is not None and arguments.sample < every:
        mutants = random.Random(arguments.seed).sample(mutants, arguments.sample)
    equivalent = tomllib.loads(EQUIVALENT.read_text("utf-8")) if EQUIVALENT.exists() else {}
    core = digest(
        [PACKAGE_FOLDER / f"{one}.py" for room in by_room.values() for one in room]
        + [*PACKAGE_FOLDER.glob("_generated/*.py")]
    )
    tests = digest(TESTS.glob("*.py"))
    learned = learn([one for room in by_room.values() for one in room], core, tests)
    results = {"core": core, "tests": tests, "mutants": {}}
    if RESULTS.exists() and not arguments.fresh:
        known = json.loads(RESULTS.read_text("utf-8"))
        if known["core"] == core:
            same = known["tests"] == tests
            results["mutants"] = {
                name: status
                for name, status in known["mutants"].items()
                if same or status != "survived"
            }
    missing = [one for one in mutants if one.identity not in results["mutants"]]
    Run(arguments, missing, learned, results).go()
    reached = report(mutants, results["mutants"], equivalent)
    sys.stdout.write(
        f"\nmutation score: {reached:.1f} % of {len(mutants):,} mutants, of {every:,} there are,"
        f" {len(missing):,} tried now; wanted {SCORE_WANTED} %\n"
    )
    return int(reached < SCORE_WANTED)


if __name__ == "__main__":
    sys.exit(main())
