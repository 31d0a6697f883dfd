"""Figures of days that are over, a row a store and day; empty until somebody asks for them."""

import sqlalchemy as sa
from alembic import op

revision = "0026"
down_revision = "0025"


def upgrade() -> None:
    """Make the table."""
    name = sa.String(64).with_variant(sa.String(64, collation="C"), "postgresql")
    date = sa.String(10).with_variant(sa.String(10, collation="C"), "postgresql")
    op.create_table(
        "store_days",
        sa.Column("day", date, primary_key=True),
        sa.Column("store_id", name, primary_key=True),
        sa.Column("begin_ms", sa.BigInteger, nullable=False),
        sa.Column("end_ms", sa.BigInteger, nullable=False),
        sa.Column("basis", sa.String(32), nullable=False),
        sa.Column("token", sa.String(32), nullable=False),
        sa.Column("figures", sa.Text),
    )
    op.create_index("ix_store_days_store", "store_days", ["store_id", "end_ms"])
