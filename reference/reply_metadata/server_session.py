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

from reply_metadata.codec import build_reply
from reply_metadata.command_lines import (
    NEEDS_SMTPUTF8,
    NOT_IMPLEMENTED,
    ChunkHeader,
    CommandSyntaxError,
    parse_auth_response,
    parse_chunk_header,
    parse_command,
)
from reply_metadata.command_steps import step_of
from reply_metadata.commands import (
    Authenticate,
    AuthResponse,
    Command,
    Hello,
    MailFrom,
    RcptTo,
    StartTls,
)
from reply_metadata.errors import LocalProtocolError, RemoteProtocolError, ReplyHint
from reply_metadata.events import (
    NEED_DATA,
    ClosingNotice,
    CommandAnswer,
    ConnectionEnded,
    Content,
    Greeting,
    NeedData,
    RefusalAnswer,
    Refused,
    Result,
    ServerEvent,
    ServerReply,
)
from reply_metadata.receive_buffer import MESSAGE_TOO_LONG, CommandBuffer
from reply_metadata.server_chunks import ChunkReceiver, RefusedChunk
from reply_metadata.server_replies import reply_for_client, usual_reply
from reply_metadata.server_rules import ServerSettings, refusal_of_parameters
from reply_metadata.transitions import (
    DIALECTS,
    DROPS_EXTENSIONS,
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

_OUT_OF_ORDER: Final = ReplyHint(503, "5.5.1", "Bad sequence of commands")
_NO_RECIPIENTS: Final = ReplyHint(503, "5.5.1", "No valid recipients")
_WRONG_HELLO: Final = ReplyHint(500, "5.5.1", "That verb belongs to the other protocol")
_TOO_MANY_RECIPIENTS: Final = ReplyHint(452, "4.5.3", "Too many recipients")
_TOO_MANY_ERRORS: Final = ReplyHint(421, "4.7.0", "Too many errors")
_IDLE: Final = ReplyHint(421, "4.4.2", "Idle too long")
_DID_NOT_WAIT: Final = ReplyHint(503, "5.5.0", "Content was sent before the answer to DATA")
_DID_NOT_WAIT_FOR_TLS: Final = ReplyHint(503, "5.5.0", "Octets follow STARTTLS")
_TLS_FIRST: Final = ReplyHint(538, "5.7.11", "Start TLS first")
_NOTHING_IS_READ: Final = frozenset({State.CONNECTED, State.STARTING_TLS})
_ENDED: Final = frozenset({State.CLOSED, State.BROKEN})


class ServerSession:
    """One connection as its server sees it.

    Args:
        protocol: SMTP or LMTP.
        settings: host name, what EHLO lists, limits, times.
    """

    def __init__(self, protocol: Protocol, settings: ServerSettings) -> None:
        self.protocol: Final = protocol
        self.settings: Final = settings
        self.state = State.CONNECTED
        self.hello: Hello | None = None
        """The last EHLO, HELO or LHLO that succeeded."""
        self.negotiated = False
        """Whether metadata goes to the client now."""
        self.tls = False
        """Whether TLS is on."""
        self.user_name: str | None = None
        """Who authenticated, once the answer to AUTH was 235."""
        self.mail: MailFrom | None = None
        """The MAIL command of the open transaction."""
        self.accepted: tuple[RcptTo, ...] = ()
        """The recipients of the open transaction that were accepted, in order."""
        self._dialect = DIALECTS[protocol]
        self._buffer = CommandBuffer(settings.limits)
        self._unanswered: Command | Refused | None = None
        self._results: deque[RcptTo | None] = deque()  # replies owed to the content
        self._chunks = ChunkReceiver(self._buffer)
        self._refused_step = Step.OTHER
        self._refused_count = 0
        self._timed_out = False
        self._connection_ended = False
        self._end_told = False
        self._now: float | None = None
        self._waiting_since: float | None = None

    def receive_octets(self, data: bytes) -> None:
        """Take what came from the client; b"" says that it closed the connection."""
        if not data:
            self._connection_ended = True
        elif self.state is State.STARTING_TLS:
            self.state = self._state_after(Step.FAULT, Answer.NONE)
        elif self.state not in _ENDED:
            self._buffer.receive_octets(data)

    def next_event(self) -> ServerEvent | NeedData:
        """The next command, content or refusal, or `NEED_DATA`.

        Raises:
            LocalProtocolError: the last event has not been answered.
        """
        if self._unanswered is not None or self._results:
            raise LocalProtocolError("the last event is not answered")
        event = self._read()
        if isinstance(event, NeedData | ConnectionEnded):
            return event
        self._waiting_since = None
        if isinstance(event, Content):
            by_data = self.state is State.CONTENT
            self.state = self._state_after(Step.CONTENT if by_data else Step.BDAT_LAST, Answer.NONE)
            one = self._dialect.result_count is ResultCount.ONE
            self._results.extend([None] if one else self.accepted)
            return event
        self._unanswered = event
        return event

    @property
    def results_owed(self) -> tuple[RcptTo | None, ...]:
        """What the replies to the content are about, in order; None: all recipients at once."""
        return tuple(self._results)

    def greeting(self) -> Greeting:
        """The usual greeting (RFC 5321, Section 4.2: the host name is its first word)."""
        return Greeting(build_reply(220, None, f"{self.settings.host_name} {self.protocol.value}"))

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
        octets = reply_for_client(
            event.reply, step, self.protocol, negotiated=self.negotiated
        ).to_octets()
        if isinstance(event, RefusalAnswer):
            octets *= event.times
        self._keep(event, answer, after)
        return octets

    def tls_started(self) -> None:
        """Tell the session that the TLS handshake after the 220 to STARTTLS is complete.

        RFC 3207, Section 4.2: what the client said before counts no more.

        Raises:
            LocalProtocolError: no handshake was due.
        """
        self.state = self._state_after(Step.TLS, Answer.NONE)
        self.tls = True
        self.hello = None
        self._waiting_since = self._now

    @property
    def next_deadline(self) -> float | None:
        """The time by which the client must have sent what is waited for, or None."""
        if self._waiting_since is None or self.state in _ENDED:
            return None
        timeouts = self.settings.timeouts
        in_content = self.state is State.CONTENT or self._chunks.waiting
        return self._waiting_since + (timeouts.content_s if in_content else timeouts.command_s)

    def time_passed(self, now: float) -> None:
        """Tell the session what time it is; a deadline that passed becomes a `Refused` with 421."""
        self._now = now
        if self._unanswered is not None or self._results or self.state in _ENDED:
            return
        if self._waiting_since is None:
            self._waiting_since = now
        deadline = self.next_deadline
        self._timed_out = self._timed_out or (deadline is not None and now >= deadline)

    # What the client sends

    def _read(self) -> ServerEvent | NeedData:
        if self.state in _ENDED or self.state in _NOTHING_IS_READ:
            return self._end()
        if self._timed_out:
            return self._refusal(_IDLE, "the client was idle too long", close=True)
        try:
            if self.state is State.CONTENT:
                message = self._buffer.next_message()
                return self._end() if message is None else Content(message)
            if self._chunks.waiting:
                return self._read_chunk()
            line = self._buffer.next_command()
        except RemoteProtocolError as error:
            return self._refusal(error.reply_hint, error.message, close=True)
        return self._end() if line is None else self._judge(line)

    def _end(self) -> ConnectionEnded | NeedData:
        if not self._connection_ended or self._end_told:
            return NEED_DATA
        self._end_told = True
        clean = self.state is State.CLOSED
        if self.state not in _ENDED:
            self.state = self._state_after(Step.END, Answer.NONE)
        return ConnectionEnded(clean)

    def _judge(self, line: bytes) -> ServerEvent | NeedData:
        """A command that may stand here, or the refusal of the line."""
        try:
            if self.state is State.AUTHENTICATING:
                return parse_auth_response(line)
            chunk = parse_chunk_header(line)
            if chunk is not None:
                self._chunks.begin(chunk, self._refusal_of_chunk(chunk))
                return self._read_chunk()
            command = parse_command(line)
        except CommandSyntaxError as error:
            # The chunk behind a BDAT (RFC 3030) must not be read as commands.
            chunk_follows = line[:4].upper() == b"BDAT"
            return self._refusal(error.reply_hint, error.message, close=chunk_follows)
        step = step_of(command)
        if step in DROPS_EXTENSIONS:
            self.negotiated = False
        if isinstance(command, StartTls) and not self.settings.offer_starttls:
            return self._refusal(NOT_IMPLEMENTED, "STARTTLS is not offered")
        if isinstance(command, Hello) and command.verb not in self._dialect.hello_verbs:
            return self._refusal(_WRONG_HELLO, f"{step.value} in {self.protocol.value}")
        if isinstance(command, Authenticate) and not (self.tls and self.settings.offer_auth):
            why = _TLS_FIRST if self.settings.offer_auth else NOT_IMPLEMENTED
            return self._refusal(why, f"AUTH: {why.text}")
        again = self.tls if step is Step.STARTTLS else step is Step.AUTH and self.user_name
        if again or state_if_it_succeeds(self.protocol, self.state, step) is None:
            return self._out_of_order(step)
        if step is Step.STARTTLS and self._buffer.pending:
            return self._refusal(_DID_NOT_WAIT_FOR_TLS, "octets follow STARTTLS", close=True)
        if isinstance(command, MailFrom | RcptTo):
            extended = self.hello is not None and self.hello.verb is self._dialect.extended_verb
            hint = refusal_of_parameters(command, self.settings, extended=extended)
            if hint is not None:
                return self._refusal(hint, hint.text)
        utf8 = self.mail is not None and self.mail.smtputf8
        if isinstance(command, RcptTo) and command.recipient.needs_smtputf8 and not utf8:
            return self._refusal(NEEDS_SMTPUTF8, "a recipient in UTF-8, no SMTPUTF8")
        if isinstance(command, RcptTo) and len(self.accepted) >= self.settings.max_recipients:
            return self._refusal(_TOO_MANY_RECIPIENTS, _TOO_MANY_RECIPIENTS.text)
        return command

    def _refusal_of_chunk(self, chunk: ChunkHeader) -> ReplyHint | None:
        step = Step.BDAT_LAST if chunk.last else Step.BDAT
        extended = self.hello is not None and self.hello.verb is self._dialect.extended_verb
        if not extended or state_if_it_succeeds(self.protocol, self.state, step) is None:
            return _NO_RECIPIENTS if self.state is State.HAS_SENDER else _OUT_OF_ORDER
        too_long = self._chunks.octet_count + chunk.size > self.settings.limits.max_message_octets
        return MESSAGE_TOO_LONG if too_long else None

    def _read_chunk(self) -> ServerEvent | NeedData:
        read = self._chunks.read()
        if not isinstance(read, RefusedChunk):
            return self._end() if read is None else read
        step, hint = Step.BDAT_LAST if read.last else Step.BDAT, read.hint
        times = len(self.accepted) if read.last else 1
        return self._refusal(hint, f"{step.value}: {hint.text}", step=step, times=times)

    def _out_of_order(self, step: Step) -> Refused:
        reason = f"{step.value} in state {self.state.value!r}"
        if step is not Step.DATA:
            return self._refusal(_OUT_OF_ORDER, reason)
        if self._buffer.pending:
            # The content of a client that did not wait for 354 must not be read as commands.
            return self._refusal(_DID_NOT_WAIT, reason, close=True)
        no_recipients = self.state is State.HAS_SENDER
        return self._refusal(_NO_RECIPIENTS if no_recipients else _OUT_OF_ORDER, reason)

    def _refusal(
        self,
        hint: ReplyHint,
        reason: str,
        *,
        close: bool = False,
        step: Step = Step.OTHER,
        times: int = 1,
    ) -> Refused:
        """What the session answers by itself; `times` counts in LMTP only."""
        if hint is not _TOO_MANY_RECIPIENTS:
            self._refused_count += 1
        if not close and self._refused_count > self.settings.max_refused:
            hint, close = _TOO_MANY_ERRORS, True
        if self.state is State.CONTENT:
            times = len(self.accepted)
        closing = hint.code == 421
        text = f"{self.settings.host_name} {hint.text}" if closing else hint.text
        reply = build_reply(hint.code, hint.enhanced_code, text)
        if closing or self._dialect.result_count is ResultCount.ONE:
            times = 1
        known = next_state(self.protocol, self.state, step, answer_class(hint.code)) is not None
        self._refused_step = step if known else Step.OTHER
        return Refused(RefusalAnswer(reply, close or closing, max(times, 1)), reason)

    # What goes to the client

    def _step_answered(self, event: ServerReply) -> tuple[Step, Answer]:
        """The step of the table that a reply is, and its class."""
        answer = answer_class(event.reply.code)
        match event:
            case Greeting():
                return Step.GREETING, answer
            case CommandAnswer(command=command):
                if self._unanswered is None or command != self._unanswered:
                    raise LocalProtocolError("that command is not the one to be answered")
                return step_of(command), answer
            case Result(recipient=recipient):
                if not self._results or recipient != self._results[0]:
                    raise LocalProtocolError("no such reply to the content is owed now")
                return (Step.LAST_RESULT if len(self._results) == 1 else Step.RESULT), answer
            case ClosingNotice():
                return Step.NOTHING, answer
            case RefusalAnswer(close=close):
                unanswered = self._unanswered
                if not isinstance(unanswered, Refused) or unanswered.answer is not event:
                    raise LocalProtocolError("that refusal is not the one to be sent")
                if answer is Answer.CLOSING:
                    return Step.NOTHING, answer
                return (Step.FAULT, Answer.NONE) if close else (self._refused_step, answer)

    def _state_after(self, step: Step, answer: Answer) -> State:
        after = next_state(self.protocol, self.state, step, answer)
        if after is None:
            raise LocalProtocolError(
                f"{answer.value} cannot answer {step.value} in state {self.state.value!r}"
            )
        return after

    def _keep(self, event: ServerReply, answer: Answer, after: State) -> None:
        """Keep what a sent reply changes."""
        self.state = after
        self._waiting_since = self._now
        if isinstance(event, Result):
            self._results.popleft()
        else:
            self._unanswered = None
        if isinstance(event, CommandAnswer) and answer is Answer.SUCCESS:
            match event.command:
                case Hello() as hello:
                    self.hello = hello
                    extended = hello.verb is self._dialect.extended_verb
                    self.negotiated = extended and self.settings.offer_metadata
                case MailFrom() as mail:
                    self.mail = mail
                case RcptTo() as recipient:
                    self.accepted += (recipient,)
                case Authenticate(credentials=who) | AuthResponse(credentials=who):
                    self.user_name = who.user_name if who else None
                case _:
                    pass
        if after in _ENDED:
            self._results.clear()
        if after is State.STARTING_TLS and self._buffer.pending:
            self._buffer.clear()  # what came in the clear is never executed
            self.state = self._state_after(Step.FAULT, Answer.NONE)
        if after is not State.CHUNKS:
            self._chunks.forget()
        if after is State.READY:
            self.mail = None
            self.accepted = ()
