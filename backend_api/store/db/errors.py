"""Failures of the database while it is in use, in words that a caller can act on."""

import sqlite3
from collections.abc import Iterator
from contextlib import contextmanager

from sqlalchemy import exc

from backend_api.base.process import FatalError


class StoreBusy(Exception):
    """Another process holds the database's lock, or too much waits to be written: try again in a moment."""


class StoreFull(Exception):
    """The disk takes no more, or fails: nothing was written; it works again as soon as the disk does."""


class StoreBroken(FatalError):
    """The database is damaged, or does not answer as it should: it takes a person to look at it."""


# Primary result codes, https://www.sqlite.org/rescode.html; extended ones carry them in their low byte.
_BUSY = {sqlite3.SQLITE_BUSY, sqlite3.SQLITE_LOCKED}
_DISK = {sqlite3.SQLITE_FULL, sqlite3.SQLITE_IOERR, sqlite3.SQLITE_READONLY, sqlite3.SQLITE_CANTOPEN}


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
