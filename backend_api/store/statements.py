"""SQLAlchemy statements, compiled once and run by the driver: for the writes that everybody waits for.

SQLAlchemy's own way from a statement to its result costs several times what SQLite needs to run it.
"""

import sqlite3
from collections.abc import Mapping, Sequence
from itertools import chain
from operator import itemgetter
from typing import Any, cast

from sqlalchemy import ClauseElement, Table, insert
from sqlalchemy.dialects import sqlite
from sqlalchemy.sql.compiler import SQLCompiler

# So few different statements come of it that the driver keeps all of them prepared.
ROWS_A_STATEMENT = 64


class Statement:
    """A statement whose parameters are its bindparams."""

    def __init__(self, statement: ClauseElement) -> None:
        compiled = cast(SQLCompiler, statement.compile(dialect=sqlite.dialect(paramstyle="named")))
        self._sql = str(compiled)
        # Values that the statement itself holds, such as a status or a limit.
        self._constants = {name: bind.value for bind, name in compiled.bind_names.items() if not bind.required}

    def run(self, connection: sqlite3.Connection, parameters: Mapping[str, Any]) -> sqlite3.Cursor:
        """Run it once."""
        return connection.execute(self._sql, {**self._constants, **parameters})


class Insert:
    """Inserts rows of one table, many a statement.

    The driver gives the interpreter's lock away at every step of a statement, and has to win it back from the event
    loop; `executemany` takes a step a row.
    """

    def __init__(self, table: Table, without: str) -> None:
        columns = [column for column in table.columns.keys() if column != without]  # noqa: SIM118 - no dict
        self._values = itemgetter(*columns)
        one_row = str(insert(table).compile(dialect=sqlite.dialect(paramstyle="qmark"), column_keys=columns))
        head, values, self._row = one_row.partition(" VALUES ")
        self._head = head + values

    def run(self, connection: sqlite3.Connection, rows: Sequence[Mapping[str, Any]]) -> None:
        """Insert `rows`, each with a value for every column of the table but `without`, which the database finds."""
        for start in range(0, len(rows), ROWS_A_STATEMENT):
            part = rows[start : start + ROWS_A_STATEMENT]
            connection.execute(
                self._head + ", ".join([self._row] * len(part)), list(chain.from_iterable(map(self._values, part)))
            )
