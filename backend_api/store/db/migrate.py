"""Opening a database: made when missing, migrated when older, refused when newer or not ours, never deleted.

Alembic is imported where there is something to migrate: a third of the time in which a process reads the code of its
store.
"""

import logging
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import TYPE_CHECKING

from sqlalchemy import URL, Connection, inspect

from backend_api.base.clock import Clock
from backend_api.base.database_address import DatabaseAddress
from backend_api.base.process import FatalError, UsageError
from backend_api.store.db.copying import keep_before_migration
from backend_api.store.db.database import Database
from backend_api.store.db.errors import StoreBroken, StoreBusy, StoreFull
from backend_api.store.db.sqlite_engine import SqliteDatabase
from backend_api.store.db.stale_log import check_log, check_restored
from backend_api.store.db.tables import metadata

if TYPE_CHECKING:
    from alembic.config import Config

# The newest of the migrations.
HEAD = "0026"
_MIGRATIONS = Path(__file__).resolve().parent / "migrations"

log = logging.getLogger(__name__)


class DatabaseNotReady(UsageError):
    """The database is missing, or older than this code: starting the backend puts that right."""


def open_database(db: str | Path | DatabaseAddress, clock: Clock, *, create: bool) -> Database:
    """Open the database `db`; with `create` make or migrate it, else it must be there and current.

    A migration is logged, with its time by `clock`; a copy of the database as it was before is kept beside it.

    Raises UsageError when it cannot be used as it is (DatabaseNotReady when the backend has to make or migrate it
    first), FatalError when another process keeps it locked, or its server does not answer.
    """
    address = DatabaseAddress.of(db)
    if address.url is not None:
        return _open_postgres(address.url, clock, create=create)
    return _open_sqlite(Path(str(address)), clock, create=create)


def _open_sqlite(path: Path, clock: Clock, *, create: bool) -> Database:
    if not create and not path.is_file():
        raise DatabaseNotReady(f"there is no database {path}; start the backend first, or give its --db")
    try:
        check_restored(path)
        check_log(path)
        if create:
            path.parent.mkdir(parents=True, exist_ok=True)
            # SQLite would make it 0644 at most, which a group with which it is to be shared could not write.
            path.touch(mode=0o666)
        database = SqliteDatabase(path)
        with _closed_on_failure(database):
            _make_current(database, clock, create=create)
            database.pin()
    except (OSError, StoreFull, StoreBroken) as error:
        raise UsageError(f"cannot use the database {path}: {error}; or give another --db") from error
    except StoreBusy as error:
        raise FatalError(f"the database {path} is locked by another process; end that one, then start again") from error
    return database


def _open_postgres(url: URL, clock: Clock, *, create: bool) -> Database:
    try:
        from backend_api.store.db.postgres_engine import PostgresDatabase
    except ImportError as error:
        raise UsageError(
            f"--db {url.render_as_string(hide_password=True)} needs what is not installed ({error}): "
            "pip install -r requirements-chain.txt"
        ) from error
    database = PostgresDatabase(url)
    try:
        with _closed_on_failure(database):
            database.check_server()
            database.check_clock(clock)
            _make_current(database, clock, create=create)
    except (StoreFull, StoreBroken) as error:
        raise UsageError(f"cannot use the database {database.name}: {error}; or give another --db") from error
    except StoreBusy as error:
        raise FatalError(f"cannot use {database.name}: {error}; put that right, then start again") from error
    return database


@contextmanager
def _closed_on_failure(database: Database) -> Iterator[None]:
    try:
        yield
    except BaseException:
        database.close()
        raise


def _make_current(database: Database, clock: Clock, *, create: bool) -> None:
    with database.read() as connection:
        revision = _check(connection, database.name)
    if create and isinstance(database, SqliteDatabase):
        with database.read() as connection:
            # A restored copy has none yet.
            connection.exec_driver_sql("PRAGMA journal_mode=WAL")
    if revision == HEAD:
        return
    if not create:
        raise DatabaseNotReady(
            f"the database {database.name} is not up to date; start the backend first, it updates it"
        )
    if revision is not None:
        log.info(
            "updating the database %s from schema %s to %s; a large one takes minutes", database.name, revision, HEAD
        )
    began_s = clock.monotonic_s()
    with database.migrate() as connection:
        if _check(connection, database.name) == HEAD:
            return  # Another backend was faster.
        if revision is not None and isinstance(database, SqliteDatabase):
            keep_before_migration(database.path, HEAD)
        _migrate(connection)
    took_s = clock.monotonic_s() - began_s
    if revision is None:
        log.info("made the database %s, schema %s", database.name, HEAD)
    else:
        log.info("updated the database %s from schema %s to %s in %.1f s", database.name, revision, HEAD, took_s)


def stamp(connection: Connection) -> None:
    """Mark the tables, which have just been made, as those of the newest schema."""
    from alembic import command

    command.stamp(_config(connection), "head")


def _migrate(connection: Connection) -> None:
    """Make the tables, or bring them up to date."""
    from alembic import command

    if connection.dialect.name == "sqlite" or inspect(connection).get_table_names():
        command.upgrade(_config(connection), "head")
    else:
        # The migrations up to 0016 are SQLite's alone; PostgreSQL begins with what they come to.
        metadata.create_all(connection)
        stamp(connection)


def _config(connection: Connection) -> "Config":
    from alembic.config import Config

    config = Config()
    config.set_main_option("script_location", str(_MIGRATIONS).replace("%", "%%"))
    config.attributes["connection"] = connection
    return config


def _check(connection: Connection, name: str) -> str | None:
    """The database's revision, None when it is empty. Raises UsageError when it is newer, or not ours."""
    tables = inspect(connection).get_table_names()
    if not tables:
        return None
    if "alembic_version" not in tables and set(tables) >= metadata.tables.keys():
        raise UsageError(f"{name} was not moved to the end; run backend_api/move.py again as before, it goes on")
    if "alembic_version" not in tables:
        raise UsageError(f"{name} is a database of another program; give another --db")
    revision = connection.exec_driver_sql("SELECT version_num FROM alembic_version").scalar()
    if revision != HEAD and revision not in _revisions():
        raise UsageError(
            f"the database {name} comes from a newer version (schema {revision}); update this program, "
            "or give another --db"
        )
    return str(revision)


def _revisions() -> set[str]:
    from alembic.script import ScriptDirectory

    return {step.revision for step in ScriptDirectory(str(_MIGRATIONS)).walk_revisions()}
