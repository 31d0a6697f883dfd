"""Serving a file that never changes under its name: whole, in ranges, or not when the client has it (RFC 9110).

A file of this computer goes the framework's way. One of a bucket is handed through, or the client is sent there.
"""

import re
from http import HTTPStatus

from fastapi import Request, Response
from fastapi.responses import FileResponse, RedirectResponse, StreamingResponse
from starlette.types import Message, Receive, Scope, Send

from backend_api.media.media import Media
from backend_api.web.problems import problem_response

_HEADERS = {"Cache-Control": "private, max-age=31536000, immutable"}
# Shorter than the address is valid.
_REDIRECT_HEADERS = {"Cache-Control": "private, max-age=3600"}
_REFUSALS = {
    HTTPStatus.BAD_REQUEST: "Range is not understood; send Range: bytes=FIRST-LAST, or leave it out",
    HTTPStatus.REQUESTED_RANGE_NOT_SATISFIABLE: "the range begins behind the end of the file, whose length is in "
    "Content-Range; ask for one that begins before",
}
_RANGE = re.compile(r"bytes=(?:(\d{1,18})-(\d{0,18})|-(\d{1,18}))", re.ASCII)


def serve_file(request: Request, media: Media, name: str, size_bytes: int, *, etag: str, media_type: str) -> Response:
    """The answer to a GET or HEAD for the file `name` of `size_bytes` in `media`: 200, 206, 304, 307, 400 or 416.

    `etag` is strong and in its quotes. Raises MediaAway, FileNotFoundError.
    """
    headers = {**_HEADERS, "ETag": etag}
    tags = [tag.strip().removeprefix("W/") for tag in request.headers.get("if-none-match", "").split(",")]
    if etag in tags or "*" in tags:
        return Response(status_code=304, headers=headers)
    if media.folder is not None:
        path = media.folder / name
        return _File(path, headers=headers, media_type=media_type, stat_result=path.stat())
    address = media.url(name)
    if address is not None:
        return RedirectResponse(address, status_code=307, headers=_REDIRECT_HEADERS)
    return _serve_part(request, media, name, size_bytes, headers, media_type)


def _serve_part(
    request: Request, media: Media, name: str, size_bytes: int, headers: dict[str, str], media_type: str
) -> Response:
    """The file, or one range of it: a request for several gets the whole, as RFC 9110 14.2 allows."""
    start, end, status = 0, size_bytes, HTTPStatus.OK
    asked = request.headers.get("range")
    if asked is not None and "," not in asked and request.headers.get("if-range", headers["ETag"]) == headers["ETag"]:
        match = _RANGE.fullmatch(asked)
        if match is None or (match[2] and int(match[2]) < int(match[1])):
            return problem_response(HTTPStatus.BAD_REQUEST, _REFUSALS[HTTPStatus.BAD_REQUEST])
        start, end = _bounds(match, size_bytes)
        status = HTTPStatus.PARTIAL_CONTENT
        if start >= end:
            refused = HTTPStatus.REQUESTED_RANGE_NOT_SATISFIABLE
            return problem_response(refused, _REFUSALS[refused], headers={"Content-Range": f"bytes */{size_bytes}"})
        headers = {**headers, "Content-Range": f"bytes {start}-{end - 1}/{size_bytes}"}
    headers = {**headers, "Accept-Ranges": "bytes", "Content-Length": str(end - start)}
    if request.method == "HEAD":
        return Response(status_code=status, headers=headers, media_type=media_type)
    chunks = media.open_range(name, start, end)
    return StreamingResponse(chunks, status_code=status, headers=headers, media_type=media_type)


def _bounds(match: re.Match[str], size_bytes: int) -> tuple[int, int]:
    """From where up to, and without, where; nothing where the range lies behind the end."""
    first, last, suffix = match.groups()
    if suffix is not None:
        return max(0, size_bytes - int(suffix)), size_bytes if int(suffix) else 0
    return int(first), min(size_bytes, int(last) + 1) if last else size_bytes


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
