"""The server session: pipelined commands, strict line ends, replies that say what was meant."""

from __future__ import annotations

import pytest

from reply_metadata.client_session import ClientSession
from reply_metadata.codec import build_reply
from reply_metadata.commands import Hello, HelloVerb, MailFrom, Noop, Quit, RcptTo, Verify
from reply_metadata.errors import LocalProtocolError
from reply_metadata.events import (
    NEED_DATA,
    ClosingNotice,
    CommandAnswer,
    ConnectionEnded,
    Content,
    RefusalAnswer,
    Refused,
    Result,
)
from reply_metadata.keys import QueueId, Reason, Referral, TraceId
from reply_metadata.limits import Limits
from reply_metadata.paths import Path
from reply_metadata.server_rules import ServerSettings
from reply_metadata.server_session import ServerSession
from reply_metadata.transitions import Protocol, State

SETTINGS = ServerSettings("mx.example.org")
OK = build_reply(250, "2.0.0", "OK")
VERB = {Protocol.SMTP: b"EHLO", Protocol.LMTP: b"LHLO"}
OPENING = b" client.example.org\r\nMAIL FROM:<s@example.org>\r\nRCPT TO:<user1@example.com>\r\n"


def opened(protocol=Protocol.SMTP, settings=SETTINGS):
    session = ServerSession(protocol, settings)
    session.send(session.greeting())
    return session


class Serving:
    """Answers everything with success and keeps what happened."""

    def __init__(self, session):
        self.session = session
        self.events = []
        self.written = []

    def feed(self, octets):
        self.session.receive_octets(octets)
        while (event := self.session.next_event()) is not NEED_DATA:
            self.events.append(event)
            for answer in self.answers(event):
                self.written.append(self.session.send(answer))

    def answers(self, event):
        match event:
            case Refused(answer=answer):
                return [answer]
            case ConnectionEnded():
                return []
            case Content():
                owed = self.session.results_owed
                return [
                    Result(about, build_reply(250, "2.0.0", "Saved", (QueueId(f"q{number}"),)))
                    for number, about in enumerate(owed, 1)
                ]
            case MailFrom() | RcptTo():
                return [CommandAnswer(event, OK)]
            case _:
                return [CommandAnswer(event, self.session.usual_answer(event))]

    @property
    def codes(self):
        return [int(octets[:3]) for octets in self.written]

    @property
    def contents(self):
        return [event.octets for event in self.events if isinstance(event, Content)]

    @property
    def refusals(self):
        return [event for event in self.events if isinstance(event, Refused)]


def serving(protocol=Protocol.SMTP, settings=SETTINGS, before=b""):
    server = Serving(opened(protocol, settings))
    if before:
        server.feed(before)
    return server


def in_content(protocol=Protocol.SMTP, settings=SETTINGS):
    server = serving(protocol, settings, VERB[protocol] + OPENING + b"DATA\r\n")
    assert server.session.state is State.CONTENT
    return server


@pytest.mark.parametrize("protocol", Protocol)
def test_a_whole_dialogue_gives_the_same_octet_by_octet(protocol):
    dialogue = (
        VERB[protocol] + OPENING + b"RCPT TO:<user2@example.com>\r\nDATA\r\n"
        b"Hi\r\n..dot\r\n.\r\nMAIL FROM:<>\r\nRSET\r\nNOOP x\r\nVRFY a\r\nFOO\r\nQUIT\r\n"
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
    assert whole.codes == [250, 250, 250, 250, 354, *[250] * results, 250, 250, 250, 252, 500, 221]


def test_the_extension_is_listed_with_the_one_it_needs_and_pipelining():
    session = opened()
    session.receive_octets(b"EHLO client.example.org\r\n")
    octets = session.send(CommandAnswer(hello := session.next_event(), session.usual_answer(hello)))
    assert octets == (
        b"250-mx.example.org\r\n250-PIPELINING\r\n250-8BITMIME\r\n250-SIZE 10240000\r\n"
        b"250-ENHANCEDSTATUSCODES\r\n250 REPLYMETA\r\n"
    )
    quiet = opened(settings=ServerSettings("mx.example.org", offer_metadata=False))
    assert b"REPLYMETA" not in quiet.usual_answer(hello).to_octets()


def test_one_event_has_one_answer():
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
        (b"RSET\r\nNOOP\r\nVRFY x\r\nHELP\r\nEXPN x\r\n", [250, 250, 252, 502, 502]),
        (b"LHLO a\r\n", [500]),
    ],
)
def test_commands_out_of_order_are_refused(lines, codes):
    server = serving()
    server.feed(lines)
    assert server.codes == codes


@pytest.mark.parametrize("verb", [b"EHLO", b"HELO"])
def test_lmtp_does_not_take_the_greetings_of_smtp(verb):
    server = serving(Protocol.LMTP)
    server.feed(verb + b" client.example.org\r\n")
    assert server.codes == [500]
    assert server.session.state is State.GREETED


