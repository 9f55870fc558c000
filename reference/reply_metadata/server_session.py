"""The server side of SMTP and LMTP without I/O: octets in, commands out, replies to octets.

Rule 1: one event, one answer: `next_event` gives the next command only after the last one was
answered, so pipelined commands are judged by the state they meet.  Each answer is one string of
octets: what is written at once arrives at once.
Rule 2: the session answers what needs no decision (`usual_answer`) and refuses what the protocol
forbids (`Refused`); who uses it decides about senders, recipients and content only.
Rule 3: every reply goes out in the form its client may get (`server_replies`).
Rule 4: content ends at CRLF "." CRLF only, and after a bare CR or LF nothing more is read: what
came after it could be commands of somebody else.  So could what came after STARTTLS.
"""

from __future__ import annotations

from collections import deque
from typing import Final

from reply_metadata import command_lines, commands, events, transitions
from reply_metadata.codec import build_reply
from reply_metadata.commands import Authenticate, AuthResponse, Command, MailFrom, RcptTo
from reply_metadata.errors import CommandRefused, LocalProtocolError, RemoteProtocolError, ReplyHint
from reply_metadata.events import NEED_DATA, Content, NeedData, Refused, ServerEvent, ServerReply
from reply_metadata.receive_buffer import MESSAGE_TOO_LONG, CommandBuffer
from reply_metadata.server_chunks import ChunkReceiver
from reply_metadata.server_replies import fixed_reply, octets_for_client, usual_reply
from reply_metadata.server_rules import ServerSettings, refusal_of_parameters
from reply_metadata.session import ENDED, Session
from reply_metadata.transitions import Answer, Protocol, State, Step
from reply_metadata.values import Reply

_VERBS_THAT_DROP: Final = frozenset(step.value.encode() for step in transitions.DROPS_EXTENSIONS)
_OUT_OF_ORDER: Final = ReplyHint(503, "5.5.1", "Bad sequence of commands")
_NO_RECIPIENTS: Final = ReplyHint(503, "5.5.1", "No valid recipients")
_WRONG_HELLO: Final = ReplyHint(500, "5.5.1", "That verb belongs to the other protocol")
_TOO_MANY_RECIPIENTS: Final = ReplyHint(452, "4.5.3", "Too many recipients")
_TOO_MANY_ERRORS: Final = ReplyHint(421, "4.7.0", "Too many errors")
_IDLE: Final = ReplyHint(421, "4.4.2", "Idle too long")
_DID_NOT_WAIT: Final = ReplyHint(503, "5.5.0", "Content was sent before the answer to DATA")
_DID_NOT_WAIT_FOR_TLS: Final = ReplyHint(503, "5.5.0", "Octets follow STARTTLS")
_TLS_FIRST: Final = ReplyHint(538, "5.7.11", "Start TLS first")
_NOTHING_IS_READ: Final = ENDED | {State.CONNECTED, State.STARTING_TLS}


