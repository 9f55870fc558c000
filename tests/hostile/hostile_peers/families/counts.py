"""A16 and A17: replies that are missing, doubled or too many, to pipelined commands and in LMTP.

The rule (RFC 2920, Section 3.1; RFC 2033, Section 4.2): replies belong to commands by their order.
One too few is waited for until the deadline or the end; one too many is a protocol error, and no
reply is ever given to another command.
"""

from __future__ import annotations

from hostile_peers.writing import SENDER, ClientTalk, Family, rcpt

PIPELINING = "RFC 2920, Section 3.1"
LMTP = "RFC 2033, Section 4.2"
NUMBERED = ("250", "450", "550")


def family() -> Family:
    """Pipelined groups of 1 to 5 commands; LMTP with 0 to 5 recipients."""
    for commands in range(1, 6):
        for replies in sorted({commands - 1, commands + 1, 2 * commands}):
            for how in ("at-once", "octet-by-octet") if replies else ("at-once",):
                yield _pipelined(commands, replies, how)
        yield _missing_in_time(commands)
        yield _half_a_reply_too_many(commands)
        yield _two_in_one(commands)
    for recipients in range(1, 6):
        for replies in sorted({0, recipients - 1, recipients, recipients + 1, 2 * recipients}):
            yield _after_content(recipients, replies)
        yield _some_refused(recipients)
        yield _chunked(recipients)
    yield from _no_recipients()
    yield from _unasked()


def _group(talk: ClientTalk, commands: int) -> None:
    names = ["RSET", SENDER, *[rcpt(number) for number in range(1, 4)]][:commands]
    talk.ask(*names)


def _reply(number: int, *, fine: bool = False) -> str:
    code = "250" if fine or number < 3 else NUMBERED[number % 3]
    return f"{code} {code[0]}.0.0 reply {number}\r\n"


def _cut(octets: str, how: str) -> list[object]:
    return list(octets) if how == "octet-by-octet" else [octets]


def _pipelined(commands: int, replies: int, how: str) -> ClientTalk:
    name = f"{replies}-replies-to-{commands}-commands-{how}"
    talk = ClientTalk(name, "A16", PIPELINING, "smtp")
    talk.greet()
    _group(talk, commands)
    octets = [_reply(number) for number in range(1, replies + 1)]
    for octet_string in octets[:commands]:
        talk.got(int(octet_string[:3]))
    talk.steps.append({"await_lines": commands})
    if replies > commands:
        # The surplus begins in the segment in which the last reply that was asked for ends.
        asked, surplus = "".join(octets[:commands]), "".join(octets[commands:])
        if how == "at-once":
            talk.send(asked + surplus)
        else:
            talk.send(*asked[:-1], asked[-1] + surplus[0], *surplus[1:])
        talk.fails("protocol-error")
    else:
        if octets:
            talk.send(*_cut("".join(octets), how))
        talk.end()
        talk.fails("ended")
    return talk


def _missing_in_time(commands: int) -> ClientTalk:
    talk = ClientTalk(f"last-of-{commands}-replies-never-comes", "A16", PIPELINING, "smtp")
    talk.greet()
    _group(talk, commands)
    talk.steps.append({"await_lines": commands})
    for number in range(1, commands):
        talk.send(_reply(number, fine=True))
        talk.got(250)
    talk.passes(15)
    talk.fails("timed-out")
    return talk


def _half_a_reply_too_many(commands: int) -> ClientTalk:
    talk = ClientTalk(f"half-a-reply-behind-{commands}", "A16", PIPELINING, "smtp")
    talk.greet()
    _group(talk, commands)
    talk.answer(
        "".join(_reply(number, fine=True) for number in range(1, commands + 1)) + "250-2.0.0 mo",
        lines=commands,
    )
    for _ in range(commands):
        talk.got(250)
    # Its rest comes when the next command was sent, and would be taken for the answer.
    talk.steps.append({"await_lines": 1})
    talk.send("re\r\n250 2.0.0 evil\r\n")
    talk.fails("protocol-error")
    return talk


def _two_in_one(commands: int) -> ClientTalk:
    """A reply that looks like two to who does not count lines."""
    talk = ClientTalk(f"replies-of-several-lines-to-{commands}", "A16", PIPELINING, "smtp")
    talk.greet()
    _group(talk, commands)
    talk.answer(
        "250-2.0.0 550 5.1.1 no\r\n250 2.0.0 450 4.0.0 later\r\n" * commands, lines=commands
    )
    for _ in range(commands):
        talk.got(250)
    talk.goodbye()
    return talk


