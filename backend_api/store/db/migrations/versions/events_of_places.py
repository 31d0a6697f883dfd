"""The index of machines' events begins with their store: machines are called alike in every gym of a chain."""

from alembic import op

revision = "0025"
down_revision = "0024"


def upgrade() -> None:
    """Make it, and drop the one that it takes the place of."""
    op.create_index("ix_events_place", "events", ["store_id", "machine_id", "ts_ms", "seq"])
    op.drop_index("ix_events_machine", "events")
