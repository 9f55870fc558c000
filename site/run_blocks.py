"""Run every command and Python block of the hand-written pages and compare what they print.

    python site/run_blocks.py                 every page of site/pages; exit 1 when one differs
    python site/run_blocks.py PAGE ...        these pages only
    python site/run_blocks.py --show PAGE     print what each block printed, even where it agrees

The convention of the pages is in `site_assembly/block_runs.py`.
"""

from __future__ import annotations

import argparse
import sys
from pathlib import Path

from site_assembly.block_runs import Outcome, run_page
from site_assembly.tables import SITE


def report(page: Path, outcome: Outcome) -> str:
    """One outcome for people: place, command, what is shown and what was printed."""
    lines = [f"{page}:{outcome.place}: {outcome.what}"]
    if not outcome.agrees:
        lines += ["  the page shows:", *(f"    {line}" for line in outcome.shown)]
    lines += ["  printed:", *(f"    {line}" for line in outcome.printed)]
    return "\n".join(lines) + "\n"


def main() -> int:
    """Read the command line and run the pages; the exit status."""
    parser = argparse.ArgumentParser(description="Run the commands and Python blocks of the pages.")
    parser.add_argument("pages", nargs="*", type=Path, help="pages to run (all of site/pages)")
    parser.add_argument("--show", action="store_true", help="print every outcome")
    options = parser.parse_args()
    pages = options.pages or sorted((SITE / "pages").rglob("*.md"))
    runs = differing = 0
    for page in pages:
        for outcome in run_page(page):
            runs += 1
            differing += not outcome.agrees
            if options.show or not outcome.agrees:
                sys.stdout.write(report(page, outcome))
    sys.stdout.write(f"{len(pages)} pages, {runs} blocks and commands run, {differing} differ\n")
    return int(differing > 0)


if __name__ == "__main__":
    sys.exit(main())
