"""Sessions, changes and watches: the tables that triggers keep, filled from the events that there are."""

import sqlalchemy as sa
from alembic import op

revision = "0005"
down_revision = "0004"

_INDEXES = {
    "ts": [],
    "store": ["store_id"],
    "camera": ["camera_id"],
    "machine": ["machine_id"],
    "verdict": ["verdict"],
    "place": ["store_id", "camera_id", "machine_id"],
}

# What one event says of its session. In the trigger, `new` is the row that was inserted. Milliseconds come from the
# Julian day, whose steps in a double are 0.04 ms these centuries.
_FACTS = """
    new.session_id, new.store_id, new.camera_id, new.machine_id, new.ts_ms,
    CASE new.event_type WHEN 'MACHINE_OCCUPIED_START' THEN new.ts_ms END,
    CASE new.event_type WHEN 'MACHINE_OCCUPIED_END' THEN new.ts_ms END,
    CASE new.event_type WHEN 'MACHINE_OCCUPIED_END' THEN json_extract(new.body, '$.attributes.end_reason') END,
    CASE new.event_type WHEN 'CLEANING_WINDOW_OPEN' THEN new.ts_ms END,
    CASE new.event_type WHEN 'CLEANING_WINDOW_OPEN' THEN CAST(round(
        (julianday(json_extract(new.body, '$.attributes.closes_at')) - 2440587.5) * 86400000) AS INTEGER) END,
    CASE new.event_type WHEN 'CLEANING_ATTEMPT' THEN new.seq END,
    CASE new.event_type WHEN 'CLEANING_ATTEMPT' THEN new.ts_ms END
"""
_INTO_SESSIONS = """
INSERT INTO sessions (session_id, store_id, camera_id, machine_id, ts_ms, started_ms, ended_ms, end_reason, opened_ms,
    closes_ms, attempt_seq, attempt_ms)
"""
# Events come in any order; of two that say the same, the first counts.
_ON_CONFLICT = """
ON CONFLICT (session_id) DO UPDATE SET
    ts_ms = min(ts_ms, excluded.ts_ms),
    started_ms = coalesce(started_ms, excluded.started_ms),
    ended_ms = coalesce(ended_ms, excluded.ended_ms),
    end_reason = coalesce(end_reason, excluded.end_reason),
    opened_ms = coalesce(opened_ms, excluded.opened_ms),
    closes_ms = coalesce(closes_ms, excluded.closes_ms),
    attempt_seq = coalesce(attempt_seq, excluded.attempt_seq),
    attempt_ms = coalesce(attempt_ms, excluded.attempt_ms)
"""


# A camera that was silent for longer than this did not watch meanwhile.
_LONGEST_SILENCE_MS = 60_000
_WATCH_ON = """
    UPDATE watches SET end_ms = new.reported_at_ms WHERE store_id = new.store_id AND camera_id = new.camera_id
        AND end_ms BETWEEN new.reported_at_ms - {silence_ms} AND new.reported_at_ms;
    INSERT INTO watches (store_id, camera_id, begin_ms, end_ms)
        SELECT new.store_id, new.camera_id, new.reported_at_ms, new.reported_at_ms WHERE NOT EXISTS (
            SELECT 1 FROM watches WHERE store_id = new.store_id AND camera_id = new.camera_id
                AND end_ms >= new.reported_at_ms);
""".replace("{silence_ms}", str(_LONGEST_SILENCE_MS))
_TRIGGERS = {
    "events_inserted AFTER INSERT ON events": " ".join(
        (
            "INSERT INTO changes (kind, seq) VALUES ('event', new.seq);",
            *(_INTO_SESSIONS, "VALUES (", _FACTS, ")", _ON_CONFLICT, ";"),
        )
    ),
    # A claim is no change that anybody is told of, and a power cut may undo its renewals.
    "enrichments_changed AFTER UPDATE OF status ON enrichments "
    "WHEN new.status <> old.status AND new.status <> 'PROCESSING'": (
        "INSERT INTO changes (kind, seq) VALUES ('verdict', new.seq);"
    ),
    "enrichments_judged AFTER UPDATE OF verdict ON enrichments WHEN new.verdict IS NOT old.verdict": (
        "UPDATE sessions SET verdict = new.verdict WHERE attempt_seq = new.seq "
        "AND session_id = (SELECT session_id FROM events WHERE seq = new.seq);"
    ),
    "cameras_first_reported AFTER INSERT ON cameras": _WATCH_ON,
    "cameras_reported AFTER UPDATE OF reported_at_ms ON cameras": _WATCH_ON,
}


def upgrade() -> None:
    """Make the tables, tell them what has happened, and set the triggers that tell them what will."""
    _create_tables()
    op.execute(_INTO_SESSIONS + "SELECT" + _FACTS + "FROM events AS new WHERE true ORDER BY new.seq" + _ON_CONFLICT)
    op.execute(
        "UPDATE sessions SET verdict = (SELECT verdict FROM enrichments WHERE enrichments.seq = attempt_seq) "
        "WHERE attempt_seq IS NOT NULL"
    )
    for event, statements in _TRIGGERS.items():
        op.execute(f"CREATE TRIGGER {event} BEGIN {statements} END")


def _create_tables() -> None:
    op.create_table(
        "sessions",
        sa.Column("seq", sa.Integer, primary_key=True),
        sa.Column("session_id", sa.String(36), nullable=False, unique=True),
        sa.Column("store_id", sa.String(64), nullable=False),
        sa.Column("camera_id", sa.String(64), nullable=False),
        sa.Column("machine_id", sa.String(64), nullable=False),
        sa.Column("ts_ms", sa.BigInteger, nullable=False),
        sa.Column("started_ms", sa.BigInteger),
        sa.Column("ended_ms", sa.BigInteger),
        sa.Column("end_reason", sa.String(16)),
        sa.Column("opened_ms", sa.BigInteger),
        sa.Column("closes_ms", sa.BigInteger),
        sa.Column("attempt_seq", sa.Integer, sa.ForeignKey("events.seq")),
        sa.Column("attempt_ms", sa.BigInteger),
        sa.Column("verdict", sa.String(16)),
    )
    for name, columns in _INDEXES.items():
        op.create_index(f"ix_sessions_{name}", "sessions", [*columns, "ts_ms", "seq"])
    op.create_table(
        "changes",
        sa.Column("id", sa.Integer, primary_key=True),
        sa.Column("kind", sa.String(8), nullable=False),
        sa.Column("seq", sa.Integer, sa.ForeignKey("events.seq")),
        sa.Column("store_id", sa.String(64)),
        sa.Column("camera_id", sa.String(64)),
        sa.Column("status", sa.String(16)),
        sqlite_autoincrement=True,
    )
    op.create_index(
        "ix_changes_camera",
        "changes",
        ["store_id", "camera_id", "id"],
        sqlite_where=sa.text("camera_id IS NOT NULL"),
    )
    op.create_table(
        "watches",
        sa.Column("id", sa.Integer, primary_key=True),
        sa.Column("store_id", sa.String(64), nullable=False),
        sa.Column("camera_id", sa.String(64), nullable=False),
        sa.Column("begin_ms", sa.BigInteger, nullable=False),
        sa.Column("end_ms", sa.BigInteger, nullable=False),
    )
    op.create_index("ix_watches_camera", "watches", ["store_id", "camera_id", "end_ms"])
