"""BDAT in both sessions: octets are counted, every chunk has its reply, LMTP one a recipient."""

from __future__ import annotations

import pytest

from reply_metadata.codec import build_reply
from reply_metadata.commands import Chunk, MailFrom, RcptTo, Reset, StartData
from reply_metadata.errors import LocalProtocolError
from reply_metadata.events import CommandAnswer, Result
from reply_metadata.groups import GroupStatus
from reply_metadata.keys import QueueId, Reason, TraceId
from reply_metadata.limits import Limits
from reply_metadata.paths import Path
from reply_metadata.server_rules import ServerSettings
from reply_metadata.transitions import DIALECTS, Protocol, State

KEYWORDS = (
    b"250-mx\r\n250-PIPELINING\r\n250-CHUNKING\r\n250-ENHANCEDSTATUSCODES\r\n250 REPLYMETA\r\n"
)
OPENING = (
    b" a\r\nMAIL FROM:<s@example.org>\r\nRCPT TO:<user1@example.com>\r\nRCPT TO:<u@example.com>\r\n"
)
SMALL = ServerSettings("mx.example.org", limits=Limits(max_message_octets=1000))
MAIL = MailFrom(Path.of("s@example.org"))
RESULTS = {Protocol.SMTP: 1, Protocol.LMTP: 2}


def rcpt(number):
    return RcptTo(Path.of(f"user{number}@example.com"))


@pytest.fixture
def in_transaction(serving):
    """A server session with two accepted recipients."""

    def begin(protocol=Protocol.SMTP, settings=SMALL):
        verb = DIALECTS[protocol].extended_verb.value.encode("ascii")
        server = serving(protocol, settings, verb + OPENING)
        assert b"250-CHUNKING\r\n" in server.written[0]
        del server.written[:]
        return server

    return begin


@pytest.fixture
def with_recipients(greeted, asked):
    """A client session with accepted recipients."""

    def begin(protocol=Protocol.SMTP, count=2):
        session = greeted(protocol, KEYWORDS)
        for command in (MAIL, *map(rcpt, range(count))):
            asked(session, command, b"250 2.1.0 OK\r\n")
        return session

    return begin


# The server


@pytest.mark.parametrize("by_octet", [False, True])
@pytest.mark.parametrize("protocol", Protocol)
def test_chunks_become_one_content_and_nothing_in_them_is_looked_at(
    in_transaction, protocol, by_octet
):
    server = in_transaction(protocol)
    dialogue = (
        b"BDAT 9\r\n.\r\nQUIT\r\nbdat 15\r\nRSET\r\n\r\n.\r\n..x\rBDAT 6 last\r\n\nBDAT NOOP\r\n"
    )
    for piece in [bytes((octet,)) for octet in dialogue] if by_octet else [dialogue]:
        server.feed(piece)
    assert server.contents == [b".\r\nQUIT\r\nRSET\r\n\r\n.\r\n..x\r\nBDAT "]
    assert server.codes == [250, 250, *[250] * RESULTS[protocol], 250]
    assert server.written[0] == b"250 2.0.0 9 octets received\r\n"
    assert server.session.state is State.READY


@pytest.mark.parametrize("protocol", Protocol)
def test_an_empty_last_chunk_ends_the_content(in_transaction, protocol):
    server = in_transaction(protocol)
    server.feed(b"BDAT 4\r\nHi\r\nBDAT 0 LAST\r\n")
    assert server.contents == [b"Hi\r\n"]
    assert b"[QUEUE-ID q1]" in server.written[1]


@pytest.mark.draft("req-where-bdat")
def test_metadata_answers_a_chunk_only_when_it_fails(in_transaction):
    for reply, sent in (
        (build_reply(250, "2.0.0", "OK", (TraceId("7f"),)), False),
        (build_reply(552, "5.3.4", "no", (Reason("x"),)), True),
    ):
        session = in_transaction().session
        session.receive_octets(b"BDAT 1\r\nx")
        answer = CommandAnswer(session.next_event(), reply)
        if sent:
            assert session.send(answer) == b"552 5.3.4 [REASON x] no\r\n"
            assert session.state is State.CHUNKS_REFUSED
        else:
            with pytest.raises(LocalProtocolError):
                session.send(answer)


@pytest.mark.parametrize("protocol", Protocol)
def test_octets_of_a_refused_chunk_are_still_consumed(in_transaction, protocol):
    server = in_transaction(protocol)
    server.feed(b"BDAT 600\r\n" + b"x" * 600 + b"BDAT 600\r\n" + b"QUIT\r\n" * 100)
    assert server.codes == [250, 552]
    assert server.session.state is State.CHUNKS_REFUSED
    server.feed(b"BDAT 6\r\nQUIT\r\nNOOP\r\nDATA\r\nBDAT 6 LAST\r\nQUIT\r\n")
    said = b"".join(server.written[2:])
    assert [line[:3] for line in said.splitlines()] == [
        b"503",
        b"250",
        b"503",
        *[b"503"] * RESULTS[protocol],
    ] or server.session.state is State.BROKEN
    assert server.contents == []


@pytest.mark.parametrize("protocol", Protocol)
def test_a_last_chunk_too_large_is_answered_as_often_as_the_content_would_be(
    in_transaction, protocol
):
    server = in_transaction(protocol)
    server.feed(b"BDAT 1001 LAST\r\n" + b"x" * 1001 + b"NOOP\r\n")
    assert server.written[0].count(b"552 5.3.4 ") == RESULTS[protocol]
    assert server.codes == [552, 250]
    assert server.session.state is State.READY


