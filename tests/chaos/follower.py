"""A browser that follows one backend's stream of changes, and comes again behind what it has whenever that ends."""

import threading
from contextlib import suppress
from types import TracebackType
from typing import Self

from backend_api.base.clock import SystemClock
from tests.backend_api.sse import Message, StreamReader

_CLOCK = SystemClock()
_PAUSE_S = 0.1


class Follower:
    """Everything that GET /events/stream of 127.0.0.1:`port` has sent since its log began, in `messages`."""

    def __init__(self, port: int) -> None:
        self.messages: list[Message] = []
        self.connections = 0
        self._port = port
        self._stop = threading.Event()
        self._thread = threading.Thread(target=self._follow, daemon=True)

    @property
    def last_id(self) -> int:
        """The id of the last message; 0 without one."""
        return int(self.messages[-1].id) if self.messages else 0

    def __enter__(self) -> Self:
        self._thread.start()
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self._stop.set()
        self._thread.join()

    def _follow(self) -> None:
        while not self._stop.is_set():
            # A backend that is not there, or goes; its last message may have come in half.
            with (
                suppress(OSError),
                StreamReader(self._port, headers={"Last-Event-ID": str(self.last_id)}) as reader,
            ):
                self.connections += 1
                for message in reader.messages():
                    self.messages.append(message)
                    if self._stop.is_set():
                        return
            _CLOCK.wait(self._stop, _PAUSE_S)
