"""The client side of SMTP and LMTP without I/O: octets in, events out, and the reverse.

Rule 1: replies are matched to commands by count (RFC 2920, Section 3.1), at the moment they arrive.
A reply that nothing asked for ends the session: a client that guesses takes the answer to one
recipient for the answer to another.  Only a 421 may come unasked.
Rule 2: `send` is atomic: it returns the octets, or raises `LocalProtocolError` and changes nothing.
Rule 3: what the server listed ends when EHLO, HELO, LHLO or STARTTLS is sent, not when it succeeds
(Draft: #keyword); so replies read between are read without metadata.
Rule 4: octets in the clear behind the 220 to STARTTLS, a whole reply or part of one, end the
session (Draft: #req-starttls-buffer).
Rule 5: a deadline belongs to the reply, not to the octet: dripping octets does not move it.
"""

from __future__ import annotations

from collections import deque
from collections.abc import Mapping
from dataclasses import dataclass
from types import MappingProxyType
from typing import Final

from reply_metadata.codec import parse_reply
from reply_metadata.command_steps import command_name, step_of
from reply_metadata.commands import (
    Authenticate,
    Chunk,
    Command,
    Hello,
    MailFrom,
    Parameter,
    RcptTo,
    StartTls,
)
from reply_metadata.errors import LocalProtocolError, RemoteProtocolError
from reply_metadata.events import (
    NEED_DATA,
    ClientEvent,
    ClosingNotice,
    CommandAnswer,
    ConnectionEnded,
    Content,
    Greeting,
    NeedData,
    Result,
    TimedOut,
)
from reply_metadata.extension import offered
from reply_metadata.limits import DEFAULT_LIMITS, Limits
from reply_metadata.message_content import content_as_sent
from reply_metadata.receive_buffer import ReplyBuffer
from reply_metadata.timeouts import DEFAULT_CLIENT_TIMEOUTS, ClientTimeouts
from reply_metadata.transitions import (
    DIALECTS,
    DROPS_EXTENSIONS,
    LAST_OF_GROUP,
    Answer,
    Protocol,
    ResultCount,
    State,
    Step,
    answer_class,
    next_state,
    state_if_it_succeeds,
)
from reply_metadata.values import Reply

_NO_EXTENSIONS: Final[Mapping[str, tuple[str, ...]]] = MappingProxyType({})
_AUTH_STEPS: Final = frozenset({Step.AUTH, Step.AUTH_RESPONSE})
_ENDED: Final = frozenset({State.CLOSED, State.BROKEN})


@dataclass(frozen=True, slots=True)
class _Owed:
    """A reply the server owes: the step it answers and what was sent."""

    step: Step
    command: Command | None
    recipient: RcptTo | None = None


