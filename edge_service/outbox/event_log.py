"""The outbox's file of lines, in which a position keeps its meaning when the front of the file is dropped.

A position counts the bytes of all lines ever appended. The first line of the file, its header, says at which position
the line after it stands. So dropping what was acknowledged is one atomic step, the exchange of the file: no second
file has to agree with it, and a crash leaves the old file or the new one, each of which is right.
"""

import contextlib
import errno
import logging
import os
import threading
from collections.abc import Generator
from pathlib import Path
from typing import BinaryIO, Self

from backend_api.base.durable_files import Disk
from backend_api.contract.events import MAX_BATCH_BYTES
from edge_service.outbox.record_file import cut_torn_tail
from edge_service.outbox.sealed_line import line_bytes, seal, unseal

_HEADER = b"base"
_COPY_BYTES = 8 * 1024 * 1024
MAX_LINE_BYTES = line_bytes(b"event", MAX_BATCH_BYTES)

log = logging.getLogger(__name__)


class EventLog:
    """Lines from position `base` to position `end`, in the file at `path`.

    `append` may be called by one thread while another one reads and drops. Every method raises OSError.
    """

    def __init__(self, path: Path, disk: Disk) -> None:
        self.path = path
        self.base = 0
        self.end = 0
        self._disk = disk
        self._temporary = path.with_name(f"{path.name}.tmp")
        self._header_bytes = 0
        self._lock = threading.Lock()
        self._unsettled = False

    @classmethod
    def open(cls, path: Path, acknowledged: int | None, disk: Disk) -> Self:
        """The log at `path`, made if it is missing, its torn last line cut off.

        `acknowledged` is the position from which on lines still have to be sent, as far as anybody remembers. Where it
        cannot belong to this file (the header is damaged, or the file is shorter, or was exchanged by hand), the file
        gets a new header with `acknowledged` as its base: all that is in it counts as not sent, and the position that
        is remembered is right again without being written.
        """
        opened = cls(path, disk)
        disk.remove(opened._temporary)
        if path.exists() and (torn_bytes := cut_torn_tail(path, disk)):
            log.warning("%s: cut off a last line of %d bytes that was never finished", path, torn_bytes)
        opened._measure()
        if not opened._knows(acknowledged):
            if opened.end > opened.base:
                log.warning("%s does not go with what is remembered of it: all of it is sent again", path)
            opened._exchange(opened.base, acknowledged or 0)
        disk.sync_folder(path.parent)
        return opened

    @property
    def size_bytes(self) -> int:
        """How long the file is."""
        return self._header_bytes + self.end - self.base

    def append(self, line: bytes) -> None:
        """Append `line`, which ends in a line break; it is on the disk on return, or not in the file at all."""
        with self._lock:
            self._settle()
            try:
                self._disk.append(self.path, line)
            except OSError:
                self._unsettled = True
                raise
            self.end += len(line)

    def lines(self, start: int) -> Generator[bytes]:
        """The lines from position `start` on that stand there when the first one is asked for.

        A run of `MAX_LINE_BYTES` bytes without a line break is no line that was ever written; it comes as it is.
        """
        position, end = start, self.end
        with self._open_at(position) as file:
            while position < end:
                line = self._filled(file.readline(min(MAX_LINE_BYTES, end - position)))
                yield line
                position += len(line)

    def count(self, start: int) -> int:
        """How many lines stand between position `start` and the end."""
        with self._open_at(start) as file:
            blocks = iter(lambda: file.read(_COPY_BYTES), b"")
            return sum(block.count(b"\n") for block in blocks)

    def drop_before(self, position: int) -> None:
        """Give back the disk space of the lines before `position`. On OSError the log is what it was."""
        self._exchange(position, position)

    def empty(self, position: int) -> bool:
        """Drop all lines if none came after `position`, which takes no disk space; say whether they were dropped.

        The end goes back to `base`, so nobody may remember a position beyond it any more.
        """
        with self._lock:
            if position != self.end:
                return False
            self.end = self.base
            self._unsettled = True
            with contextlib.suppress(OSError):
                self._settle()
            return True

    def _settle(self) -> None:
        """Cut the file to what it should hold, and make its name sure, where that has failed before."""
        if self._unsettled:
            self._disk.truncate(self.path, self.size_bytes)
            self._disk.sync_folder(self.path.parent)
            self._unsettled = False

    def _exchange(self, start: int, base: int) -> None:
        """Put a file in place that holds the lines from `start` on under a header that says `base`.

        Most is copied while appends go on; they wait for the last piece and the exchange alone.
        """
        try:
            self._disk.remove(self._temporary)
            self._disk.append(self._temporary, seal(_HEADER, b"%d" % base))
            copied = self._copy(start, self.end)
            with self._lock:
                self._copy(copied, self.end)
                self._publish(base + self.end - start)
        except OSError:
            with contextlib.suppress(OSError):
                self._disk.remove(self._temporary)
            raise

    def _copy(self, position: int, end: int) -> int:
        if position < end:
            with self._open_at(position) as file:
                while position < end:
                    block = self._filled(file.read(min(_COPY_BYTES, end - position)))
                    self._disk.append(self._temporary, block)
                    position += len(block)
        return position

    def _publish(self, end: int) -> None:
        try:
            self._disk.publish(self._temporary, self.path)
        except OSError:
            # It may have failed after the rename, before the folder was on the disk: the next append sees to that.
            self._unsettled = True
            self.base, self._header_bytes = self._read_header() or (self.base, self._header_bytes)
            raise
        self._measure()
        self.end = end

    def _measure(self) -> None:
        self.base, self._header_bytes = self._read_header() or (0, 0)
        size_bytes = self.path.stat().st_size if self.path.exists() else 0
        self.end = self.base + size_bytes - self._header_bytes

    def _read_header(self) -> tuple[int, int] | None:
        if not self.path.exists():
            return None
        with self.path.open("rb") as file:
            line = file.readline(MAX_LINE_BYTES)
        base = unseal(_HEADER, line)
        return None if base is None else (int(base), len(line))

    def _knows(self, position: int | None) -> bool:
        if not self._header_bytes:
            return False
        if position is None or position <= self.base:
            return True
        # Nothing can be read beyond the end; anywhere else a position stands behind a line break.
        with self._open_at(position - 1) as file:
            return file.read(1) == b"\n"

    def _open_at(self, position: int) -> BinaryIO:
        file = self.path.open("rb")
        file.seek(self._header_bytes + position - self.base, os.SEEK_SET)
        return file

    def _filled(self, data: bytes) -> bytes:
        if not data:
            raise OSError(
                errno.EIO, "the file is shorter than it was; stop the edge and start it again", str(self.path)
            )
        return data
