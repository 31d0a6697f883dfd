"""Camera setups: the machines that each edge watches, its configuration, and a still of its camera."""

import sqlalchemy as sa
from alembic import op

revision = "0006"
down_revision = "0005"


def upgrade() -> None:
    """Make the table."""
    op.create_table(
        "camera_setups",
        sa.Column("store_id", sa.String(64), primary_key=True),
        sa.Column("camera_id", sa.String(64), primary_key=True),
        sa.Column("reported_at_ms", sa.BigInteger),
        sa.Column("body", sa.Text),
        sa.Column("still_at_ms", sa.BigInteger),
        sa.Column("still", sa.LargeBinary),
    )
