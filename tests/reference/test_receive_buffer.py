"""Incremental splitting: any split gives the same, limits hold while reading, time is linear."""

import time

import pytest
from hypothesis import given
from hypothesis import strategies as st

from reply_metadata import Limits, RemoteProtocolError, ReplySyntaxError, parse_reply
from reply_metadata.receive_buffer import CommandBuffer, ReplyBuffer

SMALL = Limits(
    max_received_line_octets=24,
    max_received_reply_octets=60,
    max_received_reply_lines=3,
    max_command_octets=24,
    max_message_line_octets=24,
    max_message_octets=60,
)


def outcome(error):
    known = ("fault", "data", "line", "offset")
    return (*[getattr(error, name, None) for name in known], error.reply_hint)


def replies(pieces, limits=SMALL):
    """All replies of a stream in pieces, then the error if there is one, then what is left."""
    buffer = ReplyBuffer(limits)
    found = []
    try:
        for piece in pieces:
            buffer.receive_octets(piece)
            while (reply := buffer.next_reply()) is not None:
                found.append(reply)
    except ReplySyntaxError as error:
        found.append(outcome(error))
    return found, buffer.pending


def commands(pieces, take, limits=SMALL):
    buffer = CommandBuffer(limits)
    found = []
    try:
        for piece in pieces:
            buffer.receive_octets(piece)
            while (taken := take(buffer)) is not None:
                found.append(taken)
    except RemoteProtocolError as error:
        found.append(outcome(error))
    return found, buffer.pending


def octet_by_octet(data):
    return [data[at : at + 1] for at in range(len(data))]


WIRE = st.lists(
    st.sampled_from(
        [b"250 ", b"250-", b"\r\n", b"\n", b"\r", b".", b"x", b"\0", b"250 ok\r\n", b"y" * 9]
    )
).map(b"".join)


@given(WIRE)
def test_replies_octet_by_octet_are_the_same_as_all_at_once(data):
    assert replies([data]) == replies(octet_by_octet(data))


@given(WIRE)
def test_commands_octet_by_octet_are_the_same_as_all_at_once(data):
    for take in (CommandBuffer.next_command, CommandBuffer.next_message):
        whole, left = commands([data], take)
        split, split_left = commands(octet_by_octet(data), take)
        assert whole == split
        assert left == split_left


@given(WIRE)
def test_a_buffer_and_the_parser_refuse_the_same_for_the_same_reason(data):
    found, left = replies([data])
    errors = [item for item in found if isinstance(item, tuple)]
    if not errors:
        return
    done = b"".join(item for item in found if isinstance(item, bytes))
    with pytest.raises(ReplySyntaxError) as caught:
        parse_reply(data[len(done) :], negotiated=True, limits=SMALL)
    assert outcome(caught.value) == errors[0]
    assert left == b""


def test_replies_come_out_whole_and_in_order():
    stream = b"220 hi\r\n250-a\r\n250 b\r\n250\r\n354 go\r\n45"
    assert replies([stream]) == (
        [b"220 hi\r\n", b"250-a\r\n250 b\r\n", b"250\r\n", b"354 go\r\n"],
        b"45",
    )


@pytest.mark.draft("req-limits-while-reading")
@pytest.mark.parametrize(
    ("piece", "most"),
    [(b"x" * 1000, 24 + 1000), (b"250-\r\n" * 10, 60 + 60), (b"250-xxxxxxxxxxxxx\r\n", 60 + 19)],
)
def test_a_limit_is_enforced_while_octets_arrive(piece, most):
    buffer = ReplyBuffer(SMALL)

    def receive():
        for _ in range(1000):
            buffer.receive_octets(piece)
            assert len(buffer.pending) <= most
            buffer.next_reply()

    with pytest.raises(ReplySyntaxError):
        receive()


def test_after_an_error_a_buffer_gives_nothing_more():
    buffer = ReplyBuffer(SMALL)
    buffer.receive_octets(b"250 ok\n250 ok\r\n")
    for _ in range(2):
        with pytest.raises(ReplySyntaxError):
            buffer.next_reply()
        buffer.receive_octets(b"250 ok\r\n")
    assert buffer.pending == b""


@pytest.mark.draft("req-starttls-buffer")
def test_what_came_before_tls_can_be_seen_and_forgotten():
    buffer = ReplyBuffer()
    buffer.receive_octets(b"220 go ahead\r\n250-injected\r\n")
    assert buffer.next_reply() == b"220 go ahead\r\n"
    assert buffer.next_reply() is None
    assert buffer.pending == b"250-injected\r\n"
    buffer.clear()
    buffer.receive_octets(b"250 ok\r\n")
    assert buffer.next_reply() == b"250 ok\r\n"


