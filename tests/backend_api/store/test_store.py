"""The store: events go in once and come out as they were."""

import sqlite3
import threading
from contextlib import closing
from datetime import datetime, timedelta
from pathlib import Path
from uuid import UUID

import pytest

from backend_api.contract.events import EventType
from backend_api.contract.queries import EventQuery
from backend_api.contract.verdicts import MmStatus
from backend_api.store.db.errors import StoreBroken, StoreBusy, StoreFull
from backend_api.store.events import IngestOutcome
from backend_api.store.store import Store
from tests.backend_api.events import make_event
from tests.fake_clock import FakeClock

pytestmark = pytest.mark.both_databases

STORED, DUPLICATE, CONFLICT = IngestOutcome.STORED, IngestOutcome.DUPLICATE, IngestOutcome.CONFLICT


def count(store: Store) -> int:
    return len(store.events.page(EventQuery(limit=500)).rows)


def test_an_event_is_stored_once(store: Store, clock: FakeClock) -> None:
    event = make_event()
    assert store.events.add([event]) == [STORED]
    received_at = clock.now()
    clock.advance(60)
    assert store.events.add([event]) == [DUPLICATE]
    assert store.events.add([event.model_copy(update={"confidence": 0.1})]) == [CONFLICT]
    row = store.events.find(event.event_id)
    assert row is not None
    assert row.event == event
    assert row.received_at == received_at
    assert count(store) == 1


def test_repeats_inside_one_call_count_like_repeats_of_calls(store: Store) -> None:
    event, other = make_event(), make_event(at_s=1)
    changed = event.model_copy(update={"confidence": 0.1})
    assert store.events.add([event, other, event, changed]) == [STORED, STORED, DUPLICATE, CONFLICT]
    row = store.events.find(event.event_id)
    assert row is not None
    assert row.event == event


def test_only_events_that_wait_for_the_model_get_an_enrichment(store: Store) -> None:
    waiting = make_event()
    other = make_event(event_type=EventType.MACHINE_OCCUPIED_START)
    store.events.add([waiting, other])
    rows = [store.events.find(event.event_id) for event in (waiting, other)]
    assert [row and row.mm and row.mm.status for row in rows] == [MmStatus.PENDING, None]


def test_many_events_at_once(store: Store) -> None:
    events = [make_event(at_s=number) for number in range(5_000)]
    assert store.events.add(events) == [STORED] * 5_000
    assert store.events.add(events[-2:]) == [DUPLICATE] * 2


def test_nothing_at_all(store: Store) -> None:
    assert store.events.add([]) == []


def test_an_unknown_event(store: Store) -> None:
    assert store.events.find(UUID(int=7)) is None


@pytest.mark.sqlite_alone
def test_a_full_disk_loses_nothing_and_recovers(tmp_path: Path, store: Store) -> None:
    store.events.add([make_event()])
    with store.database.write() as transaction:
        [pages] = transaction.driver.execute("PRAGMA page_count").fetchone()
        transaction.driver.execute(f"PRAGMA max_page_count={pages}")
    more = [make_event(at_s=number) for number in range(1, 2000)]
    with pytest.raises(StoreFull):
        store.events.add(more)
    assert count(store) == 1
    assert set(store.events.add(more)) == {STORED}


@pytest.mark.sqlite_alone
def test_a_lock_of_another_process_is_waited_for(store: Store, tmp_path: Path) -> None:
    outcomes: list[IngestOutcome] = []
    with closing(sqlite3.connect(tmp_path / "app.db", isolation_level=None)) as other:
        other.execute("BEGIN IMMEDIATE")
        adding = threading.Thread(target=lambda: outcomes.extend(store.events.add([make_event()])))
        adding.start()
        adding.join(timeout=0.2)
        assert adding.is_alive()
        other.execute("COMMIT")
        adding.join(timeout=60)
    assert outcomes == [STORED]


@pytest.mark.sqlite_alone
def test_a_lock_that_is_kept_is_reported_and_nothing_is_stored(
    store: Store, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("backend_api.store.db.sqlite_engine.BUSY_TIMEOUT_MS", 10)
    with closing(sqlite3.connect(tmp_path / "app.db", isolation_level=None)) as other:
        other.execute("BEGIN IMMEDIATE")
        with pytest.raises(StoreBusy):
            store.events.add([make_event()])
        with pytest.raises(StoreBusy):
            store.check_writable(0.01)
    assert count(store) == 0
    assert store.events.add([make_event()]) == [STORED]


@pytest.mark.sqlite_alone
@pytest.mark.parametrize("successor", [None, "a newer one"])
def test_nothing_is_written_to_a_file_that_was_removed_or_replaced(
    store: Store, tmp_path: Path, successor: str | None
) -> None:
    store.events.add([make_event()])
    (tmp_path / "app.db").rename(tmp_path / "old.db")
    if successor:
        (tmp_path / "app.db").write_text(successor)
    for write in (
        lambda: store.events.add([make_event(at_s=1)]),
        lambda: store.enrichments.claim(30),
        lambda: store.check_writable(1),
    ):
        with pytest.raises(StoreBroken, match=r"app\.db was removed or replaced while in use"):
            write()
    (tmp_path / "old.db").rename(tmp_path / "app.db")
    assert store.events.add([make_event(), make_event(at_s=1)]) == [DUPLICATE, STORED]


@pytest.mark.sqlite_alone
def test_two_stores_on_one_file_see_each_other(store: Store, tmp_path: Path, clock: FakeClock) -> None:
    event = make_event()
    with closing(Store.open(tmp_path / "app.db", clock, create=False)) as other:
        store.events.add([event])
        assert other.events.add([event]) == [DUPLICATE]
        assert other.events.find(event.event_id) is not None


@pytest.mark.sqlite_alone
def test_reading_goes_on_while_another_process_writes(store: Store, tmp_path: Path) -> None:
    store.events.add([make_event()])
    with closing(sqlite3.connect(tmp_path / "app.db", isolation_level=None)) as other:
        other.execute("BEGIN IMMEDIATE")
        other.execute("DELETE FROM enrichments")
        assert store.events.page(EventQuery()).rows[0].mm is not None
        other.execute("ROLLBACK")


def test_an_event_of_any_year_is_kept_to_the_millisecond(store: Store) -> None:
    events = [
        make_event(ts=datetime.fromisoformat(ts))
        for ts in ("0001-01-01T00:00:00.001Z", "1969-12-31T23:59:59.999Z", "9999-12-31T23:59:59.999Z")
    ]
    store.events.add(events)
    assert [row.event for row in store.events.page(EventQuery.model_validate({"order": "asc"})).rows] == events
    since = EventQuery(since=events[1].ts, until=events[1].ts + timedelta(milliseconds=1))
    assert [row.event for row in store.events.page(since).rows] == [events[1]]
