"""`replymeta serve`, `send` and `proxy`: real processes, and a configuration that is checked."""

from __future__ import annotations

import re
import signal
from pathlib import Path

import pytest

from reply_metadata.__main__ import main
from reply_metadata.network.resolver import TableResolver
from reply_metadata.policy.referral import ReferralPolicy
from reply_metadata.programs.arguments import host_and_port, mailbox_and_value
from reply_metadata.programs.proxy_file import read_proxy_file
from reply_metadata.transitions import Protocol

CONFIGURATION = """
[proxy]
listen = "127.0.0.1:0"
protocol = "smtp"
name = "proxy.example.org"
trusted_clients = ["127.0.0.0/8"]
forward_names = ["Node"]
private_keys = ["org.Dovecot.sid"]
[backends]
"user1@Example.com" = "backend1:2425"
"*" = "[::1]:2424"
[hosts]
backend1 = ["192.0.2.7"]
[referral]
follow = true
trusted_peers = ["192.0.2.0/24"]
allowed_networks = ["192.0.2.0/24"]
allowed_ports = ["24", "2424-2430"]
hop_limit = 2
dovecot_redirects = true
"""


def test_three_programs_bring_a_message_to_where_the_user_is(start, tmp_path, capsys):
    backend2 = start("serve", "--listen", "127.0.0.1:0", "--maildir", str(tmp_path / "two"))
    backend1 = start(
        "serve",
        "--lmtp",
        *("--listen", "127.0.0.1:0", "--name", "backend1"),
        *("--maildir", str(tmp_path / "one"), "--trust", "127.0.0.0/8"),
        *("--refer", f"user2@example.com=smtp://127.0.0.1:{backend2.port}/"),
        *("--defer", "user3@example.com=300", "--reject", "user4@example.com=no-user"),
    )
    configuration = tmp_path / "proxy.toml"
    configuration.write_text(
        f"""
        [proxy]
        listen = "127.0.0.1:0"
        name = "proxy.example.org"
        [backends]
        "*" = "127.0.0.1:{backend1.port}"
        [referral]
        follow = true
        trusted_peers = ["127.0.0.0/8"]
        allowed_networks = ["127.0.0.0/8"]
        allowed_ports = ["{backend2.port}"]
        """
    )
    proxy = start("proxy", "--config", str(configuration))
    message = tmp_path / "message"
    message.write_bytes(b"Subject: test\n\n.Hi\n")

    def send(*users):
        to = [word for user in users for word in ("--to", f"user{user}@example.com")]
        where = ("--lmtp", f"127.0.0.1:{proxy.port}", "--from", "a@example.org")
        status = main(["send", *where, *to, str(message)])
        return status, capsys.readouterr().out

    status, shown = send(1, 2)
    assert status == 0
    assert "   S: 250 2.1.5 OK\n" in shown
    assert "   C: ..Hi\n" in shown
    for folder, user in (("one", "user1"), ("two", "user2")):
        (stored,) = (tmp_path / folder / f"{user}@example.com" / "new").iterdir()
        assert stored.read_bytes().endswith(b"Subject: test\n\n.Hi\n")

    status, shown = send(1, 3, 4)
    assert status == 1
    assert "   S: 450 4.2.1 [RETRY-AFTER 300] Try again later\n" in shown
    assert "                ^^^^^^^^^^^^^^^^^ metadata\n" in shown
    assert "   S: 550 5.1.1 [REASON no-user] No such user here\n" in shown

    status, log = backend2.stop(signal.SIGINT)
    assert status == 0
    assert re.search(r": stored client=\S+ trace_id=\w+ queue_id=\w+ recipient=user2@", log)
    assert send(2)[0] == 1
    assert backend1.stop()[0] == 0
    status, log = proxy.stop()
    assert status == 0
    assert f"user2@example.com referred by 127.0.0.1:{backend1.port}" in log
    assert "the host was not reached" in log


@pytest.mark.parametrize(
    "arguments",
    [
        ["serve", "--maildir", "x", "--listen", "127.0.0.1"],
        ["serve", "--maildir", "x", "--refer", "nobody"],
        ["serve", "--maildir", "x", "--trust", "192.0.2.1/24"],
        ["send", "--lmtp", "127.0.0.1:1", "--from", "a b", "--to", "a@example.org"],
        ["send", "--lmtp", "127.0.0.1:x", "--from", "a@example.org", "--to", "a@example.org"],
    ],
)
def test_arguments_that_make_no_sense_are_refused_with_words(arguments, capsys):
    with pytest.raises(SystemExit) as caught:
        main(arguments)
    assert caught.value.code == 2
    assert "error: argument" in capsys.readouterr().err


@pytest.mark.parametrize(
    "options",
    [
        ["--refer", "u@example.org=http://backend2/"],
        ["--refer", "u@example.org="],
        ["--defer", "u@example.org=soon"],
        ["--reject", "u@example.org=two words"],
        ["--reject", "u@example.org", "--defer", "u@example.org"],
        ["--name", "not a name"],
    ],
)
def test_decisions_that_could_not_be_sent_are_refused_at_the_start(options, capsys, tmp_path):
    assert main(["serve", "--maildir", str(tmp_path), *options]) == 2
    assert capsys.readouterr().err.startswith("replymeta serve: ")


