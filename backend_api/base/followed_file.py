"""A file that is read again when it has changed; a broken one changes nothing, and is said."""

import logging
from collections.abc import Callable
from pathlib import Path
from typing import Generic, TypeVar

from backend_api.base.process import UsageError

_LOOK_EVERY_S = 1.0

log = logging.getLogger(__name__)

_T = TypeVar("_T")


class FollowedFile(Generic[_T]):
    """What `load` makes of the file at `path`, read again when the file has changed, at most once a second.

    A file that cannot be used, any more, changes nothing: what was read before stays, and the log says why. The first
    time, `load` raises UsageError. `monotonic_s` gives seconds that only grow.
    """

    def __init__(self, path: Path, load: Callable[[], _T], monotonic_s: Callable[[], float]) -> None:
        self._path = path
        self._load = load
        self._monotonic_s = monotonic_s
        # Taken before reading: a change in between is read again.
        self._stamp = self._look()
        self._looked_s = monotonic_s()
        self.value = load()

    def is_due(self) -> bool:
        """Whether the file has to be read again; quick enough for an event loop."""
        now_s = self._monotonic_s()
        if now_s - self._looked_s < _LOOK_EVERY_S:
            return False
        self._looked_s = now_s
        stamp = self._look()
        is_changed = stamp != self._stamp
        self._stamp = stamp
        return is_changed

    def read_again(self) -> None:
        """Read the file."""
        try:
            self.value = self._load()
        except UsageError as error:
            log.error("%s; all stays as it was read before", error)
        else:
            log.info("%s has changed and was read again", self._path)

    def _look(self) -> tuple[int, int, int] | None:
        try:
            found = self._path.stat()
        except OSError:
            return None
        # The time of a change of any kind: what could not be read is read once its owner or mode is put right.
        return found.st_ctime_ns, found.st_size, found.st_ino
