"""A11 and A13: limits from both sides, and lines made to be slow to read.

The rules: the reader's own limits hold while it reads and breaking one is an error of the
connection (Draft: #req-limits-while-reading); breaking a limit of the draft only makes the metadata
of that reply unused (#req-limits-read).  At a limit all is well, one beyond it is not.
"""

from __future__ import annotations

from hostile_peers.writing import SENDER, ClientTalk, Family, ServerTalk, rcpt, repeat

READING = "Draft: #req-limits-while-reading"
OWN = {
    "max_received_line_octets": 1000,
    "max_received_reply_octets": 5000,
    "max_received_reply_lines": 30,
}
TRACE = "[TRACE-ID 7f3a]"


def family() -> Family:
    """Clients, then servers."""
    for place in ("greeting", "hello", "mail", "result"):
        for over in (-1, 0, 1):
            yield _line(place, over)
            yield _lines(place, over)
            yield _octets(place, over)
        yield _endless(place, "line", [repeat("x", 20_000)], "line-too-long")
        yield _endless(place, "lines", [repeat("250-2.0.0 more\r\n", 2000)], "too-many-lines")
    for over in (0, 1):
        yield from _draft_limits(over)
    for word, text in SLOW.items():
        yield _slow(word, text)
    yield from _server()


def _placed(
    name: str, place: str, segments: list[object], fault: str | None, attack: str = "A11"
) -> ClientTalk:
    """A reply at a place; it is right when there is no fault."""
    talk = ClientTalk(f"{name}-as-{place}", attack, READING, "smtp")
    talk.settings(**OWN)
    if place == "greeting":
        talk.send(*segments)
        if fault is None:
            talk.hello()
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
        if fault is None:
            talk.got(220 if place == "greeting" else 250)
        elif place == "result":
            talk.got_none()
    if fault is None:
        talk.goodbye()
    else:
        talk.fails("protocol-error", fault)
    return talk


def _code(place: str) -> str:
    return "220" if place == "greeting" else "250"


def _line(place: str, over: int) -> ClientTalk:
    length = OWN["max_received_line_octets"] + over
    segments: list[object] = [[f"{_code(place)} ", repeat("x", length - 6), "\r\n"]]
    return _placed(f"line-of-{length}", place, segments, "line-too-long" if over > 0 else None)


def _lines(place: str, over: int) -> ClientTalk:
    count = OWN["max_received_reply_lines"] + over
    code = _code(place)
    segments: list[object] = [[repeat(f"{code}-a\r\n", count - 1), f"{code} a\r\n"]]
    return _placed(f"{count}-lines", place, segments, "too-many-lines" if over > 0 else None)


def _octets(place: str, over: int) -> ClientTalk:
    total = OWN["max_received_reply_octets"] + over
    code = _code(place)
    line = [f"{code}-", repeat("x", 494), "\r\n"]
    last = total - 9 * 500
    segments: list[object] = [
        [part for _ in range(9) for part in line] + [f"{code} ", repeat("y", last - 6), "\r\n"]
    ]
    return _placed(f"reply-of-{total}", place, segments, "reply-too-long" if over > 0 else None)


def _endless(place: str, word: str, segment: list[object], fault: str) -> ClientTalk:
    """It never ends; where the code differs from the place it is the length that counts."""
    return _placed(f"endless-{word}", place, [["250 " if word == "line" else "", *segment]], fault)


