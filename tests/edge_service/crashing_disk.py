"""Disks that go wrong at their n-th operation: the process dies there, the power fails there, or there is no room."""

import errno
import os
import stat
from pathlib import Path

from backend_api.base.durable_files import Disk


class Crash(BaseException):
    """The process has died; nothing catches it but the test."""


class QuickDisk(Disk):
    """Waits for no disk: for what a test does again and again, and no power cut comes after."""

    def _fsync(self, descriptor: int) -> None:
        pass


class CrashingDisk(Disk):
    """Dies at operation number `crash_at`, from 0 over writes, fsyncs, truncations, new names and unlinks; None: never.

    With `half`, a write that dies leaves half of its bytes. After the crash every operation dies at once. `restore`
    then makes of `folder` what a restart finds: after the death of the process all that was done, and with `power_cut`
    only what an fsync has made sure of: names by an fsync of the folder, contents by one of the file. What the folder
    holds to begin with is on the disk already, or, when not `settled`, left by a process that died before its fsyncs.
    """

    def __init__(
        self,
        folder: Path,
        crash_at: int | None,
        *,
        half: bool = False,
        power_cut: bool = False,
        settled: bool = True,
    ) -> None:
        self.operations = 0
        self._folder = folder
        self._crash_at = crash_at
        self._half = half
        self._power_cut = power_cut
        self._contents: dict[int, bytes] = {}
        self._names: dict[str, int] = {}
        # An open descriptor keeps the number of a removed file from being given to the next one.
        self._kept: list[int] = []
        if settled and folder.exists():
            for path in folder.iterdir():
                self._keep(os.open(path, os.O_RDONLY))
            self._remember_names()

    def restore(self) -> None:
        """Make the folder what a restart finds there."""
        for descriptor in self._kept:
            os.close(descriptor)
        self._kept.clear()
        if self._power_cut:
            for path in self._folder.iterdir():
                path.unlink()
            for name, inode in self._names.items():
                (self._folder / name).write_bytes(self._contents.get(inode, b""))

    def _write(self, descriptor: int, data: bytes) -> None:
        if self._dies() and self._half and self.operations == self._crash_at:
            super()._write(descriptor, data[: len(data) // 2])
        self._step()
        super()._write(descriptor, data)

    def _fsync(self, descriptor: int) -> None:
        self._step()
        if stat.S_ISDIR(os.fstat(descriptor).st_mode):
            self._remember_names()
        else:
            self._keep(os.open(f"/proc/self/fd/{descriptor}", os.O_RDONLY))

    def _truncate(self, descriptor: int, length_bytes: int) -> None:
        self._step()
        super()._truncate(descriptor, length_bytes)

    def _rename(self, source: Path, target: Path) -> None:
        self._step()
        super()._rename(source, target)

    def _link(self, source: Path, target: Path) -> None:
        self._step()
        super()._link(source, target)

    def _unlink(self, path: Path) -> None:
        self._step()
        super()._unlink(path)

    def _dies(self) -> bool:
        return self._crash_at is not None and self.operations >= self._crash_at

    def _step(self) -> None:
        dies = self._dies()
        self.operations += 1
        if dies:
            raise Crash

    def _keep(self, descriptor: int) -> None:
        status = os.fstat(descriptor)
        self._contents[status.st_ino] = os.pread(descriptor, status.st_size, 0)
        self._kept.append(descriptor)

    def _remember_names(self) -> None:
        self._names = {path.name: path.stat().st_ino for path in self._folder.iterdir()}


class FullDisk(Disk):
    """Has no room for operations number `first` to `last`, counted from 0; a write that fails leaves half its bytes."""

    def __init__(self, first: int, last: int) -> None:
        self.operations = 0
        self._first = first
        self._last = last

    def _write(self, descriptor: int, data: bytes) -> None:
        if self._first <= self.operations <= self._last:
            super()._write(descriptor, data[: len(data) // 2])
        self._step()
        super()._write(descriptor, data)

    def _fsync(self, descriptor: int) -> None:
        self._step()

    def _rename(self, source: Path, target: Path) -> None:
        self._step()
        super()._rename(source, target)

    def _link(self, source: Path, target: Path) -> None:
        self._step()
        super()._link(source, target)

    def _step(self) -> None:
        number = self.operations
        self.operations += 1
        if self._first <= number <= self._last:
            raise OSError(errno.ENOSPC, os.strerror(errno.ENOSPC))


class StubbornDisk(QuickDisk):
    """Fails the next append while `is_failing`: half of it stays in the file, as when cutting it off fails too."""

    is_failing = False

    def append(self, path: Path, data: bytes) -> None:
        if self.is_failing:
            super().append(path, data[: len(data) // 2])
            raise OSError(errno.EIO, os.strerror(errno.EIO))
        super().append(path, data)


class SmallDisk(QuickDisk):
    """Holds `blocks` blocks of `BLOCK_BYTES` bytes in `folder`; a write takes what there is, and fails for the rest."""

    BLOCK_BYTES = 4096

    def __init__(self, folder: Path, blocks: int) -> None:
        self._folder = folder
        self._blocks = blocks

    def _write(self, descriptor: int, data: bytes) -> None:
        size_bytes = os.fstat(descriptor).st_size
        taken = sum(self._blocks_of(path.stat().st_size) for path in self._folder.iterdir())
        room_bytes = (self._blocks - taken + self._blocks_of(size_bytes)) * self.BLOCK_BYTES - size_bytes
        super()._write(descriptor, data[: max(0, room_bytes)])
        if len(data) > room_bytes:
            raise OSError(errno.ENOSPC, os.strerror(errno.ENOSPC))

    def _blocks_of(self, size_bytes: int) -> int:
        return -(-size_bytes // self.BLOCK_BYTES)
