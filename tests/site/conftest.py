"""The site's programs are found where they lie; tests that read the built site skip without it."""

import sys
from pathlib import Path

import pytest

PROJECT = Path(__file__).resolve().parents[2]
sys.path.insert(0, str(PROJECT / "site"))


@pytest.fixture(scope="session")
def site_folder() -> Path:
    """The folder with the sources of the site."""
    return PROJECT / "site"


@pytest.fixture(scope="session")
def built_site() -> Path:
    """The site as `make site` built it."""
    folder = PROJECT / "build" / "site"
    if not (folder / "index.html").is_file():
        pytest.skip("build/site is not there: run `make site` first")
    return folder
