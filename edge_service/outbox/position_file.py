"""The file that remembers up to which position the backend has acknowledged the outbox."""

from pathlib import Path

from backend_api.base.durable_files import Disk
from edge_service.outbox.sealed_line import seal, unseal

_POSITION = b"acknowledged"


class PositionFile:
    """One position in the file at `path`. To forget it, or to remember an older one, sends events again, no more.

    Every method raises OSError.
    """

    def __init__(self, path: Path, disk: Disk) -> None:
        self._path = path
        self._disk = disk

    def load(self) -> int | None:
        """The position that is remembered, or None when there is none that is undamaged."""
        self._disk.remove(self._path.with_name(f"{self._path.name}.tmp"))
        if not self._path.exists():
            return None
        position = unseal(_POSITION, self._path.read_bytes())
        return None if position is None else int(position)

    def store(self, position: int) -> None:
        """Remember `position`, in bytes, from now on."""
        self._disk.replace(self._path, seal(_POSITION, b"%d" % position))

    def forget(self) -> None:
        """Remember nothing, and give the disk space back."""
        self._disk.remove(self._path)
        self._disk.sync_folder(self._path.parent)
