"""The machines that are known, with the name and the last session of each, filled from setups and sessions."""

import json
from typing import Any

import sqlalchemy as sa
from alembic import op

revision = "0019"
down_revision = "0018"

_LAST = """
INSERT INTO machines (store_id, camera_id, machine_id, last_seq, last_ms)
SELECT store_id, camera_id, machine_id, seq, ts_ms FROM (
    SELECT store_id, camera_id, machine_id, seq, ts_ms, row_number() OVER (
        PARTITION BY store_id, camera_id, machine_id ORDER BY ts_ms DESC, seq DESC) AS place FROM sessions
) AS ranked WHERE place = 1
"""
_SETUPS = sa.text("SELECT store_id, camera_id, body FROM camera_setups WHERE body IS NOT NULL")
_NAME = sa.text(
    "INSERT INTO machines (store_id, camera_id, machine_id, name) VALUES (:store_id, :camera_id, :machine_id, :name) "
    "ON CONFLICT (store_id, camera_id, machine_id) DO UPDATE SET name = excluded.name"
)


def upgrade() -> None:
    """Make the table, and fill it."""
    name = sa.String(64).with_variant(sa.String(64, collation="C"), "postgresql")
    op.create_table(
        "machines",
        *(sa.Column(column, name, primary_key=True) for column in ("store_id", "camera_id", "machine_id")),
        sa.Column("last_seq", sa.BigInteger().with_variant(sa.Integer, "sqlite")),
        sa.Column("last_ms", sa.BigInteger),
        sa.Column("name", sa.Text),
    )
    op.execute(_LAST)
    connection = op.get_bind()
    named = [
        {"store_id": setup.store_id, "camera_id": setup.camera_id, **machine}
        for setup in connection.execute(_SETUPS)
        for machine in _machines(setup.body)
    ]
    if named:
        connection.execute(_NAME, named)


def _machines(body: str) -> list[dict[str, str]]:
    """The ids and names in a setup, which may be one of an earlier release."""
    setup: Any = json.loads(body)
    listed = setup.get("machines") if isinstance(setup, dict) else None
    return [
        {"machine_id": machine["machine_id"], "name": machine["name"]}
        for machine in (listed if isinstance(listed, list) else [])
        if isinstance(machine, dict) and all(isinstance(machine.get(key), str) for key in ("machine_id", "name"))
    ]
