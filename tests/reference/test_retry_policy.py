"""RETRY-AFTER: capped, jittered upwards, and never longer than the message lives in the queue."""

from __future__ import annotations

import pytest

from reply_metadata.keys import RetryAfter
from reply_metadata.policy.retry import RetryPolicy, next_attempt, retry_delay


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


@pytest.mark.parametrize("options", [{"cap_s": 0}, {"jitter": -0.1}])
def test_a_policy_that_makes_no_sense_cannot_be_built(options):
    with pytest.raises(ValueError, match="cap_s"):
        RetryPolicy(**options)
