"""`abnfc parse`: the rules in a string, each with its place."""

from __future__ import annotations

import json
import sys
from argparse import ArgumentParser, Namespace
from collections.abc import Iterator
from typing import TYPE_CHECKING, Final

from abnf_compiler.commands import FAILED, FINE, UsageError
from abnf_compiler.commands.grammar_input import add_grammar_arguments, find_rule, load_grammar
from abnf_compiler.commands.shown_text import shown
from abnf_compiler.commands.string_input import (
    add_string_arguments,
    check_standard_input,
    line_and_column,
    read_string,
    refusal_text,
)

if TYPE_CHECKING:
    from abnf_compiler.engines.earley import ParseNode
    from abnf_compiler.engines.refusal import Match

SUMMARY: Final = "show the rules in a string as a tree"
EXAMPLE: Final = (
    "abnfc parse grammar/reply-metadata.abnf metadata-group '[REFERRAL smtp://backend2/]'"
    " --named metadata-key,argument-value"
)


def add_arguments(parser: ArgumentParser) -> None:
    """FILE, RULE, STRING, --named and --json."""
    add_grammar_arguments(parser)
    add_string_arguments(parser)
    parser.add_argument(
        "--named",
        metavar="RULE,...",
        action="append",
        help="only these rules below RULE; may be given again",
    )
    parser.add_argument("--json", action="store_true", help="one JSON document on stdout")


def run(arguments: Namespace) -> int:
    """Print the tree; 1 when the string is refused."""
    from abnf_compiler.engines.earley import RefusedError
    from abnf_compiler.grammar import UnknownRuleError

    check_standard_input(arguments)
    grammar = load_grammar(arguments)
    rule = find_rule(grammar, arguments.rule)
    data = read_string(arguments)
    try:
        tree = rule.parse(data, named=_names(arguments.named))
    except UnknownRuleError as problem:
        raise UsageError(f"{grammar.name}: --named: {problem}") from problem
    except RefusedError as refused:
        if arguments.json:
            _write_json(grammar.name, rule.name, None, data, refused.match)
        else:
            sys.stdout.write(refusal_text(rule.name, data, refused.match))
        return FAILED
    if arguments.json:
        _write_json(grammar.name, rule.name, tree, data, None)
    else:
        sys.stdout.writelines(_lines(tree, data))
    return FINE


def _names(lists: list[str] | None) -> list[str] | None:
    if lists is None:
        return None
    return [name.strip() for each in lists for name in each.split(",") if name.strip()]


def _lines(tree: ParseNode, data: bytes | str) -> Iterator[str]:
    """One line for each node: its place, its rule, what it matched."""
    width = len(str(len(data)))
    pending = [(tree, 0)]
    while pending:
        node, depth = pending.pop()
        place = f"{node.start:>{width}}-{node.end:<{width}}"
        matched = shown(data[node.start : node.end])
        yield f'{place}  {"  " * depth}{node.rule} "{matched}"\n'
        pending += [(child, depth + 1) for child in reversed(node.children)]


def _write_json(
    file: str, rule: str, tree: ParseNode | None, data: bytes | str, refusal: Match | None
) -> None:
    document: dict[str, object] = {"file": file, "rule": rule, "accepted": refusal is None}
    if refusal is not None:
        line, column = line_and_column(data, refusal.position)
        document |= {"position": refusal.position, "line": line, "column": column}
        document["expected"] = list(refusal.expected)
    document["tree"] = None if tree is None else _plain(tree)
    sys.stdout.write(json.dumps(document, indent=2) + "\n")


def _plain(tree: ParseNode) -> dict[str, object]:
    """The tree as JSON values."""
    top: list[dict[str, object]] = []
    pending = [(tree, top)]
    while pending:
        node, above = pending.pop()
        children: list[dict[str, object]] = []
        above.append(
            {"rule": node.rule, "start": node.start, "end": node.end, "children": children}
        )
        pending += [(child, children) for child in reversed(node.children)]
    return top[0]
