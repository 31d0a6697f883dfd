"""History: every verdict that was given, what people think of it, and every request to a model's server."""

import sqlalchemy as sa
from alembic import op

revision = "0002"
down_revision = "0001"


def upgrade() -> None:
    """Make the three tables, and begin the history with the verdicts that there are."""
    _create(
        "results",
        sa.Column("model", sa.String(200), nullable=False),
        sa.Column("prompt_version", sa.String(200), nullable=False),
        sa.Column("verdict", sa.String(16), nullable=False),
        sa.Column("result", sa.Text, nullable=False),
    )
    _create(
        "reviews",
        sa.Column("who", sa.String(200), nullable=False),
        sa.Column("agree", sa.String(8), nullable=False),
        sa.Column("note", sa.Text, nullable=False),
        sa.Column("model", sa.String(200), nullable=False),
        sa.Column("prompt_version", sa.String(200), nullable=False),
        sa.Column("verdict", sa.String(16), nullable=False),
    )
    _create(
        "model_calls",
        sa.Column("tokens", sa.BigInteger, nullable=False),
        sa.Column("cost", sa.Float, nullable=False),
    )
    op.create_index("ix_results_seq", "results", ["seq", "id"])
    op.create_index("ix_reviews_seq", "reviews", ["seq", "id"])
    op.create_index("ix_model_calls_at", "model_calls", ["at_ms"])
    op.execute(
        "INSERT INTO results (seq, at_ms, model, prompt_version, verdict, result) "
        "SELECT seq, changed_at_ms, json_extract(result, '$.model'), json_extract(result, '$.prompt_version'), "
        "verdict, result FROM enrichments WHERE result IS NOT NULL ORDER BY changed_at_ms, seq"
    )


def _create(name: str, *columns: sa.Column[str] | sa.Column[int] | sa.Column[float]) -> None:
    op.create_table(
        name,
        sa.Column("id", sa.Integer, primary_key=True),
        sa.Column("seq", sa.Integer, sa.ForeignKey("events.seq"), nullable=False),
        sa.Column("at_ms", sa.BigInteger, nullable=False),
        *columns,
        sqlite_autoincrement=True,
    )
