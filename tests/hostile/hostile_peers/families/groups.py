"""A20, A21 and A22: groups that are wrong, in conflict, in the wrong place, or for other eyes.

The rules are those of the draft's section on errors (#errors) and on where metadata may appear
(#where): a group stands or falls alone, but for duplicates and broken lines; the reply stands.
"""

from __future__ import annotations

from hostile_peers.writing import (
    HELLO,
    HOST,
    KEYWORDS,
    PROTOCOLS,
    SENDER,
    ClientTalk,
    Family,
    ServerTalk,
    rcpt,
)

Groups = list[list[str]]
TRACE = "[TRACE-ID 7f3a]"


def family() -> Family:
    """Octets, conflicts, places, trust."""
    yield from _octets()
    for protocol in PROTOCOLS:
        for word, (source, to, line, groups) in CASES.items():
            yield _case(word, source, to, line, groups, protocol)
        yield from _places(protocol)
        yield from _trust(protocol)


def _octets() -> Family:
    """A20: octets that are no text, in text and in values."""
    for word, (text, groups) in {
        "8-bit-text": (f"{TRACE} caf\xe9", [["TRACE-ID", "used"]]),
        "utf-8-text": (f"{TRACE} caf\xc3\xa9", [["TRACE-ID", "used"]]),
        "all-8-bit": (f"{TRACE} " + "".join(map(chr, range(128, 256))), [["TRACE-ID", "used"]]),
        "raw-8-bit-in-a-value": ("[TRACE-ID caf\xe9] OK", []),
        "raw-utf-8-in-a-value": ("[TRACE-ID caf\xc3\xa9] OK", []),
        "raw-8-bit-in-a-key": ("[TRAC\xc9-ID a] OK", []),
        "raw-control-in-a-value": ("[TRACE-ID a\x01b] OK", []),
        "raw-tab-in-a-group": ("[TRACE-ID\ta] OK", []),
        "invalid-utf-8": ("[org.example.a +FF] OK", [["org.example.a", "not-utf-8"]]),
        "cut-utf-8": ("[org.example.a +E2+82] OK", [["org.example.a", "not-utf-8"]]),
        "overlong-slash": ("[org.example.a +C0+AF] OK", [["org.example.a", "not-utf-8"]]),
        "overlong-nul": ("[org.example.a +C0+80] OK", [["org.example.a", "not-utf-8"]]),
        "overlong-cr": ("[org.example.a +E0+80+8D] OK", [["org.example.a", "not-utf-8"]]),
        "surrogate": ("[org.example.a +ED+A0+80] OK", [["org.example.a", "not-utf-8"]]),
        "beyond-unicode": ("[org.example.a +F4+90+80+80] OK", [["org.example.a", "not-utf-8"]]),
        "lone-continuation": ("[org.example.a +80] OK", [["org.example.a", "not-utf-8"]]),
        "nul-encoded": ("[org.example.a a+00b] OK", [["org.example.a", "control-character"]]),
        "crlf-encoded": ("[org.example.a a+0D+0Ab] OK", [["org.example.a", "control-character"]]),
        "del-encoded": ("[org.example.a +7F] OK", [["org.example.a", "control-character"]]),
        "nel-encoded": ("[org.example.a +C2+85] OK", [["org.example.a", "control-character"]]),
        "lower-case-hex": ("[TRACE-ID a+4a] OK", []),
        "half-an-encoding": ("[TRACE-ID a+4] OK", []),
        "plus-alone": ("[TRACE-ID a+] OK", []),
        "percent-encoding-is-data": ("[TRACE-ID a%0d%0a] OK", [["TRACE-ID", "used"]]),
        "encoded-twice": ("[TRACE-ID a+2B0D] OK", [["TRACE-ID", "used"]]),
        "needless-encoding": ("[TRACE-ID +41] OK", [["TRACE-ID", "used"]]),
    }.items():
        yield _case(
            word,
            "Draft: #req-value-text",
            "mail",
            f"250 2.1.0 {text}",
            groups,
            "smtp",
            attack="A20",
        )
    for place in ("mail", "greeting"):
        talk = ClientTalk(f"nul-in-{place}", "A20", "RFC 5321, Section 4.2", "smtp")
        if place == "greeting":
            talk.send("220 mx\0example.org\r\n")
        else:
            talk.greet()
            talk.ask(SENDER)
            talk.answer(f"250 2.1.0 {TRACE} a\0b\r\n")
        talk.fails("protocol-error", "nul")
        yield talk