def _draft_limits(over: int) -> Family:
    """Each limit of the draft, just kept and just broken."""
    word = "over" if over else "at"

    def one(
        name: str, lines: list[str], keys: list[str], reason: str, *, status: str = ""
    ) -> ClientTalk:
        talk = ClientTalk(f"{name}-{word}-the-limit", "A11", "Draft: #req-limits-read", "smtp")
        talk.greet()
        talk.trade(SENDER, "250 2.1.0 OK\r\n")
        octets = "".join(f"250-{line}\r\n" for line in lines[:-1]) + f"250 {lines[-1]}\r\n"
        unused = "reply-ignored"
        groups = [
            [
                key,
                (status or unused)
                if over and key != "TRACE-ID"
                else (unused if over else _fine(key)),
            ]
            for key in keys
        ]
        seen: dict[str, object] = {"groups": groups}
        if over:
            seen["ignored"] = [reason]
        talk.trade(rcpt(1), octets, **seen)
        talk.goodbye()
        return talk

    private = "org.example.a"
    ok = "2.1.5 "
    yield one(
        "line", [ok + TRACE + " " + "x" * (510 - 6 - 6 - 16 + over)], ["TRACE-ID"], "line-too-long"
    )
    groups = 16 + over
    yield one("groups", [ok + " ".join(f"[{private}{n:02}]" for n in range(groups)) + " OK"],
              [f"{private}{n:02}" for n in range(groups)], "too-many-groups")  # fmt: skip
    arguments = 16 + over
    yield one("arguments", [ok + TRACE + f" [{private} " + " ".join("v" * arguments) + "] OK"],
              ["TRACE-ID", private], "too-many-arguments", status="too-many-arguments")  # fmt: skip
    yield one("value", [ok + TRACE + f" [{private} " + "v" * (255 + over) + "] OK"],
              ["TRACE-ID", private], "value-too-long", status="too-long")  # fmt: skip
    rest = 400 + over - len(f"[{private}]") - 1
    pair = "v" * 190 + " " + "w" * (rest - 191)
    yield one("group", [ok + TRACE + f" [{private} {pair}] OK"],
              ["TRACE-ID", private], "group-too-long", status="too-long")  # fmt: skip
    key = "org." + "k" * (60 + over)
    yield one(
        "private-key",
        [ok + TRACE + f" [{key}] OK"],
        ["TRACE-ID", key],
        "key-too-long",
        status="too-long",
    )
    key = "K" * (32 + over)
    yield one(
        "registered-key",
        [ok + TRACE + f" [{key}] OK"],
        ["TRACE-ID", key],
        "key-too-long",
        status="too-long",
    )
    lines = [ok + TRACE + " a", *[ok + "b"] * (19 + over)]
    yield one("reply-lines", lines, ["TRACE-ID"], "too-many-lines")
    lines = [ok + TRACE + " " + "x" * (500 - 28), *[ok + "y" * (500 - 12)] * 3]
    yield one(
        "reply", [*lines, ok + "z" * (2048 - 2000 - 12 + over)], ["TRACE-ID"], "reply-too-long"
    )


def _fine(key: str) -> str:
    return "used" if key == "TRACE-ID" or "." in key else "unknown-key"


SLOW = {
    "open-brackets": "[" * 450,
    "open-groups": "[A " * 150,
    "names-without-end": "[A " + "x=" * 200,
    "plus-signs": "[A " + "+" * 400 + "]",
    "half-encodings": "[A " + "+4" * 200 + "]",
    "spaces": " " * 450,
    "open-quote-in-a-path": '<"' + "a" * 440,
    "quotes-and-escapes": '<"' + '\\"' * 220,
    "many-ats": "<" + "a@" * 220,
    "source-route": "<" + "@a," * 140 + "@a:b@c",
    "groups-then-none": "[A] " * 100 + "[A",
    "many-hyphens": "[" + "-" * 400 + "]",
    "many-dots": "[" + "a." * 200 + "]",
    "closing-brackets": "]" * 450,
}  # fmt: skip
"""Text behind the enhanced code that holds no group, or none to the end: all of it is text."""


def _slow(word: str, text: str) -> ClientTalk:
    talk = ClientTalk(f"slow-{word}", "A13", "Draft: #security-resources", "smtp")
    talk.greet()
    talk.trade(SENDER, "250 2.1.0 OK\r\n")
    talk.ask(rcpt(1))
    # At once, then as a long reply of such lines.
    talk.answer(f"250 2.1.5 {text}\r\n")
    seen: dict[str, object] = {}
    if word == "groups-then-none":  # a run of groups that stand, but too many of them
        seen = {"groups": [["A", "reply-ignored"]] * 100, "ignored": ["too-many-groups"]}
    talk.got(250, **seen)
    talk.goodbye()
    return talk


def _server() -> Family:
    """Command lines, recipients, refusals, content and chunks."""
    limit = 600
    for over in (0, 1):
        name = f"command-of-{limit + over}"
        talk = ServerTalk(name, "A11", "RFC 5321, Section 4.5.3.1.4", "smtp")
        talk.settings(max_command_octets=limit)
        talk.greet()
        talk.send(["NOOP ", repeat("x", limit + over - 7), "\r\n"])
        _done(talk, 250, 500, over)
        yield talk
        for protocol in ("smtp", "lmtp"):
            talk = ServerTalk(
                f"content-of-{1000 + over}-{protocol}",
                "A11",
                "RFC 5321, Section 4.5.3.1.7",
                protocol,
            )
            talk.settings(max_message_octets=1000)
            talk.greet()
            talk.data()
            content = ["a" * 98 + "\r\n"] * 9 + ["b" * (98 + over) + "\r\n"]
            talk.send("".join(content) + ".\r\n")
            if over:
                talk.refuses(552)
            else:
                talk.results("".join(content))
                talk.goodbye()
            yield talk
            talk = ServerTalk(
                f"chunks-of-{1000 + over}-{protocol}", "A11", "RFC 3030, Section 2", protocol
            )
            talk.settings(max_message_octets=1000)
            talk.greet()
            talk.transaction()
            talk.send("BDAT 600\r\n", [repeat("x", 600)])
            talk.expect(250)
            talk.send(f"BDAT {400 + over} LAST\r\n", [repeat("y", 400 + over)])
            if over:
                talk.expect(552)
            else:
                talk.results([repeat("x", 600), repeat("y", 400)])
            talk.goodbye()
            yield talk
        talk = ServerTalk(
            f"content-line-of-{500 + over}", "A11", "RFC 5321, Section 4.5.3.1.6", "smtp"
        )
        talk.settings(max_message_line_octets=500)
        talk.greet()
        talk.data()
        talk.send([repeat("x", 498 + over), "\r\n.\r\n"])
        if over:
            talk.refuses(552)
        else:
            talk.results([repeat("x", 498), "\r\n"])
            talk.goodbye()
        yield talk
        talk = ServerTalk(f"{5 + over}-recipients", "A11", "RFC 5321, Section 4.5.3.1.10", "smtp")
        talk.settings(max_recipients=5)
        talk.greet()
        talk.transaction(5)
        if over:
            talk.ask(rcpt(6), 452)
        talk.ask("DATA", 354)
        talk.send("Hi\r\n.\r\n")
        talk.results("Hi\r\n", 5)
        talk.goodbye()
        yield talk
        talk = ServerTalk(f"{4 + over}-refused-lines", "A11", "RFC 5321, Section 3.8", "smtp")
        talk.settings(max_refused=4)
        talk.greet()
        talk.send("junk\r\n" * (4 + over))
        if over:
            talk.refuses(500, 500, 500, 500, 421)
        else:
            talk.expect(500, 500, 500, 500)
            talk.goodbye()
        yield talk
    yield from _endless_for_servers()
    yield from _chunk_sizes()


