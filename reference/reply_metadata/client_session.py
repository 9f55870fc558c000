"""The client side of SMTP and LMTP without I/O: octets in, events out, and the reverse.

Rule 1: replies are matched to commands by count (RFC 2920, Section 3.1), at the moment they arrive.
A reply that nothing asked for ends the session: a client that guesses takes the answer to one
recipient for the answer to another.  Only a 421 may come unasked.
Rule 2: `send` is atomic: it returns the octets, or raises `LocalProtocolError` and changes nothing.
Rule 3: what the server listed ends when EHLO, HELO, LHLO or STARTTLS is sent, not when it succeeds
(Draft: #keyword); so replies read between are read without metadata.
Rule 4: octets in the clear behind the 220 to STARTTLS, a whole reply or part of one, end the
session (Draft: #req-starttls-buffer).
"""

from __future__ import annotations

from collections import deque
from collections.abc import Mapping
from types import MappingProxyType
from typing import Final, NamedTuple

from reply_metadata import commands, events, transitions
from reply_metadata.codec import parse_reply
from reply_metadata.commands import Command, Parameter, RcptTo
from reply_metadata.errors import LocalProtocolError, RemoteProtocolError
from reply_metadata.events import NEED_DATA, ClientEvent, Content, NeedData
from reply_metadata.extension import offered
from reply_metadata.limits import DEFAULT_LIMITS, Limits
from reply_metadata.message_content import content_as_sent
from reply_metadata.receive_buffer import ReplyBuffer
from reply_metadata.session import ENDED, Session
from reply_metadata.timeouts import DEFAULT_CLIENT_TIMEOUTS, ClientTimeouts
from reply_metadata.transitions import Answer, Protocol, State, Step
from reply_metadata.values import Reply

_NO_EXTENSIONS: Final[Mapping[str, tuple[str, ...]]] = MappingProxyType({})
_EXTENSION_NEEDED: Final = {
    Step.STARTTLS: "STARTTLS",
    Step.AUTH: "AUTH",
    Step.BDAT: "CHUNKING",
    Step.BDAT_LAST: "CHUNKING",
}


class _Owed(NamedTuple):
    """A reply the server owes: the step it answers, what was sent, and whom it is about."""

    step: Step
    command: Command | None = None
    recipient: RcptTo | None = None


