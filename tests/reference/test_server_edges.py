"""What a server session knows and answers: the cases at the edge of each rule."""

from __future__ import annotations

import pytest

from reply_metadata import GroupStatus, Limits, LocalProtocolError, Stored, build_reply
from reply_metadata.commands import Authenticate, Chunk, MailFrom, RcptTo, StartTls
from reply_metadata.credentials import PlainCredentials
from reply_metadata.events import (
    NEED_DATA,
    ClosingNotice,
    CommandAnswer,
    ConnectionEnded,
    Content,
    Greeting,
    RefusalAnswer,
    Result,
)
from reply_metadata.keys import QueueId, TraceId
from reply_metadata.server_rules import ServerSettings
from reply_metadata.server_session import ServerSession
from reply_metadata.transitions import Protocol, State

SETTINGS = ServerSettings("mx.example.org")
OK = build_reply(250, "2.0.0", "OK")
OPENING = b" client.example.org\r\nMAIL FROM:<s@example.org>\r\nRCPT TO:<user1@example.com>\r\n"


def test_a_new_server_session_knows_nothing_and_has_not_greeted():
    session = ServerSession(Protocol.LMTP, SETTINGS)
    assert (session.protocol, session.state) == (Protocol.LMTP, State.CONNECTED)
    assert (session.hello, session.mail, session.user_name) == (None, None, None)
    assert (session.accepted, session.results_owed) == ((), ())
    assert (session.negotiated, session.tls) == (False, False)
    assert session.next_event() is NEED_DATA
    assert session.send(session.greeting()) == b"220 mx.example.org LMTP\r\n"
    assert session.state is State.GREETED


def test_a_server_may_refuse_to_greet_and_takes_only_quit_then(serving):
    session = ServerSession(Protocol.SMTP, SETTINGS)
    session.send(Greeting(build_reply(554, None, "No mail here")))
    assert session.state is State.REFUSED
    server = serving(session=session, before=b"EHLO a\r\nNOOP\r\nFOO\r\nQUIT\r\n")
    assert server.codes == [503, 503, 500, 221]
    assert session.state is State.CLOSED


@pytest.mark.parametrize(
    ("settings", "tls", "auth", "starttls"),
    [
        ({}, True, False, False),
        ({"offer_auth": True}, True, True, False),
        ({"offer_auth": True, "offer_starttls": True}, False, False, True),
        ({"offer_starttls": True}, True, False, False),
    ],
)
def test_starttls_is_listed_before_tls_and_auth_after_it(settings, tls, auth, starttls):
    listed = ServerSettings("mx.example.org", **settings).keywords(tls=tls)
    assert ("AUTH PLAIN" in listed, "STARTTLS" in listed) == (auth, starttls)
    assert {"PIPELINING", "8BITMIME", "CHUNKING", "SMTPUTF8", "ENHANCEDSTATUSCODES"} < set(listed)
    assert "SIZE 10240000" in listed
    assert "REPLYMETA" in listed
    assert "REPLYMETA" not in ServerSettings("a", offer_metadata=False).keywords(tls=tls)


def test_auth_succeeds_once_and_names_its_user(serving, opened):
    session = opened(
        settings=ServerSettings("mx.example.org", offer_starttls=True, offer_auth=True)
    )
    server = serving(session=session, before=b"EHLO a\r\nAUTH PLAIN\r\n")
    assert server.codes[-1] == 538
    server.feed(b"STARTTLS\r\n")
    session.tls_started()
    assert (session.state, session.hello, session.tls) == (State.GREETED, None, True)
    server.feed(b"EHLO a\r\nSTARTTLS\r\n")
    assert server.codes[-1] == 503
    credentials = PlainCredentials("user", "password")
    for code, enhanced_code, name in ((535, "5.7.8", None), (235, "2.7.0", "user")):
        session.receive_octets(Authenticate(credentials).to_octets())
        command = session.next_event()
        assert command == Authenticate(credentials)
        session.send(CommandAnswer(command, build_reply(code, enhanced_code, "So")))
        assert session.user_name == name
    server.feed(Authenticate(credentials).to_octets())
    assert server.codes[-1] == 503
    server.feed(b"MAIL FROM:<>\r\n")
    assert server.codes[-1] == 250


def test_a_recipient_in_utf8_is_refused_in_a_transaction_without_smtputf8(serving):
    server = serving(
        before=b"EHLO a\r\nMAIL FROM:<a@b.example>\r\nRCPT TO:<\xc3\xa4@b.example>\r\n"
    )
    assert server.codes == [250, 250, 553]


