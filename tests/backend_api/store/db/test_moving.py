"""Moving an SQLite file into PostgreSQL: all of it, the same, and nothing of it in use before."""

import hashlib
from collections.abc import Iterator
from contextlib import closing
from datetime import date
from pathlib import Path

import pytest
from sqlalchemy import make_url

from backend_api.base.process import FatalError, UsageError
from backend_api.checks.derived import check_derived
from backend_api.contract.queries import DaysQuery, EventQuery, SessionQuery
from backend_api.contract.verdicts import Agree, Verdict
from backend_api.reports.reports import Reports
from backend_api.store.db import moving
from backend_api.store.db.errors import StoreBusy
from backend_api.store.db.moving import Moved, move
from backend_api.store.db.postgres_engine import PostgresDatabase
from backend_api.store.db.settings import SettingName
from backend_api.store.db.store_days import StoreDay, read_keys
from backend_api.store.store import Store
from tests.backend_api.events import make_event, make_result
from tests.backend_api.reports.test_sessions import make_session
from tests.backend_api.store.test_camera_setups import STILL, make_setup
from tests.fake_clock import FakeClock
from tests.postgres import Server

EVENTS = [event for number in range(3) for event in make_session(number, at_s=600 * number)]


@pytest.fixture
def url(postgres: Server) -> Iterator[str]:
    """A database without any table."""
    url = postgres.make_database("template0")
    yield url
    postgres.drop(url)


@pytest.fixture
def target(url: str) -> Iterator[PostgresDatabase]:
    with closing(PostgresDatabase(make_url(url))) as database:
        yield database


@pytest.fixture
def source(store: Store, monkeypatch: pytest.MonkeyPatch) -> Store:
    """Something in most tables; of changes the last ones are gone again."""
    monkeypatch.setattr(moving, "_ROWS_A_WRITE", 5)
    store.events.add(EVENTS)
    claim = store.enrichments.claim(30)
    assert claim is not None
    store.enrichments.finish(claim, make_result())
    store.reviews.add(claim.event.event_id, Agree.NO, "two\nlines, a tab\t and a \\\\", "ann")
    store.setups.keep("cam_01", make_setup())
    store.setups.keep_still("gym_demo", "cam_01", STILL)
    # Days that are kept, and one that somebody was about to compute.
    Reports(store).days(DaysQuery())
    store.days.announce([StoreDay(date(2026, 1, 1), "gym_demo", 0, 1, "basis")])
    # In the server's language "B" stands behind "a", in Python's before it.
    store.settings.keep(SettingName.LINK_SECRET, "f00d")
    with store.database.write() as transaction:
        for name in ("b", "B", "a", "A", "_", "Ä"):
            transaction.driver.execute("INSERT INTO settings VALUES (?, 'x')", (name,))
        transaction.driver.execute("UPDATE reviews SET note = ?", ("nul \0",))
        transaction.driver.execute("DELETE FROM changes WHERE id > 10")
    return store


def test_all_is_there_and_counts_on(source: Store, target: PostgresDatabase, url: str, clock: FakeClock) -> None:
    moved = move(source.database, target)
    assert moved.copied == moved.rows > 30
    with closing(Store.open(url, clock, create=False)) as there:
        pages = [store.events.page(EventQuery()).rows for store in (there, source)]
        assert [(row.event, row.received_at, row.mm) for row in pages[0]] == [
            (row.event, row.received_at, row.mm) for row in pages[1]
        ]
        assert Reports(there).sessions(SessionQuery()) == Reports(source).sessions(SessionQuery())
        assert there.results.history() == source.results.history()
        with there.database.read() as moved_days, source.database.read() as kept_days:
            assert read_keys(moved_days) == read_keys(kept_days) != []
        assert Reports(there).days(DaysQuery()) == Reports(source).days(DaysQuery())
        assert [review.note for review in there.reviews.history()] == ["nul \\x00"]
        assert there.setups.find_still("gym_demo", "cam_01") == source.setups.find_still("gym_demo", "cam_01")
        # An id that somebody has read is never given to another change.
        with source.database.read() as connection:
            given = connection.exec_driver_sql("SELECT seq FROM sqlite_sequence WHERE name = 'changes'").scalar_one()
        assert given > 10
        there.events.add([make_event(at_s=5000)])
        assert [change.id for change in there.changes.read(10, 10)] == [given + 1]
        claim = there.enrichments.claim(30)
        assert claim is not None
        assert there.enrichments.finish(claim, make_result(verdict=Verdict.NOT_CLEANED))
        assert [finding.kind for finding in check_derived(there.database) if finding.kind != "unlogged event"] == []


def test_it_goes_on_where_it_was_stopped_and_nobody_uses_a_half(
    source: Store, target: PostgresDatabase, url: str, clock: FakeClock, monkeypatch: pytest.MonkeyPatch
) -> None:
    chunks = moving._chunks

    def stopped(*arguments: object) -> Iterator[list[tuple[object, ...]]]:
        for number, rows in enumerate(chunks(*arguments)):  # type: ignore[arg-type]
            if number == 2:
                raise StoreBusy("the server went away")
            yield rows

    monkeypatch.setattr(moving, "_chunks", stopped)
    with pytest.raises(StoreBusy):
        move(source.database, target)
    monkeypatch.setattr(moving, "_chunks", chunks)
    for create in (True, False):
        with pytest.raises(UsageError, match=r"not moved to the end; run backend_api/move\.py again"):
            Store.open(url, clock, create=create)
    moved = move(source.database, target)
    assert moved.copied <= moved.rows - 10
    with pytest.raises(UsageError, match="holds a database already"):
        move(source.database, target)


def test_a_source_that_was_written_between_two_runs_is_noticed(
    source: Store, target: PostgresDatabase, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(moving, "_compare", lambda *_: pytest.fail("stopped"))
    with pytest.raises(pytest.fail.Exception):
        move(source.database, target)
    monkeypatch.undo()
    claim = source.enrichments.claim(30)
    assert claim is not None
    source.enrichments.finish(claim, make_result())
    with pytest.raises(FatalError, match="not the same"):
        move(source.database, target)


def test_the_source_is_only_read(source: Store, target: PostgresDatabase, tmp_path: Path) -> None:
    source.tidy()

    def state() -> dict[str, str]:
        return {
            path.name: hashlib.sha256(path.read_bytes()).hexdigest()
            for path in tmp_path.glob("app.db*")
            if not path.name.endswith("-shm")
        }

    before = state()
    assert isinstance(move(source.database, target), Moved)
    assert state() == before
