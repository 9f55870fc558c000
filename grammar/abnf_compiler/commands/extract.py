"""`abnfc extract`: the ABNF in Internet-Drafts, RFCs and Markdown, with the place of each rule."""

from __future__ import annotations

import json
import re
import sys
from argparse import ArgumentParser, Namespace
from collections.abc import Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Final

from abnf_compiler.commands import FAILED, FINE, UNUSABLE, UsageError
from abnf_compiler.commands.grammar_input import STDIN, STDIN_NAME

if TYPE_CHECKING:
    from abnf_compiler.read.extract import Block

SUMMARY: Final = "take the ABNF out of drafts and RFCs: xml2rfc XML, text, Markdown"
EXAMPLE: Final = "abnfc extract draft/_generated/abnf-layer-3.xml > values.abnf"
_OTHER_TYPE: Final = re.compile(r"""(?:\btype=["']?|^[ \t]*[`~]{3,}[ \t]*)(abnf[\w.;-]+)""", re.M)


def add_arguments(parser: ArgumentParser) -> None:
    """FILE..., how to read it and what to take."""
    parser.add_argument("file", metavar="FILE", nargs="+", help='a document; "-" is standard input')
    parser.add_argument(
        "--format",
        choices=("xml", "text", "markdown"),
        help="the form of every FILE; without it, name and content decide",
    )
    parser.add_argument(
        "--type",
        metavar="TYPE",
        action="append",
        help='what XML and Markdown call their blocks ("abnf"); may be given again',
    )
    parser.add_argument(
        "--section",
        metavar="SECTION",
        action="append",
        help="only blocks of the section of this anchor or number; may be given again",
    )
    parser.add_argument("--json", action="store_true", help="one JSON document on stdout")


def run(arguments: Namespace) -> int:
    """Print the blocks of every file; 1 when a file has none."""
    from abnf_compiler.read.extract import ExtractionError, collect

    blocks: list[Block] = []
    status = FINE
    for name in arguments.file:
        try:
            found = _blocks(name, arguments)
        except UsageError as problem:
            sys.stderr.write(f"abnfc: {problem}\n")
            status = UNUSABLE
            continue
        except ExtractionError as problem:
            sys.stderr.write(f"{problem}\n")
            status = UNUSABLE
            continue
        if not found:
            status = max(status, FAILED)
        blocks += found
    if arguments.json:
        sys.stdout.write(json.dumps(_document(blocks), indent=2) + "\n")
    elif blocks:
        sys.stdout.write(collect("", blocks).source.text)
    return status


def _blocks(name: str, arguments: Namespace) -> list[Block]:
    """The blocks of one FILE argument that the options ask for.

    Raises:
        UsageError: it cannot be opened.
        ExtractionError: it is not what its format should be.
    """
    from abnf_compiler.read.extract import DEFAULT_TYPES, Format, decode, extract
    from abnf_compiler.source import Source

    shown = STDIN_NAME if name == STDIN else name
    try:
        data = sys.stdin.buffer.read() if name == STDIN else Path(name).read_bytes()
    except OSError as problem:
        raise UsageError(f"cannot read {name}: {problem.strerror or problem}") from problem
    except ValueError as problem:  # a path with a NUL in it
        raise UsageError(f"cannot read {name!r}: {problem}") from problem
    source = Source(shown, decode(shown, data))
    form = Format(arguments.format) if arguments.format else None
    types = frozenset(map(str.lower, arguments.type)) if arguments.type else DEFAULT_TYPES
    blocks = extract(source, form, types=types)
    wanted = arguments.section
    found = [block for block in blocks if wanted is None or block.section in wanted]
    if not found:
        sys.stderr.write(f"abnfc: {shown}: no ABNF found{_why_none(source.text, blocks)}\n")
    return found


def _why_none(text: str, elsewhere: Sequence[Block]) -> str:
    """What a document without blocks may want instead."""
    if elsewhere:
        sections = dict.fromkeys(block.section for block in elsewhere if block.section)
        return f" there; sections with ABNF: {', '.join(sections)}" if sections else " there"
    other = dict.fromkeys(match[1] for match in _OTHER_TYPE.finditer(text))
    if other:
        return f"; it has blocks of type {', '.join(other)} (--type)"
    if "<xi:include" in text:
        return "; it includes other files: take the document they are put together in"
    return ""


def _document(blocks: list[Block]) -> dict[str, object]:
    return {
        "blocks": [
            {
                "file": block.source.name,
                "line": block.position(0).line,
                "column": block.position(0).column,
                "section": block.section,
                "name": block.name,
                "text": block.text,
            }
            for block in blocks
        ],
        "rules": [
            {
                "name": rule.name,
                "file": block.source.name,
                "line": rule.position.line,
                "column": rule.position.column,
            }
            for block in blocks
            for rule in block.rules
        ],
    }
