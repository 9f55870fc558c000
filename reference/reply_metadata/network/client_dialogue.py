"""How a connection is used by a client, without the socket: see `steps`.

Rule 1: no rule of the protocol lives here, only the order of asking and waiting.
Rule 2: every way a server can fail to answer is one error, `PeerUnavailable`; the connection is
closed by then.
Rule 3: before a command is sent what has arrived is looked at, so that a reply nobody asked for is
seen and not taken for the command's answer.
"""

from __future__ import annotations

import contextlib
import time
from collections.abc import Callable, Iterable, Sequence
from typing import Final, cast

from reply_metadata.client_session import ClientSession
from reply_metadata.commands import (
    Authenticate,
    AuthResponse,
    Chunk,
    Command,
    Hello,
    HelloVerb,
    Quit,
)
from reply_metadata.commands import StartTls as StartTlsCommand
from reply_metadata.credentials import PlainCredentials
from reply_metadata.errors import RemoteProtocolError, ReplyMetadataError
from reply_metadata.events import (
    NEED_DATA,
    ClientEvent,
    ClosingNotice,
    CommandAnswer,
    ConnectionEnded,
    Content,
    Greeting,
    Result,
    TimedOut,
)
from reply_metadata.network.client_tls import ClientTls
from reply_metadata.network.recording import Record, Side, unrecorded
from reply_metadata.network.steps import (
    Close,
    Dialogue,
    Interruption,
    Poll,
    Read,
    StartTls,
    Write,
)
from reply_metadata.policy.referral import Endpoint, TlsLevel
from reply_metadata.transitions import (
    DIALECTS,
    Answer,
    ResultCount,
    State,
    Step,
    answer_class,
    state_if_it_succeeds,
)
from reply_metadata.values import Reply

_HIDDEN: Final = b"(credentials)\r\n"
_ENDED: Final = frozenset({State.CLOSED, State.BROKEN})


class PeerUnavailable(ReplyMetadataError):
    """The server cannot be reached, refused to serve, went away or broke the protocol.

    Args:
        endpoint: the server.
        reason: what happened, in words.
        reply: the reply it refused with, if it sent one.
    """

    def __init__(self, endpoint: Endpoint, reason: str, reply: Reply | None = None) -> None:
        self.endpoint = endpoint
        self.reason = reason
        self.reply = reply
        super().__init__(f"{endpoint}: {reason}")

    @classmethod
    def not_connected(cls, endpoint: Endpoint, error: OSError) -> PeerUnavailable:
        """No connection could be made."""
        return cls(endpoint, f"no connection: {str(error) or 'timed out'}")


