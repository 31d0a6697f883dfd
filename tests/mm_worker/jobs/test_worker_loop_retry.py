"""The backoff: bounded, spread over its whole range, and ending."""

import random

from hypothesis import given
from hypothesis import strategies as st

from mm_worker.jobs.worker_loop import RetryPolicy

POLICIES = st.builds(
    RetryPolicy, max_attempts=st.integers(1, 10_000), base_s=st.floats(0.01, 100), cap_s=st.floats(0.01, 1000)
)


class _Highest(random.Random):
    def uniform(self, a: float, b: float) -> float:
        return b


@given(policy=POLICIES, attempt=st.integers(1, 20_000), seed=st.integers())
def test_a_delay_lies_between_zero_and_the_cap_until_the_last_attempt(
    policy: RetryPolicy, attempt: int, seed: int
) -> None:
    delay_s = policy.delay_s(attempt, random.Random(seed))
    if attempt >= policy.max_attempts:
        assert delay_s is None
    else:
        assert delay_s is not None
        assert 0 <= delay_s <= policy.cap_s


def test_the_longest_delay_doubles_up_to_the_cap() -> None:
    policy = RetryPolicy(max_attempts=8, base_s=2, cap_s=60)
    assert [policy.delay_s(attempt, _Highest()) for attempt in range(1, 9)] == [2, 4, 8, 16, 32, 60, 60, None]


def test_the_jitter_is_full() -> None:
    policy = RetryPolicy(max_attempts=5, base_s=8, cap_s=60)
    rng = random.Random(1)
    delays_s = [delay_s for _ in range(500) if (delay_s := policy.delay_s(1, rng)) is not None]
    assert min(delays_s) < 0.5
    assert max(delays_s) > 7.5
    assert abs(sum(delays_s) / len(delays_s) - 4) < 0.5
