"""Lets tests import the modules of the benchmark, which lie beside them."""

import sys
from pathlib import Path

import pytest

HERE = Path(__file__).parent


@pytest.fixture(scope="session", autouse=True)
def _bench_modules():
    sys.path.insert(0, str(HERE))
    yield
    sys.path.remove(str(HERE))
