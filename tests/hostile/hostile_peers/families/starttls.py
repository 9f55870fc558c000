"""A3, A4 and A5: octets in the clear around STARTTLS, for servers and clients, and TLS taken away."""

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

BUFFER = "Draft: #req-starttls-buffer"
READY = "220 2.0.0 go ahead\r\n"
COMMANDS = {
    "mail": "MAIL FROM:<evil@example.org>\r\n",
    "hello": "{hello}\r\n",
    "a-whole-message": "{hello}\r\nMAIL FROM:<evil@example.org>\r\nRCPT TO:<u@example.com>\r\n"
    "DATA\r\nevil\r\n.\r\n",
    "rset": "RSET\r\n",
    "an-empty-line": "\r\n",
    "lf": "\n",
    "one-octet": "x",
    "part-of-a-command": "MAIL FROM:<evil@exa",
    "auth": "AUTH PLAIN AHUAcA==\r\n",
    "a-tls-hello": "\x16\x03\x01\x00\x05\x01\x00\x00\x01\x03",
}
REPLIES = {
    "a-reply": "250 2.0.0 [TRACE-ID evil] injected\r\n",
    "a-keyword-list": "250-evil\r\n250-ENHANCEDSTATUSCODES\r\n250 REPLYMETA\r\n",
    "part-of-a-reply": "250-REPLY",
    "one-octet": "2",
    "cr": "\r",
    "lf": "\n",
    "an-empty-line": "\r\n",
    "nul": "\0",
    "a-421": "421 4.3.2 mx.example.org going\r\n",
    "a-second-220": READY,
}


def family() -> Family:
    """All of them for both protocols."""
    for protocol in PROTOCOLS:
        for word, octets in COMMANDS.items():
            filled = octets.replace("{hello}", HELLO[protocol])
            yield _commands_behind(protocol, word, filled)
            yield _commands_instead_of_tls(protocol, word, filled)
        yield _state_dropped_by_server(protocol, "MAIL", SENDER, 503)
        yield _state_dropped_by_server(protocol, "RCPT", rcpt(1), 503)
        yield _state_dropped_by_server(protocol, "AUTH", "AUTH PLAIN AHUAc2VjcmV0", 503)
        yield _second_starttls(protocol)
        for word, octets in REPLIES.items():
            yield _replies_behind(protocol, word, octets, apart=False)
            yield _replies_behind(protocol, word, octets, apart=True)
        for tls in ("may", "must"):
            yield _keyword_dropped_by_client(protocol, tls)
        yield from _stripped(protocol)


def _commands_behind(protocol: str, word: str, octets: str) -> ServerTalk:
    name = f"starttls-and-{word}-at-once-{protocol}"
    talk = ServerTalk(name, "A3", "RFC 3207, Section 4.2", protocol, offers=["STARTTLS", "AUTH"])
    talk.greet()
    talk.send("STARTTLS\r\n" + octets)
    talk.refuses(503)
    talk.never_writes("220 2.0.0", "235")
    return talk


def _commands_instead_of_tls(protocol: str, word: str, octets: str) -> ServerTalk:
    name = f"{word}-in-place-of-the-handshake-{protocol}"
    talk = ServerTalk(name, "A3", "RFC 3207, Section 4.2", protocol, offers=["STARTTLS", "AUTH"])
    talk.greet()
    talk.ask("STARTTLS", 220)
    # Enough for a TLS library to see that it is no TLS, and an end for what might be its beginning.
    talk.send(octets)
    talk.end()
    talk.expected["end"] = "closed"
    talk.never_writes("235", "503")
    return talk


def _state_dropped_by_server(protocol: str, verb: str, command: str, code: int) -> ServerTalk:
    name = f"{verb.lower()}-right-after-tls-{protocol}"
    talk = ServerTalk(name, "A3", "RFC 3207, Section 4.2", protocol, offers=["STARTTLS", "AUTH"])
    talk.greet()
    talk.ask("STARTTLS", 220)
    talk.handshake()
    talk.ask(command, code)
    talk.ask(HELLO[protocol], 250)
    talk.goodbye()
    return talk


