"""`replymeta send` as people and programs use it: options, results, exit status, progress."""

from __future__ import annotations

import asyncio
import io
import json
import logging
import re
import ssl
import threading

import pytest

from reply_metadata.__main__ import main
from reply_metadata.credentials import PlainCredentials
from reply_metadata.policy.recipient import Defer, Refer, Reject
from reply_metadata.programs.progress import Progress
from reply_metadata.transitions import Protocol

USER1, USER2, USER3 = (f"user{number}@example.com" for number in (1, 2, 3))
FOLLOWING = (
    *("--follow-referrals", "--trust-peer", "127.0.0.0/8"),
    *("--allow-network", "127.0.0.0/8", "--allow-port", "1024-65535"),
)


@pytest.fixture
def served(hosts, monkeypatch):
    """Starts hosts in another thread, so that a program can run in this one.

    Their logs go nowhere: standard error is the program's.
    """
    monkeypatch.setattr(logging.getLogger(), "handlers", [])
    monkeypatch.setattr(logging, "lastResort", None)
    loop = asyncio.new_event_loop()
    thread = threading.Thread(target=loop.run_forever)
    thread.start()

    def start(coroutine):
        return asyncio.run_coroutine_threadsafe(coroutine, loop).result(10)

    yield start
    start(hosts.__aexit__(None, None, None))
    loop.call_soon_threadsafe(loop.stop)
    thread.join(10)
    loop.close()


@pytest.fixture
def message(tmp_path):
    path = tmp_path / "message"
    path.write_bytes(b"Subject: test\n\nHi\n")
    return path


@pytest.fixture
def send(capsys, message):
    """Runs the program; its status, output and messages."""

    def run(server, *options, to=(USER1,), files=None, protocol="lmtp"):
        words = [word for name in to for word in ("--to", name)]
        where = (f"--{protocol}", f"127.0.0.1:{server.port}", "--from", "sender@example.org")
        names = [f"{message}"] if files is None else [f"{name}" for name in files]
        status = main(["send", *where, *words, *options, *names])
        captured = capsys.readouterr()
        return status, captured.out, captured.err

    return run


def results_in(output):
    return [json.loads(line) for line in output.splitlines()]


@pytest.mark.parametrize("protocol", Protocol)
def test_json_gives_one_result_a_recipient(hosts, served, send, protocol):
    decisions = {USER2: Reject("no-user"), USER3: Defer(300)}
    host = served(hosts.backend("one", decisions, protocol=protocol))
    to = (USER1, USER2, USER3)
    status, output, errors = send(host, "--json", to=to, protocol=protocol.value.lower())
    results = results_in(output)
    assert (status, errors) == (1, "")
    assert [result["recipient"] for result in results] == list(to)
    assert [result["delivered"] for result in results] == [True, False, False]
    assert [result["reply"]["code"] for result in results] == [250, 550, 450]
    assert results[2]["reply"]["metadata"] == [
        {
            "key": "RETRY-AFTER",
            "arguments": [{"name": None, "value": "300"}],
            "status": "used",
        }
    ]
    assert results[0]["host"] == f"127.0.0.1:{host.port}"
    assert results[0]["reply"]["enhanced_code"] == "2.0.0"
    assert set(results[0]) == {
        *("message", "recipient", "delivered", "unknown", "host", "hosts", "attempts"),
        *("not_followed", "problem", "reply"),
    }


def test_no_referral_is_followed_unless_the_options_say_so(hosts, served, send):
    two = served(hosts.backend("two"))
    one = served(hosts.backend("one", {USER1: Refer((two.uri(),))}))
    status, output, _ = send(one, "--json")
    assert status == 1
    assert results_in(output)[0]["not_followed"] == ["referrals are not followed here"]
    status, output, _ = send(one, "--json", *FOLLOWING)
    (result,) = results_in(output)
    assert status == 0
    assert result["hosts"] == [f"127.0.0.1:{one.port}", f"127.0.0.1:{two.port}"]
    assert result["host"] == f"127.0.0.1:{two.port}"
    assert len(two.messages(USER1)) == 1


def test_the_dialogue_with_each_host_has_a_heading(hosts, served, send):
    two = served(hosts.backend("two"))
    one = served(hosts.backend("one", {USER1: Refer((two.uri(),))}))
    status, output, _ = send(one, *FOLLOWING)
    assert status == 0
    headings = re.findall(r"^-- (\S+) -+$", output, re.MULTILINE)
    assert headings == [f"127.0.0.1:{one.port}", f"127.0.0.1:{two.port}"]
    assert "^^^^ metadata" in output


