"""pytest in forked processes: the run that learns which test needs which line, and the mutants.

Every process begins as a fork of one that has imported pytest but nothing of the project.

Rule 1: an edit inside a function that does not run while modules are imported is made in the
function itself, in a fork of a process that has collected all tests.
Rule 2: any other edit needs new imports: its process reads the edited module instead of the file.
Rule 3: the first failing test ends a mutant; a mutant that takes far longer than its tests did, or
takes much memory, is ended by the system and counts as found.
"""

from __future__ import annotations

import gc
import importlib
import importlib.machinery
import json
import os
import resource
import signal
import sys
import time
import traceback
import types
from collections.abc import Callable, Iterable, Sequence
from pathlib import Path

import coverage
import hypothesis
import pytest
from mutators import Mutant

PACKAGE = "reply_metadata"
MEMORY_OCTETS = 4 << 30
FEWEST_SECONDS = 15
SURVIVED, FOUND, FOUND_BY_TIME, NOT_TRIED = range(4)
VOICE = os.fdopen(os.dup(2), "w", buffering=1)  # what a fork says when its own is taken away
OPTIONS = ("-q", "-x", "-s", "-p", "no:cacheprovider", "-p", "no:xdist")
OPTIONS += ("-W", "ignore:Module already imported")  # hypothesis, before pytest looks at it


def quiet_hypothesis() -> None:
    """The same examples each time, nothing kept, no search for a smaller one."""
    phases = (hypothesis.Phase.explicit, hypothesis.Phase.generate)
    hypothesis.settings.register_profile(
        "mutation", database=None, derandomize=True, phases=phases, deadline=None
    )
    hypothesis.settings.load_profile("mutation")


def forked(work: Callable[[], int], seconds: float | None = None) -> int:
    """The number of a new process that does `work`, without a voice, and ends with its result."""
    sys.stdout.flush()
    child = os.fork()
    if child:
        return child
    try:
        if seconds is not None:
            signal.setitimer(signal.ITIMER_REAL, seconds)
            resource.setrlimit(resource.RLIMIT_AS, (MEMORY_OCTETS, MEMORY_OCTETS))
        nowhere = os.open(os.devnull, os.O_RDWR)
        for stream in (0, 1, 2):
            os.dup2(nowhere, stream)
        result = work()
    except MemoryError:
        result = FOUND
    except BaseException:  # noqa: BLE001  a fork has nobody to tell but by its exit
        VOICE.write(traceback.format_exc())
        result = NOT_TRIED
    os._exit(result)


def result_of(status: int) -> int:
    """What became of a mutant."""
    if os.WIFSIGNALED(status):
        return FOUND_BY_TIME if os.WTERMSIG(status) == signal.SIGALRM else FOUND
    return os.WEXITSTATUS(status)


class InTurns:
    """Runs several processes at a time and hands over the result of each."""

    def __init__(self, jobs: int, done: Callable[[Mutant, int], None]) -> None:
        self._jobs = jobs
        self._done = done
        self._running: dict[int, Mutant] = {}

    def start(self, mutant: Mutant, work: Callable[[], int], seconds: float) -> None:
        while len(self._running) >= self._jobs:
            self._wait()
        self._running[forked(work, seconds)] = mutant

    def finish(self) -> None:
        while self._running:
            self._wait()

    def _wait(self) -> None:
        child, status = os.wait()
        self._done(self._running.pop(child), result_of(status))


def run_tests(tests: Sequence[str], plugin: object = None, *, quick: bool = False) -> int:
    """The tests of some files; `quick`: without those of hypothesis."""
    marks = ("-m", "not timing and not hypothesis") if quick else ()
    return int(pytest.main([*OPTIONS, *marks, *tests], [plugin] if plugin else None))


class Learning:
    """A plugin: which lines each test runs, which lines importing runs, how long a test takes."""

    def __init__(self, modules: Iterable[str], target: Path) -> None:
        self._target = target
        self._seconds: dict[str, float] = {}
        self._coverage = coverage.Coverage(
            data_file=None, config_file=False, source_pkgs=[PACKAGE], context="import"
        )
        self._coverage.start()
        for module in modules:
            importlib.import_module(f"{PACKAGE}.{module}")
        self._coverage.switch_context("collect")

    @pytest.hookimpl(wrapper=True)
    def pytest_runtest_protocol(self, item):
        self._coverage.switch_context(item.nodeid)
        started = time.perf_counter()
        result = yield
        self._seconds[item.nodeid] = time.perf_counter() - started
        return result

    def pytest_sessionfinish(self, exitstatus):
        self._coverage.stop()
        data = self._coverage.get_data()
        lines = {
            Path(name).stem: {
                line: [context.removeprefix("import|") for context in contexts]
                for line, contexts in data.contexts_by_lineno(name).items()
            }
            for name in data.measured_files()
            if Path(name).parent.name == PACKAGE
        }
        learned = {"exit": int(exitstatus), "seconds": self._seconds, "lines": lines}
        self._target.write_text(json.dumps(learned), "utf-8")


