"""Sessions that can be found by what became of them, and by whether somebody has reviewed their verdict."""

import sqlalchemy as sa
from alembic import op

revision = "0007"
down_revision = "0006"

_STAGE = (
    "CASE WHEN attempt_seq IS NOT NULL THEN coalesce(verdict, CASE WHEN is_dead THEN 'failed' ELSE 'waiting' END) "
    "WHEN opened_ms IS NULL THEN 'unopened' ELSE 'opened' END"
)
# One event may belong to a session without being its attempt: the first one that came is.
_CHANGE_SESSION = (
    "UPDATE sessions SET {} WHERE attempt_seq = new.seq "
    "AND session_id = (SELECT session_id FROM events WHERE seq = new.seq);"
)
_TRIGGERS = {
    "enrichments_judged AFTER UPDATE OF verdict ON enrichments WHEN new.verdict IS NOT old.verdict": (
        # A review of the verdict before is none of this one.
        _CHANGE_SESSION.format("verdict = new.verdict, review = NULL")
    ),
    "enrichments_died AFTER UPDATE OF status ON enrichments WHEN (new.status = 'DEAD') <> (old.status = 'DEAD')": (
        _CHANGE_SESSION.format("is_dead = new.status = 'DEAD'")
    ),
    "reviews_inserted AFTER INSERT ON reviews": " ".join(
        (
            "INSERT INTO changes (kind, seq) VALUES ('review', new.seq);",
            _CHANGE_SESSION.format("review = nullif(new.agree, 'withdrawn')"),
        )
    ),
}


def upgrade() -> None:
    """Add the columns, fill them with what is known, and set the triggers that keep them."""
    for column in (
        "is_dead BOOLEAN NOT NULL DEFAULT 0",
        "review VARCHAR(8)",
        f"stage VARCHAR(16) GENERATED ALWAYS AS ({_STAGE}) VIRTUAL",
        "is_reviewed BOOLEAN GENERATED ALWAYS AS (review IS NOT NULL) VIRTUAL",
    ):
        op.execute(f"ALTER TABLE sessions ADD COLUMN {column}")
    op.execute(
        "UPDATE sessions SET is_dead = 1 WHERE verdict IS NULL "
        "AND attempt_seq IN (SELECT seq FROM enrichments WHERE status = 'DEAD')"
    )
    op.execute(
        "UPDATE sessions SET review = (SELECT agree FROM reviews WHERE seq = attempt_seq "
        "AND reviews.verdict = sessions.verdict ORDER BY id DESC LIMIT 1) "
        "WHERE attempt_seq IN (SELECT seq FROM reviews)"
    )
    with op.batch_alter_table("reviews", table_kwargs={"sqlite_autoincrement": True}) as reviews:
        reviews.alter_column("agree", type_=sa.String(16))
    op.drop_index("ix_sessions_verdict")
    op.create_index("ix_sessions_stage", "sessions", ["stage", "is_reviewed", "ts_ms", "seq"])
    op.execute("DROP TRIGGER enrichments_judged")
    for event, statements in _TRIGGERS.items():
        op.execute(f"CREATE TRIGGER {event} BEGIN {statements} END")
