"""SQLAlchemy statements, compiled once and run by the driver: for the writes that everybody waits for.

SQLAlchemy's own way from a statement to its result costs several times what the database needs to run it. Each compiles
for SQLite and for PostgreSQL, so that a second database needs an engine and no second set of statements.
"""

from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from itertools import chain
from typing import Any, Protocol, cast

from sqlalchemy import ClauseElement, Dialect, Select, String, Table, Text, bindparam, func, select
from sqlalchemy.dialects import postgresql, sqlite
from sqlalchemy.dialects.postgresql.psycopg import PGDialect_psycopg
from sqlalchemy.sql.compiler import SQLCompiler

from backend_api.store.db.tables import ChangeKind, changes

# A dialect's own `insert`, which has ON CONFLICT; both dialects' have the same methods.
DialectInsert = Callable[[Table], sqlite.Insert]
INSERTS: dict[str, DialectInsert] = {
    "sqlite": sqlite.insert,
    "postgresql": cast(DialectInsert, postgresql.insert),
}
# How each driver takes the parameters of a Statement.
_DIALECTS: dict[str, Dialect] = {
    "sqlite": sqlite.dialect(paramstyle="named"),
    "postgresql": PGDialect_psycopg(),  # type: ignore[no-untyped-call]
}
# So few different statements come of it that SQLite's driver keeps all of them prepared.
ROWS_A_STATEMENT = 64

Row = tuple[Any, ...]


class Cursor(Protocol):
    """What a driver answers. How many rows were changed only `Statement.count` tells: a driver may not know yet."""

    def fetchone(self) -> Any: ...  # noqa: D102, ANN401 - rows
    def fetchall(self) -> list[Any]: ...  # noqa: D102
    def __iter__(self) -> Iterator[Any]: ...


class _CountingCursor(Cursor, Protocol):
    @property
    def rowcount(self) -> int: ...


class Driver(Protocol):
    """A driver's own connection."""

    def execute(self, sql: str, parameters: Any = ..., /) -> Cursor: ...  # noqa: D102, ANN401 - a driver's


def _settled() -> None:
    """For drivers that answer each statement before the next."""


@dataclass(slots=True)
class Transaction:
    """A transaction that writes, on the driver's own connection.

    `changes` and `camera_changes` are logged by Database.write as the last thing before the commit: whatever else it
    writes, nobody waits for the log longer than that. Right before them go the days that were `touched`: of each store
    since when, in milliseconds since 1970. `settle` waits until the database has answered all so far.
    """

    driver: Driver
    dialect: str
    settle: Callable[[], None] = _settled
    changes: list[tuple[ChangeKind, int]] = field(default_factory=list)
    camera_changes: list[tuple[ChangeKind, str, str, str]] = field(default_factory=list)
    touched: dict[str, int] = field(default_factory=dict)

    def log(self, kind: ChangeKind, seqs: Iterable[int]) -> None:
        """Have a change of each of these events logged."""
        self.changes += [(kind, seq) for seq in seqs]

    def in_order(self, rows: Sequence[Row], key: Callable[[Row], Any]) -> Sequence[Row]:
        """`rows`, where several write at once by `key`, stably: so that no two wait for each other crosswise."""
        return rows if self.dialect == "sqlite" else sorted(rows, key=key)

    def touch(self, store_id: str, ts_ms: int) -> None:
        """Have the kept figures of the store's days dropped that end after `ts_ms`: what they follow from changes."""
        self.touched[store_id] = min(ts_ms, self.touched.get(store_id, ts_ms))

    def log_camera(self, store_id: str, camera_id: str, status: str) -> None:
        """Have a camera's new status logged."""
        self.camera_changes.append((ChangeKind.CAMERA, store_id, camera_id, status))


