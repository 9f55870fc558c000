"""Rule names as JavaScript names, and texts as JavaScript literals.

Rules: `metadata-group` is `metadataGroup` and `MetadataGroup`; a hyphen with no letter after it
becomes "_", so two rules never share a name.  What JavaScript or the module keeps for itself gets
a final "$", which no rule name makes.  Names that begin with "_" are the module's own.
"""

from __future__ import annotations

import json
import re
from typing import Final

MAX_COLUMNS: Final = 100

_KEPT: Final = frozenset(
    "arguments async await break case catch class const continue debugger default delete do else "
    "enum eval export extends false finally for from function get if implements import in "
    "instanceof interface let match new null of package private protected public refusal return "
    "set static super switch this throw true try typeof undefined var void while with yield "
    "Octets Part Refusal".split()
)
_WORD: Final = re.compile(r"[A-Za-z0-9]+")


def function_name(rule: str) -> str:
    """`metadata-group` -> `metadataGroup`."""
    return _free(_joined(rule))


def type_name(rule: str) -> str:
    """`metadata-group` -> `MetadataGroup`."""
    name = _joined(rule)
    return _free(name[0].upper() + name[1:])


def global_name(grammar_name: str) -> str:
    """`grammar/reply-metadata.abnf` -> `replyMetadataGrammar`."""
    file = grammar_name.replace("\\", "/").rsplit("/", 1)[-1].partition(".")[0]
    first, *others = [*_WORD.findall(file), "grammar"]
    if first[0].isdigit():
        first = f"abnf{first}"
    return first.lower() + "".join(word.capitalize() for word in others)


def _joined(rule: str) -> str:
    return re.sub(r"-([a-z]?)", lambda found: found[1].upper() or "_", rule.lower())


def _free(name: str) -> str:
    return f"{name}$" if name in _KEPT else name


def text_literal(text: str, indent: str, after: str = "") -> str:
    """A text of ASCII as one string, or as several joined by "+" where it is long.

    Args:
        text: what the literal stands for.
        indent: the blanks before each line after the first.
        after: what stands before the literal on its first line.
    """
    whole = json.dumps(text)
    if len(after) + len(whole) < MAX_COLUMNS:
        return whole
    width = MAX_COLUMNS - len(indent) - len('"" +')
    lines: list[str] = []
    line = ""
    for unit in _UNIT.findall(text):
        escaped = json.dumps(unit)[1:-1]
        if len(line) + len(escaped) > width:
            lines.append(line)
            line = ""
        line += escaped
    return f" +\n{indent}".join(f'"{line}"' for line in [*lines, line])


_UNIT: Final = re.compile(r"\\x..|\\u....|\\.|.", re.DOTALL)
"""What stays on one line: an escape, or a character."""