class ClientSession(Session):
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
        super().__init__(protocol)
        self.extensions = _NO_EXTENSIONS
        """Keyword in upper case -> its parameters, as the last EHLO or LHLO reply listed them."""
        self.server_name = ""
        """What the server called itself in the last EHLO, HELO or LHLO reply that succeeded."""
        self.authenticated = False
        """Whether AUTH was answered with 2yz."""
        self.timeouts: Final = timeouts
        self._limits = limits
        self._use_metadata = use_metadata
        self._require_tls = require_tls
        self._buffer = ReplyBuffer(limits)
        self._owed: deque[_Owed] = deque([_Owed(Step.GREETING)])
        self._events: deque[ClientEvent | RemoteProtocolError] = deque()
        self._smtputf8 = False  # the last MAIL had it
        self._begun_unasked = False  # the reply in the buffer began while none was owed
        self._end_seen = False

    @property
    def unanswered(self) -> tuple[Command | None, ...]:
        """What was sent and has no reply (None: greeting or content); after the end, for ever."""
        return tuple(owed.command for owed in self._owed)

    def receive_octets(self, data: bytes) -> None:
        """Take what came from the server; b"" says that it closed the connection.

        Never raises for the octets: errors come from `next_event`, in order.
        """
        if not data:
            self._connection_ended()
        if self.state in ENDED:
            return
        self._buffer.receive_octets(data)
        try:
            while self.state not in ENDED and (octets := self._buffer.next_reply()) is not None:
                self._pair(octets)
            if self.state is State.STARTING_TLS and self._buffer.pending:
                raise RemoteProtocolError("octets in the clear follow the reply to STARTTLS")
        except RemoteProtocolError as error:
            self._events.append(error)
            self.state = self._state_after(Step.FAULT, Answer.NONE)
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
        step = transitions.step_of(event)
        self._check_may_send(step)
        why_not = self._why_not(event, step)
        if why_not is not None:
            raise LocalProtocolError(why_not)
        octets = event.to_octets()
        if isinstance(event, commands.MailFrom):
            self._smtputf8 = event.smtputf8
        if step in transitions.DROPS_EXTENSIONS:
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
        super().tls_started()
        self.server_name = ""

    def takes_parameter(self, parameter: Parameter) -> bool:
        """Whether the server listed the extension this parameter belongs to."""
        return parameter.extension in self.extensions

    def _patience(self) -> float | None:
        return self.timeouts.seconds_for(self._owed[0].step) if self._owed else None

    def _deadline_passed(self) -> None:
        self._events.append(events.TimedOut(self._owed[0].step.value))
        self.state = self._state_after(Step.FAULT, Answer.NONE)

    # What may be sent

    def _check_may_send(self, step: Step) -> None:
        if self._owed:
            waiting = self._owed[-1].step
            if waiting in transitions.LAST_OF_GROUP:
                raise LocalProtocolError(f"{step.value} must wait for the reply to {waiting.value}")
            if "PIPELINING" not in self.extensions:
                raise LocalProtocolError("the server did not list PIPELINING")
        # Pipelining counts on the success of all that was sent.
        state = self.state
        for owed in self._owed:
            state = transitions.state_if_it_succeeds(self.protocol, state, owed.step) or state
        if transitions.state_if_it_succeeds(self.protocol, state, step) is None:
            raise LocalProtocolError(
                f"{step.value} may not be sent in state {state.value!r} of {self.protocol.value}"
            )

    def _why_not(self, event: Command, step: Step) -> str | None:
        """What this server, or what was agreed with it, forbids."""
        extension = _EXTENSION_NEEDED.get(step)
        if extension is not None and extension not in self.extensions:
            return f"the server did not list {extension}"
        match event:
            case commands.StartTls() if self.tls:
                return "TLS is on"
            case commands.Chunk() if self._owed:
                # How many replies the last one gets is not known before those to RCPT.
                return "BDAT waits for all replies"
            case commands.Authenticate():
                listed = {mechanism.upper() for mechanism in self.extensions["AUTH"]}
                if not self.tls or self.authenticated or "PLAIN" not in listed:
                    return "AUTH PLAIN needs TLS and a server that lists it, once"
            case commands.MailFrom() if self._require_tls and not self.tls:
                return "no mail before TLS is on"
            case RcptTo(recipient=path) if path.needs_smtputf8 and not self._smtputf8:
                return "a recipient that is not ASCII needs MAIL with SMTPUTF8"
            case commands.MailFrom(parameters=parameters) | RcptTo(parameters=parameters):
                for parameter in parameters:
                    if not self.takes_parameter(parameter):
                        return f"the server listed no extension for {parameter}"
        return None

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
        self.state = self._state_after(step, Answer.NONE)
        *others, last = self._about_content()
        for recipient in others:
            self._owe(_Owed(Step.RESULT, None, recipient))
        self._owe(_Owed(Step.LAST_RESULT, None, last))

    def _owe(self, owed: _Owed) -> None:
        if not self._owed:
            self._waiting_since = self._now
        self._owed.append(owed)

    # What arrives

    def _connection_ended(self) -> None:
        if self.state is State.BROKEN or self._end_seen:
            return
        self._end_seen = True
        self._events.append(events.ConnectionEnded(self.state is State.CLOSED))
        if self.state is not State.CLOSED:
            self.state = self._state_after(Step.END, Answer.NONE)

    def _pair(self, octets: bytes) -> None:
        """Match a complete reply to what it answers."""
        owed = self._owed[0] if self._owed and not self._begun_unasked else _Owed(Step.NOTHING)
        reply = parse_reply(
            octets,
            negotiated=self.negotiated,
            limits=self._limits,
            command=transitions.command_name(owed.step),
            recipient=owed.recipient.recipient.to_octets() if owed.recipient else None,
            lmtp=self.protocol is Protocol.LMTP,
        )
        answer = transitions.answer_class(reply.code)
        if owed.step is Step.NOTHING and answer is not Answer.CLOSING:
            raise RemoteProtocolError(f"a reply that nothing asked for: {reply.code}")
        self.state = self._state_after(owed.step, answer, reading=True)
        self._events.append(_event(owed, reply))
        if owed.step is not Step.NOTHING:
            self._owed.popleft()
            self._waiting_since = self._now
            self._follow(owed, reply, answer)

    def _follow(self, owed: _Owed, reply: Reply, answer: Answer) -> None:
        """Keep what the reply changes besides the state."""
        if isinstance(owed.command, commands.Hello) and answer is Answer.SUCCESS:
            self.accepted = ()
            self.server_name = reply.lines[0].after_code.decode("latin-1").partition(" ")[0]
            if owed.command.verb is self._dialect.extended_verb:
                self._learn_extensions(reply)
        elif owed.step in (Step.AUTH, Step.AUTH_RESPONSE):
            self.authenticated = answer is Answer.SUCCESS
        elif isinstance(owed.command, RcptTo) and answer is Answer.SUCCESS:
            self.accepted += (owed.command,)
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


def _event(owed: _Owed, reply: Reply) -> ClientEvent:
    if owed.step is Step.NOTHING:
        return events.ClosingNotice(reply)
    if owed.step is Step.GREETING:
        return events.Greeting(reply)
    if owed.command is None:
        return events.Result(owed.recipient, reply)
    return events.CommandAnswer(owed.command, reply)
