"""The dashboard's door: it answers to this computer's own names and addresses, and to its own pages alone.

A page's content comes through a websocket, which browsers let any page open: without these checks a page elsewhere
could see and do everything in the name of an operator who opened it.
"""

from collections.abc import Callable, Collection

from starlette.datastructures import Headers, MutableHeaders
from starlette.responses import PlainTextResponse
from starlette.types import ASGIApp, Message, Receive, Scope, Send

from backend_api.base.host_names import host_name, is_allowed, origin_of, own_names

_READING_METHODS = {"GET", "HEAD", "OPTIONS"}
_PROTECTION = {
    "X-Content-Type-Options": "nosniff",
    "Cross-Origin-Resource-Policy": "same-origin",
    "Content-Security-Policy": "frame-ancestors 'self'",
}


class OriginCheck:
    """Answers 403 to another host's name and to other origins' pages, and accepts no websocket of theirs.

    `hosts` gives the names that are allowed besides those of this computer.
    """

    def __init__(self, app: ASGIApp, hosts: Callable[[], Collection[str]]) -> None:
        self._app = app
        self._hosts = hosts

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """One request, or one websocket."""
        if scope["type"] not in {"http", "websocket"}:
            await self._app(scope, receive, send)
            return
        if refusal := self._refusal(scope):
            await _refuse(refusal, scope, receive, send)
            return

        async def send_protected(message: Message) -> None:
            if message["type"] == "http.response.start":
                MutableHeaders(scope=message).update(_PROTECTION)
            await send(message)

        await self._app(scope, receive, send_protected)

    def _refusal(self, scope: Scope) -> str | None:
        headers = Headers(scope=scope)
        host = headers.get("host", "")
        name = host_name(host)
        if not is_allowed(name, {*own_names(), *self._hosts()}):
            return f"the dashboard is not known as {name[:100]!r}; start it with --server.allowedHosts and this name"
        if scope["type"] == "http" and scope["method"] in _READING_METHODS:
            return None
        origin = headers.get("origin")
        if origin is None or origin_of(origin) == host.lower():
            return None
        return "a page of another origin may not use the dashboard"


async def _refuse(refusal: str, scope: Scope, receive: Receive, send: Send) -> None:
    if scope["type"] == "http":
        await PlainTextResponse(f"{refusal}\n", 403)(scope, receive, send)
        return
    await receive()  # a websocket that is closed before it was accepted is answered with 403
    await send({"type": "websocket.close", "code": 1008, "reason": refusal})
