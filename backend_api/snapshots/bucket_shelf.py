"""A repository in a bucket: files travel by a folder of this computer, and what is there is listed once.

Nothing in a bucket can be locked so that a killed process lets go of it. So this computer's own lock keeps backups and
restorings apart that are started here: a place in a bucket is for the backups of one computer.
"""

import errno
import hashlib
import shutil
import tempfile
from collections.abc import Collection, Iterator, Mapping
from contextlib import ExitStack, contextmanager, suppress
from pathlib import Path

from backend_api.base.durable_files import Disk
from backend_api.base.process import UsageError
from backend_api.media.bucket_address import BucketAddress
from backend_api.media.objects import Objects
from backend_api.snapshots.shelf import MARK, locked

# Each is a request of its own, and each request has a time within which it must have ended.
_PART_BYTES = 8 * 1024**2


class BucketShelf:
    """What `objects` has, which nobody else changes meanwhile."""

    def __init__(self, objects: Objects, workspace: Path, disk: Disk) -> None:
        self.workspace = workspace
        self.disk = disk
        self._objects = objects
        # By name; what backups have put there is thousands of files, whose sizes are asked for one by one.
        self._sizes = {one.name: one.size_bytes for page in objects.pages() for one in page}

    @property
    def name(self) -> str:
        """Its address."""
        return self._objects.name

    @classmethod
    @contextmanager
    def opened(
        cls, address: BucketAddress, environment: Mapping[str, str], disk: Disk, *, writes: bool
    ) -> Iterator["BucketShelf"]:
        """What lies at `address`, and may be empty when this `writes`. Raises UsageError, FatalError when in use."""
        name = f"gym-backup-{hashlib.sha256(str(address).encode()).hexdigest()[:16]}"
        temporary = Path(tempfile.gettempdir())
        lock = temporary / f"{name}.lock"
        with suppress(PermissionError):
            lock.touch()
        with ExitStack() as stack:
            stack.enter_context(locked(lock, str(address), writes=writes))
            if writes:
                # Copies of the database that a kill left behind: nobody else is here.
                for abandoned in temporary.glob(f"{name}-*"):
                    shutil.rmtree(abandoned, ignore_errors=True)
            workspace = stack.enter_context(tempfile.TemporaryDirectory(prefix=f"{name}-"))
            shelf = cls(Objects.connect(address, environment), Path(workspace), disk)
            shelf._check(writes=writes)
            yield shelf

    def _check(self, *, writes: bool) -> None:
        if MARK in self._sizes:
            return
        if not writes:
            raise UsageError(f"there are no backups in {self.name}; give the bucket that backup.py wrote with --to")
        if self._sizes:
            raise UsageError(f"{self.name} holds something else than backups; give an empty prefix with --to")
        self.write(MARK, b"backups\n")

    def names(self, below: str) -> list[str]:
        """As they were listed, and since."""
        return [name for name in self._sizes if name.startswith(f"{below}/")]

    def size_of(self, name: str) -> int | None:
        """As it was listed."""
        return self._sizes.get(name)

    def read(self, name: str) -> bytes:
        """All of it at once."""
        return b"".join(self._content(name))

    @contextmanager
    def local(self, name: str) -> Iterator[Path]:
        """A copy in the workspace."""
        path = self.workspace / "fetched.tmp"
        try:
            with path.open("wb") as file:
                for chunk in self._content(name):
                    file.write(chunk)
            yield path
        finally:
            path.unlink(missing_ok=True)

    def keep(self, path: Path, name: str) -> None:
        """An object appears when all of it is there."""
        size_bytes = path.stat().st_size
        self._objects.put(name, path)
        self._sizes[name] = size_bytes
        self.disk.remove(path)

    def write(self, name: str, content: bytes) -> None:
        """In one request."""
        self._objects.put(name, content)
        self._sizes[name] = len(content)

    def remove(self, names: Collection[str]) -> None:
        """Many at a time."""
        self._objects.delete(list(names))
        for name in names:
            self._sizes.pop(name, None)

    def _content(self, name: str) -> Iterator[bytes]:
        size_bytes = self._sizes.get(name)
        if size_bytes is None:
            raise FileNotFoundError(errno.ENOENT, "there is no such object", f"{self.name}/{name}")
        for start in range(0, size_bytes, _PART_BYTES):
            yield from self._objects.open(name, start, min(start + _PART_BYTES, size_bytes))
