"""A7 to A10: hostile REFERRAL groups: their URIs, where they lead, loops, and less protection.

The rules: a URI that is no `referral-uri` (Draft: #req-referral-parser) makes the group unused; one
that is leads nowhere by default (#req-referral-off), and to listed networks and ports only
(#req-referral-targets), never in a circle (#req-referral-loop), never to less TLS
(#req-referral-tls).  The verdicts are the names of `reply_metadata.policy.referral.NotFollowed`.
"""

from __future__ import annotations

from hostile_peers.writing import PROTOCOLS, SENDER, ClientTalk, Family, rcpt, slug

PARSER = "Draft: #req-referral-parser"
TARGETS = "Draft: #req-referral-targets"
SPLITTING = (
    "smtp://back\r\nend2/", "smtp://h\r\nRSET\r\n/", "smtp://h\0/", "smtp://h\n/",
)  # fmt: skip
"""Control characters: the group is not used for that (Draft: #req-value-text)."""
URIS = (
    " smtp://backend2/", "smtp://backend2/ ", "smtp://user@backend2/", "smtp://a@b@c/",
    "smtp://user:secret@backend2/", "smtp://h\\@evil/", "smtp://h%0d%0aRSET/", "smtp://h%00/",
    "smtp://h%40evil/", "smtp://h>/", "smtp://<h>/", "smtp://h h/", "smtp://b\xc3\xa4ckend/",
    "smtp://\xef\xbd\x8cocalhost/", "smtp://h/?q", "smtp://h/#f", "smtp://h/path", "smtp://h//",
    "smtp:///", "smtp://", "smtp:backend2", "//backend2/", "backend2", "http://backend2/",
    "lmtp://backend2/", "smtps://backend2/", "unix:/run/x", "file:///etc/passwd", "smtp://:24/",
    "smtp://h:/", "smtp://h:0/", "smtp://h:024/", "smtp://h:65536/", "smtp://h:99999/",
    "smtp://h:2_4/", "smtp://h:+24/", "smtp://h:24:25/", "smtp://h:smtp/", "smtp://127.1/",
    "smtp://127.0.0.01/", "smtp://0177.0.0.1/", "smtp://0x7f000001/", "smtp://2130706433/",
    "smtp://256.0.0.1/", "smtp://1.2.3.4.5/", "smtp://1.2.3/", "smtp://[::1/", "smtp://::1/",
    "smtp://[::1]x/", "smtp://[::ffff:127.0.0.1%25eth0]/", "smtp://[fe80::1%25eth0]/",
    "smtp://[v1.x]/", "smtp://[]/", "smtp://-h/", "smtp://h-/", "smtp://h..example/", "smtp://.h/",
    "smtp://h./", "smtp://h_1/", "smtp://*/", "smtp://h,i/", "smtp://h;i/", "smtp://h|i/",
    "smtp://$(id)/", "smtp://`id`/", "smtp://h\xe2\x80\xae/", "smtp://h\xe3\x80\x82example/",
)  # fmt: skip
ANYWHERE = {"networks": ["0.0.0.0/0", "::/0"], "ports": [[1, 65535]]}
WHERE = {
    # host and port, what the operator allows, the verdict
    "127.0.0.1:24": (ANYWHERE, "LOOPBACK"),
    "127.8.8.8:24": (ANYWHERE, "LOOPBACK"),
    "[::1]:24": (ANYWHERE, "LOOPBACK"),
    "[::ffff:127.0.0.1]:24": (ANYWHERE, "LOOPBACK"),
    "[::ffff:7f00:1]:24": (ANYWHERE, "LOOPBACK"),
    "169.254.169.254:80": (ANYWHERE, "LINK_LOCAL"),
    "[fe80::1]:24": (ANYWHERE, "LINK_LOCAL"),
    "[::ffff:169.254.169.254]:80": (ANYWHERE, "LINK_LOCAL"),
    "0.0.0.0:24": (ANYWHERE, "NO_HOST_ADDRESS"),
    "[::]:24": (ANYWHERE, "NO_HOST_ADDRESS"),
    "224.0.0.1:24": (ANYWHERE, "NO_HOST_ADDRESS"),
    "[ff02::1]:24": (ANYWHERE, "NO_HOST_ADDRESS"),
    "[::ffff:224.0.0.1]:24": (ANYWHERE, "NO_HOST_ADDRESS"),
    "192.0.2.7:24": ({"networks": ["198.51.100.0/24"], "ports": [[1, 65535]]}, "NETWORK_NOT_ALLOWED"),
    "[2001:db8::7]:24": ({"networks": ["0.0.0.0/0"], "ports": [[1, 65535]]}, "NETWORK_NOT_ALLOWED"),
    "198.51.100.7:22": ({"networks": ["198.51.100.0/24"], "ports": [[24, 24]]}, "PORT_NOT_ALLOWED"),
    "198.51.100.7:6379": ({"networks": ["198.51.100.0/24"], "ports": [[24, 24]]}, "PORT_NOT_ALLOWED"),
    "198.51.100.7:587": ({"networks": ["198.51.100.0/24"], "ports": [[24, 24]]}, "PORT_NOT_ALLOWED"),
    "inside.example.org:24": (ANYWHERE, "LOOPBACK"),
    "metadata.example.org:80": (ANYWHERE, "LINK_LOCAL"),
    "nowhere.example.org:24": (ANYWHERE, "NOT_RESOLVED"),
}  # fmt: skip
NAMES = {"inside.example.org": ["127.0.0.1"], "metadata.example.org": ["169.254.169.254"]}


