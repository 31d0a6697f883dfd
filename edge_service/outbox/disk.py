"""The few disk operations that durability is made of, in one place so that a test can cut each of them short."""

import os
from pathlib import Path


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
        descriptor = os.open(path, os.O_WRONLY | os.O_APPEND | os.O_CREAT | os.O_CLOEXEC, 0o644)
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
        """Put `data` into the file at `path`, all of it or, on any failure, nothing."""
        temporary = path.with_name(f"{path.name}.tmp")
        descriptor = os.open(temporary, os.O_WRONLY | os.O_CREAT | os.O_TRUNC | os.O_CLOEXEC, 0o644)
        try:
            self._write(descriptor, data)
        finally:
            os.close(descriptor)
        self.publish(temporary, path)

    def publish(self, temporary: Path, path: Path) -> None:
        """Give the finished file `temporary` the name `path`, both in one folder: fsync, rename, fsync the folder."""
        descriptor = os.open(temporary, os.O_RDONLY | os.O_CLOEXEC)
        try:
            self._fsync(descriptor)
        finally:
            os.close(descriptor)
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

    def sync_folder(self, folder: Path) -> None:
        """Make new names in `folder` survive a power cut."""
        descriptor = os.open(folder, os.O_RDONLY | os.O_DIRECTORY | os.O_CLOEXEC)
        try:
            self._fsync(descriptor)
        finally:
            os.close(descriptor)

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

    def _unlink(self, path: Path) -> None:
        path.unlink(missing_ok=True)
