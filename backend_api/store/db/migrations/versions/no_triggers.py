"""No triggers: the store writes what follows from events, verdicts and reviews. Each verdict is kept once.

Sessions get their outcome_key and is_reviewed as plain columns, in a table that is built anew with the numbers that it
had; `watches` is called observed_intervals; the result that an enrichment repeated is looked up in `results`, which
name the model that was asked for.
"""

import sqlalchemy as sa
from alembic import op

revision = "0009"
down_revision = "0008"

_TRIGGERS = (
    *("events_inserted", "events_wait", "enrichments_changed", "enrichments_judged", "enrichments_died"),
    *("reviews_inserted", "cameras_first_reported", "cameras_reported"),
)
_INDEXES = {
    "ts": [],
    "store": ["store_id"],
    "camera": ["camera_id"],
    "machine": ["machine_id"],
    "outcome": ["outcome_key", "is_reviewed"],
    "place": ["store_id", "camera_id", "machine_id"],
}
_COPIED = (
    "seq, session_id, store_id, camera_id, machine_id, ts_ms, started_ms, ended_ms, end_reason, opened_ms, closes_ms, "
    "attempt_seq, attempt_ms, verdict"
)
# The latest review of the attempt, unless it was withdrawn, or is of another verdict than the one that is shown.
_REVIEW = (
    "(SELECT CASE WHEN r.agree <> 'withdrawn' AND r.verdict = s.verdict THEN r.agree END FROM reviews AS r "
    "WHERE r.seq = s.attempt_seq ORDER BY r.id DESC LIMIT 1)"
)
_INTO_SESSIONS = f"""
INSERT INTO sessions ({_COPIED}, review, is_reviewed, outcome_key)
SELECT {_COPIED}, {_REVIEW}, {_REVIEW} IS NOT NULL, stage FROM old_sessions AS s ORDER BY seq
"""  # noqa: S608 - constants of this file


def upgrade() -> None:
    """Drop the triggers, and bring along all that there is."""
    for trigger in _TRIGGERS:
        op.execute(f"DROP TRIGGER {trigger}")
    _rename_watches()
    _build_sessions_anew()
    _keep_results_once()


def _rename_watches() -> None:
    op.drop_index("ix_watches_camera")
    op.rename_table("watches", "observed_intervals")
    op.create_index("ix_observed_intervals_camera", "observed_intervals", ["store_id", "camera_id", "end_ms"])


def _build_sessions_anew() -> None:
    op.rename_table("sessions", "old_sessions")
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
        sa.Column("attempt_seq", sa.Integer),
        sa.Column("attempt_ms", sa.BigInteger),
        sa.Column("verdict", sa.String(16)),
        sa.Column("review", sa.String(16)),
        sa.Column("is_reviewed", sa.Boolean, nullable=False),
        sa.Column("outcome_key", sa.String(16), nullable=False),
    )
    op.execute(_INTO_SESSIONS)
    op.drop_table("old_sessions")
    for name, columns in _INDEXES.items():
        op.create_index(f"ix_sessions_{name}", "sessions", [*columns, "ts_ms", "seq"])


def _keep_results_once() -> None:
    op.add_column("results", sa.Column("requested_model", sa.String(200)))
    # What is shown is the newest of the history, where each verdict stands since 0002; what does not is added.
    op.execute(
        "INSERT INTO results (seq, at_ms, model, prompt_version, verdict, result) "
        "SELECT seq, changed_at_ms, coalesce(json_extract(result, '$.model'), ''), "
        "coalesce(json_extract(result, '$.prompt_version'), ''), verdict, result FROM enrichments "
        "WHERE result IS NOT NULL AND verdict IS NOT NULL AND result IS NOT "
        "(SELECT h.result FROM results AS h WHERE h.seq = enrichments.seq ORDER BY h.id DESC LIMIT 1)"
    )
    op.execute("UPDATE results SET requested_model = json_extract(result, '$.requested_model')")
    op.drop_column("enrichments", "result")