def test_a_retry_after_is_waited_for_when_the_options_say_so(hosts, served, send):
    host = served(hosts.backend("one", {USER1: Defer(1)}))
    status, output, _ = send(host, "--json")
    assert (status, results_in(output)[0]["attempts"]) == (1, 1)
    status, output, _ = send(host, "--json", "--retry", "2")
    assert (status, results_in(output)[0]["attempts"]) == (1, 2)


# Several messages


def test_a_folder_of_messages_is_sent_in_the_order_of_the_names(hosts, served, send, tmp_path):
    folder = tmp_path / "out"
    folder.mkdir()
    for name in ("b", "a", "c", ".hidden"):
        (folder / name).write_text(f"Subject: {name}\n\nx\n")
    (folder / "inner").mkdir()
    host = served(hosts.backend("one"))
    status, output, _ = send(host, "--json", files=[folder])
    assert status == 0
    assert [result["message"] for result in results_in(output)] == [
        f"{folder / name}" for name in "abc"
    ]
    assert len(host.messages(USER1)) == 3
    status, output, _ = send(host, files=[folder])
    assert [line.partition(": ")[2] for line in output.splitlines()] == [
        f"{USER1} delivered: 127.0.0.1:{host.port}: 250 2.0.0 [QUEUE-ID one-{number}] Saved"
        for number in (4, 5, 6)
    ]


def test_after_a_421_that_asks_to_wait_no_other_message_is_tried(hosts, served, send, message):
    listed = b"250-scripted\r\n250-ENHANCEDSTATUSCODES\r\n250 REPLYMETA\r\n"
    closing = b"421 4.3.2 [RETRY-AFTER 900] down\r\n"
    host = served(hosts.scripted(lambda line: listed if line[:4] == b"LHLO" else closing))
    status, output, _ = send(host, "--json", files=[message, message])
    first, second = results_in(output)
    assert status == 1
    assert first["reply"]["code"] == 421
    assert (second["attempts"], second["reply"], host.connections) == (0, None, 1)
    assert "asked to wait" in second["problem"]


def test_a_message_that_cannot_be_read_is_found_before_anything_is_sent(
    hosts, served, send, message, tmp_path
):
    host = served(hosts.backend("one"))
    status, output, errors = send(host, files=[message, tmp_path / "missing"])
    assert (status, output) == (2, "")
    assert errors.startswith("replymeta send: ")
    assert "missing" in errors
    assert host.messages(USER1) == []
    (tmp_path / "empty").mkdir()
    assert send(host, files=[tmp_path / "empty"])[0] == 2


# TLS and AUTH


@pytest.fixture
def secured(hosts, served, tmp_path):
    """A host with TLS and AUTH, and the file of who signed its certificate."""
    trustme = pytest.importorskip("trustme", reason="trustme makes the certificates")
    authority = trustme.CA()
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    authority.issue_cert("127.0.0.1").configure_cert(context)
    ca_file = tmp_path / "ca.pem"
    authority.cert_pem.write_to_path(f"{ca_file}")
    asked = []

    async def verify(credentials):
        asked.append(credentials)
        return credentials == PlainCredentials("anna", "secret")

    decisions = {}
    host = served(hosts.backend("one", decisions, tls=context, verify=verify))
    host.decisions = decisions
    return host, ca_file, asked


def test_tls_is_used_where_it_is_offered_and_can_be_required(hosts, served, send, secured):
    host, ca_file, _ = secured
    plain = served(hosts.backend("plain"))
    assert "C: STARTTLS" in send(host)[1]
    assert "C: STARTTLS" not in send(host, "--tls", "off")[1]
    assert send(host, "--tls", "required", "--ca-file", f"{ca_file}")[0] == 0
    status, _, errors = send(host, "--tls", "required")
    assert status == 1
    assert "no TLS" in errors
    status, _, errors = send(plain, "--tls", "required", "--ca-file", f"{ca_file}")
    assert status == 1
    assert "does not start TLS" in errors
    assert send(plain)[0] == 0


