"""A18 and A19: reply codes and enhanced codes that are malformed, differ or disagree.

The rule: a malformed reply is a protocol error, with metadata and without; lines with different
reply codes are malformed (RFC 5321, Section 4.2.1).  Enhanced codes never make a reply malformed;
where they are missing, differ or disagree, all metadata of the reply is ignored.
"""

from __future__ import annotations

from hostile_peers.writing import SENDER, ClientTalk, Family, rcpt, slug

SYNTAX = "RFC 5321, Section 4.2"
BAD_CODE, BAD_SEPARATOR = "bad-code", "bad-separator"
MALFORMED = {
    "2_5 hi": BAD_CODE, "+25 hi": BAD_CODE, " 25 hi": BAD_CODE, "25 hi": BAD_CODE, "2": BAD_CODE,
    "": BAD_CODE, "hello": BAD_CODE, "-250 hi": BAD_CODE, "0250 hi": BAD_CODE, "1x0 hi": BAD_CODE,
    "100 hi": BAD_CODE, "600 hi": BAD_CODE, "260 hi": BAD_CODE, "999 hi": BAD_CODE,
    "000 hi": BAD_CODE, "\xb2\xb5\xb0 hi": BAD_CODE, "\xef\xbc\x92\xef\xbc\x95\xef\xbc\x90 hi": BAD_CODE,
    "2 50 hi": BAD_CODE, "0x2 hi": BAD_CODE, "2e1 hi": BAD_CODE, "\t250 hi": BAD_CODE,
    "[250] hi": BAD_CODE, "250xhi": BAD_SEPARATOR, "250\thi": BAD_SEPARATOR,
    "2500 hi": BAD_SEPARATOR, "250:hi": BAD_SEPARATOR, "250+hi": BAD_SEPARATOR,
    "250.hi": BAD_SEPARATOR, "250_hi": BAD_SEPARATOR, "250\x0bhi": BAD_SEPARATOR,
    "250\xa0hi": BAD_SEPARATOR,
}  # fmt: skip
MISMATCHES = (
    ("250-one", "550 two"), ("250-one", "251 two"), ("550-one", "250 two"), ("450-one", "550 two"),
    ("250-one", "354 two"), ("250-one", "250-two", "251 three"), ("251-one", "250-two", "250 three"),
    ("421-one", "221 two"),
)  # fmt: skip
LINE_ENDS = {
    "\n": "bad-line-end",
    "\r\r\n": "bad-line-end",
    "\0\r\n": "nul",
    "\n\r\n": "bad-line-end",
}


def family() -> Family:
    """Malformed replies at four places; mismatches; enhanced codes."""
    for text, fault in MALFORMED.items():
        for place in ("greeting", "hello", "mail", "result"):
            yield _malformed(slug(text) or "nothing", [text + "\r\n"], fault, place)
    for lines in MISMATCHES:
        octets = "".join(line + "\r\n" for line in lines)
        for place in ("greeting", "hello", "mail", "result"):
            yield _malformed("-".join(map(slug, lines)), [octets], "code-mismatch", place)
    for end, fault in LINE_ENDS.items():
        for place in ("greeting", "mail", "result"):
            name = f"line-end-{slug(end)}"
            yield _malformed(
                name, ["250 2.0.0 OK" + end], fault, place, attack="A20" if "\0" in end else "A18"
            )
    yield from _fine()
    yield from _wrong_kind()
    for word, (lines, groups, ignored) in ENHANCED.items():
        yield _enhanced(word, lines, groups, ignored)


def _malformed(
    word: str, segments: list[object], fault: str, place: str, attack: str = "A18"
) -> ClientTalk:
    talk = ClientTalk(f"{word}-as-{place}", attack, SYNTAX, "smtp")
    if place == "greeting":
        talk.send(*segments)
    elif place == "hello":
        talk.send("220 mx.example.org ready\r\n")
        talk.answer(*segments)
    else:
        talk.greet()
        if place == "mail":
            talk.ask(SENDER)
            talk.answer(*segments)
        else:
            talk.data()
            talk.content("Hi\r\n")
            talk.await_content()
            talk.send(*segments)
            talk.got_none()
    talk.fails("protocol-error", fault)
    return talk


def _fine() -> Family:
    """What looks odd and is right."""
    for word, octets in {
        "code-alone": "250\r\n",
        "code-and-space": "250 \r\n",
        "code-alone-on-each-line": "250-\r\n250-\r\n250\r\n",
        "a-code-in-the-text": "250 550 no\r\n",
        "digits-behind-the-code": "250 2500\r\n",
    }.items():
        talk = ClientTalk(f"{word}-is-right", "A18", SYNTAX, "smtp", negotiated=False)
        talk.greet()
        talk.trade(SENDER, octets)
        talk.goodbye()
        yield talk


