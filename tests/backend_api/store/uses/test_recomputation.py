"""Sessions that differ from what is stored are found, and made anew of it."""

import sqlite3
import threading
from concurrent.futures import ThreadPoolExecutor
from contextlib import closing
from pathlib import Path

import pytest

from backend_api.checks.derived import check_derived
from backend_api.contract.events import EventType
from backend_api.store import events as events_module
from backend_api.store.db.statements import Transaction
from backend_api.store.store import Store
from backend_api.store.uses.recomputation import recompute
from backend_api.store.uses.session_row import EventFacts
from backend_api.store.uses.sessions import follow_events
from tests.backend_api.events import make_event
from tests.backend_api.store.uses.test_sessions import FIRST, KINDS, STORED_ENRICHMENTS, STORED_SESSIONS, Oracle, make
from tests.fake_clock import FakeClock

LONG_S = 60.0
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


SAID_TWICE = [
    # Its camera calls the machine, and the store, by other names from here on.
    (EventType.MACHINE_OCCUPIED_START, {"store_id": "gym_0"}, EventType.MACHINE_OCCUPIED_END, {"store_id": "gym_1"}),
    (EventType.MACHINE_OCCUPIED_START, {}, EventType.MACHINE_OCCUPIED_START, {}),
    (EventType.CLEANING_ATTEMPT, {}, EventType.CLEANING_ATTEMPT, {}),
    (EventType.CLEANING_WINDOW_OPEN, {}, EventType.CLEANING_WINDOW_OPEN, {}),
]


@pytest.mark.parametrize("store", ["postgres"], indirect=True)
@pytest.mark.parametrize(("one_type", "one_name", "other_type", "other_name"), SAID_TWICE)
def test_of_two_that_say_the_same_of_a_use_the_lower_number_counts_whoever_is_first(
    store: Store,
    monkeypatch: pytest.MonkeyPatch,
    one_type: EventType,
    one_name: dict[str, str],
    other_type: EventType,
    other_name: dict[str, str],
) -> None:
    """The first one has its number, and is overtaken before it comes to its session."""
    one, other = (
        make_event(event_type=kind, at_s=at_s, **name)
        for kind, at_s, name in ((one_type, 0, one_name), (other_type, 60, other_name))
    )
    is_numbered, may_go_on = threading.Event(), threading.Event()

    def follow_late(transaction: Transaction, new: list[EventFacts]) -> list[str]:
        if not is_numbered.is_set():
            is_numbered.set()
            assert may_go_on.wait(LONG_S)
        return follow_events(transaction, new)

    monkeypatch.setattr(events_module, "follow_events", follow_late)
    with ThreadPoolExecutor(1) as thread:
        late = thread.submit(store.events.add, [one])
        assert is_numbered.wait(LONG_S)
        store.events.add([other])
        may_go_on.set()
        late.result(LONG_S)
    assert [str(finding) for finding in check_derived(store.database)] == []


@pytest.mark.both_databases
def test_in_a_batch_of_two_cameras_the_lower_number_counts(store: Store) -> None:
    """Numbers go by camera, so that two batches never wait for each other."""
    names = ("gym_1", "gym_0")
    store.events.add([make_event(store_id=name, at_s=at_s) for at_s, name in enumerate(names)])
    assert [str(finding) for finding in check_derived(store.database)] == []
