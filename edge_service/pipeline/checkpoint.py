"""The checkpoint: what the rules know and which clips are begun, kept on disk so that a killed edge can take it up.

It lies beside the outbox. Invariant: it is written again after every rule event and every event that went to the
outbox, so that a rule event is in it from before its clip until after its event; its reader asks the outbox which
events it has.
"""

import logging
from collections.abc import Callable
from contextlib import suppress
from dataclasses import dataclass
from datetime import datetime
from pathlib import Path

from pydantic import JsonValue, TypeAdapter, ValidationError

from backend_api.base.clock import Clock
from backend_api.base.durable_files import Disk
from backend_api.base.process import UsageError
from backend_api.contract.sources import EventSource
from edge_service.clips.event_factory import ClockStep
from edge_service.outbox.sealed_line import seal, unseal
from edge_service.rules.rule_event import RuleEvent

INTERVAL_S = 1.0
_NAME = b"checkpoint"

log = logging.getLogger(__name__)


@dataclass(frozen=True, slots=True)
class Run:
    """The identity of a run: media time 0 of `video` is at `start_time`, aware, in whole milliseconds."""

    video: str
    store_id: str
    camera_id: str
    start_time: datetime


@dataclass(frozen=True, slots=True)
class Checkpoint:
    """The state of `run` after one of its frames, or, with nothing open any more, after all of them.

    `rules` is RuleEngine.state(); `pending` are the rule events whose events were not in the outbox yet, in the order
    in which they would have been. `time_s` is the media time that it had come to, also when `rules` no longer know.
    `clock_steps` are those of EventFactory; `run.start_time` goes by the clock as it was last set. `source` is by what
    its events were found.
    """

    run: Run
    rules: JsonValue
    pending: tuple[RuleEvent, ...]
    time_s: float = 0.0
    clock_steps: tuple[ClockStep, ...] = ()
    source: EventSource | None = None


_CODEC = TypeAdapter(Checkpoint)


class CheckpointFile:
    """The newest checkpoint of one camera, in the file at `path`."""

    def __init__(self, path: Path, disk: Disk) -> None:
        self._path = path
        self._disk = disk

    def load(self) -> Checkpoint | None:
        """The last one that was stored; None when there is none, or none that is undamaged.

        Raises UsageError when the file cannot be used.
        """
        try:
            self._disk.remove(self._path.with_name(f"{self._path.name}.tmp"))
            line = self._path.read_bytes()
        except FileNotFoundError:
            return None
        except OSError as error:
            raise UsageError(
                f"the checkpoint {self._path} cannot be used ({error.strerror}): see to it that this user may read and"
                " write it, or remove it; what was open when this camera's edge stopped stays open then"
            ) from error
        try:
            return _CODEC.validate_json(unseal(_NAME, line) or b"")
        except ValidationError:
            log.warning("%s is damaged: what was open when this camera's edge stopped is not known", self._path)
            return None

    def store(self, checkpoint: Checkpoint) -> None:
        """Keep `checkpoint` in place of the one before; a crash leaves one of the two. Raises OSError."""
        self._disk.replace(self._path, seal(_NAME, _CODEC.dump_json(checkpoint)))

    def forget(self) -> None:
        """Nobody knows any more what is open. Raises OSError."""
        try:
            self._disk.remove(self._path)
            self._disk.sync_folder(self._path.parent)
        except OSError:
            if not self._path.exists():
                raise
            # Where the folder takes no change, the file itself may, and an empty one is none.
            self._disk.truncate(self._path, 0)


class Checkpointer:
    """Keeps what `take` gives in `file`; where it gives None, the file stays as it is.

    A disk that does not take a checkpoint stops nothing; it is said once. The one before is removed then: it would tell
    of sessions that are over by the time that somebody reads it as if they were open.
    """

    def __init__(self, file: CheckpointFile, take: Callable[[], Checkpoint | None], clock: Clock) -> None:
        self._file = file
        self._take = take
        self._clock = clock
        self._last_s = float("-inf")
        self._fails = False

    def save_if_due(self) -> None:
        """Write a checkpoint when INTERVAL_S seconds have gone by since the last one."""
        if self._clock.monotonic_s() - self._last_s >= INTERVAL_S:
            self.save()

    def save(self) -> None:
        """Write a checkpoint."""
        self._last_s = self._clock.monotonic_s()
        checkpoint = self._take()
        if checkpoint is None:
            return
        try:
            self._file.store(checkpoint)
        except OSError as error:
            self._warn(error)
            with suppress(OSError):  # the first error is the one to tell
                self._file.forget()
        else:
            self._fails = False

    def _warn(self, error: OSError) -> None:
        if not self._fails:
            log.warning(
                "the checkpoint cannot be written (%s): were this edge killed now, what is open would stay open",
                error.strerror,
            )
        self._fails = True
