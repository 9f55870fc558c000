"""Read every grammar of the corpus, make everything of it, and write what came of that as a table.

    python tests/compiler/corpus/corpus.py [DATA] [--check]

DATA (else REPLYMETA_TEST_DATA) holds rfc-abnf and strings/grammars; PyPI `abnf` is installed.
Rules: `abnfc check` ends with status 0, or 1 and findings, each with its place and code, in less
than LIMIT_S seconds of processor time; every output of every rule is checked (corpus_outputs.py),
JavaScript by Node where there is one.  The table is a committed file without times; with --check
it is compared and not written.
"""

from __future__ import annotations

import json
import os
import re
import shutil
import subprocess
import sys
import time
from argparse import ArgumentParser
from collections import Counter
from collections.abc import Iterable, Sequence
from contextlib import redirect_stderr, redirect_stdout
from dataclasses import dataclass
from hashlib import sha256
from importlib.metadata import version
from io import StringIO
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any

from corpus_grammars import (
    MODULES,
    RFC_TEXTS,
    SELF_CONTAINED,
    CorpusGrammar,
    corpus_grammars,
    missing,
)
from corpus_outputs import CorpusError, Outputs, outputs_of

from abnf_compiler.__main__ import main as abnfc
from abnf_compiler.checks.examine import Examination
from abnf_compiler.resolve.core_rules import core_rules
from abnf_compiler.resolve.library import rules_of
from abnf_compiler.resolve.wanted import wanted
from abnf_compiler.resolve.well_known import defining_documents, rfc_number

SETS = (RFC_TEXTS, SELF_CONTAINED, MODULES)
HERE = Path(__file__).resolve().parent
TABLE = HERE / "_generated/corpus.json"
PROGRAM = HERE / "corpus_patterns.mjs"
LIMIT_S = 2.0
FINDING = re.compile(r"(?P<file>\S[^\n]*?):(?P<line>[1-9]\d*):(?P<column>[1-9]\d*): ABNF\d{3} \S.*")
SECONDS_BETWEEN_SIGNS = 2.0
FIGURES = ("rules", "error", "warning", "lacking", "found", "missing", "python", "modules")
"""The columns of the summary: `lacking` are names that the file uses and neither defines nor
imports, `found` those of them that an import brought, `missing` all that nothing defines."""


@dataclass(frozen=True, slots=True)
class Checked:
    """What `abnfc check` did: its status, and the findings as printed."""

    status: int
    findings: list[str]


def checked(grammar: CorpusGrammar) -> Checked:
    """Run `abnfc check` on a grammar, and say so when it is not as it must be.

    Raises:
        CorpusError: a status without a reason, a line that is no finding, too slow.
    """
    stdout, stderr = StringIO(), StringIO()
    started = time.process_time()
    with redirect_stdout(stdout), redirect_stderr(stderr):
        status = abnfc(["check", *grammar.options, str(grammar.path)])
    seconds = time.process_time() - started
    lines = stdout.getvalue().splitlines()
    findings = [line for line in lines if not line.startswith("  ")]
    strange = [line for line in findings if FINDING.fullmatch(line) is None]
    errors = sum(" warning: " not in line for line in findings)
    if strange or status != int(errors > 0):
        raise CorpusError(f"{grammar.path}: status {status} with {strange or findings}")
    if seconds >= LIMIT_S:
        raise CorpusError(f"{grammar.path}: `abnfc check` took {seconds:.1f} s")
    return Checked(status, findings)


def row(grammar: CorpusGrammar, examination: Examination, outputs: Outputs) -> dict[str, Any]:
    """What the table says of one grammar."""
    done = checked(grammar)
    if len(done.findings) != len(examination.diagnostics):
        raise CorpusError(f"{grammar.path}: the command prints other findings than the library")
    codes = Counter(f"{each.code} {each.severity.value}" for each in examination.diagnostics)
    tree = examination.tree
    asked = {name.key for each in tree.imports for name in each.names}
    lacking = wanted(rules_of(tree), {*core_rules(), *asked})
    left = missing(examination)
    sources = defining_documents([name.lower() for name in left], grammar.name)
    return {
        "set": grammar.kind,
        "name": grammar.name,
        "rules": len(examination.grammar.own_rules()),
        "status": done.status,
        "findings": dict(sorted(codes.items())),
        "imports": sorted({*grammar.imports, *(each.document for each in tree.imports)}),
        "lacking": len(lacking),
        "found": sum(comes_along(examination, key) for key in lacking),
        "missing": {
            name: [f"RFC {rfc_number(each)}" for each in sources.get(name.lower(), ())]
            for name in left
        },
        "outputs": dict(sorted(outputs.counts.items())),
        "without pattern": dict(sorted(outputs.without.items())),
    }


def comes_along(examination: Examination, key: str) -> bool:
    """Whether a rule, or the one that the file adds to, was found in another document."""
    rule = examination.grammar.rules.get(key)
    files = {each.name_span.source.name for each in rule.definitions} if rule else set()
    return bool(files - {examination.grammar.name})


def node() -> str | None:
    """Where Node is."""
    return shutil.which("node")


