"""Whether the database itself is whole, by SQLite's own examination of every page, index and reference.

PostgreSQL has no such examination, refuses what breaks a reference, and looks after its pages itself.
"""

from collections.abc import Iterator
from pathlib import Path

from backend_api.checks.finding import Finding, Kind
from backend_api.store.db.database import Database

_CURE = "stop the backend and restore a backup (backend_api/restore.py); nothing here can repair it"
# One fault makes many: the first tell enough.
_FAULTS = 10


def check_integrity(database: Database) -> Iterator[Finding]:
    """The faults of pages and indexes, and rows that name others which are not there; some seconds a gigabyte.

    Raises StoreBroken when the database is too damaged to be read.
    """
    with database.read() as connection:
        if connection.dialect.name != "sqlite":
            return
        faults = connection.exec_driver_sql(f"PRAGMA integrity_check({_FAULTS})").scalars().all()
    for fault in faults:
        if fault != "ok":
            yield Finding(Kind.DAMAGED_DATABASE, Path(database.name).name, fault, _CURE)
    with database.read() as connection:
        orphans = connection.exec_driver_sql("PRAGMA foreign_key_check").fetchmany(_FAULTS)
    for table, row, named, _ in orphans:
        text = f"row {row} of {table} names a row of {named} that is not there"
        yield Finding(Kind.DAMAGED_DATABASE, Path(database.name).name, text, _CURE)
