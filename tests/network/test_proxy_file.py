"""The file of a proxy: every key read, every mistake said with file, key, expectation and hint."""

from __future__ import annotations

import pytest

from reply_metadata.__main__ import main
from reply_metadata.network.resolver import TableResolver
from reply_metadata.policy.referral import ReferralPolicy
from reply_metadata.programs import proxy_file
from reply_metadata.programs.proxy_file import read_proxy_file
from reply_metadata.programs.toml_file import FileMistake
from reply_metadata.transitions import Protocol

LEAST = '[proxy]\nlisten = "127.0.0.1:0"\nname = "proxy.example.org"\n[backends]\n"*" = "b:24"\n'


@pytest.fixture
def written(tmp_path):
    def write(text):
        path = tmp_path / "proxy.toml"
        path.write_text(text, "utf-8")
        return path

    return write


@pytest.fixture
def pem(tmp_path):
    trustme = pytest.importorskip("trustme", reason="trustme makes the certificates")
    authority = trustme.CA()
    issued = authority.issue_cert("proxy.example.org")
    authority.cert_pem.write_to_path(f"{tmp_path}/ca.pem")
    issued.private_key_and_cert_chain_pem.write_to_path(f"{tmp_path}/own.pem")
    return tmp_path


def test_the_example_at_the_head_of_the_module_is_a_right_file(written, pem):
    _, _, example = proxy_file.__doc__.partition("\n\n")
    for name in ("ca", "cert", "key"):
        of_test = f"{pem}/{'ca' if name == 'ca' else 'own'}.pem"
        example = example.replace(f"/etc/proxy/{name}.pem", of_test)
    file = read_proxy_file(written(example))
    assert file.protocol is Protocol.LMTP
    assert file.tls is not None
    dialer = file.proxy.dialer
    assert (dialer.protocol, dialer.is_server) == (Protocol.LMTP, True)
    assert dialer.tls is not None
    assert dialer.tls.required
    assert dialer.tls_for("b.example").server_name == "b.example"
    assert (dialer.timeouts.command_s, dialer.timeouts.result_s) == (30, 300)
    assert file.proxy.recipient_timeout_s == 120
    assert file.proxy.logged_fields == file.proxy.hop.forward_names == {"node"}
    assert isinstance(file.proxy.resolver, TableResolver)
    assert file.proxy.referral.follow


def test_what_is_not_said_is_off(written):
    file = read_proxy_file(written(LEAST))
    assert file.tls is None
    assert file.proxy.dialer.tls is None
    assert file.proxy.referral == ReferralPolicy()
    assert file.proxy.trusted_clients == ()
    assert file.proxy.logged_fields == file.proxy.hop.forward_names == frozenset()


def test_smtp_can_be_spoken_with_the_hosts_behind(written):
    text = LEAST.replace("[backends]", 'backend_protocol = "smtp"\n[backends]')
    assert read_proxy_file(written(text)).proxy.dialer.protocol is Protocol.SMTP


