"""The server session: pipelined commands, order, metadata, replies that say what was meant."""

from __future__ import annotations

import pytest

from reply_metadata.client_session import ClientSession
from reply_metadata.codec import build_reply
from reply_metadata.commands import Hello, HelloVerb, Help, MailFrom, Noop, Quit, RcptTo, Verify
from reply_metadata.errors import LocalProtocolError
from reply_metadata.events import (
    NEED_DATA,
    ClosingNotice,
    CommandAnswer,
    ConnectionEnded,
    RefusalAnswer,
    Result,
)
from reply_metadata.keys import Reason, Referral, TraceId
from reply_metadata.paths import Path
from reply_metadata.server_rules import ServerSettings
from reply_metadata.server_session import ServerSession
from reply_metadata.transitions import Protocol, State

SETTINGS = ServerSettings("mx.example.org")
OK = build_reply(250, "2.0.0", "OK")
VERB = {Protocol.SMTP: b"EHLO", Protocol.LMTP: b"LHLO"}
OPENING = b" client.example.org\r\nMAIL FROM:<s@example.org>\r\nRCPT TO:<user1@example.com>\r\n"


@pytest.mark.parametrize("protocol", Protocol)
def test_a_whole_dialogue_gives_the_same_octet_by_octet(serving, protocol):
    dialogue = (
        VERB[protocol] + OPENING + b"RCPT TO:<user2@example.com>\r\nDATA\r\n"
        b"Hi\r\n..dot\r\n.\r\nMAIL FROM:<>\r\nRSET\r\nNOOP x\r\nVRFY a\r\nHELP\r\nFOO\r\nQUIT\r\n"
    )
    whole, single = serving(protocol), serving(protocol)
    whole.feed(dialogue)
    for octet in dialogue:
        single.feed(bytes((octet,)))
    assert whole.events == single.events
    assert whole.written == single.written
    assert whole.contents == [b"Hi\r\n.dot\r\n"]
    assert whole.session.state is State.CLOSED
    results = {Protocol.SMTP: 1, Protocol.LMTP: 2}[protocol]
    assert whole.codes == [
        250,
        250,
        250,
        250,
        354,
        *[250] * results,
        250,
        250,
        250,
        252,
        214,
        500,
        221,
    ]


def test_the_extension_is_listed_with_the_one_it_needs_and_pipelining(opened):
    session = opened()
    session.receive_octets(b"EHLO client.example.org\r\n")
    octets = session.send(CommandAnswer(hello := session.next_event(), session.usual_answer(hello)))
    assert octets == (
        b"250-mx.example.org\r\n250-PIPELINING\r\n250-8BITMIME\r\n250-CHUNKING\r\n"
        b"250-SIZE 10240000\r\n250-SMTPUTF8\r\n"
        b"250-ENHANCEDSTATUSCODES\r\n250 REPLYMETA\r\n"
    )
    quiet = opened(settings=ServerSettings("mx.example.org", offer_metadata=False))
    assert b"REPLYMETA" not in quiet.usual_answer(hello).to_octets()


def test_one_event_has_one_answer(opened):
    session = opened()
    session.receive_octets(b"NOOP\r\nNOOP\r\n")
    event = session.next_event()
    with pytest.raises(LocalProtocolError):
        session.next_event()
    with pytest.raises(LocalProtocolError):
        session.send(CommandAnswer(Quit(), OK))
    assert session.send(CommandAnswer(event, OK)) == b"250 2.0.0 OK\r\n"
    assert session.next_event() == Noop()


def test_nothing_is_read_before_the_greeting():
    session = ServerSession(Protocol.SMTP, SETTINGS)
    session.receive_octets(b"NOOP\r\n")
    assert session.next_event() is NEED_DATA


# Order


@pytest.mark.parametrize(
    ("lines", "codes"),
    [
        (b"MAIL FROM:<>\r\n", [503]),
        (b"EHLO a\r\nRCPT TO:<u@example.com>\r\n", [250, 503]),
        (b"EHLO a\r\nDATA\r\n", [250, 503]),
        (b"EHLO a\r\nMAIL FROM:<>\r\nDATA\r\n", [250, 250, 503]),
        (b"EHLO a\r\nMAIL FROM:<>\r\nMAIL FROM:<>\r\n", [250, 250, 503]),
        (b"EHLO a\r\nMAIL FROM:<>\r\nEHLO b\r\nMAIL FROM:<>\r\n", [250, 250, 250, 250]),
        (b"RSET\r\nNOOP\r\nVRFY x\r\nHELP\r\nEXPN x\r\n", [250, 250, 252, 214, 502]),
        (b"LHLO a\r\n", [500]),
    ],
)
def test_commands_out_of_order_are_refused(serving, lines, codes):
    server = serving()
    server.feed(lines)
    assert server.codes == codes


