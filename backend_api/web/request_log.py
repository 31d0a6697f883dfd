"""Every request that could be read is answered, counted and, if wanted, a line of JSON in the log.

The line never has its key or its query.
"""

import asyncio
import json
import logging

from starlette.types import ASGIApp, Message, Receive, Scope, Send

from backend_api.base.clock import Clock
from backend_api.web.metrics import Metrics
from backend_api.web.problems import problem_response

_METHODS = {"GET", "HEAD", "POST", "PUT", "DELETE", "OPTIONS"}

log = logging.getLogger(__name__)


class RequestLog:
    """Hands each request on to `app`; with `keeps_log` a line follows each answer."""

    def __init__(self, app: ASGIApp, metrics: Metrics, clock: Clock, *, keeps_log: bool) -> None:
        self._app = app
        self._metrics = metrics
        self._clock = clock
        self._keeps_log = keeps_log

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """One request."""
        if scope["type"] != "http":
            await self._app(scope, receive, send)
            return
        began_s = self._clock.monotonic_s()
        status: int | None = None

        async def send_and_look(message: Message) -> None:
            nonlocal status
            if message["type"] == "http.response.start":
                status = message["status"]
            await send(message)

        try:
            await self._app(scope, receive, send_and_look)
        except asyncio.CancelledError:
            if status is not None:
                raise
            # The server stops, and has waited for this request for as long as it does.
            response = problem_response(503, "the backend is stopping; try again", headers={"Connection": "close"})
            await response(scope, receive, send_and_look)
        finally:
            status = status or 500  # what the server answers when the application fails
            duration_s = self._clock.monotonic_s() - began_s
            # The route's pattern, and no other words of the client's: the number of series stays bounded.
            route = getattr(scope.get("route"), "path", "(none)")
            method = scope["method"] if scope["method"] in _METHODS else "(other)"
            self._metrics.observe(route, method, status, duration_s)
            if self._keeps_log:
                self._write_down(scope, status, duration_s)

    def _write_down(self, scope: Scope, status: int, duration_s: float) -> None:
        line = {
            "at": self._clock.now().isoformat(timespec="milliseconds"),
            "client": (scope.get("client") or ("?",))[0],
            "method": scope["method"],
            "path": scope["path"],
            "status": status,
            "duration_ms": round(duration_s * 1000, 1),
        }
        log.info("%s", json.dumps(line))
