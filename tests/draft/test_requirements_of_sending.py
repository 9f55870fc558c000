"""Sections "Negotiation" and "Metadata in a Reply": what a server may put on the wire."""

import pytest

from reply_metadata import (
    LocalProtocolError,
    MetadataGroup,
    MetadataSyntaxError,
    Reason,
    Referral,
    Reply,
    RetryAfter,
    TraceId,
    build_reply,
    text_from_others,
)
from reply_metadata._generated import reply_grammar
from reply_metadata.client_session import ClientSession
from reply_metadata.commands import Command, Hello, HelloVerb, Noop
from reply_metadata.events import CommandAnswer
from reply_metadata.extension import offered
from reply_metadata.groups import Argument
from reply_metadata.octets import encode_value
from reply_metadata.server_rules import ServerSettings
from reply_metadata.server_session import ServerSession
from reply_metadata.transitions import Protocol

EHLO = Hello(HelloVerb.EHLO, "client.example.org")
HELO = Hello(HelloVerb.HELO, "client.example.org")
TRACE = TraceId("7f3a9c")
WITH_TRACE = build_reply(250, "2.0.0", "OK", (TRACE,))


class Connection:
    """A client and a server session joined by hand."""

    def __init__(self, *, offer: bool = True) -> None:
        self.client = ClientSession(Protocol.SMTP)
        self.server = ServerSession(
            Protocol.SMTP, ServerSettings("mx.example.com", offer_metadata=offer)
        )
        self.client.receive_octets(self.server.send(self.server.greeting()))
        self.client.next_event()

    def ask(self, command: Command, reply: Reply | None = None) -> bytes:
        self.server.receive_octets(self.client.send(command))
        assert self.server.next_event() == command
        answer = reply or self.server.usual_answer(command)
        octets = self.server.send(CommandAnswer(command, answer))
        self.client.receive_octets(octets)
        return octets

    def read(self) -> Reply:
        event = self.client.next_event()
        assert isinstance(event, CommandAnswer)
        return event.reply


@pytest.mark.draft("req-keyword-listed")
def test_a_server_that_does_not_list_the_keyword_sends_no_metadata() -> None:
    connection = Connection(offer=False)
    assert b"REPLYMETA" not in connection.ask(EHLO)
    assert connection.ask(Noop(), WITH_TRACE) == b"250 2.0.0 OK\r\n"


@pytest.mark.draft("req-keyword-listed", "req-keyword-selective")
def test_each_session_lists_the_keyword_or_not() -> None:
    connection = Connection(offer=True)
    assert b"REPLYMETA\r\n" in connection.ask(EHLO)
    assert connection.ask(Noop(), WITH_TRACE) == b"250 2.0.0 [TRACE-ID 7f3a9c] OK\r\n"


@pytest.mark.draft("req-where-helo")
def test_after_helo_no_metadata_is_sent() -> None:
    connection = Connection()
    connection.ask(HELO)
    assert connection.ask(Noop(), WITH_TRACE) == b"250 2.0.0 OK\r\n"


@pytest.mark.draft("req-keyword-enhanced", "req-keyword-parameters")
def test_the_keyword_comes_with_enhancedstatuscodes_and_without_parameters() -> None:
    lines = Connection().ask(EHLO).split(b"\r\n")
    assert any(line[4:] == b"ENHANCEDSTATUSCODES" for line in lines)
    assert any(line[4:] == b"REPLYMETA" for line in lines)


@pytest.mark.draft("req-keyword-parameters", "req-keyword-repeated")
@pytest.mark.parametrize(
    "lines",
    [[b"REPLYMETA"], [b"replymeta A=1 [x]"], [b"REPLYMETA", b"REPLYMETA B"], [b"X", b"ReplyMeta"]],
)
def test_parameters_and_repetition_of_the_keyword_change_nothing(lines: list[bytes]) -> None:
    assert offered([b"mx.example.com", *lines])


def test_a_greeting_word_or_a_longer_keyword_is_not_the_keyword() -> None:
    assert not offered([b"REPLYMETA"])
    assert not offered([b"mx.example.com", b"REPLYMETADATA"])


@pytest.mark.draft("req-state-dropped", "req-plain-text")
@pytest.mark.parametrize("hello", [EHLO, HELO], ids=["EHLO", "HELO"])
def test_the_state_ends_when_a_new_hello_is_sent_though_it_fails(hello: Hello) -> None:
    connection = Connection()
    connection.ask(EHLO)
    connection.read()
    assert connection.client.negotiated
    connection.ask(hello, build_reply(550, "5.7.0", "Not now"))
    assert not connection.client.negotiated
    assert connection.ask(Noop(), WITH_TRACE) == b"250 2.0.0 OK\r\n"


@pytest.mark.draft("req-form-sent")
@pytest.mark.parametrize(
    "reply",
    [
        WITH_TRACE,
        build_reply(250, "2.1.5", "OK"),
        build_reply(250, "2.0.0", "one\ntwo", (TRACE,)),
        build_reply(450, "4.4.4", "Redirected", (Referral(("smtp://backend2/",)),)),
    ],
)
def test_what_is_built_matches_the_form_a_server_sends(reply: Reply) -> None:
    assert reply_grammar.match("reply-with-metadata", reply.octets)


@pytest.mark.draft("req-form-sent")
def test_a_line_without_words_for_people_is_not_built() -> None:
    with pytest.raises(LocalProtocolError):
        build_reply(250, "2.0.0", "", (TRACE,))


