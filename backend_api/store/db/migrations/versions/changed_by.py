"""The name of the person who described a store last."""

import sqlalchemy as sa
from alembic import op

revision = "0024"
down_revision = "0023"


def upgrade() -> None:
    """Add the column; nobody wrote it down before."""
    op.add_column("stores", sa.Column("changed_by", sa.String(200)))