def test_lmtp_without_an_accepted_recipient_answers_data_with_503():
    server = serving(Protocol.LMTP, before=b"LHLO a\r\nMAIL FROM:<>\r\n")
    server.feed(b"DATA\r\n")
    assert server.written[-1] == b"503 5.5.1 No valid recipients\r\n"
    assert server.session.state is State.HAS_SENDER


def test_the_content_of_a_client_that_did_not_wait_is_not_read_as_commands():
    server = serving(before=b"EHLO a\r\n")
    server.feed(b"DATA\r\nMAIL FROM:<evil@example.org>\r\nRCPT TO:<u@example.com>\r\n")
    assert server.codes == [250, 503]
    assert server.session.state is State.BROKEN


# Parameters and limits


@pytest.mark.parametrize(
    ("line", "code"),
    [
        (b"MAIL FROM:<> SIZE=1000", 250),
        (b"MAIL FROM:<> SIZE=1001", 552),
        (b"MAIL FROM:<> SIZE=1_0", 501),
        (b"MAIL FROM:<> SIZE", 501),
        (b"MAIL FROM:<> SIZE=999999999999999999999", 501),
        (b"MAIL FROM:<> BODY=8bitmime", 250),
        (b"MAIL FROM:<> BODY=BINARYMIME", 501),
        (b"MAIL FROM:<> SMTPUTF8", 555),
    ],
)
def test_parameters_of_mail(line, code):
    settings = ServerSettings("mx.example.org", limits=Limits(max_message_octets=1000))
    server = serving(settings=settings, before=b"EHLO a\r\n")
    server.feed(line + b"\r\n")
    assert server.codes[-1] == code


def test_there_are_no_parameters_after_helo_and_none_of_rcpt():
    server = serving(before=b"HELO a\r\n")
    server.feed(b"MAIL FROM:<> SIZE=1\r\nMAIL FROM:<>\r\nRCPT TO:<u@example.com> NOTIFY=NEVER\r\n")
    assert server.codes == [250, 555, 250, 555]


def test_a_recipient_too_many_is_told_to_come_again_and_is_no_offence():
    settings = ServerSettings("mx.example.org", max_recipients=2, max_refused=1)
    server = serving(settings=settings, before=b"EHLO" + OPENING)
    server.feed(b"RCPT TO:<u@example.com>\r\n" * 4)
    assert server.codes[3:] == [250, 452, 452, 452]
    assert len(server.session.accepted) == 2


def test_after_too_many_refused_lines_the_server_goes():
    server = serving(settings=ServerSettings("mx.example.org", max_refused=3))
    server.feed(b"FOO\r\n" * 5)
    assert server.codes == [500, 500, 500, 421]
    assert server.session.state is State.CLOSED


def test_a_command_line_without_an_end_is_refused_while_it_is_read():
    server = serving(
        settings=ServerSettings("mx.example.org", limits=Limits(max_command_octets=600))
    )
    server.feed(b"NOOP " + b"x" * 700)
    assert server.codes == [500]
    assert server.session.state is State.BROKEN


def test_a_message_too_large_is_refused_while_it_is_read():
    settings = ServerSettings("mx.example.org", limits=Limits(max_message_octets=1000))
    server = in_content(settings=settings)
    server.feed(b"0123456789\r\n" * 90)
    assert server.codes[-1] == 552
    assert server.session.state is State.BROKEN
    assert server.contents == []


# Line ends


@pytest.mark.parametrize("end", [b"\n", b"\r", b"\r\r\n", b"\0\r\n", b"\n\r\n"])
def test_only_crlf_ends_a_command_and_after_anything_else_nothing_is_read(end):
    server = serving(before=b"EHLO a\r\n")
    server.feed(b"NOOP" + end + b"MAIL FROM:<evil@example.org>\r\n")
    assert server.codes == [250, 500]
    assert server.session.state is State.BROKEN


ENDS = [
    b"\n.\n",
    b"\n.\r\n",
    b"\r.\r",
    b"\r.\r\n",
    b"\r\n.\n",
    b"\r\n.\r",
    b"\r\n\r.\r\n",
    b"\r\n.\r\r\n",
    b"\r\r\n.\r\r\n",
    b"\n\n.\r\n",
    b"\r\n.\0\r\n",
    b"\r\n\0.\r\n",
    b"\r\n .\r\n",
    b"\r\n..\r\n",
    b"\r\n.\r\0\n",
]


