"""A database of an earlier version, with what it holds, becomes one of today's and loses nothing."""

import logging
from contextlib import closing
from datetime import timedelta
from pathlib import Path

import pytest
from alembic import command
from alembic.config import Config
from alembic.script import ScriptDirectory
from sqlalchemy import Connection

import backend_api.store.db.migrations
from backend_api.base.instants import to_ms
from backend_api.checks.derived import check_derived
from backend_api.checks.finding import Kind
from backend_api.contract.cameras import CameraReport
from backend_api.contract.events import Event
from backend_api.contract.queries import SessionQuery, StatsQuery
from backend_api.contract.verdicts import Agree, MmStatus, Verdict
from backend_api.reports.reports import Reports
from backend_api.store.db import migrate
from backend_api.store.db.migrate import DatabaseNotReady
from backend_api.store.db.sqlite_engine import SqliteDatabase
from backend_api.store.events import IngestOutcome
from backend_api.store.store import Store
from tests.backend_api.contract.test_bounds import REPORT
from tests.backend_api.events import START, make_event, make_result
from tests.backend_api.reports.test_sessions import make_session
from tests.fake_clock import FakeClock

MIGRATIONS = Path(backend_api.store.db.migrations.__file__ or "").parent
EVENT = make_event()
WAITING = make_event(at_s=1)
RESULT = make_result()


def make_database_0001(path: Path) -> None:
    """Two events as version 0001 kept them: the first with a verdict, without the fields that came later."""
    with closing(SqliteDatabase(path)) as database:
        with database.read() as connection:
            connection.exec_driver_sql("PRAGMA journal_mode=WAL")
        with database.migrate() as connection:
            upgrade(connection, "0001")
            for seq, event in enumerate((EVENT, WAITING), start=1):
                connection.exec_driver_sql(
                    "INSERT INTO events VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?, ?, NULL)",
                    (seq, str(event.event_id), event.event_type, event.store_id, event.camera_id, event.machine_id,
                     str(event.session_id), to_ms(event.ts), to_ms(event.ts), event.model_dump_json()),
                )  # fmt: skip
            old = '{"verdict": "cleaned", "confidence": 0.8, "summary": "A person wipes the handles.", '
            old += '"model": "mock", "prompt_version": "1", "frame_times_s": [0.5, 1.5], "latency_ms": 12.5, '
            old += '"raw": {"verdict": "cleaned"}}'
            rows = [(1, "DONE", 1, None, "cleaned", old), (2, "PENDING", 0, to_ms(START), None, None)]
            for seq, status, attempts, due_ms, verdict, result in rows:
                connection.exec_driver_sql(
                    "INSERT INTO enrichments VALUES (?, ?, ?, ?, 1, ?, ?, NULL, ?, ?)",
                    (seq, to_ms(START), status, attempts, due_ms, to_ms(START), verdict, result),
                )


def test_a_database_with_verdicts_gets_them_as_the_begin_of_its_history(tmp_path: Path) -> None:
    db = tmp_path / "app.db"
    make_database_0001(db)
    with pytest.raises(DatabaseNotReady, match="start the backend first"):
        Store.open(db, FakeClock(), create=False)
    with closing(Store.open(db, FakeClock(), create=True)) as store:
        rows = [store.events.find(event.event_id) for event in (EVENT, WAITING)]
        assert [row and row.event for row in rows] == [EVENT, WAITING]
        assert [row and row.mm and row.mm.status for row in rows] == [MmStatus.DONE, MmStatus.PENDING]
        assert rows[0] is not None
        assert rows[0].mm is not None
        assert rows[0].mm.result == RESULT
        [kept] = store.results.history()
        assert (kept.event_id, kept.at, kept.result) == (EVENT.event_id, START, RESULT)
        assert store.reviews.history() == []
        claim = store.enrichments.claim(30.0)
        assert claim is not None
        assert store.enrichments.finish(claim, RESULT)
        assert len(store.results.history()) == 2


REVISIONS = [step.revision for step in ScriptDirectory(str(MIGRATIONS)).walk_revisions()][::-1]
# What each release wrote by itself, and did not leave to triggers, by the revision from which on the tables had it.
ENRICHMENT = (
    "INSERT INTO enrichments (seq, ts_ms, status, attempts, token, due_ms, changed_at_ms)"
    " SELECT seq, ts_ms, 'PENDING', 0, 0, received_at_ms, received_at_ms FROM events"
    " WHERE event_type = 'CLEANING_ATTEMPT'"
)
VERDICT = "UPDATE enrichments SET status = 'DONE', due_ms = NULL, verdict = :verdict WHERE seq = 4"
SHOWN = "UPDATE enrichments SET result = :result WHERE seq = 4"
HISTORY = (
    "INSERT INTO results (seq, at_ms, model, prompt_version, verdict, result)"
    " VALUES (4, 1, 'mock', '1', :verdict, :result)"
)
REVIEW = (
    "INSERT INTO reviews (seq, at_ms, who, agree, note, model, prompt_version, verdict)"
    " VALUES (4, 2, 'ann', 'no', '', 'mock', '1', :verdict)"
)
REPORTED = (
    "INSERT INTO cameras VALUES ('gym_demo', 'cam_01', :at_ms, :body)"
    " ON CONFLICT DO UPDATE SET reported_at_ms = excluded.reported_at_ms"
)


