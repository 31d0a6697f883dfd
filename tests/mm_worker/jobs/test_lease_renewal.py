"""A claim is renewed as long as the work lasts, and no longer."""

import threading

import pytest

from mm_worker.jobs.lease_renewal import renewing
from tests.fake_clock import FakeClock

GUARD_S = 60


def test_it_beats_at_its_interval_while_the_block_runs() -> None:
    clock = FakeClock()
    beaten = threading.Event()
    beats: list[float] = []

    def renew() -> bool:
        beats.append(clock.monotonic_s())
        if len(beats) == 3:
            beaten.set()
        return True

    began_s = clock.monotonic_s()
    with renewing(renew, 10.0, clock):
        assert beaten.wait(GUARD_S)
    assert [beat_s - began_s for beat_s in beats[:3]] == [10, 20, 30]
    assert len(clock.waits_s) == len(beats) + 1


def test_it_ends_when_the_claim_is_lost() -> None:
    clock = FakeClock()
    lost = threading.Event()

    def renew() -> bool:
        lost.set()
        return False

    with renewing(renew, 10.0, clock):
        assert lost.wait(GUARD_S)
    assert clock.waits_s == [10.0]


def test_what_a_renewal_raises_is_raised_when_the_block_ends() -> None:
    failed = threading.Event()

    def renew() -> bool:
        failed.set()
        raise LookupError("the database has no such table")

    def work() -> None:
        with renewing(renew, 10.0, FakeClock()):
            assert failed.wait(GUARD_S)

    with pytest.raises(LookupError, match="no such table"):
        work()


def test_the_error_of_the_work_itself_passes_through() -> None:
    threads_before = set(threading.enumerate())

    def work() -> None:
        with renewing(lambda: True, 10.0, FakeClock()):
            raise KeyError("the work's own")

    with pytest.raises(KeyError, match="the work's own"):
        work()
    assert set(threading.enumerate()) <= threads_before