def _wrong_kind() -> Family:
    """Codes that are right and cannot answer what was asked."""
    for code in ("354", "334", "300"):
        talk = ClientTalk(f"{code}-to-mail", "A18", "RFC 5321, Section 4.3.2", "smtp")
        talk.greet()
        talk.ask(SENDER)
        talk.answer(f"{code} go on\r\n")
        talk.fails("protocol-error")
        yield talk
    for code in ("250", "220", "221"):
        talk = ClientTalk(f"{code}-to-data", "A18", "RFC 5321, Section 4.3.2", "smtp")
        talk.greet()
        talk.transaction()
        talk.ask("DATA")
        talk.answer(f"{code} 2.0.0 OK\r\n")
        talk.fails("protocol-error")
        yield talk
    talk = ClientTalk("354-as-greeting", "A18", "RFC 5321, Section 3.1", "smtp")
    talk.send("354 go on\r\n")
    talk.fails("protocol-error")
    yield talk
    for code in ("554", "450"):
        talk = ClientTalk(f"{code}-as-greeting", "A18", "RFC 5321, Section 3.1", "smtp")
        talk.send(f"{code} mx.example.org no service\r\n")
        talk.answer("221 bye\r\n")
        talk.expected["end"] = "refused-to-serve"
        yield talk


TRACE = "[TRACE-ID 7f3a]"
USED = [["TRACE-ID", "used"]]
IGNORED = [["TRACE-ID", "reply-ignored"]]
MISSING, DIFFER, CLASSES = "enhanced-code-missing", "enhanced-codes-differ", "classes-disagree"
ENHANCED: dict[str, tuple[tuple[str, ...], list[list[str]], list[str]]] = {
    "right": ((f"250 2.1.5 {TRACE} OK",), USED, []),
    "three-digits": ((f"250 2.100.999 {TRACE} OK",), USED, []),
    "5-in-a-250": ((f"250 5.1.1 {TRACE} OK",), IGNORED, [CLASSES]),
    "4-in-a-550": ((f"550 4.1.1 {TRACE} no",), IGNORED, [CLASSES]),
    "2-in-a-450": ((f"450 2.1.1 {TRACE} no",), IGNORED, [CLASSES]),
    "5-in-a-450": ((f"450 5.1.1 {TRACE} no",), IGNORED, [CLASSES]),
    "four-digits": ((f"250 2.1.1000 {TRACE} OK",), [], []),
    "two-parts": ((f"250 2.1 {TRACE} OK",), [], []),
    "four-parts": ((f"250 2.1.1.1 {TRACE} OK",), [], []),
    "empty-part": ((f"250 2..1 {TRACE} OK",), [], []),
    "two-digit-class": ((f"250 20.1.1 {TRACE} OK",), [], []),
    "class-3": ((f"250 3.1.1 {TRACE} OK",), [], []),
    "none": ((f"250 {TRACE} OK",), [], []),
    "differ": ((f"250-2.1.0 {TRACE} a", "250 2.1.5 b"), IGNORED, [DIFFER]),
    "group-on-the-second-and-differ": (("250-2.1.0 a", f"250 2.1.5 {TRACE} b"), IGNORED, [DIFFER]),
    "list-message-of-2020": (
        ("250-2.1.100 key1 metadata1", f"250 2.1.5 {TRACE} OK"),
        IGNORED,
        [DIFFER],
    ),
    "missing-on-the-last": ((f"250-2.1.0 {TRACE} a", "250 b"), IGNORED, [MISSING]),
    "missing-on-the-first": (("250-a", f"250 2.1.0 {TRACE} b"), IGNORED, [MISSING]),
    "missing-in-the-middle": ((f"250-2.1.0 {TRACE} a", "250-b", "250 2.1.0 c"), IGNORED, [MISSING]),
    "bare-last-line": ((f"250-2.1.0 {TRACE} a", "250"), IGNORED, [MISSING]),
    "5-on-the-last-of-a-250": ((f"250-2.1.0 {TRACE} a", "250 5.1.0 b"), IGNORED, [CLASSES]),
    "same-on-all-lines": ((f"250-2.1.0 {TRACE} a", "250-2.1.0 b", "250 2.1.0 c"), USED, []),
}


def _enhanced(
    word: str, lines: tuple[str, ...], groups: list[list[str]], ignored: list[str]
) -> ClientTalk:
    talk = ClientTalk(f"enhanced-code-{word}", "A19", "Draft: #req-reply-ignored", "smtp")
    talk.greet()
    talk.trade(SENDER, "250 2.1.0 OK\r\n")
    seen: dict[str, object] = {}
    if groups:
        seen["groups"] = groups
    if ignored:
        seen["ignored"] = ignored
    talk.trade(rcpt(1), "".join(line + "\r\n" for line in lines), **seen)
    talk.goodbye()
    return talk
