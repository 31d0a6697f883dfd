"""Files that survive a power cut: write, fsync, rename, fsync the folder; and whether a folder takes any.

Every durable write of the project goes through `Disk`, so that a test can cut each of its operations short.
"""

import errno
import logging
import os
import secrets
import tempfile
from collections.abc import Mapping
from concurrent.futures import ThreadPoolExecutor
from contextlib import suppress
from pathlib import Path

from backend_api.base.process import UsageError

NO_ROOM = frozenset({errno.ENOSPC, errno.EDQUOT})
"""The errors of a disk, or of the share of it that this user may have, when it is full."""

_PROBE_BYTES = 4096
# The umask of the process says what of it is left.
_MODE = 0o666
# How file systems say that they have no hard links, or no more for this file.
_NO_LINKS = {errno.EPERM, errno.ENOSYS, errno.EOPNOTSUPP, errno.ENOTSUP, errno.EMLINK, errno.EINVAL}
# So many files at once: file systems put what is waited for together on the disk together.
_THREADS = 8

log = logging.getLogger(__name__)


class Disk:
    """Writes that are on the disk when they return.

    Every method raises OSError as the operating system does (ENOSPC, EROFS, EACCES, ...) and leaves what was there
    before readable: a reader sees the old file or the new one.
    """

    def append(self, path: Path, data: bytes) -> None:
        """Append `data` to the file at `path`, made if missing, and wait until it is on the disk.

        A failed append is cut off again, so that a later one does not stand behind half a line.
        """
        is_new = not path.exists()
        descriptor = os.open(path, os.O_WRONLY | os.O_APPEND | os.O_CREAT | os.O_CLOEXEC, _MODE)
        try:
            length_bytes = os.fstat(descriptor).st_size
            try:
                self._write(descriptor, data)
                self._fsync(descriptor)
            except OSError:
                self._truncate(descriptor, length_bytes)
                raise
        finally:
            os.close(descriptor)
        if is_new:
            self.sync_folder(path.parent)

    def replace(self, path: Path, data: bytes) -> None:
        """Put `data` into the file at `path`, all of it or, on any failure, nothing; for a file of this process alone.

        It is written first to `path` with `.tmp` behind it, so that what a crash leaves is replaced the next time.
        """
        temporary = path.with_name(f"{path.name}.tmp")
        self._put(temporary, data)
        self.publish(temporary, path)

    def replace_all(self, contents: Mapping[Path, bytes]) -> None:
        """Put several files of one folder in place, from any process: all are on the disk before the first is named.

        A failure removes what was written under a temporary name. Which names were given by then is not said.
        """
        temporaries = {path: temporary_path(path) for path in contents}
        try:
            with ThreadPoolExecutor(max_workers=_THREADS, thread_name_prefix="files") as executor:
                for written in [
                    executor.submit(self._put_synced, temporaries[path], data) for path, data in contents.items()
                ]:
                    written.result()
            for path, temporary in temporaries.items():
                self._rename(temporary, path)
        except OSError:
            for temporary in temporaries.values():
                with suppress(OSError):  # the first error is the one to tell
                    self._unlink(temporary)
            raise
        for folder in {path.parent for path in contents}:
            self.sync_folder(folder)

    def put_new(self, path: Path, data: bytes) -> None:
        """Put `data` into the new file at `path`, all of it or nothing; that the very same is there is fine.

        Raises FileExistsError when another file is there: it is never replaced.
        """
        temporary = path.with_name(f"{path.name}.tmp")
        self._put(temporary, data)
        if not self.publish_new(temporary, path) and path.read_bytes() != data:
            raise FileExistsError(errno.EEXIST, "another file of that name is there, and is never replaced", str(path))

    def put_again(self, existing: Path, path: Path, data: bytes) -> None:
        """Put `data`, which the file `existing` holds already, into the new file at `path`, too: once on the disk.

        It is a hard link where the file system has them and `existing` is still there, otherwise as `put_new`.
        """
        try:
            self._link(existing, path)
        except OSError:
            self.put_new(path, data)
        else:
            self.sync_folder(path.parent)

    def publish_new(self, temporary: Path, path: Path) -> bool:
        """Give the finished file `temporary` the new name `path`, unless a file has it: then `temporary` goes.

        fsync, link, unlink, fsync the folder: of two processes at once, one is told True. A file system without hard
        links gets a look and a rename instead, between which another process may come. True when the name is new.
        """
        self.sync_file(temporary)
        is_new = self._name_new(temporary, path)
        # Also for a file that is there already: a crash may have come between its name and this.
        self.sync_folder(path.parent)
        return is_new

    def _name_new(self, temporary: Path, path: Path) -> bool:
        is_new = True
        try:
            self._link(temporary, path)
        except FileExistsError:
            is_new = False
        except OSError as error:
            if error.errno not in _NO_LINKS:
                raise
            if not path.exists():
                self._rename(temporary, path)
                return True
            is_new = False
        self._unlink(temporary)
        return is_new

    def publish(self, temporary: Path, path: Path) -> None:
        """Give the finished file `temporary` the name `path`, both in one folder: fsync, rename, fsync the folder."""
        self.sync_file(temporary)
        self._rename(temporary, path)
        self.sync_folder(path.parent)

    def truncate(self, path: Path, length_bytes: int) -> None:
        """Cut the file at `path` down to its first `length_bytes` bytes."""
        descriptor = os.open(path, os.O_WRONLY | os.O_CLOEXEC)
        try:
            self._truncate(descriptor, length_bytes)
            self._fsync(descriptor)
        finally:
            os.close(descriptor)

    def remove(self, path: Path) -> None:
        """Remove the file at `path`; that it is not there is no error."""
        self._unlink(path)

    def sync_file(self, path: Path) -> None:
        """Make what is written in the file at `path` survive a power cut."""
        self._sync(path, os.O_RDONLY)

    def sync_folder(self, folder: Path) -> None:
        """Make new names in `folder` survive a power cut."""
        self._sync(folder, os.O_RDONLY | os.O_DIRECTORY)

    def _sync(self, path: Path, flags: int) -> None:
        descriptor = os.open(path, flags | os.O_CLOEXEC)
        try:
            self._fsync(descriptor)
        finally:
            os.close(descriptor)

    def _put(self, path: Path, data: bytes, *, waits: bool = False) -> None:
        descriptor = os.open(path, os.O_WRONLY | os.O_CREAT | os.O_TRUNC | os.O_CLOEXEC, _MODE)
        try:
            self._write(descriptor, data)
            if waits:
                self._fsync(descriptor)
        finally:
            os.close(descriptor)

    def _put_synced(self, path: Path, data: bytes) -> None:
        self._put(path, data, waits=True)

    # What a test overrides to crash before, or half-way through, one operation.

    def _write(self, descriptor: int, data: bytes) -> None:
        view = memoryview(data)
        while view:
            view = view[os.write(descriptor, view) :]

    def _fsync(self, descriptor: int) -> None:
        os.fsync(descriptor)

    def _truncate(self, descriptor: int, length_bytes: int) -> None:
        os.ftruncate(descriptor, length_bytes)

    def _rename(self, source: Path, target: Path) -> None:
        source.replace(target)

    def _link(self, source: Path, target: Path) -> None:
        target.hardlink_to(source)

    def _unlink(self, path: Path) -> None:
        path.unlink(missing_ok=True)


def temporary_path(path: Path) -> Path:
    """Where to write what will be renamed to `path`, in the same folder; another place at each call."""
    return path.with_name(f"{path.name}.{secrets.token_hex(4)}.tmp")


def probe_writable(folder: Path) -> None:
    """Write a small file into `folder` and remove it. Raises OSError when that fails: permissions, or no space left."""
    with tempfile.NamedTemporaryFile(dir=folder, prefix=".writable-") as file:
        file.write(bytes(_PROBE_BYTES))
        file.flush()
        os.fsync(file.fileno())


def make_writable(folder: Path, flag: str) -> Path:
    """Make `folder` if it is missing, write to it once, and return it.

    That there is no room is logged and no more: room may come. Raises UsageError that names the folder, the reason and
    the `flag` that chooses another.
    """
    try:
        folder.mkdir(parents=True, exist_ok=True)
        probe_writable(folder)
    except OSError as error:
        if error.errno not in NO_ROOM or not folder.is_dir():
            raise UsageError(
                f"cannot write to {folder}: {error.strerror or error}; make it writable or choose another folder with"
                f" {flag}"
            ) from error
        log.warning("%s: %s; free some, or what belongs there is not kept", folder, error.strerror)
    return folder
