"""The table of states, said again by state instead of by rule: what may follow, and whereto."""

from __future__ import annotations

import pytest

from reply_metadata.transitions import ROWS, Answer, Protocol, State, Step

HELLO = "EHLO HELO LHLO"
SHOWING = "NOOP VRFY HELP"
# State -> next state -> what leads there when it succeeds (RFC 5321, Section 4.1.4; RFC 3030;
# RFC 3207; RFC 4954; RFC 2033), with 3yz for the last two.
SUCCESSES = {
    State.CONNECTED: {State.GREETED: "(connection)"},
    State.REFUSED: {State.CLOSED: "QUIT"},
    State.GREETED: {State.READY: HELLO, State.GREETED: f"RSET {SHOWING}", State.CLOSED: "QUIT"},
    State.READY: {
        State.READY: f"{HELLO} AUTH RSET {SHOWING}",
        State.STARTING_TLS: "STARTTLS",
        State.HAS_SENDER: "MAIL",
        State.CLOSED: "QUIT",
    },
    State.HAS_SENDER: {
        State.READY: f"{HELLO} RSET",
        State.HAS_RECIPIENTS: "RCPT",
        State.HAS_SENDER: SHOWING,
        State.CLOSED: "QUIT",
    },
    State.HAS_RECIPIENTS: {
        State.READY: f"{HELLO} RSET",
        State.HAS_RECIPIENTS: f"RCPT {SHOWING}",
        State.CHUNKS: "BDAT",
        State.CLOSED: "QUIT",
    },
    State.CHUNKS: {
        State.READY: f"{HELLO} RSET",
        State.CHUNKS: f"BDAT {SHOWING}",
        State.CLOSED: "QUIT",
    },
    State.CHUNKS_REFUSED: {
        State.READY: f"{HELLO} RSET",
        State.CHUNKS_REFUSED: SHOWING,
        State.CLOSED: "QUIT",
    },
}
STEPS_WITH_BLANKS = {
    (State.AUTHENTICATING, Step.AUTH_RESPONSE, State.READY),
    (State.RESULTS, Step.RESULT, State.RESULTS),
    (State.RESULTS, Step.LAST_RESULT, State.READY),
}
INTERMEDIATE = {
    (State.READY, Step.AUTH, State.AUTHENTICATING),
    (State.HAS_SENDER, Step.DATA, State.CONTENT),
    (State.HAS_RECIPIENTS, Step.DATA, State.CONTENT),
}
WITHOUT_A_REPLY = {
    (State.STARTING_TLS, Step.TLS, State.GREETED),
    (State.CONTENT, Step.CONTENT, State.RESULTS),
    (State.HAS_RECIPIENTS, Step.BDAT_LAST, State.RESULTS),
    (State.CHUNKS, Step.BDAT_LAST, State.RESULTS),
}
BETWEEN_COMMANDS = set(SUCCESSES) - {State.CONNECTED, State.REFUSED}
ALL_COMMANDS = f"{HELLO} {SHOWING} STARTTLS AUTH MAIL RCPT DATA BDAT RSET QUIT".split()
# A failure changes nothing but here.
FAILURES_THAT_MOVE = {
    (State.CONNECTED, Step.GREETING): State.REFUSED,
    (State.HAS_RECIPIENTS, Step.BDAT): State.CHUNKS_REFUSED,
    (State.CHUNKS, Step.BDAT): State.CHUNKS_REFUSED,
    (State.HAS_RECIPIENTS, Step.BDAT_LAST): State.READY,
    (State.CHUNKS, Step.BDAT_LAST): State.READY,
    (State.CHUNKS_REFUSED, Step.BDAT_LAST): State.READY,
    (State.AUTHENTICATING, Step.AUTH_RESPONSE): State.READY,
    (State.AUTHENTICATING, Step.OTHER): State.READY,
    (State.RESULTS, Step.LAST_RESULT): State.READY,
    **{(state, Step.QUIT): State.CLOSED for state in (*BETWEEN_COMMANDS, State.REFUSED)},
}


def rows_with(answer):
    return {(row.state, row.step, row.next_state) for row in ROWS if row.answer is answer}


def test_what_may_succeed_and_where_it_leads():
    listed = {
        (state, Step(word), after)
        for state, ways in SUCCESSES.items()
        for after, words in ways.items()
        for word in words.split()
    }
    assert rows_with(Answer.SUCCESS) == listed | STEPS_WITH_BLANKS


def test_what_is_answered_by_3yz_or_by_nothing():
    assert rows_with(Answer.INTERMEDIATE) == INTERMEDIATE
    others = {row for row in rows_with(Answer.NONE) if row[1] not in (Step.END, Step.FAULT)}
    assert others == WITHOUT_A_REPLY


@pytest.mark.parametrize("answer", [Answer.TRANSIENT, Answer.PERMANENT])
def test_every_command_may_fail_between_commands_and_few_failures_move(answer):
    may_fail = {
        (state, step)
        for state in BETWEEN_COMMANDS
        for step in (*map(Step, ALL_COMMANDS), Step.BDAT_LAST, Step.OTHER)
    }
    may_fail |= {
        (State.CONNECTED, Step.GREETING),
        (State.REFUSED, Step.QUIT),
        (State.REFUSED, Step.OTHER),
        (State.AUTHENTICATING, Step.AUTH_RESPONSE),
        (State.AUTHENTICATING, Step.OTHER),
        (State.RESULTS, Step.RESULT),
        (State.RESULTS, Step.LAST_RESULT),
    }
    assert rows_with(answer) == {
        (state, step, FAILURES_THAT_MOVE.get((state, step), state)) for state, step in may_fail
    }


def test_421_answers_all_that_has_an_answer_and_also_comes_unasked():
    answered = {
        (row.state, row.step)
        for row in ROWS
        if row.answer is Answer.PERMANENT and row.step is not Step.OTHER
    }
    unasked = {
        (state, Step.NOTHING)
        for state in State
        if state not in (State.CLOSED, State.BROKEN, State.STARTING_TLS)
    }
    assert {row[:2] for row in rows_with(Answer.CLOSING)} == answered | unasked
    assert {row[2] for row in rows_with(Answer.CLOSING)} == {State.CLOSED}


def test_the_steps_of_one_protocol_only():
    for row in ROWS:
        smtp_only = row.step in (Step.EHLO, Step.HELO) or row.only_read
        lmtp_only = row.step in (Step.LHLO, Step.RESULT)
        expected = {Protocol.SMTP} if smtp_only else {Protocol.LMTP} if lmtp_only else set(Protocol)
        assert set(row.protocols) == expected, row
        only_read = (row.state, row.answer) == (State.HAS_SENDER, Answer.INTERMEDIATE)
        assert row.only_read is only_read, row


def test_the_words_of_states_and_steps_are_those_of_the_diagrams():
    assert [state.value for state in State] == [
        *("connected", "refused", "greeted", "starting TLS", "authenticating", "ready"),
        *("has sender", "has recipients", "chunks", "chunks refused", "content", "results"),
        *("closed", "broken"),
    ]
    commands = {step.value for step in Step if not step.value.startswith("(")}
    assert commands == {*ALL_COMMANDS, "BDAT LAST"}
    assert [answer.value for answer in Answer] == ["2yz", "3yz", "4yz", "5yz", "421", "-"]
