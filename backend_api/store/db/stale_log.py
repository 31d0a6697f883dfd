"""Whether the write-ahead log beside a SQLite file belongs to it, or to a file that was there before.

SQLite applies any whole log that bears the file's name. When a copy is put in the place of a file whose process was
killed, that log damages the copy, or undoes the restoring without a word. Nothing in a log names its file, so this goes
by what a log that belongs leaves behind (https://www.sqlite.org/fileformat.html, sections 1.3.3 and 4).
"""

import logging
import sqlite3
from collections.abc import Iterator
from contextlib import closing
from pathlib import Path
from struct import Struct

from backend_api.base.process import UsageError

log = logging.getLogger(__name__)

_WRITE_VERSION_AT = 18
_WITHOUT_LOG = 1
_LOG_HEADER = Struct(">8xI4x8s8x")
_FRAME_HEADER = Struct(">I4x8s8x")
_DAMAGED = {sqlite3.SQLITE_CORRUPT, sqlite3.SQLITE_NOTADB}
_PAGE_SIZES = {1 << power for power in range(9, 17)}


def companions(path: Path) -> tuple[Path, Path]:
    """Where the write-ahead log of the database `path` lies, and its index."""
    return path.with_name(f"{path.name}-wal"), path.with_name(f"{path.name}-shm")


def restoring_path(path: Path) -> Path:
    """Where the database that is being restored to `path` lies until everything else is there."""
    return path.with_name(f"{path.name}.restoring")


def check_restored(path: Path) -> None:
    """Raise UsageError when a restoring to `path` was begun and not ended: a new database would hide that."""
    if not path.exists() and restoring_path(path).exists():
        raise UsageError(
            f"{path} was not restored to the end; run backend_api/restore.py again as before, it goes on, or remove "
            f"{restoring_path(path)} to begin with an empty database"
        )


def check_log(path: Path) -> None:
    """Raise UsageError, with the cure, when the log beside the database `path` belongs to another file.

    Nothing is written. It costs two looks at the file system while the log is the newer of the two; else the log is
    read (16 MB as a rule) and, if the file lacks something of it, the whole database.
    """
    wal, shm = companions(path)
    try:
        log_state = wal.stat()
    except FileNotFoundError:
        return
    if not log_state.st_size:
        return
    state = path.stat() if path.exists() else None
    if state is None or not state.st_size:
        raise UsageError(
            f"{wal} is there without its database, and may hold its newest events; put {path} back, or move {wal} away"
        )
    if _fits(path, wal, is_newer=state.st_ctime_ns > log_state.st_mtime_ns):
        return
    raise UsageError(
        f"{wal} does not belong to {path}, as when a backup was put in the place of another database, and would "
        f"damage it; move {wal} and {shm} away, then start again"
    )


def _fits(path: Path, wal: Path, *, is_newer: bool) -> bool:
    with path.open("rb") as file:
        file.seek(_WRITE_VERSION_AT)
        if file.read(1) == bytes([_WITHOUT_LOG]):
            return False  # such a file never had one: backups are made like this
    # A process writes the log, then the file; it dies in between. A file that was put there is newer than the log.
    if not is_newer or _is_folded_in(path, wal):
        return True
    log.info("%s is newer than its log: looking whether they belong together; a large one takes minutes", path)
    return _is_sound(path)


def _is_folded_in(path: Path, wal: Path) -> bool:
    """Whether the file holds the newest of each page in the log, so that to apply it changes nothing."""
    with path.open("rb") as file, wal.open("rb") as frames:
        newest = {number: (at, size_bytes) for number, at, size_bytes in _pages(wal)}
        for number, (at, size_bytes) in newest.items():
            file.seek((number - 1) * size_bytes)
            frames.seek(at)
            if file.read(size_bytes) != frames.read(size_bytes):
                return False
    return True


def _pages(wal: Path) -> Iterator[tuple[int, int, int]]:
    """Number of each page in the log, where it begins, and its bytes; older frames behind the last are left out."""
    with wal.open("rb") as frames:
        header = frames.read(_LOG_HEADER.size)
        if len(header) < _LOG_HEADER.size:
            return
        size_bytes, salts = _LOG_HEADER.unpack(header)
        if size_bytes not in _PAGE_SIZES:
            return
        while len(head := frames.read(_FRAME_HEADER.size)) == _FRAME_HEADER.size:
            number, its_salts = _FRAME_HEADER.unpack(head)
            if its_salts != salts or not number:
                return
            yield number, frames.tell(), size_bytes
            frames.seek(size_bytes, 1)


def _is_sound(path: Path) -> bool:
    """Whether file and log together are a whole database; also when that cannot be told, which opening it will say."""
    try:
        with closing(sqlite3.connect(f"{path.resolve().as_uri()}?mode=ro", uri=True)) as connection:
            return bool(connection.execute("PRAGMA integrity_check(1)").fetchone() == ("ok",))
    except sqlite3.Error as error:
        return getattr(error, "sqlite_errorcode", 0) & 0xFF not in _DAMAGED
