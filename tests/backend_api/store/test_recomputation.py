"""Sessions that differ from what is stored are found, and made anew of it."""

import sqlite3
from contextlib import closing
from pathlib import Path

import pytest

from backend_api.checks.derived import check_derived
from backend_api.store.recomputation import recompute
from backend_api.store.store import Store
from tests.backend_api.store.test_sessions import FIRST, KINDS, STORED_ENRICHMENTS, STORED_SESSIONS, Oracle, make
from tests.fake_clock import FakeClock

DAMAGES = {
    "a wrong outcome": "UPDATE sessions SET outcome_key = 'failed', verdict = NULL",
    "a wrong time": "UPDATE sessions SET ts_ms = 0, ended_ms = NULL",
    "a session that is gone": "DELETE FROM sessions",
    "a verdict that is gone": "UPDATE enrichments SET verdict = NULL",
    "an opinion of another verdict": "UPDATE sessions SET review = 'no', is_reviewed = 1",
    "an end that nobody is to be asked about": "UPDATE sessions SET end_due_ms = NULL",
    "another event that decides": "UPDATE sessions SET judged_seq = end_seq, end_is_asked = 1",
    "an event that nobody was told of": "DELETE FROM changes WHERE seq = 3",
}


@pytest.mark.parametrize("damage", DAMAGES)
def test_what_differs_is_found_and_made_anew(store: Store, clock: FakeClock, tmp_path: Path, damage: str) -> None:
    oracle = Oracle(store, clock)
    for name, value in FIRST:
        oracle.write(name, value)
    before = everything(store)
    with closing(sqlite3.connect(tmp_path / "app.db")) as connection, connection:
        connection.execute(DAMAGES[damage])
    found = list(check_derived(store.database))
    assert found
    for finding in found:
        assert finding.repair is not None
        finding.repair()
        finding.repair()
    # What was repaired first may have been the reason for what was found next.
    for finding in check_derived(store.database):
        assert finding.repair is not None
        finding.repair()
    assert list(check_derived(store.database)) == []
    assert everything(store) == before


def everything(store: Store) -> list[object]:
    with store.database.snapshot() as connection:
        return [
            *connection.exec_driver_sql(STORED_SESSIONS).all(),
            *connection.exec_driver_sql(STORED_ENRICHMENTS).all(),
            *sorted(connection.exec_driver_sql("SELECT kind, seq FROM changes").all()),
        ]


def test_a_session_without_any_event_is_told_and_left(store: Store, tmp_path: Path) -> None:
    store.events.add([make(0, KINDS[0], 0, False)])
    with closing(sqlite3.connect(tmp_path / "app.db")) as connection, connection:
        connection.execute("UPDATE sessions SET session_id = 'lost'")
    lost = [finding for finding in check_derived(store.database) if finding.subject == "lost"]
    assert [finding.repair for finding in lost] == [None]


def test_what_was_stored_without_bounds_is_read_without_them() -> None:
    """An END and an OPEN whose attributes today's contract refuses."""
    body = '{"attributes":{"closes_at":"not a time","end_reason":7}}'
    names = ("gym", "cam", "bike", "session")
    rows = [(1, "MACHINE_OCCUPIED_END", *names, 5, 5, body), (2, "CLEANING_WINDOW_OPEN", *names, 6, 6, body)]
    [row] = recompute(rows, []).values()
    assert (row.ended_ms, row.end_reason, row.opened_ms, row.closes_ms) == (5, None, 6, None)
