"""The table of states: whole, deterministic, and SMTP and LMTP differ in few rows."""

from __future__ import annotations

from collections import Counter

import pytest

from reply_metadata.transitions import (
    DIALECTS,
    ROWS,
    TRANSITIONS,
    Answer,
    Protocol,
    State,
    Step,
    answer_class,
    command_name,
    next_state,
    state_if_it_succeeds,
    transitions_as_rows,
)

FINAL = {State.CLOSED, State.BROKEN}
PROTOCOLS = list(Protocol)


def test_no_two_rows_say_different_things_of_the_same_step():
    keys = Counter(
        (protocol, row.state, row.step, row.answer) for row in ROWS for protocol in row.protocols
    )
    assert [key for key, number in keys.items() if number > 1] == []
    assert len(keys) == len(TRANSITIONS)


@pytest.mark.parametrize("protocol", PROTOCOLS)
def test_every_state_is_reached_from_the_first(protocol):
    reached = {State.CONNECTED}
    while True:
        more = {
            row.next_state for row in ROWS if protocol in row.protocols and row.state in reached
        }
        if more <= reached:
            break
        reached |= more
    assert reached == set(State)


@pytest.mark.parametrize("protocol", PROTOCOLS)
@pytest.mark.parametrize("state", [state for state in State if state not in FINAL])
def test_every_state_but_the_final_ones_can_end_break_and_be_closed_by_421(protocol, state):
    assert next_state(protocol, state, Step.END, Answer.NONE) is State.CLOSED
    assert next_state(protocol, state, Step.FAULT, Answer.NONE) is State.BROKEN
    after_421 = next_state(protocol, state, Step.NOTHING, Answer.CLOSING)
    assert after_421 is (None if state is State.STARTING_TLS else State.CLOSED)


def test_while_tls_starts_there_are_the_handshake_the_end_and_faults_only():
    rows = [row for row in ROWS if row.state is State.STARTING_TLS]
    assert {(row.step, row.answer, row.next_state) for row in rows} == {
        (Step.TLS, Answer.NONE, State.GREETED),
        (Step.END, Answer.NONE, State.CLOSED),
        (Step.FAULT, Answer.NONE, State.BROKEN),
    }


def test_a_final_state_has_no_way_out():
    assert [row for row in ROWS if row.state in FINAL] == []


@pytest.mark.parametrize("protocol", PROTOCOLS)
def test_whatever_can_be_answered_can_be_answered_with_421(protocol):
    answered = {
        (row.state, row.step)
        for row in ROWS
        if protocol in row.protocols and row.answer not in {Answer.NONE, Answer.CLOSING}
    }
    closed = {
        (row.state, row.step)
        for row in ROWS
        if protocol in row.protocols and row.answer is Answer.CLOSING
    }
    assert {pair for pair in answered if pair[1] is not Step.OTHER} <= closed


def test_a_failure_never_moves_a_transaction_forward():
    order = [State.READY, State.HAS_SENDER, State.HAS_RECIPIENTS, State.CONTENT, State.RESULTS]
    for row in ROWS:
        failed = row.answer in {Answer.TRANSIENT, Answer.PERMANENT}
        if failed and row.state in order and row.next_state in order:
            assert order.index(row.next_state) <= order.index(row.state), row


def test_smtp_and_lmtp_differ_in_greeting_in_results_and_in_what_a_client_puts_up_with():
    different = {row.step for row in ROWS if len(row.protocols) == 1 and not row.only_read}
    assert different == {Step.EHLO, Step.HELO, Step.LHLO, Step.RESULT}
    read_only = [row for row in ROWS if row.only_read]
    assert [(row.protocols, row.state, row.step) for row in read_only] == [
        ((Protocol.SMTP,), State.HAS_SENDER, Step.DATA)
    ]
    assert DIALECTS[Protocol.LMTP].default_port is None


@pytest.mark.parametrize("protocol", PROTOCOLS)
def test_data_needs_a_recipient_and_a_recipient_a_sender(protocol):
    assert state_if_it_succeeds(protocol, State.READY, Step.RCPT) is None
    assert state_if_it_succeeds(protocol, State.HAS_SENDER, Step.DATA) is None
    assert state_if_it_succeeds(protocol, State.HAS_RECIPIENTS, Step.DATA) is State.CONTENT


def test_only_a_client_reads_a_354_without_a_recipient():
    wants_content = (Protocol.SMTP, State.HAS_SENDER, Step.DATA, Answer.INTERMEDIATE)
    assert next_state(*wants_content) is None
    assert next_state(*wants_content, reading=True) is State.CONTENT


def test_the_rows_for_a_diagram_are_the_whole_table():
    rows = transitions_as_rows()
    assert len(rows) == len(ROWS)
    assert ("SMTP/LMTP", "has recipients", "DATA", "3yz", "content", "both") in rows
    assert ("SMTP", "has sender", "DATA", "3yz", "content", "client") in rows
    assert sum(len(row[0].split("/")) for row in rows) == len(TRANSITIONS)


@pytest.mark.parametrize(
    ("code", "answer"),
    [
        (200, Answer.SUCCESS),
        (250, Answer.SUCCESS),
        (354, Answer.INTERMEDIATE),
        (450, Answer.TRANSIENT),
        (421, Answer.CLOSING),
        (500, Answer.PERMANENT),
        (554, Answer.PERMANENT),
    ],
)
def test_the_first_digit_is_the_class_and_421_is_its_own(code, answer):
    assert answer_class(code) is answer


@pytest.mark.parametrize(
    ("step", "name"),
    [
        (Step.GREETING, None),
        (Step.NOTHING, None),
        (Step.OTHER, None),
        (Step.TLS, None),
        (Step.AUTH_RESPONSE, "AUTH"),
        (Step.RESULT, "DATA"),
        (Step.LAST_RESULT, "DATA"),
        (Step.BDAT_LAST, "BDAT LAST"),
        (Step.RCPT, "RCPT"),
    ],
)
def test_a_step_is_judged_by_the_command_it_belongs_to(step, name):
    assert command_name(step) == name
