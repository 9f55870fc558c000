"""Rule names as Python names, and patterns as Python literals.

Rule: `metadata-group` is `metadata_group`, `_METADATA_GROUP` and `MetadataGroup`; a name that
Python or the emitted module needs gets a final underscore.
"""

from __future__ import annotations

import keyword
import re
from typing import Final

MAX_COLUMNS: Final = 100

_TAKEN: Final = frozenset(
    ("Final", "Mapping", "MappingProxyType", "RULES", "TypeAlias", "bytes", "cache", "found")
) | {"list", "octets", "re", "tuple"}
"""Names the emitted module uses itself, beside those Python keeps."""


def function_name(rule: str) -> str:
    """`metadata-group` -> `metadata_group`."""
    return _free(rule.lower().replace("-", "_"))


def constant_name(rule: str) -> str:
    """`metadata-group` -> `_METADATA_GROUP`."""
    return f"_{rule.upper().replace('-', '_')}"


def type_name(rule: str) -> str:
    """`metadata-group` -> `MetadataGroup`."""
    return _free("".join(word.capitalize() for word in rule.lower().split("-")))


def _free(name: str) -> str:
    taken = keyword.iskeyword(name) or keyword.issoftkeyword(name) or name in _TAKEN
    return f"{name}_" if taken else name


def octets_literal(pattern: str, indent: str) -> list[str]:
    """A pattern of ASCII without quotes as `rb"..."`, over several lines when it is long."""
    width = MAX_COLUMNS - len(indent) - len('rb""')
    units = _UNIT.findall(pattern)
    pieces: list[str] = []
    while sum(map(len, units)) > width:
        cut = _cut(units, width)
        pieces.append("".join(units[:cut]))
        units = units[cut:]
    return [f'{indent}rb"{piece}"' for piece in [*pieces, "".join(units)]]


_UNIT: Final = re.compile(r"\(\?[:>]?|\[(?:\\.|[^\]\\])+\]|\\x..|\\.|.")
"""What stays on one line: a bracket with its kind, a set, an escape, a character."""


def _cut(units: list[str], width: int) -> int:
    """How many units the first line takes: to the last "(" or "|" in its second half, or all."""
    best = taken = 0
    for number, unit in enumerate(units):
        if taken > width // 2 and unit[0] in "(|":
            best = number
        taken += len(unit)
        if taken > width:
            return best or number
    return len(units)