def encoded(value: str) -> str:
    """A value as sent; Draft: #values."""
    octets = value.encode("latin-1")
    return "".join(
        chr(octet) if 0x21 <= octet < 0x7F and octet not in b"+<=>[]" else f"+{octet:02X}"
        for octet in octets
    )


def family() -> Family:
    """URIs, targets, loops, downgrades."""
    for uri in SPLITTING:
        yield _uri(uri, "control-character")
    for uri in URIS:
        yield _uri(uri, "not-utf-8" if "\xff" in uri else "bad-value")
    yield _group("no-uri", "[REFERRAL]", "missing-argument")
    nine = " ".join(f"smtp://b{number}/" for number in range(9))
    yield _group("nine-uris", f"[REFERRAL {nine}]", "surplus-argument")
    yield _group("a-named-argument", "[REFERRAL to=smtp://backend2/]", "missing-argument")
    yield _group(
        "a-bad-uri-behind-a-good-one", "[REFERRAL smtp://b2/ smtp://u+40b/ http://b/]", "bad-value"
    )
    for protocol in PROTOCOLS:
        for target, (allowed, verdict) in WHERE.items():
            talk = _referred(
                f"{slug(target)}-by-default-{protocol}",
                "A8",
                "Draft: #req-referral-off",
                protocol,
                target,
            )
            _verdict(talk, "OFF")
            yield talk
            talk = _referred(
                f"{slug(target)}-where-much-is-allowed-{protocol}", "A8", TARGETS, protocol, target
            )
            _verdict(talk, verdict, follow=True, trusted=True, **allowed)
            yield talk
        yield from _others(protocol)


def _uri(uri: str, status: str) -> ClientTalk:
    attack = "A10" if ":secret@" in uri else "A7"
    name = f"uri-{slug(uri)}"
    return _group(name, f"[REFERRAL {encoded(uri)}]", status, attack)


def _group(name: str, group: str, status: str, attack: str = "A7") -> ClientTalk:
    talk = ClientTalk(name, attack, PARSER, "lmtp")
    talk.greet()
    talk.trade(SENDER, "250 2.1.0 OK\r\n")
    talk.trade(rcpt(1), f"450 4.4.4 {group} moved\r\n", groups=[["REFERRAL", status]])
    talk.goodbye()
    return talk


