"""The place that backups are kept in: what is stored lies under its own hash, once, and manifests name it.

Everything that a manifest names was there for good before the manifest got its name, and goes only after every manifest
that names it: a kill at any instant leaves whole snapshots, and something that the next backup uses or removes.

    gym-backup                 says that the place is one
    objects/ab/abcd...         a file under its SHA-256
    snapshots/2026-...Z.jsonl  a manifest (manifest.py)
"""

import hashlib
import logging
import os
from collections.abc import Iterator
from contextlib import AbstractContextManager, contextmanager
from datetime import UTC, datetime
from pathlib import Path

from backend_api.base.durable_files import Disk
from backend_api.base.process import FatalError, UsageError
from backend_api.media.place import MediaPlace
from backend_api.snapshots.manifest import DamagedManifest, Manifest, StoredFile
from backend_api.snapshots.shelf import FolderShelf, Shelf

log = logging.getLogger(__name__)

_ENDING = ".jsonl"
_INCOMING = "incoming.tmp"
_CHUNK_BYTES = 1 << 20


class Repository:
    """The backups on `shelf`; whoever has it holds the place's lock."""

    def __init__(self, shelf: Shelf) -> None:
        self.shelf = shelf

    @classmethod
    @contextmanager
    def open_for_writing(cls, place: MediaPlace, disk: Disk) -> Iterator["Repository"]:
        """The repository at `place`, made when nothing is there. Raises UsageError, FatalError when it is in use."""
        with _shelf(place, disk, writes=True) as shelf:
            yield cls(shelf)

    @classmethod
    @contextmanager
    def open_for_reading(cls, place: MediaPlace, disk: Disk) -> Iterator["Repository"]:
        """The repository that is at `place`. Raises UsageError, FatalError when a backup is being written to it."""
        with _shelf(place, disk, writes=False) as shelf:
            yield cls(shelf)

    def where(self, sha256: str) -> str:
        """Where the bytes of that hash lie, if they are here, for people."""
        return f"{self.shelf.name}/{_object(sha256)}"

    def local(self, sha256: str) -> AbstractContextManager[Path]:
        """A file of this computer with what is kept under that hash. Raises FileNotFoundError."""
        return self.shelf.local(_object(sha256))

    def has(self, stored: StoredFile) -> bool:
        """Whether it is here, by its name and size."""
        return self.shelf.size_of(_object(stored.sha256)) == stored.size_bytes

    def put(self, source: Path) -> tuple[StoredFile, bool]:
        """Keep what the file `source` holds now; also whether that is new here. Raises OSError."""
        incoming = self.shelf.workspace / _INCOMING
        stored = copy_hashed(source, incoming)
        return stored, self._name(incoming, stored)

    def move_in(self, source: Path) -> StoredFile:
        """Like `put`, for a file of the shelf's workspace, which is no longer there afterwards."""
        stored = StoredFile(sha256=hash_of(source), size_bytes=source.stat().st_size)
        self._name(source, stored)
        return stored

    def _name(self, incoming: Path, stored: StoredFile) -> bool:
        if self.has(stored):
            self.shelf.disk.remove(incoming)
            return False
        self.shelf.keep(incoming, _object(stored.sha256))
        return True

    def names(self) -> list[str]:
        """The names of the snapshots, the oldest first: when they were taken, in UTC."""
        found = (name.rpartition("/")[2] for name in self.shelf.names("snapshots"))
        return sorted(name.removesuffix(_ENDING) for name in found if name.endswith(_ENDING))

    def read(self, name: str) -> Manifest:
        """The snapshot of that name. Raises FatalError when it is damaged or gone."""
        try:
            return Manifest.decode(self.shelf.read(_manifest(name)))
        except DamagedManifest as error:
            where = f"{self.shelf.name}/{_manifest(name)}"
            raise FatalError(f"{where} is damaged: {error}; use another snapshot of {self._listed()}") from error
        except FileNotFoundError as error:
            raise FatalError(f"there is no snapshot {name} in {self.shelf.name}, only {self._listed()}") from error

    def newest(self) -> Manifest | None:
        """The newest snapshot, None without any and for one that is damaged, which is logged."""
        for name in reversed(self.names()):
            try:
                return self.read(name)
            except FatalError as error:
                log.warning("%s", error)
        return None

    def add(self, manifest: Manifest) -> str:
        """Keep the manifest of what was put here; the snapshot's name. Raises OSError."""
        name = _name_of(manifest.taken_at)
        while self.shelf.size_of(_manifest(name)) is not None:
            name += "a"  # two within a second
        self.shelf.write(_manifest(name), manifest.encode())
        return name

    def prune(self, keep: int) -> int:
        """Remove all but the newest `keep` snapshots, and what none of these needs; how many files that were.

        Nothing goes while a manifest that stays cannot be read: what it names is not known. Raises OSError.
        """
        names = self.names()
        self.shelf.remove([_manifest(name) for name in names[:-keep]])
        try:
            needed = {one.sha256 for name in names[-keep:] for one in self.read(name).stored()}
        except FatalError as error:
            log.warning("nothing is removed from %s: %s", self.shelf.name, error)
            return 0
        needless = [name for name in self.shelf.names("objects") if name.rpartition("/")[2] not in needed]
        self.shelf.remove(needless)
        return len(needless)

    def _listed(self) -> str:
        return ", ".join(self.names()[-10:]) or "none"


def _shelf(place: MediaPlace, disk: Disk, *, writes: bool) -> AbstractContextManager[Shelf]:
    if isinstance(place, Path):
        return FolderShelf.opened(place, disk, writes=writes)
    try:
        from backend_api.snapshots.bucket_shelf import BucketShelf
    except ImportError as error:
        raise UsageError(
            f"{place} needs what is not installed ({error}): pip install -r requirements-chain.txt"
        ) from error
    return BucketShelf.opened(place, os.environ, disk, writes=writes)


def _object(sha256: str) -> str:
    return f"objects/{sha256[:2]}/{sha256}"


def _manifest(name: str) -> str:
    return f"snapshots/{name}{_ENDING}"


def _name_of(taken_at: datetime) -> str:
    return taken_at.astimezone(UTC).strftime("%Y-%m-%dT%H-%M-%SZ")


def copy_hashed(source: Path, target: Path) -> StoredFile:
    """Copy the file `source` into `target`, in place of what is there, and say what was copied. Raises OSError."""
    digest, size_bytes = hashlib.sha256(), 0
    with source.open("rb") as reader, target.open("wb") as writer:
        while chunk := reader.read(_CHUNK_BYTES):
            writer.write(chunk)
            digest.update(chunk)
            size_bytes += len(chunk)
    return StoredFile(sha256=digest.hexdigest(), size_bytes=size_bytes)


def hash_of(path: Path) -> str:
    """The SHA-256 of the file at `path`. Raises OSError."""
    with path.open("rb") as file:
        return hashlib.file_digest(file, "sha256").hexdigest()
