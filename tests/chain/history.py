"""Weeks that lie behind the chain, written by the database itself: the same rows as the backend's, much faster.

The log of changes holds a week, as the backend keeps it.
"""

from collections.abc import Sequence

import psycopg

from backend_api.contract.events import EventType
from backend_api.contract.verdicts import Verdict
from tests.chain.size import Size

_WEEK_MS = 7 * 86_400_000
_KINDS = ", ".join(
    f"({number}, '{kind}', {delay_ms})"
    for number, (kind, delay_ms) in enumerate(
        zip(
            (
                EventType.MACHINE_OCCUPIED_START,
                EventType.MACHINE_OCCUPIED_END,
                EventType.CLEANING_WINDOW_OPEN,
                EventType.CLEANING_ATTEMPT,
            ),
            (0, 600_000, 600_000, 620_000),
            strict=True,
        )
    )
)
_VERDICT = "CASE u % 6 " + " ".join(f"WHEN {2 * n} THEN '{verdict}'" for n, verdict in enumerate(Verdict)) + " END"
# A use is a random machine at a random instant of the week; every other one has an attempt, as in day.py.
_USES = """
CREATE TEMPORARY TABLE uses ON COMMIT DROP AS
SELECT u, gen_random_uuid()::text AS session_id, 'gym_' || lpad((m / %(per_gym)s)::text, 4, '0') AS store_id,
    'cam_' || lpad((m / %(machines)s %% %(cameras)s)::text, 2, '0') AS camera_id,
    'machine_' || (m %% %(machines)s) AS machine_id, %(begin_ms)s + (random() * %(week_ms)s)::bigint AS ts_ms
FROM (SELECT u, floor(random() * %(all_machines)s)::int AS m FROM generate_series(1, %(uses)s) u) picked"""
_EVENTS = f"""
INSERT INTO events (event_id, event_type, store_id, camera_id, machine_id, session_id, ts_ms, received_at_ms, body)
SELECT event_id, kind, store_id, camera_id, machine_id, session_id, at_ms, at_ms + 500,
    '{{"event_id":"' || event_id || '","event_type":"' || kind || '","store_id":"' || store_id || '","camera_id":"' ||
    camera_id || '","machine_id":"' || machine_id || '","session_id":"' || session_id || '","ts":"' ||
    to_char(to_timestamp(at_ms / 1000.0) AT TIME ZONE 'UTC', 'YYYY-MM-DD"T"HH24:MI:SS.MS"Z"') ||
    '","media_time_s":3600.0,"track_id":1,"confidence":0.9,"needs_mm":' ||
    CASE kind WHEN 'CLEANING_ATTEMPT' THEN 'true' ELSE 'false' END ||
    ',"clip":null,"clip_error":null,"attributes":{{}},"schema_version":1}}'
FROM (
    SELECT uses.*, kind, ts_ms + delay_ms AS at_ms,
        CASE number WHEN 0 THEN session_id ELSE gen_random_uuid()::text END AS event_id
    FROM uses CROSS JOIN (VALUES {_KINDS}) kinds (number, kind, delay_ms) WHERE number < 3 OR u % 2 = 0
) made ORDER BY at_ms"""  # noqa: S608 - constants of this file
_ENRICHMENTS = f"""
INSERT INTO enrichments (seq, ts_ms, status, attempts, token, changed_at_ms, verdict)
SELECT seq, events.ts_ms, 'DONE', 1, 1, events.ts_ms, {_VERDICT} FROM events JOIN uses USING (session_id)
WHERE event_type = 'CLEANING_ATTEMPT'"""  # noqa: S608
_RESULTS = f"""
INSERT INTO results (seq, at_ms, model, prompt_version, verdict, result, raw)
SELECT seq, events.ts_ms, 'mock', 'cleaning_attempt-2', {_VERDICT}, '{{"verdict":"' || ({_VERDICT}) || '","confidence"'
    ':0.9,"summary":"A person wipes the handles of the machine with a cloth.","model":"mock","prompt_version":'
    '"cleaning_attempt-2","frame_times_s":[0.5,1.5,2.5,3.5,4.5,5.5],"latency_ms":900.0}}', repeat('r', 400)
FROM events JOIN uses USING (session_id) WHERE event_type = 'CLEANING_ATTEMPT'"""  # noqa: S608
_SESSIONS = f"""
INSERT INTO sessions (session_id, store_id, camera_id, machine_id, ts_ms, started_ms, ended_ms, end_reason, opened_ms,
    closes_ms, attempt_seq, attempt_ms, end_seq, heard_ms, verdict, judged_seq, is_reviewed, outcome_key)
SELECT uses.session_id, uses.store_id, uses.camera_id, uses.machine_id, uses.ts_ms, uses.ts_ms,
    uses.ts_ms + 600000, 'left', uses.ts_ms + 600000, uses.ts_ms + 720000, attempts.seq, attempts.ts_ms, ends.seq,
    uses.ts_ms + 600500, CASE WHEN attempts.seq IS NOT NULL THEN {_VERDICT} END, attempts.seq, false,
    CASE WHEN attempts.seq IS NOT NULL THEN {_VERDICT} ELSE 'opened' END
FROM uses JOIN events ends USING (session_id)
LEFT JOIN events attempts ON attempts.session_id = uses.session_id AND attempts.event_type = 'CLEANING_ATTEMPT'
WHERE ends.event_type = 'MACHINE_OCCUPIED_END' ORDER BY uses.ts_ms"""  # noqa: S608
_MACHINES = """
INSERT INTO machines (store_id, camera_id, machine_id, last_seq, last_ms)
SELECT DISTINCT ON (store_id, camera_id, machine_id) store_id, camera_id, machine_id, sessions.seq, sessions.ts_ms
FROM sessions JOIN uses USING (session_id, store_id, camera_id, machine_id)
ORDER BY store_id, camera_id, machine_id, sessions.ts_ms DESC
ON CONFLICT (store_id, camera_id, machine_id) DO UPDATE SET last_seq = excluded.last_seq, last_ms = excluded.last_ms"""
_CHANGES = """
INSERT INTO changes (kind, seq) SELECT 'event', seq FROM events JOIN uses USING (session_id) ORDER BY seq"""
_FORGET = "TRUNCATE changes"


def add_week(connection: psycopg.Connection[object], size: Size, begin_ms: int) -> int:
    """Write a week that begins at `begin_ms`, since 1970; how many events it has."""
    values = {
        "begin_ms": begin_ms,
        "week_ms": _WEEK_MS,
        "per_gym": size.cameras * size.machines,
        "machines": size.machines,
        "cameras": size.cameras,
        "all_machines": size.all_machines,
        "uses": 7 * size.uses,
    }
    with connection.transaction():
        connection.execute(_USES, values)
        connection.execute("ANALYZE uses")
        events = connection.execute(_EVENTS).rowcount
        steps: Sequence[str] = (_ENRICHMENTS, _RESULTS, _SESSIONS, _MACHINES, _FORGET, _CHANGES)
        for step in steps:
            connection.execute(step.encode())
    connection.execute("VACUUM ANALYZE")
    return events
