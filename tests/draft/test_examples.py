"""The dialogues of the draft are what the reference does, and a wrong one does not get in."""

import re
from collections.abc import Iterator
from pathlib import Path
from types import SimpleNamespace
from xml.etree import ElementTree

import pytest

from record import ExampleError, emit_example, emit_examples, main, read_descriptions
from reply_metadata import parse_reply

SESSION = """
[[session]]
protocol = "LMTP"
server = "backend1.example.org"
client = "proxy.example.org"

[[session.step]]
command = "MAIL FROM:<anna@example.org>"
answer = { code = 250, enhanced_code = "2.1.0", text = "OK" }

[[session.step]]
command = "RCPT TO:<user1@example.com>"
answer = { code = 450, enhanced_code = "4.4.4", text = "Moved", groups = [GROUP] }
"""
REFERRAL = '{ key = "REFERRAL", values = ["smtp://backend2/"] }'
READING = """
[[reading]]
lines = ["450 4.4.4 [REFERRAL smtp://backend2/] Redirected"]
command = "RCPT"
verdicts = VERDICTS
"""


def drawn_lines(xml: str) -> list[str]:
    root = ElementTree.fromstring(xml)
    return [
        line
        for artwork in root.iter("artwork")
        for line in (artwork.text or "").strip("\n").splitlines()
    ]


def replies(lines: list[str]) -> Iterator[bytes]:
    reply = b""
    for line in lines:
        if not line.startswith("S: "):
            continue
        octets = line.removeprefix("S: ").encode("ascii")
        reply += octets + b"\r\n"
        if octets[3:4] != b"-":
            yield reply
            reply = b""
    assert not reply


def test_the_examples_shown_are_what_runs_now(draft_folder: Path) -> None:
    fragments = emit_examples(read_descriptions())
    committed = {p.name: p.read_text("utf-8") for p in draft_folder.glob("_generated/example-*")}
    assert fragments == committed


def test_every_reply_shown_parses() -> None:
    shown = [
        parse_reply(reply, negotiated=True)
        for xml in emit_examples(read_descriptions()).values()
        for reply in replies(drawn_lines(xml))
    ]
    assert len(shown) > 40
    assert sum(bool(reply.metadata) for reply in shown) > 15


def test_the_dialogue_of_the_list_message_is_shown_as_it_was_written() -> None:
    xml = emit_examples(read_descriptions())["example-list-message.xml"]
    assert drawn_lines(xml) == [
        "C: RCPT TO:<user1@example.com>",
        "S: 250 2.1.5 OK",
        "C: RCPT TO:<user2@example.com>",
        "S: 450 4.4.4 [REFERRAL smtp://backend2/] Redirected",
        "C: RCPT TO:<user3@example.com>",
        "S: 450 4.4.4 [REFERRAL smtp://backend3/] Redirected",
    ]


def test_a_dialogue_is_drawn_as_it_ran() -> None:
    lines = drawn_lines(emit_example("x.toml", SESSION.replace("GROUP", REFERRAL)))
    assert lines[-1] == "S: 450 4.4.4 [REFERRAL smtp://backend2/] Moved"
    assert "S: 250 REPLYMETA" in lines


@pytest.mark.parametrize(
    "group",
    [
        '{ key = "QUEUE-ID", values = ["4XyZ1"] }',  # not in a 4yz reply
        '{ key = "REFERRAL", values = ["lmtp://backend2/"] }',  # no referral-uri
        '{ key = "COLOR", values = ["blue"] }',  # no such key
        '{ key = "REFERRAL" }',
        '{ key = "RE FERRAL", values = ["smtp://backend2/"] }',
        '{ values = ["smtp://backend2/"] }',
    ],
)
def test_a_dialogue_whose_metadata_the_client_would_not_use_does_not_run(group: str) -> None:
    with pytest.raises(ExampleError, match=re.escape("draft/examples/x.toml")):
        emit_example("x.toml", SESSION.replace("GROUP", group))


def test_a_dialogue_with_a_command_out_of_order_does_not_run() -> None:
    with pytest.raises(ExampleError, match=r"draft/examples/x\.toml"):
        emit_example("x.toml", SESSION.replace("GROUP", REFERRAL).replace("MAIL FROM", "RCPT TO"))


def test_a_line_too_wide_for_the_text_format_is_refused() -> None:
    uris = ", ".join(f'"smtp://backend{number}/"' for number in range(1, 6))
    group = f'{{ key = "REFERRAL", values = [{uris}] }}'
    with pytest.raises(ExampleError, match="69 fit"):
        emit_example("x.toml", SESSION.replace("GROUP", group))


def test_a_verdict_other_than_the_reader_gives_is_refused() -> None:
    assert emit_example("x.toml", READING.replace("VERDICTS", '["REFERRAL: used"]'))
    with pytest.raises(ExampleError, match="expected"):
        emit_example("x.toml", READING.replace("VERDICTS", '["REFERRAL: wrong class"]'))


def test_the_referrals_shown_were_followed_over_sockets() -> None:
    lines = drawn_lines(emit_examples(read_descriptions())["example-referral.xml"])
    assert "S: 450 4.4.4 [REFERRAL smtp://backend2/] Redirected" in lines
    assert lines.count("C: RCPT TO:<user2@example.com>") == 3  # to proxy, backend1 and backend2
    assert sum(line.endswith(" Saved") for line in lines) == 5


def test_a_demonstration_that_fails_is_not_shown(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    failed = SimpleNamespace(problems=("user2 has no copy",))
    monkeypatch.setattr("record.run_demo", lambda folder: failed)
    with pytest.raises(ExampleError, match="user2 has no copy"):
        emit_example("x.toml", '[[hop]]\nname = "client-proxy"\n')


def test_the_program_writes_nothing_when_an_example_fails(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    bad = {"good.toml": SESSION.replace("GROUP", REFERRAL), "zz.toml": SESSION}
    monkeypatch.setattr("record.read_descriptions", lambda: bad)
    assert main([str(tmp_path / "out")]) == 1
    assert "draft/examples/zz.toml" in capsys.readouterr().out
    assert not (tmp_path / "out").exists()