@pytest.mark.parametrize("verb", [b"EHLO", b"HELO"])
def test_lmtp_does_not_take_the_greetings_of_smtp(serving, verb):
    server = serving(Protocol.LMTP)
    server.feed(verb + b" client.example.org\r\n")
    assert server.codes == [500]
    assert server.session.state is State.GREETED


def test_lmtp_without_an_accepted_recipient_answers_data_with_503(serving):
    server = serving(Protocol.LMTP, before=b"LHLO a\r\nMAIL FROM:<>\r\n")
    server.feed(b"DATA\r\n")
    assert server.written[-1] == b"503 5.5.1 No valid recipients\r\n"
    assert server.session.state is State.HAS_SENDER


def test_the_content_of_a_client_that_did_not_wait_is_not_read_as_commands(serving):
    server = serving(before=b"EHLO a\r\n")
    server.feed(b"DATA\r\nMAIL FROM:<evil@example.org>\r\nRCPT TO:<u@example.com>\r\n")
    assert server.codes == [250, 503]
    assert server.session.state is State.BROKEN


def test_the_chunk_behind_a_bdat_is_not_read_as_commands(serving):
    server = serving(before=b"EHLO a\r\n")
    server.feed(b"BDAT 30 LAST\r\nMAIL FROM:<evil@example.org>\r\nNOOP\r\n")
    assert server.codes == [250, 503, 250]
    server.feed(b"BDAT 3x LAST\r\nMAIL FROM:<evil@example.org>\r\n")
    assert server.codes == [250, 503, 250, 501]
    assert server.session.state is State.BROKEN


# Metadata


def test_the_client_session_reads_what_the_server_session_meant(opened):
    server, client = opened(Protocol.LMTP), ClientSession(Protocol.LMTP)
    client.receive_octets(b"220 mx.example.org LMTP\r\n")
    referral = build_reply(450, "4.4.4", "Redirected", (Referral(("smtp://backend2/",)),))
    for command, reply in (
        (Hello(HelloVerb.LHLO, "client.example.org"), None),
        (MailFrom(Path.of("s@example.org")), build_reply(250, "2.1.0", "OK", (TraceId("7f"),))),
        (RcptTo(Path.of("u@example.com")), referral),
    ):
        server.receive_octets(client.send(command))
        event = server.next_event()
        reply = reply or server.usual_answer(event)
        client.receive_octets(server.send(CommandAnswer(event, reply)))
        while (answer := client.next_event()) is not NEED_DATA:
            pass
        del answer
    client.send(command)
    client.receive_octets(referral.to_octets())
    assert client.next_event().reply == referral


@pytest.mark.parametrize("hello", [b"", b"HELO a\r\n"])
def test_metadata_is_left_out_for_a_client_that_has_not_negotiated_it(serving, hello):
    session = serving(before=hello).session
    session.receive_octets(b"NOOP\r\n")
    reply = build_reply(250, "2.0.0", "OK", (TraceId("7f3a"),))
    assert session.send(CommandAnswer(session.next_event(), reply)) == b"250 2.0.0 OK\r\n"


def test_metadata_ends_when_the_next_greeting_comes_not_when_it_succeeds(serving):
    session = serving(before=b"EHLO a\r\n").session
    assert session.negotiated
    session.receive_octets(b"EHLO b\r\nNOOP\r\n")
    hello = session.next_event()
    assert not session.negotiated
    session.send(CommandAnswer(hello, build_reply(451, "4.3.0", "later")))
    reply = build_reply(250, "2.0.0", "OK", (TraceId("7f3a"),))
    assert session.send(CommandAnswer(session.next_event(), reply)) == b"250 2.0.0 OK\r\n"


@pytest.mark.parametrize(
    ("line", "command", "answer"),
    [(b"VRFY a", Verify("a"), b"252 2.5.2 "), (b"HELP", Help(), b"214 2.0.0 ")],
)
def test_metadata_never_answers_vrfy_and_help(serving, line, command, answer):
    session = serving(before=b"EHLO a\r\n").session
    session.receive_octets(line + b"\r\n")
    event = session.next_event()
    assert event == command
    with pytest.raises(LocalProtocolError):
        session.send(CommandAnswer(event, build_reply(550, "5.1.1", "no", (Reason("x"),))))
    assert session.send(CommandAnswer(event, session.usual_answer(event))).startswith(answer)


