"""Whether a worker may take another job: one thread tries a server that was in trouble, and tells the others."""

import random
import threading

import pytest

from mm_worker.jobs.admission import Admission
from mm_worker.jobs.circuit_breaker import BreakerPolicy
from mm_worker.vlm.vlm import NotAsked, ServerAway, ServerTrouble, VlmError
from tests.fake_clock import FakeClock

POLICY = BreakerPolicy(threshold=3, base_s=4.0, cap_s=60.0)


@pytest.fixture
def clock() -> FakeClock:
    return FakeClock()


@pytest.fixture
def admission(clock: FakeClock) -> Admission:
    return Admission(clock, random.Random(7), policy=POLICY)


def test_nobody_passes_until_the_time_is_over_and_then_one_thread_alone(admission: Admission, clock: FakeClock) -> None:
    for _ in range(3):
        assert admission.blocked() is None
        admission.failed(ServerTrouble("HTTP 500"))
    blocked = admission.blocked()
    assert blocked is not None
    assert "HTTP 500" in blocked.reason
    clock.advance(blocked.wait_s)
    assert admission.blocked() is None
    others: list[object] = []
    thread = threading.Thread(target=lambda: others.append(admission.blocked()))
    thread.start()
    thread.join()
    assert others[0] is not None
    admission.passed()
    thread = threading.Thread(target=lambda: others.append(admission.blocked()))
    thread.start()
    thread.join()
    assert others[1] is None


def test_a_failed_try_opens_it_again(admission: Admission, clock: FakeClock) -> None:
    for _ in range(3):
        admission.failed(ServerAway("connection refused"))
    clock.advance(4.0)
    assert admission.blocked() is None
    admission.failed(ServerAway("connection refused"))
    assert admission.blocked() is not None


def test_a_bad_reply_shows_that_the_server_is_well_and_a_question_not_put_shows_nothing(admission: Admission) -> None:
    for error in (VlmError("no JSON"), NotAsked("a cap")):
        admission.passed()
        for _ in range(2):
            admission.failed(ServerTrouble("HTTP 500"))
        admission.failed(error)
        admission.failed(ServerTrouble("HTTP 500"))
        assert (admission.blocked() is None) == (type(error) is VlmError)
