"""Writing replies: what is written is read back as the same, or is not written."""

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from reply_metadata import (
    Argument,
    LocalProtocolError,
    MetadataGroup,
    QueueId,
    Reason,
    Referral,
    RetryAfter,
    TraceId,
    build_reply,
    parse_reply,
    text_from_others,
)
from reply_metadata._generated import reply_grammar

REFERRAL = Referral(("smtp://backend2/",))


def test_the_reply_of_the_list_message_is_written():
    reply = build_reply(450, "4.4.4", "Redirected", [REFERRAL], command="RCPT")
    assert reply.octets == b"450 4.4.4 [REFERRAL smtp://backend2/] Redirected\r\n"
    assert reply.to_octets() == reply.octets
    assert reply.dropped == ()


@pytest.mark.draft("req-form-sent")
def test_several_groups_stand_in_the_order_given_before_the_text():
    reply = build_reply(451, "4.7.1", "Try later", [RetryAfter(300), Reason("greylist")])
    assert reply.octets == b"451 4.7.1 [RETRY-AFTER 300] [REASON greylist] Try later\r\n"


def test_a_private_group_is_written_encoded():
    group = MetadataGroup("org.Example.Sid", (Argument("Name", "a b"), Argument(None, "=")))
    reply = build_reply(250, "2.0.0", "Ok", [group])
    assert reply.octets == b"250 2.0.0 [org.example.sid name=a+20b +3D] Ok\r\n"


def test_without_negotiation_groups_are_dropped_and_reported():
    reply = build_reply(450, "4.4.4", "Redirected", [REFERRAL], negotiated=False)
    assert reply.octets == b"450 4.4.4 Redirected\r\n"
    assert [group.key for group in reply.dropped] == ["REFERRAL"]


@pytest.mark.draft("req-text-not-metadata")
@pytest.mark.parametrize(
    ("text", "sent"),
    [
        ("[TSS04] deferred", b"Note: [TSS04] deferred"),
        ("[192.0.2.7  18] no", b"Note: [192.0.2.7  18] no"),
        ("[", b"Note: ["),
        (" [A] x", b"Note: [A] x"),
        ("\t[A] x", b"Note: [A] x"),
        ("<u@example.org> [A] x", b"Note: <u@example.org> [A] x"),
        ("<u@example.org>  [A] x", b"Note: <u@example.org>  [A] x"),
        ('<"a> [A] "@b> [A] x', b'Note: <"a> [A] "@b> [A] x'),
        ("<u@example.org>", b"Note: <u@example.org>"),
        ("<not a path", b"Note: <not a path"),
        ("  words", b"words"),
        ("<u@example.org>: unknown", b"<u@example.org>: unknown"),
        ("<u@example.org> unknown", b"<u@example.org> unknown"),
        ("x [A] y", b"x [A] y"),
    ],
)
def test_text_that_would_be_metadata_gets_a_word_in_front(text, sent):
    reply = build_reply(550, "5.7.1", text)
    assert reply.octets == b"550 5.7.1 " + sent + b"\r\n"
    assert len(reply.metadata) == 0
    assert reply_grammar.match("reply-with-metadata", reply.octets)


def test_without_negotiation_text_stays_as_it_is():
    assert build_reply(421, "4.7.0", "[TSS04] x", negotiated=False).octets == (
        b"421 4.7.0 [TSS04] x\r\n"
    )


@pytest.mark.draft("req-injection-crlf")
@pytest.mark.parametrize(
    "text",
    ["a\r\nb", "a\rb", "a\0b", "caf\u00e9", "a\x1b[31m", "a\x7f", "\udcff", "", "   ", "a\n\nb"],
)
def test_text_that_cannot_be_sent_is_refused(text):
    with pytest.raises(LocalProtocolError):
        build_reply(250, "2.0.0", text)


@pytest.mark.parametrize(
    ("code", "enhanced_code", "text"),
    [
        (199, None, "x"),
        (260, None, "x"),
        (560, None, "x"),
        (2500, None, "x"),
        (-250, None, "x"),
        (250, "5.0.0", "x"),
        (250, "2.0", "x"),
        (250, "2.0.1000", "x"),
        (250, "2.0.0\r\n250 2.0.0", "x"),
        (250, "2.0.0 [A]", "x"),
        (250, "\uff12.0.0", "x"),
        (354, "2.0.0", "x"),
        (250, None, "2.0.0 is read as an enhanced code"),
        (250, None, "2.0.0"),
    ],
)
def test_codes_that_would_not_be_read_back_are_refused(code, enhanced_code, text):
    with pytest.raises(LocalProtocolError):
        build_reply(code, enhanced_code, text)