def test_a_password_comes_from_a_file_or_the_environment(send, secured, tmp_path, monkeypatch):
    host, ca_file, asked = secured
    tls = ("--tls", "required", "--ca-file", f"{ca_file}", "--user", "anna")
    file = tmp_path / "password"
    file.write_text("secret\nnot this\n")
    monkeypatch.setenv("MAIL_PASSWORD", "secret")
    for source in (("--password-file", f"{file}"), ("--password-env", "MAIL_PASSWORD")):
        status, output, errors = send(host, *tls, *source)
        assert (status, errors) == (0, "")
        assert "(credentials)" in output
        assert "secret" not in output
    assert asked == [PlainCredentials("anna", "secret")] * 2
    monkeypatch.setenv("MAIL_PASSWORD", "wrong")
    status, _, errors = send(host, *tls, "--password-env", "MAIL_PASSWORD")
    assert status == 1
    assert "refused the credentials" in errors


def test_the_server_one_has_authenticated_to_may_refer(hosts, served, send, secured, monkeypatch):
    host, ca_file, _ = secured
    monkeypatch.setenv("MAIL_PASSWORD", "secret")
    host.decisions[USER1] = Refer(("smtp://127.0.0.1:9/",))
    tls = ("--tls", "required", "--ca-file", f"{ca_file}")
    user = ("--user", "anna", "--password-env", "MAIL_PASSWORD")
    lists = ("--follow-referrals", "--allow-network", "127.0.0.0/8", "--allow-port", "9")
    _, output, _ = send(host, "--json", *tls, *user, *lists)
    assert results_in(output)[0]["not_followed"] == ["the host was not reached"]
    _, output, _ = send(host, "--json", *tls, *lists, "--trust-peer", "192.0.2.0/24")
    assert results_in(output)[0]["not_followed"] == ["the peer is not trusted to refer"]


@pytest.mark.parametrize(
    ("options", "words"),
    [
        (["--name", "not a name"], "is no host name"),
        (["--ca-file", "x"], "needs --tls required"),
        (["--tls", "required", "--ca-file", "/nowhere/ca.pem"], "No such file"),
        (["--user", "anna"], "needs --tls required"),
        (["--user", "anna", "--tls", "required"], "--password-file or --password-env"),
        (["--password-env", "HOME"], "needs --user"),
        (
            ["--user", "a", "--tls", "required", "--password-env", "NO_SUCH_VARIABLE"],
            "no NO_SUCH_VARIABLE",
        ),
        (["--trust-peer", "127.0.0.0/8"], "need --follow-referrals"),
        (["--follow-referrals"], "needs --trust-peer"),
        (["--follow-referrals", "--trust-peer", "127.0.0.0/8"], "--allow-network"),
    ],
)
def test_options_that_do_not_go_together_are_refused_with_words(send, free_port, options, words):
    class Nobody:
        port = free_port()

    status, output, errors = send(Nobody, *options)
    assert (status, output) == (2, "")
    assert words in errors
    assert errors.count("\n") == 1


@pytest.mark.parametrize(
    "options",
    [
        ["--allow-port", "0"],
        ["--allow-port", "30-20"],
        ["--allow-port", "70000"],
        ["--allow-port", "many"],
        ["--retry", "soon"],
        ["--retry", "-1"],
        ["--timeout", "nan"],
        ["--timeout", "inf"],
        ["--password", "secret"],
    ],
)
def test_options_that_make_no_sense_are_refused_by_the_parser(send, free_port, options, capsys):
    class Nobody:
        port = free_port()

    with pytest.raises(SystemExit) as caught:
        send(Nobody, *options)
    assert caught.value.code == 2
    assert "replymeta send: error: " in capsys.readouterr().err


# Progress


class Terminal(io.StringIO):
    def isatty(self):
        return True


class Clock:
    now = 0.0

    def __call__(self):
        return self.now


@pytest.mark.parametrize(
    ("stream", "shown"),
    [(Terminal(), "\r4 of 4 messages\r\x1b[K"), (io.StringIO(), "")],
    ids=["terminal", "file"],
)
def test_progress_shows_on_a_terminal_after_two_seconds_and_goes_away(stream, shown):
    clock = Clock()
    with Progress("messages", 4, stream, clock) as progress:
        for seconds in (0.5, 1.0, 1.9, 2.1):
            clock.now = seconds
            progress.step()
    assert stream.getvalue() == shown


def test_the_help_shows_an_example_and_no_option_for_a_password(capsys):
    with pytest.raises(SystemExit):
        main(["send", "--help"])
    text = capsys.readouterr().out
    assert "examples:\n  replymeta send" in text
    assert not re.search(r"--password[ =]", text)
