"""What goes on to the next host, and what one reply says for several recipients."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from reply_metadata.codec import build_reply, parse_reply
from reply_metadata.keys import Forward, QueueId, Reason, Referral, RetryAfter, Stored
from reply_metadata.policy.hop import (
    TRUSTED_HOP_KEYS,
    HopPolicy,
    reply_for_next_hop,
)
from reply_metadata.policy.one_reply import one_reply_for_all
from reply_metadata.policy.recipient import Defer, Deliver, Refer, Reject, reply_to_recipient

TRUSTED = HopPolicy(
    trusted=True,
    private_keys=frozenset({"org.dovecot.sid"}),
    forward_names=frozenset({"node"}),
)


def received(octets, *, negotiated=True, command="RCPT", lmtp=True):
    return parse_reply(octets, negotiated=negotiated, command=command, lmtp=lmtp)


def passed(octets, policy=None, **options):
    policy = HopPolicy() if policy is None else policy
    return reply_for_next_hop(received(octets), policy, **options).to_octets()


def test_the_trusted_hop_keys_are_those_of_the_table():
    assert {"REFERRAL", "FORWARD", "STORED"} == TRUSTED_HOP_KEYS


@pytest.mark.parametrize("policy", [HopPolicy(), TRUSTED], ids=["stranger", "trusted"])
def test_a_referral_never_goes_on(policy):
    octets = b"450 4.4.4 [REFERRAL smtp://backend2/] Redirected\r\n"
    assert passed(octets, policy) == b"450 4.4.4 Redirected\r\n"


def test_a_key_of_any_hop_goes_on_and_a_trusted_one_to_trusted_peers_only():
    octets = b"450 4.2.1 [RETRY-AFTER 5] [FORWARD node=7 secret=x] wait\r\n"
    assert passed(octets) == b"450 4.2.1 [RETRY-AFTER 5] wait\r\n"
    assert passed(octets, TRUSTED) == b"450 4.2.1 [RETRY-AFTER 5] [FORWARD node=7] wait\r\n"


def test_forward_without_an_accepted_name_is_dropped_whole():
    assert passed(b"250 2.1.5 [FORWARD secret=x] OK\r\n", TRUSTED) == b"250 2.1.5 OK\r\n"


def test_unknown_and_unused_groups_do_not_go_on():
    octets = b"450 4.2.1 [NEWKEY a] [RETRY-AFTER five] [QUEUE-ID x] [org.example.x y] wait\r\n"
    assert passed(octets, TRUSTED) == b"450 4.2.1 wait\r\n"


def test_nothing_goes_on_to_a_client_that_did_not_negotiate():
    assert passed(b"450 4.2.1 [RETRY-AFTER 5] wait\r\n", negotiated=False) == b"450 4.2.1 wait\r\n"


def test_text_that_looks_like_metadata_gets_a_word_in_front():
    reply = received(b"421 4.7.0 [TSS04] Messages deferred\r\n", negotiated=False)
    assert reply_for_next_hop(reply).to_octets() == (
        b"451 4.7.0 Note: [TSS04] Messages deferred\r\n"
    )


def test_421_is_about_one_connection_and_goes_on_as_451():
    assert passed(b"421 4.3.2 going down\r\n") == b"451 4.3.2 going down\r\n"


def test_a_reply_without_an_enhanced_code_gets_the_general_one():
    assert passed(b"550 no such user\r\n") == b"550 5.0.0 no such user\r\n"
    assert passed(b"250\r\n") == b"250 2.0.0 No text was given\r\n"
    assert passed(b"550 2.1.5 odd\r\n").startswith(b"550 5.0.0 ")


def test_control_characters_do_not_go_on():
    assert passed(b"550 5.1.1 \x1b[31mred \xff\r\n") == b"550 5.1.1 ?[31mred ?\r\n"


def test_a_path_in_front_of_groups_is_left_out():
    octets = b"450 4.2.1 <u@example.com> [RETRY-AFTER 5] wait\r\n"
    assert passed(octets) == b"450 4.2.1 [RETRY-AFTER 5] wait\r\n"


def test_a_reply_too_long_for_a_line_is_cut():
    octets = passed(b"450 4.2.1 " + b"x" * 2000 + b"\r\n")
    assert octets.startswith(b"450 4.2.1 xxx")
    assert len(octets) <= 510


def test_a_failure_with_metadata_is_one_line():
    octets = passed(b"450-4.2.1 one\r\n450 4.2.1 [RETRY-AFTER 5] two\r\n")
    assert octets == b"450 4.2.1 [RETRY-AFTER 5] one two\r\n"


def test_a_group_stays_here_when_it_may_not_stand_where_the_client_reads_it():
    octets = b"250 2.0.0 [STORED mailbox=INBOX] [QUEUE-ID q] Saved\r\n"
    reply = received(octets, command="DATA")
    keys = [
        [group.key for group in reply_for_next_hop(reply, TRUSTED, **where).metadata]
        for where in (
            {"command": "DATA"},
            {"command": "DATA", "lmtp": False},
            {"command": "RCPT"},
        )
    ]
    assert keys == [["STORED", "QUEUE-ID"], ["QUEUE-ID"], []]


TEXTS = st.lists(
    st.sampled_from(
        [
            *(value.to_group().sent() for value in (RetryAfter(5), QueueId("q"), Stored("x"))),
            *(b"[REFERRAL smtp://b/]", b"[FORWARD node=1 x=2]", b"[org.dovecot.sid 7]", b"[NEW]"),
            *(b"[", b"]", b"<u@example.com>", b"words", b"", b"\x1b[1m", b"\xff\xfe", b"Note:"),
        ]
    ),
    max_size=6,
).map(b" ".join)


@given(
    st.sampled_from((b"250", b"251", b"252", b"421", b"450", b"451", b"550", b"551", b"555")),
    st.lists(TEXTS, min_size=1, max_size=3),
    st.sampled_from((b" ", b" 2.1.5 ", b" 4.2.1 ", b" 5.1.1 ", b" 9.9.9 ")),
    st.booleans(),
    st.booleans(),
    st.sampled_from(("RCPT", "DATA")),
)
def test_whatever_a_host_says_goes_on_as_a_reply_whose_groups_are_all_used(
    code, texts, enhanced, negotiated, lmtp, command
):
    last = len(texts) - 1
    octets = b"".join(
        code + (enhanced if number == last else b"-" + enhanced[1:]) + text + b"\r\n"
        for number, text in enumerate(texts)
    )
    reply = parse_reply(octets, negotiated=True, command=command, lmtp=True)
    on = reply_for_next_hop(reply, TRUSTED, negotiated=negotiated, command=command, lmtp=lmtp)
    again = parse_reply(on.to_octets(), negotiated=negotiated, command=command, lmtp=lmtp)
    assert again.code // 100 == reply.code // 100
    assert all(group.used for group in again.metadata)
    assert all(group.key != "REFERRAL" for group in again.metadata)


# Decisions


@pytest.mark.parametrize(
    ("decision", "octets"),
    [
        (Deliver(), b"250 2.1.5 OK\r\n"),
        (Refer(("smtp://backend2/",)), b"450 4.4.4 [REFERRAL smtp://backend2/] Redirected\r\n"),
        (
            Refer(("smtp://backend2:24/", "smtp://192.0.2.7/"), permanent=True),
            b"550 5.1.6 [REFERRAL smtp://backend2:24/ smtp://192.0.2.7/] User moved\r\n",
        ),
        (Defer(), b"450 4.2.1 Try again later\r\n"),
        (Defer(300), b"450 4.2.1 [RETRY-AFTER 300] Try again later\r\n"),
        (Reject(), b"550 5.1.1 No such user here\r\n"),
        (Reject("no-user"), b"550 5.1.1 [REASON no-user] No such user here\r\n"),
    ],
    ids=str,
)
def test_each_decision_has_its_reply(decision, octets):
    assert reply_to_recipient(decision).to_octets() == octets


@pytest.mark.parametrize("permanent", [False, True])
def test_a_client_that_is_not_trusted_sees_no_referral(permanent):
    reply = reply_to_recipient(Refer(("smtp://backend2/",), permanent), trusted=False)
    assert len(reply.metadata) == 0
    assert reply.metadata.get(Referral) is None


# One reply for all


def replies(*codes):
    return [build_reply(code, f"{code // 100}.0.0", "x") for code in codes]


@pytest.mark.parametrize(
    ("codes", "code"),
    [
        ((250, 250), 250),
        ((250, 550), 550),
        ((250, 451), 451),
        ((550, 451, 250), 451),
        ((554, 550), 554),
    ],
)
def test_one_reply_for_all_never_hides_a_failure(codes, code):
    assert one_reply_for_all(replies(*codes)).code == code


def test_typed_values_go_on_as_they_came():
    octets = b"250 2.0.0 [QUEUE-ID 4XyZ1] [STORED mailbox=INBOX] Saved\r\n"
    reply = received(octets, command="DATA")
    assert reply.metadata.get(Stored) == Stored("INBOX")
    on = reply_for_next_hop(reply)
    assert on.metadata.get(QueueId) == QueueId("4XyZ1")
    assert on.metadata.get(Stored) is None
    assert on.metadata.get(Forward) is None
    assert on.metadata.get(Reason) is None
    assert on.metadata.get(RetryAfter) is None