TWICE, ERRORS = "Draft: #req-duplicate-key", "Draft: #req-bad-arguments"
NAMES, PLACE = "Draft: #req-unknown-names", "Draft: #req-wrong-reply"
FORM, PATH = "Draft: #req-longest-run", "Draft: #req-path-recipient"


def _used(*keys: str) -> Groups:
    return [[key, "used"] for key in keys]


CASES: dict[str, tuple[str, str, str, Groups]] = {
    # word -> source, what it answers, the reply, the groups with their statuses
    "key-twice": (TWICE, "mail", "250 2.1.0 [TRACE-ID a] [TRACE-ID b] OK", [["TRACE-ID", "duplicate-key"]] * 2),
    "key-twice-alike": (TWICE, "mail", "250 2.1.0 [TRACE-ID a] [TRACE-ID a] OK", [["TRACE-ID", "duplicate-key"]] * 2),
    "key-twice-in-two-cases": (TWICE, "mail", "250 2.1.0 [TRACE-ID a] [trace-id b] OK", [["TRACE-ID", "duplicate-key"]] * 2),
    "key-twice-over-two-lines": (TWICE, "mail", "250-2.1.0 [TRACE-ID a] x|250 2.1.0 [TRACE-ID b] y", [["TRACE-ID", "duplicate-key"]] * 2),
    "key-twice-one-of-them-wrong": (TWICE, "rcpt", "450 4.2.1 [RETRY-AFTER x] [RETRY-AFTER 5] no", [["RETRY-AFTER", "duplicate-key"]] * 2),
    "key-three-times-and-another": (TWICE, "rcpt", "450 4.4.4 [REFERRAL smtp://a/] [REFERRAL smtp://b/] [REFERRAL smtp://c/] [TRACE-ID a] no",
                                    [*[["REFERRAL", "duplicate-key"]] * 3, ["TRACE-ID", "used"]]),
    "private-key-twice": (TWICE, "mail", "250 2.1.0 [org.a b] [org.a c] OK", _used("org.a", "org.a")),
    "unknown-key": ("Draft: #req-unknown-key", "mail", "250 2.1.0 [EVIL smtp://evil/] OK", [["EVIL", "unknown-key"]]),
    "unknown-key-and-a-known-one": ("Draft: #req-rest-stands", "mail", "250 2.1.0 [EVIL x] [TRACE-ID a] OK", [["EVIL", "unknown-key"], ["TRACE-ID", "used"]]),
    "x-key": ("Draft: #req-unknown-key", "mail", "250 2.1.0 [X-REFERRAL smtp://evil/] OK", [["X-REFERRAL", "unknown-key"]]),
    "key-like-a-prototype": ("Draft: #req-unknown-key", "mail", "250 2.1.0 [constructor a] [hasOwnProperty b] OK", [["CONSTRUCTOR", "unknown-key"], ["HASOWNPROPERTY", "unknown-key"]]),
    "key-in-lower-case": ("Draft: #syntax", "mail", "250 2.1.0 [trace-id a] OK", _used("TRACE-ID")),
    "key-cut": ("Draft: #req-unknown-key", "mail", "250 2.1.0 [TRACE a] OK", [["TRACE", "unknown-key"]]),
    "no-argument": (ERRORS, "mail", "250 2.1.0 [TRACE-ID] OK", [["TRACE-ID", "missing-argument"]]),
    "surplus-argument": (ERRORS, "mail", "250 2.1.0 [TRACE-ID a b] OK", [["TRACE-ID", "surplus-argument"]]),
    "name-twice": (ERRORS, "rcpt", "250 2.1.5 [FORWARD a=1 a=2] OK", [["FORWARD", "duplicate-name"]]),
    "name-twice-in-two-cases": (ERRORS, "rcpt", "250 2.1.5 [FORWARD node=1 NODE=2] OK", [["FORWARD", "duplicate-name"]]),
    "unknown-name-ignored": (NAMES, "mail", "250 2.1.0 [TRACE-ID a evil=1] OK", _used("TRACE-ID")),
    "seconds-negative": (ERRORS, "rcpt", "450 4.2.1 [RETRY-AFTER -1] no", [["RETRY-AFTER", "bad-value"]]),
    "seconds-of-8-digits": (ERRORS, "rcpt", "450 4.2.1 [RETRY-AFTER 10000000] no", [["RETRY-AFTER", "bad-value"]]),
    "seconds-with-underscore": (ERRORS, "rcpt", "450 4.2.1 [RETRY-AFTER 1_0] no", [["RETRY-AFTER", "bad-value"]]),
    "seconds-in-arabic-digits": (ERRORS, "rcpt", "450 4.2.1 [RETRY-AFTER +D9+A1+D9+A2] no", [["RETRY-AFTER", "bad-value"]]),
    "seconds-with-leading-zero": (ERRORS, "rcpt", "450 4.2.1 [RETRY-AFTER 007] no", [["RETRY-AFTER", "bad-value"]]),
    "seconds-with-a-fraction": (ERRORS, "rcpt", "450 4.2.1 [RETRY-AFTER 1.5] no", [["RETRY-AFTER", "bad-value"]]),
    "help-by-javascript": (ERRORS, "rcpt", "550 5.7.1 [HELP-URI javascript:alert(1)] no", [["HELP-URI", "bad-value"]]),
    "help-by-data": (ERRORS, "rcpt", "550 5.7.1 [HELP-URI data:text/html,x] no", [["HELP-URI", "bad-value"]]),
    "help-by-file": (ERRORS, "rcpt", "550 5.7.1 [HELP-URI file:///etc/passwd] no", [["HELP-URI", "bad-value"]]),
    "reason-with-markup": (ERRORS, "rcpt", "550 5.7.1 [REASON a+3Cb+3E] no", [["REASON", "bad-value"]]),
    "retry-on-success": (PLACE, "mail", "250 2.1.0 [RETRY-AFTER 5] OK", [["RETRY-AFTER", "wrong-class"]]),
    "retry-on-5yz": (PLACE, "rcpt", "550 5.1.1 [RETRY-AFTER 5] no", [["RETRY-AFTER", "wrong-class"]]),
    "referral-on-success": (PLACE, "rcpt", "250 2.1.5 [REFERRAL smtp://b/] OK", [["REFERRAL", "wrong-class"]]),
    "referral-to-rset": (PLACE, "rset", "450 4.4.4 [REFERRAL smtp://b/] no", [["REFERRAL", "wrong-command"]]),
    "referral-to-data": (PLACE, "data", "450 4.4.4 [REFERRAL smtp://b/] no", [["REFERRAL", "wrong-command"]]),
    "queue-id-to-mail": (PLACE, "mail", "250 2.1.0 [QUEUE-ID q] OK", [["QUEUE-ID", "wrong-command"]]),
    "queue-id-on-a-failure": (PLACE, "data", "450 4.3.0 [QUEUE-ID q] no", [["QUEUE-ID", "wrong-class"]]),
    "two-spaces-in-front": ("Draft: #req-no-trimming", "mail", "250 2.1.0  [TRACE-ID a] OK", []),
    "tab-in-front": ("Draft: #req-no-trimming", "mail", "250 2.1.0 \t[TRACE-ID a] OK", []),
    "space-inside": (FORM, "mail", "250 2.1.0 [ TRACE-ID a] OK", []),
    "two-spaces-inside": (FORM, "mail", "250 2.1.0 [TRACE-ID  a] OK", []),
    "space-before-the-end": (FORM, "mail", "250 2.1.0 [TRACE-ID a ] OK", []),
    "no-space-behind": (FORM, "mail", "250 2.1.0 [TRACE-ID a]OK", []),
    "groups-without-space": (FORM, "mail", "250 2.1.0 [TRACE-ID a][REASON b] OK", []),
    "second-group-glued": (FORM, "mail", "250 2.1.0 [TRACE-ID a] [org.a b]x", _used("TRACE-ID")),
    "two-spaces-between": (FORM, "mail", "250 2.1.0 [TRACE-ID a]  [org.a b] x", _used("TRACE-ID")),
    "words-between": (FORM, "mail", "250 2.1.0 [TRACE-ID a] and [org.a b] x", _used("TRACE-ID")),
    "words-in-front": (FORM, "mail", "250 2.1.0 Note: [TRACE-ID a] OK", []),
    "nested": (FORM, "mail", "250 2.1.0 [TRACE-ID [a]] OK", []),
    "not-closed": (FORM, "mail", "250 2.1.0 [TRACE-ID a OK", []),
    "split-over-lines": ("Draft: #req-group-one-line", "mail", "250-2.1.0 [TRACE-ID|250 2.1.0 a] OK", []),
    "two-equals": ("Draft: #req-decode-order", "mail", "250 2.1.0 [org.a b=c=d] OK", []),
    "equals-encoded": ("Draft: #req-decode-order", "mail", "250 2.1.0 [TRACE-ID x+3Dy] OK", _used("TRACE-ID")),
    "empty-brackets": (FORM, "mail", "250 2.1.0 [] OK", []),
    "no-text-behind": (FORM, "mail", "250 2.1.0 [TRACE-ID a]", _used("TRACE-ID")),
    "path-of-the-recipient": (PATH, "rcpt", "250 2.1.5 <user1@example.com> [TRACE-ID a] OK", _used("TRACE-ID")),
    "path-in-another-case": (PATH, "rcpt", "250 2.1.5 <user1@EXAMPLE.com> [TRACE-ID a] OK", _used("TRACE-ID")),
    "path-of-another": (PATH, "rcpt", "250 2.1.5 <user2@example.com> [TRACE-ID a] OK", [["TRACE-ID", "wrong-recipient"]]),
    "local-part-in-another-case": (PATH, "rcpt", "250 2.1.5 <USER1@example.com> [TRACE-ID a] OK", [["TRACE-ID", "wrong-recipient"]]),
    "quoted-path-with-a-group": ("Draft: #req-path-quoted", "rcpt", '450 4.4.4 <"a> [REFERRAL smtp://evil.example/] "@example.org> no', []),
    "group-behind-a-forward-path": ("Draft: #req-path-forward", "rcpt", "551 5.1.6 <user9@example.net> [TRACE-ID a] moved", []),
    "unclosed-path": (PATH, "rcpt", "250 2.1.5 <user1@example.com [TRACE-ID a] OK", []),
}  # fmt: skip


