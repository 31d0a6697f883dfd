"""Workers' daily caps: two with different ones do not contradict each other, and nothing of it lives in a process."""

from datetime import timedelta

import pytest

from backend_api.store.store import Store
from backend_api.store.worker_caps import FRESH_WITHIN, WorkerCaps
from tests.fake_clock import FakeClock

pytestmark = pytest.mark.both_databases
REACHED = "the daily cap of 5 calls is reached"


def test_where_no_worker_keeps_a_cap_none_is_reached(store: Store) -> None:
    assert store.worker_caps.reached() == (True, None)


def test_a_worker_with_another_cap_takes_nothing_back(store: Store, clock: FakeClock) -> None:
    for _ in range(5):
        for caps, reached in (("5 calls", REACHED), ("100 calls", None), ("", None)):
            store.worker_caps.note(caps, reached)
            assert store.worker_caps.reached() == (True, REACHED)
        clock.advance(30)


def test_another_process_knows_it_after_a_restart_too(store: Store, clock: FakeClock) -> None:
    store.worker_caps.note("5 calls", REACHED)
    assert WorkerCaps(store.database, clock).reached() == (True, REACHED)


def test_a_worker_that_is_started_again_with_a_higher_cap_ends_it(store: Store, clock: FakeClock) -> None:
    store.worker_caps.note("5 calls", REACHED)
    clock.advance(FRESH_WITHIN.total_seconds() + 1)
    assert store.worker_caps.reached() == (False, None), "nobody is there to say"
    store.worker_caps.note("100 calls", None)
    assert store.worker_caps.reached() == (True, None)


@pytest.mark.parametrize("away", [timedelta(hours=23), timedelta(days=-1, hours=1)])
def test_while_the_worker_is_away_it_is_unknown_also_by_a_clock_that_was_set(
    store: Store, clock: FakeClock, away: timedelta
) -> None:
    store.worker_caps.note("5 calls", REACHED)
    clock.jump_wall_clock(away.total_seconds())
    assert store.worker_caps.reached() == (False, None)
    clock.jump_wall_clock(2 * 86_400)
    assert store.worker_caps.reached() == (True, None)


def test_one_that_was_to_end_is_expected_no_more(store: Store) -> None:
    store.worker_caps.note("5 calls", REACHED)
    store.worker_caps.take_back("5 calls")
    assert store.worker_caps.reached() == (True, None)