PROXY, BACKENDS = "[proxy]\n", "[backends]\n"
MISTAKES = {
    "unknown table": ("[backends]", "[backend]", "backend", "is not known", 'mean "backends"?'),
    "unknown key": (PROXY, PROXY + "lisen = 1\n", "[proxy] lisen", "is not known", '"listen"?'),
    "missing": ('name = "proxy.example.org"\n', "", "[proxy] name", "a string", "it is missing"),
    "type": (PROXY, PROXY + "protocol = 1\n", "[proxy] protocol", "expected a string", "found 1"),
    "choice": (
        PROXY,
        PROXY + 'protocol = "smpt"\n',
        "[proxy] protocol",
        'expected "lmtp" or "smtp", found "smpt"',
        'did you mean "smtp"?',
    ),
    "name": ("proxy.example.org", "no name", "[proxy] name", "expected a host name", "'no name'"),
    "address": ("127.0.0.1:0", "here", "[proxy] listen", "expected HOST:PORT", "found 'here'"),
    "IPv6": ("127.0.0.1:0", "::1:24", "[proxy] listen", "HOST:PORT", "stands in brackets"),
    "domain": ('"*"', '"example.com"', "[backends] example.com", "a mailbox", '"@example.com"?'),
    "no backend": ('"*" = "b:24"\n', "", "[backends]", "expected at least one", 'such as "*"'),
    "seconds": (
        PROXY,
        PROXY + "reply_timeout_s = 0\n",
        "[proxy] reply_timeout_s",
        "expected 1 to 3600",
        "found 0",
    ),
    "network": (
        PROXY,
        PROXY + 'trusted_clients = ["192.0.2.1/24"]\n',
        "[proxy] trusted_clients",
        "expected a network such as 192.0.2.0/24",
        "has host bits set",
    ),
    "no list": (
        PROXY,
        PROXY + 'trusted_clients = "192.0.2.0/24"\n',
        "[proxy] trusted_clients",
        "expected a list of strings",
        "found",
    ),
    "field": (
        PROXY,
        PROXY + 'forward_names = ["a b"]\n',
        "[proxy] forward_names",
        "expected the name of a FORWARD field",
        "'a b'",
    ),
    "private key": (
        PROXY,
        PROXY + 'private_keys = ["sid"]\n',
        "[proxy] private_keys",
        "expected a private key such as org.example.id",
        "has a dot",
    ),
    "address of a host": (
        BACKENDS,
        '[hosts]\nb = ["here"]\n' + BACKENDS,
        "[hosts] b",
        "expected an IP address",
        "'here'",
    ),
    "ports": (
        BACKENDS,
        '[referral]\nallowed_ports = ["24-"]\n' + BACKENDS,
        "[referral] allowed_ports",
        "expected ports such as 24 or 2424-2430",
        "'24-'",
    ),
    "no hops": (
        BACKENDS,
        "[referral]\nhop_limit = 0\n" + BACKENDS,
        "[referral] hop_limit",
        "expected 1 to 3",
        "found 0",
    ),
    "more hops than the draft allows": (
        BACKENDS,
        "[referral]\nhop_limit = 4\n" + BACKENDS,
        "[referral] hop_limit",
        "expected 1 to 3",
        "found 4",
    ),
    "switch": (
        BACKENDS,
        '[referral]\nfollow = "yes"\n' + BACKENDS,
        "[referral] follow",
        "expected true or false",
        "'yes'",
    ),
    "no TLS mode": (
        BACKENDS,
        '[tls]\nbackends = "always"\n' + BACKENDS,
        "[tls] backends",
        '"opportunistic" or "required"',
        'found "always"',
    ),
    "CA without a check": (
        BACKENDS,
        '[tls]\nca_file = "x"\n' + BACKENDS,
        "[tls] ca_file",
        "expected none here",
        'backends = "required"',
    ),
    "CA that is not there": (
        BACKENDS,
        '[tls]\nbackends = "required"\nca_file = "/nowhere/ca.pem"\n' + BACKENDS,
        "[tls] ca_file",
        "expected files in PEM",
        "No such file",
    ),
    "half a certificate": (
        BACKENDS,
        '[tls]\ncertificate = "x"\n' + BACKENDS,
        "[tls] key",
        "expected the name of a file",
        "stand together",
    ),
    "no TOML": (PROXY, "[proxy\n", "the file is TOML", "Expected", "line 1"),
    "no table": (PROXY, "tls = 1\n" + PROXY, "tls", "expected a table", "found 1"),
    "control": ("127.0.0.1:0", "a\\u001bb", "[proxy] listen", "HOST:PORT", "x1b"),
}


@pytest.mark.parametrize(("old", "new", "key", "expected", "hint"), MISTAKES.values(), ids=MISTAKES)
def test_a_mistake_is_said_with_file_key_expectation_and_hint(
    written, capsys, old, new, key, expected, hint
):
    assert old in LEAST
    path = written(LEAST.replace(old, new, 1))
    assert main(["proxy", "--config", f"{path}", "--check"]) == 2
    captured = capsys.readouterr()
    assert captured.out == ""
    line = captured.err.removesuffix("\n")
    assert line.startswith(f"replymeta proxy: {path}: {key}: ")
    assert expected in line
    assert hint in line
    assert "\n" not in line
    assert "\x1b" not in line


def test_a_file_that_is_no_utf8_is_said(tmp_path, capsys):
    path = tmp_path / "proxy.toml"
    path.write_bytes(b"[proxy]\nname = '\xff'\n")
    assert main(["proxy", "--config", f"{path}", "--check"]) == 2
    assert "the file is UTF-8, octet 16 is not" in capsys.readouterr().err


def test_a_key_that_is_no_pair_of_its_certificate_is_said(written, pem):
    tls = f'[tls]\ncertificate = "{pem}/ca.pem"\nkey = "{pem}/own.pem"\n'
    with pytest.raises(FileMistake, match=r"\[tls\] certificate: expected files in PEM"):
        read_proxy_file(written(tls + LEAST))
