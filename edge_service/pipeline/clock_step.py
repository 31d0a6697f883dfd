"""Steps of the wall clock: somebody set it, a time server put it right, or the computer slept."""

from backend_api.base.clock import Clock

LEAST_STEP_S = 1.0
# Between two readings of a clock the process may be held up, which is no step.
_AT_ONCE_S = 0.1


class ClockSteps:
    """Holds the wall clock against the monotonic one, which nobody sets."""

    def __init__(self, clock: Clock) -> None:
        self._clock = clock
        self._offset_s = self._read() or 0.0

    def take(self) -> float:
        """By how many seconds the wall clock was set since the last step; 0 for less than LEAST_STEP_S."""
        offset_s = self._read()
        if offset_s is None or abs(offset_s - self._offset_s) < LEAST_STEP_S:
            return 0.0
        step_s, self._offset_s = offset_s - self._offset_s, offset_s
        return step_s

    def _read(self) -> float | None:
        """Wall clock minus monotonic clock, in seconds; None when they could not be read at once."""
        before_s = self._clock.monotonic_s()
        now_s = self._clock.now().timestamp()
        after_s = self._clock.monotonic_s()
        return now_s - after_s if after_s - before_s <= _AT_ONCE_S else None
