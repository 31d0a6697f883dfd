"""The lock that keeps a second edge away from an outbox."""

from pathlib import Path

from backend_api.base.file_lock import FileLock
from backend_api.base.process import UsageError


def lock_outbox(path: Path, camera_id: str) -> FileLock:
    """Hold the outbox of `camera_id` by the lock file `path`.

    Raises UsageError when another process holds it, OSError when the file cannot be made or locked.
    """
    try:
        return FileLock(path)
    except BlockingIOError as error:
        raise UsageError(
            f"another edge runs with camera id {camera_id} (it holds {path}): stop it, or give this one"
            " another --camera-id or --outbox-dir"
        ) from error
