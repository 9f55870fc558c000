"""`abnfc check`: every finding about a grammar, with its place."""

from __future__ import annotations

import json
import sys
from argparse import ArgumentParser, Namespace
from collections.abc import Iterator
from dataclasses import replace
from typing import TYPE_CHECKING, Final

from abnf_compiler.commands import FAILED, FINE, UNUSABLE, UsageError
from abnf_compiler.commands.finding_choice import add_choice_arguments, chosen, stubborn
from abnf_compiler.commands.grammar_input import add_grammar_arguments, libraries, read_source
from abnf_compiler.commands.numbers import number_from
from abnf_compiler.commands.rule_facts import facts_as_json, facts_line
from abnf_compiler.commands.terminal import style_of

if TYPE_CHECKING:
    from abnf_compiler.analysis import Analysis
    from abnf_compiler.checks.examine import Examination

SUMMARY: Final = "read grammars and say what is wrong with them"
EXAMPLE: Final = "abnfc check --ignore ABNF304 grammar/reply-metadata.abnf"

SEE_ALSO: Final = "What a code means is said by: abnfc explain CODE\n\n"


def add_arguments(parser: ArgumentParser) -> None:
    """FILE..., which findings count, what is checked beside, and --json."""
    add_grammar_arguments(parser, several=True)
    add_choice_arguments(parser)
    parser.add_argument("--strict", action="store_true", help="warnings fail the check, too")
    parser.add_argument(
        "--examples", action="store_true", help="match every @example with its rule, too"
    )
    parser.add_argument(
        "--analysis",
        action="store_true",
        help="one line for each rule of FILE, too: regular, ambiguous, how fast, which engine",
    )
    parser.add_argument(
        "--max-columns",
        metavar="N",
        type=number_from(20, 1000),
        help="a line longer than this is an error; a draft has room for 69",
    )
    parser.add_argument("--json", action="store_true", help="one JSON document on stdout")


def run(arguments: Namespace) -> int:
    """Print the findings of every file; 1 when one of them is an error."""
    from abnf_compiler.checks.examine import examine
    from abnf_compiler.diagnostics import Severity, render

    examinations: list[Examination] = []
    unreadable = hidden = 0
    kept: set[str] = set()
    style = style_of(sys.stdout)
    for name in arguments.file:
        try:
            source = read_source(name)
        except UsageError as problem:
            sys.stderr.write(f"abnfc: {problem}\n")
            unreadable += 1
            continue
        library = libraries(name, arguments)
        examination = examine(
            source, library=library, fragment=arguments.fragment, imports=arguments.imports
        )
        if arguments.examples:
            examination = _with_examples(examination)
        if arguments.max_columns is not None:
            examination = _with_columns(examination, arguments.max_columns)
        shown = chosen(examination.diagnostics, arguments)
        hidden += len(examination.diagnostics) - len(shown)
        kept |= set(stubborn(examination.diagnostics, arguments))
        examination = replace(examination, diagnostics=shown)
        examinations.append(examination)
        if not arguments.json:
            sys.stdout.writelines(f"{render(found, style)}\n" for found in shown)
            if arguments.analysis:
                for facts, reachable in _facts(examination):
                    sys.stdout.write(
                        f"{examination.grammar.name}: {facts_line(facts, reachable)}\n"
                    )
    if arguments.json:
        document = _document(examinations, analysis=arguments.analysis)
        sys.stdout.write(json.dumps(document, indent=2) + "\n")
    found = [each.severity for one in examinations for each in one.diagnostics]
    errors, warnings = (found.count(severity) for severity in Severity)
    rules = sum(len(one.grammar.own_rules()) for one in examinations)
    sys.stderr.write(f"abnfc: {_count(rules, 'rule')}, {_count(errors, 'error')}, ")
    sys.stderr.write(f"{_count(warnings, 'warning')}{f', {hidden} hidden' if hidden else ''}\n")
    for code in sorted(kept):
        sys.stderr.write(f"abnfc: {code} is an error here; errors cannot be ignored\n")
    if unreadable:
        return UNUSABLE
    return FAILED if errors or (warnings and arguments.strict) else FINE


def _with_examples(examination: Examination) -> Examination:
    """The examination and a finding for each example that its rule refuses (ABNF406)."""
    from abnf_compiler.diagnostics import finding, has_errors, in_order
    from abnf_compiler.grammar import Grammar
    from abnf_compiler.source import Span

    if has_errors(examination.diagnostics):
        return examination
    grammar = Grammar(examination.grammar)
    found = list(examination.diagnostics)
    for example in examination.tree.examples:
        match = grammar.rule(example.rule.name).match(example.octets)
        if not match:
            message = f'rule "{example.rule.name}" refuses this example'
            place = example.span
            if len(place.text) == len(example.octets) and place.text:  # no escapes
                at = min(place.start + match.position, place.end)
                place = Span(place.source, at, min(at + 1, place.end))
            hint = "correct the example, or the rule"
            found.append(finding("ABNF406", message, place, expected=match.expected, hint=hint))
    return replace(examination, diagnostics=in_order(found))


def _with_columns(examination: Examination, columns: int) -> Examination:
    """The examination and a finding for each line that is too long (ABNF501)."""
    from abnf_compiler.checks.columns import long_lines
    from abnf_compiler.diagnostics import in_order

    found = [*examination.diagnostics, *long_lines(examination.tree.source, columns)]
    return replace(examination, diagnostics=in_order(found))


def _facts(examination: Examination) -> Iterator[tuple[Analysis, bool | None]]:
    """The facts about each rule of the file, and whether a start rule reaches it.

    Nothing is said of a grammar with errors.
    """
    from abnf_compiler.analysis import analyse
    from abnf_compiler.checks.use import reached
    from abnf_compiler.diagnostics import has_errors

    if has_errors(examination.diagnostics):
        return
    grammar = examination.grammar
    starts = grammar.annotations.starts
    used = reached(grammar, starts)
    for rule in grammar.own_rules():
        yield analyse(grammar, rule.key), rule.key in used if starts else None


def _document(examinations: list[Examination], *, analysis: bool) -> dict[str, object]:
    from abnf_compiler.diagnostics import as_json

    files: list[dict[str, object]] = []
    for one in examinations:
        file: dict[str, object] = {
            "file": one.grammar.name,
            "rules": [rule.name for rule in one.grammar.own_rules()],
            "diagnostics": [as_json(found) for found in one.diagnostics],
        }
        if analysis:
            file["analysis"] = [facts_as_json(*each) for each in _facts(one)]
        files.append(file)
    return {"files": files}


def _count(number: int, word: str) -> str:
    return f"{number} {word}" if number == 1 else f"{number} {word}s"
