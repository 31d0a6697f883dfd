"""SQLAlchemy statements, compiled once and run by the driver: for the writes that everybody waits for.

SQLAlchemy's own way from a statement to its result costs several times what the database needs to run it. Each compiles
for SQLite and for PostgreSQL, so that a second database needs an engine and no second set of statements.
"""

import sqlite3
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from itertools import chain
from typing import Any, cast

from sqlalchemy import ClauseElement, Dialect, Table
from sqlalchemy.dialects import postgresql, sqlite
from sqlalchemy.sql.compiler import SQLCompiler

from backend_api.store.db.tables import ChangeKind

# A dialect's own `insert`, which has ON CONFLICT; both dialects' have the same methods.
DialectInsert = Callable[[Table], sqlite.Insert]
INSERTS: dict[str, DialectInsert] = {
    "sqlite": sqlite.insert,
    "postgresql": cast(DialectInsert, postgresql.insert),
}
# So few different statements come of it that the driver keeps all of them prepared.
ROWS_A_STATEMENT = 64

Row = tuple[Any, ...]


@dataclass(slots=True)
class Transaction:
    """A transaction that writes, on the driver's own connection.

    `changes` are logged by Database.write as the last thing before the commit: whatever else it writes, nobody waits
    for the log longer than that.
    """

    driver: sqlite3.Connection
    changes: list[tuple[ChangeKind, int]] = field(default_factory=list)

    def log(self, kind: ChangeKind, seqs: Iterable[int]) -> None:
        """Have a change of each of these events logged."""
        self.changes += [(kind, seq) for seq in seqs]


class Statement:
    """A statement whose parameters are its bindparams; or, where it has ON CONFLICT, what makes it of an `insert`."""

    def __init__(self, statement: ClauseElement | Callable[[DialectInsert], ClauseElement]) -> None:
        self._statement = statement
        compiled = self.compiled(sqlite.dialect(paramstyle="named"))
        self._sql = str(compiled)
        # Values that the statement itself holds, such as a status or a limit.
        self._constants = {name: bind.value for bind, name in compiled.bind_names.items() if not bind.required}

    def compiled(self, dialect: Dialect) -> SQLCompiler:
        """The statement as `dialect` says it. Raises sqlalchemy.exc.CompileError."""
        statement = self._statement
        if not isinstance(statement, ClauseElement):
            statement = statement(INSERTS[dialect.name])
        return cast(SQLCompiler, statement.compile(dialect=dialect))

    def run(self, transaction: Transaction, parameters: Mapping[str, Any]) -> sqlite3.Cursor:
        """Run it once."""
        return transaction.driver.execute(self._sql, {**self._constants, **parameters})


class Insert:
    """Inserts rows of one table, many a statement.

    The driver gives the interpreter's lock away at every step of a statement, and has to win it back from the event
    loop; `executemany` takes a step a row.
    """

    def __init__(
        self,
        table: Table,
        columns: Sequence[str],
        add: Callable[[sqlite.Insert], ClauseElement] = lambda insert: insert,
    ) -> None:
        """`columns` stand in the table's own order; `add` puts what follows the rows behind them, such as ON CONFLICT
        and RETURNING, without parameters. Raises ValueError for any other columns."""
        self._table = table
        self._columns = list(columns)
        self._add = add
        self._row = f"({', '.join('?' * len(self._columns))})"
        compiled = self.compiled(sqlite.dialect(paramstyle="qmark"))
        if compiled.positiontup != self._columns:
            raise ValueError(f"{table.name}: {columns} are not the statement's parameters, {compiled.positiontup}")
        self._head, self._tail = str(compiled).split(self._row)

    def compiled(self, dialect: Dialect) -> SQLCompiler:
        """The statement for one row as `dialect` says it. Raises sqlalchemy.exc.CompileError."""
        statement = self._add(INSERTS[dialect.name](self._table).inline())
        return cast(SQLCompiler, statement.compile(dialect=dialect, column_keys=self._columns))

    def run(self, transaction: Transaction, rows: Sequence[Row]) -> list[Row]:
        """Insert `rows`, each with a value for every column, in their order; what RETURNING gives, in no order."""
        returned: list[Row] = []
        for start in range(0, len(rows), ROWS_A_STATEMENT):
            part = rows[start : start + ROWS_A_STATEMENT]
            sql = self._head + ", ".join([self._row] * len(part)) + self._tail
            returned += transaction.driver.execute(sql, list(chain.from_iterable(part))).fetchall()
        return returned
