"""SQLAlchemy statements, compiled once and run by the driver: for the writes that everybody waits for.

SQLAlchemy's own way from a statement to its result costs several times what SQLite needs to run it.
"""

import sqlite3
from collections.abc import Mapping, Sequence
from typing import Any, cast

from sqlalchemy import ClauseElement
from sqlalchemy.dialects import sqlite
from sqlalchemy.sql.compiler import SQLCompiler


class Statement:
    """A statement whose parameters are its bindparams or, for an insert without values, its table's columns."""

    def __init__(self, statement: ClauseElement) -> None:
        compiled = cast(SQLCompiler, statement.compile(dialect=sqlite.dialect(paramstyle="named")))
        self._sql = str(compiled)
        # Values that the statement itself holds, such as a status or a limit.
        self._constants = {name: bind.value for bind, name in compiled.bind_names.items() if not bind.required}

    def run(self, connection: sqlite3.Connection, parameters: Mapping[str, Any]) -> sqlite3.Cursor:
        """Run it once."""
        return connection.execute(self._sql, {**self._constants, **parameters})

    def run_many(self, connection: sqlite3.Connection, rows: Sequence[Mapping[str, Any]]) -> None:
        """Run an insert for every row of `rows`, each of which names all columns."""
        connection.executemany(self._sql, rows)
