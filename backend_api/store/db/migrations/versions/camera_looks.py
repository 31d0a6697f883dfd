"""The last look that somebody asked each camera for."""

import sqlalchemy as sa
from alembic import op

revision = "0021"
down_revision = "0020"


def upgrade() -> None:
    """Make the table; nobody has asked yet."""
    name = sa.String(64).with_variant(sa.String(64, collation="C"), "postgresql")
    op.create_table(
        "camera_looks",
        *(sa.Column(column, name, primary_key=True) for column in ("store_id", "camera_id")),
        sa.Column("number", sa.BigInteger, nullable=False),
        sa.Column("asked_at_ms", sa.BigInteger, nullable=False),
        sa.Column("who", sa.String(200), nullable=False),
        sa.Column("answered_at_ms", sa.BigInteger),
        sa.Column("still_at_ms", sa.BigInteger),
        sa.Column("body", sa.Text),
    )
    op.create_index("ix_camera_looks_asked", "camera_looks", ["asked_at_ms"])
