"""kill -9 loses nothing that was acknowledged: a small run of `make test-kill`, and its checks."""

from __future__ import annotations

import importlib.util
import re
from collections import Counter
from pathlib import Path

import pytest


@pytest.fixture
def kill_deliveries():
    path = Path(__file__).with_name("kill_deliveries.py")
    spec = importlib.util.spec_from_file_location("kill_deliveries", path)
    module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    return module


def test_what_was_acknowledged_is_there_once_after_kill_9(kill_deliveries, tmp_path, capsys):
    status = kill_deliveries.main(["--kills", "2", "--messages", "60", "--folder", str(tmp_path)])
    said = capsys.readouterr().out
    assert status == 0, said
    assert re.search(r"acknowledged [1-9]\d*, .* lost 0\n", said)


def test_the_count_sees_what_is_lost_and_what_is_there_twice(kill_deliveries):
    acknowledged = Counter({("id-1", "a"): 1, ("id-2", "a"): 1})
    found = Counter({("id-2", "a"): 1, ("id-3", "a"): 2})
    assert kill_deliveries.mistakes(acknowledged, found) == ([("id-1", "a")], [("id-3", "a")])
