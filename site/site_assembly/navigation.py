"""The navigation of `site/mkdocs.yml` against the pages that exist.

The navigation is written by hand, since no builder that reads it runs code; this says which pages
it lacks, in the form of the lines to add.  Pages it names that do not exist stop `mkdocs --strict`.
"""

from __future__ import annotations

import re
from pathlib import Path
from typing import Final

_NAMED: Final = re.compile(r"^ *- (?:[^:#\n]+: )?\"?(?P<path>[\w./-]+\.md)\"? *$", re.MULTILINE)


def pages_in_navigation(configuration: str) -> frozenset[str]:
    """Every page the text of a mkdocs.yml names."""
    return frozenset(found["path"] for found in _NAMED.finditer(configuration))


def missing_from_navigation(configuration: Path, pages: frozenset[str]) -> tuple[str, ...]:
    """A line for each page the navigation does not name."""
    named = pages_in_navigation(configuration.read_text("utf-8"))
    return tuple(f"      - {path.split('/')[-1][:-3]}: {path}" for path in sorted(pages - named))
