"""Cameras: what each edge reported last; removed media: which events' clips are gone on purpose."""

import sqlalchemy as sa
from alembic import op

revision = "0004"
down_revision = "0002"


def upgrade() -> None:
    """Make both tables."""
    op.create_table(
        "cameras",
        sa.Column("store_id", sa.String(64), primary_key=True),
        sa.Column("camera_id", sa.String(64), primary_key=True),
        sa.Column("reported_at_ms", sa.BigInteger, nullable=False),
        sa.Column("body", sa.Text, nullable=False),
    )
    op.create_table(
        "removed_media",
        sa.Column("seq", sa.Integer, sa.ForeignKey("events.seq"), primary_key=True, autoincrement=False),
        sa.Column("at_ms", sa.BigInteger, nullable=False),
        sa.Column("reason", sa.Text, nullable=False),
    )
