"""Evidence: what the compiler makes of published grammars, from the table `make corpus` writes.

Rule: every figure is that of the table; the page is made without the grammars themselves.
"""

from __future__ import annotations

import json
from collections.abc import Iterable, Sequence
from pathlib import Path
from typing import Any, Final

from site_assembly.tables import PROJECT

TABLE: Final = PROJECT / "tests/compiler/corpus/_generated/corpus.json"
_SETS: Final = {
    "RFC texts": "Grammars as RFCs print them. Many lean on other RFCs: they are read with"
    " `--fragment`, and with `--import` of the RFCs whose grammars are at hand.",
    "self-contained": "Grammars with the rules of other RFCs beside their own, under a prefix.",
    "PyPI abnf": "The grammars of the Python package `abnf`, each class of rules as one file with"
    " its imports as `@import` lines.",
}
_COLUMNS: Final = """\
| column | what |
|---|---|
| rules | rules of the file |
| exit | status of `abnfc check`: 0, or 1 with errors |
| findings | codes of the findings with their number; errors in bold |
| lacks | names that the file uses, or adds to, and neither defines nor imports |
| found | those of them that `--import` brought |
| regular | rules that have a regular expression, for Python and for JavaScript alike |
"""


def corpus_page(path: Path = TABLE) -> str:
    """The page, from the table at `path`."""
    table = json.loads(path.read_text("utf-8"))
    grammars: list[dict[str, Any]] = table["grammars"]
    parts = [
        f"---\n# {table['generated']}\ntitle: RFC grammars\n"
        "description: What the ABNF compiler makes of published grammars, measured.\n---\n\n"
        "# Evidence: RFC grammars\n",
        _summary(grammars),
        f"## Columns {{ #columns }}\n\n{_COLUMNS}",
        "## Sets { #sets }\n",
    ]
    for name, what in _SETS.items():
        rows = [each for each in grammars if each["set"] == name]
        parts += [f"### {name}\n", f"{what}\n", _rows(rows)]
        missing = [each for each in rows if each["missing"]]
        if missing:
            parts += [f"#### Missing rules, and the RFCs that define them\n\n{_missing(missing)}"]
    return "\n".join(parts)


def _total(grammars: Iterable[dict[str, Any]], kind: str) -> int:
    return sum(each["outputs"].get(kind, 0) for each in grammars)


def _summary(grammars: Sequence[dict[str, Any]]) -> str:
    clean = sum(each["status"] == 0 for each in grammars)
    lacks = sum(each["lacking"] for each in grammars)
    found = sum(each["found"] for each in grammars)
    missing = [rfcs for each in grammars for rfcs in each["missing"].values()]
    known = sum(bool(rfcs) for rfcs in missing)
    return (
        f"`make corpus` reads {len(grammars)} grammars with {_total(grammars, 'page'):,} rules.\n"
        "It fails when one of them crashes the compiler, takes `abnfc check` two seconds, or has"
        " a finding without file, line, column and code.\n"
        f"{clean} grammars pass; the other {len(grammars) - clean} have errors, which are named"
        " below.\n\n"
        f"Every rule is drawn: {_total(grammars, 'page'):,} diagrams for pages,"
        f" {_total(grammars, 'rfc'):,} for RFCs with which `svgcheck` finds no fault, and"
        f" {_total(grammars, 'text'):,} in text of at most 69 columns.\n"
        f"{_total(grammars, 'python'):,} rules have a regular expression that is proved linear,"
        " for Python and for JavaScript; both give the verdicts of the minimal automaton on words"
        " drawn from it and on their neighbours.\n"
        f"The other {_total(grammars, 'page') - _total(grammars, 'python'):,} have none: "
        f"{_reasons(grammars)}.\n"
        f"{_total(grammars, 'modules'):,} grammars have regular rules of octets that no other"
        " rule uses; their Python and JavaScript modules give the same verdicts.\n\n"
        f"The files lack {lacks} names; {found} of them came by import from another file.\n"
        f"{len(missing)} are missing in the end, those that imported rules lack included; of"
        f" {known} it is known which RFC defines them.\n"
    )


def _reasons(grammars: Iterable[dict[str, Any]]) -> str:
    counts: dict[str, int] = {}
    for each in grammars:
        for why, count in each["without pattern"].items():
            counts[why] = counts.get(why, 0) + count
    ordered = sorted(counts.items(), key=lambda item: -item[1])
    return ", ".join(f"{why} {count}" for why, count in ordered)


def _rows(grammars: Iterable[dict[str, Any]]) -> str:
    lines = [
        "| grammar | rules | exit | findings | imports | lacks | found | regular |",
        "|---|--:|--:|---|---|--:|--:|--:|",
    ]
    for each in grammars:
        cells = (
            each["name"],
            each["rules"],
            each["status"],
            _findings(each["findings"]),
            ", ".join(each["imports"]) or "-",
            each["lacking"],
            each["found"],
            each["outputs"].get("python", 0),
        )
        lines.append(f"| {' | '.join(map(str, cells))} |")
    return "\n".join(lines) + "\n"


def _findings(counts: dict[str, int]) -> str:
    shown = []
    for name, count in counts.items():
        code, _, severity = name.partition(" ")
        shown.append(f"**{code}** {count}" if severity == "error" else f"{code} {count}")
    return ", ".join(shown) or "-"


def _missing(grammars: Iterable[dict[str, Any]]) -> str:
    lines = ["| grammar | rules missing |", "|---|---|"]
    for each in grammars:
        groups: dict[str, list[str]] = {}
        for name, rfcs in each["missing"].items():
            groups.setdefault(" or ".join(rfcs) or "not known", []).append(f"`{name}`")
        cell = "; ".join(f"{where}: {' '.join(names)}" for where, names in groups.items())
        lines.append(f"| {each['name']} | {cell} |")
    return "\n".join(lines) + "\n"
