"""Days that are kept while backends write, read and remove at once: each is what follows from what is stored.

The seed is printed; GYM_CHAOS_SEED repeats the order in which each thread does what it does.
"""

import os
import random
import threading
from collections import Counter
from collections.abc import Iterator, Sequence
from concurrent.futures import ThreadPoolExecutor
from contextlib import closing
from dataclasses import replace
from datetime import date, timedelta
from functools import partial
from pathlib import Path
from uuid import UUID

import psycopg
import pytest

from backend_api.base.clock import SystemClock
from backend_api.checks.derived import check_derived
from backend_api.contract.corrections import UseTruth
from backend_api.contract.queries import DaysQuery
from backend_api.contract.verdicts import Agree, Verdict
from backend_api.store.db import postgres_engine
from backend_api.store.db.database import Database
from backend_api.store.db.errors import StoreBusy
from backend_api.store.db.migrate import open_database
from backend_api.store.db.statements import Transaction
from backend_api.store.db.store_days import drop_touched
from backend_api.store.store import Store
from tests import pgbouncer
from tests.backend_api.days_writer import AT_MIN, DAY_S, KINDS, SETTINGS, WINDOW, Writer, differing, kept
from tests.backend_api.events import START, make_event
from tests.chaos.chain import Cluster, temporary_cluster
from tests.fake_clock import FakeClock
from tests.processes import Running, eventually, free_port

LASTS_S = 60.0
WEEK = DaysQuery(first_day=date(2026, 1, 27), last_day=date(2026, 2, 2))
WHOLE = 7 * 2
# Each of an hour of its own, and on one of six machines; every event of it may come again at another minute.
USES, USE_MIN, MINUTES = 24, 165.0, 4
OFFSETS_MIN = (0.0, 20.0, 20.0, 25.0)
# What each writes, and how often beside the others.
SHARES = {"add_some": 8, "judge": 6, "rerun": 3, "review": 3, "correct": 2, "hide": 2, "watch": 2, "describe": 1}
RARELY = {"late": 2, "remove": 1, "judge_ends": 2, "watch": 4}
# In turn they crowd, so that they wait for each other in every way, and take their time, so that what is changed late
# meets what is computed: how often each writes a round, and how long it rests, before that and before its commit.
ROUNDS = ((12, 0.0, 0.002), (2, 0.3, 0.1))
_CLOCK = SystemClock()


class MovedClock(FakeClock):
    """Its wall clock stands still; time passes as it does."""

    def monotonic_s(self) -> float:
        return _CLOCK.monotonic_s()


class RandomWriter(Writer):
    """Writes whatever comes to its mind, of uses that others write of, too."""

    def __init__(self, store: Store, clock: FakeClock, chance: random.Random) -> None:
        super().__init__(store, clock)
        self._chance = chance
        self.said: Counter[str] = Counter()

    def write_some(self, shares: dict[str, int], times: int, pause_s: float) -> None:
        for name in self._chance.choices(list(shares), list(shares.values()), k=times):
            rest(self._chance.uniform(0, pause_s))
            try:
                self.write(name, self._value(name))
            except StoreBusy as error:
                # As another one was faster: whoever asked tries again.
                self.said[f"{name}: {error}"] += 1

    def read(self) -> None:
        """As somebody who looks at the week."""
        try:
            self.reports.days(WEEK)
        except StoreBusy as error:
            self.said["days missing" if "not computed yet" in str(error) else str(error)] += 1
        else:
            self.said["days answered"] += 1

    def _value(self, name: str) -> object:
        number, at = self._chance.randrange(USES), self._chance.randrange(len(AT_MIN))
        return {
            "judge": self._chance.choice([*Verdict, None]),
            "review": (self._chance.randrange(9999), self._chance.choice(list(Agree))),
            "correct": (number, self._chance.choice(list(UseTruth))),
            "hide": (self._chance.randrange(9999), self._chance.random() < 0.5),
            "watch": (number % 2, at),
            "describe": (number % 2, self._chance.choice(SETTINGS)),
        }.get(name, number)

    def add_some(self, number: int) -> None:
        """Some events of a use, which its camera may call by another name."""
        moved = self._chance.randrange(12) == 0
        at_min = USE_MIN * number + self._chance.randrange(MINUTES)
        names = {"store_id": f"gym_{(number + moved) % 2}", "machine_id": f"bike_{(number + moved) % 3}"}
        made = [
            make_event(
                event_type=kind,
                at_s=60 * (at_min + offset_min),
                media_time_s=0,
                session_id=UUID(int=number + 1),
                attributes={"closes_at": (START + timedelta(minutes=at_min + 30)).isoformat()}
                if kind is WINDOW
                else {},
                **names,
            )
            for kind, offset_min in self._chance.sample(list(zip(KINDS, OFFSETS_MIN, strict=True)), 3)
        ]
        self.store.events.add(made)
        self.events += made

    def late(self, number: int) -> None:
        """An event of a use that was weeks ago."""
        at_s = -self._chance.uniform(1, 30) * DAY_S
        names = {"store_id": f"gym_{number % 2}", "machine_id": "bike_0", "session_id": UUID(int=1000 + number)}
        event = make_event(event_type=KINDS[number % 4], at_s=at_s, media_time_s=0, **names)
        self.store.events.add([event])
        self.events.append(event)

    def remove(self, _: object) -> None:
        """What is older than some day."""
        before = START + timedelta(days=self._chance.uniform(-30, 5))
        self.store.old_events.remove(before, self.clock.now())

    def judge_ends(self, number: int) -> None:
        self.store.enrichments.judge_ends(is_on=number % 2 == 0)


