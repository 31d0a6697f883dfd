"""When a checkpoint is written: at every hit, after every event, and every second in between."""

import logging
from collections.abc import Callable

from backend_api.clock import Clock
from edge_service.checkpoint import Checkpoint, CheckpointFile

INTERVAL_S = 1.0

log = logging.getLogger(__name__)


class Checkpointer:
    """Keeps what `take` gives in `file`. A disk that does not take it stops nothing; it is said once."""

    def __init__(self, file: CheckpointFile, take: Callable[[], Checkpoint], clock: Clock) -> None:
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
        self._try(lambda: self._file.store(self._take()))

    def forget(self) -> None:
        """Nothing is open any more: remove it."""
        self._try(self._file.forget)

    def _try(self, write: Callable[[], None]) -> None:
        try:
            write()
        except OSError as error:
            if not self._fails:
                log.warning(
                    "the checkpoint cannot be written (%s): were this edge killed now, what is open would stay open",
                    error.strerror,
                )
            self._fails = True
        else:
            self._fails = False
