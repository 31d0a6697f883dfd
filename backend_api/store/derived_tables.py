"""What follows from the other tables, kept by triggers: sessions, the log of changes, and when cameras watched.

Triggers write in the transaction of what they follow, whichever process and statement that was, so these tables can
miss nothing. They are made in migrations/versions (derived.py, session_outcomes.py, events_wait.py); a migration that
builds one of the other tables anew (SQLite's way to change a column) has to make its triggers again.
"""

from sqlalchemy import BigInteger, Boolean, Column, Computed, ForeignKey, Index, Integer, String, Table, text

from backend_api.store.tables import metadata

# What is known of a session without asking the time; outcomes.py makes of it what became of the session.
_STAGE = (
    "CASE WHEN attempt_seq IS NOT NULL THEN coalesce(verdict, CASE WHEN is_dead THEN 'failed' ELSE 'waiting' END) "
    "WHEN opened_ms IS NULL THEN 'unopened' ELSE 'opened' END"
)

sessions = Table(
    "sessions",
    metadata,
    Column("seq", Integer, primary_key=True),
    Column("session_id", String(36), nullable=False, unique=True),
    Column("store_id", String(64), nullable=False),
    Column("camera_id", String(64), nullable=False),
    Column("machine_id", String(64), nullable=False),
    # Its earliest event that has arrived: as a rule, and in the end, its start.
    Column("ts_ms", BigInteger, nullable=False),
    Column("started_ms", BigInteger),
    Column("ended_ms", BigInteger),
    Column("end_reason", String(16)),
    Column("opened_ms", BigInteger),
    Column("closes_ms", BigInteger),
    Column("attempt_seq", Integer, ForeignKey("events.seq")),
    Column("attempt_ms", BigInteger),
    # These three repeat the enrichment's and the review's of the attempt, for the index of stages.
    Column("verdict", String(16)),
    Column("is_dead", Boolean, nullable=False, server_default=text("0")),
    # The latest opinion of that verdict.
    Column("review", String(8)),
    Column("stage", String(16), Computed(_STAGE, persisted=False)),
    Column("is_reviewed", Boolean, Computed("review IS NOT NULL", persisted=False)),
    Index("ix_sessions_ts", "ts_ms", "seq"),
    Index("ix_sessions_store", "store_id", "ts_ms", "seq"),
    Index("ix_sessions_camera", "camera_id", "ts_ms", "seq"),
    Index("ix_sessions_machine", "machine_id", "ts_ms", "seq"),
    Index("ix_sessions_stage", "stage", "is_reviewed", "ts_ms", "seq"),
    Index("ix_sessions_place", "store_id", "camera_id", "machine_id", "ts_ms", "seq"),
)

# Ids only ever grow, in the order of commits. What a power cut may undo, such as the renewal of a lease, is not logged:
# an id that somebody has read is never given to another change.
changes = Table(
    "changes",
    metadata,
    Column("id", Integer, primary_key=True),
    Column("kind", String(8), nullable=False),
    # Of an event or its verdict.
    Column("seq", Integer, ForeignKey("events.seq")),
    # Of a camera's state, which the backend writes down when it sees that it has changed.
    Column("store_id", String(64)),
    Column("camera_id", String(64)),
    Column("status", String(16)),
    sqlite_autoincrement=True,
)
Index("ix_changes_camera", *changes.c["store_id", "camera_id", "id"], sqlite_where=changes.c.camera_id.is_not(None))

# Times without a break in a camera's reports.
watches = Table(
    "watches",
    metadata,
    Column("id", Integer, primary_key=True),
    Column("store_id", String(64), nullable=False),
    Column("camera_id", String(64), nullable=False),
    Column("begin_ms", BigInteger, nullable=False),
    Column("end_ms", BigInteger, nullable=False),
    Index("ix_watches_camera", "store_id", "camera_id", "end_ms"),
)
