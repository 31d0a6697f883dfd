"""The index of a bucket: which names there are, and the object that each leads to."""

import sqlalchemy as sa
from alembic import op

revision = "0018"
down_revision = "0017"
branch_labels = None
depends_on = None


def upgrade() -> None:
    """Make the table, and what it is searched by."""
    op.create_table(
        "media_files",
        sa.Column("name", sa.String(80), primary_key=True),
        sa.Column("object_name", sa.String(96), nullable=False),
        sa.Column("size_bytes", sa.BigInteger, nullable=False),
        sa.Column("sha256", sa.String(64), nullable=False),
        sa.Column("is_going", sa.Boolean, nullable=False),
    )
    op.create_index("ix_media_files_sha256", "media_files", ["sha256"])
    op.create_index("ix_media_files_object_name", "media_files", ["object_name"])
