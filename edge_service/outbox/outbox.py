"""The outbox: an event that was appended is sent some day, whatever happens in between.

Files in the outbox folder, for a camera `cam_01`:

    cam_01.jsonl            a header, then one event a line, each line with its checksum
    cam_01.offset           the position up to which the backend has acknowledged them
    cam_01.rejected.jsonl   events that the backend refused for good, with its answer
    cam_01.damaged.jsonl    lines whose checksum does not hold, with their position
    cam_01.lock             held while an edge runs

and beside them, from checkpoint.py, `cam_01.checkpoint`.

Invariants: a line is on the disk before `append` returns; the position never passes a line that was neither
acknowledged nor set aside on the disk; a position that was forgotten is an older one, so that lines are sent again.
"""

import contextlib
import logging
import threading
from collections.abc import Iterable, Sequence
from pathlib import Path
from typing import Self
from uuid import UUID

from backend_api.base.durable_files import Disk
from backend_api.base.file_lock import FileLock
from backend_api.base.process import UsageError
from backend_api.contract.events import Event
from edge_service.outbox.batch import EVENT, Batch, Refusal, collect
from edge_service.outbox.event_log import MAX_LINE_BYTES, EventLog
from edge_service.outbox.lock import lock_outbox
from edge_service.outbox.position_file import PositionFile
from edge_service.outbox.record_file import RecordFile
from edge_service.outbox.sealed_line import damage_line, event_body, refusal_line, seal, unseal

DEFAULT_MAX_BYTES = 1024**3
# Less than this is not worth an exchange of the file.
_RECLAIM_BYTES = 64 * 1024

log = logging.getLogger(__name__)


class OutboxFull(Exception):
    """The event was not taken: the outbox holds all that it may, or the disk has no room. Older ones are untouched."""


