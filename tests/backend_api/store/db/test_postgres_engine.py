"""PostgreSQL: what is promised where several processes write at once, and what its failures are called."""

import random
import threading
from collections.abc import Callable, Iterator
from concurrent.futures import Future, ThreadPoolExecutor
from contextlib import closing
from functools import partial
from typing import Any
from uuid import UUID

import psycopg
import pytest
from alembic.autogenerate import compare_metadata
from alembic.migration import MigrationContext
from psycopg.adapt import PyFormat
from psycopg.pq import Format
from sqlalchemy import make_url

from backend_api.base.clock import SystemClock
from backend_api.base.process import FatalError, UsageError
from backend_api.checks.derived import check_derived
from backend_api.contract.corrections import UseCorrection, UseTruth
from backend_api.contract.events import EventType
from backend_api.contract.verdicts import Agree
from backend_api.store.db import postgres_engine
from backend_api.store.db.database import Lock
from backend_api.store.db.errors import StoreBroken, StoreBusy, StoreFull
from backend_api.store.db.migrate import HEAD, DatabaseNotReady, open_database
from backend_api.store.db.postgres_engine import PostgresDatabase
from backend_api.store.db.settings import SettingName
from backend_api.store.db.tables import metadata
from backend_api.store.events import IngestOutcome
from backend_api.store.model_calls import Spending
from backend_api.store.store import Store
from tests.backend_api.events import START, make_event, make_result
from tests.backend_api.reports.test_sessions import make_session
from tests.fake_clock import FakeClock
from tests.postgres import Server

LONG_S = 60.0
# So long nothing happens that would happen at once otherwise.
A_WHILE_S = 0.3


@pytest.fixture
def other(postgres_url: str) -> Iterator[psycopg.Connection[object]]:
    """Another program on the same database."""
    with closing(psycopg.connect(postgres_url)) as connection:
        yield connection


@pytest.fixture
def threads() -> Iterator[ThreadPoolExecutor]:
    with ThreadPoolExecutor(8) as executor:
        yield executor


@pytest.fixture
def empty_url(postgres: Server) -> Iterator[str]:
    """A database without any table."""
    url = postgres.make_database("template0")
    yield url
    postgres.drop(url)


pytestmark = pytest.mark.parametrize("store", ["postgres"], indirect=True)


def judge_all(store: Store) -> list[int]:
    """Be a worker until there is nothing to do; the questions that were answered, by their events' numbers."""
    taken = []
    while (claim := store.enrichments.claim(30)) is not None:
        if store.enrichments.finish(claim, make_result()):
            taken.append(claim.seq)
    return taken


def waits(future: Future[Any]) -> bool:
    try:
        future.result(A_WHILE_S)
    except TimeoutError:
        return True
    return False


# 1: what is acknowledged is on the disk


@pytest.mark.parametrize(("survives", "expected"), [(True, "on"), (False, "off")])
def test_a_commit_waits_for_the_disk_unless_a_power_cut_may_undo_it(
    store: Store, survives: bool, expected: str
) -> None:
    with store.database.write(survives_power_cut=survives) as transaction:
        assert transaction.driver.execute("SHOW synchronous_commit").fetchone() == (expected,)
    with store.database.write() as transaction:
        assert transaction.driver.execute("SHOW synchronous_commit").fetchone() == ("on",)


def test_what_failed_somewhere_is_not_written_at_all(store: Store) -> None:
    def write(*statements: str, fails: bool = False) -> None:
        with store.database.write() as transaction:
            for statement in statements:
                # Nobody asks for their answers.
                transaction.driver.execute(statement)
            if fails:
                raise KeyError

    with pytest.raises(StoreBroken, match="division by zero"):
        write("INSERT INTO settings VALUES ('a', 'b')", "SELECT 1 / 0", "INSERT INTO settings VALUES ('c', 'd')")
    with pytest.raises(KeyError):
        write("INSERT INTO settings VALUES ('a', 'b')", fails=True)
    with store.database.read() as connection:
        assert connection.exec_driver_sql("SELECT count(*) FROM settings").scalar_one() == 0


# 2: nobody waits crosswise