class ClientDialogue:
    """One connection to a server, from the moment it stands.

    Args:
        endpoint: the server.
        session: its session.
        record: is told all octets.
        clock: the time, in seconds; the session's deadlines are on it.
    """

    def __init__(
        self,
        endpoint: Endpoint,
        session: ClientSession,
        record: Record = unrecorded,
        clock: Callable[[], float] = time.monotonic,
    ) -> None:
        self.endpoint: Final = endpoint
        self.session: Final = session
        self.tls = TlsLevel.NONE
        """How the connection is protected."""
        self._record = record
        self._clock = clock

    def open(self, client_name: str, tls: ClientTls | None) -> Dialogue[None]:
        """Wait for the greeting, and say EHLO (then HELO, if need be) or LHLO.

        With `tls`, start TLS and say it again.

        Raises:
            PeerUnavailable: the server does not want to serve or to start TLS.
        """
        self.session.time_passed(self._clock())
        greeting = yield from self._event()
        if self.session.state is State.BROKEN:
            yield from self._event()  # says what was wrong behind the greeting
        if not isinstance(greeting, Greeting) or self.session.state is not State.GREETED:
            reply = greeting.reply if isinstance(greeting, Greeting) else None
            yield from self.close()
            raise PeerUnavailable(self.endpoint, "the server refused the connection", reply)
        yield from self._say_hello(client_name)
        if tls is not None:
            yield from self._secure(tls, client_name)

    def _say_hello(self, client_name: str) -> Dialogue[None]:
        reply = None
        for verb in DIALECTS[self.session.protocol].hello_verbs:
            reply = yield from self.ask(Hello(HelloVerb(verb), client_name))
            if answer_class(reply.code) is Answer.SUCCESS:
                return
        yield from self.close()
        raise PeerUnavailable(self.endpoint, "the server refused the greeting", reply)

    def _secure(self, tls: ClientTls, client_name: str) -> Dialogue[None]:
        reply = None
        if "STARTTLS" in self.session.extensions:
            reply = yield from self.ask(StartTlsCommand())
            if answer_class(reply.code) is Answer.SUCCESS:
                yield from self._start_tls(tls)
            if self.session.tls or not tls.required:
                yield from self._say_hello(client_name)  # what the server listed was dropped
        if tls.required and not self.session.tls:
            yield from self.close()
            raise PeerUnavailable(self.endpoint, "the server does not start TLS", reply)

    def _start_tls(self, tls: ClientTls) -> Dialogue[None]:
        yield from self._refuse_if_ended()  # octets came in the clear behind the 220
        deadline = self._clock() + self.session.timeouts.command_s
        try:
            yield StartTls(deadline, tls.context, tls.server_name)
        except OSError as error:  # ssl.SSLError is one
            self.session.receive_octets(b"")
            yield Close()
            raise PeerUnavailable(self.endpoint, f"no TLS: {error}") from error
        self.session.time_passed(self._clock())
        self.session.tls_started()
        self.tls = tls.level

    def ask(self, command: Command) -> Dialogue[Reply]:
        """Send one command; its reply.

        Raises:
            PeerUnavailable: no reply came.
            LocalProtocolError: the command may not be sent now.
        """
        (reply,) = yield from self.ask_all((command,))
        return reply

    def ask_all(self, commands: Iterable[Command]) -> Dialogue[tuple[Reply, ...]]:
        """Send several commands at once (PIPELINING); their replies in order.

        Raises:
            PeerUnavailable: a reply is missing.
            LocalProtocolError: a command may not be sent now; those before it were not written.
        """
        yield from self._refuse_if_ended()
        octets, shown = [], b""
        for command in commands:
            octets.append(self.session.send(command))
            secret = isinstance(command, Authenticate | AuthResponse)
            shown += _HIDDEN if secret else octets[-1]
        yield from self._write(b"".join(octets), shown)
        replies = []
        for _ in octets:
            event = yield from self._event()
            assert isinstance(event, CommandAnswer)  # the session pairs by count
            replies.append(event.reply)
        return tuple(replies)

    def authenticate(self, credentials: PlainCredentials) -> Dialogue[Reply]:
        """Say AUTH PLAIN with an initial response; the final reply.

        Raises:
            PeerUnavailable: no reply came.
            LocalProtocolError: TLS is not on, or the server did not list AUTH PLAIN.
        """
        reply = yield from self.ask(Authenticate(credentials))
        if self.session.state is State.AUTHENTICATING:  # the server did not take it at once
            reply = yield from self.ask(AuthResponse(credentials))
        return reply

    def send_content(self, content: bytes) -> Dialogue[tuple[Reply | None, ...]]:
        """Send the content after a 354; the one reply (SMTP) or one a recipient (LMTP), in order.

        None stands for a reply that did not come: whether the server took the message for that
        recipient is not known.  Replies that came before count.

        Raises:
            PeerUnavailable: the connection ended before anything was sent.
            LocalProtocolError: no content may be sent now.
        """
        return (yield from self._results(Content(content)))

    def send_chunks(self, chunks: Sequence[bytes]) -> Dialogue[tuple[Reply | None, ...]]:
        """Send the content by BDAT, after RCPT; the replies as `send_content` gives them.

        When a chunk fails its reply stands for all of them, and the transaction is to be reset.

        Raises:
            PeerUnavailable: the connection ended before the last chunk was sent.
            LocalProtocolError: the server did not list CHUNKING, or it is not the time.
        """
        *others, last = chunks
        for octets in others:
            reply = yield from self.ask(Chunk(octets))
            if answer_class(reply.code) is not Answer.SUCCESS:
                one = DIALECTS[self.session.protocol].result_count is ResultCount.ONE
                return (reply,) * (1 if one else len(self.session.accepted))
        return (yield from self._results(Chunk(last, last=True)))

    def _results(self, content: Content | Chunk) -> Dialogue[tuple[Reply | None, ...]]:
        yield from self._refuse_if_ended()
        octets = self.session.send(content)
        replies: list[Reply | None] = [None] * len(self.session.unanswered)
        try:
            yield from self._write(octets, octets)
            for number in range(len(replies)):
                event = yield from self._event()
                assert isinstance(event, Result)  # the session pairs by count
                replies[number] = event.reply
        except PeerUnavailable:
            pass  # what is missing stays None
        return tuple(replies)

    def close(self) -> Dialogue[None]:
        """Say QUIT if that is possible, and close the connection."""
        may_quit = state_if_it_succeeds(self.session.protocol, self.session.state, Step.QUIT)
        try:
            if may_quit is not None and not self.session.unanswered:
                yield from self.ask(Quit())
        except PeerUnavailable:
            pass  # it is gone already
        finally:
            yield Close()

    def _refuse_if_ended(self) -> Dialogue[None]:
        """Raise PeerUnavailable when the server closed, or broke the protocol, in the meantime."""
        self._take((yield Poll()))
        if self.session.state in _ENDED:
            yield from self._event()

    def _event(self) -> Dialogue[ClientEvent]:
        """The next event that is a reply to something."""
        session = self.session
        try:
            while (event := session.next_event()) is NEED_DATA:
                if session.state in _ENDED:
                    event = ConnectionEnded(clean=True)  # after a 421 nothing is waited for
                    break
                self._take((yield Read(session.next_deadline)))
        except RemoteProtocolError as error:
            yield Close()
            raise PeerUnavailable(self.endpoint, f"protocol error: {error}") from error
        match event:
            case TimedOut(waiting_for=what):
                yield Close()
                raise PeerUnavailable(self.endpoint, f"no reply in time to {what}")
            case ConnectionEnded():
                yield Close()
                raise PeerUnavailable(self.endpoint, "the connection ended")
            case ClosingNotice(reply=reply):
                yield Close()
                raise PeerUnavailable(self.endpoint, "the server closes the connection", reply)
            case _:
                return event

    def _take(self, arrived: object) -> None:
        """Give the session what arrived, and the time."""
        self.session.time_passed(self._clock())
        if not isinstance(arrived, Interruption):
            octets = cast("bytes", arrived)  # Rule 2 of `steps`
            if octets:
                self._record(Side.SERVER, octets)
            self.session.receive_octets(octets)

    def _write(self, octets: bytes, shown: bytes) -> Dialogue[None]:
        """Write, and record what may be shown.

        A failure shows when the reply is read, which may be there in spite of it.
        """
        self._record(Side.CLIENT, shown)
        with contextlib.suppress(OSError):
            yield Write(octets, self.session.next_deadline)