def _after_content(recipients: int, replies: int) -> ClientTalk:
    talk = ClientTalk(f"{replies}-replies-for-{recipients}-recipients", "A17", LMTP, "lmtp")
    talk.greet()
    talk.data(recipients)
    talk.content("Hi\r\n")
    talk.await_content()
    octets = [f"{NUMBERED[n % 3]} {NUMBERED[n % 3][0]}.0.0 for {n}\r\n" for n in range(replies)]
    if octets:
        talk.send("".join(octets))
    for octet_string in octets[:recipients]:
        talk.got(int(octet_string[:3]))
    for _ in range(recipients - replies):
        talk.got_none()
    if replies == recipients:
        talk.goodbye()
    elif replies > recipients:
        talk.fails("protocol-error")
    else:
        talk.end()
        talk.fails("ended")
    return talk


def _some_refused(recipients: int) -> ClientTalk:
    """Only accepted recipients have a reply to the content."""
    talk = ClientTalk(f"every-other-of-{recipients}-refused", "A17", LMTP, "lmtp")
    talk.greet()
    talk.trade(SENDER, "250 2.1.0 OK\r\n")
    accepted = 0
    for number in range(1, recipients + 1):
        if number % 2:
            accepted += 1
            talk.trade(rcpt(number), "250 2.1.5 OK\r\n")
        else:
            talk.trade(rcpt(number), "550 5.1.1 no\r\n")
    talk.trade("DATA", "354 go on\r\n")
    talk.content("Hi\r\n")
    talk.await_content()
    talk.send("250 2.0.0 OK\r\n" * (accepted + 1))
    for _ in range(accepted):
        talk.got(250)
    talk.fails("protocol-error")
    return talk


def _chunked(recipients: int) -> ClientTalk:
    talk = ClientTalk(
        f"chunks-and-{recipients + 1}-replies-for-{recipients}",
        "A17",
        "RFC 3030, Section 2",
        "lmtp",
    )
    talk.greet()
    talk.transaction(recipients)
    talk.chunks("Hi\r\n", "there\r\n")
    talk.steps.append({"await_octets": len("BDAT 4\r\nHi\r\n")})
    talk.send("250 2.0.0 4 octets\r\n")
    talk.steps.append({"await_octets": len("BDAT 7 LAST\r\nthere\r\n")})
    talk.send("250 2.0.0 OK\r\n" * (recipients + 1))
    for _ in range(recipients):
        talk.got(250)
    talk.fails("protocol-error")
    return talk


def _no_recipients() -> Family:
    """All recipients refused: DATA may not be sent; BDAT neither."""
    for protocol in ("smtp", "lmtp"):
        for recipients in range(6):
            talk = ClientTalk(f"all-{recipients}-refused-{protocol}", "A17", LMTP, protocol)
            talk.greet()
            talk.trade(SENDER, "250 2.1.0 OK\r\n")
            for number in range(1, recipients + 1):
                talk.trade(rcpt(number), f"{NUMBERED[1 + number % 2]} {4 + number % 2}.1.1 no\r\n")
            talk.ask("DATA")
            talk.caller_refused()
            talk.never_writes("DATA")
            yield talk


def _unasked() -> Family:
    """Replies that answer nothing, whole or in part, at each place of a dialogue."""
    stray = {
        "250": "250 2.0.0 stray\r\n",
        "550": "550 5.0.0 stray\r\n",
        "two": "250-2.0.0 a\r\n250 2.0.0 b\r\n",
    }
    for word, octets in stray.items():
        talk = ClientTalk(f"{word}-behind-the-greeting", "A16", PIPELINING, "smtp")
        talk.send("220 mx.example.org ready\r\n" + octets)
        talk.fails("protocol-error")
        yield talk
        talk = ClientTalk(f"{word}-behind-the-keywords", "A16", PIPELINING, "smtp")
        talk.send("220 mx.example.org ready\r\n")
        talk.answer("250-mx.example.org\r\n250 PIPELINING\r\n" + octets)
        talk.fails("protocol-error")
        yield talk
        talk = ClientTalk(f"{word}-behind-354", "A16", PIPELINING, "smtp")
        talk.greet()
        talk.transaction()
        talk.trade("DATA", "354 go on\r\n" + octets)
        talk.content("Hi\r\n")
        talk.expected["end"] = "protocol-error"
        talk.never_writes("Hi")
        yield talk
        talk = ClientTalk(f"{word}-behind-the-result", "A16", PIPELINING, "smtp")
        talk.greet()
        talk.data()
        talk.content("Hi\r\n")
        talk.await_content()
        talk.send("250 2.0.0 OK\r\n" + octets)
        talk.got(250)
        talk.fails("protocol-error")
        yield talk
    talk = ClientTalk("421-behind-a-reply", "A16", "RFC 5321, Section 3.8", "smtp")
    talk.greet()
    talk.trade(SENDER, "250 2.1.0 OK\r\n421 4.3.2 mx.example.org going\r\n")
    talk.fails("closing")
    yield talk
