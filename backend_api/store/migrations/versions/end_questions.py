"""Sessions that say whether the model is to be asked about the end of the use, and which event decides the outcome.

Nobody is asked about ends from before: there may be many, and their clips do not reach back far enough.
"""

import sqlalchemy as sa
from alembic import op

revision = "0016"
down_revision = "0015"

_END, _OPEN = "MACHINE_OCCUPIED_END", "CLEANING_WINDOW_OPEN"
# Hidden events are in no session; one that has outlived its events stays as it is.
_OF_SESSION = (
    "FROM events WHERE events.session_id = sessions.session_id AND events.event_type {} "
    "AND NOT EXISTS (SELECT 1 FROM hidden_events WHERE hidden_events.seq = events.seq)"
)
_END_SEQ = "SELECT min(events.seq) " + _OF_SESSION.format(f"= '{_END}'")
_HEARD_MS = "SELECT max(events.received_at_ms) " + _OF_SESSION.format(f"IN ('{_END}', '{_OPEN}')")
_DUE_MS = """CASE
    WHEN end_seq IS NULL OR events_removed_ms IS NOT NULL OR outcome_key = 'no_use' THEN NULL
    WHEN attempt_seq IS NOT NULL THEN
        CASE WHEN outcome_key IN ('not_cleaned', 'cannot_tell', 'failed') THEN heard_ms END
    WHEN opened_ms IS NULL THEN NULL
    ELSE max(coalesce(closes_ms, opened_ms), heard_ms) + 30000
END"""
_NOW_MS = "CAST((julianday('now') - 2440587.5) * 86400000 AS INTEGER)"


def upgrade() -> None:
    """Add the columns, fill them with what is known, and note that ends are judged from now on."""
    for column in (
        sa.Column("end_seq", sa.Integer),
        sa.Column("heard_ms", sa.BigInteger),
        sa.Column("end_is_asked", sa.Boolean, nullable=False, server_default=sa.false()),
        sa.Column("end_due_ms", sa.BigInteger),
        sa.Column("end_verdict", sa.String(16)),
        sa.Column("judged_seq", sa.Integer),
    ):
        op.add_column("sessions", column)
    op.execute(
        f"UPDATE sessions SET judged_seq = attempt_seq, end_seq = ({_END_SEQ}), heard_ms = ({_HEARD_MS})"  # noqa: S608
    )
    op.execute(f"UPDATE sessions SET end_due_ms = {_DUE_MS}")  # noqa: S608
    op.create_index("ix_sessions_end_due", "sessions", ["end_due_ms"])
    op.execute(
        f"INSERT INTO settings (name, value) SELECT 'ends_judged_from_ms', {_NOW_MS} "  # noqa: S608
        "WHERE EXISTS (SELECT 1 FROM events)"
    )
