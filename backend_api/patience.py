"""How long the backend waits for a client that is sending: who sends too slowly is cut off.

While a request is on its way, at least MIN_BYTES must arrive in every WINDOW_S; the window in which it began does not
count, so a client that sends a byte a second is cut off after 10 to 20 seconds. Time in which the backend itself does
not read does not count either. A connection on which nothing was ever asked is closed the same way.
"""

import asyncio
import logging
from typing import Any

import h11
from uvicorn.config import Config
from uvicorn.protocols.http.h11_impl import H11Protocol
from uvicorn.server import ServerState

WINDOW_S = 10.0
MIN_BYTES = 1024
# The request line and all headers together, which also bounds how many there can be.
MAX_HEAD_BYTES = 16 * 1024

log = logging.getLogger(__name__)


class ImpatientProtocol(H11Protocol):
    """uvicorn's protocol, which by itself waits for ever for the rest of a request."""

    window_s = WINDOW_S

    def __init__(
        self,
        config: Config,
        server_state: ServerState,
        app_state: dict[str, Any],
        _loop: asyncio.AbstractEventLoop | None = None,
    ) -> None:
        super().__init__(config, server_state, app_state, _loop)
        self._received_bytes = 0
        self._receiving: tuple[object, ...] | None = None
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

    def _look(self) -> None:
        if self.transport.is_closing():
            return
        receiving = self._request_on_its_way()
        is_slow = self._received_bytes < MIN_BYTES and not self.flow.read_paused
        if receiving is not None and receiving == self._receiving and is_slow:
            log.info("%s was cut off: it sent too slowly", self.client[0] if self.client else "a client")
            self.transport.close()
            return
        self._receiving = receiving
        self._received_bytes = 0
        self._timer = self.loop.call_later(self.window_s, self._look)

    def _request_on_its_way(self) -> tuple[object, ...] | None:
        """What tells the request from others of which a part is here and a part is not; None when there is none."""
        state = self.conn.their_state
        has_begun = state is h11.IDLE and (self.cycle is None or bool(self.conn.trailing_data[0]))
        return (state, self.cycle) if state is h11.SEND_BODY or has_begun else None
