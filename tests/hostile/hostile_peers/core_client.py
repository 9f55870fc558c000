"""A client session without I/O, and the scripted server it talks to in memory."""

from __future__ import annotations

from collections.abc import Sequence

from hostile_peers.client_play import play_told, run_now
from hostile_peers.outcome import ClientOutcome, Gone, Stalled, gone_by
from hostile_peers.transcript import Transcript, octets_of
from reply_metadata.client_session import ClientSession
from reply_metadata.commands import (
    Authenticate,
    Chunk,
    Command,
    Hello,
    HelloVerb,
    MailFrom,
    Noop,
    Quit,
    StartTls,
)
from reply_metadata.credentials import PlainCredentials
from reply_metadata.errors import LocalProtocolError, RemoteProtocolError
from reply_metadata.events import (
    NEED_DATA,
    ClosingNotice,
    ConnectionEnded,
    Content,
    TimedOut,
)
from reply_metadata.paths import NULL_PATH
from reply_metadata.transitions import DIALECTS, State
from reply_metadata.values import Reply

_ENDED = frozenset({State.CLOSED, State.BROKEN})
_NAME = "client.example.org"


class _Peer:
    """The scripted server: what it does next, and what it has read."""

    def __init__(self, transcript: Transcript) -> None:
        self.left = [dict(step) for step in transcript.steps]
        self.read = b""

    def next_act(self) -> tuple[str, object] | None:
        """The next thing it does, or None while it waits for the client."""
        while self.left:
            step = self.left[0]
            if "await_lines" in step:
                parts = self.read.split(b"\n", step["await_lines"])
                if len(parts) <= step["await_lines"]:
                    return None
                self.read = parts[-1]
            elif "await_octets" in step:
                if len(self.read) < step["await_octets"]:
                    return None
                self.read = self.read[step["await_octets"] :]
            elif "await_content" in step:
                found = (b"\r\n" + self.read).find(b"\r\n.\r\n")
                if found < 0:
                    return None
                self.read = self.read[found + 3 :]
            elif "send" in step:
                segment, *rest = step["send"]
                if rest:
                    step["send"] = rest
                else:
                    self.left.pop(0)
                return "send", octets_of(segment)
            else:
                self.left.pop(0)
                return next(iter(step.items()))
            self.left.pop(0)
        return None


class CoreClient:
    """Does with a session what an adapter does, in memory."""

    def __init__(self, transcript: Transcript) -> None:
        self._transcript = transcript
        self._tls = transcript.tls
        self.session = ClientSession(
            transcript.protocol,
            limits=transcript.limits(),
            timeouts=transcript.client_timeouts(),
            require_tls=self._tls == "must",
        )
        self.peer = _Peer(transcript)
        self.written = b""
        self._now = 0.0

    async def open(self) -> None:
        self.session.time_passed(self._now)
        self._event()
        if self.session.state is State.BROKEN:
            self._event()
        if self.session.state is not State.GREETED:
            self._quit()
            raise Gone("refused-to-serve")
        self._say_hello()
        if self._tls == "no":
            return
        if "STARTTLS" in self.session.extensions:
            reply = self._ask(StartTls())
            if reply.code // 100 == 2:
                self._handshake()
            if self.session.tls or self._tls == "may":
                self._say_hello()
        if self._tls == "must" and not self.session.tls:
            try:
                self.session.send(MailFrom(NULL_PATH))
            except LocalProtocolError:
                self._quit()
                raise Gone("tls-refused") from None
            raise AssertionError("MAIL before the TLS that is required")

    async def ask(self, commands: Sequence[Command]) -> list[Reply]:
        self._check_ended()
        self._write(b"".join([self.session.send(command) for command in commands]))
        got = []
        self.partial = got
        for _ in commands:
            got.append(self._event().reply)
        self.partial = []
        return got

    async def content(self, octets: bytes) -> list[Reply | None]:
        self._check_ended()
        return self._results(Content(octets))

    async def chunks(self, chunks: Sequence[bytes]) -> list[Reply | None]:
        self._check_ended()
        *others, last = chunks
        for octets in others:
            reply = self._ask(Chunk(octets))
            if reply.code // 100 != 2:
                return [reply]
        return self._results(Chunk(last, last=True))

    async def auth(self, user: str, password: str) -> list[Reply]:
        return await self.ask([Authenticate(PlainCredentials(user, password))])

    async def close(self) -> None:
        pass

    def is_closed(self) -> bool:
        """Whether nothing can be sent any more."""
        try:
            self.session.send(Noop())
        except LocalProtocolError:
            return self.session.state in _ENDED
        return False

    partial: list[Reply] = []  # noqa: RUF012  # replaced, never changed in place

    def _results(self, event: Content | Chunk) -> list[Reply | None]:
        octets = self.session.send(event)
        owed = len(self.session.unanswered)
        self._write(octets)
        got: list[Reply | None] = []
        self.partial = got
        for _ in range(owed):
            got.append(self._event().reply)
        self.partial = []
        return got

    def _ask(self, command: Command) -> Reply:
        self._write(self.session.send(command))
        return self._event().reply

    def _say_hello(self) -> None:
        for verb in DIALECTS[self.session.protocol].hello_verbs:
            if self._ask(Hello(HelloVerb(verb), _NAME)).code // 100 == 2:
                return
        self._quit()
        raise Gone("refused-to-serve")

    def _quit(self) -> None:
        if self.session.state not in _ENDED:
            self._ask(Quit())

    def _handshake(self) -> None:
        """The peer's own handshake comes next; whatever else it sends must break the session."""
        while (act := self.peer.next_act()) is not None:
            if act[0] == "start_tls":
                self._check_ended()
                self.session.tls_started()
                return
            self._do(*act)
            if self.session.state in _ENDED:
                self._event()
        self._check_ended()
        raise Stalled("no handshake came")

    def _check_ended(self) -> None:
        if self.session.state in _ENDED:
            self._event()

    def _write(self, octets: bytes) -> None:
        self.written += octets
        self.peer.read += octets

    def _do(self, act: str, value) -> None:
        if act == "send":
            self.session.receive_octets(value)
        elif act == "end":
            self.session.receive_octets(b"")
        elif act == "pass_s":
            self._now += value
            self.session.time_passed(self._now)
        else:
            raise AssertionError(f"{act} has no place here")

    def _event(self):
        """The next reply; `Gone` when the session is over."""
        while True:
            try:
                event = self.session.next_event()
            except RemoteProtocolError as error:
                raise Gone("protocol-error", *gone_by(error)) from error
            if event is not NEED_DATA:
                break
            if self.session.state in _ENDED:
                raise Gone("ended")
            act = self.peer.next_act()
            if act is None:
                raise Stalled(f"{self._transcript.id}: the client waits, the peer too")
            self._do(*act)
        if isinstance(event, TimedOut):
            raise Gone("timed-out")
        if isinstance(event, ConnectionEnded):
            raise Gone("ended")
        if isinstance(event, ClosingNotice):
            raise Gone("closing")
        return event


def play(transcript: Transcript) -> ClientOutcome:
    """Play it against the session; a whole step left over is a fault of the transcript."""
    side = CoreClient(transcript)
    outcome = ClientOutcome()
    run_now(play_told(side, transcript, outcome))
    if side.partial:
        outcome.told.append(list(side.partial))
    outcome.written = side.written
    outcome.closed = side.is_closed()
    if outcome.end == "open" and side.peer.left:
        raise Stalled(f"{transcript.id}: the peer had more to do: {side.peer.left}")
    return outcome
