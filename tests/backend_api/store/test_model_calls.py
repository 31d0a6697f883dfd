"""What the daily caps count: every request from before it is sent, of all workers together, restarts included."""

from contextlib import closing
from datetime import timedelta
from pathlib import Path

import pytest

from backend_api.store.model_calls import Spending
from backend_api.store.store import Store
from tests.backend_api.events import make_event
from tests.backend_api.fresh_store import fresh_store
from tests.fake_clock import FakeClock

pytestmark = pytest.mark.both_databases


def test_a_request_counts_before_it_is_sent_and_survives_a_restart(tmp_path: Path, clock: FakeClock) -> None:
    event, since = make_event(), clock.now()
    with closing(fresh_store(tmp_path / "app.db", clock)) as store:
        store.events.add([event])
        first = store.calls.begin(event.event_id, since, lambda _: True)
        assert first is not None
        assert store.calls.spent(since) == Spending(1, 0, 0.0)
        store.calls.settle(first, 120, 0.25)
        store.calls.begin(event.event_id, since, lambda _: True)
    with closing(Store.open(tmp_path / "app.db", clock, create=False)) as store:
        assert store.calls.spent(since) == Spending(2, 120, 0.25)


@pytest.mark.sqlite_alone
def test_two_workers_keep_one_cap(store: Store, tmp_path: Path, clock: FakeClock) -> None:
    event, since = make_event(), clock.now()
    store.events.add([event])

    def has_room(spent: Spending) -> bool:
        return spent.calls < 3

    with closing(Store.open(tmp_path / "app.db", clock, create=False)) as other:
        calls = [worker.calls.begin(event.event_id, since, has_room) for worker in (store, other) * 3]
    assert [call is None for call in calls] == [False, False, False, True, True, True]
    assert store.calls.spent(since).calls == 3


def test_yesterday_does_not_count(store: Store, clock: FakeClock) -> None:
    event = make_event()
    store.events.add([event])
    store.calls.begin(event.event_id, clock.now(), lambda _: True)
    assert store.calls.spent(clock.now()).calls == 1
    assert store.calls.spent(clock.now() + timedelta(milliseconds=1)) == Spending()


def test_a_request_that_was_never_sent_does_not_count(store: Store, clock: FakeClock) -> None:
    event, since = make_event(), clock.now()
    store.events.add([event])
    sent, unsent = (store.calls.begin(event.event_id, since, lambda _: True) for _ in range(2))
    assert sent is not None
    assert unsent is not None
    store.calls.settle(sent, 120, 0.25)
    store.calls.cancel(unsent)
    assert store.calls.spent(since) == Spending(1, 120, 0.25)
    store.calls.cancel(unsent)
    assert store.calls.spent(since) == Spending(1, 120, 0.25)