def new_writer(database: Database, chance: random.Random) -> RandomWriter:
    clock = MovedClock()
    return RandomWriter(Store(database, clock), clock, random.Random(chance.random()))


@pytest.fixture
def cluster() -> Iterator[Cluster]:
    with (
        temporary_cluster("fsync=off", "log_min_messages=fatal") as cluster,
        Running(cluster.command, cwd=Path("/")) as running,
    ):
        eventually(cluster.answers, f"PostgreSQL answers: {running.output}")
        with closing(psycopg.connect(cluster.base, autocommit=True)) as connection:
            connection.execute("CREATE DATABASE chain TEMPLATE template0")
        yield cluster


@pytest.fixture
def databases(cluster: Cluster) -> Iterator[list[Database]]:
    """Of two backends, one of them by PgBouncer."""
    port, url = free_port(), cluster.url_at(cluster.port)
    pooled = replace(cluster, port=port)
    pool = pgbouncer.serve_command(cluster.folder / "pgbouncer", port, cluster.port)
    with closing(open_database(url, _CLOCK, create=True)) as one, Running(pool, cwd=Path("/")) as running:
        eventually(pooled.answers, f"PgBouncer answers: {running.output}")
        with closing(open_database(f"{cluster.url_at(port)}?pgbouncer=true", _CLOCK, create=False)) as other:
            yield [one, other]


def rest(for_s: float) -> None:
    if for_s:
        _CLOCK.wait(threading.Event(), for_s)


def commit_late(monkeypatch: pytest.MonkeyPatch, commit_s: float) -> None:
    """As where the server is far away: the commit comes later than the days were dropped, or there were none."""

    def drop_and_wait(transaction: Transaction) -> None:
        drop_touched(transaction)
        if transaction.touched:
            transaction.settle()
            rest(random.uniform(0, commit_s))

    monkeypatch.setattr(postgres_engine, "drop_touched", drop_and_wait)


def read_on(writer: RandomWriter, stop: threading.Event) -> None:
    while not stop.is_set():
        writer.read()


def have_all(reader: RandomWriter) -> bool:
    reader.read()
    return len(kept(reader.store)) >= WHOLE


def write_at_once(writers: Sequence[RandomWriter], readers: Sequence[RandomWriter], times: int, pause_s: float) -> None:
    """A round of all `writers`, while `readers` ask for the days."""
    stop = threading.Event()
    with ThreadPoolExecutor(len(writers) + len(readers)) as threads:
        reading = [threads.submit(read_on, reader, stop) for reader in readers]
        try:
            for writing in [
                threads.submit(writer.write_some, RARELY if number == 0 else SHARES, times, pause_s)
                for number, writer in enumerate(writers)
            ]:
                writing.result(60)
        finally:
            stop.set()
        for one in reading:
            one.result(60)


def test_days_are_right_whatever_is_written_at_once(
    cluster: Cluster, databases: list[Database], caplog: pytest.LogCaptureFixture, monkeypatch: pytest.MonkeyPatch
) -> None:
    caplog.set_level("ERROR")
    seed = int(os.environ.get("GYM_CHAOS_SEED") or random.SystemRandom().randrange(2**31))
    print(f"\nGYM_CHAOS_SEED={seed}")
    chance, end_s = random.Random(seed), _CLOCK.monotonic_s() + LASTS_S
    writers = [new_writer(database, chance) for _ in range(3) for database in databases]
    readers = [new_writer(database, chance) for database in databases]
    everybody = [*writers, *readers]
    for writer in everybody:
        # Of all events that there are.
        writer.events = writers[0].events
    rounds = looked_at = 0
    while rounds < 2 or _CLOCK.monotonic_s() < end_s:
        times, pause_s, commit_s = ROUNDS[rounds % 2]
        commit_late(monkeypatch, commit_s)
        write_at_once(writers, readers, times, pause_s)
        looked_at += len(kept(writers[0].store))
        assert differing(writers[0].store) == []
        eventually(partial(have_all, readers[0]), "all days are computed")
        assert differing(readers[1].store) == []
        rounds += 1
    said = sum((writer.said for writer in everybody), Counter[str]())
    print(f"{rounds} rounds, {len(writers[0].events)} events, {looked_at} days outlasted theirs; {dict(said)}")
    assert [finding.text for finding in check_derived(databases[0])] == []
    with closing(psycopg.connect(cluster.base)) as connection:
        assert connection.execute("SELECT sum(deadlocks) FROM pg_stat_database").fetchone() == (0,)
    assert looked_at
