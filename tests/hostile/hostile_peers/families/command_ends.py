"""A2, and A20 for servers: command lines that do not end in CRLF, or hold what no command may.

The rule: a line with a bare CR, a bare LF or a NUL is answered with 500 and the session ends, since
another host might see two commands there.  Any other control character, or an octet above 127
outside a path, is answered with 500, and the session goes on.
"""

from __future__ import annotations

from hostile_peers.writing import HELLO, PROTOCOLS, SENDER, Family, ServerTalk, rcpt, slug

ENDS = ("\n", "\r", "\r\r\n", "\0\r\n", "\n\r", "\r\0\n")
INSIDE = ("\x0b", "\x0c", "\x1b[31m", "\x7f", "\x85", "\xff", "\t", "\x08")
RULE = "RFC 5321, Section 2.3.8"
AFTER = "MAIL FROM:<evil@example.org>\r\n"


def family() -> Family:
    """Ends x commands; characters x commands."""
    for protocol in PROTOCOLS:
        for number, end in enumerate(ENDS):
            # All commands with the plain ends; the odd ends with a few.
            commands = _commands(protocol)
            for word, (before, command) in commands.items():
                if protocol == "smtp" or number < 2 or word in {"rcpt", "noop"}:
                    yield _ended(protocol, word, before, command, end)
        for character in INSIDE:
            for word in ("hello", "rcpt", "noop"):
                if protocol == "smtp" or word == "noop":
                    yield _holding(protocol, word, character)


def _commands(protocol: str) -> dict[str, tuple[int, str]]:
    """Word -> how much of a transaction stands before it, and the command."""
    return {
        "hello": (0, HELLO[protocol]),
        "mail": (1, SENDER),
        "rcpt": (2, rcpt(1)),
        "data": (3, "DATA"),
        "bdat": (3, "BDAT 0 LAST"),
        "rset": (1, "RSET"),
        "noop": (1, "NOOP"),
        "starttls": (1, "STARTTLS"),
        "quit": (1, "QUIT"),
        "empty": (1, ""),
    }


def _begun(name: str, attack: str, source: str, protocol: str, before: int) -> ServerTalk:
    talk = ServerTalk(name, attack, source, protocol, offers=["STARTTLS"])
    talk.expect(220)
    if before > 0:
        talk.ask(HELLO[protocol], 250)
    if before > 1:
        talk.ask(SENDER, 250)
    if before > 2:
        talk.ask(rcpt(1), 250)
    return talk


def _ended(protocol: str, word: str, before: int, command: str, end: str) -> ServerTalk:
    talk = _begun(f"{word}-ended-by-{slug(end)}-{protocol}", "A2", RULE, protocol, before)
    talk.send(command + end + AFTER)
    talk.refuses(500)
    talk.never_writes("evil")
    return talk


def _holding(protocol: str, word: str, character: str) -> ServerTalk:
    before, command = _commands(protocol)[word]
    attack = "A20" if ord(character[0]) > 127 else "A2"
    name = f"{word}-holding-{slug(character)}-{protocol}"
    talk = _begun(name, attack, "RFC 5321, Section 2.4", protocol, before)
    head, space, tail = command.partition(" ")
    # RFC 6531 lets the arguments of MAIL and RCPT be UTF-8: there it is the argument that is wrong.
    code = 501 if attack == "A20" and word == "rcpt" else 500
    talk.ask(head + (space or " ") + character + tail, code)
    talk.goodbye()
    return talk
