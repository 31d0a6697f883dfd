"""Opening a database: made when missing, migrated when older, refused when newer or not ours, never deleted.

Alembic is imported where there is something to migrate: a third of the time in which a process reads the code of its
store.
"""

import logging
from pathlib import Path

from sqlalchemy import Connection, make_url
from sqlalchemy.exc import ArgumentError

from backend_api.base.clock import Clock
from backend_api.base.process import FatalError, UsageError
from backend_api.store.db.copying import keep_before_migration
from backend_api.store.db.database import Database
from backend_api.store.db.errors import StoreBroken, StoreBusy, StoreFull
from backend_api.store.db.stale_log import check_log, check_restored

# The newest of the migrations.
HEAD = "0017"
_MIGRATIONS = Path(__file__).resolve().parent / "migrations"

log = logging.getLogger(__name__)


class DatabaseNotReady(UsageError):
    """The database is missing, or older than this code: starting the backend puts that right."""


def database_path(db: str | Path) -> Path:
    """The file that `db`, a path or a sqlite:/// URL, names. Raises UsageError for any other database."""
    if isinstance(db, Path) or "://" not in db:
        return Path(db)
    try:
        url = make_url(db)
    except ArgumentError as error:
        raise UsageError(f"--db {db}: not a database URL; give a path such as ./data/app.db") from error
    if url.get_backend_name() != "sqlite" or not url.database or url.database == ":memory:":
        shown = url.render_as_string(hide_password=True)
        raise UsageError(f"--db {shown}: only SQLite files are supported today; give a path such as ./data/app.db")
    return Path(url.database)


def open_database(db: str | Path, clock: Clock, *, create: bool) -> Database:
    """Open the database `db`; with `create` make or migrate it, else it must be there and current.

    A migration is logged, with its time by `clock`; a copy of the database as it was before is kept beside it.

    Raises UsageError when it cannot be used as it is (DatabaseNotReady when the backend has to make or migrate it
    first), FatalError when another process keeps it locked.
    """
    path = database_path(db)
    if not create and not path.is_file():
        raise DatabaseNotReady(f"there is no database {path}; start the backend first, or give its --db")
    try:
        check_restored(path)
        check_log(path)
        if create:
            path.parent.mkdir(parents=True, exist_ok=True)
            # SQLite would make it 0644 at most, which a group with which it is to be shared could not write.
            path.touch(mode=0o666)
        database = Database(path)
        try:
            _make_current(database, clock, create=create)
            database.pin()
        except BaseException:
            database.close()
            raise
    except (OSError, StoreFull, StoreBroken) as error:
        raise UsageError(f"cannot use the database {path}: {error}; or give another --db") from error
    except StoreBusy as error:
        raise FatalError(f"the database {path} is locked by another process; end that one, then start again") from error
    return database


def _make_current(database: Database, clock: Clock, *, create: bool) -> None:
    with database.read() as connection:
        revision = _check(connection, database.path)
    if create:
        with database.read() as connection:
            # A restored copy has none yet.
            connection.exec_driver_sql("PRAGMA journal_mode=WAL")
    if revision == HEAD:
        return
    if not create:
        raise DatabaseNotReady(
            f"the database {database.path} is not up to date; start the backend first, it updates it"
        )
    if revision is not None:
        log.info(
            "updating the database %s from schema %s to %s; a large one takes minutes", database.path, revision, HEAD
        )
    began_s = clock.monotonic_s()
    with database.migrate() as connection:
        if revision is not None:
            keep_before_migration(database.path, HEAD)
        _upgrade(connection)
    took_s = clock.monotonic_s() - began_s
    if revision is None:
        log.info("made the database %s, schema %s", database.path, HEAD)
    else:
        log.info("updated the database %s from schema %s to %s in %.1f s", database.path, revision, HEAD, took_s)


def _upgrade(connection: Connection) -> None:
    from alembic import command
    from alembic.config import Config

    config = Config()
    config.set_main_option("script_location", str(_MIGRATIONS).replace("%", "%%"))
    config.attributes["connection"] = connection
    command.upgrade(config, "head")


def _check(connection: Connection, path: Path) -> str | None:
    """The database's revision, None when it is empty. Raises UsageError when it is newer, or not ours."""
    tables = connection.exec_driver_sql("SELECT name FROM sqlite_master WHERE type = 'table'").scalars().all()
    if not tables:
        return None
    if "alembic_version" not in tables:
        raise UsageError(f"{path} is a database of another program; give another --db")
    revision = connection.exec_driver_sql("SELECT version_num FROM alembic_version").scalar()
    if revision != HEAD and revision not in _revisions():
        raise UsageError(
            f"the database {path} comes from a newer version (schema {revision}); update this program, "
            "or give another --db"
        )
    return str(revision)


def _revisions() -> set[str]:
    from alembic.script import ScriptDirectory

    return {step.revision for step in ScriptDirectory(str(_MIGRATIONS)).walk_revisions()}
