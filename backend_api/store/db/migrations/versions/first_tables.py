"""The first tables: events and enrichments."""

import sqlalchemy as sa
from alembic import op

revision = "0001"
down_revision = None

TS_INDEXES = {
    "events": {
        "ts": [],
        "event_type": ["event_type"],
        "store": ["store_id"],
        "camera": ["camera_id"],
        "machine": ["machine_id"],
        "session": ["session_id"],
    },
    "enrichments": {"status": ["status"], "verdict": ["verdict"]},
}


def upgrade() -> None:
    """Make both tables and their indexes."""
    op.create_table(
        "events",
        sa.Column("seq", sa.Integer, primary_key=True),
        sa.Column("event_id", sa.String(36), nullable=False, unique=True),
        sa.Column("event_type", sa.String(32), nullable=False),
        sa.Column("store_id", sa.String(64), nullable=False),
        sa.Column("camera_id", sa.String(64), nullable=False),
        sa.Column("machine_id", sa.String(64), nullable=False),
        sa.Column("session_id", sa.String(36), nullable=False),
        sa.Column("ts_ms", sa.BigInteger, nullable=False),
        sa.Column("received_at_ms", sa.BigInteger, nullable=False),
        sa.Column("body", sa.Text, nullable=False),
        sa.Column("clip_sha256", sa.String(64)),
        sqlite_autoincrement=True,
    )
    op.create_table(
        "enrichments",
        sa.Column("seq", sa.Integer, sa.ForeignKey("events.seq"), primary_key=True, autoincrement=False),
        sa.Column("ts_ms", sa.BigInteger, nullable=False),
        sa.Column("status", sa.String(16), nullable=False),
        sa.Column("attempts", sa.Integer, nullable=False),
        sa.Column("token", sa.BigInteger, nullable=False),
        sa.Column("due_ms", sa.BigInteger),
        sa.Column("changed_at_ms", sa.BigInteger, nullable=False),
        sa.Column("error", sa.Text),
        sa.Column("verdict", sa.String(16)),
        sa.Column("result", sa.Text),
    )
    for table, indexes in TS_INDEXES.items():
        for name, columns in indexes.items():
            op.create_index(f"ix_{table}_{name}", table, [*columns, "ts_ms", "seq"])
    op.create_index("ix_enrichments_due", "enrichments", ["due_ms", "seq"])
