"""The states of a session and every transition between them, as one table of data.

Rule 1: the state follows the replies.  A server moves when it sends one, a client when it reads
it, so both sides walk the same table; a row is (state, step, answer) -> next state.
Rule 2: SMTP and LMTP differ by data only: the verb that greets and the replies after the content
(`DIALECTS`), and in the table by the rows of EHLO, HELO, LHLO and RESULT.
Rule 3: what is not in the table is forbidden: a client does not send it, a server answers 503, and
a reply without a row is a protocol error.  A 4yz or 5yz without a change of state is a row, too.
Rule 4: rows marked `only_read` are what a client goes along with and a server never does.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass
from enum import Enum
from itertools import product
from typing import Final, TypeAlias

from reply_metadata.commands import Command, HelloVerb
from reply_metadata.extension import LAST_CHUNK


class Protocol(Enum):
    """The two protocols; `DIALECTS` holds what differs."""

    __hash__ = object.__hash__  # members are single; the one of Enum is slow

    SMTP = "SMTP"
    LMTP = "LMTP"


class State(Enum):
    """Where a session stands."""

    __hash__ = object.__hash__  # members are single; the one of Enum is slow

    CONNECTED = "connected"
    """The greeting has not been sent."""
    REFUSED = "refused"
    """The greeting was a failure: only QUIT is left (RFC 5321, Section 3.1)."""
    GREETED = "greeted"
    """No EHLO, HELO or LHLO has succeeded."""
    STARTING_TLS = "starting TLS"
    """The answer to STARTTLS was 220: no octet in the clear may come any more."""
    AUTHENTICATING = "authenticating"
    """The answer to AUTH was 334: the client sends its credentials."""
    READY = "ready"
    """No transaction is open."""
    HAS_SENDER = "has sender"
    """MAIL was accepted, no recipient yet."""
    HAS_RECIPIENTS = "has recipients"
    """At least one RCPT was accepted."""
    CHUNKS = "chunks"
    """Part of the content came by BDAT."""
    CHUNKS_REFUSED = "chunks refused"
    """A BDAT failed: the transaction cannot go on (RFC 3030, Section 2)."""
    CONTENT = "content"
    """The answer to DATA was 354: the client sends the content."""
    RESULTS = "results"
    """The content is complete, a reply to it is owed."""
    CLOSED = "closed"
    """Nothing more may be sent."""
    BROKEN = "broken"
    """The peer broke the protocol; the session cannot be used any more."""


class Step(Enum):
    """What a reply answers; the values are the words of a diagram, in "(" what is no command."""

    __hash__ = object.__hash__  # members are single; the one of Enum is slow

    GREETING = "(connection)"
    EHLO = "EHLO"
    LHLO = "LHLO"
    HELO = "HELO"
    STARTTLS = "STARTTLS"
    TLS = "(TLS handshake)"
    AUTH = "AUTH"
    AUTH_RESPONSE = "(AUTH response)"
    MAIL = "MAIL"
    RCPT = "RCPT"
    DATA = "DATA"
    BDAT = "BDAT"
    BDAT_LAST = LAST_CHUNK
    CONTENT = "(content)"
    RESULT = "(content), not the last recipient"
    LAST_RESULT = "(content), last reply"
    RSET = "RSET"
    NOOP = "NOOP"
    VRFY = "VRFY"
    HELP = "HELP"
    QUIT = "QUIT"
    OTHER = "(any other line)"
    """No command, or one that may not stand there; a client of ours never sends it."""
    NOTHING = "(nothing asked)"
    END = "(connection ends)"
    FAULT = "(protocol error)"


_COMMANDS: Final = {
    **{step: None if step.value.startswith("(") else step.value for step in Step},
    **{Step.AUTH_RESPONSE: "AUTH", Step.RESULT: "DATA", Step.LAST_RESULT: "DATA"},
}


_STEPS: Final = {step.value: step for step in Step}  # `Step(name)` takes five times as long


def step_of(command: Command) -> Step:
    """The step a command is."""
    return _STEPS[command.name]


def command_name(step: Step) -> str | None:
    """The command a step belongs to, as the codec names it (`extension.allowed_in`), or None."""
    return _COMMANDS[step]


class Answer(Enum):
    """The class of a reply as the table needs it (RFC 5321, Section 4.2.1)."""

    __hash__ = object.__hash__  # members are single; the one of Enum is slow

    SUCCESS = "2yz"
    INTERMEDIATE = "3yz"
    TRANSIENT = "4yz"
    PERMANENT = "5yz"
    CLOSING = "421"
    NONE = "-"


class ResultCount(Enum):
    """How many replies answer the content (RFC 5321, Section 4.1.1.4; RFC 2033, Section 4.2)."""

    ONE = "one"
    ONE_EACH_RECIPIENT = "one for each accepted recipient"


@dataclass(frozen=True, slots=True)
class Dialect:
    """What differs between SMTP and LMTP.

    Args:
        hello_verbs: the verbs that greet, the preferred one first.
        result_count: how many replies answer the content.
        default_port: the port a client takes when it is told none; None: there is none, and 25 is
            forbidden (RFC 2033, Section 5).
    """

    hello_verbs: tuple[HelloVerb, ...]
    result_count: ResultCount
    default_port: int | None

    @property
    def extended_verb(self) -> HelloVerb:
        """The verb whose answer lists extensions."""
        return self.hello_verbs[0]


DIALECTS: Final[Mapping[Protocol, Dialect]] = {
    Protocol.SMTP: Dialect((HelloVerb.EHLO, HelloVerb.HELO), ResultCount.ONE, 25),
    Protocol.LMTP: Dialect((HelloVerb.LHLO,), ResultCount.ONE_EACH_RECIPIENT, None),
}

LAST_OF_GROUP: Final = frozenset(set(Step) - {Step.MAIL, Step.RCPT, Step.RSET})
"""With PIPELINING, nothing may follow these before their answer.