@pytest.mark.parametrize("protocol", Protocol)
@pytest.mark.parametrize("end", ENDS, ids=repr)
@pytest.mark.parametrize("by_octet", [False, True], ids=["whole", "by octet"])
def test_content_ends_at_crlf_dot_crlf_only_and_nothing_is_smuggled(protocol, end, by_octet):
    server = in_content(protocol)
    smuggled = (
        b"Subject: a\r\n\r\nfirst" + end + b"MAIL FROM:<evil@example.org>\r\n"
        b"RCPT TO:<victim@example.com>\r\nDATA\r\nsmuggled\r\n.\r\nQUIT\r\n"
    )
    for piece in [bytes((octet,)) for octet in smuggled] if by_octet else [smuggled]:
        server.feed(piece)
    bare = b"\r" in end.replace(b"\r\n", b"") or b"\n" in end.replace(b"\r\n", b"")
    if bare:
        assert server.contents == []
        assert server.codes[-1] == 550
        assert server.session.state is State.BROKEN
    else:
        assert len(server.contents) == 1
        assert b"smuggled" in server.contents[0]
    assert [event.sender.mailbox for event in server.events if isinstance(event, MailFrom)] == [
        "s@example.org"
    ]


def test_lmtp_refuses_broken_content_once_for_each_recipient():
    server = serving(
        Protocol.LMTP, before=b"LHLO" + OPENING + b"RCPT TO:<u@example.com>\r\nDATA\r\n"
    )
    server.feed(b"a\nb\r\n.\r\n")
    assert server.written[-1].count(b"550 5.6.0") == 2
    assert server.refusals[-1].answer.times == 2


# Metadata


def test_the_client_session_reads_what_the_server_session_meant():
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
def test_metadata_is_left_out_for_a_client_that_has_not_negotiated_it(hello):
    session = serving(before=hello).session
    session.receive_octets(b"NOOP\r\n")
    reply = build_reply(250, "2.0.0", "OK", (TraceId("7f3a"),))
    assert session.send(CommandAnswer(session.next_event(), reply)) == b"250 2.0.0 OK\r\n"


def test_metadata_ends_when_the_next_greeting_comes_not_when_it_succeeds():
    session = serving(before=b"EHLO a\r\n").session
    assert session.negotiated
    session.receive_octets(b"EHLO b\r\nNOOP\r\n")
    hello = session.next_event()
    assert not session.negotiated
    session.send(CommandAnswer(hello, build_reply(451, "4.3.0", "later")))
    reply = build_reply(250, "2.0.0", "OK", (TraceId("7f3a"),))
    assert session.send(CommandAnswer(session.next_event(), reply)) == b"250 2.0.0 OK\r\n"


def test_metadata_never_answers_vrfy():
    session = serving(before=b"EHLO a\r\n").session
    session.receive_octets(b"VRFY a\r\n")
    event = session.next_event()
    assert event == Verify("a")
    with pytest.raises(LocalProtocolError):
        session.send(CommandAnswer(event, build_reply(550, "5.1.1", "no", (Reason("x"),))))
    assert session.send(CommandAnswer(event, session.usual_answer(event))).startswith(b"252 2.5.2")


@pytest.mark.parametrize(
    "reply",
    [
        build_reply(250, None, "OK"),
        build_reply(450, "4.7.1", "[TSS04] deferred", negotiated=False),
        build_reply(250, "2.0.0", "[TRACE-ID x] injected", negotiated=False),
    ],
    ids=["no enhanced code", "brackets", "a group as text"],
)
def test_a_reply_that_would_be_read_as_something_else_is_not_sent(reply):
    session = serving(before=b"EHLO a\r\n").session
    session.receive_octets(b"NOOP\r\n")
    event = session.next_event()
    with pytest.raises(LocalProtocolError):
        session.send(CommandAnswer(event, reply))
    assert session.send(CommandAnswer(event, OK)) == b"250 2.0.0 OK\r\n"


def test_a_reply_of_a_class_that_cannot_answer_is_not_sent():
    session = serving(before=b"EHLO a\r\nMAIL FROM:<>\r\n").session
    session.receive_octets(b"RCPT TO:<u@example.com>\r\n")
    event = session.next_event()
    with pytest.raises(LocalProtocolError):
        session.send(CommandAnswer(event, build_reply(354, None, "go")))
    assert session.state is State.HAS_SENDER


def test_results_are_sent_in_the_order_of_the_recipients():
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


# The end, and time


def test_a_server_may_close_at_any_time_with_421():
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


def test_an_end_in_the_content_is_no_message():
    server = in_content()
    server.feed(b"half a mess")
    server.feed(b"")
    assert server.contents == []
    assert server.events[-1] == ConnectionEnded(clean=False)


def test_an_idle_client_gets_421_and_dripped_octets_do_not_help():
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


def test_content_has_a_deadline_of_its_own():
    session = opened()
    session.time_passed(0.0)
    assert session.next_deadline == 300.0
    server = Serving(session)
    session.time_passed(10.0)
    server.feed(b"EHLO" + OPENING + b"DATA\r\n")
    assert session.next_deadline == 10.0 + 1800
