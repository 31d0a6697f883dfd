"""When a checkpoint is written: at every hit, after every event, and every second in between."""

import logging
from collections.abc import Callable
from contextlib import suppress

from backend_api.base.clock import Clock
from edge_service.pipeline.checkpoint import Checkpoint, CheckpointFile

INTERVAL_S = 1.0

log = logging.getLogger(__name__)


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
