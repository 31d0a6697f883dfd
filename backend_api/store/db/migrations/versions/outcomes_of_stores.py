"""An index of each store's sessions by their outcomes: one gym's list costs the same among a thousand."""

from alembic import op

revision = "0023"
down_revision = "0022"


def upgrade() -> None:
    """Make it."""
    columns = ["store_id", "outcome_key", "is_reviewed", "ts_ms", "seq"]
    op.create_index("ix_sessions_store_outcome", "sessions", columns)
