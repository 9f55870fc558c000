"""What every test may use: the test data outside the repository, and where the project lies."""

import logging
import os
from collections.abc import Iterator
from pathlib import Path

import pytest

PROJECT = Path(__file__).resolve().parent.parent
DATA_VARIABLE = "REPLYMETA_TEST_DATA"


def data_folder() -> Path | None:
    """The folder REPLYMETA_TEST_DATA names (relative: counted from the project), if it is set."""
    name = os.environ.get(DATA_VARIABLE, "")
    return (PROJECT / name).resolve() if name else None


def pytest_report_header() -> str:
    folder = data_folder()
    return f"test data: {folder if folder else f'none ({DATA_VARIABLE} is not set)'}"


@pytest.fixture(autouse=True)
def logging_as_before() -> Iterator[None]:
    """A program that a test runs in this process sets up logging; the next test has none of it."""
    root = logging.getLogger()
    handlers, level = root.handlers[:], root.level
    yield
    root.handlers[:] = handlers
    root.setLevel(level)


@pytest.fixture(scope="session")
def project() -> Path:
    """The top folder of the project."""
    return PROJECT


@pytest.fixture(scope="session")
def test_data() -> Path:
    """The folder of real replies, RFC grammars and strings; skips the test when it is not given."""
    folder = data_folder()
    if folder is None:
        pytest.skip(f"{DATA_VARIABLE} is not set: no real replies or RFC grammars to test with")
    assert folder.is_dir(), f"{DATA_VARIABLE} names {folder}, which is no folder"
    return folder
