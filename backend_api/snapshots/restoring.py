"""Putting a snapshot into an empty place.

The database gets its name last, when every clip that it promises is there. Until then its copy lies beside that name,
with `.restoring` behind it, and a backend that is started there says that the restoring was not ended. To restore the
same snapshot again goes on: what is there and right stays.
"""

import os
from dataclasses import dataclass, field
from pathlib import Path

from backend_api.base.durable_files import Disk
from backend_api.base.process import FatalError, UsageError
from backend_api.contract.media import FOLDER_ID_NAME
from backend_api.snapshots.manifest import Manifest, MediaFile, StoredFile
from backend_api.snapshots.repository import Repository, copy_hashed, hash_of
from backend_api.store.db.stale_log import companions, restoring_path

_UNFINISHED = "restoring.tmp"


@dataclass(slots=True)
class Restored:
    """What was restored: how many files and bytes, and the names of those that the backup has lost."""

    files: int = 0
    size_bytes: int = 0
    lost: list[str] = field(default_factory=list)


def restore_snapshot(repository: Repository, name: str, db: Path, media: Path, disk: Disk) -> Restored:
    """Put the snapshot `name` to the database `db` and the folder `media`, made where they are missing.

    A clip or picture that is missing or damaged in the backup is left out and named in the answer. Raises UsageError
    when something else is in the way, FatalError when the database itself is damaged, and OSError as it comes.
    """
    manifest = repository.read(name)
    _check_place(db, media, manifest)
    db.parent.mkdir(parents=True, exist_ok=True)
    media.mkdir(parents=True, exist_ok=True)
    unfinished = restoring_path(db)
    if not _copy(repository, manifest.database, unfinished):
        raise FatalError(f"the database of the snapshot {name} is missing or damaged; restore another with --snapshot")
    disk.sync_file(unfinished)
    disk.sync_folder(db.parent)
    restored = Restored()
    for file in manifest.files.values():
        _restore_file(repository, file, media, disk, restored)
    disk.sync_folder(media)
    disk.publish(unfinished, db)
    return restored


def _check_place(db: Path, media: Path, manifest: Manifest) -> None:
    for path in (db, *companions(db)):
        if path.exists():
            raise UsageError(f"{path} is there, and nothing is overwritten; move it away, or give another --db")
    if not media.exists():
        return
    for path in sorted(media.iterdir()):
        if path.name in (FOLDER_ID_NAME, _UNFINISHED):
            continue
        file = manifest.files.get(path.name)
        if file is None or not path.is_file() or path.stat().st_size != file.size_bytes:
            raise UsageError(
                f"{path} is there, and is not of this snapshot; move it away, or give another, empty --media-dir"
            )


def _restore_file(repository: Repository, file: MediaFile, media: Path, disk: Disk, restored: Restored) -> None:
    target, unfinished = media / file.name, media / _UNFINISHED
    if target.exists():
        if hash_of(target) != file.sha256:
            raise UsageError(f"{target} is there, and is not of this snapshot; move it away, then go on")
    elif not _copy(repository, file, unfinished):
        disk.remove(unfinished)
        restored.lost.append(file.name)
        return
    else:
        os.utime(unfinished, ns=(file.modified_ns, file.modified_ns))
        disk.publish(unfinished, target)
    restored.files += 1
    restored.size_bytes += file.size_bytes


def _copy(repository: Repository, stored: StoredFile, target: Path) -> bool:
    """Whether the backup has what it should, which is in the file `target` now."""
    try:
        with repository.local(stored.sha256) as path:
            found = copy_hashed(path, target)
    except FileNotFoundError:
        return False
    return (found.sha256, found.size_bytes) == (stored.sha256, stored.size_bytes)
