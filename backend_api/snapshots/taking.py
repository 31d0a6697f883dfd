"""Taking a snapshot while backend, worker and edges go on.

The snapshot holds every clip that its copy of the database promises and that was there when the copy was made: first
all files, then the database, then the files that have come since. A clip is there before its event, and a file that
retention removed in between is still known from the first look.
"""

import os
import sqlite3
from collections.abc import Collection, Mapping
from contextlib import closing
from dataclasses import dataclass
from pathlib import Path
from uuid import UUID

from backend_api.base.clock import Clock
from backend_api.base.process import FatalError, UsageError
from backend_api.media.usage import owner_of
from backend_api.snapshots.manifest import Manifest, MediaFile
from backend_api.snapshots.repository import Repository
from backend_api.store.db.copying import copy_database, find_damage
from backend_api.store.db.stale_log import check_log

_COPY = "database.tmp"


@dataclass(slots=True)
class Taken:
    """A snapshot that was taken: its name, its files, and what of them (the database included) was new."""

    name: str = ""
    files: int = 0
    new_files: int = 0
    new_bytes: int = 0


def take_snapshot(db: Path, media: Path, repository: Repository, clock: Clock) -> Taken:
    """Back the database `db` and the clips and pictures in `media` up into `repository`.

    What the newest snapshot has by the same name, size and time is not read again: files are never changed once they
    have their name. Raises UsageError when there is no such database, FatalError when it is damaged, and OSError,
    StoreBusy, StoreFull as they come; the snapshots that are there stay as they are.
    """
    if not db.is_file():
        raise UsageError(f"there is no database {db}; give the backend's --db")
    check_log(db)
    taken = Taken()
    newest = repository.newest()
    before = _put_files(media, newest.files if newest else {}, repository, taken)
    taken_at = clock.now()
    copy = repository.shelf.workspace / _COPY
    copy_database(db, copy, repository.shelf.disk)
    revision = _revision(db, copy)
    after = _put_files(media, before, repository, taken)
    gone = before.keys() - after.keys()
    files = after | {name: before[name] for name in _still_promised(copy, gone)}
    database = repository.move_in(copy)
    taken.files, taken.new_bytes = len(files), taken.new_bytes + database.size_bytes
    taken.name = repository.add(Manifest(taken_at, revision, database, files))
    return taken


def _put_files(
    media: Path, known: Mapping[str, MediaFile], repository: Repository, taken: Taken
) -> dict[str, MediaFile]:
    files: dict[str, MediaFile] = {}
    with os.scandir(media) as entries:
        names = sorted(entry.name for entry in entries if owner_of(entry.name) and entry.is_file(follow_symlinks=False))
    for name in names:
        try:
            state = (media / name).stat()
            file = known.get(name)
            if file is None or not _is_same(file, state) or not repository.has(file):
                stored, is_new = repository.put(media / name)
                file = MediaFile(name=name, modified_ns=state.st_mtime_ns, **stored.model_dump())
                taken.new_files += is_new
                taken.new_bytes += file.size_bytes * is_new
        except FileNotFoundError:
            continue  # retention, or a person, was faster
        files[name] = file
    return files


def _is_same(file: MediaFile, state: os.stat_result) -> bool:
    return (file.size_bytes, file.modified_ns) == (state.st_size, state.st_mtime_ns)


def _revision(db: Path, copy: Path) -> str:
    """The schema of the copy, which is examined as a whole. Raises UsageError when it is not ours, FatalError."""
    damage = find_damage(copy)
    if damage is not None:
        raise FatalError(
            f"the database {db} is damaged: {damage}; no snapshot was taken, and those before are kept: restore one"
        )
    with closing(sqlite3.connect(copy)) as connection:
        if "alembic_version" not in _tables(connection):
            raise UsageError(f"{db} is a database of another program; give the backend's --db")
        return str(connection.execute("SELECT version_num FROM alembic_version").fetchone()[0])


def _still_promised(copy: Path, names: Collection[str]) -> set[str]:
    """Those of the files `names` whose events the copy has, and does not know to be without media."""
    if not names:
        return set()
    query = "SELECT event_id FROM events"
    with closing(sqlite3.connect(f"{copy.resolve().as_uri()}?mode=ro", uri=True)) as connection:
        if "removed_media" in _tables(connection):
            query += " WHERE seq NOT IN (SELECT seq FROM removed_media)"
        promised = {UUID(event_id) for (event_id,) in connection.execute(query)}
    return {name for name in names if owner_of(name) in promised}


def _tables(connection: sqlite3.Connection) -> set[str]:
    """The tables of the copy, which may be of an older release: its schema is not this one's."""
    return {name for (name,) in connection.execute("SELECT name FROM sqlite_master WHERE type = 'table'")}
