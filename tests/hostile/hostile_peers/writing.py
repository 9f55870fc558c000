"""Builders of transcripts: a dialogue and what must come of it are written down side by side.

A transcript is plain JSON (`tests/hostile/schema.json` says what each member means).  In its
strings one character is one octet, U+0000 to U+00FF.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence

Json = dict[str, object]
Segment = "str | list[object]"

HOST = "mx.example.org"
CLIENT = "client.example.org"
KEYWORDS = ("PIPELINING", "8BITMIME", "CHUNKING", "SMTPUTF8", "ENHANCEDSTATUSCODES")
SENDER = "MAIL FROM:<s@example.org>"
HELLO = {"smtp": f"EHLO {CLIENT}", "lmtp": f"LHLO {CLIENT}"}
PROTOCOLS = ("smtp", "lmtp")


def rcpt(number: int) -> str:
    """The RCPT command of the n-th recipient."""
    return f"RCPT TO:<user{number}@example.com>"


def repeat(octets: str, times: int) -> dict[str, object]:
    """Octets many times over, as a part of a segment."""
    return {"repeat": octets, "times": times}


def slug(text: str) -> str:
    """Words for an id: what is no letter or digit is named, so that ids stay distinct."""
    names = {
        "\r": "cr", "\n": "lf", "\0": "nul", ".": "dot", "\t": "tab", "\x0b": "vt", "\x0c": "ff",
        " ": "sp", "\x1b": "esc", "\x7f": "del", "\x85": "nel", "\x07": "bel", "\x08": "bs",
        "-": "hyphen", "+": "plus", "_": "underscore", ":": "colon", "/": "slash", "@": "at",
        "[": "open", "]": "close", "<": "less", ">": "greater", "=": "equals", "%": "percent",
        "\\": "backslash", "?": "question", "#": "hash", "*": "star", '"': "quote", ",": "comma",
        ";": "semicolon", "(": "paren", ")": "endparen", "!": "bang", "&": "and", "$": "dollar",
        "'": "apostrophe",
    }  # fmt: skip
    words, plain = [], ""
    for character in text:
        if character.isascii() and character.isalnum():
            plain += character.lower()
            continue
        if plain:
            words.append(plain)
            plain = ""
        words.append(names.get(character, f"x{ord(character):02x}"))
    return "-".join([*words, plain] if plain else words)


class Talk:
    """A transcript being written; `json` gives it."""

    role = ""

    def __init__(
        self, name: str, attack: str, source: str, protocol: str, *, negotiated: bool = True
    ) -> None:
        self.protocol = protocol
        self.negotiated = negotiated
        self.steps: list[Json] = []
        self.expected: Json = {}
        self.head: Json = {
            "id": f"{attack.lower()}-{name}",
            "attack": attack,
            "source": source,
            "role": self.role,
            "protocol": protocol,
            "negotiated": negotiated,
        }

    def settings(self, **values: int) -> None:
        """Limits and times of the side under test."""
        self.head["settings"] = values

    def send(self, *segments: object) -> None:
        """The peer writes, a segment at a time."""
        self.steps.append({"send": list(segments)})

    def passes(self, seconds: float) -> None:
        """The peer does nothing for so long."""
        self.steps.append({"pass_s": seconds})

    def end(self) -> None:
        """The peer closes its side of the connection."""
        self.steps.append({"end": True})

    def handshake(self) -> None:
        """Both make the TLS handshake."""
        self.steps.append({"start_tls": True})

    def never_writes(self, *texts: str) -> None:
        """What the side under test must not write."""
        self.expected["never_written"] = list(texts)


class ClientTalk(Talk):
    """The client is under test; the peer is a server."""

    role = "client"

    def __init__(self, *arguments: str, negotiated: bool = True, tls: str = "no") -> None:
        super().__init__(*arguments, negotiated=negotiated)
        self.head["tls"] = tls
        self.told: list[Json] = []
        self.replies: list[list[Json | None]] = []
        self.expected = {"replies": self.replies, "end": "open"}

    def greet(self, *keywords: str) -> None:
        """Greeting and the answer to EHLO or LHLO; the keywords come last."""
        self.send(f"220 {HOST} ready\r\n")
        self.hello(*keywords)

    def hello(self, *keywords: str) -> None:
        """The answer to EHLO or LHLO."""
        listed = [*KEYWORDS, *(["REPLYMETA"] if self.negotiated else []), *keywords]
        lines = [f"250-{line}\r\n" for line in (HOST, *listed[:-1])]
        self.answer("".join(lines) + f"250 {listed[-1]}\r\n")

    def answer(self, *segments: object, lines: int = 1) -> None:
        """The peer waits for lines of the client, then writes."""
        self.steps.append({"await_lines": lines})
        self.send(*segments)

    def ask(self, *commands: str) -> None:
        """The client is told to send these at once."""
        self._tell("ask", list(commands))

    def _tell(self, what: str, value: object) -> None:
        self.told.append({what: value})
        self.replies.append([])

    def content(self, octets: object) -> None:
        """The client is told to send this content after the 354."""
        self._tell("content", octets)

    def got(self, code: int, **metadata: object) -> None:
        """A reply the caller gets; `groups` are [key, status] in order, `ignored` the reasons."""
        self.replies[-1].append({"code": code, **metadata})

    def got_none(self) -> None:
        """A reply to the content that the caller does not get."""
        self.replies[-1].append(None)

    def chunks(self, *octets: object) -> None:
        """The client is told to send the content in these chunks."""
        self._tell("chunks", list(octets))

    def auth(self) -> None:
        """The client is told to authenticate."""
        self._tell("auth", ["user", "secret"])

    def trade(self, command: str, *segments: object, **metadata: object) -> None:
        """One command and its reply, which is right."""
        self.ask(command)
        self.answer(*segments)
        first = segments[0]
        assert isinstance(first, str)
        self.got(int(first[:3]), **metadata)

    def transaction(self, recipients: int = 1) -> None:
        """MAIL and RCPT, all accepted."""
        self.trade(SENDER, "250 2.1.0 OK\r\n")
        for number in range(1, recipients + 1):
            self.trade(rcpt(number), "250 2.1.5 OK\r\n")

    def data(self, recipients: int = 1) -> None:
        """A transaction up to the 354."""
        self.transaction(recipients)
        self.trade("DATA", "354 go on\r\n")

    def await_content(self) -> None:
        """The peer waits for the end of the content."""
        self.steps.append({"await_content": True})

    def goodbye(self) -> None:
        """QUIT and its reply: the session is as it should be."""
        self.trade("QUIT", f"221 2.0.0 {HOST} bye\r\n")

    def fails(self, end: str, fault: str | None = None) -> None:
        """How it ends; a caller that goes on all the same is told to say NOOP."""
        self.expected["end"] = end
        if fault is not None:
            self.expected["fault"] = fault
        self.ask("NOOP")

    def caller_refused(self) -> None:
        """The client refuses what it was told; its caller then says QUIT, where that may be."""
        self.expected["end"] = "caller-refused"
        self.answer(f"221 2.0.0 {HOST} bye\r\n")

    def json(self) -> Json:
        """The transcript."""
        return {**self.head, "told": self.told, "steps": self.steps, "expected": self.expected}


class ServerTalk(Talk):
    """The server is under test; the peer is a client."""

    role = "server"

    def __init__(
        self, *arguments: str, negotiated: bool = True, offers: Sequence[str] = ()
    ) -> None:
        super().__init__(*arguments, negotiated=negotiated)
        if offers:
            self.head["offers"] = list(offers)
        self.codes: list[int] = []
        self.delivered: list[Json] = []
        self.answers: Json = {}
        self.expected = {"codes": self.codes, "end": "client", "delivered": self.delivered}

    def expect(self, *codes: int) -> None:
        """The peer waits for these replies."""
        self.codes += codes
        self.steps.append({"await_replies": len(codes)})

    def greet(self, verb: str = "") -> None:
        """The greeting, and EHLO or LHLO."""
        self.expect(220)
        self.ask(verb or HELLO[self.protocol], 250)

    def ask(self, command: str, code: int) -> None:
        """One command and the code of its reply."""
        self.send(command + "\r\n")
        self.expect(code)

    def transaction(self, recipients: int = 1) -> None:
        """MAIL and RCPT, all accepted."""
        self.ask(SENDER, 250)
        for number in range(1, recipients + 1):
            self.ask(rcpt(number), 250)

    def data(self, recipients: int = 1) -> None:
        """A transaction up to the 354."""
        self.transaction(recipients)
        self.ask("DATA", 354)

    def results(self, content: object, recipients: int = 1) -> None:
        """The content was taken: one reply (SMTP) or one a recipient (LMTP)."""
        self.delivers(content, recipients)
        self.expect(*[250] * (1 if self.protocol == "smtp" else recipients))

    def delivers(self, content: object, recipients: int = 1) -> None:
        """What the server must have handed on."""
        names = [f"user{number}@example.com" for number in range(1, recipients + 1)]
        self.delivered.append({"recipients": names, "content": content})

    def goodbye(self) -> None:
        """QUIT: the session is as it should be."""
        self.ask("QUIT", 221)
        self.expected["end"] = "quit"

    def refuses(self, *codes: int) -> None:
        """The server answers with this and closes."""
        self.expect(*codes)
        self.expected["end"] = "closed"

    def json(self) -> Json:
        """The transcript."""
        told = {"answers": self.answers} if self.answers else {}
        return {**self.head, **told, "steps": self.steps, "expected": self.expected}


Family = Iterator[Talk]
