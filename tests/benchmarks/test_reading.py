"""Reading at a million events beside reading at ten thousand, and one gym among a thousand beside one alone.

The databases of a comparison are as dense: the million is a longer time, not a busier gym; and the gym alone has as
many events at the same times as among the others. SQLite and PostgreSQL hold the same rows.
"""

import sqlite3
from collections.abc import Callable, Iterator
from contextlib import closing, contextmanager
from pathlib import Path
from statistics import median

import psycopg
import pytest
from sqlalchemy import make_url

from backend_api.base.clock import SystemClock
from backend_api.store.db.moving import move
from backend_api.store.db.postgres_engine import PostgresDatabase
from backend_api.store.store import Store
from tests.benchmarks.many_events import Gyms, make_store
from tests.benchmarks.reads import READS, Reading, one_event
from tests.postgres import Server

SMALL, LARGE = 10_000, 1_000_000
GYMS = 1_000
ONE_OF_THEM = 500
ROUNDS = 100
# One session in five as if nobody had cleaned, one in a hundred of the others reviewed.
VARIETY = (
    "UPDATE sessions SET attempt_seq = NULL, attempt_ms = NULL, verdict = NULL WHERE seq % 5 = 0",
    "UPDATE sessions SET review = 'yes' WHERE verdict IS NOT NULL AND seq % 100 = 1",
)
Pair = tuple[Store, Store]


def made(path: Path, count: int, gyms: Gyms | None = None) -> Store:
    store = make_store(path, count, gyms=gyms)
    with closing(sqlite3.connect(path)) as connection, connection:
        for statement in VARIETY:
            connection.execute(statement)
    return store


@contextmanager
def pair(request: pytest.FixtureRequest, small: Store, large: Store) -> Iterator[Pair]:
    """The two as they are, or moved to PostgreSQL."""
    with closing(small), closing(large):
        if request.param == "sqlite":
            yield small, large
            return
        server: Server = request.getfixturevalue("postgres")
        urls = [server.make_database("template0") for _ in range(2)]
        for source, url in zip((small, large), urls, strict=True):
            with closing(PostgresDatabase(make_url(url))) as target:
                move(source.database, target)
            # As autovacuum does within a minute.
            with psycopg.connect(url, autocommit=True) as connection:
                connection.execute("VACUUM (ANALYZE)")
        opened = [Store.open(url, SystemClock(), create=False) for url in urls]
        with closing(opened[0]), closing(opened[1]):
            yield opened[0], opened[1]
        for url in urls:
            server.drop(url)


@pytest.fixture(scope="module", params=["sqlite", "postgres"])
def by_size(request: pytest.FixtureRequest, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Pair]:
    folder = tmp_path_factory.mktemp("reading")
    with pair(request, made(folder / "small.db", SMALL), made(folder / "large.db", LARGE)) as stores:
        yield stores


@pytest.fixture(scope="module", params=["sqlite", "postgres"])
def by_gyms(request: pytest.FixtureRequest, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Pair]:
    """One gym alone, and the same among a thousand."""
    folder = tmp_path_factory.mktemp("gyms")
    alone = made(folder / "alone.db", LARGE // GYMS, Gyms(ONE_OF_THEM, 1, of=GYMS))
    with pair(request, alone, made(folder / "chain.db", LARGE, Gyms(0, GYMS, of=GYMS))) as stores:
        yield stores


def times_ms(work: Callable[[], object]) -> list[float]:
    """Of ROUNDS runs, the shortest first, after a few that do not count."""
    clock = SystemClock()
    taken = []
    for number in range(ROUNDS + 5):
        begin_s = clock.monotonic_s()
        work()
        if number >= 5:
            taken.append((clock.monotonic_s() - begin_s) * 1000)
    return sorted(taken)


def compare(what: str, few: list[float], many: list[float]) -> float:
    """How many times as long the median of `many` is."""
    times = median(many) / median(few)
    print(f"\n{what}: median {median(many):.2f} ms beside {median(few):.2f} ({times:.2f} times), ", end="")
    print(f"p99 {many[-2]:.2f} beside {few[-2]:.2f}", end=" ")
    return times


@pytest.mark.parametrize("reading", READS)
def test_a_million_cost_at_most_three_times_ten_thousand(by_size: Pair, reading: Reading) -> None:
    few, many = (times_ms(reading(store, count, {})) for store, count in zip(by_size, (SMALL, LARGE), strict=True))
    assert compare(f"{reading.__name__} at {LARGE} and {SMALL}", few, many) <= 3
    if isinstance(by_size[0].database, PostgresDatabase):
        return
    # The server has processes of its own, whose turns on a shared computer are no matter of ours.
    assert many[-2] <= 3 * few[-2]


@pytest.mark.parametrize("reading", [reading for reading in READS if reading is not one_event])
def test_one_gym_among_a_thousand_costs_at_most_three_times_one_alone(by_gyms: Pair, reading: Reading) -> None:
    place = {"store_id": f"gym_{ONE_OF_THEM:04}"}
    few, many = (times_ms(reading(store, LARGE, place)) for store in by_gyms)
    assert compare(f"{reading.__name__} of a gym among {GYMS} and alone", few, many) <= 3
