"""Observed time in rows of at most a day, found by when they begin: a row that goes on moves in no index any more."""

from alembic import op

revision = "0022"
down_revision = "0021"

_DAY_MS = 86_400_000
# What lies beyond the first day of each longer row, day by day.
SPLIT = f"""
WITH RECURSIVE parts (store_id, camera_id, begin_ms, last_ms) AS (
    SELECT store_id, camera_id, begin_ms + {_DAY_MS}, end_ms FROM observed_intervals
    WHERE end_ms - begin_ms > {_DAY_MS}
    UNION ALL
    SELECT store_id, camera_id, begin_ms + {_DAY_MS}, last_ms FROM parts WHERE last_ms - begin_ms > {_DAY_MS}
)
INSERT INTO observed_intervals (store_id, camera_id, begin_ms, end_ms)
SELECT store_id, camera_id, begin_ms,
    CASE WHEN last_ms - begin_ms > {_DAY_MS} THEN begin_ms + {_DAY_MS} ELSE last_ms END
FROM parts
"""  # noqa: S608 - a number of this file
CUT = f"UPDATE observed_intervals SET end_ms = begin_ms + {_DAY_MS} WHERE end_ms - begin_ms > {_DAY_MS}"  # noqa: S608


def upgrade() -> None:
    """Split what is longer, and make the index anew."""
    op.execute(SPLIT)
    op.execute(CUT)
    op.drop_index("ix_observed_intervals_camera", "observed_intervals")
    op.create_index("ix_observed_intervals_camera", "observed_intervals", ["store_id", "camera_id", "begin_ms"])
