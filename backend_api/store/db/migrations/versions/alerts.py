"""Alerts, the messages that tell them, and what became of these."""

import sqlalchemy as sa
from alembic import op

revision = "0012"
down_revision = "0011"


def upgrade() -> None:
    """Make the tables."""
    op.create_table(
        "alerts",
        sa.Column("id", sa.Integer, primary_key=True),
        sa.Column("occurrence", sa.String(250), nullable=False, unique=True),
        sa.Column("kind", sa.String(32), nullable=False),
        sa.Column("store_id", sa.String(64), nullable=False),
        sa.Column("subject", sa.String(200), nullable=False),
        sa.Column("at_ms", sa.BigInteger, nullable=False),
        sa.Column("over_ms", sa.BigInteger),
        sa.Column("facts", sa.Text, nullable=False),
        sa.Column("unrouted", sa.String(8), nullable=False),
        sa.Column("reminded_ms", sa.BigInteger),
        sa.Column("acknowledged_ms", sa.BigInteger),
        sa.Column("acknowledged_by", sa.String(200)),
        sqlite_autoincrement=True,
    )
    op.create_index("ix_alerts_kind", "alerts", ["kind", "id"])
    is_open = sa.text("over_ms IS NULL")
    op.create_index("ix_alerts_open", "alerts", ["kind", "store_id", "subject"], unique=True, sqlite_where=is_open)
    op.create_index("ix_alerts_unrouted", "alerts", ["unrouted", "id"])
    op.create_table(
        "alert_messages",
        sa.Column("id", sa.Integer, primary_key=True),
        sa.Column("target", sa.String(64), nullable=False),
        sa.Column("status", sa.String(16), nullable=False),
        sa.Column("attempts", sa.Integer, nullable=False),
        sa.Column("token", sa.BigInteger, nullable=False),
        sa.Column("due_ms", sa.BigInteger),
        sa.Column("made_ms", sa.BigInteger, nullable=False),
        sa.Column("changed_ms", sa.BigInteger, nullable=False),
        sa.Column("answer", sa.Text),
        sqlite_autoincrement=True,
    )
    op.create_index("ix_alert_messages_target", "alert_messages", ["target", "id"])
    op.create_index("ix_alert_messages_due", "alert_messages", ["due_ms"])
    op.create_table(
        "alert_notices",
        sa.Column("id", sa.Integer, primary_key=True),
        sa.Column("alert_id", sa.Integer, sa.ForeignKey("alerts.id"), nullable=False),
        sa.Column("target", sa.String(64), nullable=False),
        sa.Column("phase", sa.String(16), nullable=False),
        sa.Column("at_ms", sa.BigInteger, nullable=False),
        sa.Column("message_id", sa.Integer, sa.ForeignKey("alert_messages.id")),
        sqlite_autoincrement=True,
    )
    op.create_index("ix_alert_notices_alert", "alert_notices", ["alert_id", "target", "phase"])
    op.create_index("ix_alert_notices_message", "alert_notices", ["message_id", "target", "id"])
    op.create_table(
        "alert_targets",
        sa.Column("name", sa.String(64), primary_key=True),
        sa.Column("snoozed_until_ms", sa.BigInteger),
        sa.Column("snoozed_by", sa.String(200)),
    )