@pytest.mark.parametrize(
    ("code", "groups", "known"),
    [
        (250, [REFERRAL], {}),
        (421, [REFERRAL], {}),
        (450, [REFERRAL], {"command": "DATA"}),
        (250, [QueueId("x")], {"command": "BDAT"}),
        (250, [TraceId("x")], {"command": "EHLO"}),
        (250, [TraceId("x"), TraceId("y")], {}),
        (250, [MetadataGroup("UNHEARD-OF")], {}),
        (250, [MetadataGroup("TRACE-ID")], {}),
        (250, [MetadataGroup("a.b", (Argument(None, "\udcff"),))], {}),
        (250, [MetadataGroup("a.b", (Argument(None, "a\nb"),))], {}),
        (250, [MetadataGroup("a.b", (Argument("a", "1"), Argument("a", "2")))], {}),
    ],
)
def test_a_group_no_client_would_use_is_refused(code, groups, known):
    with pytest.raises(LocalProtocolError):
        build_reply(code, f"{code // 100}.0.0", "x", groups, **known)


def test_a_reply_that_may_carry_metadata_has_an_enhanced_code():
    with pytest.raises(LocalProtocolError):
        build_reply(250, None, "Ok", [TraceId("x")])
    with pytest.raises(LocalProtocolError):
        build_reply(250, None, "Ok", command="MAIL")
    assert build_reply(250, None, "mail.example.org", command="EHLO").octets[:3] == b"250"
    assert build_reply(354, None, "Go on", command="DATA").octets[:3] == b"354"


@pytest.mark.draft("req-limits-sent")
def test_groups_that_do_not_fit_are_dropped_least_needed_first_and_text_never():
    groups = [TraceId("t" * 100), QueueId("q" * 100)]
    text = "x" * 380
    reply = build_reply(250, "2.0.0", text, groups)
    assert reply.text == text
    assert [group.key for group in reply.metadata] == ["TRACE-ID"]
    assert [group.key for group in reply.dropped] == ["QUEUE-ID"]
    longest = 510 - len(b"250 2.0.0 [TRACE-ID ] \r\n") - 100
    assert build_reply(250, "2.0.0", "x" * longest, groups[:1]).dropped == ()
    assert len(build_reply(250, "2.0.0", "x" * longest, groups[:1]).octets) == 510
    assert build_reply(250, "2.0.0", "x" * (longest + 1), groups[:1]).dropped != ()


@pytest.mark.parametrize(
    "group",
    [
        MetadataGroup("a.b", tuple(Argument(None, "x") for _ in range(17))),
        MetadataGroup("a.b", (Argument(None, "x" * 256),)),
        MetadataGroup("a.b", (Argument(None, "x" * 200), Argument(None, "x" * 200))),
        MetadataGroup("a." + "b" * 63),
    ],
)
def test_a_group_over_a_limit_of_its_own_never_fits(group):
    reply = build_reply(250, "2.0.0", "Ok", [group, TraceId("x")])
    assert reply.dropped == (group,)
    assert [each.key for each in reply.metadata] == ["TRACE-ID"]


def test_of_seventeen_groups_one_is_dropped():
    groups = [MetadataGroup(f"a.b{number}") for number in range(17)]
    reply = build_reply(250, "2.0.0", "Ok", groups)
    assert (len(reply.metadata.used), reply.dropped) == (16, (groups[16],))


@pytest.mark.draft("req-limits-sent")
def test_a_reply_of_more_than_twenty_lines_carries_no_metadata():
    assert build_reply(250, "2.0.0", ["x"] * 20, [TraceId("x")]).dropped == ()
    reply = build_reply(250, "2.0.0", ["x"] * 21, [TraceId("x")])
    assert len(reply.lines) == 21
    assert len(reply.dropped) == 1
    long = build_reply(250, "2.0.0", ["x" * 480] * 5, [TraceId("x")])
    assert len(long.dropped) == 1


