"""A14 and A15: text that would write to a terminal, or more than one line to a log.

The rule (Draft: #req-display-escaped): control characters and line breaks are escaped before they
are shown, in text and in decoded values.  A reply with them is still a reply (RFC 5321, Section
4.2, says nothing that could be done better), and its code counts.  What is shown is checked by the
player of every transcript: printable ASCII only, one line.
"""

from __future__ import annotations

from hostile_peers.families.referrals import encoded
from hostile_peers.writing import (
    HELLO,
    HOST,
    PROTOCOLS,
    SENDER,
    ClientTalk,
    Family,
    ServerTalk,
    rcpt,
)

RULE = "Draft: #req-display-escaped"
SCREEN = {
    "clear-screen": "\x1b[2J\x1b[H", "colour": "\x1b[31m", "link-osc-8": "\x1b]8;;http://evil/\x1b\\x\x1b]8;;\x1b\\",
    "clipboard-osc-52": "\x1b]52;c;ZXZpbA==\x07", "title-osc-0": "\x1b]0;evil\x07",
    "c1-csi": "\x9b31m", "c1-osc": "\x9d52;c;ZXZpbA==\x9c", "c1-dcs": "\x90q\x9c", "c1-utf-8": "\xc2\x9b31m",
    "bell": "\x07", "backspaces": "evil\x08\x08\x08\x08good", "del": "\x7f", "tab": "\t", "shift-out": "\x0e\x0f",
    "rlo": "\xe2\x80\xaegnp.exe", "lro": "\xe2\x80\xad", "rle-pdf": "\xe2\x80\xabx\xe2\x80\xac", "lre": "\xe2\x80\xaa",
    "rli": "\xe2\x81\xa7", "lri": "\xe2\x81\xa6", "fsi-pdi": "\xe2\x81\xa8x\xe2\x81\xa9",
    "all-c0": "".join(map(chr, (*range(1, 10), 11, 12, *range(14, 32)))),
    "all-c1": "".join(map(chr, range(0x80, 0xA0))),
}  # fmt: skip
LINES = {
    "vt": "a\x0bevil", "ff": "a\x0cevil", "fs": "a\x1cevil", "gs": "a\x1devil", "rs": "a\x1eevil", "nel": "a\x85evil",
    "nel-utf-8": "a\xc2\x85evil", "line-separator": "a\xe2\x80\xa8evil", "paragraph-separator": "a\xe2\x80\xa9evil",
    "json-quote": 'a","level":"evil', "percent": "%s%n%d", "braces": "{0}{self}", "backslash-n": "a\\nevil",
}  # fmt: skip
UTF8 = {"rlo", "lro", "rle-pdf", "lre", "rli", "lri", "fsi-pdi"}


def family() -> Family:
    """Strings in greeting, host name, text and value for a client; in commands for a server."""
    for attack, strings in (("A14", SCREEN), ("A15", LINES)):
        for word, octets in strings.items():
            for place in ("greeting", "hello", "mail", "refusal", "result"):
                yield _text(attack, word, octets, place)
            yield _malformed(attack, word, octets)
            yield _value(attack, word, octets)
            for protocol in PROTOCOLS:
                yield _command(attack, word, octets, protocol)


def _text(attack: str, word: str, octets: str, place: str) -> ClientTalk:
    talk = ClientTalk(f"{word}-in-{place}", attack, RULE, "smtp")
    if place == "greeting":
        talk.send(f"220 {HOST} {octets}\r\n")
        talk.hello()
    elif place == "hello":
        talk.send(f"220 {HOST} ready\r\n")
        talk.answer(f"250-{HOST} {octets}\r\n250-{octets}\r\n250 REPLYMETA\r\n")
    else:
        talk.greet()
    if place == "mail":
        talk.trade(SENDER, f"250 2.1.0 {octets}\r\n")
    elif place == "refusal":
        talk.trade(SENDER, f"550 5.1.7 {octets}\r\n")
    elif place == "result":
        talk.data()
        talk.content("Hi\r\n")
        talk.await_content()
        talk.send(f"250 2.0.0 {octets}\r\n")
        talk.got(250)
    talk.goodbye()
    return talk


def _malformed(attack: str, word: str, octets: str) -> ClientTalk:
    """A reply that is refused: its octets stand in the error."""
    talk = ClientTalk(f"{word}-in-a-malformed-reply", attack, RULE, "smtp")
    talk.greet()
    talk.ask(SENDER)
    talk.answer(f"2x0 {octets}\r\n")
    talk.fails("protocol-error", "bad-code")
    return talk


def _value(attack: str, word: str, octets: str) -> ClientTalk:
    talk = ClientTalk(f"{word}-in-a-value", attack, "Draft: #req-value-text", "smtp")
    talk.greet()
    status = _status(octets)
    talk.trade(
        SENDER,
        f"250 2.1.0 [org.example.x {encoded(octets)}] OK\r\n",
        groups=[["org.example.x", status]],
    )
    talk.goodbye()
    return talk


def _status(octets: str) -> str:
    try:
        text = octets.encode("latin-1").decode("utf-8")
    except UnicodeDecodeError:
        return "not-utf-8"
    controls = [*range(0x20), *range(0x7F, 0xA0)]
    return "control-character" if any(ord(one) in controls for one in text) else "used"


def _command(attack: str, word: str, octets: str, protocol: str) -> ServerTalk:
    """As a verb, as an argument and as part of a path."""
    talk = ServerTalk(f"{word}-in-commands-{protocol}", attack, RULE, protocol)
    talk.expect(220)
    talk.ask(HELLO[protocol], 250)
    plain = octets.isascii() and octets.isprintable()
    talk.ask(f"X{octets}", 500)
    talk.ask(f"NOOP {octets}", 250 if plain else 500)
    talk.ask(SENDER, 250)
    talk.ask(
        rcpt(1).replace("user1", f"no {octets}"),
        501 if (octets.isascii() and plain) or _high(octets) else 500,
    )
    talk.goodbye()
    return talk


def _high(octets: str) -> bool:
    """Octets above 127 in RCPT are a wrong path (RFC 6531); controls make it no command at all."""
    return not any(ord(one) < 0x20 or ord(one) == 0x7F for one in octets)
