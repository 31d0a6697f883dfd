"""The lock that keeps a second edge away from an outbox."""

import fcntl
import os
from pathlib import Path

from backend_api.base.process import UsageError


class OutboxLock:
    """Held from construction to `close`, and let go by the operating system when the process dies.

    The file itself stays: removing it would let two processes hold locks on two files of one name.
    Raises UsageError when another process holds it, OSError when the file cannot be made or locked.
    """

    def __init__(self, path: Path, camera_id: str) -> None:
        self._descriptor = os.open(path, os.O_RDWR | os.O_CREAT | os.O_CLOEXEC, 0o666)
        try:
            fcntl.flock(self._descriptor, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except OSError as error:
            os.close(self._descriptor)
            if isinstance(error, BlockingIOError):
                raise UsageError(
                    f"another edge runs with camera id {camera_id} (it holds {path}): stop it, or give this one"
                    " another --camera-id or --outbox-dir"
                ) from error
            raise

    def close(self) -> None:
        """Let go of the lock; once more is no error."""
        if self._descriptor >= 0:
            os.close(self._descriptor)
            self._descriptor = -1