class ClientSession:
    """One connection as its client sees it.

    Args:
        protocol: SMTP or LMTP.
        limits: the limits of the reader.
        timeouts: how long each reply may take.
        use_metadata: whether replies are read with metadata when the server lists REPLYMETA.
        require_tls: whether no transaction may begin, and no metadata counts, before TLS is on.
    """

    def __init__(
        self,
        protocol: Protocol,
        *,
        limits: Limits = DEFAULT_LIMITS,
        timeouts: ClientTimeouts = DEFAULT_CLIENT_TIMEOUTS,
        use_metadata: bool = True,
        require_tls: bool = False,
    ) -> None:
        self.protocol: Final = protocol
        self.state = State.CONNECTED
        self.extensions = _NO_EXTENSIONS
        """Keyword in upper case -> its parameters, as the last EHLO or LHLO reply listed them."""
        self.server_name = ""
        """What the server called itself in the last EHLO, HELO or LHLO reply that succeeded."""
        self.negotiated = False
        """Whether replies are read with metadata now."""
        self.tls = False
        """Whether TLS is on."""
        self.authenticated = False
        """Whether AUTH was answered with 2yz."""
        self.accepted: tuple[RcptTo, ...] = ()
        """The recipients of the open transaction that got a 2yz, in the order they were sent."""
        self._dialect = DIALECTS[protocol]
        self._limits = limits
        self.timeouts: Final = timeouts
        self._use_metadata = use_metadata
        self._require_tls = require_tls
        self._buffer = ReplyBuffer(limits)
        self._owed: deque[_Owed] = deque([_Owed(Step.GREETING, None)])
        self._events: deque[ClientEvent | RemoteProtocolError] = deque()
        self._smtputf8 = False  # the last MAIL had it
        self._begun_unasked = False  # the reply in the buffer began while none was owed
        self._end_seen = False
        self._now: float | None = None
        self._owed_since: float | None = None

    @property
    def unanswered(self) -> tuple[Command | None, ...]:
        """What was sent and has no reply (None: greeting or content); after the end, for ever."""
        return tuple(owed.command for owed in self._owed)

    def receive_octets(self, data: bytes) -> None:
        """Take what came from the server; b"" says that it closed the connection.

        Never raises for the octets: errors come from `next_event`, in order.
        """
        if self.state in _ENDED:
            if not data and self.state is State.CLOSED:
                self._ended(clean=True)
            return
        if not data:
            self._move(Step.END, Answer.NONE)
            self._ended(clean=False)
            return
        self._buffer.receive_octets(data)
        try:
            while self.state not in _ENDED:
                octets = self._buffer.next_reply()
                if octets is None:
                    break
                self._pair(octets)
            if self.state is State.STARTING_TLS and self._buffer.pending:
                raise RemoteProtocolError("octets in the clear follow the reply to STARTTLS")
        except RemoteProtocolError as error:
            self._events.append(error)
            self._move(Step.FAULT, Answer.NONE)
        if not self._owed and self._buffer.pending:
            self._begun_unasked = True

    def next_event(self) -> ClientEvent | NeedData:
        """The next thing that happened, or `NEED_DATA`.

        Raises:
            RemoteProtocolError: the server broke the protocol; the session is unusable from there.
        """
        if not self._events:
            return NEED_DATA
        event = self._events.popleft()
        if isinstance(event, RemoteProtocolError):
            raise event
        return event

    def send(self, event: Command | Content) -> bytes:
        """The octets to write for a command, or for the content after a 354.

        Raises:
            LocalProtocolError: it may not be sent now; nothing was changed.
        """
        if isinstance(event, Content):
            return self._send_content(event)
        step = step_of(event)
        self._check_may_send(step)
        self._check_extensions(event)
        octets = event.to_octets()
        if isinstance(event, MailFrom):
            self._smtputf8 = event.smtputf8
        if step in DROPS_EXTENSIONS:
            self.extensions = _NO_EXTENSIONS
            self.negotiated = False
        if step is Step.BDAT_LAST:
            self._content_sent(step)
        else:
            self._owe(_Owed(step, event, event if isinstance(event, RcptTo) else None))
        return octets

    def tls_started(self) -> None:
        """Tell the session that the TLS handshake after the 220 to STARTTLS is complete.

        RFC 3207, Section 4.2: it knows nothing of the server any more and begins with EHLO.

        Raises:
            LocalProtocolError: no handshake was due.
        """
        if self.state is not State.STARTING_TLS:
            raise LocalProtocolError(f"TLS cannot start in state {self.state.value!r}")
        self._move(Step.TLS, Answer.NONE)
        self.tls = True
        self.server_name = ""

    @property
    def next_deadline(self) -> float | None:
        """The time by which the next reply must be complete, on the clock of `time_passed`.

        RFC 5321, Section 4.5.3.2.  None: nothing is waited for, or no time was ever given.
        """
        if not self._owed or self._owed_since is None or self.state in _ENDED:
            return None
        return self._owed_since + self.timeouts.seconds_for(self._owed[0].step)

    def time_passed(self, now: float) -> None:
        """Tell the session what time it is; a deadline that passed becomes `TimedOut`."""
        self._now = now
        if self.state in _ENDED or not self._owed:
            return
        if self._owed_since is None:
            self._owed_since = now
        deadline = self.next_deadline
        if deadline is not None and now >= deadline:
            self._events.append(TimedOut(self._owed[0].step.value))
            self._move(Step.FAULT, Answer.NONE)

    # What may be sent

    def _check_may_send(self, step: Step) -> None:
        if self._owed:
            waiting = self._owed[-1].step
            if waiting in LAST_OF_GROUP:
                raise LocalProtocolError(f"{step.value} must wait for the reply to {waiting.value}")
            if "PIPELINING" not in self.extensions:
                raise LocalProtocolError("the server did not list PIPELINING")
        if state_if_it_succeeds(self.protocol, self._expected_state(), step) is None:
            raise LocalProtocolError(
                f"{step.value} may not be sent in state {self._expected_state().value!r}"
                f" of {self.protocol.value}"
            )

    def _expected_state(self) -> State:
        """The state when all that was sent succeeds: what pipelining counts on."""
        state = self.state
        for owed in self._owed:
            state = state_if_it_succeeds(self.protocol, state, owed.step) or state
        return state

    def _check_extensions(self, event: Command) -> None:
        if isinstance(event, StartTls) and (self.tls or "STARTTLS" not in self.extensions):
            raise LocalProtocolError("TLS is on, or the server did not list STARTTLS")
        if isinstance(event, Chunk) and (self._owed or "CHUNKING" not in self.extensions):
            # How many replies the last one gets is not known before those to RCPT.
            raise LocalProtocolError("BDAT waits for all replies, and for CHUNKING to be listed")
        if isinstance(event, Authenticate):
            known = {mechanism.upper() for mechanism in self.extensions.get("AUTH", ())}
            if not self.tls or self.authenticated or "PLAIN" not in known:
                raise LocalProtocolError("AUTH PLAIN needs TLS and a server that lists it, once")
        if isinstance(event, MailFrom) and self._require_tls and not self.tls:
            raise LocalProtocolError("no mail before TLS is on")
        if not isinstance(event, MailFrom | RcptTo):
            return
        if isinstance(event, RcptTo) and event.recipient.needs_smtputf8 and not self._smtputf8:
            raise LocalProtocolError("a recipient that is not ASCII needs MAIL with SMTPUTF8")
        for parameter in event.parameters:
            if not self.takes_parameter(parameter):
                raise LocalProtocolError(f"the server listed no extension for {parameter}")

    def takes_parameter(self, parameter: Parameter) -> bool:
        """Whether the server listed the extension this parameter belongs to."""
        return parameter.extension in self.extensions

    def _send_content(self, event: Content) -> bytes:
        if self.state is not State.CONTENT:
            raise LocalProtocolError(f"no content may be sent in state {self.state.value!r}")
        if not self.accepted and event.octets:
            # RFC 2920, Section 3.1: a 354 although no recipient was accepted.
            raise LocalProtocolError("no recipient was accepted: the content must be empty")
        octets = content_as_sent(event.octets)
        self._content_sent(Step.CONTENT)
        return octets

    def _content_sent(self, step: Step) -> None:
        """The content is complete: its replies are owed."""
        self._move(step, Answer.NONE)
        if self._dialect.result_count is ResultCount.ONE:
            self._owe(_Owed(Step.LAST_RESULT, None))
        else:
            *others, last = self.accepted
            for recipient in others:
                self._owe(_Owed(Step.RESULT, None, recipient))
            self._owe(_Owed(Step.LAST_RESULT, None, last))

    def _owe(self, owed: _Owed) -> None:
        if not self._owed:
            self._owed_since = self._now
        self._owed.append(owed)

    # What arrives

    def _pair(self, octets: bytes) -> None:
        """Match a complete reply to what it answers."""
        owed = self._owed[0] if self._owed and not self._begun_unasked else None
        reply = self._parse(octets, owed)
        answer = answer_class(reply.code)
        if owed is None:
            if answer is not Answer.CLOSING:
                raise RemoteProtocolError(f"a reply that nothing asked for: {reply.code}")
            self._move(Step.NOTHING, answer)
            self._events.append(ClosingNotice(reply))
            return
        self._move(owed.step, answer)
        self._owed.popleft()
        self._owed_since = self._now
        self._events.append(_event(owed, reply))
        self._follow(owed, reply, answer)

    def _parse(self, octets: bytes, owed: _Owed | None) -> Reply:
        command, path = None, None
        if owed is not None:
            command = command_name(owed.step)
            path = owed.recipient.recipient.to_octets() if owed.recipient else None
        return parse_reply(
            octets,
            negotiated=self.negotiated,
            limits=self._limits,
            command=command,
            recipient=path,
            lmtp=self.protocol is Protocol.LMTP,
        )

    def _follow(self, owed: _Owed, reply: Reply, answer: Answer) -> None:
        """Keep what the reply changes besides the state."""
        if isinstance(owed.command, Hello) and answer is Answer.SUCCESS:
            self.accepted = ()
            self.server_name = reply.lines[0].after_code.decode("latin-1").partition(" ")[0]
            if owed.command.verb is self._dialect.extended_verb:
                self._learn_extensions(reply)
        elif owed.step in _AUTH_STEPS:
            self.authenticated = answer is Answer.SUCCESS
        elif owed.step is Step.RCPT and answer is Answer.SUCCESS and owed.recipient:
            self.accepted += (owed.recipient,)
        elif self.state is State.READY:
            self.accepted = ()

    def _learn_extensions(self, reply: Reply) -> None:
        after_code = [line.after_code for line in reply.lines]
        listed: dict[str, tuple[str, ...]] = {}
        for line in after_code[1:]:
            keyword, *parameters = line.decode("latin-1").split(" ")
            if keyword:
                listed.setdefault(keyword.upper(), tuple(parameters))
        self.extensions = MappingProxyType(listed)
        use = self._use_metadata and (self.tls or not self._require_tls)
        self.negotiated = use and offered(after_code)

    def _move(self, step: Step, answer: Answer) -> None:
        after = next_state(self.protocol, self.state, step, answer, reading=True)
        if after is None:
            raise RemoteProtocolError(
                f"{answer.value} cannot answer {step.value} in state {self.state.value!r}"
            )
        self.state = after

    def _ended(self, *, clean: bool) -> None:
        if not self._end_seen:
            self._end_seen = True
            self._events.append(ConnectionEnded(clean))


def _event(owed: _Owed, reply: Reply) -> ClientEvent:
    if owed.step is Step.GREETING:
        return Greeting(reply)
    if owed.command is None:
        return Result(owed.recipient, reply)
    return CommandAnswer(owed.command, reply)
