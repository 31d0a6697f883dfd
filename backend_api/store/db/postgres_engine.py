"""PostgreSQL: how it is connected to, and that nothing is acknowledged before it is on its disk.

Statements of a transaction that writes are sent one behind the other, without waiting for an answer that nobody needs
(psycopg's pipeline): over a network, each wait is a round trip.
"""

import logging
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any, cast

import psycopg
from psycopg.adapt import PyFormat
from sqlalchemy import URL, Connection, Engine, create_engine, event, exc
from sqlalchemy.pool import ConnectionPoolEntry

from backend_api.base.clock import Clock
from backend_api.base.process import UsageError
from backend_api.store.db.database import Lock
from backend_api.store.db.errors import StoreBroken, StoreBusy, StoreFull
from backend_api.store.db.statements import Driver, Transaction, write_log
from backend_api.store.db.store_days import drop_touched

log = logging.getLogger(__name__)

OLDEST_VERSION = 150_000
# How long a write waits for another's lock, or for one of the connections.
LOCK_TIMEOUT_S = 30
_CONNECT_TIMEOUT_S = 10
_READERS, _MORE_READERS, _WRITERS = 5, 10, 4
# PgBouncer hands out connections by the transaction, so that there they are the role's own settings (docs/chain.md).
_SETTINGS = {
    "lock_timeout": f"{LOCK_TIMEOUT_S}s",
    "statement_timeout": "60s",
    "idle_in_transaction_session_timeout": "10s",
    "jit": "off",
    # A lock of `alone` goes with its connection: of a computer that is gone without a word the server hears by these.
    "tcp_keepalives_idle": "60s",
    "tcp_keepalives_interval": "10s",
    "tcp_keepalives_count": "3",
}
_SET = "SELECT set_config(name, value, false) FROM unnest(%s::text[], %s::text[]) AS wanted (name, value)"
# Clocks that NTP sets differ by some milliseconds.
TOLERATED_CLOCK_S = 2.0
_CLOCK_EVERY_S = 3600.0
# Advisory locks of other programs in the same database have other first numbers: "gym" in ASCII.
_LOCK_CLASS = 0x67796D
# By the first two characters of SQLSTATE, or all five:
# https://www.postgresql.org/docs/current/errcodes-appendix.html. 23503 and 23505 are races for a row or a key that
# another transaction has won.
_BUSY = {"08", "40", "57", "23503", "23505", "55P03", "53300"}
_FULL = {"58", "25006", "53100", "53200"}


