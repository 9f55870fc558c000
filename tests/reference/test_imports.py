"""What a program that reads replies and runs sessions imports, seen in a process of its own."""

from __future__ import annotations

import subprocess
import sys

import pytest

USE = """
import sys
before = set(sys.modules)
from reply_metadata import parse_reply
from reply_metadata.client_session import ClientSession
from reply_metadata.server_session import ServerSession
parse_reply(b"250 2.1.5 [QUEUE-ID 4bXYZ] OK\\r\\n", negotiated=True).metadata
print(*(set(sys.modules) - before))
"""
NEVER_NEEDED = {
    *("asyncio", "http", "logging", "random", "select", "selectors", "signal", "socket", "ssl"),
    *("subprocess", "tempfile", "threading", "tomllib", "urllib", "json", "argparse", "email"),
}


@pytest.fixture(scope="module")
def imported(project):
    code = f"import sys; sys.path.insert(0, {str(project / 'reference')!r})\n{USE}"
    # -S: no site-packages, so whatever is not in the standard library cannot be there.
    run = subprocess.run(
        [sys.executable, "-I", "-S", "-c", code], capture_output=True, text=True, check=True
    )
    return set(run.stdout.split())


def test_a_parse_and_both_sessions_need_nothing_but_the_standard_library(imported):
    roots = {name.partition(".")[0] for name in imported}
    assert "reply_metadata" in roots
    assert roots - {"reply_metadata"} <= sys.stdlib_module_names


def test_a_parse_and_both_sessions_import_no_network_no_threads_and_no_logging(imported):
    assert {name.partition(".")[0] for name in imported} & NEVER_NEEDED == set()


def test_a_parse_and_both_sessions_import_the_core_and_no_other_room(imported, core_size, project):
    rooms = core_size.core_rooms((project / "pyproject.toml").read_text("utf-8"))
    core = {f"reply_metadata.{module}" for room in rooms for module in room}
    ours = {name for name in imported if name.startswith("reply_metadata.")}
    generated = {name for name in ours if name.startswith("reply_metadata._generated")}
    assert ours - generated == core
