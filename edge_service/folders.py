"""The folders that the edge writes to, tried before the first frame rather than at the first event."""

import tempfile
from pathlib import Path

from backend_api.process import UsageError


def make_writable(folder: Path, flag: str) -> Path:
    """Make `folder` if it is missing, write to it once, and return it.

    Raises UsageError that names the folder, the reason and the `flag` that chooses another.
    """
    try:
        folder.mkdir(parents=True, exist_ok=True)
        with tempfile.TemporaryFile(dir=folder) as probe:
            probe.write(b"\0")
    except OSError as error:
        raise UsageError(
            f"cannot write to {folder}: {error.strerror}; make it writable or choose another folder with {flag}"
        ) from error
    return folder