def _second_starttls(protocol: str) -> ServerTalk:
    name = f"starttls-inside-tls-{protocol}"
    talk = ServerTalk(name, "A3", "RFC 3207, Section 4.2", protocol, offers=["STARTTLS"])
    talk.greet()
    talk.ask("STARTTLS", 220)
    talk.handshake()
    talk.ask(HELLO[protocol], 250)
    talk.ask("STARTTLS", 503)
    talk.goodbye()
    return talk


def _replies_behind(protocol: str, word: str, octets: str, *, apart: bool) -> ClientTalk:
    where = "after" if apart else "with"
    name = f"{word}-in-the-clear-{where}-the-220-{protocol}"
    talk = ClientTalk(name, "A4", BUFFER, protocol, tls="must")
    talk.greet("STARTTLS")
    segments = [READY, octets] if apart else [READY + octets]
    talk.answer(*segments)
    talk.end()
    talk.never_writes("MAIL", "AUTH")
    talk.fails("protocol-error")
    return talk


def _keyword_dropped_by_client(protocol: str, tls: str) -> ClientTalk:
    """REPLYMETA before TLS and not after it: brackets are text then."""
    name = f"keyword-before-tls-only-tls-{tls}-{protocol}"
    talk = ClientTalk(name, "A4", "Draft: #req-starttls", protocol, tls=tls)
    talk.greet("STARTTLS")
    talk.answer(READY)
    talk.handshake()
    listed = "".join(f"250-{word}\r\n" for word in KEYWORDS[:-1])
    talk.answer(f"250-{HOST}\r\n{listed}250 {KEYWORDS[-1]}\r\n")
    talk.trade(SENDER, "250 2.1.0 [TRACE-ID 7f3a] OK\r\n")
    talk.goodbye()
    return talk


def _stripped(protocol: str) -> Family:
    """TLS is required, and the server, or who sits before it, does not do it."""
    answers = {
        "454": "454 4.7.0 not now\r\n",
        "501": "501 5.5.4 no\r\n",
        "502": "502 5.5.1 not implemented\r\n",
        "554": "554 5.7.3 no\r\n",
    }
    for word, reply in answers.items():
        talk = _required(f"starttls-answered-{word}-{protocol}", protocol)
        talk.greet("STARTTLS")
        talk.answer(reply)
        talk.expected["end"] = "tls-refused"
        talk.answer(f"221 2.0.0 {HOST}\r\n")
        talk.ask("NOOP")
        yield talk
    for word, keywords in {
        "no-keyword": (),
        "keyword-cut": ("STARTTL",),
        "keyword-joined": ("XSTARTTLS",),
        "keyword-glued": ("STARTTLS.",),
    }.items():
        talk = _required(f"{word}-{protocol}", protocol)
        talk.greet(*keywords)
        talk.expected["end"] = "tls-refused"
        talk.answer(f"221 2.0.0 {HOST}\r\n")
        talk.ask("NOOP")
        yield talk
    for word, reply, end in (
        ("354", "354 go on\r\n", "protocol-error"),
        ("334", "334 \r\n", "protocol-error"),
        ("421", f"421 4.3.2 {HOST} going\r\n", "tls-refused"),
    ):
        talk = _required(f"starttls-answered-{word}-{protocol}", protocol)
        talk.greet("STARTTLS")
        talk.answer(reply)
        talk.fails(end)
        yield talk
    talk = _required(f"starttls-answered-by-the-end-{protocol}", protocol)
    talk.greet("STARTTLS")
    talk.steps.append({"await_lines": 1})
    talk.end()
    talk.fails("ended")
    yield talk


def _required(name: str, protocol: str) -> ClientTalk:
    talk = ClientTalk(name, "A5", "RFC 3207, Section 4.1", protocol, tls="must")
    talk.never_writes("MAIL", "AUTH", "RCPT")
    return talk
