"""`replymeta serve --config`: the example says all there is and runs; mistakes are explained."""

from __future__ import annotations

import io
import json
import re
import socket
import ssl
import threading
import time

import pytest

from reply_metadata.__main__ import main
from reply_metadata.commands import MailFrom, Parameter, RcptTo, StartData
from reply_metadata.credentials import PlainCredentials
from reply_metadata.keys import Reason, Referral, RetryAfter, TraceId
from reply_metadata.network.blocking_client import BlockingClientConnection, PeerUnavailable
from reply_metadata.network.client_tls import ClientTls
from reply_metadata.network.local_delivery import Quota
from reply_metadata.network.passwords import PasswordHash, PasswordTable
from reply_metadata.network.reception import ServiceLimits
from reply_metadata.paths import NULL_PATH, Path
from reply_metadata.policy.recipient import Defer, Deliver, Refer, Reject
from reply_metadata.policy.referral import endpoint
from reply_metadata.programs.serve_file import example_file, read_serve_file
from reply_metadata.server_rules import ServerSettings
from reply_metadata.timeouts import ClientTimeouts
from reply_metadata.transitions import Protocol

trustme = pytest.importorskip("trustme", reason="trustme makes the certificates")

NAME = "mx.example.org"
MAIL = MailFrom(NULL_PATH)
TIMEOUTS = ClientTimeouts(5, 5, 5, 5, 5, quit_s=0.2)


def written(folder, text=None):
    path = folder / "mail.toml"
    path.write_text(example_file() if text is None else text)
    return path


def on_any_port(text):
    return text.replace('"127.0.0.1:2424"', '"127.0.0.1:0"')


def opening(port, protocol=Protocol.LMTP, **options):
    where = endpoint("127.0.0.1", port)
    return BlockingClientConnection.open(where, protocol, "client", timeouts=TIMEOUTS, **options)


def test_the_example_is_printed_and_says_what_holds_when_it_is_not_said(tmp_path, capsys):
    assert main(["serve", "--example-config"]) == 0
    assert capsys.readouterr().out == example_file()
    file = read_serve_file(written(tmp_path))
    assert file.listen == ("127.0.0.1", 2424)
    assert file.protocol is Protocol.LMTP
    assert file.server == ServerSettings(NAME)
    assert file.limits == ServiceLimits()
    assert file.local.folder == tmp_path / "mail"
    least = '[server]\nname = "mx.example.org"\n[maildir]\nfolder = "mail"\n'
    smallest = read_serve_file(written(tmp_path, least))
    for name in ("listen", "protocol", "server", "limits", "tls", "verify", "grace_s"):
        assert getattr(smallest, name) == getattr(file, name), name
    assert smallest.local.send_trace_id == file.local.send_trace_id
    assert smallest.local.others == Reject()


def test_the_example_names_every_kind_of_recipient(tmp_path):
    local = read_serve_file(written(tmp_path)).local
    refer = Refer(("smtp://192.0.2.7:2424/", "smtp://192.0.2.8:2424/"))
    assert local.decisions == {
        "user1@example.com": Deliver(),
        "user2@example.com": refer,
        "user3@example.com": Defer(300),
        "user4@example.com": Reject("account-closed"),
        "user5@example.com": Deliver(),
        "@example.com": Deliver(),
        "@example.net": Refer(("smtp://192.0.2.9:2424/",), permanent=True),
    }
    assert local.others == Reject("not-here")
    assert local.quotas == {"user5@example.com": Quota(50_000_000, 1000)}


def test_the_example_runs_and_answers_as_it_says(start, tmp_path):
    program = start("serve", "--config", str(written(tmp_path, on_any_port(example_file()))))
    users = ("user1", "USER2", "user3", "user4", "user5", "other")
    recipients = [RcptTo(Path.of(f"{user}@example.com")) for user in users]
    elsewhere = [RcptTo(Path.of(f"a@{domain}")) for domain in ("example.net", "example.org")]
    with opening(program.port) as connection:
        mail, *replies = connection.ask_all((MAIL, *recipients, *elsewhere, StartData()))
        results = connection.send_content(b"Subject: x\r\n\r\nHi\r\n")
    codes = [reply.code for reply in replies]
    assert codes == [250, 450, 450, 550, 250, 250, 550, 550, 354]
    assert replies[1].metadata.get(Referral).uris[0] == "smtp://192.0.2.7:2424/"
    assert replies[2].metadata.get(RetryAfter) == RetryAfter(300)
    assert replies[3].metadata.get(Reason) == Reason("account-closed")
    assert replies[6].metadata.get(Referral) == Referral(("smtp://192.0.2.9:2424/",))
    assert replies[7].metadata.get(Reason) == Reason("not-here")
    trace_id = mail.metadata.get(TraceId)
    failures = [reply for reply in replies if reply.code >= 400]
    assert {reply.metadata.get(TraceId) for reply in failures} == {trace_id}
    assert [reply.code for reply in results] == [250] * 3
    stored = sorted(path.parts[-3] for path in (tmp_path / "mail").glob("*/new/*"))
    assert stored == ["other@example.com", "user1@example.com", "user5@example.com"]
    status, log = program.stop()
    assert status == 0
    assert len(re.findall(rf": stored client=\S+ trace_id={trace_id.value} ", log)) == 3