def waiting(store: Store, number: int) -> None:
    """Come back once so many transactions wait for a row that another one writes."""
    query = "SELECT count(*) FROM pg_locks WHERE NOT granted AND locktype = 'transactionid'"
    clock = SystemClock()
    deadline_s = clock.monotonic_s() + LONG_S
    while True:
        with store.database.read() as connection:
            found = connection.exec_driver_sql(query).scalar_one()
        if found >= number:
            return
        assert clock.monotonic_s() < deadline_s, f"{found} of {number} wait"


def test_crossed_batches_of_two_backends_both_succeed(
    store: Store, postgres_url: str, other: psycopg.Connection[object], threads: ThreadPoolExecutor
) -> None:
    """Each of two batches has an event, then one that a third transaction holds, then the other batch's first.

    In any other order than one for all, each holds its first event when the third lets go, and then wants the other's.
    """
    first, held, last = (
        make_event(event_type=EventType.MACHINE_OCCUPIED_START, camera_id=f"cam_0{number}", session_id=UUID(int=number))
        for number in (1, 2, 3)
    )
    values = (str(held.event_id), held.event_type, held.store_id, held.camera_id, held.machine_id, str(held.session_id))
    other.execute(
        "INSERT INTO events (event_id, event_type, store_id, camera_id, machine_id, session_id, ts_ms, received_at_ms,"
        " body) VALUES (%s, %s, %s, %s, %s, %s, 0, 0, '')",
        values,
    )
    with closing(Store.open(postgres_url, FakeClock(), create=False)) as second:
        adding = [
            threads.submit(backend.events.add, batch)
            for backend, batch in ((store, [first, held, last]), (second, [last, held, first]))
        ]
        waiting(store, 2)
        other.rollback()
        outcomes = [outcome for future in adding for outcome in future.result(LONG_S)]
    assert outcomes.count(IngestOutcome.STORED) == outcomes.count(IngestOutcome.DUPLICATE) == 3


# 3: the log's ids are seen in the order of commits


def test_a_change_that_has_its_id_but_no_commit_holds_back_the_next_one(
    store: Store, other: psycopg.Connection[object], threads: ThreadPoolExecutor
) -> None:
    store.events.add([make_event()])
    newest = store.changes.newest()
    lock = f"SELECT pg_advisory_xact_lock({postgres_engine._LOCK_CLASS}, {Lock.LOG.value})"
    other.execute(lock)
    other.execute("INSERT INTO changes (kind, seq) VALUES ('event', 1)")
    adding = threads.submit(store.events.add, [make_event(at_s=1)])
    assert waits(adding)
    assert store.changes.newest() == newest
    other.commit()
    assert adding.result(LONG_S) == [IngestOutcome.STORED]
    assert [change.id - newest for change in store.changes.read(newest, 10)] == [1, 2]


def test_the_log_is_written_last_so_that_nobody_waits_for_another_ones_rows(
    store: Store, other: psycopg.Connection[object], threads: ThreadPoolExecutor
) -> None:
    first, second = make_event(), make_event(at_s=1, session_id=UUID(int=2))
    store.events.add([first, second])
    other.execute("SELECT 1 FROM sessions WHERE session_id = %s FOR UPDATE", [str(first.session_id)])
    blocked = threads.submit(store.events.add, [make_event(at_s=2)])
    assert waits(blocked)
    # Its log is not held yet by the one that waits.
    assert store.events.add([make_event(at_s=3, session_id=UUID(int=2))]) == [IngestOutcome.STORED]
    other.commit()
    assert blocked.result(LONG_S) == [IngestOutcome.STORED]


# 4: one claim at a time, and others pass by


def test_a_claim_under_way_is_passed_by(store: Store, other: psycopg.Connection[object]) -> None:
    store.events.add([make_event(), make_event(at_s=1)])
    other.execute("SELECT 1 FROM enrichments WHERE seq = 1 FOR UPDATE")
    claim = store.enrichments.claim(30)
    assert claim is not None
    assert claim.seq == 2
    assert store.enrichments.claim(30) is None
    other.commit()
    again = store.enrichments.claim(30)
    assert again is not None
    assert again.seq == 1


def test_eight_workers_take_each_question_once(store: Store, threads: ThreadPoolExecutor) -> None:
    store.events.add([make_event(at_s=number) for number in range(40)])

    taken = [seq for done in [threads.submit(judge_all, store) for _ in range(8)] for seq in done.result(LONG_S)]
    assert sorted(taken) == list(range(1, 41))


# 5: what is read first and written then


