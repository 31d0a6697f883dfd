"""A copy of a SQLite file as it is at one moment, while others read and write it: SQLite's online backup."""

import logging
import sqlite3
from contextlib import closing
from pathlib import Path

from backend_api.base.durable_files import Disk
from backend_api.base.process import UsageError
from backend_api.store.db.errors import StoreFull
from backend_api.store.db.sqlite_engine import translate_errors

log = logging.getLogger(__name__)


def copy_database(source: Path, target: Path, disk: Disk) -> None:
    """Put a copy of the database `source` in place of the file `target`: all of it, on the disk, or nothing.

    It is taken in one step, in which writers go on. Its header says that it has no write-ahead log, so that an older
    one beside the place where somebody puts it is never taken for its own (stale_log.py).

    Raises StoreBusy, StoreFull or StoreBroken as every use of the database does, OSError when it cannot be named.
    """
    temporary = target.with_name(f"{target.name}.tmp")
    for left in (temporary, *(temporary.with_name(f"{temporary.name}{end}") for end in ("-journal", "-wal", "-shm"))):
        disk.remove(left)
    # Not mode=ro, which would leave a log behind where nobody else has the database open.
    address = f"{source.resolve().as_uri()}?mode=rw"
    with (
        translate_errors(),
        closing(sqlite3.connect(address, uri=True)) as original,
        closing(sqlite3.connect(temporary, isolation_level=None)) as copy,
    ):
        # The whole file is waited for once, below.
        copy.execute("PRAGMA synchronous=OFF")
        original.backup(copy)
        copy.execute("PRAGMA journal_mode=DELETE")
    disk.publish(temporary, target)


def keep_before_migration(path: Path, revision: str) -> None:
    """Keep a copy of the database `path`, which is about to get the schema `revision`, until the next migration.

    The one of the migration before goes when this one is on the disk. Raises UsageError when there is no room.
    """
    target, disk = path.with_name(f"{path.name}.before-{revision}"), Disk()
    try:
        copy_database(path, target, disk)
        for older in path.parent.glob(f"{path.name}.before-*"):
            if older != target:
                disk.remove(older)
    except (OSError, StoreFull) as error:
        raise UsageError(
            f"cannot keep a copy of {path} before it is updated, for which {path.stat().st_size / 1e6:.0f} MB are "
            f"needed beside it: {error}; make room, then start again"
        ) from error
    log.info("the database as it was before is kept as %s until the next update", target)


def find_damage(path: Path) -> str | None:
    """What is wrong with the inside of the database `path`, by SQLite's own examination; None when nothing is.

    Reads all of it: some seconds a gigabyte. Raises StoreBusy or StoreFull when it cannot be read at all.
    """
    address = f"{path.resolve().as_uri()}?mode=ro"
    with translate_errors(), closing(sqlite3.connect(address, uri=True)) as connection:
        try:
            (found,) = connection.execute("PRAGMA integrity_check(1)").fetchone()
            if found == "ok":
                orphan = connection.execute("PRAGMA foreign_key_check").fetchone()
                found = "ok" if orphan is None else f"a row of {orphan[0]} names one of {orphan[2]} that is not there"
        except sqlite3.DatabaseError as error:
            if error.sqlite_errorcode & 0xFF not in {sqlite3.SQLITE_CORRUPT, sqlite3.SQLITE_NOTADB}:
                raise
            found = str(error)
    return None if found == "ok" else str(found)