def test_a_line_of_text_that_is_too_long_is_refused():
    with pytest.raises(LocalProtocolError):
        build_reply(250, "2.0.0", "x" * 499)
    assert len(build_reply(250, "2.0.0", "x" * 498).octets) == 510


@pytest.mark.draft("req-failure-one-line")
def test_a_failure_with_metadata_is_one_line_unless_the_peer_reads_more():
    lines = ["Sender policy", "forbids this host"]
    reply = build_reply(550, "5.7.1", lines, [Reason("spf:fail")])
    assert reply.octets == b"550 5.7.1 [REASON spf:fail] Sender policy forbids this host\r\n"
    assert build_reply(
        550, "5.7.1", lines, [Reason("spf:fail")], multiline_failures=True
    ).octets == (b"550-5.7.1 [REASON spf:fail] Sender policy\r\n550 5.7.1 forbids this host\r\n")
    assert len(build_reply(550, "5.7.1", lines).lines) == 2
    assert len(build_reply(250, "2.0.0", lines, [TraceId("x")]).lines) == 2


def test_text_too_long_for_one_line_keeps_its_lines_and_loses_the_groups():
    lines = ["x" * 300, "y" * 300]
    reply = build_reply(550, "5.7.1", lines, [Reason("spf:fail")])
    assert reply.text == "\n".join(lines)
    assert len(reply.dropped) == 1


@pytest.mark.draft("req-group-one-line")
def test_a_group_without_room_on_the_first_line_of_a_success_stands_on_the_next():
    reply = build_reply(250, "2.0.0", ["x" * 490, "y"], [TraceId("t" * 100)])
    assert [len(line.groups) for line in reply.lines] == [0, 1]
    assert reply.text == "x" * 490 + "\ny"


def test_groups_on_several_lines_keep_their_order():
    first, second = TraceId("t" * 100), QueueId("q")
    reply = build_reply(250, "2.0.0", ["x" * 470, "y"], [first, second])
    assert [group.key for group in reply.metadata] == ["TRACE-ID", "QUEUE-ID"]
    assert [len(line.groups) for line in reply.lines] == [0, 2]


@pytest.mark.draft("req-path-sent")
def test_a_path_is_echoed_before_groups_and_left_out_when_they_need_the_room():
    reply = build_reply(250, "2.1.5", "OK", [TraceId("x")], path="<u@example.org>")
    assert reply.octets == b"250 2.1.5 <u@example.org> [TRACE-ID x] OK\r\n"
    long = build_reply(250, "2.1.5", "x" * 470, [TraceId("x")], path="<u@example.org>")
    assert long.octets.startswith(b"250 2.1.5 [TRACE-ID x] x")
    plain = build_reply(250, "2.1.5", "OK", path="<u@example.org>")
    assert plain.text == "<u@example.org> OK"


@pytest.mark.parametrize(
    ("code", "path"),
    [
        (250, "u@example.org"),
        (250, "<u@example.org"),
        (250, "<a b@example.org>"),
        (250, "<u@example.org> [A]"),
        (250, "<caf\u00e9@example.org>"),
        (250, "<a>\r\n"),
        (551, "<u@example.org>"),
        (251, "<u@example.org>"),
    ],
)
def test_what_is_no_path_or_not_to_be_echoed_is_refused(code, path):
    with pytest.raises(LocalProtocolError):
        build_reply(code, f"{code // 100}.1.6", "x", [TraceId("x")], path=path)


@pytest.mark.draft("req-text-foreign")
@pytest.mark.parametrize(
    ("text", "lines"),
    [
        (b"550 5.7.1 no\r\n", ("550 5.7.1 no",)),
        (b"a\r\n\r\n  b \n\rc\0d", ("a", "b", "c?d")),
        ("caf\u00e9\t[A]\u202e", ("caf?? [A]???",)),
        (b"", ("No text was given",)),
        (b" \r\n", ("No text was given",)),
        (b"[REFERRAL smtp://evil.example/]", ("[REFERRAL smtp://evil.example/]",)),
    ],
)
def test_text_from_others_becomes_lines_that_can_be_sent(text, lines):
    made = text_from_others(text)
    assert made == lines
    assert len(build_reply(550, "5.7.1", made).metadata) == 0