def _case(
    word: str, source: str, to: str, line: str, groups: Groups, protocol: str, attack: str = "A21"
) -> ClientTalk:
    talk = ClientTalk(f"{word}-{protocol}", attack, source, protocol)
    talk.greet()
    reply = "".join(one + "\r\n" for one in line.split("|"))
    seen: dict[str, object] = {"groups": groups} if groups else {}
    if to == "rset":
        talk.trade("RSET", reply, **seen)
    else:
        if to != "mail":
            talk.trade(SENDER, "250 2.1.0 OK\r\n")
        if to == "data":
            talk.trade(rcpt(1), "250 2.1.5 OK\r\n")
        talk.trade({"mail": SENDER, "rcpt": rcpt(1), "data": "DATA"}[to], reply, **seen)
    talk.goodbye()
    return talk


def _places(protocol: str) -> Family:
    """Replies that may not carry metadata, and sessions without it; LMTP's own key."""
    where, plain = "Draft: #req-where-client", "Draft: #req-plain-text"
    for word, command, reply in (
        ("vrfy", "VRFY user", "252 2.5.2 [TRACE-ID a] maybe"),
        ("help", "HELP", "214 2.0.0 [TRACE-ID a] see"),
        ("help-failure", "HELP", "502 5.5.1 [TRACE-ID a] no"),
    ):
        talk = ClientTalk(f"group-in-the-reply-to-{word}-{protocol}", "A21", where, protocol)
        talk.greet()
        talk.trade(command, reply + "\r\n", groups=[["TRACE-ID", "no-metadata-here"]])
        talk.goodbye()
        yield talk
    talk = ClientTalk(f"group-in-354-{protocol}", "A21", "Draft: #req-where-3yz", protocol)
    talk.greet()
    talk.transaction()
    talk.trade("DATA", "354 [TRACE-ID a] go on\r\n")
    talk.content("Hi\r\n")
    talk.await_content()
    talk.send("250 2.0.0 OK\r\n")
    talk.got(250)
    talk.goodbye()
    yield talk
    talk = ClientTalk(f"group-in-greeting-and-keywords-{protocol}", "A21", where, protocol)
    talk.send("220 2.0.0 [TRACE-ID a] mx\r\n")
    talk.answer("250-2.0.0 [TRACE-ID a] mx\r\n250-ENHANCEDSTATUSCODES\r\n250 REPLYMETA\r\n")
    talk.goodbye()
    yield talk
    keywords = "".join(f"250-{word}\r\n" for word in KEYWORDS)
    for word, listed, negotiated in (
        ("none", "250 HELP", False),
        ("misspelt", "250 REPLYMETAX", False),
        ("in-front", "250 X REPLYMETA", False),
        ("as-a-parameter", "250 LIMITS REPLYMETA", False),
        ("with-equals", "250 REPLYMETA=1", False),
        ("in-lower-case", "250 replymeta", True),
        ("with-parameters", "250 REPLYMETA A B=2", True),
        ("twice", "250-REPLYMETA\r\n250 REPLYMETA X", True),
    ):
        talk = ClientTalk(f"keyword-{word}-{protocol}", "A21", plain, protocol)
        talk.send(f"220 {HOST} ready\r\n")
        talk.answer(f"250-{HOST}\r\n{keywords}{listed}\r\n")
        seen: dict[str, object] = {"groups": [["TRACE-ID", "used"]]} if negotiated else {}
        talk.trade(SENDER, f"250 2.1.0 {TRACE} OK\r\n", **seen)
        talk.goodbye()
        yield talk
    talk = ClientTalk(f"keyword-as-the-host-name-{protocol}", "A21", plain, protocol)
    talk.send(f"220 {HOST} ready\r\n")
    talk.answer("250-REPLYMETA\r\n250 ENHANCEDSTATUSCODES\r\n")
    talk.trade(SENDER, f"250 2.1.0 {TRACE} OK\r\n")
    talk.goodbye()
    yield talk
    stored = "[STORED mailbox=INBOX]"
    talk = ClientTalk(f"stored-{protocol}", "A21", "Draft: #key-stored", protocol)
    talk.greet()
    talk.data()
    talk.content("Hi\r\n")
    talk.await_content()
    talk.send(f"250 2.0.0 {stored} OK\r\n")
    talk.got(250, groups=[["STORED", "used" if protocol == "lmtp" else "not-lmtp"]])
    talk.goodbye()
    yield talk
    if protocol == "smtp":
        talk = ClientTalk("group-after-helo", "A21", "Draft: #req-where-helo", protocol)
        talk.send(f"220 {HOST} ready\r\n")
        talk.answer("502 5.5.1 no EHLO\r\n")
        talk.answer(f"250-{HOST}\r\n250 REPLYMETA\r\n")
        talk.trade(SENDER, f"250 2.1.0 {TRACE} OK\r\n")
        talk.goodbye()
        yield talk


