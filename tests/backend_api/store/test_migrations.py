"""A database of an earlier version, with what it holds, becomes one of today's and loses nothing."""

from contextlib import closing
from pathlib import Path

import pytest
from alembic import command
from alembic.config import Config

import backend_api.store.migrations
from backend_api.base.instants import to_ms
from backend_api.contract.verdicts import MmStatus
from backend_api.store.database import Database
from backend_api.store.migrate import DatabaseNotReady
from backend_api.store.store import Store
from tests.backend_api.events import START, make_event, make_result
from tests.fake_clock import FakeClock

EVENT = make_event()
WAITING = make_event(at_s=1)
RESULT = make_result()


def make_database_0001(path: Path) -> None:
    """Two events as version 0001 kept them: the first with a verdict, without the fields that came later."""
    with closing(Database(path)) as database:
        with database.read() as connection:
            connection.exec_driver_sql("PRAGMA journal_mode=WAL")
        with database.migrate() as connection:
            config = Config()
            config.set_main_option("script_location", str(Path(backend_api.store.migrations.__file__ or "").parent))
            config.attributes["connection"] = connection
            command.upgrade(config, "0001")
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
