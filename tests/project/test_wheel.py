"""The wheel stands alone: it installs without Lark, imports and parses."""

import subprocess
import sys
import venv
from pathlib import Path


def run(*command: str | Path, stdin: bytes = b"") -> subprocess.CompletedProcess[bytes]:
    return subprocess.run(
        [str(part) for part in command], input=stdin, capture_output=True, check=False
    )


def test_the_wheel_parses_in_an_empty_environment_without_lark(
    project: Path, tmp_path: Path
) -> None:
    built = run(
        *(sys.executable, "-m", "build", "--wheel", "--no-isolation", "--outdir", tmp_path, project)
    )
    assert built.returncode == 0, built.stdout + built.stderr
    (wheel,) = tmp_path.glob("*.whl")
    folder = tmp_path / "empty"
    venv.create(folder, with_pip=False, symlinks=True)
    python = folder / "bin/python"
    installed = run(
        *(
            sys.executable,
            "-m",
            "pip",
            "--python",
            python,
            "install",
            "--no-index",
            "--quiet",
            wheel,
        )
    )
    assert installed.returncode == 0, installed.stderr
    program = (
        "import importlib.util, abnf_compiler\n"
        "from reply_metadata import Referral, parse_reply\n"
        "assert importlib.util.find_spec('lark') is None\n"
        "line = b'450 4.4.4 [REFERRAL smtp://backend2/] Redirected\\r\\n'\n"
        "reply = parse_reply(line, negotiated=True)\n"
        "print(reply.code, *reply.metadata.get(Referral).uris)\n"
    )
    used = run(python, "-I", "-c", program)
    assert used.stdout == b"450 smtp://backend2/\n", used.stderr
    reply = b"450 4.4.4 [REFERRAL smtp://backend2/] Redirected\r\n"
    parsed = run(folder / "bin/replymeta", "parse", "--negotiated", "--json", stdin=reply)
    assert parsed.returncode == 0, parsed.stderr
    assert b'"REFERRAL"' in parsed.stdout
    completion = run(folder / "bin/abnfc", "--completion", "bash")
    assert completion.stdout.endswith(b"complete -o filenames -F _abnfc abnfc\n")
    without_lark = run(folder / "bin/abnfc", "check", project / "grammar/reply-metadata.abnf")
    assert without_lark.returncode == 2
    assert b"pip install" in without_lark.stderr
    assert b"Traceback" not in without_lark.stderr