def test_with_the_lines_for_tls_and_users_it_offers_both(start, tmp_path):
    authority = trustme.CA()
    issued = authority.issue_cert(NAME)
    (chain,) = issued.cert_chain_pems
    chain.write_to_path(tmp_path / "mx.example.org.pem")
    issued.private_key_pem.write_to_path(tmp_path / "mx.example.org.key")
    text = on_any_port(example_file())
    text = re.sub(r"(?m)^# (\[tls\]|\[users\]|certificate|key|proxy)", r"\1", text)
    text = text.replace("scrypt:...", f"{PasswordHash.of('secret')}").replace(
        'trusted_clients = ["127.0.0.0/8"]', "trusted_clients = []"
    )
    program = start("serve", "--config", str(written(tmp_path, text)))
    context = ssl.create_default_context()
    authority.configure_trust(context)
    moved = RcptTo(Path.of("user2@example.com"))
    with opening(program.port, tls=ClientTls(context, NAME)) as connection:
        assert connection.authenticate(PlainCredentials("proxy", "wrong")).code == 535
        _, stranger = connection.ask_all((MAIL, moved))
    with opening(program.port, tls=ClientTls(context, NAME)) as connection:
        assert connection.authenticate(PlainCredentials("proxy", "secret")).code == 235
        _, trusted = connection.ask_all((MAIL, moved))
    assert stranger.metadata.get(Referral) is None
    assert trusted.metadata.get(Referral) is not None


@pytest.mark.parametrize(
    ("old", "new", "said"),
    [
        ('"lmtp"', '"imap"', '[server] protocol: expected "lmtp" or "smtp", found "imap"'),
        ('"lmtp"', '"lmpt"', 'did you mean "lmtp"?'),
        ('"lmtp"', "7", "[server] protocol: expected a string, found 7"),
        ('"127.0.0.1:2424"', '"here"', "[server] listen: 'here' is no HOST:PORT"),
        ('name = "mx.example.org"', 'name = "not a name"', "[server] name: 'not a name' is no"),
        ('name = "mx.example.org"', "", "[server] name: expected a string, it is missing"),
        ("grace_s = 10", "grace_s = -1", "[server] grace_s: expected 0 to 3600, found -1"),
        (
            "grace_s = 10",
            "grace = 10",
            '[server] grace: is not known here (did you mean "grace_s"?)',
        ),
        ("send_trace_id = true", "send_trace_id = 1", "expected true or false, found 1"),
        ('["127.0.0.0/8"]', '["127.0.0.1/8"]', "[server] trusted_clients: '127.0.0.1/8' is no"),
        ('["127.0.0.0/8"]', "[127]", "[server] trusted_clients: expected a list of strings"),
        ("[maildir]", "[mailbox]", "[maildir] folder: expected a string, it is missing"),
        ("[limits]", "[limit]", "limit: is not known here"),
        ("connections = 100", "connections = 0", "[limits] connections: expected 1 to"),
        ("message_octets = 10240000", "message_octets = 9", "expected 65536 to"),
        (
            '"user1@example.com" = "local"',
            '"user1" = "local"',
            "[recipients] user1: expected a mail",
        ),
        ('"user1@example.com" = "local"', '"a@b" = "remote"', 'expected "local", found "remote"'),
        ('"user1@example.com"', '"USER2@example.com"', "stands twice (case does not count)"),
        ("{ defer = 300 }", "{ defer = 300, reject = 'x' }", "says defer and reject"),
        (
            "{ defer = 300 }",
            "{ defer = 99999999 }",
            "[recipients] user3@example.com: cannot be sent",
        ),
        ("{ defer = 300 }", "{ delay = 300 }", "expected refer, defer, reject or a quota"),
        ("{ defer = 300 }", "{ defer = 3, x = 1 }", "user3@example.com x: is not known here"),
        ('"account-closed"', '"two words"', "[recipients] user4@example.com: cannot be sent"),
        ("smtp://192.0.2.7:2424/", "http://a/", "[recipients] user2@example.com: cannot be sent"),
        ("refer = [", "refer = [7, ", "[recipients] user2@example.com refer: expected a list"),
        ('when_full = "defer"', 'when_full = "x"', 'expected "defer" or "reject", found "x"'),
        ('{ reject = "not-here" }', "{ quota_messages = 1 }", "[recipients] *: has no quota"),
        ("# [tls]", "[tls]", "[tls] certificate: expected a string, it is missing"),
        ("# [users]", "[users]\na = { password = 'secret' }", "`replymeta serve --hash-password`"),
        ("# [users]", f"[users]\na = {{ password = '{PasswordHash.of('x')}' }}", "needs [tls]"),
        ("[server]", "[server", "the file is TOML: "),
        ("[server]", "\x1b]0;evil\x07", "the file is TOML: "),
    ],
)
def test_a_mistake_in_a_file_is_said_with_its_place_and_what_belongs_there(
    tmp_path, capsys, old, new, said
):
    text = example_file().replace("\n# [tls]\n", "\n# [tls]\n")
    assert old in text
    text = text.replace(old, new, 1)
    if new == "[tls]":
        text = text.replace("# [users]", "")
    path = written(tmp_path, text)
    assert main(["serve", "--config", str(path), "--check"]) == 2
    captured = capsys.readouterr()
    assert captured.err.startswith(f"replymeta serve: {path}: ")
    assert said in captured.err
    assert captured.err.count("\n") == 1
    assert captured.err.removesuffix("\n").isprintable()