RFC 2920, Section 3.1; RFC 3207, Section 4; RFC 4954, Section 4.  HELP is named
nowhere; people send it.
"""

DROPS_EXTENSIONS: Final = frozenset({Step.EHLO, Step.LHLO, Step.HELO, Step.STARTTLS})
"""What the last EHLO or LHLO listed ends when one of these is sent, whatever the answer."""


@dataclass(frozen=True, slots=True)
class Transition:
    """One row: in `state`, when `step` gets `answer`, the session goes to `next_state`."""

    protocols: tuple[Protocol, ...]
    state: State
    step: Step
    answer: Answer
    next_state: State
    only_read: bool = False


_BOTH: Final = (Protocol.SMTP, Protocol.LMTP)
_SMTP: Final = (Protocol.SMTP,)
_LMTP: Final = (Protocol.LMTP,)

_NO_REPLY: Final = (Answer.NONE,)
_SUCCESS: Final = (Answer.SUCCESS,)
_INTERMEDIATE: Final = (Answer.INTERMEDIATE,)
_FAILURE: Final = (Answer.TRANSIENT, Answer.PERMANENT)
_REPLY: Final = (Answer.SUCCESS, *_FAILURE)
_CLOSING: Final = (Answer.CLOSING,)

_NO_RECIPIENT: Final = (State.GREETED, State.READY, State.HAS_SENDER)
_IN_CHUNKS: Final = (State.HAS_RECIPIENTS, State.CHUNKS)
_BETWEEN: Final = (*_NO_RECIPIENT, *_IN_CHUNKS, State.CHUNKS_REFUSED)  # commands, any may be tried
_AFTER_HELLO: Final = _BETWEEN[1:]
_OPEN: Final = tuple(one for one in State if one not in (State.CLOSED, State.BROKEN))
_MAY_CLOSE: Final = tuple(one for one in _OPEN if one is not State.STARTING_TLS)

_Rule: TypeAlias = tuple[Iterable[State], Iterable[Step], Iterable[Answer], State | None]
"""In these states, when one of these steps gets one of these answers: the next state, or None: no
change."""

_RULES: Final[tuple[_Rule, ...]] = (
    ((State.CONNECTED,), (Step.GREETING,), _SUCCESS, State.GREETED),
    ((State.CONNECTED,), (Step.GREETING,), _FAILURE, State.REFUSED),
    (_BETWEEN, (Step.EHLO, Step.HELO, Step.LHLO), _SUCCESS, State.READY),
    (_BETWEEN, (Step.EHLO, Step.HELO, Step.LHLO), _FAILURE, None),
    # RFC 3207, Section 4.2: after the handshake the session is as it was after the greeting.
    ((State.READY,), (Step.STARTTLS,), _SUCCESS, State.STARTING_TLS),
    ((State.STARTING_TLS,), (Step.TLS,), _NO_REPLY, State.GREETED),
    ((State.READY,), (Step.AUTH,), _SUCCESS, State.READY),
    ((State.READY,), (Step.AUTH,), _INTERMEDIATE, State.AUTHENTICATING),
    ((State.AUTHENTICATING,), (Step.AUTH_RESPONSE,), _REPLY, State.READY),
    ((State.AUTHENTICATING,), (Step.OTHER,), _FAILURE, State.READY),
    ((State.READY,), (Step.MAIL,), _SUCCESS, State.HAS_SENDER),
    ((State.HAS_SENDER, State.HAS_RECIPIENTS), (Step.RCPT,), _SUCCESS, State.HAS_RECIPIENTS),
    ((State.HAS_RECIPIENTS,), (Step.DATA,), _INTERMEDIATE, State.CONTENT),
    ((State.HAS_SENDER,), (Step.DATA,), _INTERMEDIATE, State.CONTENT),  # see `_ONLY_READ`
    ((State.CONTENT,), (Step.CONTENT,), _NO_REPLY, State.RESULTS),
    # RFC 3030, Section 2: each chunk has a reply; after the last one come those to the content.
    (_IN_CHUNKS, (Step.BDAT,), _SUCCESS, State.CHUNKS),
    (_IN_CHUNKS, (Step.BDAT,), _FAILURE, State.CHUNKS_REFUSED),
    (_IN_CHUNKS, (Step.BDAT_LAST,), _NO_REPLY, State.RESULTS),
    ((*_IN_CHUNKS, State.CHUNKS_REFUSED), (Step.BDAT_LAST,), _FAILURE, State.READY),
    (_NO_RECIPIENT, (Step.BDAT, Step.BDAT_LAST), _FAILURE, None),
    ((State.CHUNKS_REFUSED,), (Step.BDAT,), _FAILURE, None),
    ((State.RESULTS,), (Step.RESULT,), _REPLY, None),
    ((State.RESULTS,), (Step.LAST_RESULT,), _REPLY, State.READY),
    ((State.GREETED,), (Step.RSET,), _SUCCESS, None),
    (_AFTER_HELLO, (Step.RSET,), _SUCCESS, State.READY),
    (_BETWEEN, (Step.NOOP, Step.VRFY, Step.HELP), _REPLY, None),
    (_BETWEEN, (Step.STARTTLS, Step.AUTH, Step.MAIL, Step.RCPT), _FAILURE, None),
    (_BETWEEN, (Step.DATA, Step.RSET), _FAILURE, None),
    ((State.REFUSED, *_BETWEEN), (Step.QUIT,), _REPLY, State.CLOSED),
    ((State.REFUSED, *_BETWEEN), (Step.OTHER,), _FAILURE, None),
)
_ENDS: Final[tuple[_Rule, ...]] = (
    # 421 may come when nothing was asked, but nothing in the clear once TLS starts.
    (_MAY_CLOSE, (Step.NOTHING,), _CLOSING, State.CLOSED),
    (_OPEN, (Step.END,), _NO_REPLY, State.CLOSED),
    (_OPEN, (Step.FAULT,), _NO_REPLY, State.BROKEN),
)
_PROTOCOLS: Final = {Step.EHLO: _SMTP, Step.HELO: _SMTP, Step.LHLO: _LMTP, Step.RESULT: _LMTP}
_ONLY_READ: Final = (State.HAS_SENDER, Step.DATA, Answer.INTERMEDIATE)
"""RFC 2920, Section 3.1: after a 354 without a recipient an SMTP client sends an empty content."""


def _rows(rules: Iterable[_Rule]) -> Iterator[Transition]:
    for states, steps, answers, after in rules:
        for state, step, answer in product(states, steps, answers):
            only_read = (state, step, answer) == _ONLY_READ
            protocols = _SMTP if only_read else _PROTOCOLS.get(step, _BOTH)
            yield Transition(protocols, state, step, answer, after or state, only_read)


_DIALOGUE: Final = tuple(_rows(_RULES))
_ANSWERED: Final = dict.fromkeys(
    (row.state, row.step)
    for row in _DIALOGUE
    if row.answer is not Answer.NONE and row.step is not Step.OTHER
)
# RFC 5321, Section 3.8: 421 may answer anything.
_CLOSED: Final = [((state,), (step,), _CLOSING, State.CLOSED) for state, step in _ANSWERED]

ROWS: Final[tuple[Transition, ...]] = (*_DIALOGUE, *_rows(_CLOSED), *_rows(_ENDS))
"""Every transition, in the order of a dialogue."""

TRANSITIONS: Final[Mapping[tuple[Protocol, State, Step, Answer], Transition]] = {
    (protocol, row.state, row.step, row.answer): row for row in ROWS for protocol in row.protocols
}
"""The table, by what happens."""


def answer_class(code: int) -> Answer:
    """The class of a reply code."""
    return Answer.CLOSING if code == 421 else _CLASSES[code // 100]


_CLASSES: Final = {digit: Answer(f"{digit}yz") for digit in (2, 3, 4, 5)}


def next_state(
    protocol: Protocol, state: State, step: Step, answer: Answer, *, reading: bool = False
) -> State | None:
    """The state after `step` got `answer`; None when the table has no such row.

    Args:
        protocol: SMTP or LMTP.
        state: the state before.
        step: what is answered.
        answer: the class of the reply.
        reading: whether rows that are `only_read` count (a client asks).
    """
    row = TRANSITIONS.get((protocol, state, step, answer))
    if row is None or (row.only_read and not reading):
        return None
    return row.next_state


_IF_IT_SUCCEEDS: Final = {
    (protocol, row.state, row.step): row.next_state
    for answer in (Answer.NONE, Answer.INTERMEDIATE, Answer.SUCCESS)  # the last one counts
    for (protocol, *_, given), row in TRANSITIONS.items()
    if given is answer and not row.only_read
}


def state_if_it_succeeds(protocol: Protocol, state: State, step: Step) -> State | None:
    """The state if `step` is accepted; None when it may not be sent in `state`."""
    return _IF_IT_SUCCEEDS.get((protocol, state, step))


def transitions_as_rows() -> tuple[tuple[str, str, str, str, str, str], ...]:
    """The table as text, one row a transition, for a diagram or a page.

    Returns:
        (protocols, state, step, answer, next state, who: "both" or "client" for `only_read`).
    """
    return tuple(
        (
            "/".join(protocol.value for protocol in row.protocols),
            row.state.value,
            row.step.value,
            row.answer.value,
            row.next_state.value,
            "client" if row.only_read else "both",
        )
        for row in ROWS
    )
