"""Rule names as JavaScript names, and texts as JavaScript literals.

Rules: `metadata-group` is `metadataGroup` and `MetadataGroup`; a hyphen with no letter after it
becomes "_", so two rules never share a name.  What JavaScript or the module keeps for itself gets
a final "$", which no rule name makes.  Names that begin with "_" are the module's own.
"""

from __future__ import annotations

import json
import re
from collections.abc import Sequence
from typing import Final

MAX_COLUMNS: Final = 100

_KEPT: Final = frozenset((
    "arguments", "async", "await", "break", "case", "catch", "class", "const", "continue",
    "debugger", "default", "delete", "do", "else", "enum", "eval", "export", "extends", "false",
    "finally", "for", "from", "function", "get", "if", "implements", "import", "in", "instanceof",
    "interface", "let", "match", "new", "null", "of", "package", "private", "protected", "public",
    "refusal", "return", "set", "static", "super", "switch", "this", "throw", "true", "try",
    "typeof", "undefined", "var", "void", "while", "with", "yield",
    "Octets", "Part", "Refusal",
))  # fmt: skip
_WORD: Final = re.compile(r"[A-Za-z0-9]+")
_NAME: Final = re.compile(r"[A-Za-z_$][A-Za-z0-9_$]*")


def function_name(rule: str) -> str:
    """`metadata-group` -> `metadataGroup`."""
    return _free(_joined(rule))


def type_name(rule: str) -> str:
    """`metadata-group` -> `MetadataGroup`."""
    name = _joined(rule)
    return _free(name[0].upper() + name[1:])


def is_name(text: str) -> bool:
    """Whether a script can assign `text` as a variable of its own."""
    return _NAME.fullmatch(text) is not None and text not in _KEPT


def global_name(grammar_name: str) -> str:
    """`grammar/reply-metadata.abnf` -> `replyMetadataGrammar`."""
    file = grammar_name.replace("\\", "/").rsplit("/", 1)[-1].partition(".")[0]
    words: list[str] = [*_WORD.findall(file), "grammar"]
    first, *others = words
    if first[0].isdigit():
        first = f"abnf{first}"
    return first.lower() + "".join(word.capitalize() for word in others)


def _joined(rule: str) -> str:
    return re.sub(r"-([a-z]?)", lambda found: found[1].upper() or "_", rule.lower())


def _free(name: str) -> str:
    return f"{name}$" if name in _KEPT else name


def assigned_text(start: str, text: str, indent: str) -> str:
    """`start` and a text of ASCII as one string, or as several joined by "+" where it is long.

    Args:
        start: what stands before the string, such as `const NAME = `.
        text: what the string holds.
        indent: the blanks before each line after the first.
    """
    whole = json.dumps(text)
    if len(start) + len(whole) < MAX_COLUMNS:
        return start + whole
    width = MAX_COLUMNS - len(indent) - len('"" +')
    lines = [""]
    for unit in _UNIT.findall(text):
        escaped = json.dumps(unit)[1:-1]
        if len(lines[-1]) + len(escaped) > width:
            lines.append("")
        lines[-1] += escaped
    return f"{start.rstrip()}\n{indent}" + f" +\n{indent}".join(f'"{line}"' for line in lines)


_UNIT: Final = re.compile(r"\\x..|\\u....|\\.|.", re.DOTALL)
"""What stays on one line: an escape, or a character."""


def list_literal(items: Sequence[str], indent: str, taken: int) -> str:
    """Items with commas between them: on one line where they fit, else on lines of their own.

    Args:
        items: the texts of the items.
        indent: the blanks before each line but the first and the last.
        taken: columns of the first line that are used already.
    """
    one_line = ", ".join(items)
    if taken + len(one_line) + 4 <= MAX_COLUMNS:
        return one_line
    lines = [indent]
    for item in items:
        if len(lines[-1]) + len(item) + 2 > MAX_COLUMNS:
            lines.append(indent)
        lines[-1] += f"{item}, "
    return "\n" + "".join(f"{line.rstrip()}\n" for line in lines) + indent[2:]
