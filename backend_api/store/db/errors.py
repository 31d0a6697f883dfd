"""Failures of the database while it is in use, in words that a caller can act on."""

from backend_api.base.process import FatalError


class StoreBusy(Exception):
    """Another process holds the database's lock, or too much waits to be written: try again in a moment."""


class StoreFull(Exception):
    """The disk takes no more, or fails: nothing was written; it works again as soon as the disk does."""


class StoreBroken(FatalError):
    """The database is damaged, or does not answer as it should: it takes a person to look at it."""
