"""abnfc fmt in a shell: text or a diff on stdout, messages on stderr, 0, 1 or 2."""

import io
import sys
from argparse import ArgumentParser
from pathlib import Path

import pytest

from abnf_compiler.commands import fmt as command


@pytest.fixture
def run(capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch):
    def run_fmt(*arguments: str | Path, stdin: bytes = b"") -> tuple[int, str, str]:
        monkeypatch.setattr(sys, "stdin", io.TextIOWrapper(io.BytesIO(stdin)))
        parser = ArgumentParser()
        command.add_arguments(parser)
        try:
            status = command.run(parser.parse_args([str(each) for each in arguments]))
        except SystemExit as ended:
            status = int(ended.code or 0)
        except command.UsageError as problem:
            status = 2
            sys.stderr.write(str(problem))
        captured = capsys.readouterr()
        return status, captured.out, captured.err

    return run_fmt


def test_the_command_prints_the_layout_of_files_and_of_standard_input(run, tmp_path: Path) -> None:
    path = tmp_path / "a.abnf"
    path.write_bytes(b"a=b\r\n")
    status, out, err = run(path, "-", stdin="a=(c);é\n".encode())
    assert (status, out, err) == (0, "a = b\r\na = ( c )  ;é\n", "")
    assert path.read_bytes() == b"a=b\r\n"


def test_check_shows_a_diff_and_writes_nothing(run, tmp_path: Path) -> None:
    path = tmp_path / "a.abnf"
    path.write_bytes(b"a =  b\nb = c")
    status, out, err = run("--check", path)
    assert (status, err) == (1, "")
    assert out == (
        f"--- {path}\n+++ {path} (formatted)\n@@ -1,2 +1,2 @@\n-a =  b\n-b = c\n"
        "\\ No newline at end of file\n+a = b\n+b = c\n"
    )
    assert path.read_bytes() == b"a =  b\nb = c"
    assert run("--check", "-", stdin=b"a = b\nb = c\n") == (0, "", "")
    assert run("--check", "--width", "72", "-", stdin=b"a = b\r\n") == (0, "", "")


def test_in_place_changes_what_has_to_change_and_keeps_links_and_modes(run, tmp_path: Path) -> None:
    path, link, fine = (tmp_path / name for name in ("a.abnf", "link.abnf", "fine.abnf"))
    path.write_bytes(b"a =  b\r\n")
    path.chmod(0o640)
    link.symlink_to(path)
    fine.write_bytes(b"a = b\n")
    before = fine.stat()
    assert run("--in-place", link, fine) == (0, "", "")
    assert (path.read_bytes(), path.stat().st_mode & 0o777) == (b"a = b\r\n", 0o640)
    assert link.is_symlink()
    assert (fine.stat().st_ino, fine.stat().st_mtime_ns) == (before.st_ino, before.st_mtime_ns)
    assert sorted(each.name for each in tmp_path.iterdir()) == ["a.abnf", "fine.abnf", "link.abnf"]


@pytest.mark.parametrize("option", ["--in-place", "--check", "--width=72"])
def test_a_file_with_errors_is_refused_with_its_diagnostics(
    run, tmp_path: Path, option: str
) -> None:
    bad, good = tmp_path / "bad.abnf", tmp_path / "good.abnf"
    bad.write_bytes(b'a =  "b\n')
    good.write_bytes(b"a = b\n")
    status, out, err = run(option, bad, good)
    assert (status, out) == (2, "a = b\n" if option == "--width=72" else "")
    assert err.startswith(f"{bad}:1:6: ABNF102 ")
    assert bad.read_bytes() == b'a =  "b\n'


@pytest.mark.parametrize(
    ("arguments", "stdin"),
    [
        (["no-such-file.abnf"], b""),
        (["a\0b"], b""),
        (["-"], b"a = b ; \xe9\n"),
        (["--in-place", "-"], b"a=b\n"),
        (["--in-place", "--check", "a.abnf"], b""),
        (["--width", "39", "-"], b"a = b\n"),
        (["--width", "6_9", "-"], b"a = b\n"),
        ([], b""),
    ],
)
def test_what_cannot_be_used_ends_with_2_and_a_message(
    run, arguments: list[str], stdin: bytes
) -> None:
    status, out, err = run(*arguments, stdin=stdin)
    assert (status, out) == (2, "")
    assert err
