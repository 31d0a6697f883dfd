"""By what uses were found: each source once, and its key in every session. Events of before do not say."""

import sqlalchemy as sa
from alembic import op

revision = "0014"
down_revision = "0013"


def upgrade() -> None:
    """Make the table and the column."""
    op.create_table(
        "sources",
        sa.Column("source_key", sa.String(32), primary_key=True),
        sa.Column("body", sa.Text, nullable=False),
    )
    op.add_column("sessions", sa.Column("source_key", sa.String(32)))
