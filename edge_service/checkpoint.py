"""The checkpoint: what the rules know and which clips are begun, kept on disk so that a killed edge can take it up.

It lies beside the outbox and goes with it: `outbox_end` is where the outbox ended when it was written. Invariant: it is
written again after every event that went to the outbox, so that a crash leaves at most one event between the two, the
first of `pending`; the outbox is then longer than `outbox_end`, which tells that it has that event.
"""

import logging
from dataclasses import dataclass
from datetime import datetime
from pathlib import Path

from pydantic import JsonValue, TypeAdapter, ValidationError

from edge_service.disk import Disk
from edge_service.hit import Hit
from edge_service.outbox_line import seal, unseal

_NAME = b"checkpoint"

log = logging.getLogger(__name__)


@dataclass(frozen=True, slots=True)
class Run:
    """What makes a run the one that it is: media time 0 of `video` is at `start_time`, aware, in whole milliseconds."""

    video: str
    store_id: str
    camera_id: str
    start_time: datetime


@dataclass(frozen=True, slots=True)
class Checkpoint:
    """The state of `run` after the frame at `time_s` seconds of media time.

    `rules` is RuleEngine.state(); `pending` are the hits whose events are not in the outbox yet, in the order in which
    they will be; `outbox_end` is a position in bytes.
    """

    run: Run
    time_s: float
    rules: JsonValue
    pending: tuple[Hit, ...]
    outbox_end: int


_CODEC = TypeAdapter(Checkpoint)


class CheckpointFile:
    """The newest checkpoint of one camera, in the file at `path`. Every method raises OSError."""

    def __init__(self, path: Path, disk: Disk) -> None:
        self._path = path
        self._disk = disk

    def load(self) -> Checkpoint | None:
        """The last one that was stored; None when there is none, or none that is undamaged."""
        self._disk.remove(self._path.with_name(f"{self._path.name}.tmp"))
        if not self._path.exists():
            return None
        body = unseal(_NAME, self._path.read_bytes())
        try:
            return _CODEC.validate_json(body or b"")
        except ValidationError:
            log.warning("%s is damaged: what was open when this camera's edge stopped is not known", self._path)
            return None

    def store(self, checkpoint: Checkpoint) -> None:
        """Keep `checkpoint` in place of the one before; a crash leaves one of the two."""
        self._disk.replace(self._path, seal(_NAME, _CODEC.dump_json(checkpoint)))

    def forget(self) -> None:
        """Nothing is open any more."""
        self._disk.remove(self._path)
        self._disk.sync_folder(self._path.parent)
