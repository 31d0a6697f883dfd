"""PgBouncer in transaction mode: a connection of ours has another one of the server's each time, and keeps nothing."""

import tempfile
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import closing
from pathlib import Path

import psycopg
import pytest
from sqlalchemy import make_url

from backend_api.checks.derived import check_derived
from backend_api.contract.events import Event
from backend_api.contract.queries import EventQuery, SessionQuery
from backend_api.reports.reports import Reports
from backend_api.store.db.database import Lock
from backend_api.store.db.settings import SettingName
from backend_api.store.store import Store
from tests import pgbouncer
from tests.backend_api.events import START, make_event, make_result
from tests.backend_api.reports.test_sessions import make_session
from tests.fake_clock import FakeClock
from tests.postgres import Server
from tests.processes import Running, eventually, free_port

CLIENTS, SESSIONS_A_CLIENT = 8, 4


@pytest.fixture
def pooled_url(postgres: Server) -> Iterator[str]:
    """An empty database, by PgBouncer."""
    url, port = postgres.make_database("template0"), free_port()
    server_port = make_url(url).port
    assert server_port is not None
    with tempfile.TemporaryDirectory(prefix="gym-pgbouncer-") as folder:
        # Its user has to come to where its configuration lies.
        Path(folder).chmod(0o755)
        command = pgbouncer.serve_command(Path(folder) / "own", port, server_port)
        with Running(command, cwd=Path("/")) as running:
            pooled = url.replace(f":{server_port}/", f":{port}/")
            eventually(lambda: _answers(pooled), f"PgBouncer answers: {running.output}")
            yield f"{pooled}?pgbouncer=true"
    postgres.drop(url)


def _answers(url: str) -> bool:
    try:
        psycopg.connect(url).close()
    except psycopg.OperationalError:
        return False
    return True


def begin_call(store: Store, event: Event) -> int | None:
    return store.calls.begin(event.event_id, START, lambda _: True)


def test_many_clients_of_few_connections_write_as_one_would(pooled_url: str, clock: FakeClock) -> None:
    def work(store: Store, client: int) -> int:
        """Add sessions, each twice, and be a worker for a while; how many questions were answered."""
        answered = 0
        for number in range(SESSIONS_A_CLIENT):
            events = make_session(which := SESSIONS_A_CLIENT * client + number, at_s=60 * which)
            for _ in range(2):
                store.events.add(events)
            store.settings.keep(SettingName.REMOVAL_HELD_BACK, f"{client} {number}")
            assert begin_call(store, events[0]) is not None
            while (claim := store.enrichments.claim(30)) is not None:
                answered += store.enrichments.finish(claim, make_result())
            assert len(store.events.page(EventQuery()).rows) > 0
            with store.database.snapshot() as connection:
                assert connection.exec_driver_sql("SELECT count(*) FROM events").scalar_one() >= len(events)
        return answered

    with (
        closing(Store.open(pooled_url, clock, create=True)) as first,
        closing(Store.open(pooled_url, clock, create=True)) as second,
        ThreadPoolExecutor(CLIENTS) as threads,
    ):
        answers = list(threads.map(work, [first, second] * (CLIENTS // 2), range(CLIENTS)))
        sessions = Reports(first).sessions(SessionQuery(limit=500)).items
        assert len(sessions) == CLIENTS * SESSIONS_A_CLIENT
        asked = [one for one in first.events.page(EventQuery(limit=500)).rows if one.event.needs_mm]
        assert len(asked) == sum(answers) > 0
        assert all(one.mm is not None and one.mm.result is not None for one in asked)
        assert list(check_derived(first.database)) == []
        ids = [change.id for change in first.changes.read(0, 1000)]
        assert ids == sorted(set(ids))


def test_a_lock_is_held_to_the_end_of_its_transaction_and_no_longer(pooled_url: str, clock: FakeClock) -> None:
    with closing(Store.open(pooled_url, clock, create=True)) as store, ThreadPoolExecutor(1) as threads:
        event = make_event()
        store.events.add([event])
        for _ in range(4):
            with store.database.write(lock=Lock.CALLS) as transaction:
                transaction.settle()
                begun = threads.submit(begin_call, store, event)
                with pytest.raises(TimeoutError):
                    begun.result(0.1)
            begun.result(60)
