"""The SQLite file: how it is connected to, and that nothing is acknowledged before it is on the disk.

WAL lets readers go on while one writes; synchronous=FULL makes each commit survive a power cut.
"""

import sqlite3
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from sqlalchemy import URL, Connection, create_engine, event, exc
from sqlalchemy.pool import ConnectionPoolEntry

from backend_api.base.clock import Clock
from backend_api.base.durable_files import probe_writable
from backend_api.store.db.database import Lock
from backend_api.store.db.errors import StoreBroken, StoreBusy, StoreFull
from backend_api.store.db.statements import Transaction, write_log
from backend_api.store.db.store_days import drop_touched

# How long a write waits while another process holds the lock.
BUSY_TIMEOUT_MS = 30_000
# The event_id index is hit at random, so the writer keeps it in memory; readers live on the system's cache.
_WRITER_CACHE_KIB = 65_536
# The log is folded into the file after so many pages of 4 KiB, four times SQLite's own number: that waits for the disk
# twice, and what is written several times in between is written to the file once.
_CHECKPOINT_PAGES = 4_000
# So long nobody has written when the log is folded in all the same.
IDLE_S = 5.0
# Inserts differ by their number of rows (see statements.py); the rest is a few dozen.
_WRITER_STATEMENTS = 256
# Primary result codes, https://www.sqlite.org/rescode.html; extended ones carry them in their low byte.
_BUSY = {sqlite3.SQLITE_BUSY, sqlite3.SQLITE_LOCKED}
_DISK = {sqlite3.SQLITE_FULL, sqlite3.SQLITE_IOERR, sqlite3.SQLITE_READONLY, sqlite3.SQLITE_CANTOPEN}


class SqliteDatabase:
    """Connections to one SQLite file: many that read, through SQLAlchemy, and one of the driver's own that writes."""

    def __init__(self, path: Path) -> None:
        self.path = path
        # As many readers as there can be request threads (anyio's 40), and a few more.
        self._engine = create_engine(URL.create("sqlite", database=str(path)), pool_size=8, max_overflow=40)
        event.listen(self._engine, "connect", _on_connect)
        self._writing = threading.Lock()
        self._writer: sqlite3.Connection | None = None
        self._synchronous = "FULL"
        self._file: tuple[int, int] | None = None
        # The write-ahead log as it was last seen, since when, and as it was when it was folded in.
        self._wal_state: tuple[int, int] | None = None
        self._idle_since_s = 0.0
        self._folded: tuple[int, int] | None = None

    @property
    def name(self) -> str:
        """The path of the file."""
        return str(self.path)

    @property
    def folder(self) -> Path | None:
        """The folder that the file is in."""
        return self.path.parent

    def pin(self) -> None:
        """From now on write only while the file is still the one that it is now.

        A connection would go on writing to a file that was removed or replaced, which nobody will ever read.
        """
        self._file = _identity(self.path)

    @contextmanager
    def read(self) -> Iterator[Connection]:
        """A connection for one reading statement, which sees one state of the database."""
        with translate_errors(), self._engine.connect() as connection:
            yield connection

    @contextmanager
    def snapshot(self) -> Iterator[Connection]:
        """Like `read`, for several statements that have to see the same state."""
        with self.read() as connection:
            connection.exec_driver_sql("BEGIN")
            try:
                yield connection
            finally:
                connection.exec_driver_sql("COMMIT")

    @contextmanager
    def write(
        self,
        *,
        survives_power_cut: bool = True,
        checks_references: bool = True,
        lock: Lock | None = None,  # noqa: ARG002 - whoever writes holds the only lock there is
    ) -> Iterator[Transaction]:
        """A transaction that holds the write lock from its start (see Database.write).

        Raises StoreBusy when another process kept the lock for BUSY_TIMEOUT_MS, StoreFull when the disk takes no more,
        StoreBroken when the file is no longer the one that was opened; nothing is written then. Threads of this process
        queue for a lock of their own, which is fairer than polling.
        """
        with self._writer_connection("FULL" if survives_power_cut else "NORMAL") as connection:
            if not checks_references:
                connection.execute("PRAGMA foreign_keys=OFF")
            # The lock comes first: a transaction that begins by reading may not be let through to writing.
            connection.execute("BEGIN IMMEDIATE")
            transaction = Transaction(connection, "sqlite")
            yield transaction
            drop_touched(transaction)
            write_log(transaction)
            connection.execute("COMMIT")
            if not checks_references:
                connection.execute("PRAGMA foreign_keys=ON")

    @contextmanager
    def migrate(self) -> Iterator[Connection]:
        """Like `write`, as a connection of SQLAlchemy's, which Alembic needs."""
        with translate_errors(), self._engine.connect() as connection:
            connection.exec_driver_sql("BEGIN IMMEDIATE")
            yield connection
            connection.commit()

    @contextmanager
    def alone(self, lock: Lock) -> Iterator[bool]:  # noqa: ARG002 - there is nobody else
        """True: a file has one backend."""
        yield True

    def tidy(self, clock: Clock) -> None:
        """Fold the write-ahead log into the file once nobody has written for IDLE_S: a copy of the file holds all then.

        Readers and writers go on meanwhile; pages in use are folded in later.
        """
        now_s = clock.monotonic_s()
        state = _state(self.path.with_name(f"{self.path.name}-wal"))
        if state != self._wal_state:
            self._wal_state, self._idle_since_s = state, now_s
        if state in (None, self._folded) or now_s - self._idle_since_s < IDLE_S:
            return
        with self._writer_connection(self._synchronous) as connection:
            _, frames, folded = connection.execute("PRAGMA wal_checkpoint(PASSIVE)").fetchone()
        if frames == folded:
            self._folded = state

    def check_writable(self, timeout_s: float) -> None:
        """Raise StoreBusy when the write lock is not free within `timeout_s`, StoreFull when nothing can be written.

        Raises StoreBroken as `write` does.
        """
        self._check_file()
        with self.read() as connection:
            connection.exec_driver_sql(f"PRAGMA busy_timeout={round(timeout_s * 1000)}")
            try:
                connection.exec_driver_sql("BEGIN IMMEDIATE")
                connection.exec_driver_sql("ROLLBACK")
            finally:
                connection.exec_driver_sql(f"PRAGMA busy_timeout={BUSY_TIMEOUT_MS}")
        try:
            probe_writable(self.path.parent)
        except OSError as error:
            raise StoreFull(f"cannot write the folder {self.path.parent}: {error.strerror or error}") from error

    def close(self) -> None:
        """Close every connection; the last one of all processes folds the write-ahead log into the file."""
        with self._writing:
            if self._writer is not None:
                self._writer.close()
                self._writer = None
            self._engine.dispose()

    @contextmanager
    def _writer_connection(self, synchronous: str) -> Iterator[sqlite3.Connection]:
        with self._writing, translate_errors():
            self._check_file()
            connection = self._writer = self._writer or self._connect_writer()
            try:
                self._set_synchronous(connection, synchronous)
                yield connection
            except BaseException:
                # The next transaction begins with a connection that remembers nothing of this one.
                self._writer = None
                connection.close()
                raise

    def _check_file(self) -> None:
        if self._file is not None and _identity(self.path) != self._file:
            raise StoreBroken(
                f"the database {self.path} was removed or replaced while in use; put it back, or start again"
            )

    def _set_synchronous(self, connection: sqlite3.Connection, level: str) -> None:
        if level != self._synchronous:
            connection.execute(f"PRAGMA synchronous={level}")
            self._synchronous = level

    def _connect_writer(self) -> sqlite3.Connection:
        connection = sqlite3.connect(
            self.path, check_same_thread=False, isolation_level=None, cached_statements=_WRITER_STATEMENTS
        )
        _set_up(connection)
        self._synchronous = "FULL"
        connection.execute(f"PRAGMA cache_size=-{_WRITER_CACHE_KIB}")
        connection.execute(f"PRAGMA wal_autocheckpoint={_CHECKPOINT_PAGES}")
        return connection


