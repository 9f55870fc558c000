"""Replies seen in the field: none is metadata, and none does harm when negotiation is forced on."""

import json

import pytest

from reply_metadata import ReplySyntaxError, build_reply, parse_reply
from reply_metadata.errors import ReplyFault


@pytest.fixture(scope="module")
def real_replies(test_data):
    lines = (test_data / "replies.jsonl").read_text("utf-8").splitlines()
    replies = [json.loads(line)["reply"] for line in lines]
    assert len(replies) == 154
    return [reply.encode("utf-8").replace(b"\n", b"\r\n") + b"\r\n" for reply in replies]


def outcome(data, negotiated):
    try:
        return parse_reply(data, negotiated=negotiated)
    except ReplySyntaxError as error:
        return error.fault, error.line, error.offset


@pytest.mark.draft("req-plain-text")
def test_plain_reading_finds_no_metadata_in_any(real_replies):
    read = [outcome(data, False) for data in real_replies]
    replies = [reply for reply in read if not isinstance(reply, tuple)]
    assert len(replies) >= 150
    assert all(len(reply.metadata) == 0 and reply.ignored == () for reply in replies)


def test_only_incomplete_and_over_long_ones_are_refused_and_the_same_in_both_modes(real_replies):
    refused = 0
    for data in real_replies:
        plain, negotiated = outcome(data, False), outcome(data, True)
        assert isinstance(plain, tuple) == isinstance(negotiated, tuple)
        if isinstance(plain, tuple):
            refused += 1
            assert plain == negotiated
            assert plain[0] in (ReplyFault.INCOMPLETE, ReplyFault.LINE_TOO_LONG)
        else:
            assert (plain.code, plain.enhanced_code) == (negotiated.code, negotiated.enhanced_code)
    assert 0 < refused <= 4


def test_with_negotiation_forced_on_every_octet_is_text_or_a_group(real_replies):
    for data in real_replies:
        reply = outcome(data, True)
        if isinstance(reply, tuple):
            continue
        for line in reply.lines:
            parts = len(line.text) + sum(len(group.sent()) + 1 for group in line.groups)
            parts += 0 if line.enhanced_code is None else len(line.enhanced_code) + 1
            parts += 0 if line.path is None else len(line.path) + 1
            assert 0 <= 4 + parts - len(line.octets) <= 1


def test_the_text_of_every_one_can_be_sent_again_without_becoming_metadata(real_replies):
    for data in real_replies:
        reply = outcome(data, False)
        if isinstance(reply, tuple):
            continue
        lines = [line for line in reply.text.split("\n") if line.strip()] or ["empty"]
        built = build_reply(reply.code, reply.enhanced_code, lines)
        assert len(built.metadata) == 0
        assert len(parse_reply(built.octets, negotiated=True).metadata) == 0
