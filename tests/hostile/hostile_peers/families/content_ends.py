"""A1: what looks like the end of the content and is not (SMTP smuggling, CVE-2023-51764 and kin).

The sequences of smtpsmug and of SMTP-Smuggling-Tools, and some more of the same kind.  The rule:
content ends at CRLF "." CRLF only; a NUL, or a CR or LF that is not part of a CRLF, ends the session
with a 5yz and nothing is delivered; anything else is content.  A client sends neither.
"""

from __future__ import annotations

import re

from hostile_peers.writing import PROTOCOLS, ClientTalk, Family, ServerTalk, slug

SMTPSMUG = (
    "\n.\n", "\r.\r", "\r.\n", "\n.\r", "\n.\r\n", "\r\n.\n", "\r.\r\n", "\r\n.\r",
    "\r\n\0.\r\n", "\r\n.\0\r\n",
)  # fmt: skip
SMUGGLING_TOOLS = (
    "\n.\n", "\n.\r", "\r.\n", "\r.\r", "\n.\r\n", "\r.\r\n", "\r\n.\r\r\n", "\r\r\n.\r\r\n",
    "\r\n\0.\r\n",
)  # fmt: skip
MORE = (
    "\r\n.\r\r\n\r", "\n\n.\n\n", "\r\n. \r\n", "\r\n\t.\r\n", "\r\n..\r\n", "\r\n.\x0b\r\n",
    "\r\n.\x85", "\x85.\x85", "\r\n\x2e\x00", "\r\n.\r\0\n", "\r\0\n.\r\0\n", "\r\n.\x8d\x8a",
)  # fmt: skip
SEQUENCES = tuple(dict.fromkeys(SMTPSMUG + SMUGGLING_TOOLS + MORE))
SMUGGLED = "MAIL FROM:<evil@example.org>\r\nRCPT TO:<victim@example.com>\r\nDATA\r\nsmuggled\r\n"
END = "\r\n.\r\n"
RULE = "RFC 5321, Section 4.1.1.4"

HARMLESS = ("\r\n\t.\r\n", "\x85.\x85")
"""No line of a single dot to anybody: a client sends them as they are."""

_BARE = re.compile("\r(?!\n)|(?<!\r)\n|\0")


def unstuffed(content: str) -> str:
    """Content as a server hands it on: one dot at the start of a line goes (Section 4.5.2)."""
    lines = content.split("\r\n")
    return "\r\n".join(line[1:] if line.startswith(".") else line for line in lines)


def family() -> Family:
    """The sequences at three places, for servers by DATA and BDAT and for the client."""
    for protocol in PROTOCOLS:
        for sequence in SEQUENCES:
            places = {"first": "", "in-the-middle": "Subject: a\r\n\r\nHello"}
            if protocol == "smtp":
                places["after-an-empty-line"] = "Subject: a\r\n\r\n"
            for place, before in places.items():
                yield _served(protocol, sequence, place, before)
        for sequence in SEQUENCES:
            yield _in_chunk(protocol, sequence)
            yield _written(protocol, sequence)


def _served(protocol: str, sequence: str, place: str, before: str) -> ServerTalk:
    talk = ServerTalk(f"content-{slug(sequence)}-{place}-{protocol}", "A1", RULE, protocol)
    talk.greet()
    talk.data()
    content = before + sequence + SMUGGLED + "last line"
    talk.send(content + END)
    if _BARE.search(content):
        talk.refuses(550)
    else:
        talk.results(unstuffed(content) + "\r\n")
        talk.goodbye()
    talk.never_writes("evil", "victim")
    return talk


def _in_chunk(protocol: str, sequence: str) -> ServerTalk:
    name = f"chunk-{slug(sequence)}-{protocol}"
    talk = ServerTalk(name, "A1", "RFC 5321, Section 2.3.8", protocol)
    talk.greet()
    talk.transaction()
    content = "Hello" + sequence + SMUGGLED
    talk.send(f"BDAT {len(content)} LAST\r\n{content}")
    if _BARE.search(content):
        talk.expect(550)
    else:
        talk.results(content)
    talk.goodbye()
    return talk


def _written(protocol: str, sequence: str) -> ClientTalk:
    name = f"client-content-{slug(sequence)}-{protocol}"
    talk = ClientTalk(name, "A1", "RFC 5321, Section 4.5.2", protocol)
    talk.greet()
    talk.data()
    content = "Hello" + sequence + "more\r\n"
    talk.content(content)
    talk.never_writes(*([] if sequence in HARMLESS else [sequence]))
    if _BARE.search(content):
        talk.caller_refused()
        return talk
    talk.await_content()
    talk.send("250 2.0.0 OK\r\n")
    talk.got(250)
    talk.goodbye()
    return talk
