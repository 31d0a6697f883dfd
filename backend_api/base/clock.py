"""The clock: the one file that asks what time it is, or waits."""

import threading
import time
from datetime import UTC, datetime
from typing import Protocol


class Clock(Protocol):
    """Time as the rest of the code sees it; tests pass one that they turn by hand."""

    def now(self) -> datetime:
        """The wall clock, aware, in UTC. It may jump; use it for what people read."""
        ...

    def monotonic_s(self) -> float:
        """Seconds that never go back, from an arbitrary start. Use it for durations."""
        ...

    def wait(self, signal: threading.Event, timeout_s: float) -> bool:
        """Wait until `signal` is set, at most `timeout_s` seconds; say whether it is set."""
        ...


class SystemClock:
    """The computer's own clock."""

    def now(self) -> datetime:
        """The wall clock, aware, in UTC."""
        return datetime.now(UTC)

    def monotonic_s(self) -> float:
        """Seconds that never go back, from an arbitrary start."""
        return time.monotonic()

    def wait(self, signal: threading.Event, timeout_s: float) -> bool:
        """Wait until `signal` is set, at most `timeout_s` seconds; say whether it is set."""
        return signal.wait(max(0.0, timeout_s))