def test_a_certificate_that_is_not_there_is_said(tmp_path, capsys):
    text = re.sub(r"(?m)^# (\[tls\]|certificate|key)", r"\1", example_file())
    assert main(["serve", "--config", str(written(tmp_path, text))]) == 2
    assert "[tls]: certificate or key: No such file" in capsys.readouterr().err
    for name in ("pem", "key"):
        (tmp_path / f"mx.example.org.{name}").write_text("no certificate")
    assert main(["serve", "--config", str(written(tmp_path, text))]) == 2
    assert "[tls]: certificate and key do not fit" in capsys.readouterr().err


def test_a_file_can_be_checked_without_starting_and_a_missing_one_is_said(tmp_path, capsys):
    assert main(["serve", "--config", str(written(tmp_path)), "--check"]) == 0
    assert main(["serve", "--config", str(tmp_path / "missing"), "--check"]) == 2
    assert "No such file" in capsys.readouterr().err
    (tmp_path / "octets").write_bytes(b"name = '\xff'")
    assert main(["serve", "--config", str(tmp_path / "octets"), "--check"]) == 2
    assert "the file is UTF-8, octet 8 is not" in capsys.readouterr().err


@pytest.mark.parametrize(
    "options", [["--smtp"], ["--listen", "127.0.0.1:0"], ["--name", "mx"], ["--trust", "::1"]]
)
def test_what_stands_in_the_file_is_not_said_again(tmp_path, capsys, options):
    assert main(["serve", "--config", str(written(tmp_path)), "--check", *options]) == 2
    assert "stands in the file of --config" in capsys.readouterr().err
    assert main(["serve", "--maildir", str(tmp_path), "--check"]) == 2


def test_a_password_is_kept_as_a_hash_that_fits_it_alone(monkeypatch, capsys):
    monkeypatch.setattr("sys.stdin", io.StringIO("pässword\n"))
    assert main(["serve", "--hash-password"]) == 0
    shown = capsys.readouterr().out.strip()
    assert "pässword" not in shown
    table = PasswordTable({"a": PasswordHash.parse(shown)})
    asked = [("a", "pässword", ""), ("a", "pässword", "a"), ("a", "pässword", "b")]
    asked += [("a", "x", ""), ("b", "pässword", "")]
    right = [table(PlainCredentials(*who)).call() for who in asked]
    assert right == [True, True, False, False, False]
    for text in ("", "x", "scrypt:3:QUFBQUFBQUE=:QUFBQUFBQUE=", shown.replace("scrypt", "md5")):
        with pytest.raises(ValueError, match="no hash of a password"):
            PasswordHash.parse(text)


# Quota


