"""Generated pipelined sessions, and a model of which reply belongs where: `make hostile-sessions`.

The server of a session writes replies that are missing, doubled or too many, of one line or of
several, cut anywhere.  Each reply carries its number in its text, and texts that look like other
replies.  The model (`Model`) knows RFC 2920 and RFC 2033 only: the n-th reply answers the n-th
command; what it says is compared with what the session says, event by event.
"""

from __future__ import annotations

import argparse
import sys
import time
from collections import Counter
from dataclasses import dataclass, field
from random import Random

from reply_metadata.client_session import ClientSession
from reply_metadata.commands import (
    Chunk,
    Command,
    Hello,
    HelloVerb,
    MailFrom,
    Noop,
    Quit,
    RcptTo,
    Reset,
    StartData,
)
from reply_metadata.errors import LocalProtocolError, RemoteProtocolError
from reply_metadata.events import (
    NEED_DATA,
    ClosingNotice,
    CommandAnswer,
    ConnectionEnded,
    Content,
    Result,
    TimedOut,
)
from reply_metadata.paths import Path
from reply_metadata.transitions import Protocol, State

MOST_RECIPIENTS = 5
MOST_TRANSACTIONS = 3
SENDER = MailFrom(Path.of("s@example.org"))
RECIPIENTS = tuple(RcptTo(Path.of(f"user{number}@example.com")) for number in range(5))
GREETING = b"220 mx.example.org ready\r\n"
KEYWORDS = (
    b"250-mx\r\n250-PIPELINING\r\n250-CHUNKING\r\n250-ENHANCEDSTATUSCODES\r\n250 REPLYMETA\r\n"
)
HOW = ("right",) * 12 + ("missing", "doubled", "surplus", "half", "closing")