@given(st.binary(max_size=600))
@settings(max_examples=300)
def test_no_text_from_others_becomes_metadata_or_more_replies(octets):
    lines = [line[:400] for line in text_from_others(octets)]
    sent = build_reply(550, "5.7.1", lines, [Reason("r")], multiline_failures=True).octets
    assert sent.count(b"\r\n") == sent.count(b"\n") == sent.count(b"\r") == len(lines)
    read = parse_reply(sent, negotiated=True)
    assert [group.key for group in read.metadata] in ([], ["REASON"])


@given(st.text(max_size=40), st.text(max_size=40))
@settings(max_examples=200)
def test_any_text_and_value_is_written_as_one_line_or_refused(text, value):
    try:
        group = MetadataGroup("org.example.any", (Argument("v", value),))
        sent = build_reply(450, "4.0.0", text, [group]).octets
    except (LocalProtocolError, UnicodeEncodeError):
        return
    assert sent.count(b"\n") == sent.count(b"\r") == 1 + text.count("\n") * (b"[" not in sent)
    (group,) = parse_reply(sent, negotiated=True).metadata.used
    assert group.named == {"v": value}


GROUP = st.builds(
    MetadataGroup,
    st.sampled_from(["org.example.a", "org.example.b", "net.example.c"]),
    st.lists(
        st.builds(Argument, st.none(), st.text("aZ0+=[] <>\u00e9\u202e\U0001f600", min_size=1)),
        max_size=3,
    ).map(tuple),
)
PRINTABLE = st.text(st.characters(min_codepoint=0x20, max_codepoint=0x7E), max_size=60)


@given(
    st.sampled_from([250, 221, 450, 421, 550, 551]),
    st.lists(PRINTABLE, min_size=1, max_size=4),
    st.lists(GROUP, max_size=4),
    st.booleans(),
)
@settings(max_examples=300)
def test_what_is_written_matches_the_grammar_and_says_the_same(code, lines, groups, several):
    enhanced_code = f"{code // 100}.1.6"
    try:
        reply = build_reply(code, enhanced_code, lines, groups, multiline_failures=several)
    except LocalProtocolError:
        assert any(not line.strip(" ") for line in lines)
        return
    assert reply_grammar.match("reply-with-metadata", reply.octets)
    read = parse_reply(reply.octets, negotiated=True)
    assert read == reply
    left = list(groups)
    for group in (*reply.metadata, *reply.dropped):
        left.remove(group)
    assert left == []
    if not reply.dropped:
        assert list(reply.metadata) == groups
    assert (read.code, read.enhanced_code, read.ignored) == (code, enhanced_code, ())
    assert read.to_octets() == reply.octets


@pytest.mark.parametrize(
    ("received", "canonical"),
    [
        (b"250 2.0.0 [queue-id +41] Ok\r\n", b"250 2.0.0 [QUEUE-ID A] Ok\r\n"),
        (b"250 2.0.0 [Org.Example N=+20] \r\n", b"250 2.0.0 [org.example n=+20]\r\n"),
        (b"250-2.0.0 <a@b> [A]\r\n250 2.0.0 [B]\r\n", None),
        (b"250\r\n", b"250 \r\n"),
        (b"250 2.0.0\r\n", None),
        (b"250 ok [A]\r\n", None),
    ],
)
def test_a_reply_that_was_read_has_a_canonical_form(received, canonical):
    reply = parse_reply(received, negotiated=True)
    octets = reply.to_octets()
    assert octets == (canonical or received)
    assert parse_reply(octets, negotiated=True) == reply
    assert parse_reply(octets, negotiated=True).to_octets() == octets


@pytest.mark.parametrize("text", [b"caf\xc3\xa9", b"\x1b[31m", b"\x7f", b"\xff"])
def test_what_may_be_received_but_not_sent_is_refused(text):
    reply = parse_reply(b"250 2.0.0 " + text + b"\r\n", negotiated=True)
    with pytest.raises(LocalProtocolError):
        reply.to_octets()


def test_a_reply_whose_canonical_form_says_more_is_refused():
    over_the_limit = b"250 2.0.0 [TRACE-ID " + b"+41" * 100 + b"] Ok\r\n"
    reply = parse_reply(over_the_limit, negotiated=True)
    assert reply.ignored
    with pytest.raises(LocalProtocolError):
        reply.to_octets()