class PostgresDatabase:
    """Connections to one PostgreSQL database: some that read, through SQLAlchemy, and a few that write."""

    def __init__(self, url: URL) -> None:
        """Nothing is connected to yet. `?pgbouncer=true` behind `url` leaves out what PgBouncer cannot keep."""
        self._name = url.render_as_string(hide_password=True)
        self._clock_due_s = float("-inf")
        self._behind_pgbouncer = url.query.get("pgbouncer") == "true"
        url = url.difference_update_query(["pgbouncer"]).set(drivername="postgresql+psycopg")
        self._readers = self._engine(url, _READERS, _MORE_READERS)
        self._writers = self._engine(url, _WRITERS, 0)
        event.listen(self._writers, "connect", _send_arrays_as_binary)

    @property
    def name(self) -> str:
        """Its URL without the password."""
        return self._name

    @property
    def folder(self) -> Path | None:
        """None: its disk is the server's own."""
        return None

    @contextmanager
    def read(self) -> Iterator[Connection]:
        """A connection for one reading statement, which sees one state of the database."""
        with self._translate_errors(), self._readers.connect() as connection:
            yield connection

    @contextmanager
    def snapshot(self) -> Iterator[Connection]:
        """Like `read`, for several statements that have to see the same state."""
        with self.read() as connection:
            connection.exec_driver_sql("BEGIN ISOLATION LEVEL REPEATABLE READ, READ ONLY")
            yield connection
            connection.exec_driver_sql("COMMIT")

    @contextmanager
    def write(
        self,
        *,
        survives_power_cut: bool = True,
        checks_references: bool = True,  # noqa: ARG002 - those tables name nothing here (tables.py)
        lock: Lock | None = None,
    ) -> Iterator[Transaction]:
        """A transaction, committed when this returns (see Database.write)."""
        with self._translate_errors(), self._writer() as driver, driver.pipeline() as pipeline:
            driver.execute("BEGIN")
            if not survives_power_cut:
                driver.execute("SET LOCAL synchronous_commit = off")
            if lock is not None:
                _take(driver, lock)
            transaction = Transaction(cast(Driver, driver), "postgresql", pipeline.sync)
            yield transaction
            drop_touched(transaction)
            if transaction.changes or transaction.camera_changes:
                # Held from before the first id to the commit, and by nobody who still has other rows to wait for.
                _take(driver, Lock.LOG)
                write_log(transaction)
            committed = driver.execute("COMMIT")
            pipeline.sync()
            if committed.statusmessage != "COMMIT":
                raise StoreBroken("the database did not commit; nothing was written")

    @contextmanager
    def migrate(self) -> Iterator[Connection]:
        """Like `write`, as a connection of SQLAlchemy's; backends that start together do it one after the other."""
        migrating = self._writers.execution_options(isolation_level="READ COMMITTED")
        with self._translate_errors(), migrating.begin() as connection:
            # A table of a chain takes longer than any statement of every day.
            connection.exec_driver_sql("SET LOCAL statement_timeout = 0")
            connection.exec_driver_sql("SET LOCAL lock_timeout = 0")
            connection.exec_driver_sql(f"SELECT pg_advisory_xact_lock({_LOCK_CLASS}, {Lock.MIGRATE})")
            yield connection

    @contextmanager
    def alone(self, lock: Lock) -> Iterator[bool]:
        """Whether `lock` is ours, for a transaction that does nothing else: PgBouncer keeps no lock of a session."""
        with self.read() as connection:
            connection.exec_driver_sql("BEGIN; SET LOCAL idle_in_transaction_session_timeout = 0")
            query = f"SELECT pg_try_advisory_xact_lock({_LOCK_CLASS}, {lock.value})"
            yield bool(connection.exec_driver_sql(query).scalar_one())
            connection.exec_driver_sql("COMMIT")

    def tidy(self, clock: Clock) -> None:
        """Look at the clock now and then; the server tidies itself."""
        if clock.monotonic_s() >= self._clock_due_s:
            self.check_clock(clock)

    def check_clock(self, clock: Clock) -> None:
        """Warn when this computer's clock is other than the server's, by which all of a database can be compared.

        Leases, limits of age and "now" go by the clocks of backends and workers.
        """
        self._clock_due_s = clock.monotonic_s() + _CLOCK_EVERY_S
        with self.read() as connection:
            before = clock.now()
            told = connection.exec_driver_sql("SELECT clock_timestamp()").scalar_one()
            after = clock.now()
        off_s = max((before - told).total_seconds(), (told - after).total_seconds())
        if off_s > TOLERATED_CLOCK_S:
            side = "behind" if told > after else "ahead of"
            log.warning(
                "this computer's clock is %.0f s %s that of the database's server; set both by NTP, and those of all"
                " other backends and workers",
                off_s, side,
            )  # fmt: skip

    def check_writable(self, timeout_s: float) -> None:  # noqa: ARG002 - nobody is waited for
        """Raise StoreBusy when the server does not answer, StoreFull when it writes nothing, as a standby does."""
        query = "SELECT pg_is_in_recovery() OR current_setting('transaction_read_only')::boolean"
        with self.read() as connection:
            if connection.exec_driver_sql(query).scalar_one():
                raise StoreFull("the database takes no writes: it is a standby, or set to be read only")

    def check_server(self) -> None:
        """Raise UsageError when the server is too old, or the database holds other texts than UTF-8."""
        query = "SELECT current_setting('server_version_num')::int, current_setting('server_encoding')"
        with self.read() as connection:
            version, encoding = connection.exec_driver_sql(query).one()
        if version < OLDEST_VERSION:
            oldest = OLDEST_VERSION // 10_000
            raise UsageError(f"{self._name}: PostgreSQL {version // 10_000} is too old, {oldest} or newer is needed")
        if encoding != "UTF8":
            raise UsageError(f"{self._name}: the database's encoding is {encoding}; make one with ENCODING 'UTF8'")

    def close(self) -> None:
        """Close every connection."""
        self._readers.dispose()
        self._writers.dispose()

    def _engine(self, url: URL, size: int, more: int) -> Engine:
        engine = create_engine(
            url,
            isolation_level="AUTOCOMMIT",
            pool_size=size,
            max_overflow=more,
            pool_timeout=LOCK_TIMEOUT_S,
            # The last used first, so that the others can be closed by the server or a proxy when nobody needs them.
            pool_use_lifo=True,
            connect_args={
                "application_name": "gym",
                "connect_timeout": _CONNECT_TIMEOUT_S,
                "prepare_threshold": None if self._behind_pgbouncer else 5,
            },
        )
        if not self._behind_pgbouncer:
            event.listen(engine, "connect", _set_up)
        return engine

    @contextmanager
    def _writer(self) -> Iterator[psycopg.Connection[Any]]:
        pooled = self._writers.raw_connection()
        try:
            yield cast("psycopg.Connection[Any]", pooled.driver_connection)
        except BaseException:
            # The next transaction begins with a connection that remembers nothing of this one.
            pooled.invalidate()
            raise
        pooled.close()

    @contextmanager
    def _translate_errors(self) -> Iterator[None]:
        """Raise StoreBusy or StoreFull for what passes by itself, StoreBroken for every other error."""
        try:
            yield
        except exc.TimeoutError as error:
            raise StoreBusy("more requests use the database than it has connections") from error
        except (psycopg.Error, exc.DBAPIError) as error:
            cause = error.orig if isinstance(error, exc.DBAPIError) else error
            raise self._translated(cause) from error

    def _translated(self, cause: BaseException | None) -> Exception:
        # Callers of the API read it: what the driver says before that names the server and its user.
        text = " ".join(str(cause).rpartition(" failed: ")[2].split())
        state = getattr(cause, "sqlstate", None) or ""
        is_lost = not state and isinstance(cause, (psycopg.OperationalError, psycopg.InterfaceError))
        if is_lost or state[:2] in {"08", "57"}:
            # The others were lost as well, if the server went.
            self._writers.dispose()
        if is_lost or state in _BUSY or state[:2] in _BUSY:
            return StoreBusy(f"the database does not take it now: {text}")
        if state in _FULL or state[:2] in _FULL:
            return StoreFull(f"the database cannot be written: {text}")
        return StoreBroken(f"the database does not work: {text}; look at its server's log")


def _take(driver: psycopg.Connection[Any], lock: Lock) -> None:
    driver.execute(f"SELECT pg_advisory_xact_lock({_LOCK_CLASS}, {lock.value})")


def _send_arrays_as_binary(connection: psycopg.Connection[Any], _entry: ConnectionPoolEntry) -> None:
    """In arrays of text, psycopg escapes each quotation mark of each event's JSON.

    Of two dumpers of a type it takes the one that was registered last, unless a statement says otherwise:
    https://www.psycopg.org/psycopg3/docs/advanced/adapt.html
    """
    connection.adapters.register_dumper(list, connection.adapters.get_dumper(list, PyFormat.BINARY))


def _set_up(connection: Any, _entry: ConnectionPoolEntry) -> None:  # noqa: ANN401 - SQLAlchemy's
    was_autocommit, connection.autocommit = connection.autocommit, True
    connection.execute(_SET, (list(_SETTINGS), list(_SETTINGS.values())))
    connection.autocommit = was_autocommit
