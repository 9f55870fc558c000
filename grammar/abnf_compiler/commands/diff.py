"""`abnfc diff`: what changed between two grammars, rule by rule, with strings that show it."""

from __future__ import annotations

import json
import sys
import time
from argparse import ArgumentParser, Namespace
from collections.abc import Callable
from typing import TYPE_CHECKING, Final

from abnf_compiler.commands import FAILED, FINE, UsageError
from abnf_compiler.commands.grammar_input import STDIN, libraries, read_source
from abnf_compiler.commands.shown_text import shown

if TYPE_CHECKING:
    from abnf_compiler.diff import GrammarDiff, RuleDiff, Witness
    from abnf_compiler.tree import ResolvedGrammar

SUMMARY: Final = "compare what two grammars accept, rule by rule"
EXAMPLE: Final = (
    "abnfc diff --rule IPv4address grammar/borrowed/rfc3986.abnf grammar/reply-metadata.abnf"
)
_WIDTH: Final = 48  # longer witnesses are cut
_PATIENCE_S: Final = 2.0  # after so long it is said what takes the time
_HEADINGS: Final = ("rule", "result", "only OLD", "only NEW", "")


def add_arguments(parser: ArgumentParser) -> None:
    """OLD, NEW and what to say about them."""
    parser.add_argument("old", metavar="OLD", help='a grammar in ABNF; "-" is standard input')
    parser.add_argument("new", metavar="NEW", help='the grammar to compare it with, or "-"')
    parser.add_argument(
        "--rule",
        metavar="NAME",
        action="append",
        help="only this rule; case does not matter; may be given again",
    )
    parser.add_argument("--all", action="store_true", help="list rules that are the same, too")
    parser.add_argument(
        "--exit-code", action="store_true", help="exit 1 unless every rule is proved equal"
    )
    parser.add_argument("--json", action="store_true", help="one JSON document on stdout")
    parser.add_argument(
        "--library",
        metavar="DIR",
        action="append",
        default=[],
        help="where imported documents are, after borrowed/ beside each file; may be given again",
    )
    parser.add_argument(
        "--fragment",
        action="store_true",
        help="parts of grammars: rules that are not defined are warnings",
    )


def run(arguments: Namespace) -> int:
    """Print the comparison; with --exit-code 1 when something is not equal."""
    from abnf_compiler.diff import diff_grammars
    from abnf_compiler.grammar import UnknownRuleError

    if arguments.old == arguments.new == STDIN:
        raise UsageError("the two grammars cannot both come from standard input")
    old, new = _load(arguments)
    try:
        result = diff_grammars(old, new, rules=arguments.rule, progress=_progress())
    except UnknownRuleError as problem:
        raise UsageError(str(problem)) from problem
    if arguments.json:
        sys.stdout.write(json.dumps(_document(result), indent=2) + "\n")
    else:
        rows = [each for each in result.rules if arguments.all or _is_news(each, arguments)]
        sys.stdout.write(_table([_cells(each) for each in rows]))
    sys.stderr.write(f"abnfc: {_summary(result)}\n")
    return FAILED if arguments.exit_code and not result.equal else FINE


def _load(arguments: Namespace) -> tuple[ResolvedGrammar, ResolvedGrammar]:
    """Both grammars.

    Raises:
        UsageError: one cannot be read.
        GrammarError: one is not usable; it carries the findings of both.
    """
    from abnf_compiler.checks.examine import examine
    from abnf_compiler.diagnostics import GrammarError, has_errors

    old, new = (
        examine(read_source(name), library=libraries(name, arguments), fragment=arguments.fragment)
        for name in (arguments.old, arguments.new)
    )
    faulty = [each.diagnostics for each in (old, new) if has_errors(each.diagnostics)]
    if faulty:
        raise GrammarError(found for diagnostics in faulty for found in diagnostics)
    return old.grammar, new.grammar


def _progress() -> Callable[[str], None]:
    """Says on a terminal which rule is looked at, once that takes long."""
    begin = said = time.monotonic()

    def tell(rule: str) -> None:
        nonlocal said
        now = time.monotonic()
        if sys.stderr.isatty() and now - begin > _PATIENCE_S and now - said > _PATIENCE_S:
            said = now
            sys.stderr.write(f"abnfc: comparing {rule}\n")

    return tell


def _is_news(each: RuleDiff, arguments: Namespace) -> bool:
    from abnf_compiler.diff import Relation

    return bool(arguments.rule) or each.relation is not Relation.EQUAL or each.rewritten


def _cells(each: RuleDiff) -> tuple[str, ...]:
    from abnf_compiler.diff import Relation

    relation = each.relation.value.replace("-", " ")
    witnessed = each.only_old or each.only_new
    if witnessed and not each.exact:
        relation += " (bounded)"
    remarks = [each.note] if each.note else []
    if each.relation is Relation.EQUAL and each.rewritten:
        remarks.append("written differently")
    if each.through:
        remarks.append(f"through {', '.join(each.through)}")
    return (
        each.name,
        relation,
        _quoted(each.only_old),
        _quoted(each.only_new),
        "; ".join(remarks),
    )


def _quoted(witness: Witness | None) -> str:
    if witness is None:
        return "-"
    text = _text(witness).replace('"', "\\x22")
    if len(text) <= _WIDTH:
        return f'"{text}"'
    return f'"{text[:_WIDTH]}..." ({len(witness.codes)} long)'


def _text(witness: Witness) -> str:
    """The string as `abnfc match --escapes` reads it."""
    if all(code <= 0xFF for code in witness.codes):
        return shown(bytes(witness.codes))
    return shown("".join(map(chr, witness.codes)))


def _table(rows: list[tuple[str, ...]]) -> str:
    """The rows under their headings in columns; nothing when there is none."""
    if not rows:
        return ""
    table = [_HEADINGS, *rows]
    widths = [max(len(row[column]) for row in table) for column in range(len(_HEADINGS) - 1)]
    lines = [
        "  ".join(f"{cell:<{width}}" for cell, width in zip(row, (*widths, 0), strict=True))
        for row in table
    ]
    return "".join(f"{line.rstrip()}\n" for line in lines)


def _summary(result: GrammarDiff) -> str:
    total = len(result.rules)
    counts = ", ".join(
        f"{number} {relation.value.replace('-', ' ')}"
        for relation, number in result.counts().items()
        if number
    )
    return f"{total} {'rule' if total == 1 else 'rules'}{f': {counts}' if counts else ''}"


def _document(result: GrammarDiff) -> dict[str, object]:
    return {
        "old": result.old,
        "new": result.new,
        "equal": result.equal,
        "counts": {relation.value: number for relation, number in result.counts().items()},
        "rules": [
            {
                "rule": each.name,
                "relation": each.relation.value,
                "exact": each.exact,
                "proof": each.proof.value,
                "only_old": _witness(each.only_old),
                "only_new": _witness(each.only_new),
                "rewritten": each.rewritten,
                "through": list(each.through),
                "note": each.note,
            }
            for each in result.rules
        ],
    }


def _witness(witness: Witness | None) -> dict[str, object] | None:
    if witness is None:
        return None
    return {
        "text": _text(witness),
        "codes": list(witness.codes),
        "shortest": witness.shortest,
    }
