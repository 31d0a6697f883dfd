"""A lock that processes hold on a file, so that one at a time changes what belongs to it."""

import fcntl
import os
from collections.abc import Callable
from pathlib import Path
from typing import Self


class FileLock:
    """Held from construction to `close`, and let go by the operating system when the process dies.

    The file itself stays: removing it would let two processes hold locks on two files of one name.
    """

    def __init__(self, path: Path, waits: Callable[[], None] | None = None) -> None:
        """Raises OSError when the file cannot be made or locked, BlockingIOError when another process holds it.

        With `waits`, which is called then, that one's end is waited for.
        """
        self._descriptor = os.open(path, os.O_RDWR | os.O_CREAT | os.O_CLOEXEC, 0o666)
        try:
            try:
                fcntl.flock(self._descriptor, fcntl.LOCK_EX | fcntl.LOCK_NB)
            except BlockingIOError:
                if waits is None:
                    raise
                waits()
                fcntl.flock(self._descriptor, fcntl.LOCK_EX)
        except BaseException:
            self.close()
            raise

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        self.close()

    def close(self) -> None:
        """Let go of the lock; once more is no error."""
        if self._descriptor >= 0:
            os.close(self._descriptor)
            self._descriptor = -1
