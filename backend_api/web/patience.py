"""How long the backend waits for a client that is sending: who sends too slowly is cut off.

While a request is on its way, at least MIN_BYTES must arrive in every WINDOW_S; the window in which it began does not
count, so a client that sends a byte a second is cut off after 10 to 20 seconds. Time in which the backend itself does
not read does not count either. A connection on which nothing was ever asked is closed the same way.
"""

import asyncio
import logging
from typing import Any

from backend_api.web.strictness import StrictProtocol

WINDOW_S = 10.0
MIN_BYTES = 1024

log = logging.getLogger(__name__)


class ImpatientProtocol(StrictProtocol):
    """A protocol that by itself would wait for ever for the rest of a request."""

    window_s = WINDOW_S

    def __init__(self, *args: Any, **kwargs: Any) -> None:  # noqa: ANN401 - as uvicorn has it
        super().__init__(*args, **kwargs)
        self._received_bytes = 0
        # Counts the requests, of which the first is on its way as soon as somebody is connected.
        self._request = 0
        self._is_on_its_way = True
        self._seen: int | None = None
        self._timer: asyncio.TimerHandle | None = None

    def connection_made(self, transport: asyncio.Transport) -> None:  # type: ignore[override]
        """Begin to watch."""
        super().connection_made(transport)
        self._timer = self.loop.call_later(self.window_s, self._look)

    def connection_lost(self, exc: Exception | None) -> None:
        """Watch no more."""
        if self._timer is not None:
            self._timer.cancel()
        super().connection_lost(exc)

    def data_received(self, data: bytes) -> None:
        """Take what came, and count it."""
        self._received_bytes += len(data)
        super().data_received(data)

    def on_message_begin(self) -> None:
        """A request begins."""
        super().on_message_begin()
        self._request += 1
        self._is_on_its_way = True

    def on_message_complete(self) -> None:
        """All of it is here."""
        super().on_message_complete()
        self._is_on_its_way = False

    def _look(self) -> None:
        if self.transport.is_closing():
            return
        on_its_way = self._request if self._is_on_its_way else None
        is_slow = self._received_bytes < MIN_BYTES and not self.flow.read_paused
        if on_its_way is not None and on_its_way == self._seen and is_slow:
            log.info("%s was cut off: it sent too slowly", self.client[0] if self.client else "a client")
            self.transport.close()
            return
        self._seen = on_its_way
        self._received_bytes = 0
        self._timer = self.loop.call_later(self.window_s, self._look)
