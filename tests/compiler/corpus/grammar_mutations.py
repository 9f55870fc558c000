"""Thirteen single mutations of valid grammars: each is refused, reported by diff, or proved equal.

    python tests/compiler/corpus/grammar_mutations.py [DATA] [--each N] [--seed N]

DATA (else REPLYMETA_TEST_DATA) holds the grammars; GRAMMARS names twenty of them that have no
error.  Rules: a mutation changes one place of the text, drawn by lot from all it fits (N of them,
1 without --each); a mutant that `abnfc check` takes is compared with the original rule by rule by
what `abnfc diff` runs, and a mutant it neither reports nor proves equal is a failure.  Of syntax
errors at least CARET_SHARE have their first finding on the mutated line.
"""

from __future__ import annotations

import os
import re
import sys
from argparse import ArgumentParser
from collections import Counter
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path
from random import Random

from abnf_compiler.checks.examine import Examination, examine
from abnf_compiler.diagnostics import Severity
from abnf_compiler.diff import Relation, diff_grammars
from abnf_compiler.source import Source
from abnf_compiler.tree import ResolvedGrammar

RFC_TEXTS = ("rfc3348", "rfc3986", "rfc4616", "rfc5234", "rfc5322", "rfc7950")
SELF_CONTAINED = (
    *("rfc3986", "rfc4647", "rfc5234", "rfc5322", "rfc5646", "rfc6266", "rfc7230", "rfc7232"),
    *("rfc7234", "rfc7240", "rfc7838", "rfc8288", "rfc9110", "rfc9116"),
)
GRAMMARS = (
    *(f"rfc-abnf/{name}.abnf" for name in RFC_TEXTS),
    *(f"strings/grammars/{name}.abnf" for name in SELF_CONTAINED),
)

REFUSED, CHANGED, EQUAL, UNSETTLED = "refused", "changed", "equal", "unsettled"
DIFFERENT = frozenset(Relation) - {
    *(Relation.EQUAL, Relation.NO_DIFFERENCE_FOUND, Relation.NOT_DECIDED)
}
CARET_SHARE = 0.95
RULE = r"^[A-Za-z][\w-]*[ \t]*=[^/\n][^\n]*\n(?:[ \t][^\n]*\n)*"
_SKIPPED = re.compile(r'"[^"\n]*"|<[^>\n]*>|;[^\n]*')


@dataclass(frozen=True, slots=True)
class Mutation:
    """A kind of change: what it looks for, what it puts there, and where that counts.

    quoted: whether strings are searched, too; comments and prose never are.
    """

    name: str
    pattern: str
    replacement: str | Callable[[re.Match[str]], str]
    quoted: bool = False


MUTATIONS = (
    Mutation("no equals sign", r"(?<=[\w-])([ \t]*)=(?=[ \t])", r"\1 "),
    Mutation("a quote less", r'"', "", quoted=True),
    Mutation("a bracket less", r"[()\[\]]", ""),
    Mutation("the case of a name", r"(?<=[ \t(\[*])[A-Za-z][\w-]+", lambda m: m[0].swapcase()),
    Mutation("an illegal character", r"(?<=[ \t])(?=[A-Za-z])", "\N{EN DASH}"),
    Mutation("dots for a range", r"(%[xdb][0-9A-Fa-f]+)-", r"\1.."),
    Mutation("the case of a string", r'(?<=")[A-Za-z]+(?=")', lambda m: m[0].swapcase(), True),
    Mutation("bounds exchanged", r"(?<![\w.%-])(\d+)\*(\d+)", lambda m: f"{m[2]}*{int(m[1])}"),
    Mutation("a slash twice", r"/", "/ /"),
    Mutation("an undefined name", r"(?<=[ \t(\[*])([A-Za-z][\w-]+)(?![\w-])(?![ \t]*=)", r"\1-x"),
    Mutation("a definition twice", RULE, r"\g<0>\g<0>"),
    Mutation("an alternative less", r"/[ \t]*[\w-]+(?=[ \t\n)\]])", ""),
    Mutation("a slash less", r"[ \t]/[ \t]", "  "),
)


@dataclass(frozen=True, slots=True)
class Mutant:
    """A changed text, the line that was changed (from 1), and what was done."""

    grammar: str
    mutation: Mutation
    text: str
    line: int


@dataclass(frozen=True, slots=True)
class Outcome:
    """What became of a mutant; `at_line` says of a syntax error whether its caret is there."""

    mutant: Mutant
    verdict: str
    at_line: bool | None = None
    detail: str = ""


def mutants(name: str, text: str, *, each: int, seed: int) -> Iterator[Mutant]:
    """`each` mutants of a text for every kind of mutation that fits somewhere."""
    for mutation in MUTATIONS:
        places = list(found(mutation, text))
        random = Random(f"{seed}/{name}/{mutation.name}")
        for match in random.sample(places, min(each, len(places))):
            put = mutation.replacement
            new = put(match) if callable(put) else match.expand(put)
            changed = text[: match.start()] + new + text[match.end() :]
            if changed != text:
                yield Mutant(name, mutation, changed, text.count("\n", 0, match.start()) + 1)


