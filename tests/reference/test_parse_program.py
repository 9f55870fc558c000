"""`replymeta parse` and `replymeta keys`, run as programs."""

import json
import subprocess
import sys

import pytest

REFERRAL = b"450 4.4.4 [REFERRAL smtp://backend2/] Redirected\r\n"


def run(*arguments, stdin=b"", code=None):
    command = [sys.executable, *(code or ("-m", "reply_metadata")), *arguments]
    return subprocess.run(command, input=stdin, capture_output=True, check=False, timeout=30)


def parse(*arguments, stdin):
    return run("parse", *arguments, stdin=stdin)


def documents(done):
    return [json.loads(line) for line in done.stdout.splitlines()]


@pytest.mark.parametrize("engine", ["compiled", "lark"])
def test_the_reply_of_the_list_message_as_json(engine):
    done = parse("--json", "--engine", engine, "--command", "rcpt", stdin=REFERRAL)
    assert (done.returncode, done.stderr) == (0, b"")
    assert documents(done) == [
        {
            "code": 450,
            "enhanced_code": "4.4.4",
            "lines": ["450 4.4.4 [REFERRAL smtp://backend2/] Redirected"],
            "metadata": [
                {
                    "key": "REFERRAL",
                    "arguments": [{"name": None, "value": "smtp://backend2/"}],
                    "status": "used",
                }
            ],
            "text": "Redirected",
            "ignored": [],
        }
    ]
    assert list(documents(done)[0]) == [
        "code", "enhanced_code", "lines", "metadata", "text", "ignored"
    ]  # fmt: skip


def test_plain_reading_finds_no_metadata():
    (document,) = documents(parse("--plain", "--json", stdin=REFERRAL))
    assert document["metadata"] == []
    assert document["text"] == "[REFERRAL smtp://backend2/] Redirected"


def test_several_replies_are_a_json_line_each():
    stdin = b"220 hi\r\n250-2.0.0 [TRACE-ID x] a\r\n250 2.0.0 b\r\n" + REFERRAL
    assert [each["code"] for each in documents(parse("--json", stdin=stdin))] == [220, 250, 450]
    assert [each["text"] for each in documents(parse("--json", "-", stdin=stdin))][1] == "a\nb"


def test_what_a_reader_sees_of_a_reply():
    stdin = b"450 4.4.4 [REFERRAL smtp://backend2/ smtp://b3/] [org.example.id n=a+20b] Go\r\n"
    assert parse(stdin=stdin).stdout.decode("ascii") == (
        "reply     450 4.4.4 (transient failure)\n"
        "line 1    450 4.4.4 [REFERRAL smtp://backend2/ smtp://b3/] [org.example.id n=a+20b] Go\n"
        "metadata  REFERRAL        used\n"
        "                          smtp://backend2/\n"
        "                          smtp://b3/\n"
        "metadata  org.example.id  used\n"
        "                          n = a b\n"
        "text      Go\n"
    )


def test_reasons_are_shown():
    stdin = b"250-2.0.0 [TRACE-ID x] a\r\n250 b\r\n250 2.0.0 [RETRY-AFTER 3] c\r\n"
    shown = parse(stdin=stdin).stdout.decode("ascii")
    assert "TRACE-ID  not used: reply-ignored" in shown
    assert "ignored   all metadata: line 2, column 5: enhanced-code-missing" in shown
    assert "RETRY-AFTER  not used: wrong-class" in shown


def test_what_is_known_of_the_command_counts():
    stdin = b"250 2.0.0 <u@example.org> [STORED mailbox=INBOX] x\r\n"

    def status(*arguments):
        (document,) = documents(parse("--json", *arguments, stdin=stdin))
        return document["metadata"][0]["status"]

    assert status() == "used"
    assert status("--command", "data") == "not-lmtp"
    assert status("--command", "data", "--lmtp") == "used"
    assert status("--command", "RCPT", "--lmtp") == "wrong-command"
    assert status("--recipient", "u@example.org") == "used"
    assert status("--recipient", "<v@example.org>") == "wrong-recipient"


def test_a_refusal_has_line_column_and_caret():
    done = parse(stdin=b"220 hi\r\n250-one\r\n25x two\r\n")
    assert done.returncode == 1
    assert done.stdout.decode("ascii").endswith(
        "<stdin>:3:3: a reply line begins with three digits from 200 to 559\n  25x two\n    ^\n"
    )
    assert done.stderr == b""


def test_a_refusal_as_json():
    done = parse("--json", stdin=REFERRAL + b"250 ok\n")
    assert done.returncode == 1
    assert documents(done)[1]["error"] == {
        "reason": "bad-line-end",
        "message": "only CR LF ends a line; a bare CR or LF may not stand in one",
        "line": 1,
        "offset": 6,
    }