class Statement:
    """A statement whose parameters are its bindparams; or, where it has ON CONFLICT, what makes it of an `insert`."""

    def __init__(self, statement: ClauseElement | Callable[[DialectInsert], ClauseElement]) -> None:
        self._statement = statement
        self._texts: dict[str, tuple[str, dict[str, Any]]] = {}

    def compiled(self, dialect: Dialect) -> SQLCompiler:
        """The statement as `dialect` says it. Raises sqlalchemy.exc.CompileError."""
        statement = self._statement
        if not isinstance(statement, ClauseElement):
            statement = statement(INSERTS[dialect.name])
        return cast(SQLCompiler, statement.compile(dialect=dialect))

    def run(self, transaction: Transaction, parameters: Mapping[str, Any]) -> Cursor:
        """Run it once."""
        text = self._texts.get(transaction.dialect)
        sql, constants = text if text is not None else self._compile(transaction.dialect)
        return transaction.driver.execute(sql, {**constants, **parameters})

    def count(self, transaction: Transaction, parameters: Mapping[str, Any]) -> int:
        """Run it once; how many rows it changed."""
        cursor = cast(_CountingCursor, self.run(transaction, parameters))
        transaction.settle()
        return cursor.rowcount

    def _compile(self, dialect: str) -> tuple[str, dict[str, Any]]:
        compiled = self.compiled(_DIALECTS[dialect])
        # Values that the statement itself holds, such as a status or a limit.
        constants = {name: bind.value for bind, name in compiled.bind_names.items() if not bind.required}
        text = self._texts[dialect] = str(compiled), constants
        return text


class RowLock(Statement):
    """A select of rows that stay as they are until the end of the transaction; others who want them wait.

    What is read afterwards is what there is then. In SQLite, whoever writes holds the only lock, and nothing is asked.
    """

    def __init__(self, rows: Select[*tuple[Any, ...]]) -> None:
        super().__init__(rows.with_for_update())

    def hold(self, transaction: Transaction, parameters: Mapping[str, Any]) -> None:
        """Wait until the rows are ours."""
        if transaction.dialect != "sqlite":
            self.run(transaction, parameters)


class Insert:
    """Inserts rows of one table, many a statement.

    SQLite's driver gives the interpreter's lock away at every step of a statement, and has to win it back from the
    event loop; `executemany` takes a step a row. PostgreSQL gets an array a column, in one statement for any number.
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
        self._returns = "RETURNING" in self._tail
        self._unnesting = ""

    def compiled(self, dialect: Dialect) -> SQLCompiler:
        """The statement as `dialect` says it, for SQLite for one row. Raises sqlalchemy.exc.CompileError."""
        insert = INSERTS[dialect.name](self._table).inline()
        if dialect.name == "sqlite":
            return cast(SQLCompiler, self._add(insert).compile(dialect=dialect, column_keys=self._columns))
        return cast(SQLCompiler, self._add(insert.from_select(self._columns, self._rows())).compile(dialect=dialect))

    def run(self, transaction: Transaction, rows: Sequence[Row]) -> list[Row]:
        """Insert `rows`, each with a value for every column, in their order; what RETURNING gives, in no order."""
        if transaction.dialect != "sqlite":
            return self._run_at_once(transaction, rows)
        returned: list[Row] = []
        for start in range(0, len(rows), ROWS_A_STATEMENT):
            part = rows[start : start + ROWS_A_STATEMENT]
            sql = self._head + ", ".join([self._row] * len(part)) + self._tail
            returned += transaction.driver.execute(sql, list(chain.from_iterable(part))).fetchall()
        return returned

    def _run_at_once(self, transaction: Transaction, rows: Sequence[Row]) -> list[Row]:
        if not rows:
            return []
        if not self._unnesting:
            self._unnesting = str(self.compiled(_DIALECTS[transaction.dialect]))
        values = zip(*rows, strict=True)
        cursor = transaction.driver.execute(self._unnesting, dict(zip(self._columns, map(list, values), strict=True)))
        return cursor.fetchall() if self._returns else []

    def _rows(self) -> Select[*tuple[Any, ...]]:
        """The rows of arrays, one a column, each the parameter of its column's name."""
        columns = self._table.c[tuple(self._columns)]
        # As a text of any length: a cast would cut what is too long, where the column refuses it.
        types = [Text() if isinstance(column.type, String) else column.type for column in columns]
        arrays = [
            bindparam(column.name, type_=postgresql.ARRAY(kind)) for column, kind in zip(columns, types, strict=True)
        ]
        rows = func.unnest(*arrays).table_valued(*self._columns).render_derived(name="new_rows")
        return select(*(rows.c[name] for name in self._columns))


_LOG = Insert(changes, ("kind", "seq"))
_LOG_CAMERAS = Insert(changes, ("kind", "store_id", "camera_id", "status"))


def write_log(transaction: Transaction) -> None:
    """Write down the changes that `transaction` made: the last thing that it does."""
    _LOG.run(transaction, transaction.changes)
    _LOG_CAMERAS.run(transaction, transaction.camera_changes)
