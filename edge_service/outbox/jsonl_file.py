"""Files of lines that only ever grow: where the last whole line ends, and cutting off what a crash left behind it."""

import os
from pathlib import Path

from backend_api.base.durable_files import Disk

_BLOCK_BYTES = 64 * 1024


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