@pytest.mark.parametrize("engine", ["compiled", "lark"])
@pytest.mark.parametrize("stdin", [b"250 ok", b"250-ok\r\n", b"\r\n", b"250 " + b"x" * 9999])
def test_what_is_no_reply_is_refused_without_a_traceback(engine, stdin):
    done = parse("--engine", engine, stdin=stdin)
    assert done.returncode == 1
    assert b"Traceback" not in done.stderr + done.stdout
    assert b"<stdin>:" in done.stdout


def test_lf_can_be_taken_for_crlf_on_request():
    done = parse("--lf", "--json", stdin=b"250-a\n250-b\r\n250 c\n")
    assert [each["text"] for each in documents(done)] == ["a\nb\nc"]
    assert b"--lf" in parse(stdin=b"250 a\n").stdout


@pytest.mark.draft("req-display-escaped")
@pytest.mark.parametrize("arguments", [(), ("--json",), ("--plain",)])
def test_no_octet_of_a_peer_reaches_the_terminal(arguments):
    hostile = bytes(octet for octet in range(1, 256) if octet not in b"\r\n")
    hostile += "\u202e\u2066\u200f".encode() + b"\x1b]52;c;x\x07"
    for stdin in (
        b"250 2.0.0 [A.B x+1B+07+FF+E2+80+AE] " + hostile + b"\r\n",
        b"2" + hostile + b"\r\n",
        hostile,
    ):
        done = parse(*arguments, stdin=stdin)
        assert done.stderr == b""
        assert all(octet == 0x0A or 0x20 <= octet <= 0x7E for octet in done.stdout)


def test_octets_that_text_cannot_carry_are_given_in_hexadecimal():
    (document,) = documents(parse("--json", stdin=b"250 2.0.0 [a.b +FF] caf\xe9\r\n"))
    assert document["text_hex"] == "636166e9"
    assert document["metadata"][0]["arguments"][0]["value_hex"] == "ff"
    (plain,) = documents(parse("--json", stdin=b"250 2.0.0 [a.b +C3+A9] x\r\n"))
    assert "text_hex" not in plain
    assert plain["metadata"][0]["arguments"] == [{"name": None, "value": "\u00e9"}]


def test_nothing_to_read_is_an_error_of_use(tmp_path):
    assert run("parse").returncode == 2
    missing = run("parse", str(tmp_path / "missing"))
    assert (missing.returncode, missing.stdout) == (2, b"")
    assert b"No such file" in missing.stderr
    assert run("parse", str(tmp_path)).returncode == 2
    assert run("parse", "--engine", "other", stdin=REFERRAL).returncode == 2
    assert run("parse", "--plain", "--negotiated", stdin=REFERRAL).returncode == 2
    assert run().returncode == 2
    assert run("unheard-of").returncode == 2


def test_a_file_is_read_too(tmp_path):
    path = tmp_path / "reply"
    path.write_bytes(REFERRAL)
    assert run("parse", str(path)).stdout == parse(stdin=REFERRAL).stdout


def test_without_lark_the_lark_engine_says_what_to_install():
    code = (
        "-c",
        "import sys; sys.modules['lark'] = None; from reply_metadata.__main__ import main;"
        " sys.exit(main())",
    )
    done = run("parse", "--engine", "lark", stdin=REFERRAL, code=code)
    assert (done.returncode, done.stdout) == (2, b"")
    assert b"pip install 'smtp-reply-metadata[compiler]'" in done.stderr
    assert run("parse", stdin=REFERRAL, code=code).returncode == 0


def test_reading_a_reply_loads_nothing_of_the_network():
    unwanted = ["asyncio", "socket", "ssl", "selectors", "random", "lark", "abnf_compiler"]
    code = (
        "import sys; from reply_metadata import parse_reply;"
        f"parse_reply({REFERRAL!r}, negotiated=True).metadata;"
        f"print([name for name in {unwanted} if name in sys.modules])"
    )
    assert run(code=("-c", code)).stdout == b"[]\n"


def test_the_keys_are_printed_as_a_table_and_as_json():
    table = run("keys").stdout.decode("ascii").splitlines()
    assert table[0].split()[:2] == ["KEY", "HOP"]
    assert [line.split()[0] for line in table[1:]] == list(json.loads(run("keys", "--json").stdout))


@pytest.mark.parametrize("name", ["parse", "keys"])
def test_every_help_text_has_an_example(name):
    done = run(name, "--help")
    assert done.returncode == 0
    assert b"example:\n" in done.stdout
    assert name.encode() in run("--help").stdout


def test_the_version_is_that_of_the_distribution(project):
    shown = run("--version").stdout.split()[-1].decode("ascii")
    assert f'version = "{shown}"' in (project / "pyproject.toml").read_text("utf-8")