class Outbox:
    """The events of one camera that the backend has not acknowledged yet, in order.

    Any thread may `append`; one other thread, the sender's, may read, reject and acknowledge. `signal` is set when
    there may be something to send.
    """

    def __init__(self, folder: Path, camera_id: str, disk: Disk, max_bytes: int, lock: FileLock) -> None:
        self._max_bytes = max_bytes
        self._lock = lock
        self._append_lock = threading.Lock()
        self._position_file = PositionFile(folder / f"{camera_id}.offset", disk)
        self._rejected = RecordFile(folder / f"{camera_id}.rejected.jsonl", disk)
        self._damaged = RecordFile(folder / f"{camera_id}.damaged.jsonl", disk)
        stored = self._position_file.load()
        self._log = EventLog.open(folder / f"{camera_id}.jsonl", stored, disk)
        self._position = max(self._log.base, stored or 0)
        self._reclaimed = self._log.base
        self._appended_lines = self._log.count(self._position)
        self._passed_lines = 0
        self._refused = 0
        self._rejected_count = 0
        self._refusing = False
        self._is_noted = True
        self.signal = threading.Event()
        self.signal.set()
        # A crash may have come before it, and where nothing waits, no acknowledgement will make up for that.
        self._reclaim()

    @classmethod
    def open(cls, folder: Path, camera_id: str, disk: Disk, *, max_bytes: int = DEFAULT_MAX_BYTES) -> Self:
        """The outbox of `camera_id` in `folder`, made if it is missing; what an earlier run left waits in it.

        `max_bytes` bounds its file; for a moment, while the front of it is dropped, there are two.
        Raises UsageError when another edge has it open, or when the folder cannot be used.
        """
        with contextlib.ExitStack() as stack:
            try:
                folder.mkdir(parents=True, exist_ok=True)
                lock = stack.enter_context(lock_outbox(folder / f"{camera_id}.lock", camera_id))
                outbox = cls(folder, camera_id, disk, max_bytes, lock)
            except OSError as error:
                raise UsageError(
                    f"the outbox folder {folder} cannot be used ({error.strerror}): see to it that this user may write"
                    " there and that the disk has room, or name another folder with --outbox-dir"
                ) from error
            stack.pop_all()
            return outbox

    def close(self) -> None:
        """Let another process have the outbox."""
        self._lock.close()

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        self.close()

    @property
    def path(self) -> Path:
        """The file with the events."""
        return self._log.path

    @property
    def rejected_path(self) -> Path:
        """The file with the events that the backend refused."""
        return self._rejected.path

    @property
    def depth(self) -> int:
        """How many lines are not acknowledged yet."""
        # Read in this order, an acknowledgement in between cannot make the difference negative.
        passed_lines = self._passed_lines
        return self._appended_lines - passed_lines

    @property
    def waiting(self) -> str:
        """The backlog in words: `4 events wait in /data/outbox/cam_01.jsonl`."""
        depth = self.depth
        return f"{depth} {'event waits' if depth == 1 else 'events wait'} in {self.path}"

    @property
    def refused(self) -> int:
        """How many events were not taken, for lack of room, since the outbox was opened."""
        return self._refused

    @property
    def rejected(self) -> int:
        """How many events the backend has refused for good since the outbox was opened."""
        return self._rejected_count

    def find(self, event_ids: Iterable[UUID]) -> set[UUID]:
        """Those of `event_ids` whose events are in the file, be they sent or not. Raises OSError."""
        marks = {b'"event_id":"%b"' % str(event_id).encode("ascii"): event_id for event_id in event_ids}
        found: set[UUID] = set()
        with contextlib.closing(self._log.lines(self._log.base)) as lines:
            for line in lines if marks else ():
                body = unseal(EVENT, line) or b""
                found |= {event_id for mark, event_id in marks.items() if mark in body}
        return found

    def append(self, event: Event) -> None:
        """Take `event`; it is on the disk on return. Raises OutboxFull when it was not taken, and counts that."""
        line = seal(EVENT, event_body(event))
        if len(line) > MAX_LINE_BYTES:
            raise ValueError(f"event {event.event_id} has {len(line)} bytes, more than the backend takes in a request")
        with self._append_lock:
            if self._log.size_bytes + len(line) > self._max_bytes:
                raise self._refuse(f"it holds the {self._max_bytes} bytes that it may")
            try:
                self._log.append(line)
            except OSError as error:
                raise self._refuse(str(error.strerror)) from error
            self._appended_lines += 1
            if self._refusing:
                self._refusing = False
                log.warning("outbox %s takes events again; %d were refused so far", self.path, self._refused)
        self.signal.set()

    def _refuse(self, reason: str) -> OutboxFull:
        self._refused += 1
        if not self._refusing:
            self._refusing = True
            log.error("outbox %s refuses new events: %s; %d refused so far", self.path, reason, self._refused)
        return OutboxFull(f"outbox {self.path}: {reason}")

    def read(self, max_lines: int, max_bytes: int) -> Batch | None:
        """The oldest waiting events, at most `max_lines` (from 1) and `max_bytes` of NDJSON; None when none waits.

        The same ones come again until they are acknowledged. Damaged ones among them are set aside first.
        Raises OSError.
        """
        self.signal.clear()
        if self._position == self._log.end:
            return None
        with contextlib.closing(self._log.lines(self._position)) as lines:
            batch = collect(lines, self._position, max_lines, max_bytes)
        if count := self._damaged.add([damage_line(line.position, line.data) for line in batch.damaged]):
            log.error("%s: %d damaged lines, set aside in %s", self.path, count, self._damaged.path)
        return batch

    def reject(self, refusals: Sequence[Refusal]) -> None:
        """Keep in the rejected file what the backend refused for good; before `acknowledge`. Raises OSError."""
        if count := self._rejected.add(
            [refusal_line(refusal.status, refusal.error, refusal.body) for refusal in refusals]
        ):
            self._rejected_count += count
            first = refusals[0]
            log.error(
                "backend refused %d events (the first with %d: %s), kept in %s",
                count, first.status, first.error, self._rejected.path,
            )  # fmt: skip

    def acknowledge(self, batch: Batch) -> None:
        """Never hand out the lines of `batch` again, which begins where the last one ended."""
        self._position = batch.end
        self._passed_lines += batch.line_count
        try:
            self._position_file.store(batch.end)
            self._is_noted = True
        except OSError as error:
            self._warn("cannot note down what was sent; it is sent again after a restart", error)
        self._reclaim()

    def _reclaim(self) -> None:
        """Drop the acknowledged front once it outweighs what must be copied, or stands for a quarter of the limit.

        Where that has failed, the disk may be full of it; so it is tried again when nothing has to be copied any more.
        """
        waiting_bytes = self._log.end - self._position
        worth_bytes = min(max(waiting_bytes, _RECLAIM_BYTES), self._max_bytes // 4)
        is_overdue = not waiting_bytes and self._reclaimed > self._log.base
        if self._position - self._reclaimed < worth_bytes and not is_overdue:
            return
        self._reclaimed = self._position
        try:
            self._drop_acknowledged()
        except OSError as error:
            self._warn("cannot shrink its file yet", error)

    def _drop_acknowledged(self) -> None:
        try:
            self._log.drop_before(self._position)
        except OSError:
            if self._position != self._log.end:
                raise
            # A disk that the outbox itself has filled has no room for a second file, but needs none: where no
            # position is remembered, the lines can be cut off, and a crash in between sends them again.
            self._position_file.forget()
            if self._log.empty(self._position):
                self._position = self._reclaimed = self._log.base

    def _warn(self, what: str, error: OSError) -> None:
        if self._is_noted:
            self._is_noted = False
            log.warning("outbox %s %s: %s", self.path, what, error.strerror)
