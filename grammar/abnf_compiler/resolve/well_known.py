"""Which RFC defines a rule that a grammar lacks, by the names in well_known_rules.toml.

Rules: an RFC builds on older ones only, so a document `rfcNNNN` is not sent to its successors;
among the RFCs that have a name, one that has more of the missing names comes first, then one that
stands earlier in the table.  This says who defines a name, not whom the author meant.
"""

from __future__ import annotations

import re
import tomllib
from collections.abc import Collection, Mapping
from functools import cache
from pathlib import Path, PurePath
from typing import Final

_TABLE: Final = Path(__file__).with_name("well_known_rules.toml")
_DOCUMENT: Final = re.compile(r"rfc0*([0-9]+)", re.IGNORECASE)


@cache
def well_known_rules() -> Mapping[str, frozenset[str]]:
    """The rule names of each document of the table, in lower case; documents in its order."""
    table = tomllib.loads(_TABLE.read_text(encoding="utf-8"))
    return {name: frozenset(each["rules"].lower().split()) for name, each in table.items()}


def rfc_number(document: str) -> int | None:
    """The number in a document's name or path, `rfc3986` or `dir/RFC0822.abnf`; else None."""
    match = _DOCUMENT.fullmatch(PurePath(document.replace("\\", "/")).stem)
    return int(match[1]) if match else None


def defining_documents(
    wanted: Collection[str], document: str = ""
) -> Mapping[str, tuple[str, ...]]:
    """For each wanted rule name (lower case) the documents that define it, the likeliest first.

    wanted: all names that one grammar lacks.  document: that grammar's name or path.
    A name of one letter is everybody's, so no document is named for it.
    """
    own = rfc_number(document)
    wanted = {name for name in wanted if len(name) > 1}
    known = {
        name: rules & frozenset(wanted)
        for name, rules in well_known_rules().items()
        if own is None or (rfc_number(name) or 0) < own
    }
    order: list[str] = []
    left = frozenset(wanted)
    while any(rules & left for rules in known.values()):
        best = max(known, key=lambda name: len(known[name] & left))
        order.append(best)
        left -= known[best]
    order += [name for name in known if name not in order]
    return {
        key: places
        for key in sorted(wanted)
        if (places := tuple(name for name in order if key in known[name]))
    }
