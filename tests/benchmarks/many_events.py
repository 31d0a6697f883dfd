"""Stores with very many events, as dense as a busy gym's, filled within seconds."""

import sqlite3
from contextlib import closing
from dataclasses import dataclass
from pathlib import Path

from backend_api.base.clock import SystemClock
from backend_api.contract.events import EventType
from backend_api.contract.verdicts import Verdict
from backend_api.store.store import Store

BEGIN_MS = 1_700_000_000_000  # since 1970
# One event every ten seconds on twenty machines of four cameras.
STEP_MS = 10_000
SERIES = "WITH RECURSIVE n(i) AS (SELECT 0 UNION ALL SELECT i + 1 FROM n WHERE i < :count - 1)"
BODY = (
    """'{"event_id":"' || printf('00000000-0000-4000-8000-%012x', i) || '","event_type":"' || kind"""
    """ || '","store_id":"' || gym || '","camera_id":"' || camera || '","machine_id":"' || machine"""
    """ || '","session_id":"' || session"""
    """ || '","ts":"2026-01-31T09:00:00.000Z","media_time_s":0.0,"confidence":0.9,"needs_mm":' ||"""
    """ iif(kind = 'CLEANING_ATTEMPT', 'true', 'false') || ',"attributes":{}}'"""
)
EVENTS = f"""INSERT INTO events {SERIES}, facts AS (
    SELECT i, CASE i % 4 {" ".join(f"WHEN {index} THEN '{kind}'" for index, kind in enumerate(EventType))} END AS kind,
        CASE WHEN :of = 1 THEN 'bench' ELSE printf('gym_%04d', :first + i / 4 % :gyms) END AS gym,
        printf('cam_%d', i / 4 / :gyms % 4) AS camera, printf('bike_%02d', i / 4 / :gyms % 20) AS machine,
        printf('00000000-0000-4000-8000-%012x', i - i % 4) AS session FROM n)
SELECT i + 1, printf('00000000-0000-4000-8000-%012x', i), kind, gym, camera, machine, session,
    :begin + i * :step, :begin + i * :step, {BODY}, NULL FROM facts"""  # noqa: S608 - constants of this file
WHICH = " ".join(f"WHEN {index} THEN '{verdict}'" for index, verdict in enumerate(Verdict))
VERDICT = f"CASE seq / 4 % 3 {WHICH} END"
ENRICHMENTS = f"""INSERT INTO enrichments (seq, ts_ms, status, attempts, token, changed_at_ms, verdict)
SELECT seq, ts_ms, 'DONE', 1, 1, ts_ms, {VERDICT} FROM events WHERE event_type = 'CLEANING_ATTEMPT'"""  # noqa: S608
# Each begins with the first of four events, and ends with its attempt; nobody is to be asked about the end of its use.
SESSIONS = f"""INSERT INTO sessions (session_id, store_id, camera_id, machine_id, ts_ms, started_ms, ended_ms,
    opened_ms, attempt_seq, attempt_ms, end_seq, heard_ms, verdict, judged_seq, is_reviewed, outcome_key)
SELECT session_id, store_id, camera_id, machine_id, ts_ms - {3 * STEP_MS}, ts_ms - {3 * STEP_MS}, ts_ms - {2 * STEP_MS},
    ts_ms - {STEP_MS}, seq, ts_ms, seq - 2, ts_ms - {STEP_MS}, {VERDICT}, seq, 0, {VERDICT}
    FROM events WHERE event_type = 'CLEANING_ATTEMPT'
    ORDER BY seq"""  # noqa: S608 - constants of this file
# SQLite gives the other columns of a group from the row that has its max().
MACHINES = """INSERT INTO machines (store_id, camera_id, machine_id, last_seq, last_ms)
SELECT store_id, camera_id, machine_id, seq, max(ts_ms) FROM sessions GROUP BY store_id, camera_id, machine_id"""
CHANGES = "INSERT INTO changes (kind, seq) SELECT 'event', seq FROM events ORDER BY seq"


@dataclass(frozen=True, slots=True)
class Gyms:
    """So many gyms from gym_`first` on, each as busy as one `of` a chain that together has an event every STEP_MS."""

    first: int
    number: int
    of: int


def make_store(path: Path, count: int, begin_ms: int = BEGIN_MS, gyms: Gyms | None = None) -> Store:
    """A store with `count` events, a quarter of them judged, the first at `begin_ms`, written the fast way.

    They are of one gym, or of `gyms`.
    """
    gyms = gyms or Gyms(0, 1, of=1)
    places = {"first": gyms.first, "gyms": gyms.number, "of": gyms.of, "step": STEP_MS * gyms.of // gyms.number}
    Store.open(path, SystemClock(), create=True).close()
    with closing(sqlite3.connect(path)) as connection, connection:
        connection.execute("PRAGMA synchronous=OFF")
        connection.execute(EVENTS, {"count": count, "begin": begin_ms, **places})
        for statement in (ENRICHMENTS, SESSIONS, MACHINES, CHANGES):
            connection.execute(statement)
    return Store.open(path, SystemClock(), create=False)