@contextmanager
def translate_errors() -> Iterator[None]:
    """Raise StoreBusy or StoreFull for what passes by itself, StoreBroken for every other error of the database."""
    try:
        yield
    except exc.TimeoutError as error:
        raise StoreBusy("more requests read the database than it has connections") from error
    except (sqlite3.Error, exc.DBAPIError) as error:
        cause = error.orig if isinstance(error, exc.DBAPIError) else error
        code = getattr(cause, "sqlite_errorcode", 0) & 0xFF
        if code in _BUSY:
            raise StoreBusy("another process holds the database's lock") from error
        if code in _DISK:
            raise StoreFull(f"the database cannot be written: {cause}") from error
        raise StoreBroken(f"the database does not work: {cause}; restore it from a backup") from error


def _identity(path: Path) -> tuple[int, int] | None:
    try:
        found = path.stat()
    except OSError:
        return None
    return found.st_dev, found.st_ino


def _state(path: Path) -> tuple[int, int] | None:
    """Size and time of `path`, which differ once something was written to it; None when there is nothing."""
    try:
        found = path.stat()
    except OSError:
        return None
    return (found.st_size, found.st_mtime_ns) if found.st_size else None


def _on_connect(connection: sqlite3.Connection, _entry: ConnectionPoolEntry) -> None:
    # Without this the driver guesses when to begin a transaction: too late, at the first change.
    connection.isolation_level = None
    _set_up(connection)


def _set_up(connection: sqlite3.Connection) -> None:
    for pragma in (f"busy_timeout={BUSY_TIMEOUT_MS}", "synchronous=FULL", "foreign_keys=ON", "temp_store=MEMORY"):
        connection.execute(f"PRAGMA {pragma}")
