"""Doubts about clocks: what happened long before or after it arrived, said once a minute and camera at most."""

import logging
import threading
from datetime import datetime

from backend_api.base.clock import Clock

log = logging.getLogger(__name__)

TOLERATED_S = 60.0
_SAID_EVERY_S = 60.0
# Beyond so many cameras they are forgotten, and said again.
_MAX_REMEMBERED = 10_000


class ClockDoubts:
    """May be called from any thread."""

    def __init__(self, clock: Clock) -> None:
        self._clock = clock
        self._lock = threading.Lock()
        self._said_at_s: dict[tuple[str, str], float] = {}

    def note(self, store_id: str, camera_id: str, what: str, instant: datetime, arrived_at: datetime) -> None:
        """Warn when `instant` lies more than TOLERATED_S off `arrived_at`; `what` says what was then."""
        off_s = (instant - arrived_at).total_seconds()
        if abs(off_s) <= TOLERATED_S or self._was_said((store_id, camera_id)):
            return
        if off_s > 0:
            reason = "the clock of its edge is ahead, or this computer's is behind; set the one that is wrong"
        else:
            reason = "it waited in its edge's outbox, or is of a recording, or a clock is wrong"
        log.warning(
            "camera %s at %s: %s %.0f s %s it arrived here, at %s: %s",
            camera_id,
            store_id,
            what,
            abs(off_s),
            "after" if off_s > 0 else "before",
            arrived_at.isoformat(timespec="seconds"),
            reason,
        )

    def _was_said(self, key: tuple[str, str]) -> bool:
        """Whether it was said of this camera within the last minute; if not, it is now."""
        now_s = self._clock.monotonic_s()
        with self._lock:
            said_at_s = self._said_at_s.get(key)
            if said_at_s is not None and now_s - said_at_s < _SAID_EVERY_S:
                return True
            if len(self._said_at_s) >= _MAX_REMEMBERED:
                self._said_at_s.clear()
            self._said_at_s[key] = now_s
            return False
