"""An event that needs the model waits for it from the same statement on that stores it.

Its session's indexes are written again only where they change: all of them hold the time, which an upsert that names it
writes again even when it is the same.
"""

from alembic import op

revision = "0008"
down_revision = "0007"

_SESSION = """
INSERT INTO sessions (session_id, store_id, camera_id, machine_id, ts_ms, started_ms, ended_ms, end_reason, opened_ms,
    closes_ms, attempt_seq, attempt_ms)
VALUES (
    new.session_id, new.store_id, new.camera_id, new.machine_id, new.ts_ms,
    CASE new.event_type WHEN 'MACHINE_OCCUPIED_START' THEN new.ts_ms END,
    CASE new.event_type WHEN 'MACHINE_OCCUPIED_END' THEN new.ts_ms END,
    CASE new.event_type WHEN 'MACHINE_OCCUPIED_END' THEN json_extract(new.body, '$.attributes.end_reason') END,
    CASE new.event_type WHEN 'CLEANING_WINDOW_OPEN' THEN new.ts_ms END,
    CASE new.event_type WHEN 'CLEANING_WINDOW_OPEN' THEN CAST(round(
        (julianday(json_extract(new.body, '$.attributes.closes_at')) - 2440587.5) * 86400000) AS INTEGER) END,
    CASE new.event_type WHEN 'CLEANING_ATTEMPT' THEN new.seq END,
    CASE new.event_type WHEN 'CLEANING_ATTEMPT' THEN new.ts_ms END
)
ON CONFLICT (session_id) DO UPDATE SET
    started_ms = coalesce(started_ms, excluded.started_ms),
    ended_ms = coalesce(ended_ms, excluded.ended_ms),
    end_reason = coalesce(end_reason, excluded.end_reason),
    opened_ms = coalesce(opened_ms, excluded.opened_ms),
    closes_ms = coalesce(closes_ms, excluded.closes_ms),
    attempt_seq = coalesce(attempt_seq, excluded.attempt_seq),
    attempt_ms = coalesce(attempt_ms, excluded.attempt_ms);
"""
_TRIGGERS = {
    "events_inserted AFTER INSERT ON events": " ".join(
        (
            "INSERT INTO changes (kind, seq) VALUES ('event', new.seq);",
            _SESSION,
            "UPDATE sessions SET ts_ms = new.ts_ms WHERE session_id = new.session_id AND ts_ms > new.ts_ms;",
        )
    ),
    # By the contract, these are the events whose needs_mm is true.
    "events_wait AFTER INSERT ON events WHEN new.event_type = 'CLEANING_ATTEMPT'": (
        "INSERT INTO enrichments (seq, ts_ms, status, attempts, token, due_ms, changed_at_ms) "
        "VALUES (new.seq, new.ts_ms, 'PENDING', 0, 0, new.received_at_ms, new.received_at_ms);"
    ),
}


def upgrade() -> None:
    """Set the triggers; events that are there have their enrichments already."""
    op.execute("DROP TRIGGER events_inserted")
    for event, statements in _TRIGGERS.items():
        op.execute(f"CREATE TRIGGER {event} BEGIN {statements} END")
