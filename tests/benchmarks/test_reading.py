"""Reading at a million events beside reading at ten thousand, and a clip's first byte beside a static file server's.

Both databases are as dense: the million is a longer time, not a busier gym.
"""

import sqlite3
from collections.abc import Callable, Iterator
from contextlib import closing
from datetime import timedelta
from pathlib import Path
from uuid import UUID

import pytest

from backend_api.clock import SystemClock
from backend_api.contract import EventType
from backend_api.contract_verdicts import Verdict
from backend_api.instants import from_ms
from backend_api.keyset import Order
from backend_api.sessions import SessionQuery
from backend_api.stats import StatsQuery
from backend_api.store import EventQuery, Store

SMALL, LARGE = 10_000, 1_000_000
ROUNDS = 100
BEGIN_MS = 1_700_000_000_000
# One event every ten seconds on twenty machines of four cameras.
STEP_MS = 10_000
SERIES = "WITH RECURSIVE n(i) AS (SELECT 0 UNION ALL SELECT i + 1 FROM n WHERE i < :count - 1)"
BODY = (
    """'{"event_id":"' || printf('00000000-0000-4000-8000-%012x', i) || '","event_type":"' || kind || '","store_id":"""
    """"bench","camera_id":"' || camera || '","machine_id":"' || machine || '","session_id":"' || session || '","""
    """"ts":"2026-01-31T09:00:00.000Z","media_time_s":0.0,"confidence":0.9,"needs_mm":' ||"""
    """ iif(kind = 'CLEANING_ATTEMPT', 'true', 'false') || ',"attributes":{}}'"""
)
EVENTS = f"""INSERT INTO events {SERIES}, facts AS (
    SELECT i, CASE i % 4 {" ".join(f"WHEN {index} THEN '{kind}'" for index, kind in enumerate(EventType))} END AS kind,
        printf('cam_%d', i / 4 % 4) AS camera, printf('bike_%02d', i / 4 % 20) AS machine,
        printf('00000000-0000-4000-8000-%012x', i - i % 4) AS session FROM n)
SELECT i + 1, printf('00000000-0000-4000-8000-%012x', i), kind, 'bench', camera, machine, session,
    {BEGIN_MS} + i * {STEP_MS}, {BEGIN_MS} + i * {STEP_MS}, {BODY}, NULL FROM facts"""  # noqa: S608 - constants of this file
ENRICHMENTS = f"""INSERT INTO enrichments (seq, ts_ms, status, attempts, token, changed_at_ms, verdict)
SELECT seq, ts_ms, 'DONE', 1, 1, ts_ms, CASE seq / 4 % 3 {
    " ".join(f"WHEN {index} THEN '{verdict}'" for index, verdict in enumerate(Verdict))
} END
FROM events WHERE event_type = 'CLEANING_ATTEMPT'"""  # noqa: S608 - constants of this file


def make_store(path: Path, count: int) -> Store:
    """A store with `count` events, a quarter of them judged, written the fast way."""
    Store.open(path, SystemClock(), create=True).close()
    with closing(sqlite3.connect(path)) as connection, connection:
        connection.execute("PRAGMA synchronous=OFF")
        connection.execute(EVENTS, {"count": count})
        connection.execute(ENRICHMENTS)
        connection.execute(
            "UPDATE sessions SET verdict = (SELECT verdict FROM enrichments WHERE enrichments.seq = attempt_seq)"
        )
    return Store.open(path, SystemClock(), create=False)


@pytest.fixture(scope="module")
def stores(tmp_path_factory: pytest.TempPathFactory) -> Iterator[tuple[Store, Store]]:
    folder = tmp_path_factory.mktemp("reading")
    with closing(make_store(folder / "small.db", SMALL)) as small, closing(make_store(folder / "l.db", LARGE)) as large:
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
    return lambda: store.page(query)


def deep_page(store: Store, count: int) -> Callable[[], object]:
    middle = from_ms(BEGIN_MS + count // 2 * STEP_MS)
    cursor = store.page(EventQuery(until=middle)).next_cursor
    query = EventQuery(until=middle, cursor=cursor)
    return lambda: store.page(query)


def page_of_nothing(store: Store, _count: int) -> Callable[[], object]:
    query = EventQuery(store_id="nowhere", event_type=[EventType.CLEANING_ATTEMPT])
    return lambda: store.page(query)


def verdicts_page(store: Store, _count: int) -> Callable[[], object]:
    query = EventQuery(verdict=Verdict.CLEANED, machine_id="bike_07")
    return lambda: store.page(query)


def one_event(store: Store, count: int) -> Callable[[], object]:
    return lambda: store.get(UUID(int=0x00000000_0000_4000_8000_000000000000 + count // 2))


def sessions_page(store: Store, _count: int) -> Callable[[], object]:
    query = SessionQuery(machine_id="bike_07", verdict=Verdict.NOT_CLEANED)
    return lambda: store.reading.sessions(query)


def deep_sessions_page(store: Store, count: int) -> Callable[[], object]:
    query = SessionQuery(order=Order.ASC, since=from_ms(BEGIN_MS + count // 2 * STEP_MS))
    return lambda: store.reading.sessions(query)


def stats_of_a_day(store: Store, count: int) -> Callable[[], object]:
    until = from_ms(BEGIN_MS + count * STEP_MS)
    query = StatsQuery(since=until - timedelta(days=1), until=until, tz="Europe/Berlin", by="hour")
    return lambda: store.reading.stats(query)


@pytest.mark.parametrize(
    "reading",
    [
        *(filtered_page, deep_page, page_of_nothing, verdicts_page, one_event),
        *(sessions_page, deep_sessions_page, stats_of_a_day),
    ],
)
def test_a_million_cost_at_most_three_times_ten_thousand(
    stores: tuple[Store, Store], reading: Callable[[Store, int], Callable[[], object]]
) -> None:
    small_ms, large_ms = (p99_ms(reading(store, count)) for store, count in zip(stores, (SMALL, LARGE), strict=True))
    print(f"\n{reading.__name__}: p99 {large_ms:.2f} ms at {LARGE}, {small_ms:.2f} ms at {SMALL}", end=" ")
    print(f"({large_ms / small_ms:.2f} times)")
    assert large_ms <= 3 * small_ms