class InPlace:
    """A plugin: instead of running the tests, tries mutants in forks that have collected them."""

    def __init__(self, turns: InTurns, mutants: Sequence[tuple[Mutant, Sequence[str], float]]):
        self._turns = turns
        self._mutants = mutants

    def pytest_runtestloop(self, session):
        items = {item.nodeid: item for item in session.items}
        code = {mutant.module: functions_of(mutant.module) for mutant, _, _ in self._mutants}
        gc.freeze()
        for mutant, tests, seconds in self._mutants:
            function = code[mutant.module][mutant.function]
            chosen = [items[name] for name in tests if name in items]

            def work(mutant=mutant, function=function, chosen=chosen) -> int:
                code = edited_function(mutant, function.__code__)
                if len(code.co_freevars) != len(function.__code__.co_freevars):
                    return SURVIVED  # `super()` went away: to be tried anew
                function.__code__ = code
                return run_items(session, chosen)

            self._turns.start(mutant, work, seconds)
        self._turns.finish()
        return True


def run_items(session, items) -> int:
    for item in items:
        item.config.hook.pytest_runtest_protocol(item=item, nextitem=None)
        if session.testsfailed:
            return FOUND
    return SURVIVED


def functions_of(module: str) -> dict[str, types.FunctionType]:
    """The functions of a module and its classes, by qualified name."""
    found: dict[str, types.FunctionType] = {}

    def look(namespace) -> None:
        for value in list(namespace.values()):
            if isinstance(value, property):
                value = value.fget
            value = getattr(value, "__func__", value)
            value = getattr(value, "__wrapped__", value)
            if isinstance(value, types.FunctionType):
                found.setdefault(value.__code__.co_qualname, value)
            elif isinstance(value, type) and value.__module__ == name:
                look(vars(value))

    name = f"{PACKAGE}.{module}"
    look(vars(sys.modules[name]))
    return found


def edited_function(mutant: Mutant, old: types.CodeType) -> types.CodeType:
    """The code of the function with the edit made."""
    mutant.apply()
    stack = [compile(mutant.tree, old.co_filename, "exec", dont_inherit=True)]
    while stack:
        code = stack.pop()
        if code.co_qualname == old.co_qualname:
            return code
        stack += [one for one in code.co_consts if isinstance(one, types.CodeType)]
    raise LookupError(mutant.identity)


class EditedModule(importlib.machinery.SourceFileLoader):
    """Reads one module from its edited tree."""

    tree = None

    def get_code(self, fullname):
        return compile(self.tree, self.path, "exec", dont_inherit=True)


class EditedFinder:
    """Puts the edited module in the place of its file."""

    def __init__(self, mutant: Mutant, path: Path) -> None:
        self._name = f"{PACKAGE}.{mutant.module}"
        self._loader = EditedModule(self._name, str(path))
        self._loader.tree = mutant.tree

    def find_spec(self, name, path=None, target=None):
        if name != self._name:
            return None
        return importlib.machinery.ModuleSpec(name, self._loader, origin=self._loader.path)


def run_anew(mutant: Mutant, path: Path, groups: Sequence[Sequence[str]], *, quick: bool) -> int:
    """All imports, then one group of test files after the other, with the edit in its module."""
    mutant.apply()
    finder = EditedFinder(mutant, path)
    compile(mutant.tree, str(path), "exec")  # an edit that is no Python is no mutant
    sys.meta_path.insert(0, finder)
    for only_quick in (True,) if quick else (True, False):
        for files in groups:
            exit_code = run_tests(files, quick=only_quick)
            if exit_code == pytest.ExitCode.INTERNAL_ERROR:
                raise RuntimeError(f"{mutant.identity}: pytest ended with {exit_code}")
            if exit_code not in (pytest.ExitCode.OK, pytest.ExitCode.NO_TESTS_COLLECTED):
                return FOUND
    return SURVIVED
