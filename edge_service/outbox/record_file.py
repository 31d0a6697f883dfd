"""A file of what was set aside: each record once, also when a crash makes the one who sets it aside begin anew."""

from collections import deque
from collections.abc import Sequence
from pathlib import Path

from backend_api.base.durable_files import Disk
from backend_api.contract.events import MAX_BATCH_LINES
from edge_service.outbox.jsonl_file import cut_torn_tail


class RecordFile:
    """JSON lines at `path`, which is made when there is a first one.

    What is set aside comes from one batch at a time, and the outbox acknowledges that batch after it. So a crash
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
