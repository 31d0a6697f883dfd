"""When a server in trouble is left alone, and who may try it first."""

import random
import threading

import pytest
from hypothesis import given
from hypothesis import strategies as st

from mm_worker.jobs.circuit_breaker import BreakerPolicy, Circuit
from mm_worker.jobs.gate import Gate
from mm_worker.vlm.vlm import NotAsked, ServerAway, ServerTrouble, VlmError
from tests.fake_clock import FakeClock

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


@pytest.fixture
def clock() -> FakeClock:
    return FakeClock()


@pytest.fixture
def gate(clock: FakeClock) -> Gate:
    return Gate(clock, random.Random(7), policy=POLICY)


def test_nobody_passes_until_the_time_is_over_and_then_one_thread_alone(gate: Gate, clock: FakeClock) -> None:
    for _ in range(3):
        assert gate.blocked() is None
        gate.failed(ServerTrouble("HTTP 500"))
    blocked = gate.blocked()
    assert blocked is not None
    assert "HTTP 500" in blocked.reason
    clock.advance(blocked.wait_s)
    assert gate.blocked() is None
    others: list[object] = []
    thread = threading.Thread(target=lambda: others.append(gate.blocked()))
    thread.start()
    thread.join()
    assert others[0] is not None
    gate.passed()
    thread = threading.Thread(target=lambda: others.append(gate.blocked()))
    thread.start()
    thread.join()
    assert others[1] is None


def test_a_failed_try_opens_it_again(gate: Gate, clock: FakeClock) -> None:
    for _ in range(3):
        gate.failed(ServerAway("connection refused"))
    clock.advance(4.0)
    assert gate.blocked() is None
    gate.failed(ServerAway("connection refused"))
    assert gate.blocked() is not None


def test_a_bad_reply_shows_that_the_server_is_well_and_a_question_not_put_shows_nothing(gate: Gate) -> None:
    for error in (VlmError("no JSON"), NotAsked("a cap")):
        gate.passed()
        for _ in range(2):
            gate.failed(ServerTrouble("HTTP 500"))
        gate.failed(error)
        gate.failed(ServerTrouble("HTTP 500"))
        assert (gate.blocked() is None) == (type(error) is VlmError)
