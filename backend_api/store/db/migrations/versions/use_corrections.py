"""People's corrections of uses, and in each session the one that counts."""

import sqlalchemy as sa
from alembic import op

revision = "0013"
down_revision = "0012"


def upgrade() -> None:
    """Make the table and the column; nothing was corrected before."""
    op.create_table(
        "corrections",
        sa.Column("id", sa.Integer, primary_key=True),
        sa.Column("session_id", sa.String(36), nullable=False),
        sa.Column("at_ms", sa.BigInteger, nullable=False),
        sa.Column("who", sa.String(200), nullable=False),
        sa.Column("truth", sa.String(16), nullable=False),
        sa.Column("note", sa.Text, nullable=False),
        sqlite_autoincrement=True,
    )
    op.create_index("ix_corrections_session", "corrections", ["session_id", "id"])
    op.add_column("sessions", sa.Column("correction", sa.String(16)))