@pytest.mark.parametrize("revision", REVISIONS)
def test_a_database_of_every_revision_comes_along_with_all_that_it_holds(
    tmp_path: Path, revision: str, caplog: pytest.LogCaptureFixture
) -> None:
    """A session that was judged twice and reviewed once, another that waits, and a minute of reports."""
    events = [*make_session(1), *make_session(2, at_s=600)]
    db = tmp_path / "app.db"
    with closing(SqliteDatabase(db)) as database:
        with database.read() as connection:
            connection.exec_driver_sql("PRAGMA journal_mode=WAL")
        with database.migrate() as connection:
            # Since 0009 no trigger writes: what is there by then comes from before.
            before = min(revision, "0008")
            upgrade(connection, before)
            fill(connection, before, events)
            upgrade(connection, revision)
    clock = FakeClock()
    clock.advance(120)
    with caplog.at_level(logging.INFO), closing(Store.open(db, clock, create=True)) as store:
        newest = REVISIONS[-1]
        logged = [record.getMessage() for record in caplog.records if record.name == migrate.__name__]
        assert logged == (
            []
            if revision == newest
            else [
                f"updating the database {db} from schema {revision} to {newest}; a large one takes minutes",
                f"updated the database {db} from schema {revision} to {newest} in 0.0 s",
            ]
        )
        rows = [store.events.find(event.event_id) for event in events]
        assert [row and row.event for row in rows] == events
        assert [row.mm.status for row in rows if row and row.mm] == [MmStatus.DONE, MmStatus.PENDING]
        judged = rows[3]
        assert judged is not None
        assert judged.mm is not None
        assert judged.mm.result == make_result(verdict=Verdict.NOT_CLEANED, requested_model="asked")
        assert [stored.result.verdict for stored in store.results.history()][-1] is Verdict.NOT_CLEANED
        assert len(store.results.history()) == (2 if revision >= "0002" else 1)
        assert [review.agree for review in store.reviews.history()] == ([Agree.NO] if revision >= "0002" else [])
        assert [finding for finding in check_derived(store.database) if finding.kind is not Kind.UNLOGGED_EVENT] == []
        assert store.enrichments.rerun_others("asked", "1") == 0
        assert [state.camera_id for state in store.cameras.states()] == (["cam_01"] if revision >= "0004" else [])
        sessions = Reports(store).sessions(SessionQuery()).items
        assert [session.outcome.value for session in sessions] == ["waiting", "not_cleaned"]
        assert sessions[1].review == ("no" if revision >= "0002" else None)
        observed_s = 60.0 if revision >= "0005" else 0.0
        figures = Reports(store).stats(StatsQuery(since=START, until=START + timedelta(minutes=1))).total
        assert figures.observed_s >= observed_s
        assert store.events.add(events) == [IngestOutcome.DUPLICATE] * 8


def upgrade(connection: Connection, revision: str) -> None:
    config = Config()
    config.set_main_option("script_location", str(MIGRATIONS))
    config.attributes["connection"] = connection
    command.upgrade(config, revision)


def fill(connection: Connection, revision: str, events: list[Event]) -> None:
    """Write what the release of `revision` would have, through its triggers where it had any."""
    sql = connection.exec_driver_sql
    for seq, event in enumerate(events, start=1):
        names = (event.store_id, event.camera_id, event.machine_id, str(event.session_id))
        ts_ms = to_ms(event.ts)
        sql(
            "INSERT INTO events VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?, ?, NULL)",
            (seq, str(event.event_id), event.event_type, *names, ts_ms, ts_ms, event.model_dump_json()),
        )
    if revision != "0008":
        sql(ENRICHMENT)
    for verdict in (Verdict.CLEANED, Verdict.NOT_CLEANED):
        result = make_result(verdict=verdict, requested_model="asked")
        values = {"verdict": verdict.value, "result": result.model_dump_json()}
        sql(VERDICT, values)
        sql(SHOWN, values)
        if revision >= "0002":
            sql(HISTORY, values)
    if revision >= "0002":
        sql(REVIEW, {"verdict": "not_cleaned"})
    if revision >= "0004":
        body = CameraReport.model_validate(REPORT).model_dump_json()
        for at_s in range(0, 61, 5):
            sql(REPORTED, {"at_ms": to_ms(START) + 1000 * at_s, "body": body})
