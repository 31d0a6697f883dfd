"""Turns at something of which there are few, such as the processor's cores: first come, first served."""

from collections import deque
from collections.abc import Iterator
from contextlib import contextmanager
from threading import Event, Lock, local


class Turns:
    """At most `places` threads at once; the others wait in the order in which they came.

    A semaphore of the standard library lets the thread that leaves come in again before all who wait: a camera that is
    late would stand before the others for ever.
    """

    def __init__(self, places: int) -> None:
        self._lock = Lock()
        self._free = places
        self._waiting: deque[Event] = deque()
        self._of_thread = local()

    @property
    def waiting(self) -> int:
        """How many wait at present."""
        return len(self._waiting)

    @contextmanager
    def taken(self) -> Iterator[None]:
        """Wait for a turn, and have it until the block is left; within the block the same thread need not wait."""
        if getattr(self._of_thread, "has_turn", False):
            yield
            return
        self._take()
        self._of_thread.has_turn = True
        try:
            yield
        finally:
            self._of_thread.has_turn = False
            self._pass_on()

    def _take(self) -> None:
        with self._lock:
            if self._free and not self._waiting:
                self._free -= 1
                return
            called = Event()
            self._waiting.append(called)
        called.wait()

    def _pass_on(self) -> None:
        """Hand the place to the one who has waited longest; it is never free in between."""
        with self._lock:
            if self._waiting:
                self._waiting.popleft().set()
            else:
                self._free += 1