def _done(talk: ServerTalk, right: int, wrong: int, over: int) -> None:
    if over:
        talk.refuses(wrong)
    else:
        talk.expect(right)
        talk.goodbye()


def _endless_for_servers() -> Family:
    for word, segment in {
        "line": [repeat("x", 5000)],
        "nuls": [repeat("\0", 5000)],
        "crs": [repeat("\r", 5000)],
    }.items():
        talk = ServerTalk(f"endless-command-{word}", "A11", "RFC 5321, Section 4.5.3.1.4", "smtp")
        talk.settings(max_command_octets=600)
        talk.greet()
        talk.send(segment)
        talk.refuses(500)
        yield talk
        talk = ServerTalk(f"endless-content-{word}", "A11", "RFC 5321, Section 4.5.3.1.6", "smtp")
        talk.settings(max_message_line_octets=600)
        talk.greet()
        talk.data()
        talk.send(segment)
        talk.refuses(552)
        yield talk
    talk = ServerTalk("endless-recipients", "A11", "RFC 5321, Section 4.5.3.1.8", "smtp")
    talk.settings(max_recipients=3)
    talk.greet()
    talk.ask(SENDER, 250)
    talk.send([repeat(rcpt(1) + "\r\n", 500)])
    talk.expect(250, 250, 250, *[452] * 497)
    talk.goodbye()
    yield talk


def _chunk_sizes() -> Family:
    """Sizes that are no sizes end the session: where the chunk ends is not known."""
    for size in (
        "-1",
        "+5",
        "0x10",
        "1e3",
        "2_5",
        "5.0",
        "",
        "five",
        "5 5",
        "5 LASTX",
        "5 LAST LAST",
        "9" * 21,
        "\x1b5",
    ):
        for last in ("", " LAST"):
            word = "-".join(str(ord(character)) for character in size) or "none"
            talk = ServerTalk(
                f"chunk-size-{word}{last.lower().replace(' ', '-')}",
                "A11",
                "RFC 3030, Section 2",
                "smtp",
            )
            talk.greet()
            talk.transaction()
            talk.send(f"BDAT {size}{last}\r\nMAIL FROM:<evil@example.org>\r\nQUIT\r\n")
            talk.refuses(501)
            yield talk
    for protocol in ("smtp", "lmtp"):
        talk = ServerTalk(
            f"chunk-larger-than-it-says-{protocol}", "A11", "RFC 3030, Section 2", protocol
        )
        talk.greet()
        talk.transaction()
        talk.send("BDAT 4 LAST\r\nHi\r\nRSET\r\n")
        talk.results("Hi\r\n")
        talk.expect(250)  # what is behind the chunk is a command
        talk.goodbye()
        yield talk
        talk = ServerTalk(
            f"chunk-smaller-than-it-says-{protocol}", "A11", "RFC 3030, Section 2", protocol
        )
        talk.greet()
        talk.transaction()
        talk.send("BDAT 40 LAST\r\nHi\r\nRSET\r\nQUIT\r\n")
        talk.end()
        yield talk
        talk = ServerTalk(f"chunk-of-20-digits-{protocol}", "A11", "RFC 3030, Section 2", protocol)
        talk.greet()
        talk.transaction()
        talk.send(f"BDAT {'9' * 20} LAST\r\n", [repeat("RSET\r\n", 500)])
        talk.end()
        yield talk
