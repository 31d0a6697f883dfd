"""A file of what was set aside, each record once, and what every file of lines needs after a crash."""

import os
from collections import deque
from collections.abc import Sequence
from pathlib import Path

from backend_api.base.durable_files import Disk
from backend_api.contract.events import MAX_BATCH_LINES

_BLOCK_BYTES = 64 * 1024


class RecordFile:
    """JSON lines at `path`, which is made when there is a first one.

    Records come from one batch at a time, and the outbox acknowledges that batch after it. So a crash
    between the two repeats the records of one batch at most: it is enough to look for them among the last
    `MAX_BATCH_LINES`.
    """

    def __init__(self, path: Path, disk: Disk) -> None:
        self.path = path
        self._disk = disk
        self._recent: deque[bytes] | None = None

    def add(self, records: Sequence[bytes]) -> int:
        """Append those of `records` that are not there yet and say how many; they are on the disk on return.

        Each record is one line with its line break. Raises OSError; to call it again is safe.
        """
        recent = self._load() if self._recent is None else self._recent
        known = set(recent)
        new = [record for record in dict.fromkeys(records) if record not in known]
        if new:
            # An append that fails may have left its records all the same, so then the file is looked at again.
            self._recent = None
            self._disk.append(self.path, b"".join(new))
        recent.extend(new)
        self._recent = recent
        return len(new)

    def _load(self) -> deque[bytes]:
        recent: deque[bytes] = deque(maxlen=MAX_BATCH_LINES)
        if self.path.exists():
            cut_torn_tail(self.path, self._disk)
            with self.path.open("rb") as file:
                recent.extend(file)
            # The crash may have come before the folder knew the file's name.
            self._disk.sync_folder(self.path.parent)
        return recent


def cut_torn_tail(path: Path, disk: Disk) -> int:
    """Cut off what stands after the last line break of the file at `path`; say how many bytes that was.

    A line without its line break is an append that never returned, so nobody was promised it. Raises OSError.
    """
    size_bytes = path.stat().st_size
    whole_bytes = _end_of_last_line(path)
    if whole_bytes < size_bytes:
        disk.truncate(path, whole_bytes)
    return size_bytes - whole_bytes


def _end_of_last_line(path: Path) -> int:
    with path.open("rb") as file:
        position = file.seek(0, os.SEEK_END)
        while position > 0:
            start = max(0, position - _BLOCK_BYTES)
            file.seek(start)
            index = file.read(position - start).rfind(b"\n")
            if index >= 0:
                return start + index + 1
            position = start
    return 0
