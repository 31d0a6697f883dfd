"""HEAD wherever there is GET: the same head, without the body (RFC 9110, 9.3.2).

The framework answers HEAD only where an endpoint says so, as those of media do, which spare reading the file.
"""

from starlette.types import ASGIApp, Message, Receive, Scope, Send

_ANSWER_THEMSELVES = ("/media/", "/docs/", "/openapi.json")


class HeadRequests:
    """Hands HEAD on to `app` as GET, and keeps the body back; a stream is told that its reader is gone."""

    def __init__(self, app: ASGIApp) -> None:
        self._app = app

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """One request."""
        if scope["type"] != "http" or scope["method"] != "HEAD" or scope["path"].startswith(_ANSWER_THEMSELVES):
            await self._app(scope, receive, send)
            return
        is_whole = False

        async def send_head(message: Message) -> None:
            nonlocal is_whole
            if message["type"] == "http.response.start":
                # The server, which has this very scope, sends no body and no chunks after the head of a HEAD.
                scope["method"] = "HEAD"
                await send(message)
            elif not is_whole:
                is_whole = True
                await send({"type": "http.response.body", "body": b"", "more_body": False})

        # In the same scope, because the router writes into it which route it took, for the metrics.
        scope["method"] = "GET"
        try:
            await self._app(scope, receive, send_head)
        finally:
            scope["method"] = "HEAD"