def test_two_workers_keep_a_cap_of_one(store: Store, threads: ThreadPoolExecutor) -> None:
    event = make_event()
    store.events.add([event])
    is_counting, may_go_on = threading.Event(), threading.Event()

    def has_room(spent: Spending) -> bool:
        is_counting.set()
        assert may_go_on.wait(LONG_S)
        return spent.calls < 1

    calls: list[Future[object]] = [threads.submit(store.calls.begin, event.event_id, START, has_room)]
    assert is_counting.wait(LONG_S)
    calls.append(threads.submit(store.calls.begin, event.event_id, START, lambda spent: spent.calls < 1))
    assert waits(calls[1])
    may_go_on.set()
    assert [call.result(LONG_S) for call in calls] == [1, None]


def test_a_session_is_what_its_events_and_all_that_was_said_make_of_it_whoever_writes_at_once(
    store: Store, threads: ThreadPoolExecutor
) -> None:
    sessions = [make_session(number, at_s=600 * number) for number in range(4)]
    attempts = [event for events in sessions for event in events if event.event_type is EventType.CLEANING_ATTEMPT]
    store.events.add([event for events in sessions for event in events[::2]])
    store.events.add(attempts)

    steps: list[Callable[[], object]] = [
        *2 * [partial(judge_all, store)],
        *(partial(store.events.add, events) for events in sessions),
        partial(store.enrichments.rerun_others, "another", "2"),
    ]
    for event in attempts:
        steps += [partial(store.reviews.add, event.event_id, agree, "", "ann") for agree in Agree]
        steps += [partial(store.corrections.add, event.session_id, UseCorrection(truth=truth)) for truth in UseTruth]
        steps += [partial(store.hidden_events.hide, event.event_id, "absurd", "ann")]
        steps += [partial(store.hidden_events.show, event.event_id)]
    random.Random(1).shuffle(steps)
    for done in [threads.submit(step) for step in steps]:
        done.result(LONG_S)
    assert [str(finding) for finding in check_derived(store.database)] == []


# 8: all agree


def test_all_backends_go_by_the_first_ones_secret(store: Store, postgres_url: str) -> None:
    with closing(Store.open(postgres_url, FakeClock(), create=False)) as second:
        agreed = store.settings.agree(SettingName.LINK_SECRET, "mine")
        assert agreed == "mine"
        assert second.settings.agree(SettingName.LINK_SECRET, "another one") == "mine"


# How it is opened


def test_backends_that_start_at_once_make_the_tables_once(
    store: Store, empty_url: str, threads: ThreadPoolExecutor
) -> None:
    with pytest.raises(DatabaseNotReady, match="start the backend first"):
        open_database(empty_url, FakeClock(), create=False)
    opening = [threads.submit(open_database, empty_url, FakeClock(), create=True) for _ in range(4)]
    for database in [future.result(LONG_S) for future in opening]:
        with database.read() as connection:
            assert connection.exec_driver_sql("SELECT version_num FROM alembic_version").scalars().all() == [HEAD]
        database.close()


def test_the_tables_are_those_that_the_code_names(store: Store) -> None:
    with store.database.read() as connection:
        found = compare_metadata(MigrationContext.configure(connection), metadata)
    # Rows that their event may not outlive for long name none here (tables.py).
    assert sorted((what, key.table.name) for what, key in found) == [("add_fk", "changes"), ("add_fk", "model_calls")]


def test_what_is_no_database_of_ours_is_refused(store: Store, empty_url: str, monkeypatch: pytest.MonkeyPatch) -> None:
    with psycopg.connect(empty_url) as connection:
        connection.execute("CREATE TABLE theirs (id int)")
    with pytest.raises(UsageError, match="another program"):
        open_database(empty_url, FakeClock(), create=True)
    monkeypatch.setattr(postgres_engine, "OLDEST_VERSION", 990_000)
    with pytest.raises(UsageError, match="too old, 99 or newer"):
        open_database(empty_url, FakeClock(), create=True)


def test_a_server_that_is_not_there_is_named_without_the_password(store: Store) -> None:
    with pytest.raises(FatalError, match=r"postgresql://ann:\*\*\*@127\.0\.0\.1:1/gym") as raised:
        open_database("postgresql://ann:s3cret@127.0.0.1:1/gym", FakeClock(), create=True)
    assert "s3cret" not in str(raised.value)


