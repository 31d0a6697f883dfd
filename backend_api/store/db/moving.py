"""Moving a SQLite file's rows into an empty PostgreSQL database.

Invariant: the source is only read, and nobody takes the target for a database of ours before it holds all of it. The
ordered steps: the tables without the mark of their schema; the rows, some thousand a transaction, in the order of their
keys; numbers and hashes of both compared; what the next rows are numbered; the mark, last. After a stop in between the
same again goes on behind the rows that are there.
"""

import hashlib
import logging
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from typing import Any

from sqlalchemy import Column, ColumnElement, Connection, String, Table, func, inspect, select, tuple_

from backend_api.base.process import FatalError, UsageError
from backend_api.store.db.database import Database
from backend_api.store.db.migrate import stamp
from backend_api.store.db.postgres_engine import PostgresDatabase
from backend_api.store.db.tables import metadata

_ROWS_A_WRITE = 5_000

log = logging.getLogger(__name__)

Row = tuple[Any, ...]


@dataclass(frozen=True, slots=True)
class Moved:
    """What is in the target now: so many rows of so many tables, of which `copied` were copied by this run."""

    tables: int
    rows: int
    copied: int


def move(source: Database, target: PostgresDatabase) -> Moved:
    """Copy all rows of `source`, an SQLite file of this release's schema that nobody writes, into `target`.

    Raises UsageError when the target holds something else, FatalError when the two differ in the end, and StoreBusy,
    StoreFull and StoreBroken as every use of a database does.
    """
    target.check_server()
    _make_tables(target)
    rows = copied = 0
    with source.snapshot() as reading:
        for table in metadata.sorted_tables:
            copied += _copy(table, reading, target)
        for table in metadata.sorted_tables:
            rows += _compare(table, reading, target)
        numbers = dict(tuple(row) for row in reading.exec_driver_sql("SELECT name, seq FROM sqlite_sequence"))
    with target.migrate() as connection:
        for table in metadata.sorted_tables:
            _go_on_numbering(table, int(numbers.get(table.name) or 0), connection)
        connection.exec_driver_sql("ANALYZE")
        stamp(connection)
    return Moved(len(metadata.sorted_tables), rows, copied)


def _make_tables(target: PostgresDatabase) -> None:
    with target.migrate() as connection:
        there = set(inspect(connection).get_table_names())
        if "alembic_version" in there:
            raise UsageError(
                f"{target.name} holds a database already; give an empty one with --to, or leave --from out to move "
                "media alone"
            )
        if there - metadata.tables.keys():
            raise UsageError(f"{target.name} is a database of another program; give an empty one with --to")
        metadata.create_all(connection)


def _copy(table: Table, reading: Connection, target: PostgresDatabase) -> int:
    """Copy the rows that are not there yet; how many."""
    with target.read() as connection:
        newest = select(*table.primary_key).order_by(*(key.desc() for key in _keys(table, connection))).limit(1)
        last = connection.execute(newest).first()
    copied = 0
    for rows in _chunks(table, reading, last):
        with target.migrate() as connection:
            driver: Any = connection.connection.driver_connection
            names = ", ".join(column.name for column in table.c)
            with driver.cursor() as cursor, cursor.copy(f"COPY {table.name} ({names}) FROM STDIN") as copy:
                for row in rows:
                    copy.write_row(row)
        copied += len(rows)
        log.info("%s: %d rows copied", table.name, copied)
    return copied


def _compare(table: Table, reading: Connection, target: PostgresDatabase) -> int:
    """The number of rows that both have. Raises FatalError when they are not the same."""
    expected = _digest(table, reading)
    with target.snapshot() as connection:
        found = _digest(table, connection)
    if found != expected:
        raise FatalError(
            f"{table.name} has {expected[0]} rows in the source and {found[0]} in {target.name}, and they are not the "
            "same: the source was written between two runs; stop backend and workers, empty the target, and run it "
            "again"
        )
    return found[0]


def _digest(table: Table, connection: Connection) -> tuple[int, str]:
    """The number of rows, and a hash of all of them in the order of their keys."""
    number, digest = 0, hashlib.sha256()
    for rows in _chunks(table, connection, None):
        number += len(rows)
        for row in rows:
            digest.update(repr(row).encode())
    return number, digest.hexdigest()


def _chunks(table: Table, connection: Connection, last: Sequence[Any] | None) -> Iterator[list[Row]]:
    """The rows behind the key `last`, some at a time, in the order of their keys."""
    keys = _keys(table, connection)
    places = [list(table.c).index(key) for key in table.primary_key]
    while True:
        query = select(table).order_by(*keys).limit(_ROWS_A_WRITE)
        if last is not None:
            query = query.where(tuple_(*keys) > tuple_(*last))
        rows = [tuple(map(_without_nul, row)) for row in connection.execute(query)]
        if not rows:
            return
        yield rows
        last = [rows[-1][place] for place in places]


def _keys(table: Table, connection: Connection) -> list[ColumnElement[Any]]:
    """The columns of the key, in an order that is the same in both, whatever the server's language."""
    return [
        key.collate("C") if connection.dialect.name == "postgresql" and isinstance(key.type, String) else key
        for key in table.primary_key
    ]


def _without_nul(value: Any) -> Any:  # noqa: ANN401 - a column's
    """Releases before this one let NUL into notes, which no text of PostgreSQL can hold."""
    return value.replace("\0", "\\x00") if isinstance(value, str) else value


def _go_on_numbering(table: Table, highest: int, connection: Connection) -> None:
    """Let the next row have a number that none ever had, not even one that was removed."""
    number: Column[Any] | None = table.autoincrement_column
    if number is None:
        return
    there = int(connection.execute(select(func.coalesce(func.max(number), 0))).scalar_one())
    sequence = func.pg_get_serial_sequence(table.name, number.name)
    connection.execute(select(func.setval(sequence, max(there, highest) + 1, False)))
