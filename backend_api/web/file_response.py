"""Serving a file that never changes under its name: whole, in ranges, or not when the client has it (RFC 9110)."""

import os
from http import HTTPStatus
from pathlib import Path

from fastapi import Request, Response
from fastapi.responses import FileResponse
from starlette.types import Message, Receive, Scope, Send

from backend_api.web.problems import problem_response

_HEADERS = {"Cache-Control": "private, max-age=31536000, immutable"}
_REFUSALS = {
    HTTPStatus.BAD_REQUEST: "Range is not understood; send Range: bytes=FIRST-LAST, or leave it out",
    HTTPStatus.REQUESTED_RANGE_NOT_SATISFIABLE: "the range begins behind the end of the file, whose length is in "
    "Content-Range; ask for one that begins before",
}


def serve_file(request: Request, path: Path, found: os.stat_result, *, etag: str, media_type: str) -> Response:
    """The answer to a GET or HEAD for the regular file at `path`, whose stat is `found`: 200, 206, 304, 400 or 416.

    `etag` is strong and in its quotes.
    """
    headers = {**_HEADERS, "ETag": etag}
    tags = [tag.strip().removeprefix("W/") for tag in request.headers.get("if-none-match", "").split(",")]
    if etag in tags or "*" in tags:
        return Response(status_code=304, headers=headers)
    return _File(path, headers=headers, media_type=media_type, stat_result=found)


class _File(FileResponse):
    """The framework's, whose refusals of a range are problems like all others."""

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """One request."""
        refusal: Message | None = None

        async def send_unless_refused(message: Message) -> None:
            nonlocal refusal
            if message["type"] == "http.response.start" and message["status"] in _REFUSALS:
                refusal = message
            elif refusal is None:
                await send(message)

        await super().__call__(scope, receive, send_unless_refused)
        if refusal is not None:
            ranges = {key.decode(): value.decode() for key, value in refusal["headers"] if key == b"content-range"}
            answer = problem_response(refusal["status"], _REFUSALS[refusal["status"]], headers=ranges)
            await answer(scope, receive, send)
