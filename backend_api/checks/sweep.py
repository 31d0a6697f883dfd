"""Passing over a whole table in memory that does not grow with it, while others write.

Each window of rows is read by a statement of its own: one long read would keep the write-ahead log from being folded
into the database for as long as it lasts, and the log would grow.
"""

from collections.abc import Iterator
from typing import Any

from sqlalchemy import ColumnElement, Row, Select, and_, bindparam, func, select

from backend_api.store.db.database import Database
from backend_api.store.db.tables import events

WINDOW_ROWS = 5_000

AnyRow = Row[*tuple[Any, ...]]
AnySelect = Select[*tuple[Any, ...]]


def in_window(seq: ColumnElement[int]) -> ColumnElement[bool]:
    """The condition that `sweep` moves over the table: `seq` is events.seq or enrichments.seq."""
    return and_(seq > bindparam("low"), seq <= bindparam("high"))


def sweep(database: Database, statement: AnySelect, **parameters: int) -> Iterator[AnyRow]:
    """The rows of `statement`, which contains an `in_window`, for all that was stored when it began.

    Raises StoreBusy, StoreFull and StoreBroken.
    """
    with database.read() as connection:
        first, last = connection.execute(select(func.min(events.c.seq), func.max(events.c.seq))).one()
    if first is None:
        return
    for low in range(first - 1, last, WINDOW_ROWS):
        with database.read() as connection:
            rows = connection.execute(statement, {"low": low, "high": low + WINDOW_ROWS, **parameters}).all()
        yield from rows
