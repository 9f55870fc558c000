"""abnfc extract in a shell: blocks and places on stdout, messages on stderr, 0, 1 or 2."""

import io
import json
import sys
from argparse import ArgumentParser
from pathlib import Path

import pytest

from abnf_compiler.commands import extract as command

XML = """<rfc>
  <middle>
    <section anchor="syntax">
      <sourcecode type="abnf" name="a.abnf"><![CDATA[
        a = "<" / "&amp;"
            / b
      ]]></sourcecode>
      <section>
        <artwork type="abnf">b = "é &lt; "</artwork>
      </section>
    </section>
  </middle>
  <back><section/><section><artwork type="abnf">d = "d"</artwork></section></back>
</rfc>
"""


@pytest.fixture
def run(capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch):
    def run_extract(*arguments: str | Path, stdin: bytes = b"") -> tuple[int, str, str]:
        monkeypatch.setattr(sys, "stdin", io.TextIOWrapper(io.BytesIO(stdin)))
        parser = ArgumentParser()
        command.add_arguments(parser)
        status = command.run(parser.parse_args([str(each) for each in arguments]))
        captured = capsys.readouterr()
        return status, captured.out, captured.err

    return run_extract


def test_the_command_prints_each_block_behind_its_place(run) -> None:
    status, out, err = run("-", stdin=XML.encode())
    assert (status, err) == (0, "")
    assert out.startswith('; <stdin>:5 (section syntax)\na = "<"')
    assert '\n\n; <stdin>:9 (section 1.1)\nb = "é < "' in out
    assert run("--section", "B", "-", stdin=XML.encode())[1] == (
        '; <stdin>:13 (section B)\nd = "d"\n'
    )


def test_the_command_gives_blocks_and_rules_as_json(run, tmp_path: Path) -> None:
    path = tmp_path / "draft.xml"
    path.write_text(XML, "utf-8")
    status, out, _ = run("--json", path)
    document = json.loads(out)
    assert status == 0
    assert document["blocks"][0] == {
        "file": str(path),
        "line": 5,
        "column": 9,
        "section": "syntax",
        "name": "a.abnf",
        "text": 'a = "<" / "&amp;"\n    / b\n',
    }
    assert document["rules"][1] == {"name": "b", "file": str(path), "line": 9, "column": 30}
    assert [rule["name"] for rule in document["rules"]] == ["a", "b", "d"]


@pytest.mark.parametrize(
    ("arguments", "stdin", "expected", "message"),
    [
        (["-"], b"Text.\n", 1, "abnfc: <stdin>: no ABNF found\n"),
        (["-"], b"<x><artwork type='abnf9110'>a</artwork></x>", 1, "type abnf9110 (--type)"),
        (["-"], b"~~~ abnf2616\na\n~~~\n", 1, "type abnf2616 (--type)"),
        (["-"], b"<rfc><xi:include href='a'/></rfc>", 1, "it includes other files"),
        (["--section", "z", "-"], XML.encode(), 1, "sections with ABNF: syntax, 1.1, B"),
        (["no-such-file.xml"], b"", 2, "abnfc: cannot read no-such-file.xml: "),
        (["a\0b"], b"", 2, "abnfc: cannot read 'a\\x00b': "),
        (["-"], b"<rfc>\n<a></rfc>", 2, "<stdin>:2:6: not well-formed XML: mismatched tag"),
        (["--format", "xml", "-"], b"# Title\n", 2, "<stdin>:1:2: not well-formed XML"),
        (["-"], b"<rfc>\xff</rfc>", 2, "<stdin>:1:6: octet 5 is not UTF-8"),
    ],
)
def test_what_has_no_abnf_ends_with_1_and_what_cannot_be_read_with_2(
    run, arguments: list[str], stdin: bytes, expected: int, message: str
) -> None:
    status, out, err = run(*arguments, stdin=stdin)
    assert (status, out) == (expected, "")
    assert message in err


def test_one_bad_file_does_not_keep_the_others_back(run, tmp_path: Path) -> None:
    good, bad = tmp_path / "good.md", tmp_path / "bad.xml"
    good.write_text('~~~ abnf\na = "a"\n~~~\n', "utf-8")
    bad.write_text("<x>", "utf-8")
    status, out, err = run(bad, good, "-", stdin=b"Text.\n")
    assert (status, out) == (2, f'; {good}:2\na = "a"\n')
    assert err.startswith(f"{bad}:1:4: not well-formed XML")