@pytest.mark.parametrize(
    ("before", "line", "code", "text"),
    [
        (b"EHLO a\r\n", b"DATA\r\n", 503, b"Bad sequence of commands"),
        (b"EHLO a\r\nMAIL FROM:<>\r\n", b"DATA\r\n", 503, b"No valid recipients"),
        (b"EHLO a\r\nMAIL FROM:<>\r\n", b"MAIL FROM:<>\r\n", 503, b"Bad sequence of commands"),
        (b"EHLO a\r\nMAIL FROM:<>\r\n", b"BDAT 0 LAST\r\n", 503, b"No valid recipients"),
        (b"EHLO a\r\n", b"BDAT 0\r\n", 503, b"Bad sequence of commands"),
        (b"HELO a\r\n", b"BDAT 0\r\n", 503, b"Bad sequence of commands"),
        (b"HELO a\r\n", b"RCPT TO:<u@e.example>\r\n", 503, b"Bad sequence of commands"),
    ],
)
def test_what_comes_out_of_order_is_told_why(serving, before, line, code, text):
    server = serving(before=before)
    server.feed(line)
    assert server.codes[-1] == code
    assert text in server.written[-1]


def test_chunks_may_fill_the_limit_of_a_message(serving):
    settings = ServerSettings("mx.example.org", limits=Limits(max_message_octets=10))
    server = serving(settings=settings, before=b"EHLO" + OPENING)
    server.feed(b"BDAT 4\r\nabcdBDAT 6 LAST\r\nefgh\r\n")
    assert server.contents == [b"abcdefgh\r\n"]
    server.feed(OPENING.partition(b"\r\n")[2] + b"BDAT 4\r\nabcdBDAT 7 LAST\r\nefghi\r\n")
    assert server.codes[-1] == 552
    assert len(server.contents) == 1


@pytest.mark.parametrize("last", [b"", b" LAST"])
def test_a_refused_chunk_ends_the_transaction_only_when_it_is_the_last(serving, last):
    settings = ServerSettings("mx.example.org", limits=Limits(max_message_octets=10))
    server = serving(settings=settings, before=b"EHLO" + OPENING)
    server.feed(b"BDAT 11" + last + b"\r\n" + b"x" * 11)
    assert server.codes[-1] == 552
    assert server.session.state is (State.READY if last else State.CHUNKS_REFUSED)
    assert f"BDAT{last.decode()}: Message too big" == server.refusals[-1].reason


def test_one_content_by_chunks_leaves_nothing_to_the_next(serving):
    server = serving(before=b"EHLO" + OPENING + b"BDAT 5\r\none\r\nBDAT 5 LAST\r\ntwo\r\n")
    assert server.contents == [b"one\r\ntwo\r\n"]
    transaction = OPENING.partition(b"\r\n")[2]
    server.feed(
        transaction + b"BDAT 5\r\nlost\nRSET\r\n" + transaction + b"BDAT 7 LAST\r\nthree\r\n"
    )
    assert server.contents == [b"one\r\ntwo\r\n", b"three\r\n"]


def test_an_end_of_the_connection_is_told_once_and_only_when_it_came(opened):
    session = opened()
    assert session.next_event() is NEED_DATA
    session.receive_octets(b"NOO")
    assert session.next_event() is NEED_DATA
    session.receive_octets(b"")
    assert session.next_event() == ConnectionEnded(clean=False)
    assert session.next_event() is NEED_DATA
    assert session.state is State.CLOSED
    session.receive_octets(b"NOOP\r\n")
    assert session.next_event() is NEED_DATA


def test_results_are_owed_until_the_last_one_is_sent(serving):
    server = serving(Protocol.LMTP, before=b"LHLO" + OPENING + b"RCPT TO:<u2@example.com>\r\n")
    session = server.session
    server.feed(b"DATA\r\n")
    assert session.state is State.CONTENT
    session.receive_octets(b"Hi\r\n.\r\nNOOP\r\n")
    assert session.next_event() == Content(b"Hi\r\n")
    first, second = session.results_owed
    saved = build_reply(250, "2.0.0", "Saved")
    with pytest.raises(LocalProtocolError, match="not answered"):
        session.next_event()
    with pytest.raises(LocalProtocolError, match="no such reply"):
        session.send(Result(second, saved))
    for owed in (first, second):
        assert session.state is State.RESULTS
        with pytest.raises(LocalProtocolError, match="not answered"):
            session.next_event()
        session.send(Result(owed, saved))
    assert session.state is State.READY
    with pytest.raises(LocalProtocolError, match="no such reply"):
        session.send(Result(second, saved))
    assert session.next_event().name == "NOOP"


def test_a_refusal_is_sent_only_as_the_session_gave_it(opened):
    session = opened()
    session.receive_octets(b"FOO\r\nBAR\r\n")
    refused = session.next_event()
    same = RefusalAnswer(refused.answer.reply, refused.answer.close, refused.answer.times)
    with pytest.raises(LocalProtocolError, match="not the one to be sent"):
        session.send(same)
    session.send(refused.answer)
    again = session.next_event()
    with pytest.raises(LocalProtocolError, match="not the one to be sent"):
        session.send(refused.answer)
    session.send(again.answer)


