"""The folder that backups are kept in: what is stored lies under its own hash, once, and manifests name it.

Everything that a manifest names was on the disk before the manifest got its name, and goes only after every manifest
that names it: a kill at any instant leaves whole snapshots, and something that the next backup uses or removes.

    gym-backup                 says that the folder is one, and is locked by those who use it
    objects/ab/abcd...         a file under its SHA-256
    snapshots/2026-...Z.jsonl  a manifest (manifest.py)
"""

import fcntl
import hashlib
import logging
from collections.abc import Iterator
from contextlib import contextmanager
from datetime import UTC, datetime
from pathlib import Path

from backend_api.base.durable_files import Disk
from backend_api.base.process import FatalError, UsageError
from backend_api.snapshots.manifest import DamagedManifest, Manifest, StoredFile

log = logging.getLogger(__name__)

_MARK = "gym-backup"
_ENDING = ".jsonl"
_INCOMING = "incoming.tmp"
_CHUNK_BYTES = 1 << 20


class Repository:
    """The backups in `folder`; whoever has it holds the folder's lock."""

    def __init__(self, folder: Path, disk: Disk) -> None:
        self.folder = folder
        self.disk = disk

    @classmethod
    @contextmanager
    def open_for_writing(cls, folder: Path, disk: Disk) -> Iterator["Repository"]:
        """The repository at `folder`, made when nothing is there. Raises UsageError, FatalError when it is in use."""
        try:
            folder.mkdir(parents=True, exist_ok=True)
            if not (folder / _MARK).exists():
                if any(folder.iterdir()):
                    raise UsageError(f"{folder} holds something else than backups; give an empty folder with --to")
                (folder / _MARK).touch()
            for part in ("objects", "snapshots"):
                (folder / part).mkdir(exist_ok=True)
            disk.sync_folder(folder)
        except OSError as error:
            raise UsageError(f"cannot write to {folder}: {error.strerror}; give another folder with --to") from error
        with cls._locked(folder, disk, fcntl.LOCK_EX) as repository:
            yield repository

    @classmethod
    @contextmanager
    def open_for_reading(cls, folder: Path, disk: Disk) -> Iterator["Repository"]:
        """The repository that is at `folder`. Raises UsageError, FatalError when a backup is being written to it."""
        if not (folder / _MARK).is_file():
            raise UsageError(f"there are no backups in {folder}; give the folder that backup.py wrote with --to")
        with cls._locked(folder, disk, fcntl.LOCK_SH) as repository:
            yield repository

    @classmethod
    @contextmanager
    def _locked(cls, folder: Path, disk: Disk, how: int) -> Iterator["Repository"]:
        try:
            with (folder / _MARK).open("rb") as mark:
                fcntl.flock(mark, how | fcntl.LOCK_NB)
                yield cls(folder, disk)
        except BlockingIOError as error:
            raise FatalError(f"another backup or restoring uses {folder}; wait until it has ended") from error
        except PermissionError as error:
            raise UsageError(f"cannot read {error.filename}: {error.strerror}; let this user do it") from error

    def path_of(self, sha256: str) -> Path:
        """Where the bytes of that hash lie, if they are here."""
        return self.folder / "objects" / sha256[:2] / sha256

    def has(self, stored: StoredFile) -> bool:
        """Whether it is here, by its name and size."""
        try:
            return self.path_of(stored.sha256).stat().st_size == stored.size_bytes
        except FileNotFoundError:
            return False

    def put(self, source: Path) -> tuple[StoredFile, bool]:
        """Keep what the file `source` holds now; also whether that is new here. Raises OSError."""
        incoming = self.folder / _INCOMING
        stored = copy_hashed(source, incoming)
        return stored, self._name(incoming, stored)

    def move_in(self, source: Path) -> StoredFile:
        """Like `put`, for a file of this folder, which is no longer there afterwards."""
        stored = StoredFile(sha256=hash_of(source), size_bytes=source.stat().st_size)
        self._name(source, stored)
        return stored

    def _name(self, incoming: Path, stored: StoredFile) -> bool:
        if self.has(stored):
            self.disk.remove(incoming)
            return False
        path = self.path_of(stored.sha256)
        if not path.parent.exists():
            path.parent.mkdir()
            self.disk.sync_folder(path.parent.parent)
        self.disk.publish(incoming, path)
        return True

    def names(self) -> list[str]:
        """The names of the snapshots, the oldest first: when they were taken, in UTC."""
        return sorted(
            path.name.removesuffix(_ENDING)
            for path in (self.folder / "snapshots").iterdir()
            if path.name.endswith(_ENDING)
        )

    def read(self, name: str) -> Manifest:
        """The snapshot of that name. Raises FatalError when it is damaged or gone."""
        path = self._manifest_path(name)
        try:
            return Manifest.decode(path.read_bytes())
        except DamagedManifest as error:
            raise FatalError(f"{path} is damaged: {error}; use another snapshot of {self._listed()}") from error
        except FileNotFoundError as error:
            raise FatalError(f"there is no snapshot {name} in {self.folder}, only {self._listed()}") from error

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
        while self._manifest_path(name).exists():
            name += "a"  # two within a second
        self.disk.replace(self._manifest_path(name), manifest.encode())
        return name

    def prune(self, keep: int) -> int:
        """Remove all but the newest `keep` snapshots, and what none of these needs; how many files that were.

        Nothing goes while a manifest that stays cannot be read: what it names is not known. Raises OSError.
        """
        names = self.names()
        for name in names[:-keep]:
            self.disk.remove(self._manifest_path(name))
        self.disk.sync_folder(self.folder / "snapshots")
        try:
            needed = {one.sha256 for name in names[-keep:] for one in self.read(name).stored()}
        except FatalError as error:
            log.warning("nothing is removed from %s: %s", self.folder, error)
            return 0
        needless = [path for path in (self.folder / "objects").glob("*/*") if path.name not in needed]
        for path in needless:
            self.disk.remove(path)
        return len(needless)

    def _manifest_path(self, name: str) -> Path:
        return self.folder / "snapshots" / f"{name}{_ENDING}"

    def _listed(self) -> str:
        return ", ".join(self.names()[-10:]) or "none"


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
