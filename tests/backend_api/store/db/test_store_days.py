"""Kept figures on PostgreSQL, where several write at once: a change is seen, or takes what is announced with it."""

import threading
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import closing, suppress
from datetime import date

import psycopg
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from backend_api.contract.corrections import UseTruth
from backend_api.store.db import postgres_engine, store_days
from backend_api.store.db.database import Lock
from backend_api.store.db.errors import StoreBusy
from backend_api.store.db.statements import Transaction
from backend_api.store.db.store_days import StoreDay, drop_touched, read_announced
from backend_api.store.store import Store
from tests.backend_api.days_writer import CHANGE, EACH, START_OF_USE, Writer, differing, kept
from tests.backend_api.reports.test_days import writer

__all__ = ["writer"]

pytestmark = pytest.mark.parametrize("store", ["postgres"], indirect=True)
# So long nothing happens that would happen at once otherwise.
A_WHILE_S = 0.2
GUARD_S = 60
LATE = (0, START_OF_USE, 0, 0)
ANNOUNCING = (
    "INSERT INTO store_days (day, store_id, begin_ms, end_ms, basis, token) "
    "VALUES ('2026-01-31', 'gym_0', 1769817600000, 1769904000000, 'basis', 'token')"
)


@pytest.fixture
def other(postgres_url: str) -> Iterator[psycopg.Connection[object]]:
    """Another backend on the same database."""
    with closing(psycopg.connect(postgres_url)) as connection:
        yield connection


def test_a_change_that_found_nothing_to_drop_is_waited_for(
    store: Store, writer: Writer, monkeypatch: pytest.MonkeyPatch
) -> None:
    """It has looked for days before these were announced, and is not committed: no snapshot has it yet."""
    writer.correct((0, UseTruth.NOBODY))
    looked, go_on = threading.Event(), threading.Event()

    def drop_and_wait(transaction: Transaction) -> None:
        drop_touched(transaction)
        if transaction.touched and not looked.is_set():
            transaction.settle()
            looked.set()
            assert go_on.wait(GUARD_S)

    monkeypatch.setattr(postgres_engine, "drop_touched", drop_and_wait)
    # This test may take its time.
    monkeypatch.setattr(store_days, "_PATIENCE", f"SET LOCAL lock_timeout = '{GUARD_S}s'")
    with ThreadPoolExecutor(2) as threads:
        changing = threads.submit(writer.add, [LATE])
        assert looked.wait(GUARD_S)
        filling = threads.submit(writer.fill, None)
        with suppress(TimeoutError):
            filling.result(A_WHILE_S)
            pytest.fail("it was computed without the change")
        go_on.set()
        changing.result(GUARD_S)
        filling.result(GUARD_S)
    assert kept(store) == EACH
    assert differing(store) == []


def test_a_writer_that_has_stopped_is_not_waited_for(
    store: Store, writer: Writer, other: psycopg.Connection[object], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(store_days, "_PATIENCE", "SET LOCAL lock_timeout = '20ms'")
    writer.correct((0, UseTruth.NOBODY))
    other.execute("DELETE FROM store_days WHERE store_id = 'nowhere'")
    with pytest.raises(StoreBusy, match="lock timeout"):
        writer.fill(None)
    other.rollback()
    writer.fill(None)
    assert kept(store) == EACH


def test_a_change_that_waits_for_an_announcement_takes_it_away(
    store: Store, writer: Writer, other: psycopg.Connection[object]
) -> None:
    writer.correct((0, UseTruth.NOBODY))
    other.execute("LOCK TABLE store_days IN SHARE ROW EXCLUSIVE MODE")
    with ThreadPoolExecutor(1) as threads:
        changing = threads.submit(writer.add, [LATE])
        with suppress(TimeoutError):
            changing.result(A_WHILE_S)
            pytest.fail("it did not wait")
        other.execute(ANNOUNCING)
        other.commit()
        changing.result(GUARD_S)
    day = StoreDay(date(2026, 1, 31), "gym_0", 1769817600000, 1769904000000, "basis")
    store.days.fill_in("token", {day: "{}"})
    with store.database.read() as connection:
        assert read_announced(connection, "token", [day]) == []
    assert kept(store) == [EACH[place] for place in (1, 3, 5)]


@settings(max_examples=3, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(changes=st.lists(st.tuples(CHANGE, st.booleans()), min_size=3, max_size=6))
def test_whatever_is_written_what_is_kept_is_what_follows_from_it(
    store: Store, writer: Writer, changes: list[tuple[tuple[str, object], bool]]
) -> None:
    """One store for all examples: each goes on from what the others left."""
    for (name, value), is_filled in changes:
        writer.write(name, value)
        assert differing(store) == []
        if is_filled:
            writer.fill(None)


def test_what_two_compute_at_once_is_kept_of_one_alone(store: Store, writer: Writer) -> None:
    """Of a backend whose connection, and lock, were lost meanwhile."""
    day = StoreDay(date(2026, 1, 31), "gym_9", 1, 2, "basis")
    tokens = [store.days.announce([day]) for _ in range(2)]
    with store.database.read() as connection:
        assert [read_announced(connection, token, [day]) for token in tokens] == [[], [day]]
    store.days.fill_in(tokens[0], {day: "{}"})
    assert kept(store) == EACH
    store.days.fill_in(tokens[1], {day: "{}"})
    assert len(kept(store)) == len(EACH) + 1
    # What is right is not announced again, what goes by something else is.
    assert_announces(store, day, False)
    assert_announces(store, day._replace(basis="another"), True)


def assert_announces(store: Store, day: StoreDay, is_announced: bool) -> None:
    token = store.days.announce([day])
    with store.database.read() as connection:
        assert read_announced(connection, token, [day]) == [day] * is_announced


def test_those_who_drop_days_of_two_stores_never_wait_for_each_other_crosswise(store: Store, writer: Writer) -> None:
    days = [StoreDay(date(2026, 1, day), f"gym_{store}", day, day + 1, "") for day in range(1, 20) for store in (0, 1)]

    def drop(stores: tuple[str, str]) -> None:
        for _ in range(10):
            token = store.days.announce(days)
            store.days.fill_in(token, dict.fromkeys(days, "{}"))
            with store.database.write() as transaction:
                for store_id in stores:
                    transaction.touch(store_id, 0)

    with ThreadPoolExecutor(2) as threads:
        for dropping in [threads.submit(drop, names) for names in (("gym_0", "gym_1"), ("gym_1", "gym_0"))]:
            dropping.result(60)


def test_one_backend_computes_at_a_time(store: Store, writer: Writer) -> None:
    writer.correct((0, UseTruth.NOBODY))
    with store.database.alone(Lock.DAYS) as is_alone:
        assert is_alone
        with pytest.raises(StoreBusy, match="figures of 3 of 6 days"):
            writer.fill(None)
        writer.reports.keep_days()
        assert len(kept(store)) == 3
    writer.fill(None)
    assert kept(store) == EACH