def test_a_key_of_lmtp_answers_content_in_lmtp_only(serving):
    for protocol, verb in ((Protocol.LMTP, b"LHLO"), (Protocol.SMTP, b"EHLO")):
        session = serving(protocol, before=verb + OPENING + b"DATA\r\n").session
        session.receive_octets(b"Hi\r\n.\r\n")
        assert isinstance(session.next_event(), Content)
        (owed,) = session.results_owed
        answer = Result(owed, build_reply(250, "2.0.0", "Saved", (Stored("INBOX"),)))
        if protocol is Protocol.LMTP:
            assert session.send(answer) == b"250 2.0.0 [STORED mailbox=INBOX] Saved\r\n"
        else:
            with pytest.raises(LocalProtocolError, match="other metadata"):
                session.send(answer)


def test_a_key_that_does_not_answer_the_command_is_not_sent(opened):
    session = opened()
    session.receive_octets(b"EHLO a\r\n")
    command = session.next_event()
    session.send(CommandAnswer(command, session.usual_answer(command)))
    session.receive_octets(b"MAIL FROM:<>\r\n")
    mail = session.next_event()
    reply = build_reply(250, "2.1.0", "OK", (QueueId("x"),))
    assert reply.metadata[0].status is GroupStatus.USED
    with pytest.raises(LocalProtocolError, match="other metadata"):
        session.send(CommandAnswer(mail, reply))
    assert session.send(CommandAnswer(mail, OK)) == b"250 2.0.0 OK\r\n"


def test_text_in_brackets_is_sent_as_it_is_to_a_client_without_metadata(opened):
    session = opened()
    session.receive_octets(b"HELO a\r\n")
    command = session.next_event()
    session.send(CommandAnswer(command, session.usual_answer(command)))
    session.receive_octets(b"MAIL FROM:<>\r\n")
    reply = build_reply(250, "2.1.0", "[a] OK", (TraceId("x"),))
    sent = session.send(CommandAnswer(session.next_event(), reply))
    assert sent == b"250 2.1.0 Note: [a] OK\r\n"


@pytest.mark.parametrize("command", [MailFrom, RcptTo, Authenticate])
def test_only_who_uses_the_session_answers_what_needs_a_decision(opened, command):
    session = opened()
    made = {
        MailFrom: lambda: MailFrom.__new__(MailFrom),
        RcptTo: lambda: RcptTo.__new__(RcptTo),
        Authenticate: lambda: Authenticate(PlainCredentials("u", "p")),
    }[command]()
    with pytest.raises(LocalProtocolError, match="MAIL, RCPT and AUTH"):
        session.usual_answer(made)


def test_the_usual_answers_are_these(opened):
    session = opened()
    assert session.usual_answer(Chunk(b"abc")).to_octets() == b"250 2.0.0 3 octets received\r\n"
    assert session.usual_answer(StartTls()).to_octets() == b"220 2.0.0 Ready to start TLS\r\n"
    assert session.usual_answer(Authenticate()).to_octets() == b"334 \r\n"


def test_rcpt_has_no_parameters_even_where_mail_has_them(serving):
    server = serving(before=b"EHLO a\r\nMAIL FROM:<>\r\nRCPT TO:<u@e.example> SIZE=1\r\n")
    assert server.codes == [250, 250, 555]


def test_no_deadline_runs_while_results_are_owed(serving, opened):
    session = opened()
    session.time_passed(0.0)
    serving(session=session, before=b"EHLO" + OPENING + b"DATA\r\n")
    session.receive_octets(b"Hi\r\n.\r\n")
    session.next_event()
    assert session.next_deadline is None


def test_a_server_that_closes_while_results_are_owed_owes_nothing_more(serving):
    session = serving(Protocol.LMTP, before=b"LHLO" + OPENING + b"DATA\r\n").session
    session.receive_octets(b"Hi\r\n.\r\n")
    session.next_event()
    assert len(session.results_owed) == 1
    session.send(ClosingNotice(build_reply(421, "4.3.2", "mx.example.org going")))
    assert (session.state, session.results_owed) == (State.CLOSED, ())
    assert session.next_event() is NEED_DATA


def test_the_answer_after_too_many_mistakes_closes(serving):
    server = serving(settings=ServerSettings("mx.example.org", max_refused=1))
    server.feed(b"FOO\r\nBAR\r\n")
    assert [refused.answer.close for refused in server.refusals] == [False, True]
    assert server.codes == [500, 421]


def test_a_transaction_that_ended_is_forgotten(serving):
    transaction = OPENING.partition(b"\r\n")[2]
    for end in ([b"RSET\r\n"], [b"DATA\r\n", b".\r\n"], [b"EHLO a\r\n"], [b"BDAT 0 LAST\r\n"]):
        server = serving(before=b"EHLO a\r\n" + transaction)
        assert len(server.session.accepted) == 1
        assert server.session.mail is not None
        for octets in end:
            server.feed(octets)
        assert (server.session.state, server.session.accepted) == (State.READY, ())
        assert server.session.mail is None


def test_a_server_that_does_not_list_the_extension_sends_no_metadata(serving):
    settings = ServerSettings("mx.example.org", offer_metadata=False)
    server = serving(settings=settings, before=b"EHLO" + OPENING + b"DATA\r\n")
    assert not server.session.negotiated
    server.feed(b"Hi\r\n.\r\n")
    assert server.written[-1] == b"250 2.0.0 Saved\r\n"
