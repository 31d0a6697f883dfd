"""A time limit of a connection: one on which no request begins is closed.

So go strangers that say nothing, and heads that never end. The server's own protocol does everything else; this one
passes on what asyncio tells it. How long a head may be is a setting of the server; a slow body, and a client that
reads slowly, are the work of a reverse proxy (docs/reverse-proxy.md).
"""

import asyncio
from collections.abc import Callable
from typing import Any

from starlette.types import ASGIApp, Receive, Scope, Send

REQUEST_S = 15.0
_KEY = "connection_limits"


class LimitedConnection(asyncio.Protocol):
    """Around the protocol of `make_protocol`, whose requests find it in the state of their scope."""

    def __init__(self, make_protocol: Callable[..., Any], request_s: float, app_state: dict[str, Any], **given: Any) -> None:  # fmt: skip  # noqa: ANN401, E501 - as the server calls it
        self._protocol = make_protocol(app_state={**app_state, _KEY: self}, **given)
        self._request_s = request_s
        self._timer: asyncio.TimerHandle | None = None
        self.requests = 0

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        """Wait for the first request."""
        assert isinstance(transport, asyncio.Transport)  # noqa: S101 - of a TCP server
        self._abort = transport.abort
        self._protocol.connection_made(transport)
        self._wait()

    def data_received(self, data: bytes) -> None:
        """Wait for the request that begins here, unless one is being answered."""
        if not self.requests and self._timer is None:
            self._wait()
        self._protocol.data_received(data)

    def pause_writing(self) -> None:
        """Tell it that its client reads slowly."""
        self._protocol.pause_writing()

    def resume_writing(self) -> None:
        """Tell it that its client has read."""
        self._protocol.resume_writing()

    def connection_lost(self, exc: Exception | None) -> None:
        """Wait no more."""
        self.stop()
        self._protocol.connection_lost(exc)

    def _wait(self) -> None:
        self._timer = asyncio.get_running_loop().call_later(self._request_s, self._abort)

    def stop(self) -> None:
        """Wait no more for a request."""
        if self._timer:
            self._timer.cancel()
            self._timer = None


def telling_connections(app: ASGIApp) -> ASGIApp:
    """`app`, which tells the LimitedConnection of each request when the request begins and ends."""

    async def run(scope: Scope, receive: Receive, send: Send) -> None:
        if connection := scope["type"] == "http" and scope["state"].pop(_KEY, None):
            connection.stop()
            connection.requests += 1
        try:
            await app(scope, receive, send)
        finally:
            if connection:
                connection.requests -= 1

    return run
