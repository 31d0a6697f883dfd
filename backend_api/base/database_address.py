"""Where the database is: a file of this computer, or a PostgreSQL server. Its password is shown nowhere."""

import argparse
import os
from dataclasses import dataclass
from pathlib import Path

from sqlalchemy import URL, make_url
from sqlalchemy.exc import ArgumentError

from backend_api.base.process import REPOSITORY, UsageError

ADDRESS_VARIABLE = "GYM_DB"
_EXAMPLES = "give a path such as ./data/app.db, or postgresql://USER:PASSWORD@HOST/DATABASE"


@dataclass(frozen=True, slots=True)
class DatabaseAddress:
    """A `path` of an SQLite file, or the `url` of a PostgreSQL database; the other one is None.

    As text it is what is shown of it: the password is left out.
    """

    path: Path | None = None
    url: URL | None = None

    def __str__(self) -> str:
        return str(self.path) if self.url is None else self.url.render_as_string(hide_password=True)

    @classmethod
    def of(cls, db: "str | Path | DatabaseAddress") -> "DatabaseAddress":
        """The address that `db` says: a path, or a sqlite:/// or postgresql:// URL. Raises UsageError."""
        if isinstance(db, DatabaseAddress):
            return db
        if isinstance(db, Path) or "://" not in db:
            return cls(path=Path(db))
        try:
            url = make_url(db)
        except (ArgumentError, ValueError) as error:
            # What cannot be read is not shown: nobody knows which part of it is the password.
            raise UsageError(f"--db: not an address of a database; {_EXAMPLES}") from error
        if url.get_backend_name() in {"postgresql", "postgres"}:
            return cls(url=url)
        if url.get_backend_name() != "sqlite" or not url.database or url.database == ":memory:":
            shown = url.render_as_string(hide_password=True)
            raise UsageError(f"--db {shown}: only SQLite files and PostgreSQL are supported; {_EXAMPLES}")
        return cls(path=Path(url.database))


def sqlite_file(db: DatabaseAddress) -> Path:
    """The file of `db`. Raises UsageError when it is a server's database, which has tools of its own for copies."""
    if db.path is None:
        raise UsageError(f"--db {db} is no SQLite file; PostgreSQL is backed up by pg_dump, see docs/chain.md")
    return db.path


def media_folder_beside(db: DatabaseAddress) -> Path:
    """Where the media of `db` lie unless somebody says otherwise. Raises UsageError when it is no file."""
    if db.path is None:
        raise UsageError(f"--db {db} is no file that a folder could lie beside: give --media-dir")
    return db.path.parent / "media"


def add_database_flag(parser: argparse.ArgumentParser, what: str) -> None:
    """Add `--db`, whose value is a DatabaseAddress; `what` says whose database it is, and what is done with it."""
    parser.add_argument(
        "--db",
        type=DatabaseAddress.of,
        # A default that is text is read like a value.
        default=os.environ.get(ADDRESS_VARIABLE) or str(REPOSITORY / "data" / "app.db"),
        metavar="ADDRESS",
        help=f"{what}: the path of an SQLite file, or postgresql://USER:PASSWORD@HOST/DATABASE. Others on this "
        f"computer may see a password here, so better set {ADDRESS_VARIABLE} (default: {ADDRESS_VARIABLE}, else "
        "data/app.db)",
    )
