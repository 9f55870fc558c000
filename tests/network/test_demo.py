"""The demonstration: what it shows really happened, and it fails when something did not."""

from __future__ import annotations

import io
import json
from dataclasses import replace

import pytest

from reply_metadata.__main__ import main
from reply_metadata.programs.demo import transcript
from reply_metadata.programs.demo_scenario import MESSAGE, DemoResult, Line, run_demo
from reply_metadata.programs.transcript_text import PLAIN, Style, style_for

REFERRAL = "450 4.4.4 [REFERRAL smtp://"


@pytest.fixture(scope="module")
def result(tmp_path_factory) -> DemoResult:
    return run_demo(tmp_path_factory.mktemp("demo"))


def test_each_maildir_holds_the_message_once(result):
    assert [(item.recipient, item.host, len(item.files)) for item in result.delivered] == [
        (f"user{number}@example.com", f"backend{number}", 1) for number in (1, 2, 3)
    ]
    assert result.problems == ()


def test_the_dialogue_is_that_of_the_list_message(result):
    lines = result.stable().lines
    backend1 = [f"{line.side}: {line.text}" for line in lines if line.hop == "proxy-backend1"]
    begin = backend1.index("C: RCPT TO:<user1@example.com>")
    assert backend1[begin : begin + 6] == [
        "C: RCPT TO:<user1@example.com>",
        "S: 250 2.1.5 OK",
        "C: RCPT TO:<user2@example.com>",
        "S: 450 4.4.4 [REFERRAL smtp://backend2/] Redirected",
        "C: RCPT TO:<user3@example.com>",
        "S: 450 4.4.4 [REFERRAL smtp://backend3/] Redirected",
    ]
    client = [line.text for line in lines if line.hop == "client-proxy"]
    assert not [text for text in client if "REFERRAL" in text]
    assert [line.hop for line in lines if line.text == "DATA"] == [
        "client-proxy",
        "proxy-backend1",
        "proxy-backend2",
        "proxy-backend3",
    ]


def test_the_same_content_goes_over_every_hop(result):
    content = MESSAGE.decode("ascii").split("\r\n")[:-1]
    for hop in {line.hop for line in result.lines}:
        sent = [line.text for line in result.lines if line.hop == hop and line.side == "C"]
        begin = sent.index("DATA") + 1
        assert sent[begin : sent.index(".")] == content


def test_a_stable_dialogue_is_the_same_in_every_run(result, tmp_path):
    again = run_demo(tmp_path).stable()
    assert again == result.stable()
    assert transcript(again, PLAIN) == transcript(result.stable(), PLAIN)
    assert "127.0.0.1" not in transcript(again, PLAIN)


def test_a_second_run_in_the_same_folder_does_not_count_the_first(tmp_path):
    run_demo(tmp_path)
    assert run_demo(tmp_path).problems == ()


def test_the_transcript_has_80_columns_of_plain_ascii(result):
    text = transcript(result, PLAIN)
    assert text.isascii()
    assert max(map(len, text.splitlines())) <= 80
    assert text.count(REFERRAL) == 2
    marks = [line for line in text.splitlines() if line.endswith("^ metadata")]
    assert len(marks) == 2 + 2 * 3


def test_the_carets_stand_below_the_group(result):
    lines = transcript(result.stable(), PLAIN).splitlines()
    at = next(number for number, line in enumerate(lines) if REFERRAL in line)
    group = "[REFERRAL smtp://backend2/]"
    begin = lines[at].index(group)
    assert lines[at + 1] == " " * begin + "^" * len(group) + " metadata"


def test_colour_is_for_terminals_only_and_changes_no_word(result, monkeypatch):
    class Terminal(io.StringIO):
        encoding = "utf-8"

        def isatty(self):
            return True

    monkeypatch.delenv("NO_COLOR", raising=False)
    monkeypatch.setenv("TERM", "xterm")
    coloured = style_for(Terminal())
    assert coloured.colour
    text = transcript(result, coloured)
    assert "\x1b[1;35m[REFERRAL smtp://" in text
    assert style_for(io.StringIO()) == PLAIN
    monkeypatch.setenv("NO_COLOR", "1")
    assert style_for(Terminal()) == PLAIN
    monkeypatch.delenv("NO_COLOR")
    monkeypatch.setenv("TERM", "dumb")
    assert style_for(Terminal()) == PLAIN


def test_octets_of_a_peer_are_shown_escaped():
    evil = DemoResult((Line("client-proxy", "S", "250 \x1b[2J\x9b\x07"),), (), {})
    for style in (PLAIN, Style(colour=True)):
        shown = transcript(evil, style)
        assert "\\x1b[2J\\x9b\\x07" in shown
        assert "\x9b" not in shown


def test_the_demonstration_fails_when_a_copy_or_a_referral_is_missing(result):
    none, twice = result.delivered[0], result.delivered[1]
    broken = replace(
        result,
        delivered=(replace(none, files=()), replace(twice, files=twice.files * 2)),
        lines=tuple(line for line in result.lines if "REFERRAL" not in line.text),
    )
    assert len(broken.problems) == 3
    assert "FAILED" in transcript(broken, PLAIN)


def test_the_command_keeps_the_transcript_and_prints_the_dialogue_as_data(tmp_path, capsys):
    folder = tmp_path / "demo"
    assert main(["demo", "--directory", str(folder), "--stable", "--json"]) == 0
    lines = json.loads(capsys.readouterr().out)
    assert lines[0] == {"hop": "client-proxy", "side": "S", "octets": "220 proxy LMTP\r\n"}
    assert {line["side"] for line in lines} == {"C", "S"}
    kept = (folder / "transcript.txt").read_text("ascii")
    assert kept.count("450 4.4.4 [REFERRAL smtp://backend") == 2
    assert main(["demo", "--directory", str(folder)]) == 0
    assert capsys.readouterr().out == (folder / "transcript.txt").read_text("ascii")


def test_a_folder_that_cannot_be_made_is_said_and_no_traceback(tmp_path, capsys):
    (tmp_path / "file").write_bytes(b"")
    assert main(["demo", "--directory", str(tmp_path / "file")]) == 2
    assert capsys.readouterr().err.startswith("replymeta demo: ")
