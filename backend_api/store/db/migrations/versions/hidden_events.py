"""Events that a person hides, replies of models beside their results, settings, and sessions that outlive their events.

What a model replied is most of a result, and no list shows it: it gets a column of its own.
"""

import sqlalchemy as sa
from alembic import op

revision = "0011"
down_revision = "0010"


def upgrade() -> None:
    """Make the tables and columns, and move the replies."""
    op.create_table(
        "hidden_events",
        sa.Column("seq", sa.Integer, sa.ForeignKey("events.seq"), primary_key=True, autoincrement=False),
        sa.Column("at_ms", sa.BigInteger, nullable=False),
        sa.Column("who", sa.String(200), nullable=False),
        sa.Column("reason", sa.Text, nullable=False),
    )
    op.create_table(
        "settings",
        sa.Column("name", sa.String(64), primary_key=True),
        sa.Column("value", sa.Text, nullable=False),
    )
    op.add_column("sessions", sa.Column("events_removed_ms", sa.BigInteger))
    op.add_column("results", sa.Column("raw", sa.Text))
    op.execute("UPDATE results SET raw = json_quote(json_extract(result, '$.raw'))")
    op.execute("UPDATE results SET result = json_remove(result, '$.raw')")
