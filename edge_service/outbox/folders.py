"""The folders that the edge writes to, tried before the first frame rather than at the first event."""

import errno
import logging
import tempfile
from pathlib import Path

from backend_api.base.process import UsageError

_NO_ROOM = {errno.ENOSPC, errno.EDQUOT}

log = logging.getLogger(__name__)


def make_writable(folder: Path, flag: str) -> Path:
    """Make `folder` if it is missing, write to it once, and return it.

    That there is no room is logged and no more: it may come, and what waits in an outbox is sent from a full disk, too.
    Raises UsageError that names the folder, the reason and the `flag` that chooses another.
    """
    try:
        folder.mkdir(parents=True, exist_ok=True)
        with tempfile.TemporaryFile(dir=folder) as probe:
            probe.write(b"\0")
    except OSError as error:
        if error.errno in _NO_ROOM and folder.is_dir():
            log.warning("%s: %s; free some, or what belongs there is not kept", folder, error.strerror)
            return folder
        raise UsageError(
            f"cannot write to {folder}: {error.strerror}; make it writable or choose another folder with {flag}"
        ) from error
    return folder
