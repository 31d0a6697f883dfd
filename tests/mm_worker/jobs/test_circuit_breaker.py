"""When a server in trouble is left alone, and for how long."""

import random

from hypothesis import given
from hypothesis import strategies as st

from mm_worker.jobs.circuit_breaker import BreakerPolicy, Circuit

POLICY = BreakerPolicy(threshold=3, base_s=4.0, cap_s=60.0)


def failed(times: int, retry_after_s: float | None = None, seed: int = 7) -> Circuit:
    """After failures, each as soon as it lets one through; the last at 100 s."""
    circuit, rng = Circuit(), random.Random(seed)
    for left in reversed(range(times)):
        now_s = 100.0 - left * POLICY.cap_s
        circuit = circuit.after_failure(POLICY, "HTTP 500", now_s, rng, retry_after_s)
    return circuit


def test_it_opens_at_the_threshold() -> None:
    assert failed(2).left_s(100.0) == 0
    opened = failed(3)
    assert 2.0 <= opened.left_s(100.0) <= 4.0
    assert not opened.is_trying(100.0)
    assert opened.is_trying(104.0)


@given(times=st.integers(3, 200), seed=st.integers(0, 1000))
def test_waits_grow_up_to_the_cap_and_are_never_none(times: int, seed: int) -> None:
    longest_s = min(60.0, 4.0 * 2.0 ** (times - 3))
    left_s = failed(times, seed=seed).left_s(100.0)
    assert longest_s / 2 <= left_s <= 60.0


def test_a_time_that_the_server_names_opens_it_at_once() -> None:
    assert failed(1, retry_after_s=90.0).left_s(100.0) == 90.0


def test_requests_that_were_under_way_when_it_opened_make_nobody_wait_longer() -> None:
    opened, rng = failed(3), random.Random(7)
    for _ in range(20):
        assert opened.after_failure(POLICY, "cut", 100.0, rng) == opened
    assert opened.after_failure(POLICY, "HTTP 429", 100.0, rng, 90.0).left_s(100.0) == 90.0
