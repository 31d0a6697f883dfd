"""A clock that tests turn by hand: waiting on it takes no time and moves it on."""

import threading
from datetime import UTC, datetime, timedelta


class FakeClock:
    """Starts at 2026-01-31T09:00:00Z; `advance` or a `wait` that is not answered moves it."""

    def __init__(self, now: datetime = datetime(2026, 1, 31, 9, tzinfo=UTC)) -> None:
        self._now = now
        self._monotonic_s = 1000.0
        self.waits_s: list[float] = []
        # Of two threads that move it at once none may set it back.
        self._moving = threading.Lock()

    def now(self) -> datetime:
        return self._now

    def monotonic_s(self) -> float:
        return self._monotonic_s

    def wait(self, signal: threading.Event, timeout_s: float) -> bool:
        self.waits_s.append(timeout_s)
        if not signal.is_set():
            self.advance(max(0.0, timeout_s))
        return signal.is_set()

    def advance(self, seconds: float) -> None:
        """Move both clocks on."""
        with self._moving:
            self._now += timedelta(seconds=seconds)
            self._monotonic_s += seconds

    def jump_wall_clock(self, seconds: float) -> None:
        """Move the wall clock alone, as a time server does; may go back."""
        with self._moving:
            self._now += timedelta(seconds=seconds)
