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

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from enum import Enum
from types import MappingProxyType
from typing import Final

from reply_metadata.commands import HelloVerb


class Protocol(Enum):
    """The two protocols; `DIALECTS` holds what differs."""

    SMTP = "SMTP"
    LMTP = "LMTP"


class State(Enum):
    """Where a session stands."""

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
    BDAT_LAST = "BDAT LAST"
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


class Answer(Enum):
    """The class of a reply as the table needs it (RFC 5321, Section 4.2.1)."""

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
        extended_verb: the verb whose answer lists extensions.
        default_port: the port a client takes when it is told none; None: there is none, and 25 is
            forbidden (RFC 2033, Section 5).
    """

    hello_verbs: tuple[HelloVerb, ...]
    result_count: ResultCount
    extended_verb: HelloVerb
    default_port: int | None


DIALECTS: Final[Mapping[Protocol, Dialect]] = MappingProxyType(
    {
        Protocol.SMTP: Dialect(
            (HelloVerb.EHLO, HelloVerb.HELO), ResultCount.ONE, HelloVerb.EHLO, 25
        ),
        Protocol.LMTP: Dialect(
            (HelloVerb.LHLO,), ResultCount.ONE_EACH_RECIPIENT, HelloVerb.LHLO, None
        ),
    }
)

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
_FAILURES: Final = (Answer.TRANSIENT, Answer.PERMANENT)
_REPLIES: Final = (Answer.SUCCESS, *_FAILURES)
_CHUNKS: Final = (State.HAS_RECIPIENTS, State.CHUNKS)
_GREETED: Final = (State.READY, State.HAS_SENDER, *_CHUNKS, State.CHUNKS_REFUSED)
_BETWEEN_COMMANDS: Final = (State.GREETED, *_GREETED)
_OPEN: Final = (
    State.CONNECTED,
    State.REFUSED,
    State.STARTING_TLS,
    State.AUTHENTICATING,
    *_BETWEEN_COMMANDS,
    State.CONTENT,
    State.RESULTS,
)
_STEPS_OF: Final[Mapping[State, tuple[Step, ...]]] = {
    State.CONNECTED: (Step.GREETING,),
    State.REFUSED: (Step.QUIT,),
    State.AUTHENTICATING: (Step.AUTH_RESPONSE,),
    State.RESULTS: (Step.RESULT, Step.LAST_RESULT),
}


def _stay(
    protocols: tuple[Protocol, ...],
    states: Iterable[State],
    step: Step,
    answers: Iterable[Answer],
) -> list[Transition]:
    """Rows that change nothing."""
    return [Transition(protocols, state, step, one, state) for state in states for one in answers]


def _rows() -> list[Transition]:
    """Every transition, in the order of a dialogue."""
    success, intermediate = Answer.SUCCESS, Answer.INTERMEDIATE
    rows = [Transition(_BOTH, State.CONNECTED, Step.GREETING, success, State.GREETED)]
    rows += [
        Transition(_BOTH, State.CONNECTED, Step.GREETING, one, State.REFUSED) for one in _FAILURES
    ]
    for step, protocols in ((Step.EHLO, _SMTP), (Step.HELO, _SMTP), (Step.LHLO, _LMTP)):
        rows += [
            Transition(protocols, state, step, success, State.READY) for state in _BETWEEN_COMMANDS
        ]
        rows += _stay(protocols, _BETWEEN_COMMANDS, step, _FAILURES)
    # RFC 3207, Section 4.2: after the handshake the session is as it was after the greeting.
    rows.append(Transition(_BOTH, State.READY, Step.STARTTLS, success, State.STARTING_TLS))
    rows += _stay(_BOTH, _BETWEEN_COMMANDS, Step.STARTTLS, _FAILURES)
    rows.append(Transition(_BOTH, State.STARTING_TLS, Step.TLS, Answer.NONE, State.GREETED))
    rows.append(Transition(_BOTH, State.READY, Step.AUTH, success, State.READY))
    rows.append(Transition(_BOTH, State.READY, Step.AUTH, intermediate, State.AUTHENTICATING))
    rows += _stay(_BOTH, _BETWEEN_COMMANDS, Step.AUTH, _FAILURES)
    rows += [
        Transition(_BOTH, State.AUTHENTICATING, step, one, State.READY)
        for step, answers in ((Step.AUTH_RESPONSE, _REPLIES), (Step.OTHER, _FAILURES))
        for one in answers
    ]
    rows.append(Transition(_BOTH, State.READY, Step.MAIL, success, State.HAS_SENDER))
    rows += _stay(_BOTH, _BETWEEN_COMMANDS, Step.MAIL, _FAILURES)
    rows += [
        Transition(_BOTH, state, Step.RCPT, success, State.HAS_RECIPIENTS)
        for state in (State.HAS_SENDER, State.HAS_RECIPIENTS)
    ]
    rows += _stay(_BOTH, _BETWEEN_COMMANDS, Step.RCPT, _FAILURES)
    rows.append(Transition(_BOTH, State.HAS_RECIPIENTS, Step.DATA, intermediate, State.CONTENT))
    # RFC 2920, Section 3.1: the client then sends an empty content.
    rows.append(
        Transition(_SMTP, State.HAS_SENDER, Step.DATA, intermediate, State.CONTENT, only_read=True)
    )
    rows += _stay(_BOTH, _BETWEEN_COMMANDS, Step.DATA, _FAILURES)
    rows.append(Transition(_BOTH, State.CONTENT, Step.CONTENT, Answer.NONE, State.RESULTS))
    rows += _chunk_rows()
    rows += _stay(_LMTP, (State.RESULTS,), Step.RESULT, _REPLIES)
    rows += [
        Transition(_BOTH, State.RESULTS, Step.LAST_RESULT, one, State.READY) for one in _REPLIES
    ]
    rows.append(Transition(_BOTH, State.GREETED, Step.RSET, success, State.GREETED))
    rows += [Transition(_BOTH, state, Step.RSET, success, State.READY) for state in _GREETED]
    rows += _stay(_BOTH, _BETWEEN_COMMANDS, Step.RSET, _FAILURES)
    for step in (Step.NOOP, Step.VRFY, Step.HELP):
        rows += _stay(_BOTH, _BETWEEN_COMMANDS, step, _REPLIES)
    rows += [
        Transition(_BOTH, state, Step.QUIT, one, State.CLOSED)
        for state in (State.REFUSED, *_BETWEEN_COMMANDS)
        for one in _REPLIES
    ]
    rows += _stay(_BOTH, (State.REFUSED, *_BETWEEN_COMMANDS), Step.OTHER, _FAILURES)
    rows += _closing_rows()
    rows += [Transition(_BOTH, state, Step.END, Answer.NONE, State.CLOSED) for state in _OPEN]
    rows += [Transition(_BOTH, state, Step.FAULT, Answer.NONE, State.BROKEN) for state in _OPEN]
    return rows


def _chunk_rows() -> list[Transition]:
    """RFC 3030, Section 2: each chunk has a reply; after the last one come those to the content."""
    rows = []
    for state in _CHUNKS:
        rows.append(Transition(_BOTH, state, Step.BDAT, Answer.SUCCESS, State.CHUNKS))
        rows += [
            Transition(_BOTH, state, Step.BDAT, one, State.CHUNKS_REFUSED) for one in _FAILURES
        ]
        rows.append(Transition(_BOTH, state, Step.BDAT_LAST, Answer.NONE, State.RESULTS))
    rows += [
        Transition(_BOTH, state, Step.BDAT_LAST, one, State.READY)
        for state in (*_CHUNKS, State.CHUNKS_REFUSED)
        for one in _FAILURES
    ]
    nothing_open = (State.GREETED, State.READY, State.HAS_SENDER)
    rows += _stay(_BOTH, (*nothing_open, State.CHUNKS_REFUSED), Step.BDAT, _FAILURES)
    rows += _stay(_BOTH, nothing_open, Step.BDAT_LAST, _FAILURES)
    return rows


def _closing_rows() -> list[Transition]:
    """421 may answer anything, and come when nothing was asked (RFC 5321, Section 3.8).

    But nothing in the clear may come once TLS starts.
    """
    greetings = {Step.EHLO: _SMTP, Step.HELO: _SMTP, Step.LHLO: _LMTP}
    commands = [step for step in Step if not step.value.startswith("(")]
    rows = []
    for state in (one for one in _OPEN if one is not State.STARTING_TLS):
        steps = _STEPS_OF.get(state, () if state is State.CONTENT else tuple(commands))
        for step in (*steps, Step.NOTHING):
            protocols = _LMTP if step is Step.RESULT else greetings.get(step, _BOTH)
            rows.append(Transition(protocols, state, step, Answer.CLOSING, State.CLOSED))
    return rows


ROWS: Final[tuple[Transition, ...]] = tuple(_rows())

TRANSITIONS: Final[Mapping[tuple[Protocol, State, Step, Answer], Transition]] = MappingProxyType(
    {(protocol, row.state, row.step, row.answer): row for row in ROWS for protocol in row.protocols}
)
"""The table, by what happens."""


def answer_class(code: int) -> Answer:
    """The class of a reply code."""
    if code == 421:
        return Answer.CLOSING
    return {
        2: Answer.SUCCESS,
        3: Answer.INTERMEDIATE,
        4: Answer.TRANSIENT,
        5: Answer.PERMANENT,
    }[code // 100]


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


def state_if_it_succeeds(protocol: Protocol, state: State, step: Step) -> State | None:
    """The state if `step` is accepted; None when it may not be sent in `state`."""
    for answer in (Answer.SUCCESS, Answer.INTERMEDIATE, Answer.NONE):
        after = next_state(protocol, state, step, answer)
        if after is not None:
            return after
    return None


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
