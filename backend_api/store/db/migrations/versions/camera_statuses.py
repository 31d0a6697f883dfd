"""The status of each camera that was logged last stands in its row; nobody looks for it in the log any more."""

import sqlalchemy as sa
from alembic import op

revision = "0020"
down_revision = "0019"

_FILL = """
UPDATE cameras SET status = (
    SELECT changes.status FROM changes
    WHERE changes.store_id = cameras.store_id AND changes.camera_id = cameras.camera_id
    AND changes.camera_id IS NOT NULL
    ORDER BY changes.id DESC LIMIT 1)
"""


def upgrade() -> None:
    """Add the column, fill it by the index of the log, and drop that."""
    op.add_column("cameras", sa.Column("status", sa.String(16)))
    op.execute(_FILL)
    op.drop_index("ix_changes_camera", "changes")
