"""A connection on which no request begins in time is closed: one that says nothing, and one whose head never ends.

The server's own protocol does everything else; this one passes on what asyncio tells it. How long a head may be is a
setting of the server, and a slow body is the work of a reverse proxy (docs/reverse-proxy.md).
"""

import asyncio
from collections.abc import Callable
from typing import Any

from starlette.types import ASGIApp, Receive, Scope, Send

DEADLINE_S = 15.0
_KEY = "request_deadline"


class RequestDeadline(asyncio.Protocol):
    """Around the protocol of `make_protocol`, whose requests find it in the state of their scope."""

    def __init__(self, make_protocol: Callable[..., Any], deadline_s: float, app_state: dict[str, Any], **given: Any) -> None:  # fmt: skip  # noqa: ANN401, E501 - as the server calls it
        self._protocol = make_protocol(app_state={**app_state, _KEY: self}, **given)
        self._deadline_s = deadline_s
        self._timer: asyncio.TimerHandle | None = None
        self.requests = 0

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        """Wait for the first request."""
        self._transport = transport
        self._protocol.connection_made(transport)
        self._wait()

    def data_received(self, data: bytes) -> None:
        """Wait for the request that begins here, unless one is being answered."""
        if not self.requests and self._timer is None:
            self._wait()
        self._protocol.data_received(data)

    def connection_lost(self, exc: Exception | None) -> None:
        """Wait no more."""
        self.stop()
        self._protocol.connection_lost(exc)

    def pause_writing(self) -> None:
        """The client reads slowly."""
        self._protocol.pause_writing()

    def resume_writing(self) -> None:
        """It has caught up."""
        self._protocol.resume_writing()

    def stop(self) -> None:
        """A request has begun."""
        if self._timer is not None:
            self._timer.cancel()
            self._timer = None

    def _wait(self) -> None:
        self._timer = asyncio.get_running_loop().call_later(self._deadline_s, self._transport.close)


def keeping_deadlines(app: ASGIApp) -> ASGIApp:
    """`app`, which tells the RequestDeadline of each request's connection when the request begins and ends."""

    async def run(scope: Scope, receive: Receive, send: Send) -> None:
        deadline = scope["state"].pop(_KEY, None) if scope["type"] == "http" else None
        if deadline is None:
            await app(scope, receive, send)
            return
        deadline.stop()
        deadline.requests += 1
        try:
            await app(scope, receive, send)
        finally:
            deadline.requests -= 1

    return run