@pytest.mark.parametrize(
    ("when_full", "code", "enhanced"), [("defer", 452, "4.2.2"), ("reject", 552, "5.2.2")]
)
@pytest.mark.parametrize("protocol", ["lmtp", "smtp"])
def test_a_full_mailbox_is_refused_at_rcpt_and_after_the_content(
    start, tmp_path, protocol, when_full, code, enhanced
):
    full = f'{{ quota_octets = 2000, when_full = "{when_full}" }}'
    text = on_any_port(example_file()).replace('protocol = "lmtp"', f'protocol = "{protocol}"')
    text = text.replace('"user1@example.com" = "local"', f'"user1@example.com" = {full}')
    program = start("serve", "--config", str(written(tmp_path, text)))
    recipient, other = (RcptTo(Path.of(f"{name}@example.com")) for name in ("user1", "other"))
    with opening(program.port, Protocol[protocol.upper()]) as connection:
        sized = MailFrom(NULL_PATH, (Parameter("SIZE", "3000"),))
        _, refused = connection.ask_all((sized, recipient))
        assert (refused.code, refused.enhanced_code) == (code, enhanced)
    with opening(program.port, Protocol[protocol.upper()]) as connection:
        _, one, two, _ = connection.ask_all((MAIL, recipient, other, StartData()))
        assert (one.code, two.code) == (250, 250)
        results = connection.send_content(b"x" * 70 + b"\r\n" + (b"y" * 998 + b"\r\n") * 3)
    assert (results[0].code, results[0].enhanced_code) == (code, enhanced)
    stored = [path.parts[-3] for path in (tmp_path / "mail").glob("*/new/*")]
    # SMTP has one reply for all: what one recipient does not get nobody gets.
    assert stored == (["other@example.com"] if protocol == "lmtp" else [])


# Logs


def test_each_event_is_one_line_of_json_whatever_the_client_sends(start, tmp_path):
    program = start(
        "serve", "--config", str(written(tmp_path, on_any_port(example_file()))), "--log-json"
    )
    evil = '"\x7f\\\r\n{\\"event\\": \\"stored\\"}'
    with socket.create_connection(("127.0.0.1", program.port), 5) as raw:
        raw.sendall(b"LHLO a\r\nNOOP \x1b[2J\x7f\r\nMAIL FROM:<>\r\n")
        raw.sendall(b'RCPT TO:<"a b\\\\{}: stored"@example.com>\r\n')
        raw.sendall(b"RCPT TO:<j\xc3\xb6s\xe2\x80\xae@example.com>\r\n")
        raw.sendall(f"RCPT TO:<{evil}@example.com>\r\nQUIT\r\n".encode())
        while raw.recv(65536):
            pass
    status, log = program.stop()
    assert status == 0
    events = [json.loads(line) for line in log.splitlines()]
    assert log.isascii()
    assert not re.search(r"[\x00-\x09\x0b-\x1f\x7f]", log)
    assert [event["event"] for event in events if event["event"] == "stored"] == []
    names = [event["event"] for event in events]
    assert names[:2] == ["connected", "refused"]
    (recipient,) = [event for event in events if event["event"] == "recipient"]
    assert recipient["recipient"] == '"a b\\\\{}: stored"@example.com'
    (mail,) = [event for event in events if event["event"] == "mail"]
    assert recipient["trace_id"] == mail["trace_id"]


# The end


def test_a_server_told_to_stop_lets_a_transaction_end_and_says_421_to_the_idle(start, tmp_path):
    program = start("serve", "--config", str(written(tmp_path, on_any_port(example_file()))))
    with opening(program.port) as busy, opening(program.port) as idle:
        busy.ask_all((MAIL, RcptTo(Path.of("user1@example.com")), StartData()))
        ended = []
        stopping = threading.Thread(target=lambda: ended.append(program.stop()))
        stopping.start()
        with pytest.raises(PeerUnavailable, match="closes the connection") as told:
            wait_for_notice(idle)
        assert told.value.reply.octets == (
            b"421 4.3.2 [RETRY-AFTER 60] mx.example.org Service is shutting down\r\n"
        )
        with pytest.raises(PeerUnavailable, match="no connection"):
            opening(program.port)
        (reply,) = busy.send_content(b"Hi\r\n")
        assert reply.code == 250
        stopping.join(10)
    assert ended
    assert ended[0][0] == 0
    assert len(list((tmp_path / "mail").glob("*/new/*"))) == 1


def wait_for_notice(connection):
    """Look at the connection until something came."""
    while True:
        connection.ask_all(())
        time.sleep(0.01)