def found(mutation: Mutation, text: str) -> Iterator[re.Match[str]]:
    """Where a mutation fits: outside comments and prose, and outside strings unless it says so."""
    shut: list[tuple[int, int]] = []
    for part in _SKIPPED.finditer(text):
        if not (mutation.quoted and part[0].startswith('"')):
            shut.append(part.span())
    for match in re.finditer(mutation.pattern, text, re.MULTILINE):
        if not any(start <= match.start() < end for start, end in shut):
            yield match


def outcome(mutant: Mutant, original: ResolvedGrammar) -> Outcome:
    """Check a mutant; compare it where it is a grammar."""
    examination = examine(Source(mutant.grammar, mutant.text))
    errors = [each for each in examination.diagnostics if each.severity is Severity.ERROR]
    if errors:
        syntax = [each for each in errors if each.code.startswith("ABNF1")]
        lines = {each.span.position.line for each in syntax[:1]}
        return Outcome(mutant, REFUSED, mutant.line in lines if syntax else None, errors[0].code)
    return compared(mutant, original, examination)


def compared(mutant: Mutant, original: ResolvedGrammar, examination: Examination) -> Outcome:
    """The verdict of diff on every rule whose text differs, and on rules only one of them has."""
    new = examination.grammar
    both = original.rules.keys() & new.rules.keys()
    touched = [k for k in both if original.rules[k].definition != new.rules[k].definition]
    rules = sorted([*touched, *(original.rules.keys() ^ new.rules.keys())])
    rows = diff_grammars(original, new, rules=rules).rules if rules else ()
    changed = [row.name for row in rows if row.relation in DIFFERENT]
    if changed:
        return Outcome(mutant, CHANGED, detail=changed[0])
    doubtful = [row.name for row in rows if row.relation is not Relation.EQUAL or not row.exact]
    return Outcome(mutant, UNSETTLED if doubtful else EQUAL, detail=", ".join(doubtful))


def outcomes(
    data: Path, names: Sequence[str] = GRAMMARS, *, each: int = 1, seed: int = 0
) -> Iterator[Outcome]:
    """The outcome of every mutant of the named grammars.

    Raises:
        ValueError: one of them is not valid as it stands.
    """
    for name in names:
        text = (data / name).read_text("utf-8")
        original = examine(Source(name, text))
        if any(found.severity is Severity.ERROR for found in original.diagnostics):
            raise ValueError(f"{name} is no valid grammar")
        for mutant in mutants(name, text, each=each, seed=seed):
            yield outcome(mutant, original.grammar)


def report(results: Sequence[Outcome]) -> str:
    """The figures by kind of mutation, then what is unsettled and whose caret stands elsewhere."""
    words = (REFUSED, CHANGED, EQUAL, UNSETTLED)
    counts = Counter((each.mutant.mutation.name, each.verdict) for each in results)
    lines = [f"{'':38}" + "".join(f"{word:>10}" for word in words)]
    for mutation in MUTATIONS:
        row = "".join(f"{counts[mutation.name, word]:10}" for word in words)
        lines.append(f"{mutation.name:38}{row}")
    total = Counter(each.verdict for each in results)
    lines.append(f"{'mutants':38}" + "".join(f"{total[word]:10}" for word in words))
    for each in results:
        place = f"{each.mutant.grammar}:{each.mutant.line}: {each.mutant.mutation.name}"
        if each.verdict == UNSETTLED:
            lines.append(f"{place}: unsettled: {each.detail}")
        elif each.at_line is False:
            lines.append(f"{place}: {each.detail} stands on another line")
    right, syntax = caret_share(results)
    lines.append(f"syntax errors with the caret on the mutated line: {right} of {syntax}")
    return "\n".join(lines) + "\n"


def caret_share(results: Sequence[Outcome]) -> tuple[int, int]:
    """Syntax errors whose first finding stands on the mutated line, and all of them."""
    known = [each.at_line for each in results if each.at_line is not None]
    return sum(known), len(known)


def main() -> int:
    """Exit 1 when a mutant is not settled or too few carets stand right, 2 without data."""
    parser = ArgumentParser(description="Put single mutations of valid grammars to abnfc.")
    parser.add_argument("data", metavar="DATA", nargs="?", help="the folder of test data")
    parser.add_argument("--each", type=int, default=1, metavar="N", help="mutants of one kind")
    parser.add_argument("--seed", type=int, default=0, metavar="N", help="other places")
    arguments = parser.parse_args()
    folder = arguments.data or os.environ.get("REPLYMETA_TEST_DATA")
    if not folder:
        sys.stderr.write("grammar_mutations: name the data, or set REPLYMETA_TEST_DATA\n")
        return 2
    results = list(outcomes(Path(folder), each=arguments.each, seed=arguments.seed))
    sys.stdout.write(report(results))
    right, syntax = caret_share(results)
    unsettled = any(each.verdict == UNSETTLED for each in results)
    return int(unsettled or right < CARET_SHARE * syntax)


if __name__ == "__main__":
    sys.exit(main())