def test_a_port_that_is_taken_is_said(start, tmp_path, capsys):
    first = start("serve", "--listen", "127.0.0.1:0", "--maildir", str(tmp_path))
    assert main(["serve", "--listen", f"127.0.0.1:{first.port}", "--maildir", str(tmp_path)]) == 2
    assert "cannot listen" in capsys.readouterr().err


def test_sending_to_nobody_is_said(capsys, tmp_path):
    (tmp_path / "m").write_bytes(b"Hi\n")
    to = ["--from", "a@example.org", "--to", "a@example.org", str(tmp_path / "m")]
    assert main(["send", "--smtp", "127.0.0.1:9", *to]) == 1
    assert "no connection" in capsys.readouterr().err


def test_the_proxy_program_offers_tls_with_its_certificate(start, tmp_path, capsys):
    trustme = pytest.importorskip("trustme", reason="trustme makes the certificates")
    authority = trustme.CA()
    issued = authority.issue_cert("127.0.0.1")
    authority.cert_pem.write_to_path(f"{tmp_path}/ca.pem")
    issued.private_key_and_cert_chain_pem.write_to_path(f"{tmp_path}/own.pem")
    (tmp_path / "message").write_text("Subject: test\n\nHi\n")
    backend = start("serve", "--listen", "127.0.0.1:0", "--maildir", f"{tmp_path}/mail")
    (tmp_path / "proxy.toml").write_text(
        f"""
        [proxy]
        listen = "127.0.0.1:0"
        name = "proxy.example.org"
        [tls]
        certificate = "own.pem"
        key = "own.pem"
        [backends]
        "*" = "127.0.0.1:{backend.port}"
        """
    )
    proxy = start("proxy", "--config", f"{tmp_path}/proxy.toml")
    to = ["--from", "a@example.org", "--to", "user1@example.com", f"{tmp_path}/message"]
    tls = ["--tls", "required", "--ca-file", f"{tmp_path}/ca.pem"]
    assert main(["send", "--lmtp", f"127.0.0.1:{proxy.port}", *tls, *to]) == 0
    assert "   C: STARTTLS\n   S: 220 2.0.0 Ready to start TLS\n" in capsys.readouterr().out


# The file of a proxy


def written(tmp_path, text) -> Path:
    path = tmp_path / "proxy.toml"
    path.write_text(text)
    return path


def test_the_file_says_what_the_proxy_does(tmp_path):
    file = read_proxy_file(written(tmp_path, CONFIGURATION))
    assert file.listen == ("127.0.0.1", 0)
    assert file.protocol is Protocol.SMTP
    assert file.server.host_name == file.proxy.dialer.host_name == "proxy.example.org"
    assert file.proxy.routes["user1@example.com"] == ("backend1", 2425)
    assert file.proxy.routes["*"] == ("::1", 2424)
    assert isinstance(file.proxy.resolver, TableResolver)
    policy = file.proxy.referral
    assert policy.follow
    assert policy.allowed_ports == (range(24, 25), range(2424, 2431))
    assert policy.hop_limit == 2
    assert file.proxy.hop.forward_names == {"node"}
    assert file.proxy.hop.private_keys == {"org.dovecot.sid"}


def test_a_file_without_a_referral_section_follows_nothing(tmp_path):
    text = CONFIGURATION.partition("[referral]")[0]
    assert read_proxy_file(written(tmp_path, text)).proxy.referral == ReferralPolicy()


@pytest.mark.parametrize(
    ("old", "new"),
    [
        ("follow = true", 'follow = "yes"'),
        ("follow = true", "folow = true"),
        ("hop_limit = 2", "hop_limit = 0"),
        ('"2424-2430"', '"2424-"'),
        ('"2424-2430"', '"many"'),
        ('allowed_networks = ["192.0.2.0/24"]', 'allowed_networks = "192.0.2.0/24"'),
        ('trusted_peers = ["192.0.2.0/24"]', 'trusted_peers = ["192.0.2.1/24"]'),
        ('protocol = "smtp"', 'protocol = "imap"'),
        ('name = "proxy.example.org"', 'name = "not a name"'),
        ('name = "proxy.example.org"', ""),
        ('listen = "127.0.0.1:0"', 'listen = "here"'),
        ('"[::1]:2424"', '"::1:2424"'),
        ('"[::1]:2424"', "2424"),
        ('"*" =', '"example.com" ='),
        ("[hosts]", "[host]"),
        ('["192.0.2.7"]', '["localhost"]'),
        ("[proxy]", "[proxy"),
        ("[proxy]", "proxy = 1\n[proxies]"),
    ],
)
def test_a_file_with_a_mistake_is_refused_whole(tmp_path, old, new, capsys):
    assert old in CONFIGURATION
    path = written(tmp_path, CONFIGURATION.replace(old, new))
    assert main(["proxy", "--config", str(path), "--check"]) == 2
    assert capsys.readouterr().err.startswith(f"replymeta proxy: {path}: ")


def test_a_right_file_can_be_checked_without_starting(tmp_path):
    assert main(["proxy", "--config", str(written(tmp_path, CONFIGURATION)), "--check"]) == 0
    assert main(["proxy", "--config", str(tmp_path / "missing"), "--check"]) == 2


def test_addresses_and_mailboxes_as_people_write_them():
    assert host_and_port("[2001:db8::1]:24") == ("2001:db8::1", 24)
    assert mailbox_and_value("a=b@Example.org=x=y") == ("a=b@example.org", "x=y")
