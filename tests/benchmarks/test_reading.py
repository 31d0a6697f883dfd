"""Reading at a million events beside reading at ten thousand, and a clip's first byte beside a static file server's.

Both databases are as dense: the million is a longer time, not a busier gym.
"""

import sqlite3
from collections.abc import Callable, Iterator
from contextlib import closing
from datetime import timedelta
from uuid import UUID

import pytest

from backend_api.base.clock import SystemClock
from backend_api.base.instants import from_ms
from backend_api.contract.events import EventType
from backend_api.contract.queries import EventQuery, MachineQuery, Order, SessionQuery, StatsQuery
from backend_api.contract.sessions import SessionOutcome
from backend_api.contract.verdicts import Verdict
from backend_api.reports.reports import Reports
from backend_api.store.store import Store
from tests.benchmarks.many_events import BEGIN_MS, STEP_MS, make_store

SMALL, LARGE = 10_000, 1_000_000
ROUNDS = 100
# One session in five as if nobody had cleaned, one in a hundred of the others reviewed.
VARIETY = (
    "UPDATE sessions SET attempt_seq = NULL, attempt_ms = NULL, verdict = NULL WHERE seq % 5 = 0",
    "UPDATE sessions SET review = 'yes' WHERE verdict IS NOT NULL AND seq % 100 = 1",
)


@pytest.fixture(scope="module")
def stores(tmp_path_factory: pytest.TempPathFactory) -> Iterator[tuple[Store, Store]]:
    folder = tmp_path_factory.mktemp("reading")
    with closing(make_store(folder / "small.db", SMALL)) as small, closing(make_store(folder / "l.db", LARGE)) as large:
        for name in ("small.db", "l.db"):
            with closing(sqlite3.connect(folder / name)) as connection, connection:
                for statement in VARIETY:
                    connection.execute(statement)
        yield small, large


def p99_ms(work: Callable[[], object]) -> float:
    """The 99th percentile of ROUNDS runs, after a few that do not count."""
    clock = SystemClock()
    taken = []
    for number in range(ROUNDS + 5):
        begin_s = clock.monotonic_s()
        work()
        if number >= 5:
            taken.append((clock.monotonic_s() - begin_s) * 1000)
    return sorted(taken)[-2]


def filtered_page(store: Store, _count: int) -> Callable[[], object]:
    query = EventQuery(machine_id="bike_07", event_type=[EventType.CLEANING_ATTEMPT])
    return lambda: store.events.page(query)


def deep_page(store: Store, count: int) -> Callable[[], object]:
    middle = from_ms(BEGIN_MS + count // 2 * STEP_MS)
    cursor = store.events.page(EventQuery(until=middle)).next_cursor
    query = EventQuery(until=middle, cursor=cursor)
    return lambda: store.events.page(query)


def page_of_nothing(store: Store, _count: int) -> Callable[[], object]:
    query = EventQuery(store_id="nowhere", event_type=[EventType.CLEANING_ATTEMPT])
    return lambda: store.events.page(query)


def verdicts_page(store: Store, _count: int) -> Callable[[], object]:
    query = EventQuery(verdict=Verdict.CLEANED, machine_id="bike_07")
    return lambda: store.events.page(query)


def one_event(store: Store, count: int) -> Callable[[], object]:
    return lambda: store.events.find(UUID(int=0x00000000_0000_4000_8000_000000000000 + count // 2))


def sessions_page(store: Store, _count: int) -> Callable[[], object]:
    query = SessionQuery(machine_id="bike_07", verdict=Verdict.NOT_CLEANED)
    return lambda: Reports(store).sessions(query)


def uncleaned_sessions_page(store: Store, _count: int) -> Callable[[], object]:
    query = SessionQuery(outcome=[SessionOutcome.NOT_ATTEMPTED, SessionOutcome.NOT_CLEANED, SessionOutcome.NO_WINDOW])
    return lambda: Reports(store).sessions(query)


def unreviewed_sessions_page(store: Store, count: int) -> Callable[[], object]:
    verdicts = [SessionOutcome.CLEANED, SessionOutcome.NOT_CLEANED, SessionOutcome.CANNOT_TELL]
    query = SessionQuery(outcome=verdicts, reviewed=False, until=from_ms(BEGIN_MS + count // 2 * STEP_MS))
    return lambda: Reports(store).sessions(query)


def reviewed_sessions_page(store: Store, _count: int) -> Callable[[], object]:
    query = SessionQuery(reviewed=True, order=Order.ASC, limit=10)
    return lambda: Reports(store).sessions(query)


def sessions_now_page(store: Store, _count: int) -> Callable[[], object]:
    query = SessionQuery(
        outcome=[SessionOutcome.IN_USE, SessionOutcome.WINDOW_OPEN, SessionOutcome.WAITING, SessionOutcome.FAILED]
    )
    return lambda: Reports(store).sessions(query)


def machines_now(store: Store, _count: int) -> Callable[[], object]:
    return lambda: Reports(store).machines(MachineQuery())


def deep_sessions_page(store: Store, count: int) -> Callable[[], object]:
    query = SessionQuery(order=Order.ASC, since=from_ms(BEGIN_MS + count // 2 * STEP_MS))
    return lambda: Reports(store).sessions(query)


def stats_of_a_day(store: Store, count: int) -> Callable[[], object]:
    until = from_ms(BEGIN_MS + count * STEP_MS)
    query = StatsQuery(since=until - timedelta(days=1), until=until, tz="Europe/Berlin", by="hour")
    return lambda: Reports(store).stats(query)


@pytest.mark.parametrize(
    "reading",
    [
        *(filtered_page, deep_page, page_of_nothing, verdicts_page, one_event),
        *(sessions_page, deep_sessions_page, uncleaned_sessions_page, unreviewed_sessions_page),
        *(reviewed_sessions_page, sessions_now_page, machines_now, stats_of_a_day),
    ],
)
def test_a_million_cost_at_most_three_times_ten_thousand(
    stores: tuple[Store, Store], reading: Callable[[Store, int], Callable[[], object]]
) -> None:
    small_ms, large_ms = (p99_ms(reading(store, count)) for store, count in zip(stores, (SMALL, LARGE), strict=True))
    print(f"\n{reading.__name__}: p99 {large_ms:.2f} ms at {LARGE}, {small_ms:.2f} ms at {SMALL}", end=" ")
    print(f"({large_ms / small_ms:.2f} times)")
    assert large_ms <= 3 * small_ms