@pytest.mark.parametrize(
    "line", [b"NOOP\n", b"NO\rOP\r\n", b"NOOP\r\r\n", b"NO\0OP\r\n", b"N" * 23 + b"\r\n", b"N" * 99]
)
def test_a_command_line_that_is_none_is_refused(line):
    found, _ = commands([line], CommandBuffer.next_command)
    assert found[0][-1].code == 500


def test_commands_come_out_without_their_line_ends():
    found = commands([b"EHLO a\r\nNOOP\r\n\r\nQU"], CommandBuffer.next_command)
    assert found == ([b"EHLO a", b"NOOP", b""], b"QU")


# The end of message data: only CRLF "." CRLF, whatever else looks like it (CVE-2023-51764).
ALMOST_ENDS = [
    b"\n.\n", b"\n.\r\n", b"\r.\r", b"\r.\r\n", b"\r\n.\n", b"\r\n.\r", b"\r\r\n.\r\r\n",
    b"\n\n.\r\n", b"\r\n.\n\r\n", b"\r\n\0.\r\n", b"\r\n.\0\r\n", b"\r\n.\r\r\n", b"\r\n. \r\n",
    b"\r\n..\r\n",
]  # fmt: skip


@pytest.mark.parametrize("almost", ALMOST_ENDS)
def test_only_one_sequence_ends_message_data(almost):
    limits = Limits()
    for pieces in ([b"a" + almost + b"RSET\r\n"], octet_by_octet(b"a" + almost + b"RSET\r\n")):
        found, _ = commands(pieces, CommandBuffer.next_message, limits)
        assert found == [] or found[0][-1].code == 550


@pytest.mark.parametrize(
    "data", [b"a\rb\r\n", b"a\nb\r\n", b"a\r\r\n", b"\rb\r\n", b"a\n", b"\0.\r\n", b".\0\r\n"]
)
def test_a_bare_cr_or_lf_or_a_nul_in_message_data_is_refused(data):
    for pieces in ([data + b".\r\n"], octet_by_octet(data + b".\r\n")):
        found, _ = commands(pieces, CommandBuffer.next_message, Limits())
        assert [outcome[-1].code for outcome in found] == [550]


@pytest.mark.parametrize(
    ("sent", "message"),
    [
        (b".\r\n", b""),
        (b"a\r\n.\r\n", b"a\r\n"),
        (b"..\r\n...a\r\n.b\r\n.\r\n", b".\r\n..a\r\nb\r\n"),
        (b"\r\n\r\n.\r\n", b"\r\n\r\n"),
        (b"caf\xc3\xa9\r\n.\r\n", b"caf\xc3\xa9\r\n"),
    ],
)
def test_message_data_comes_out_without_its_dots(sent, message):
    for pieces in ([sent], octet_by_octet(sent)):
        assert commands(pieces, CommandBuffer.next_message) == ([message], b"")


def test_commands_after_message_data_stay():
    buffer = CommandBuffer()
    buffer.receive_octets(b"a\r\n.\r\nQUIT\r\n")
    assert buffer.next_message() == b"a\r\n"
    assert buffer.next_command() == b"QUIT"


@pytest.mark.parametrize("data", [b"x" * 25, b"xxxxxxxx\r\n" * 7])
def test_a_message_past_its_limits_is_refused_while_it_arrives(data):
    found, left = commands(octet_by_octet(data), CommandBuffer.next_message)
    assert found[0][-1].code == 552
    assert left == b""


def test_a_chunk_is_exactly_as_long_as_it_says():
    buffer = CommandBuffer(SMALL)
    buffer.receive_octets(b"12345\r\n.\r\nNOOP\r\n")
    assert buffer.next_chunk(4) == b"1234"
    assert buffer.next_chunk(0) == b""
    assert buffer.next_chunk(50) is None
    assert buffer.next_chunk(6) == b"5\r\n.\r\n"
    assert buffer.next_command() == b"NOOP"
    with pytest.raises(RemoteProtocolError):
        buffer.next_chunk(61)


def seconds(count, feed):
    best = float("inf")
    for _ in range(3):
        started = time.perf_counter()
        feed(count)
        best = min(best, time.perf_counter() - started)
    return best


def feed_reply_in_octets(count):
    limits = Limits(
        max_received_line_octets=10**7, max_received_reply_octets=10**7, max_received_reply_lines=9
    )
    assert replies(octet_by_octet(b"250 " + b"x" * count), limits)[0] == []


def feed_message_in_octets(count):
    limits = Limits(max_message_line_octets=10**7, max_message_octets=10**7)
    found, _ = commands(octet_by_octet(b"x" * count), CommandBuffer.next_message, limits)
    assert found == []


@pytest.mark.timing
@pytest.mark.parametrize("feed", [feed_reply_in_octets, feed_message_in_octets])
def test_time_grows_with_length_and_no_faster(feed):
    # Quadratic work would take 16 times as long for 4 times the octets.
    assert seconds(80_000, feed) < 9 * seconds(20_000, feed)