def _trust(protocol: str) -> Family:
    """A22: who may see what; the server is under test."""
    for word, verb, trusted, shown in (
        ("extended-and-trusted", HELLO[protocol], True, True),
        ("extended-and-not-trusted", HELLO[protocol], False, False),
        *([("helo-and-trusted", "HELO client.example.org", True, False),
           ("helo-and-not-trusted", "HELO client.example.org", False, False)] if protocol == "smtp" else []),
    ):  # fmt: skip
        for times in (1, 2):
            name = f"referral-to-a-client-{word}-{times}-{protocol}"
            talk = ServerTalk(
                name, "A22", "Draft: #req-key-trusted", protocol, negotiated=verb[0] != "H"
            )
            talk.head["trusted"] = trusted
            talk.expect(220)
            for _ in range(times):
                talk.ask(verb, 250)
            talk.ask(SENDER, 250)
            talk.ask("RCPT TO:<moved-user@example.com>", 450)
            talk.goodbye()
            if shown:
                talk.expected["written"] = ["450 4.4.4 [REFERRAL smtp://backend2/]"]
            else:
                talk.never_writes("REFERRAL", "backend2", "[")
            yield talk
    if protocol == "smtp":
        for word, later in (
            ("helo-after-ehlo", "HELO client.example.org"),
            ("refused-ehlo", "EHLO [bad"),
            ("bare-ehlo", "EHLO"),
        ):
            talk = ServerTalk(
                f"state-dropped-by-{word}", "A22", "Draft: #req-state-dropped", protocol
            )
            talk.head["trusted"] = True
            talk.expect(220)
            talk.ask(HELLO[protocol], 250)
            talk.ask(later, 250 if word == "helo-after-ehlo" else 501)
            talk.ask(SENDER, 250)
            talk.ask("RCPT TO:<moved-user@example.com>", 450)
            talk.goodbye()
            talk.never_writes("REFERRAL", "backend2")
            yield talk
    for word, key in (
        ("queue-id", "QUEUE-ID"),
        ("trace-id", "TRACE-ID"),
        ("private", "org.example.x"),
    ):
        talk = ServerTalk(
            f"{word}-to-a-helo-client-{protocol}",
            "A22",
            "Draft: #req-where-helo",
            protocol,
            negotiated=False,
        )
        told = {"code": 250, "enhanced_code": "2.0.0", "text": "Saved", "metadata": [[key, "q1"]]}
        talk.answers["content"] = told
        verb = "HELO client.example.org" if protocol == "smtp" else HELLO[protocol]
        talk.greet(verb)
        talk.data()
        talk.send("Hi\r\n.\r\n")
        talk.results("Hi\r\n")
        talk.goodbye()
        if protocol == "smtp":
            talk.never_writes(key, "[")
        else:
            talk.expected["written"] = [f"[{key} q1]"]
        yield talk
