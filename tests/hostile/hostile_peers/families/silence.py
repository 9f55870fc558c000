"""A12: peers that say nothing, drip, or go away in the middle.

The rules: a client's deadline is for the whole reply (RFC 5321, Section 4.5.3.2; Draft:
#security-resources), a server's for the whole command or content; octets that drip do not move it.
What was not complete when the connection ended counts for nothing.  The deadline is 10 seconds.
"""

from __future__ import annotations

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

CLIENT = "RFC 5321, Section 4.5.3.2"
SERVER = "RFC 5321, Section 4.5.3.2.7"
PLACES = ("greeting", "hello", "mail", "data", "result", "quit")


def family() -> Family:
    """Places x what the peer does."""
    for place in PLACES:
        yield _client(f"nothing-as-{place}", place, "timed-out", "", 15)
        yield _client(f"an-octet-in-six-seconds-as-{place}", place, "timed-out", "250 ", 6)
        yield _client(
            f"a-line-in-six-seconds-as-{place}", place, "timed-out", "250-a|250-b|250-c|", 6
        )
        yield _client(f"slow-but-in-time-as-{place}", place, "open", "", 5)
        for rest, word in (
            ("", "nothing"),
            ("25", "part-of-a-code"),
            ("250-2.0.0 a\r\n", "a-line-of-two"),
            ("250 2.0.0 OK\r", "all-but-lf"),
        ):
            yield _gone(place, word, rest)
    for protocol in PROTOCOLS:
        yield from _served(protocol)


def _at(talk: ClientTalk, place: str) -> None:
    """Bring the dialogue to where the reply is awaited."""
    if place == "greeting":
        return
    talk.send(f"220 {HOST} ready\r\n")
    if place == "hello":
        talk.steps.append({"await_lines": 1})
        return
    talk.hello()
    if place == "mail":
        talk.ask(SENDER)
    elif place == "quit":
        talk.ask("QUIT")
    else:
        talk.transaction()
        if place == "data":
            talk.ask("DATA")
        else:
            talk.trade("DATA", "354 go on\r\n")
            talk.content("Hi\r\n")
            talk.await_content()
            return
    talk.steps.append({"await_lines": 1})


def _client(name: str, place: str, end: str, octets: str, seconds: float) -> ClientTalk:
    talk = ClientTalk(name, "A12", CLIENT, "smtp")
    _at(talk, place)
    pieces = octets.split("|") if "|" in octets else list(octets)
    for piece in [one for one in pieces if one] or [""]:
        if piece:
            talk.send(piece + ("\r\n" if "|" in octets else ""))
        talk.passes(seconds)
    if end == "timed-out":
        if place == "result":
            talk.got_none()
        talk.fails(end)
        return talk
    code = {"greeting": "220", "data": "354", "quit": "221"}.get(place, "250")
    if place == "hello":
        talk.send("250-mx.example.org\r\n250 PIPELINING\r\n")
    else:
        talk.send(f"{code} {HOST} OK\r\n")
    if place not in {"greeting", "hello"}:
        talk.got(int(code))
    if place == "greeting":
        talk.hello()
    if place == "data":
        talk.content("Hi\r\n")
        talk.await_content()
        talk.send("250 2.0.0 OK\r\n")
        talk.got(250)
    if place != "quit":
        talk.goodbye()
    return talk


def _gone(place: str, word: str, rest: str) -> ClientTalk:
    talk = ClientTalk(f"end-after-{word}-as-{place}", "A12", "RFC 5321, Section 3.8", "smtp")
    _at(talk, place)
    if rest:
        talk.send(rest)
    talk.end()
    if place == "result":
        talk.got_none()
    talk.fails("ended")
    return talk


def _served(protocol: str) -> Family:
    """A server waits for a command, a line of content, a chunk, or credentials."""
    places = {
        "nothing-but-a-connection": 0, "part-of-a-command": 1, "part-of-mail": 2,
        "part-of-content": 3, "part-of-a-chunk": 4, "part-of-the-end": 5,
    }  # fmt: skip
    for word, place in places.items():
        for how in ("silence", "drip", "end"):
            talk = ServerTalk(f"{how}-after-{word}-{protocol}", "A12", SERVER, protocol)
            _bring(talk, place)
            if how == "drip":
                for octet in "x" * 3:
                    talk.passes(4)
                    if place:
                        talk.send(octet)
            elif how == "silence":
                talk.passes(15)
            if how == "end":
                talk.end()
            else:
                talk.refuses(421)
            yield talk
    talk = ServerTalk(f"slow-commands-in-time-{protocol}", "A12", SERVER, protocol)
    talk.expect(220)
    for command, code in ((HELLO[protocol], 250), (SENDER, 250), (rcpt(1), 250), ("QUIT", 221)):
        talk.passes(5)
        talk.ask(command, code)
    talk.expected["end"] = "quit"
    yield talk


def _bring(talk: ServerTalk, place: int) -> None:
    if place == 0:
        talk.expect(220)
        return
    talk.greet()
    if place == 1:
        talk.send("NOO")
        return
    if place == 2:
        talk.send("MAIL FROM:<s@exam")
        return
    if place == 4:
        talk.transaction()
        talk.send("BDAT 100 LAST\r\nHello\r\n")
        return
    talk.data()
    talk.send("Hello\r\n" if place == 3 else "Hello\r\n.\r")
