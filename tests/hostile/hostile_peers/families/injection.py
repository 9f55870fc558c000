"""A6: CR, LF and NUL in what a caller gives: values, texts, paths and commands.

The rule (Draft: #req-injection-crlf): nothing of a caller adds a CR, LF or NUL to the wire.  Values
are encoded, and one that no reader may use (Draft: #req-value-text) is not sent at all.  A text with
such a character is refused, but for a single LF, which divides its lines.
"""

from __future__ import annotations

import re

from hostile_peers.writing import PROTOCOLS, Family, ServerTalk, slug

RULE = "Draft: #req-injection-crlf"
STRINGS = (
    "a\r\n250 2.0.0 evil", "a\rb", "a\0b", "\r\n.\r\n", "\r\n", "a\r\n\r\nb", "x\r\n221 2.0.0 bye\r\n",
)  # fmt: skip
VALUES = (*STRINGS, "a b", "a]b [TRACE-ID evil", "a=b", "\x1b[31m", "\xff\xfe", "+0D+0A")


def family() -> Family:
    """Strings in texts, and in values of a private key, with and without negotiation."""
    for protocol in PROTOCOLS:
        for negotiated in (True, False) if protocol == "smtp" else (True,):
            for text in STRINGS:
                yield _text(protocol, text, negotiated)
        yield _lines(protocol)
        for value in VALUES:
            yield _value(protocol, value)
        for text in ("[TSS04] deferred", "  [REFERRAL smtp://evil/] x", "<u@x> [TRACE-ID evil] x"):
            yield _text_like_metadata(protocol, text)


def _greeted(name: str, source: str, protocol: str, negotiated: bool = True) -> ServerTalk:
    talk = ServerTalk(name, "A6", source, protocol, negotiated=negotiated)
    talk.greet("" if negotiated else "HELO client.example.org")
    return talk


def _text(protocol: str, text: str, negotiated: bool) -> ServerTalk:
    how = "negotiated" if negotiated else "plain"
    talk = _greeted(f"text-{slug(text)}-{how}-{protocol}", RULE, protocol, negotiated)
    talk.answers["MAIL"] = {"code": 250, "enhanced_code": "2.1.0", "text": text}
    talk.ask("MAIL FROM:<s@example.org>", 451)  # a text that cannot be sent is not sent in part
    talk.never_writes("evil", "\0", "\r\r")
    talk.goodbye()
    return talk


def _lines(protocol: str) -> ServerTalk:
    talk = _greeted(f"text-of-two-lines-{protocol}", RULE, protocol)
    text = "one\n250 2.0.0 two"
    talk.answers["MAIL"] = {"code": 250, "enhanced_code": "2.1.0", "text": text}
    talk.ask("MAIL FROM:<s@example.org>", 250)  # one reply: each line has its own code in front
    talk.never_writes("\n250 2.0.0 two")
    talk.goodbye()
    return talk


def _value(protocol: str, value: str) -> ServerTalk:
    talk = _greeted(f"value-{slug(value)}-{protocol}", "Draft: #req-injection-encode", protocol)
    talk.answers["MAIL"] = {
        "code": 250,
        "enhanced_code": "2.1.0",
        "text": "OK",
        "metadata": [["org.example.id", value]],
    }
    talk.ask("MAIL FROM:<s@example.org>", 250 if _usable(value) else 451)
    talk.never_writes(f" {value}]", "\0", "\x1b", "\r\r", "\n250 2.0.0 evil")
    talk.goodbye()
    return talk


def _usable(value: str) -> bool:
    """Draft: #req-value-text."""
    try:
        text = value.encode("latin-1").decode("utf-8")
    except UnicodeDecodeError:
        return False
    return re.search("[\0-\x1f\x7f-\x9f]", text) is None


def _text_like_metadata(protocol: str, text: str) -> ServerTalk:
    name = f"text-like-metadata-{slug(text)}-{protocol}"
    talk = _greeted(name, "Draft: #req-text-not-metadata", protocol)
    talk.answers["MAIL"] = {"code": 450, "enhanced_code": "4.7.0", "text": text}
    talk.ask("MAIL FROM:<s@example.org>", 450)
    talk.never_writes(f"4.7.0 {text}", "4.7.0 [", "4.7.0  ", "4.7.0 <")
    talk.goodbye()
    return talk
