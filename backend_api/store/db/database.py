"""A database as the store sees it: reading, writing, and nothing acknowledged before it is on the disk.

SQLite (sqlite_engine.py) and PostgreSQL (postgres_engine.py) keep the same promises, with the same statements.
"""

from contextlib import AbstractContextManager
from enum import IntEnum
from pathlib import Path
from typing import Protocol

from sqlalchemy import Connection

from backend_api.base.clock import Clock
from backend_api.store.db.statements import Transaction


class Lock(IntEnum):
    """What one transaction does at a time, in all processes together, since it reads first and writes then.

    SQLite has one writer anyway. The numbers are those of PostgreSQL's advisory locks, and never change.
    """

    # The log of changes: its ids are seen in the order of commits.
    LOG = 1
    MIGRATE = 2
    # A daily cap: to count what was spent, and to write down the next request.
    CALLS = 3
    # To look whether a message to a target is under way, and to make the next one.
    MESSAGES = 4
    # To look which verdicts were drawn for review, and to draw others.
    DRAWS = 5
    # What one worker says of its caps stands beside what others say of theirs, in one setting.
    WORKER_CAPS = 6
    # What goes for its age, from media, events, the log and the ledger: one backend at a time looks for it.
    SWEEP = 7
    # To look which version of a camera's zones is the newest, and to add one.
    ZONES = 8
    # To compute figures of past days and to keep them: one backend at a time.
    DAYS = 9


class Database(Protocol):
    """Connections to one database. All methods may be called from any thread.

    Each raises StoreBusy when trying again makes sense, StoreFull when the disk takes no more, and StoreBroken when a
    person has to look; nothing is written then.
    """

    @property
    def name(self) -> str:
        """The name by which people know it, without a password."""

    @property
    def folder(self) -> Path | None:
        """The folder whose disk it fills; None when that is none of this computer."""

    def read(self) -> AbstractContextManager[Connection]:
        """A connection for one reading statement, which sees one state of the database."""

    def snapshot(self) -> AbstractContextManager[Connection]:
        """Like `read`, for several statements that have to see the same state."""

    def write(
        self, *, survives_power_cut: bool = True, checks_references: bool = True, lock: Lock | None = None
    ) -> AbstractContextManager[Transaction]:
        """A transaction, which is on the disk when this returns; `lock` is held from its start to its end.

        The last thing before its commit is the log of its changes, so that their ids are seen in the order of commits;
        right before it go the kept figures of the days that it touched (store_days.py).

        Without `survives_power_cut` it does not wait for the disk: a killed process loses nothing, a power cut may undo
        it as a whole, unless a transaction that did wait came after it. Without `checks_references` a row may go that
        others name, and nobody searches for these: some tables have no index for it.
        """

    def migrate(self) -> AbstractContextManager[Connection]:
        """Like `write`, as a connection of SQLAlchemy's, which Alembic needs; one process at a time."""

    def alone(self, lock: Lock) -> AbstractContextManager[bool]:
        """Whether `lock` is ours while this is entered; nobody is waited for. It outlives no connection.

        A file has one backend, so that there it always is.
        """

    def tidy(self, clock: Clock) -> None:
        """Do what the database needs now and then."""

    def check_writable(self, timeout_s: float) -> None:
        """Raise as above when nothing could be written now; wait at most `timeout_s` for others."""

    def close(self) -> None:
        """Close every connection."""