def test_a_chunk_of_any_size_is_dropped_without_being_kept(in_transaction):
    server = in_transaction()
    server.feed(b"BDAT 99999999999999999999\r\n")
    for _ in range(50):
        server.feed(b"x" * 100_000)
    assert server.written == []
    assert server.session._buffer.pending == b""


@pytest.mark.parametrize("size", [b"", b"-1", b"+1", b"1_0", b"0x1", b"1 FIRST", b"1" * 21, b" 1"])
def test_without_a_size_it_is_not_known_where_commands_begin_again(in_transaction, size):
    server = in_transaction()
    server.feed(b"BDAT " + size + b"\r\nNOOP\r\n")
    assert server.codes == [501]
    assert server.session.state is State.BROKEN


@pytest.mark.parametrize(
    ("before", "said"),
    [
        (b"", b"503 5.5.1 Bad sequence of commands\r\n"),
        (b"EHLO a\r\n", b"503 5.5.1 Bad sequence of commands\r\n"),
        (b"EHLO a\r\nMAIL FROM:<>\r\n", b"503 5.5.1 No valid recipients\r\n"),
        (b"HELO" + OPENING, b"503 5.5.1 Bad sequence of commands\r\n"),
    ],
)
@pytest.mark.parametrize("last", [b"", b" LAST"])
def test_a_chunk_out_of_order_is_refused_and_dropped(serving, before, said, last):
    server = serving(before=before)
    state = server.session.state
    server.feed(b"BDAT 6" + last + b"\r\nQUIT\r\n")
    assert server.written[-1] == said
    if before[:4] != b"HELO":
        assert server.session.state is state


@pytest.mark.parametrize("protocol", Protocol)
@pytest.mark.parametrize("content", [b"a\nb", b"a\r.\r\n", b"\r\n.\n"])
def test_content_that_could_mislead_the_next_host_is_refused(in_transaction, protocol, content):
    server = in_transaction(protocol)
    server.feed(b"BDAT %d LAST\r\n%sNOOP\r\n" % (len(content), content))
    assert server.written[0].count(b"550 5.6.0 ") == RESULTS[protocol]
    assert server.codes == [550, 250]


def test_data_and_chunks_do_not_mix_and_rset_ends_both(in_transaction):
    server = in_transaction()
    server.feed(b"BDAT 2\r\nab")
    for line in (b"DATA\r\n", b"RCPT TO:<u@example.com>\r\n", b"MAIL FROM:<>\r\n", b"RSET\r\n"):
        server.feed(line)
    assert server.codes == [250, 503, 503, 503, 250]
    server.feed(OPENING[4:] + b"BDAT 2 LAST\r\ncd")
    assert server.contents == [b"cd"]


def test_a_chunk_has_the_deadline_of_content(in_transaction):
    server = in_transaction()
    server.session.time_passed(0.0)
    server.feed(b"BDAT 9\r\nhalf")
    server.session.time_passed(1.0)
    assert server.session.next_deadline in {1800.0, 1801.0}


# The client


@pytest.mark.parametrize("protocol", Protocol)
def test_a_client_sends_chunks_and_reads_a_result_for_each_recipient(
    with_recipients, asked, events_of, protocol
):
    session = with_recipients(protocol)
    first = asked(session, Chunk(b".\nx"), b"250 2.0.0 [TRACE-ID 7f] got 3\r\n")
    assert [group.status for group in first.metadata] == [GroupStatus.NO_METADATA_HERE]
    assert session.state is State.CHUNKS
    assert session.send(Chunk(b".", last=True)) == b"BDAT 1 LAST\r\n."
    for number in range(RESULTS[protocol]):
        session.receive_octets(b"250 2.0.0 [QUEUE-ID q%d] Saved\r\n" % number)
    events = events_of(session)
    assert all(isinstance(event, Result) for event in events)
    assert [event.reply.metadata.get(QueueId) for event in events] == [
        QueueId(f"q{number}") for number in range(RESULTS[protocol])
    ]
    assert session.state is State.READY
    assert session.accepted == ()


def test_after_a_chunk_failed_a_client_sends_no_more_of_them(with_recipients, asked):
    session = with_recipients()
    asked(session, Chunk(b"x"), b"452 4.3.1 [REASON full] no space\r\n")
    for command in (Chunk(b"y"), Chunk(b"", last=True), StartData(), rcpt(3)):
        with pytest.raises(LocalProtocolError):
            session.send(command)
    asked(session, Reset(), b"250 2.0.0 OK\r\n")
    assert session.state is State.READY


def test_a_client_sends_chunks_only_where_they_are_listed_and_when_all_replies_are_there(
    with_recipients, greeted, asked
):
    unlisted = greeted()
    for command in (MAIL, rcpt(1)):
        asked(unlisted, command, b"250 OK\r\n")
    waiting = with_recipients()
    waiting.send(rcpt(3))
    early = greeted(keywords=KEYWORDS)
    for session in (unlisted, waiting, early, with_recipients(count=0)):
        for chunk in (Chunk(b"x"), Chunk(b"x", last=True)):
            with pytest.raises(LocalProtocolError):
                session.send(chunk)
