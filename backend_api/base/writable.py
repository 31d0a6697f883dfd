"""Whether a folder takes files: the only way to know is to write one."""

import os
import tempfile
from pathlib import Path


def probe_writable(folder: Path) -> None:
    """Write a small file into `folder` and remove it. Raises OSError when that fails: permissions, or no space left."""
    with tempfile.NamedTemporaryFile(dir=folder, prefix=".writable-") as file:
        file.write(bytes(4096))
        file.flush()
        os.fsync(file.fileno())
