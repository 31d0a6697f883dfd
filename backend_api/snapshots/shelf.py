"""Where a repository's files lie: in a folder of this computer, or in a bucket (bucket_shelf.py).

A name on it, such as `objects/ab/abcd...`, is that of a whole file; it survives a power cut once it was given.
"""

import fcntl
from collections.abc import Collection, Iterator
from contextlib import AbstractContextManager, contextmanager, nullcontext
from pathlib import Path
from typing import Protocol

from backend_api.base.durable_files import Disk
from backend_api.base.process import FatalError, UsageError

MARK = "gym-backup"


class Shelf(Protocol):
    """Files by name. Each method raises OSError as it comes; for a bucket that is MediaAway."""

    @property
    def name(self) -> str:
        """The name by which people know it."""

    @property
    def workspace(self) -> Path:
        """A folder of this computer for files that have no name yet, which `disk` writes."""

    @property
    def disk(self) -> Disk:
        """Writes files of the workspace."""

    def names(self, below: str) -> list[str]:
        """The names of all files below the folder `below`."""

    def size_of(self, name: str) -> int | None:
        """The file's bytes; None when it is not there."""

    def read(self, name: str) -> bytes:
        """What the file holds. Raises FileNotFoundError."""

    def local(self, name: str) -> AbstractContextManager[Path]:
        """A path of this computer where the file can be read until the end of the context; FileNotFoundError."""

    def keep(self, path: Path, name: str) -> None:
        """Give the finished file `path` of the workspace its name; it is no longer there afterwards."""

    def write(self, name: str, content: bytes) -> None:
        """Write a file of that name."""

    def remove(self, names: Collection[str]) -> None:
        """Remove files, for good when this returns."""


class FolderShelf:
    """The folder at `workspace`."""

    def __init__(self, folder: Path, disk: Disk) -> None:
        self.workspace = folder
        self.disk = disk

    @property
    def name(self) -> str:
        """Its path."""
        return str(self.workspace)

    @classmethod
    @contextmanager
    def opened(cls, folder: Path, disk: Disk, *, writes: bool) -> Iterator["FolderShelf"]:
        """The folder, locked; made when nothing is there and this `writes`. Raises UsageError, FatalError."""
        if writes:
            _make(folder, disk)
        elif not (folder / MARK).is_file():
            raise UsageError(f"there are no backups in {folder}; give the folder that backup.py wrote with --to")
        with locked(folder / MARK, str(folder), writes=writes):
            yield cls(folder, disk)

    def names(self, below: str) -> list[str]:
        """In its folders, too."""
        paths = (path for path in (self.workspace / below).rglob("*") if path.is_file())
        return [path.relative_to(self.workspace).as_posix() for path in paths]

    def size_of(self, name: str) -> int | None:
        """As the file system says."""
        try:
            return (self.workspace / name).stat().st_size
        except FileNotFoundError:
            return None

    def read(self, name: str) -> bytes:
        """The file's bytes."""
        return (self.workspace / name).read_bytes()

    def local(self, name: str) -> AbstractContextManager[Path]:
        """The file itself."""
        path = self.workspace / name
        if not path.exists():
            raise FileNotFoundError(2, "there is no such file", str(path))
        return nullcontext(path)

    def keep(self, path: Path, name: str) -> None:
        """Its folder is made first, for good."""
        target = self.workspace / name
        if not target.parent.exists():
            target.parent.mkdir()
            self.disk.sync_folder(target.parent.parent)
        self.disk.publish(path, target)

    def write(self, name: str, content: bytes) -> None:
        """Beside it first."""
        self.disk.replace(self.workspace / name, content)

    def remove(self, names: Collection[str]) -> None:
        """Unlink, then fsync each folder."""
        paths = [self.workspace / name for name in names]
        for path in paths:
            self.disk.remove(path)
        for folder in sorted({path.parent for path in paths}):
            self.disk.sync_folder(folder)


@contextmanager
def locked(path: Path, name: str, *, writes: bool) -> Iterator[None]:
    """The lock that backup and restoring of `name` hold: the one that `writes` alone. Raises FatalError, UsageError."""
    try:
        with path.open("rb") as mark:
            fcntl.flock(mark, (fcntl.LOCK_EX if writes else fcntl.LOCK_SH) | fcntl.LOCK_NB)
            yield
    except BlockingIOError as error:
        raise FatalError(f"another backup or restoring uses {name}; wait until it has ended") from error
    except PermissionError as error:
        raise UsageError(f"cannot read {error.filename}: {error.strerror}; let this user do it") from error


def _make(folder: Path, disk: Disk) -> None:
    try:
        folder.mkdir(parents=True, exist_ok=True)
        if not (folder / MARK).exists():
            if any(folder.iterdir()):
                raise UsageError(f"{folder} holds something else than backups; give an empty folder with --to")
            (folder / MARK).touch()
        for part in ("objects", "snapshots"):
            (folder / part).mkdir(exist_ok=True)
        disk.sync_folder(folder)
    except OSError as error:
        raise UsageError(f"cannot write to {folder}: {error.strerror}; give another folder with --to") from error
