"""RETRY-AFTER: capped, jittered upwards, in scope, once, never past the queue lifetime."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from reply_metadata import RetryAfter, build_reply, parse_reply
from reply_metadata.policy.retry import (
    RetryOnce,
    RetryPolicy,
    RetryScope,
    asked_to_wait,
    next_attempt,
    retry_delay,
    retry_scope,
)

SECONDS = st.integers(0, 9_999_999)
PARTS = st.floats(0, 1)


@pytest.mark.parametrize("random_part", [0.0, 0.5, 1.0])
def test_jitter_is_added_and_never_taken_off(random_part):
    delay = retry_delay(RetryAfter(300), RetryPolicy(jitter=0.1), lambda: random_part)
    assert delay == pytest.approx(300 + 30 * random_part)


def test_a_wait_of_months_is_capped_at_a_day():
    assert retry_delay(RetryAfter(9_999_999), RetryPolicy(jitter=0), lambda: 1.0) == 86_400


def test_the_queue_lifetime_bounds_the_next_attempt():
    assert next_attempt(1000, 5000, 60, None) == 1060
    assert next_attempt(1000, 5000, 60, 300) == 1300
    assert next_attempt(1000, 1200, 60, 300) == 1200
    assert next_attempt(1000, 900, 60, 300) == 1000


@given(SECONDS, PARTS, st.floats(0, 1e6), st.floats(0, 1e6))
def test_no_number_of_a_server_delays_beyond_the_cap_or_ends_the_queue_lifetime(
    seconds, part, now, lifetime
):
    policy = RetryPolicy(cap_s=3600, jitter=0.5)
    delay = retry_delay(RetryAfter(seconds), policy, lambda: part)
    assert min(seconds, 3600) <= delay <= 3600 * 1.5
    attempt = next_attempt(now, now + lifetime, 60, delay)
    assert now <= attempt <= now + lifetime
    # There is an attempt at the end of the lifetime at the latest: nothing is given up earlier.
    assert attempt == pytest.approx(min(now + delay, now + lifetime))


@pytest.mark.parametrize(
    "options",
    [{"cap_s": 0}, {"cap_s": float("nan")}, {"jitter": -0.1}, {"jitter": float("nan")}],
)
def test_a_policy_that_makes_no_sense_cannot_be_built(options):
    with pytest.raises(ValueError, match="cap_s"):
        RetryPolicy(**options)


@pytest.mark.parametrize(
    ("command", "code", "per_recipient", "scope"),
    [
        ("RCPT", 450, False, RetryScope.RECIPIENT),
        ("MAIL", 450, False, RetryScope.MESSAGE),
        ("DATA", 451, False, RetryScope.MESSAGE),
        ("BDAT", 451, False, RetryScope.MESSAGE),
        ("DATA", 452, True, RetryScope.RECIPIENT),
        ("MAIL", 450, True, RetryScope.MESSAGE),
        ("RCPT", 421, False, RetryScope.SERVER),
        ("DATA", 421, True, RetryScope.SERVER),
        ("NOOP", 421, False, RetryScope.SERVER),
    ],
)
def test_a_value_is_about_what_was_refused(command, code, per_recipient, scope):
    assert retry_scope(command, code, per_recipient=per_recipient) is scope


def test_only_a_used_group_asks_to_wait():
    asked = build_reply(450, "4.2.1", "Later", [RetryAfter(300)])
    assert asked_to_wait(asked) == RetryAfter(300)
    for octets in (b"450 4.2.1 Later\r\n", b"550 5.1.1 [RETRY-AFTER 300] Never\r\n"):
        assert asked_to_wait(parse_reply(octets, negotiated=True)) is None
    assert asked_to_wait(parse_reply(asked.to_octets(), negotiated=False)) is None


@given(SECONDS, PARTS)
def test_without_a_queue_the_whole_wait_is_made_or_none(seconds, part):
    once = RetryOnce(longest_wait_s=300, jitter=0.2)
    wait = once.wait(RetryAfter(seconds), lambda: part)
    if seconds > 300:
        assert wait is None
    else:
        assert seconds <= wait <= seconds * 1.2 + 1e-9


@pytest.mark.parametrize("options", [(0,), (float("nan"),), (10, -1)])
def test_one_retry_needs_a_time_and_no_negative_jitter(options):
    with pytest.raises(ValueError, match="cap_s"):
        RetryOnce(*options)