@pytest.mark.draft("req-same-codes")
def test_codes_that_disagree_are_not_built() -> None:
    with pytest.raises(LocalProtocolError):
        build_reply(450, "5.1.1", "No", (Reason("x"),))
    lines = build_reply(250, "2.0.0", "one\ntwo", (TRACE,)).octets.split(b"\r\n")[:-1]
    assert [(line[:3], line[4:9]) for line in lines] == [(b"250", b"2.0.0")] * 2


@pytest.mark.draft("req-text-not-metadata", "req-text-foreign", "req-injection-encode")
@pytest.mark.parametrize(
    "text",
    [
        "[TSS04] deferred",
        "  [RETRY-AFTER 1] x",
        "[",
        "<u@example.org> [A] x",
        "<u@example.org>  [A]",
    ],
)
def test_text_that_would_be_read_as_metadata_gets_a_word_in_front(text: str) -> None:
    reply = build_reply(450, "4.7.0", text, (Reason("x"),))
    assert [group.key for group in reply.metadata] == ["REASON"]
    assert reply.octets.startswith(b"450 4.7.0 [REASON x] Note: ")


@pytest.mark.draft("req-text-foreign", "req-injection-crlf")
def test_text_of_others_adds_no_line_and_no_control() -> None:
    lines = text_from_others(b"evil\r\n250 2.0.0 [TRACE-ID x] OK\x00\x1b[31m")
    reply = build_reply(550, "5.7.1", lines, (Reason("x"),))
    assert reply.octets.count(b"\r\n") == 1
    assert [group.key for group in reply.metadata] == ["REASON"]
    assert not set(reply.octets[:-2]) & {0, 10, 13, 27}


@pytest.mark.draft("req-injection-crlf")
@pytest.mark.parametrize("octet", ["\r", "\0", "\r\n", "\n"])
def test_no_value_text_or_path_can_break_a_line(octet: str) -> None:
    group = MetadataGroup("org.example.note", (Argument(None, f"a{octet}b"),))
    assert not set(group.sent()) & {0, 10, 13}
    with pytest.raises(MetadataSyntaxError):
        MetadataGroup(f"A{octet}", ())
    with pytest.raises(LocalProtocolError):
        build_reply(250, "2.0.0", "OK", path=f"<a{octet}b@example.org>")
    if octet != "\n":  # a line feed divides lines, each with its own code
        with pytest.raises(LocalProtocolError):
            build_reply(250, "2.0.0", f"a{octet}b")


@pytest.mark.draft("req-path-sent")
def test_a_251_or_551_reply_echoes_no_path() -> None:
    for code, enhanced_code in ((251, "2.1.5"), (551, "5.1.6")):
        with pytest.raises(LocalProtocolError):
            build_reply(code, enhanced_code, "text", path="<user@example.com>")


@pytest.mark.draft("req-path-echo")
@pytest.mark.parametrize(
    "path", ["user@example.com", "<a> [A] x", "<caf\xe9@example.org>", "<a b>"]
)
def test_what_is_no_path_is_not_echoed(path: str) -> None:
    with pytest.raises(LocalProtocolError):
        build_reply(250, "2.1.5", "OK", path=path)


@pytest.mark.draft("req-encoding-canonical", "req-injection-encode")
def test_what_may_stand_stands_and_all_else_is_encoded() -> None:
    as_is = bytes(set(range(0x21, 0x7F)) - set(b"+<=>[]"))
    assert encode_value(as_is) == as_is
    for octet in set(range(256)) - set(as_is):
        assert encode_value(bytes((octet,))) == b"+%02X" % octet


@pytest.mark.draft("req-limits-sent")
def test_groups_that_do_not_fit_are_left_out_whole_last_first() -> None:
    groups = [MetadataGroup("org.example.k", (Argument(None, "v" * 200),)) for _ in range(5)]
    reply = build_reply(250, "2.0.0", "All of the text", groups)
    kept = len(reply.metadata)
    assert 0 < kept < len(groups)
    assert reply.dropped == tuple(groups[kept:])
    assert reply.octets.endswith(b"] All of the text\r\n")
    assert len(reply.octets) <= 510


@pytest.mark.draft("req-group-one-line", "req-failure-one-line")
def test_a_failure_with_metadata_is_one_line_unless_configured_otherwise() -> None:
    group = (RetryAfter(300),)
    assert build_reply(450, "4.7.1", "one\ntwo", group).octets.count(b"\r\n") == 1
    several = build_reply(450, "4.7.1", "one\ntwo", group, multiline_failures=True)
    assert several.octets.count(b"\r\n") == 2
    assert b"[RETRY-AFTER 300]" in several.octets


@pytest.mark.draft("req-code-decides")
def test_metadata_changes_neither_code() -> None:
    bare, full = (build_reply(450, "4.7.1", "Wait", g) for g in ((), (RetryAfter(300),)))
    assert (bare.code, bare.enhanced_code) == (full.code, full.enhanced_code)


@pytest.mark.draft("req-referral-server")
@pytest.mark.parametrize("uri", ["smtp://user@backend2/", "smtp://backend2/?x", "lmtp://backend2/"])
def test_a_referral_names_neither_user_nor_query(uri: str) -> None:
    with pytest.raises(MetadataSyntaxError):
        Referral((uri,))


@pytest.mark.draft("req-smtputf8")
def test_metadata_is_ascii_whatever_it_says() -> None:
    group = MetadataGroup("org.example.note", (Argument("text", "caf\u00e9 \U0001f4ee"),))
    assert group.sent().isascii()
    assert build_reply(250, "2.0.0", "OK", (group,)).metadata[0] == group