class ServerSession(Session):
    """One connection as its server sees it.

    Args:
        protocol: SMTP or LMTP.
        settings: host name, what EHLO lists, limits, times.
    """

    def __init__(self, protocol: Protocol, settings: ServerSettings) -> None:
        super().__init__(protocol)
        self.settings: Final = settings
        self.hello: commands.Hello | None = None
        """The last EHLO, HELO or LHLO that succeeded."""
        self.user_name: str | None = None
        """Who authenticated, once the answer to AUTH was 235."""
        self.mail: MailFrom | None = None
        """The MAIL command of the open transaction."""
        self._buffer = CommandBuffer(settings.limits)
        self._unanswered: Command | Refused | None = None
        self._results: deque[RcptTo | None] = deque()  # replies owed to the content
        self._chunks = ChunkReceiver(self._buffer)
        self._refused_step = Step.OTHER
        self._refused_count = 0
        self._timed_out = False
        self._connection_ended = False
        self._end_told = False

    def receive_octets(self, data: bytes) -> None:
        """Take what came from the client; b"" says that it closed the connection."""
        if not data:
            self._connection_ended = True
        elif self.state is State.STARTING_TLS:
            self.state = self._state_after(Step.FAULT, Answer.NONE)
        elif self.state not in ENDED:
            self._buffer.receive_octets(data)

    def next_event(self) -> ServerEvent | NeedData:
        """The next command, content or refusal, or `NEED_DATA`.

        Raises:
            LocalProtocolError: the last event has not been answered.
        """
        if self._unanswered is not None or self._results:
            raise LocalProtocolError("the last event is not answered")
        if self.state in _NOTHING_IS_READ or not (self._buffer.pending or self._timed_out):
            return self._end()
        event = self._read()
        if isinstance(event, Content):
            by_data = self.state is State.CONTENT
            self.state = self._state_after(Step.CONTENT if by_data else Step.BDAT_LAST, Answer.NONE)
            self._results.extend(self._about_content())
        elif event is not NEED_DATA and not isinstance(event, events.ConnectionEnded):
            self._unanswered = event
        return event

    @property
    def results_owed(self) -> tuple[RcptTo | None, ...]:
        """What the replies to the content are about, in order; None: all recipients at once."""
        return tuple(self._results)

    def greeting(self) -> events.Greeting:
        """The usual greeting (RFC 5321, Section 4.2: the host name is its first word)."""
        greeting = f"{self.settings.host_name} {self.protocol.value}"
        return events.Greeting(fixed_reply(220, None, greeting))

    def usual_answer(self, command: Command) -> Reply:
        """The reply to a command that needs no decision.

        Raises:
            LocalProtocolError: MAIL and RCPT need one.
        """
        return usual_reply(command, self.protocol, self.settings, self.tls)

    def send(self, event: ServerReply) -> bytes:
        """The octets to write for a reply.

        Raises:
            LocalProtocolError: it may not be sent now; nothing was changed.
        """
        step, answer = self._step_answered(event)
        after = self._state_after(step, answer)
        octets = octets_for_client(event.reply, step, self.protocol, negotiated=self.negotiated)
        if isinstance(event, events.RefusalAnswer):
            octets *= event.times
        self._keep(event, answer, after)
        return octets

    def tls_started(self) -> None:
        """Tell the session that the TLS handshake after the 220 to STARTTLS is complete.

        RFC 3207, Section 4.2: what the client said before counts no more.

        Raises:
            LocalProtocolError: no handshake was due.
        """
        super().tls_started()
        self.hello = None

    def _patience(self) -> float | None:
        if self._unanswered is not None or self._results:
            return None
        timeouts = self.settings.timeouts
        in_content = self.state is State.CONTENT or self._chunks.waiting
        return timeouts.content_s if in_content else timeouts.command_s

    def _deadline_passed(self) -> None:
        self._timed_out = True

    # What the client sends

    def _read(self) -> ServerEvent | NeedData:
        if self._timed_out:
            return self._refusal(_IDLE, "the client was idle too long", close=True)
        try:
            if self.state is State.CONTENT:
                message = self._buffer.next_message()
                return self._end() if message is None else Content(message)
            if self._chunks.waiting:
                return self._read_chunk()
            line = self._buffer.next_command()
            return self._end() if line is None else self._judge(line)
        except RemoteProtocolError as error:
            close = not isinstance(error, CommandRefused)
            return self._refusal(error.reply_hint, error.message, close=close)

    def _end(self) -> events.ConnectionEnded | NeedData:
        if not self._connection_ended or self._end_told:
            return NEED_DATA
        self._end_told = True
        clean = self.state is State.CLOSED
        if self.state not in ENDED:
            self.state = self._state_after(Step.END, Answer.NONE)
        return events.ConnectionEnded(clean)

    def _judge(self, line: bytes) -> ServerEvent | NeedData:
        """A command that may stand here; raises for any other."""
        if self.state is State.AUTHENTICATING:
            return command_lines.parse_auth_response(line)
        if line.partition(b" ")[0].upper() in _VERBS_THAT_DROP:
            self.negotiated = False  # whether or not the command succeeds
        chunk = command_lines.parse_chunk_header(line)
        if chunk is not None:
            self._chunks.begin(chunk, self._refusal_of_chunk(chunk))
            return self._read_chunk()
        command = command_lines.parse_command(line)
        step = transitions.step_of(command)
        hint = self._not_offered(command)
        if hint is None and not self._may_stand(step):
            raise self._out_of_order(step)
        if hint is None and step is Step.STARTTLS and self._buffer.pending:
            raise RemoteProtocolError("octets follow STARTTLS", reply_hint=_DID_NOT_WAIT_FOR_TLS)
        if hint is None and isinstance(command, MailFrom | RcptTo):
            hint = self._refusal_of_path(command)
        if hint is not None:
            raise CommandRefused(f"{step.value}: {hint.text}", reply_hint=hint)
        return command

    def _not_offered(self, command: Command) -> ReplyHint | None:
        """Why this server has no such command for this client, or None."""
        match command:
            case commands.Hello(verb=verb) if verb not in self._dialect.hello_verbs:
                return _WRONG_HELLO
            case commands.StartTls() if not self.settings.offer_starttls:
                return command_lines.NOT_IMPLEMENTED
            case Authenticate() if not self.settings.offer_auth:
                return command_lines.NOT_IMPLEMENTED
            case Authenticate() if not self.tls:
                return _TLS_FIRST
        return None

    def _may_stand(self, step: Step) -> bool:
        """Whether the command may come in this state; STARTTLS and AUTH succeed once."""
        if (step is Step.STARTTLS and self.tls) or (step is Step.AUTH and self.user_name):
            return False
        return transitions.state_if_it_succeeds(self.protocol, self.state, step) is not None

    def _refusal_of_path(self, command: MailFrom | RcptTo) -> ReplyHint | None:
        """What is wrong with a sender or recipient, or with its parameters."""
        hint = refusal_of_parameters(command, self.settings, extended=self._extended)
        if hint is not None or isinstance(command, MailFrom):
            return hint
        if command.recipient.needs_smtputf8 and not (self.mail and self.mail.smtputf8):
            return command_lines.NEEDS_SMTPUTF8
        full = len(self.accepted) >= self.settings.max_recipients
        return _TOO_MANY_RECIPIENTS if full else None

    @property
    def _extended(self) -> bool:
        """Whether EHLO or LHLO succeeded last."""
        return self.hello is not None and self.hello.verb is self._dialect.extended_verb

    def _refusal_of_chunk(self, chunk: command_lines.ChunkHeader) -> ReplyHint | None:
        if not self._extended or not self._may_stand(Step.BDAT):  # the last one stands where it may
            return _NO_RECIPIENTS if self.state is State.HAS_SENDER else _OUT_OF_ORDER
        too_long = self._chunks.octet_count + chunk.size > self.settings.limits.max_message_octets
        return MESSAGE_TOO_LONG if too_long else None

    def _read_chunk(self) -> ServerEvent | NeedData:
        read = self._chunks.read()
        if not isinstance(read, ReplyHint):
            return self._end() if read is None else read
        step = Step.BDAT_LAST if self._chunks.last else Step.BDAT
        return self._refusal(read, f"{step.value}: {read.text}", step=step)

    def _out_of_order(self, step: Step) -> RemoteProtocolError:
        reason = f"{step.value} in state {self.state.value!r}"
        if step is Step.DATA and self._buffer.pending:
            # The content of a client that did not wait for 354 must not be read as commands.
            return RemoteProtocolError(reason, reply_hint=_DID_NOT_WAIT)
        no_recipients = step is Step.DATA and self.state is State.HAS_SENDER
        return CommandRefused(reason, reply_hint=_NO_RECIPIENTS if no_recipients else _OUT_OF_ORDER)

    def _refusal(
        self, hint: ReplyHint, reason: str, *, close: bool = False, step: Step = Step.OTHER
    ) -> Refused:
        """What the session answers by itself."""
        if hint is not _TOO_MANY_RECIPIENTS:
            self._refused_count += 1
        if not close and self._refused_count > self.settings.max_refused:
            hint = _TOO_MANY_ERRORS
        self._refused_step = Step.OTHER if self.state is State.REFUSED else step
        text, times = hint.text, 1
        if hint.code == 421:
            text, close = f"{self.settings.host_name} {text}", True
        elif self.state is State.CONTENT or step is Step.BDAT_LAST:
            times = max(len(self._about_content()), 1)
        reply = build_reply(hint.code, hint.enhanced_code, text)
        return Refused(events.RefusalAnswer(reply, close, times), reason)

    # What goes to the client

    def _step_answered(self, event: ServerReply) -> tuple[Step, Answer]:
        """The step of the table that a reply is, and its class."""
        answer = transitions.answer_class(event.reply.code)
        match event:
            case events.Greeting():
                return Step.GREETING, answer
            case events.CommandAnswer(command=command):
                if command is not self._unanswered and command != self._unanswered:
                    raise LocalProtocolError("that command is not the one to be answered")
                return transitions.step_of(command), answer
            case events.Result(recipient=recipient):
                if not self._results or recipient != self._results[0]:
                    raise LocalProtocolError("no such reply to the content is owed now")
                return (Step.LAST_RESULT if len(self._results) == 1 else Step.RESULT), answer
            case events.ClosingNotice():
                return Step.NOTHING, answer
        unanswered = self._unanswered
        if not isinstance(unanswered, Refused) or unanswered.answer is not event:
            raise LocalProtocolError("that refusal is not the one to be sent")
        if answer is Answer.CLOSING:
            return Step.NOTHING, answer
        return (Step.FAULT, Answer.NONE) if event.close else (self._refused_step, answer)

    def _keep(self, event: ServerReply, answer: Answer, after: State) -> None:
        """Keep what a sent reply changes."""
        self.state = after
        self._waiting_since = self._now
        if isinstance(event, events.Result):
            self._results.popleft()
        else:
            self._unanswered = None
        if isinstance(event, events.CommandAnswer) and answer is Answer.SUCCESS:
            match event.command:
                case commands.Hello() as hello:
                    self.hello = hello
                    self.negotiated = self._extended and self.settings.offer_metadata
                case MailFrom() as mail:
                    self.mail = mail
                case RcptTo() as recipient:
                    self.accepted += (recipient,)
                case Authenticate(credentials=who) | AuthResponse(credentials=who):
                    self.user_name = who.user_name if who else None
        if after in ENDED:
            self._results.clear()
        if after is State.STARTING_TLS and self._buffer.pending:
            self._buffer.clear()  # what came in the clear is never executed
            self.state = self._state_after(Step.FAULT, Answer.NONE)
        if after is not State.CHUNKS:
            self._chunks.forget()
        if after is State.READY:
            self.mail = None
            self.accepted = ()