@dataclass
class Model:
    """What must become of replies, by their order; knows nothing of the session."""

    lmtp: bool
    sender: bool = False
    accepted: list[RcptTo] = field(default_factory=list)
    content: bool = False
    end: str = ""

    def answer(self, command: Command | None, code: int) -> bool:
        """Whether the reply is given to the command; `end` says what it ends."""
        if code == 421:
            self.end = "closed"
            return True
        if not self._fits(command, code // 100):
            self.end = "protocol-error"
            return False
        self._keep(command, code // 100)
        if isinstance(command, Quit):
            self.end = "closed"  # nothing is read any more (RFC 5321, Section 4.1.1.10)
        return True

    def surplus(self, code: int) -> None:
        """A reply that answers nothing."""
        self.end = "closing" if code == 421 else "protocol-error"

    def _fits(self, command: Command | None, first: int) -> bool:
        if first in (4, 5):
            return True
        if isinstance(command, StartData):
            return first == 3 and self.sender and (bool(self.accepted) or not self.lmtp)
        if isinstance(command, RcptTo):
            return first == 2 and self.sender
        return first == 2

    def _keep(self, command: Command | None, first: int) -> None:
        if isinstance(command, StartData):
            self.content = first == 3
        elif isinstance(command, Reset) and first == 2:
            self.sender, self.accepted = False, []
        elif isinstance(command, MailFrom) and first == 2:
            self.sender = True
        elif isinstance(command, RcptTo) and first == 2:
            self.accepted.append(command)

    def over(self) -> None:
        """The transaction is over."""
        self.sender, self.accepted, self.content = False, [], False


class Generated:
    """One session, by its seed."""

    def __init__(self, seed: int) -> None:
        self.random = Random(seed)  # the same sessions each time
        self.protocol = self.random.choice(list(Protocol))
        self.session = ClientSession(self.protocol)
        self.model = Model(self.protocol is Protocol.LMTP)
        self.number = 0  # of replies written
        self.left = b""  # octets of a reply too many that come later
        self.left_code = 0
        self.answered = 0
        self.kinds: Counter[str] = Counter()

    def run(self) -> None:
        """The whole session."""
        verb = HelloVerb.LHLO if self.model.lmtp else HelloVerb.EHLO
        self.session.time_passed(0)
        self.session.receive_octets(GREETING)
        self.session.send(Hello(verb, "client.example.org"))
        self.session.receive_octets(KEYWORDS)
        while self.session.next_event() is not NEED_DATA:
            pass
        for _ in range(self.random.randint(1, MOST_TRANSACTIONS)):
            self._transaction()
            if self.model.end:
                break
        else:
            self._group([Quit()], [None])
        self.kinds[f"end: {self.model.end}"] += 1
        self._check_ended()

    def _transaction(self) -> None:
        count = self.random.randint(0, MOST_RECIPIENTS)
        commands: list[Command] = [Reset()] if self.random.random() < 0.5 else []
        commands += [SENDER, *RECIPIENTS[:count]]
        by_data = count > 0 and self.random.random() < 0.7
        if by_data:
            commands.append(StartData())
        self._group(commands, [None] * len(commands))
        model = self.model
        if model.end:
            return
        if by_data and model.content:
            self._content(Content(b"Hi\r\n" if model.accepted else b""))
        elif model.accepted and not by_data:
            self._content(Chunk(b"Hi\r\n", last=True))
        while not model.end and (model.sender or self.left):
            self._group([Reset()], [None])

    def _content(self, event: Content | Chunk) -> None:
        self.session.send(event)
        owed = list(self.model.accepted) if self.model.lmtp else [None]
        self._replies([None] * len(owed), owed, content=True)
        self.model.over()

    def _group(self, commands: list[Command], about: list[RcptTo | None]) -> None:
        self.sent = commands
        for command in commands:
            self.session.send(command)
        self._replies(list(commands), about)

    def _replies(
        self, asked: list[Command | None], about: list[RcptTo | None], *, content: bool = False
    ) -> None:
        """Write replies to what was asked, in some number, cut anywhere; compare."""
        how = self.random.choice(HOW)
        self.kinds[how] += 1
        wanted = len(asked)
        count = {
            "missing": self.random.randrange(wanted), "doubled": 2 * wanted, "half": wanted + 1,
            "surplus": wanted + self.random.randint(1, 3),
        }.get(how, wanted)  # fmt: skip
        codes = [self._code(asked[at] if at < wanted else None, at, wanted) for at in range(count)]
        if how == "closing" and codes:
            codes[self.random.randrange(count)] = 421
        octets = [self._reply(code) for code in codes]
        numbers = list(range(self.number - count, self.number))
        begun, self.left, left_code = self.left, b"", 0
        stream = begun + b"".join(octets)
        if how == "half":  # part of the last one comes with what is asked next
            cut = self.random.randint(1, len(octets[-1]) - 1)
            stream, self.left = stream[:-cut], stream[-cut:]
            left_code = codes.pop()
        expected = self._expected(asked, codes, numbers, begun=bool(begun))
        self.left_code = left_code
        self._feed(stream)
        if len(expected) < wanted and not self.model.end:
            self._goes_silent()
        self._compare(expected, asked, about, content=content)

    def _expected(
        self, asked: list[Command | None], codes: list[int], numbers: list[int], *, begun: bool
    ) -> list[tuple[int, int]]:
        """By the model: (which command, which reply)."""
        if begun:  # the rest of a reply that began before anything was asked
            self.model.surplus(self.left_code)
            return []
        pairs = []
        for at, code in enumerate(codes):
            if at >= len(asked):
                self.model.surplus(code)
            elif self.model.answer(asked[at], code):
                pairs.append((at, numbers[at]))
            if self.model.end:
                break
        return pairs

    def _goes_silent(self) -> None:
        if self.random.random() < 0.5:
            self.session.receive_octets(b"")
            self.model.end = "ended"
        else:
            self.session.time_passed(10_000)
            self.model.end = "timed-out"

    def _code(self, command: Command | None, at: int, wanted: int) -> int:
        if isinstance(command, StartData):
            return self.random.choice((354,) * 20 + (450, 550, 250))
        if at >= wanted:
            return self.random.choice((250, 450, 550, 354, 421))
        return self.random.choice((250,) * 40 + (251, 450, 451, 550, 552, 450, 550, 354))

    def _reply(self, code: int) -> bytes:
        """One reply; its number is on each line, and beside it words of other replies."""
        lines = self.random.randint(1, 3) if self.random.random() < 0.3 else 1
        enhanced = f" {code // 100}.0.0" if code != 354 else ""
        decoy = self.random.choice(("", " 250 2.0.0 ok", " [TRACE-ID 7f3a]", " 550 5.1.1 #0#", "-"))
        text = f"{enhanced} reply #{self.number}#{decoy}"
        self.number += 1
        parts = [f"{code}-{text[1:]}\r\n"] * (lines - 1) + [f"{code}{text}\r\n"]
        return "".join(parts).encode("ascii")

    def _feed(self, stream: bytes) -> None:
        cuts = sorted(self.random.randint(0, len(stream)) for _ in range(self.random.randint(0, 6)))
        for begin, end in zip([0, *cuts], [*cuts, len(stream)], strict=True):
            if end > begin:
                self.session.receive_octets(stream[begin:end])

    def _compare(
        self,
        expected: list[tuple[int, int]],
        asked: list[Command | None],
        about: list[RcptTo | None],
        *,
        content: bool,
    ) -> None:
        for at, number in expected:
            event = self.session.next_event()
            if content:
                assert isinstance(event, Result), event
                assert event.recipient is about[at], (event, about, at)
            else:
                assert isinstance(event, CommandAnswer), event
                assert event.command is asked[at], (event, asked, at)
            assert event.reply.octets.count(f"#{number}#".encode()) >= 1, (event.reply, number)
            self.answered += 1
        end = self._end_seen()
        assert end == self.model.end, (end, self.model.end)

    def _end_seen(self) -> str:
        try:
            event = self.session.next_event()
        except RemoteProtocolError:
            return "protocol-error"
        if event is NEED_DATA:
            return "closed" if self.model.end == "closed" and self._is_over() else ""
        return {ConnectionEnded: "ended", TimedOut: "timed-out", ClosingNotice: "closing"}.get(
            type(event), f"{event}"
        )

    def _is_over(self) -> bool:
        return self.session.state in {State.CLOSED, State.BROKEN}

    def _check_ended(self) -> None:
        assert self._is_over(), self.session.state
        self.session.receive_octets(b"250 2.0.0 late\r\n")
        try:
            self.session.send(Noop())
        except LocalProtocolError:
            return
        raise AssertionError("a session that is over takes commands")


def play(seeds: range) -> tuple[int, Counter[str]]:
    """Replies that were paired, and what happened how often; an AssertionError names the seed."""
    answered, kinds = 0, Counter[str]()
    for seed in seeds:
        session = Generated(seed)
        try:
            session.run()
        except AssertionError as error:
            raise AssertionError(f"session {seed}: {error}") from error
        answered += session.answered
        kinds += session.kinds
    return answered, kinds


def main() -> int:
    """Play and print."""
    parser = argparse.ArgumentParser(prog="python -m hostile_peers.sessions", description=__doc__)
    parser.add_argument("--count", type=int, default=100_000)
    parser.add_argument("--first", type=int, default=0, help="the first seed")
    arguments = parser.parse_args()
    began = time.monotonic()
    answered, kinds = play(range(arguments.first, arguments.first + arguments.count))
    seconds = time.monotonic() - began
    happened = ", ".join(f"{name} {count}" for name, count in sorted(kinds.items()))
    sys.stdout.write(
        f"{arguments.count} sessions, {answered} replies paired, none with a wrong command,"
        f" {seconds:.0f} s\n{happened}\n"
    )
    return 0


if __name__ == "__main__":
    sys.exit(main())