def _referred(name: str, attack: str, source: str, protocol: str, *targets: str) -> ClientTalk:
    talk = ClientTalk(f"referral-to-{name}", attack, source, protocol)
    talk.greet()
    talk.trade(SENDER, "250 2.1.0 OK\r\n")
    uris = " ".join(encoded(f"smtp://{target}/") for target in targets)
    reply = f"450 4.4.4 [REFERRAL {uris}] moved\r\n"
    talk.trade(rcpt(1), reply, groups=[["REFERRAL", "used"]])
    talk.goodbye()
    return talk


def _verdict(talk: ClientTalk, *verdicts: str, **policy: object) -> None:
    """What the policy says to the URIs; `came_from` is the connection the reply came on."""
    talk.head["policy"] = {"names": NAMES, "came_from": "203.0.113.9:24", **policy}
    talk.expected["referral"] = list(verdicts)


def _others(protocol: str) -> Family:
    """Trust, ports, loops, chains, TLS."""
    on: dict[str, object] = {"follow": True, **ANYWHERE}
    host = "198.51.100.7:24"

    def one(name: str, attack: str, source: str, *targets: str) -> ClientTalk:
        return _referred(f"{name}-{protocol}", attack, source, protocol, *targets)

    talk = one("a-host-from-an-untrusted-peer", "A8", "Draft: #req-referral-trust", host)
    _verdict(talk, "PEER_NOT_TRUSTED", **on)
    yield talk
    talk = one(
        "a-host-on-the-port-the-reply-came-on", "A8", "Draft: #req-referral-port", "198.51.100.7"
    )
    _verdict(talk, "PORT_NOT_ALLOWED", **{**on, "trusted": True, "ports": [[2424, 2424]]})
    yield talk
    if protocol == "lmtp":
        talk = one("port-25-in-lmtp", "A8", "RFC 2033, Section 5", "198.51.100.7:25")
        _verdict(talk, "LMTP_ON_PORT_25", **on, trusted=True)
        yield talk
    for name, visited, hops, verdict in (
        ("the-same-host", ["203.0.113.9:24"], 0, "VISITED"),
        ("a-host-of-a-circle-of-two", [host], 1, "VISITED"),
        ("a-host-of-a-circle-of-three", ["192.0.2.1:24", host], 2, "VISITED"),
        ("a-fourth-host-in-a-row", ["192.0.2.1:24", "192.0.2.2:24", "192.0.2.3:24"], 3, "TOO_MANY_HOPS"),
        ("the-hundredth-host-in-a-row", [], 99, "TOO_MANY_HOPS"),
    ):  # fmt: skip
        target = "203.0.113.9:24" if name == "the-same-host" else host
        talk = one(name, "A9", "Draft: #req-referral-loop", target)
        _verdict(talk, verdict, **on, trusted=True, visited=visited, hops=hops)
        yield talk
    talk = one(
        "the-same-host-by-another-form",
        "A9",
        "Draft: #req-referral-loop",
        "[::ffff:203.0.113.9]:24",
    )
    _verdict(talk, "VISITED", **on, trusted=True)
    yield talk
    for before, now in (("verified", "none"), ("encrypted", "none"), ("verified", "encrypted")):
        talk = one(f"a-host-with-{now}-after-{before}", "A10", "Draft: #req-referral-tls", host)
        _verdict(talk, "LESS_TLS", **on, trusted=True, tls_before=before, tls_now=now)
        yield talk
    talk = one("a-host-without-an-extension", "A10", "Draft: #req-referral-extensions", host)
    _verdict(talk, "LACKS_EXTENSION", **on, trusted=True, needed=["REQUIRETLS"])
    yield talk
    talk = ClientTalk(f"auth-without-tls-{protocol}", "A10", "RFC 4954, Section 4", protocol)
    talk.greet("AUTH PLAIN")
    talk.auth()
    talk.caller_refused()
    talk.never_writes("AUTH")
    yield talk