def test_the_session_is_bounded_unless_pgbouncer_hands_connections_out(store: Store, postgres_url: str) -> None:
    names = ("lock_timeout", "statement_timeout", "jit", "tcp_keepalives_idle", "tcp_keepalives_count")
    query = "SELECT " + ", ".join(f"current_setting('{name}')" for name in names)
    with closing(PostgresDatabase(make_url(postgres_url))) as database, database.read() as connection:
        assert tuple(connection.exec_driver_sql(query).one()) == ("30s", "1min", "off", "60", "3")
    with closing(PostgresDatabase(make_url(f"{postgres_url}?pgbouncer=true"))) as database:
        with database.read() as connection:
            assert connection.exec_driver_sql(query).one()[0] == "0"
        for _ in range(12):
            with database.write() as transaction:
                transaction.driver.execute("SELECT %(one)s", {"one": 1})
                prepared = transaction.driver.execute("SELECT count(*) FROM pg_prepared_statements").fetchone()
        assert prepared == (0,)


def test_arrays_are_sent_as_binary_since_in_those_of_text_each_quotation_mark_is_escaped(
    store: Store, postgres_url: str
) -> None:
    for url in (postgres_url, f"{postgres_url}?pgbouncer=true"):
        with closing(PostgresDatabase(make_url(url))) as database, database.write() as transaction:
            driver: Any = transaction.driver
            assert driver.adapters.get_dumper(list, PyFormat.AUTO).format is Format.BINARY


# What no text of PostgreSQL can hold


def test_words_of_other_servers_are_kept_whatever_is_in_them(store: Store) -> None:
    store.events.add([make_event(), make_event(at_s=1)])
    claim = store.enrichments.claim(30)
    assert claim is not None
    assert store.enrichments.fail(claim, "it said \0", None)
    row = store.events.find(claim.event.event_id)
    assert row is not None
    assert row.mm is not None
    assert row.mm.error == "it said \\x00"
    assert store.enrichments.note_blocked("the server said \0") == 1
    store.messages.note_test("mail", "250 \0", is_ok=True)
    [state] = store.messages.states([("mail", "mail", "")])
    assert state.last_answer == "250 \\x00"


# Failures


@pytest.mark.parametrize(
    ("state", "expected"),
    [
        *((state, StoreBusy) for state in ("40P01", "40001", "55P03", "57014", "57P01", "57P03", "08006", "53300")),
        *((state, StoreBusy) for state in ("23505", "23503")),
        *((state, StoreFull) for state in ("53100", "53200", "25006", "58030")),
        *((state, StoreBroken) for state in ("42P01", "22001", "XX001", "23502")),
    ],
)
def test_each_failure_is_what_a_caller_can_act_on(
    store: Store, postgres_database: PostgresDatabase, state: str, expected: type[Exception]
) -> None:
    with pytest.raises(expected), postgres_database.write():
        raise psycopg.errors.lookup(state)("it says why")


def test_a_server_that_was_restarted_is_busy_and_then_goes_on(store: Store, other: psycopg.Connection[object]) -> None:
    store.events.add([make_event()])
    # Other processes of the tests have databases of their own on this server.
    other.execute(
        # It comes back when they have ended.
        "SELECT pg_terminate_backend(pid, 60000) FROM pg_stat_activity "
        "WHERE application_name = 'gym' AND datname = current_database()"
    )
    with pytest.raises(StoreBusy):
        store.events.add([make_event(at_s=1)])
    assert store.events.add([make_event(at_s=1)]) == [IngestOutcome.STORED]
    with pytest.raises(StoreBusy):
        store.changes.newest()
    assert store.changes.newest() == 2


def test_a_standby_answers_and_takes_nothing(store: Store, postgres: Server) -> None:
    url = postgres.make_database()
    with psycopg.connect(url, autocommit=True) as connection:
        connection.execute(f"ALTER DATABASE {url.rpartition('/')[2]} SET default_transaction_read_only = on")
    with closing(Store.open(url, FakeClock(), create=False)) as standby:
        with pytest.raises(StoreFull, match="read only"):
            standby.check_writable(1)
        with pytest.raises(StoreFull):
            standby.events.add([make_event()])
        assert standby.changes.newest() == 0
    store.check_writable(1)
    postgres.drop(url)
