"""`abnfc coverage`: what a set of strings shows of a rule, and what it leaves out."""

from __future__ import annotations

import json
import sys
from argparse import ArgumentParser, ArgumentTypeError, Namespace
from typing import TYPE_CHECKING, Final

from abnf_compiler.commands import FAILED, FINE, FailedError, UsageError
from abnf_compiler.commands.grammar_input import (
    STDIN,
    add_grammar_arguments,
    find_rule,
    load_grammar,
    read_source,
)

if TYPE_CHECKING:
    from abnf_compiler.sentences.coverage import Coverage

SUMMARY: Final = "measure what a set of strings shows of a rule"
EXAMPLE: Final = (
    "abnfc coverage grammar/reply-metadata.abnf metadata-group "
    "tests/vectors/_generated/metadata-group.json"
)


def add_arguments(parser: ArgumentParser) -> None:
    """FILE, RULE, STRINGS and the least percentage."""
    add_grammar_arguments(parser)
    parser.add_argument("rule", metavar="RULE", help="the rule; case does not matter")
    parser.add_argument(
        "strings",
        metavar="STRINGS",
        nargs="+",
        help="a file with one string a line, escaped as in @example, or (.json) of vectors, of "
        'which the accepted strings of RULE count; "-" is standard input',
    )
    parser.add_argument(
        "--fail-under",
        type=_percent,
        metavar="PERCENT",
        help="exit 1 when less than this is shown",
    )
    parser.add_argument("--json", action="store_true", help="one JSON document on stdout")


def run(arguments: Namespace) -> int:
    """Print the figures and what is missed; 1 when they are below --fail-under."""
    from abnf_compiler.sentences.coverage import measure
    from abnf_compiler.sentences.readings import LeftRecursionError

    if [arguments.file, *arguments.strings].count(STDIN) > 1:
        raise UsageError("only one file can come from standard input")
    grammar = load_grammar(arguments)
    rule = find_rule(grammar, arguments.rule)
    strings = [octets for name in arguments.strings for octets in _strings(name, rule.name)]
    try:
        coverage = measure(grammar.resolved, rule.name, strings)
    except LeftRecursionError as problem:
        raise FailedError(f"{rule.name}: {problem}") from problem
    if arguments.json:
        sys.stdout.write(json.dumps(_document(grammar.name, coverage)) + "\n")
    else:
        sys.stdout.write(_report(coverage))
    least = arguments.fail_under
    return FAILED if least is not None and coverage.percent < least else FINE


def _strings(name: str, rule: str) -> list[bytes]:
    """The strings of one file: vectors when its name ends in .json, else one a line."""
    from abnf_compiler.read.escapes import BadEscapeError, unescaped

    text = read_source(name).text
    if name.endswith(".json"):
        try:
            return _vector_strings(json.loads(text), rule)
        except (ValueError, KeyError, TypeError, AttributeError) as problem:
            raise UsageError(f"{name}: not a file of vectors: {problem}") from problem
    found = []
    for number, line in enumerate(text.removesuffix("\n").split("\n") if text else (), 1):
        try:
            found.append(unescaped(line.removesuffix("\r")).encode("latin-1"))
        except (BadEscapeError, UnicodeEncodeError) as problem:
            raise UsageError(f"{name}:{number}: {problem}") from problem
    return found


def _vector_strings(document: dict[str, list[dict[str, str]]], rule: str) -> list[bytes]:
    """The strings that the vectors of `rule` say are accepted."""
    return [
        vector["raw"].encode("ascii") if "raw" in vector else bytes.fromhex(vector["raw_hex"])
        for vector in document["vectors"]
        if vector["accepted"] and vector["rule"].lower() == rule.lower()
    ]


def _report(coverage: Coverage) -> str:
    total = len(coverage.items)
    lines = [
        f"{coverage.rule}: {_shown_percent(coverage)} % "
        f"({total - len(coverage.missed)} of {total}), "
        f"{coverage.accepted} string{'' if coverage.accepted == 1 else 's'}",
    ]
    figures = coverage.figures()
    lines += [f"  {a.value}: {shown} of {of}" for a, (shown, of) in figures.items() if of]
    if coverage.refused:
        lines.append(f"refused by the rule and not counted: {coverage.refused}")
    if coverage.ambiguous:
        lines.append(f"with several readings, each of which counts: {coverage.ambiguous}")
    lines += [f"missed: {item}" for item in coverage.missed]
    return "\n".join(lines) + "\n"


def _shown_percent(coverage: Coverage) -> str:
    """One decimal, rounded down, so that 100 is all of it."""
    tenths = 1000 * (len(coverage.items) - len(coverage.missed)) // len(coverage.items)
    return f"{tenths // 10}.{tenths % 10}"


def _document(name: str, coverage: Coverage) -> dict[str, object]:
    missed = [
        {
            "file": item.place.source.name,
            "line": item.place.position.line,
            "column": item.place.position.column,
            "kind": item.aspect.value,
            "rule": item.rule,
            "what": item.what,
        }
        for item in coverage.missed
    ]
    figures = coverage.figures().items()
    return {
        "file": name,
        "rule": coverage.rule,
        "percent": coverage.percent,
        "accepted": coverage.accepted,
        "refused": coverage.refused,
        "ambiguous": coverage.ambiguous,
        "shown": {aspect.value: {"shown": shown, "of": of} for aspect, (shown, of) in figures},
        "missed": missed,
    }


def _percent(text: str) -> float:
    """A percentage on the command line."""
    try:
        value = float(text)
    except ValueError:
        value = -1.0
    if not 0 <= value <= 100:
        raise ArgumentTypeError(f"{text!r} is not a percentage")
    return value