@pytest.mark.parametrize(
    "reply",
    [
        build_reply(250, None, "OK"),
        build_reply(450, "4.7.1", "[TSS04] deferred", negotiated=False),
        build_reply(250, "2.0.0", "[TRACE-ID x] injected", negotiated=False),
    ],
    ids=["no enhanced code", "brackets", "a group as text"],
)
def test_a_reply_that_would_be_read_as_something_else_is_not_sent(serving, reply):
    session = serving(before=b"EHLO a\r\n").session
    session.receive_octets(b"NOOP\r\n")
    event = session.next_event()
    with pytest.raises(LocalProtocolError):
        session.send(CommandAnswer(event, reply))
    assert session.send(CommandAnswer(event, OK)) == b"250 2.0.0 OK\r\n"


def test_a_reply_of_a_class_that_cannot_answer_is_not_sent(serving):
    session = serving(before=b"EHLO a\r\nMAIL FROM:<>\r\n").session
    session.receive_octets(b"RCPT TO:<u@example.com>\r\n")
    event = session.next_event()
    with pytest.raises(LocalProtocolError):
        session.send(CommandAnswer(event, build_reply(354, None, "go")))
    assert session.state is State.HAS_SENDER


def test_results_are_sent_in_the_order_of_the_recipients(serving):
    server = serving(
        Protocol.LMTP, before=b"LHLO" + OPENING + b"RCPT TO:<u@example.com>\r\nDATA\r\n"
    )
    session = server.session
    session.receive_octets(b"Hi\r\n.\r\n")
    session.next_event()
    first, second = session.results_owed
    with pytest.raises(LocalProtocolError):
        session.send(Result(second, OK))
    session.send(Result(first, OK))
    session.send(Result(second, OK))
    assert session.state is State.READY


def test_who_uses_the_session_decides_about_senders_and_recipients(opened):
    session = opened()
    for command in (MailFrom(Path.of("s@example.org")), RcptTo(Path.of("u@example.com"))):
        with pytest.raises(LocalProtocolError):
            session.usual_answer(command)


def test_a_refusal_is_sent_when_it_is_due_and_as_it_was_given(opened):
    session = opened()
    session.receive_octets(b"junk\r\n")
    refused = session.next_event()
    with pytest.raises(LocalProtocolError):
        session.send(RefusalAnswer(OK))
    assert session.send(refused.answer) == b"500 5.5.2 Command not recognized\r\n"
    with pytest.raises(LocalProtocolError):
        session.send(refused.answer)


# The end, and time


def test_a_server_may_close_at_any_time_with_421(in_content):
    session = in_content().session
    going = build_reply(421, "4.3.2", "mx.example.org going down")
    with pytest.raises(LocalProtocolError):
        session.send(ClosingNotice(OK))
    assert session.send(ClosingNotice(going)) == b"421 4.3.2 mx.example.org going down\r\n"
    session.receive_octets(b".\r\n")
    assert session.next_event() is NEED_DATA
    session.receive_octets(b"")
    assert session.next_event() == ConnectionEnded(clean=True)
    assert session.next_event() is NEED_DATA


def test_an_end_in_the_content_is_no_message(in_content):
    server = in_content()
    server.feed(b"half a mess")
    server.feed(b"")
    assert server.contents == []
    assert server.events[-1] == ConnectionEnded(clean=False)


def test_an_idle_client_gets_421_and_dripped_octets_do_not_help(opened):
    session = opened()
    session.time_passed(0.0)
    session.receive_octets(b"NO")
    assert session.next_event() is NEED_DATA
    session.time_passed(299.0)
    session.receive_octets(b"OP")
    assert session.next_event() is NEED_DATA
    assert session.next_deadline == 300.0
    session.time_passed(300.0)
    event = session.next_event()
    assert isinstance(event.answer, RefusalAnswer)
    assert session.send(event.answer) == b"421 4.4.2 mx.example.org Idle too long\r\n"
    assert session.state is State.CLOSED


def test_an_idle_client_is_told_so_even_after_its_last_mistake(opened):
    session = opened(settings=ServerSettings("mx.example.org", max_refused=1))
    session.time_passed(0.0)
    session.receive_octets(b"FOO\r\n")
    session.send(session.next_event().answer)
    session.time_passed(300.0)
    answer = session.next_event().answer
    assert session.send(answer) == b"421 4.4.2 mx.example.org Idle too long\r\n"


def test_content_has_a_deadline_of_its_own(serving, opened):
    session = opened()
    session.time_passed(0.0)
    assert session.next_deadline == 300.0
    server = serving(session=session)
    session.time_passed(10.0)
    server.feed(b"EHLO" + OPENING + b"DATA\r\n")
    assert session.next_deadline == 10.0 + 1800


def test_no_deadline_runs_while_the_client_waits_for_the_server(serving, opened):
    session = opened()
    session.time_passed(0.0)
    session.receive_octets(b"NOOP\r\n")
    command = session.next_event()
    assert session.next_deadline is None
    session.time_passed(1000.0)
    session.send(CommandAnswer(command, session.usual_answer(command)))
    assert session.next_deadline == 1300.0
