"""Ties tests to the draft: the marker `draft("anchor")` must name an anchor that exists.

The check holds for the tests of the whole run.  The summary counts the draft's requirements that a
test names; with `-v` it lists the others.
"""

import sys
from pathlib import Path

import pytest

DRAFT = Path(__file__).resolve().parent.parent.parent / "draft"
sys.path.insert(0, str(DRAFT))  # the draft's programs are no package

from draft_source import anchors, read_source, requirements  # noqa: E402  needs the path above

REQUIREMENTS = pytest.StashKey[list[str]]()
TESTED = pytest.StashKey[set[str]]()


def named_anchors(item: pytest.Item) -> list[str]:
    """The anchors the markers of a test name."""
    return [anchor for marker in item.iter_markers("draft") for anchor in marker.args]


def pytest_collection_modifyitems(config: pytest.Config, items: list[pytest.Item]) -> None:
    root = read_source()
    known = anchors(root)
    tested: set[str] = set()
    for item in items:
        for anchor in named_anchors(item):
            if anchor not in known:
                raise pytest.UsageError(f"{item.nodeid}: the draft has no anchor {anchor!r}")
            tested.add(anchor)
    config.stash[REQUIREMENTS] = requirements(root)
    config.stash[TESTED] = tested


def pytest_terminal_summary(
    terminalreporter: pytest.TerminalReporter, config: pytest.Config
) -> None:
    wanted = config.stash.get(REQUIREMENTS, None)
    if wanted is None:
        return
    untested = [anchor for anchor in wanted if anchor not in config.stash[TESTED]]
    named = len(wanted) - len(untested)
    terminalreporter.write_line(
        f"draft: {named} of {len(wanted)} requirements named by a test of this run"
    )
    if config.get_verbosity() > 0:
        for anchor in untested:
            terminalreporter.write_line(f"  not named by a test: {anchor}")


@pytest.fixture(scope="session")
def draft_folder() -> Path:
    """The folder of the draft's source."""
    return DRAFT
