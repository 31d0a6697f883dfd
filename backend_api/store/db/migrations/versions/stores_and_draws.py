"""Stores as people describe them, and the verdicts that were drawn to be reviewed."""

import sqlalchemy as sa
from alembic import op

revision = "0010"
down_revision = "0009"


def upgrade() -> None:
    """Make the tables, and an index by which a model's verdicts are counted."""
    op.create_table(
        "stores",
        sa.Column("store_id", sa.String(64), primary_key=True),
        sa.Column("changed_at_ms", sa.BigInteger, nullable=False),
        sa.Column("body", sa.Text, nullable=False),
    )
    op.create_table(
        "review_draws",
        sa.Column("id", sa.Integer, primary_key=True),
        sa.Column("at_ms", sa.BigInteger, nullable=False),
        sa.Column("model", sa.String(200), nullable=False),
        sa.Column("prompt_version", sa.String(200), nullable=False),
        sa.Column("seed", sa.String(64), nullable=False),
        sqlite_autoincrement=True,
    )
    op.create_table(
        "drawn_verdicts",
        sa.Column("draw_id", sa.Integer, sa.ForeignKey("review_draws.id"), primary_key=True),
        sa.Column("place", sa.Integer, primary_key=True),
        sa.Column("seq", sa.Integer, sa.ForeignKey("events.seq"), nullable=False),
        sa.Column("verdict", sa.String(16), nullable=False),
    )
    op.create_index("ix_drawn_verdicts_seq", "drawn_verdicts", ["seq"])
    op.create_index("ix_results_model", "results", ["model", "prompt_version", "verdict", "seq"])
