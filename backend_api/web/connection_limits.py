"""Time limits of a connection: one on which no request begins is closed, and one whose client reads nothing.

So go strangers that say nothing, heads that never end, and readers for whom answers would pile up in memory. The
server's own protocol does everything else; this one passes on what asyncio tells it. How long a head may be is a
setting of the server, and a slow body is the work of a reverse proxy (docs/reverse-proxy.md).
"""

import asyncio
from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

from starlette.types import ASGIApp, Receive, Scope, Send

_KEY = "connection_limits"


@dataclass(frozen=True, slots=True)
class Limits:
    """Seconds until a request must have begun, and until a client must have read most of what waits for it."""

    request_s: float = 15.0
    reading_s: float = 60.0


USUAL_LIMITS = Limits()


class LimitedConnection(asyncio.Protocol):
    """Around the protocol of `make_protocol`, whose requests find it in the state of their scope."""

    def __init__(self, make_protocol: Callable[..., Any], limits: Limits, app_state: dict[str, Any], **given: Any) -> None:  # fmt: skip  # noqa: ANN401, E501 - as the server calls it
        self._protocol = make_protocol(app_state={**app_state, _KEY: self}, **given)
        self._limits = limits
        self._timers: dict[str, asyncio.TimerHandle] = {}
        self.requests = 0

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        """Wait for the first request."""
        assert isinstance(transport, asyncio.Transport)  # noqa: S101 - of a TCP server
        self._abort = transport.abort
        self._protocol.connection_made(transport)
        self._start("request", self._limits.request_s)

    def data_received(self, data: bytes) -> None:
        """Wait for the request that begins here, unless one is being answered."""
        if not self.requests and "request" not in self._timers:
            self._start("request", self._limits.request_s)
        self._protocol.data_received(data)

    def pause_writing(self) -> None:
        """The client reads more slowly than it is sent to: wait until it has read most of that."""
        self._start("reading", self._limits.reading_s)
        self._protocol.pause_writing()

    def resume_writing(self) -> None:
        """It has."""
        self.stop("reading")
        self._protocol.resume_writing()

    def connection_lost(self, exc: Exception | None) -> None:
        """Wait no more."""
        for name in tuple(self._timers):
            self.stop(name)
        self._protocol.connection_lost(exc)

    def _start(self, name: str, after_s: float) -> None:
        self._timers[name] = asyncio.get_running_loop().call_later(after_s, self._abort)

    def stop(self, name: str) -> None:
        """Wait no more for the `request` or for the `reading`."""
        if timer := self._timers.pop(name, None):
            timer.cancel()


def telling_connections(app: ASGIApp) -> ASGIApp:
    """`app`, which tells the LimitedConnection of each request when the request begins and ends."""

    async def run(scope: Scope, receive: Receive, send: Send) -> None:
        connection = scope["state"].pop(_KEY, None) if scope["type"] == "http" else None
        if connection is None:
            await app(scope, receive, send)
            return
        connection.stop("request")
        connection.requests += 1
        try:
            await app(scope, receive, send)
        finally:
            connection.requests -= 1

    return run