def run_javascript(made: Iterable[tuple[str, Outputs]], folder: Path) -> str:
    """Run every pattern and module with Node; the counts, or why not.

    Raises:
        CorpusError: a verdict is wrong.
    """
    found = node()
    if found is None:
        return "node is not installed: no JavaScript was run"
    patterns: list[dict[str, Any]] = []
    modules: list[dict[str, Any]] = []
    for name, outputs in made:
        for case in outputs.cases:
            patterns.append(
                {
                    "name": f"{name}: {case.rule}",
                    "source": case.source,
                    "flags": case.flags,
                    "words": case.words,
                }
            )
        for number, (_, text, calls) in enumerate(outputs.modules, len(modules)):
            path = folder / f"module-{number}.mjs"
            path.write_text(text, "ascii")
            modules.append({"name": name, "path": str(path), "calls": calls})
    document = json.dumps({"patterns": patterns, "modules": modules})
    done = subprocess.run(
        [found, PROGRAM], input=document, capture_output=True, encoding="utf-8", check=False
    )
    *wrong, last = done.stdout.splitlines() or [""]
    if done.returncode or wrong:
        raise CorpusError("\n".join(wrong[:20]) + done.stderr)
    counts = json.loads(last)
    ran = f"{counts['patterns']} patterns and {counts['modules']} modules"
    return f"{ran} gave Node the right verdict on {counts['words']} words"


def digest(grammars: Sequence[CorpusGrammar]) -> str:
    """The SHA-256 of all grammars: each name, then its octets."""
    total = sha256()
    for grammar in grammars:
        total.update(f"{grammar.kind}/{grammar.name}\n".encode())
        total.update(grammar.path.read_bytes())
    return total.hexdigest()


def table_text(grammars: Sequence[CorpusGrammar], rows: Sequence[dict[str, Any]]) -> str:
    """The committed file."""
    source = f"RFC grammars and PyPI abnf {version('abnf')}"
    line = f"Generated from {source} by make corpus; SHA-256 of the source: {digest(grammars)}"
    lines = ",\n".join("    " + json.dumps(each, ensure_ascii=True) for each in rows)
    return f'{{\n  "generated": {json.dumps(line)},\n  "grammars": [\n{lines}\n  ]\n}}\n'


def summary(rows: Sequence[dict[str, Any]]) -> str:
    """The table for people: one line for each grammar, then the sums of each set."""
    lines = [f"{'grammar':18}" + "".join(f"{name:>10}" for name in FIGURES)]
    sums: dict[str, Counter[str]] = {}
    for each in rows:
        found: Counter[str] = Counter()
        for code, count in each["findings"].items():
            found[code.partition(" ")[2]] += count
        figures = {**each, **each["outputs"], "missing": len(each["missing"]), **found}
        lines.append(
            f"{each['name']:18}" + "".join(f"{figures.get(name, 0):10}" for name in FIGURES)
        )
        counts = {name: figures.get(name, 0) for name in FIGURES}
        passed = {"grammars": 1, "status 0": int(each["status"] == 0)}
        sums.setdefault(each["set"], Counter()).update({**passed, **counts, **each["outputs"]})
        sums[each["set"]].update(
            {f"without a pattern ({why})": n for why, n in each["without pattern"].items()}
        )
    for kind, counts in sums.items():
        lines.append(f"{kind}: " + ", ".join(f"{n} {name}" for name, n in counts.items() if n))
    return "\n".join(lines) + "\n"


def fresh_table(data: Path, folder: Path) -> tuple[str, list[dict[str, Any]], str]:
    """The table made anew: its text, its rows, and what Node ran.

    Raises:
        CorpusError: something is not as it must be.
    """
    grammars = corpus_grammars(data, folder / "abnf")
    rows, made = [], []
    signed = time.monotonic()
    for grammar in grammars:
        examination = grammar.examined()
        outputs = outputs_of(examination.grammar)
        rows.append(row(grammar, examination, outputs))
        made.append((f"{grammar.kind}/{grammar.name}", outputs))
        if time.monotonic() - signed > SECONDS_BETWEEN_SIGNS:
            signed = time.monotonic()
            sys.stderr.write(f"{len(rows)} of {len(grammars)} grammars\n")
    return table_text(grammars, rows), rows, run_javascript(made, folder)


def main() -> int:
    """Exit 1 when something is wrong or --check finds the table stale, 2 without data."""
    parser = ArgumentParser(description="Read every grammar of the corpus; write the table.")
    parser.add_argument("data", metavar="DATA", nargs="?", help="the folder of test data")
    parser.add_argument("--check", action="store_true", help="compare the table, do not write it")
    arguments = parser.parse_args()
    folder = arguments.data or os.environ.get("REPLYMETA_TEST_DATA")
    if not folder:
        sys.stderr.write("corpus: name the data, or set REPLYMETA_TEST_DATA\n")
        return 2
    try:
        with TemporaryDirectory() as temporary:
            text, rows, javascript = fresh_table(Path(folder), Path(temporary))
    except CorpusError as problem:
        sys.stdout.write(f"{problem}\n")
        return 1
    sys.stdout.write(f"{summary(rows)}{javascript}\n")
    if arguments.check:
        stale = not TABLE.is_file() or TABLE.read_bytes() != text.encode("utf-8")
        sys.stdout.write(f"{'stale' if stale else 'fresh'}: {TABLE.name}\n")
        return int(stale)
    TABLE.parent.mkdir(exist_ok=True)
    TABLE.write_bytes(text.encode("utf-8"))
    sys.stdout.write(f"{len(rows)} grammars in {TABLE.name}\n")
    return 0


if __name__ == "__main__":
    sys.exit(main())
